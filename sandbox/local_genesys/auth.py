"""Tokens and permissions.

The client has the permissions that the bot needs and no others, minus those in the setting
`missing_permissions`.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from datetime import timedelta
from typing import Final

from aiohttp import web

from sandbox.local_genesys.errors import ApiError, generic_error, missing_permissions
from sandbox.local_genesys.sample_customers import fixed_id
from sandbox.local_genesys.state import World

CLIENT_ID: Final = fixed_id("oauth-client")
CLIENT_SECRET: Final = "local-genesys-client-secret"

GRANTED: Final = frozenset(
    {
        "analytics:conversationDetail:view",
        "conversation:message:create",
        "conversation:message:view",
        "externalContacts:contact:view",
        "responses:library:view",
        "responses:response:view",
        "webDeployments:deployment:view",
        "webDeployments:identityResolution:view",
    }
)


async def issue_token(world: World, request: web.Request) -> web.Response:
    """Answer POST /oauth/token: the client credentials grant with HTTP Basic."""
    if request.content_type != "application/x-www-form-urlencoded":
        return _refuse(400, "invalid_request", "Send a form (application/x-www-form-urlencoded).")
    if not _knows_client(request.headers.get("Authorization", "")):
        return _refuse(401, "invalid_client", "The client id or the client secret is wrong.")
    form = await request.post()
    if form.get("grant_type") != "client_credentials":
        return _refuse(400, "unsupported_grant_type", "grant_type must be client_credentials.")
    token = secrets.token_urlsafe(48)
    seconds = world.settings.token_seconds
    world.tokens[token] = world.clock() + timedelta(seconds=seconds)
    return web.json_response({"access_token": token, "token_type": "bearer", "expires_in": seconds})


def _refuse(status: int, error: str, description: str) -> web.Response:
    return web.json_response({"error": error, "description": description}, status=status)


def _knows_client(authorization: str) -> bool:
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() != "basic":
        return False
    try:
        decoded = base64.b64decode(credentials, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return False
    return secrets.compare_digest(decoded.encode(), f"{CLIENT_ID}:{CLIENT_SECRET}".encode())


def read_token(authorization: str | None) -> str | None:
    """Return the bearer token of the header, or None."""
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def require_token(world: World, request: web.Request) -> str:
    """Return the caller's token. Raises ApiError 401 if it's missing, unknown or expired."""
    token = read_token(request.headers.get("Authorization"))
    if token is None:
        raise ApiError(
            401,
            "authentication.required",
            "No authentication bearer token specified in authorization header.",
        )
    ends_at = world.tokens.get(token)
    if ends_at is None or ends_at <= world.clock():
        world.tokens.pop(token, None)
        raise generic_error(401)
    return token


def require_permission(world: World, any_of: tuple[str, ...], all_of: tuple[str, ...]) -> None:
    """Raise ApiError 403 unless the client has one of `any_of` (if there are any) and all_of."""
    granted = granted_permissions(world)
    if any_of and not granted.intersection(any_of):
        raise missing_permissions(any_of, any_of=True)
    lacking = tuple(name for name in all_of if name not in granted)
    if lacking:
        raise missing_permissions(lacking, any_of=False)


def granted_permissions(world: World) -> frozenset[str]:
    """Return the permissions that the client has now."""
    return GRANTED - world.settings.missing_permissions

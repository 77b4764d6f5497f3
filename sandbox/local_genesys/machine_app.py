"""The HTTP application that the bot talks to: faults, checks, operations and the call log."""

from __future__ import annotations

import json
import uuid
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final, NoReturn
from urllib.parse import parse_qsl

from aiohttp import web

from sandbox.faults import Fault, FaultKind, serve_with_fault
from sandbox.local_genesys import assumptions
from sandbox.local_genesys.auth import (
    issue_token,
    read_token,
    require_permission,
    require_token,
)
from sandbox.local_genesys.errors import ApiError, generic_error
from sandbox.local_genesys.operations import OPERATIONS, Call, Operation
from sandbox.local_genesys.rate_limits import RateLimits
from sandbox.local_genesys.shapes import check
from sandbox.local_genesys.state import World, as_iso
from sandbox.local_genesys.subscriptions import stream

CORRELATION_HEADER: Final = "ININ-Correlation-Id"
_CORRELATION_ID: Final = web.RequestKey("correlation_id", str)
_APPS: Final = "/directory/"  # where links to conversations go
_STREAMS: Final = "/channels/"
_RATE_HEADERS: Final = web.RequestKey("rate_headers", dict[str, str])

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def build_machine_app(world: World, limits: RateLimits) -> web.Application:
    """Build the application with the token endpoint and every operation."""

    @web.middleware
    async def answer_call(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path == _APPS or request.path.startswith(_STREAMS):
            return await handler(request)
        return await _answer_call(world, request, handler)

    app = web.Application(middlewares=[answer_call], client_max_size=assumptions.LARGEST_BODY)
    app.router.add_post("/oauth/token", partial(issue_token, world))
    for operation in OPERATIONS:
        handler = partial(_perform, world, limits, operation)
        app.router.add_route(operation.method, operation.path, handler)
    app.router.add_get(_APPS, _show_apps)
    app.router.add_get(f"{_STREAMS}{{channel_id}}", partial(stream, world))
    return app


async def _answer_call(world: World, request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer one call under the active faults, and log it."""
    correlation_id = str(uuid.uuid4())
    request[_CORRELATION_ID] = correlation_id
    request[_RATE_HEADERS] = {}
    unread: web.HTTPException | None = None
    try:
        body = _as_recorded(request, await request.read())
    except web.HTTPException as error:  # the body is too large
        body, unread = None, error
    record: dict[str, Any] = {
        "at": as_iso(world.clock()),
        "method": request.method,
        "path": request.path,
        "query": dict(request.query),
        "body": body,
        "status": None,
        "correlation_id": correlation_id,
    }
    world.calls.append(record)
    fault = world.faults.match(f"{request.method} {request.path}")

    async def work() -> web.StreamResponse:
        try:
            if unread is not None:
                raise unread
            if request.transport is None:  # the caller left during a fault's delay
                raise web.HTTPRequestTimeout
            answer = await handler(request)
        except ApiError as error:
            answer = _refusal(request, error)
        except web.HTTPException as error:
            answer = _refusal(request, generic_error(error.status))
        return answer

    answer = await serve_with_fault(
        request, fault, work, lambda struck: _strike(world, request, struck)
    )
    answer.headers[CORRELATION_HEADER] = correlation_id
    answer.headers.update(request[_RATE_HEADERS])
    if fault is None or fault.kind not in {FaultKind.CUT_BEFORE, FaultKind.CUT_AFTER}:
        record["status"] = answer.status
    return answer


async def _show_apps(_: web.Request) -> web.Response:
    """Say what the link would open, because the stand-in has no application for agents."""
    return web.Response(
        text="In Genesys Cloud, this link opens the conversation for an agent. The sandbox has no "
        "agent workspace. Look at the customer's side of its page instead."
    )


def _as_recorded(request: web.Request, raw: bytes) -> object:
    if not raw:
        return None
    text = raw.decode(errors="replace")
    if request.content_type == "application/x-www-form-urlencoded":
        form = dict(parse_qsl(text))
        return {name: value for name, value in form.items() if name != "client_secret"}
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _strike(world: World, request: web.Request, fault: Fault) -> web.Response:
    """Build the refusal that a fault orders, as Genesys Cloud words it."""
    if fault.kind is FaultKind.EXPIRED_TOKEN:
        token = read_token(request.headers.get("Authorization"))
        world.tokens.pop(token or "", None)
        return _refusal(request, generic_error(401))
    headers = {}
    if fault.retry_after is not None:
        headers["Retry-After"] = f"{fault.retry_after:g}"
    status = fault.status or 503
    if fault.body is not None:
        return web.json_response(dict(fault.body), status=status, headers=headers)
    return _refusal(request, generic_error(status, headers))


def _refusal(request: web.Request, error: ApiError) -> web.Response:
    body = error.body(request[_CORRELATION_ID])
    return web.json_response(body, status=error.status, headers=dict(error.headers))


async def _perform(
    world: World, limits: RateLimits, operation: Operation, request: web.Request
) -> web.Response:
    """Check a call's token, rate, permission and body, in this order; then do its work."""
    token = require_token(world, request)
    request[_RATE_HEADERS].update(limits.count_call(token))
    require_permission(world, operation.any_of, operation.all_of)
    body: Any = {}
    if operation.body is not None:
        body = await _read_body(request)
        check(operation.body, body)
    elif await request.read() not in (b"", b"{}"):
        raise generic_error(415)
    call = Call(token, dict(request.match_info), _read_query(request), body, request.host)
    return web.json_response(operation.work(world, call), status=operation.status)


async def _read_body(request: web.Request) -> object:
    if request.content_type != "application/json":
        raise generic_error(415)
    try:
        return json.loads(await request.read(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise generic_error(400) from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _read_query(request: web.Request) -> dict[str, str]:
    query: dict[str, str] = {}
    for name, value in request.query.items():
        query[name] = f"{query[name]},{value}" if name in query else value
    return query

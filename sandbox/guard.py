"""Keeps other people's web pages away from the sandbox's servers.

A browser that visits some site could be made to talk to 127.0.0.1. So every request must name
this machine as its Host (no DNS rebinding), and a request that a web page makes must come from
the sandbox's own page. Programs on this machine, such as the bot and the tests, send no Origin
and pass. It does not protect against other programs of the same user.
"""

from __future__ import annotations

import re

from aiohttp import web
from aiohttp.typedefs import Handler

CONTENT_SECURITY_POLICY = (
    "default-src 'self'; base-uri 'none'; form-action 'none'; object-src 'none'; "
    "frame-ancestors 'none'"
)
_LOOPBACK_HOST = re.compile(r"(127\.0\.0\.1|localhost)(:\d{1,5})?", re.IGNORECASE)


@web.middleware
async def refuse_strangers(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let a request through only when its Host is loopback and its Origin, if any, is our own."""
    host = request.headers.get("Host", "")
    if not _LOOPBACK_HOST.fullmatch(host):
        return _refuse("This server answers only to 127.0.0.1 and localhost.")
    origin = request.headers.get("Origin")
    if origin is not None and origin.lower() != f"http://{host}".lower():
        return _refuse("Only the sandbox's own page may do this.")
    return await handler(request)


async def add_page_headers(_: web.BaseRequest, response: web.StreamResponse) -> None:
    """Forbid the page to load anything from elsewhere, to be framed, or to be kept unasked."""
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers.setdefault("Cache-Control", "no-store")


def _refuse(sentence: str) -> web.Response:
    return web.json_response({"ok": False, "error": sentence}, status=403)

"""Keeps other web sites away from the sandbox's servers.

A web site can make the browser send requests to 127.0.0.1. So every request must name this machine
as its Host (against DNS rebinding), and a request from a web page must come from the sandbox's own
page. Programs on this machine, such as the bot and the tests, send no Origin and are let through.
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
    """Refuse a request unless its Host is loopback and its Origin, if it has one, is our own."""
    host = request.headers.get("Host", "")
    if not _LOOPBACK_HOST.fullmatch(host):
        return _refuse("This server answers only to 127.0.0.1 and localhost.")
    origin = request.headers.get("Origin")
    if origin is not None and origin.lower() != f"http://{host}".lower():
        return _refuse("Only the sandbox's own page may do this.")
    return await handler(request)


async def add_page_headers(_: web.BaseRequest, response: web.StreamResponse) -> None:
    """Forbid the page to load from elsewhere or be framed, and don't cache by default."""
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers.setdefault("Cache-Control", "no-store")


def _refuse(sentence: str) -> web.Response:
    return web.json_response({"ok": False, "error": sentence}, status=403)

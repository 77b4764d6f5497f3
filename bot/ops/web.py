"""The web application: Slack's requests go one way, what an operator asks the other.

Promises: until the parts behind it are open, an operator hears that the bot is starting. Does not:
read what Slack sends (``slack_http`` does), or know the pages.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]
SLACK_PATH = "/slack/events"


class Web:
    """One ASGI function for all paths."""

    def __init__(self, slack: ASGIApp | None, lifespan: Lifespan) -> None:
        """Make it; without ``slack`` there is no path for Slack (Socket Mode)."""
        self._slack = slack
        self._pages: ASGIApp = Starlette(
            routes=[Route("/{path:path}", _say_starting)], lifespan=lifespan
        )

    def open(self, pages: ASGIApp) -> None:
        """Show the pages from now on."""
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        # Slack's path is told apart here: an ack does not pass through routes it does not need.
        if self._slack and scope["type"] == "http" and scope["path"] == SLACK_PATH:
            await self._slack(scope, receive, send)
        else:
            await self._pages(scope, receive, send)


async def _say_starting(_: HttpRequest) -> Response:
    return JSONResponse({"bot": "starting"}, status_code=503)

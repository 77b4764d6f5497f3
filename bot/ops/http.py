"""Who answers what over HTTP: Slack's path on one port, the pages for operators on another.

No page shows a private value.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import CollectorRegistry
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.ops.health import SENDING, Health
from bot.ops.refused_requests import SLACK_PATH, Reason, RefusedRequests

Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]


class Web:
    """The application that the server runs; the port of a request says what it's for."""

    def __init__(
        self,
        slack: ASGIApp | None,
        operator_pages: ASGIApp,
        operator_port: int,
        refused: RefusedRequests,
    ) -> None:
        """Serve the pages; without ``slack`` (Socket Mode), nothing is served to Slack."""
        self._refused = refused
        self._slack = slack
        self._operator_pages = operator_pages
        self._operator_port = operator_port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or take part in the server's start and stop."""
        if scope["type"] == "lifespan" or scope["server"][1] == self._operator_port:
            await self._operator_pages(scope, receive, send)
        elif self._slack is not None and scope["path"] == SLACK_PATH:
            await self._slack(scope, receive, send)
        else:
            if scope["method"] == "POST":  # as Slack's are; others are probes
                self._refused.add(Reason.WRONG_PATH)
            await PlainTextResponse("Not Found", status_code=404)(scope, receive, send)


def build_operator_pages(
    health: Health, metrics: CollectorRegistry, lifespan: Lifespan
) -> Starlette:
    """Build the pages for operators, whose ``lifespan`` is the whole server's."""

    async def healthz(_: HttpRequest) -> Response:
        return _report(health.check_live())

    async def readyz(_: HttpRequest) -> Response:
        return _report(await health.check_ready())

    def show_metrics(_: HttpRequest) -> Response:  # not async: it reads the database in a thread
        return Response(generate_latest(metrics), media_type=CONTENT_TYPE_LATEST)

    routes = [
        Route("/healthz", healthz),
        Route("/readyz", readyz),
        Route("/metrics", show_metrics),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


def _report(checks: dict[str, str]) -> Response:
    """Answer 200 when every check says "ok", else 503 with what is wrong. A pause isn't wrong."""
    faults = [name for name, answer in checks.items() if answer != "ok" and name != SENDING]
    status = 503 if faults else 200
    return JSONResponse(checks, status_code=status)

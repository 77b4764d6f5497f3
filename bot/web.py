"""The web application: Slack's requests go one way, what an operator asks the other.

Promises: a private value shows on no page. Does not: read what Slack sends (``slack_http`` does).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import CollectorRegistry
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.health import Health

Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]
SLACK_PATH = "/slack/events"


def build_web(
    slack: ASGIApp | None, health: Health, metrics: CollectorRegistry, lifespan: Lifespan
) -> ASGIApp:
    """Lay out the paths; without ``slack`` there is none for Slack (Socket Mode)."""

    async def healthz(_: HttpRequest) -> Response:
        return _report(health.live())

    async def readyz(_: HttpRequest) -> Response:
        return _report(await health.ready())

    def show_metrics(_: HttpRequest) -> Response:
        return Response(generate_latest(metrics), media_type=CONTENT_TYPE_LATEST)

    pages = Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", show_metrics),
        ],
        lifespan=lifespan,
    )
    if slack is None:
        return pages

    async def web(scope: Scope, receive: Receive, send: Send) -> None:
        # Slack's path is told apart here: an ack does not pass through routes it does not need.
        is_slack = scope["type"] == "http" and scope["path"] == SLACK_PATH
        await (slack if is_slack else pages)(scope, receive, send)

    return web


def _report(checks: dict[str, str]) -> Response:
    """Answer 200 when every check says "ok", else 503 with what is wrong."""
    status = 200 if all(answer == "ok" for answer in checks.values()) else 503
    return JSONResponse(checks, status_code=status)

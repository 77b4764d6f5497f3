"""The web application: the path for Slack, and the pages for operators.

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
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bot.ops.health import Health

Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]
SLACK_PATH = "/slack/events"


def build_web(
    slack: ASGIApp | None, health: Health, metrics: CollectorRegistry, lifespan: Lifespan
) -> Starlette:
    """Build it; without ``slack`` there's no path for Slack (Socket Mode).

    ``slack`` must be an object: Starlette takes a plain function for a handler of its own kind.
    """

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
    if slack is not None:
        routes.insert(0, Route(SLACK_PATH, slack))
    return Starlette(routes=routes, lifespan=lifespan)


def _report(checks: dict[str, str]) -> Response:
    """Answer 200 when every check says "ok", else 503 with what is wrong."""
    status = 200 if all(answer == "ok" for answer in checks.values()) else 503
    return JSONResponse(checks, status_code=status)

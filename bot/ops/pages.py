"""What an operator asks by HTTP: is the bot alive, is it ready, and its figures.

Promises: a private value shows on no page. Does not: read what Slack sends (``slack_http`` does).
"""

from __future__ import annotations

from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import CollectorRegistry
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from bot.ops.health import Health


def build_pages(health: Health, metrics: CollectorRegistry) -> ASGIApp:
    """Lay out the pages."""

    async def healthz(_: HttpRequest) -> Response:
        return _report(health.live())

    async def readyz(_: HttpRequest) -> Response:
        return _report(await health.ready())

    def show_metrics(_: HttpRequest) -> Response:
        return Response(generate_latest(metrics), media_type=CONTENT_TYPE_LATEST)

    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", show_metrics),
        ]
    )


def _report(checks: dict[str, str]) -> Response:
    """Answer 200 when every check says "ok", else 503 with what is wrong."""
    status = 200 if all(answer == "ok" for answer in checks.values()) else 503
    return JSONResponse(checks, status_code=status)

"""The HTTP edge: Slack's requests, and what an operator asks.

Promises: ``POST /slack/events`` reads every body that Slack may send, also one that trips Bolt's
own parser; a private value shows on no page. Does not: know what the requests are about.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from urllib.parse import parse_qsl

from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import CollectorRegistry
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.health import Health
from bot.signature import Signatures

Lifespan = Callable[[Starlette], AbstractAsyncContextManager[None]]
MAX_BODY = 1_000_000  # Slack's largest request is a view of 250 kB, percent-encoded


def build_web(
    app: AsyncApp,
    signatures: Signatures | None,
    health: Health,
    metrics: CollectorRegistry,
    lifespan: Lifespan,
) -> Starlette:
    """Lay out the routes around a Bolt app; no signatures, no route for Slack (Socket Mode)."""

    async def slack(request: HttpRequest) -> Response:
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY:
                return Response("the body is too large", status_code=413)
        if signatures is None or not signatures.admit(
            body,
            request.headers.get("x-slack-request-timestamp", ""),
            request.headers.get("x-slack-signature", ""),
        ):
            return Response("not a fresh request of Slack's", status_code=401)
        try:
            asked = to_bolt(request, body)
        except ValueError:
            return Response("the body is not what Slack sends", status_code=400)
        answer = await app.async_dispatch(asked)
        return Response(
            answer.body,
            status_code=answer.status,
            headers={name: values[0] for name, values in answer.headers.items() if values},
        )

    async def healthz(_: HttpRequest) -> Response:
        return _report(health.live())

    async def readyz(_: HttpRequest) -> Response:
        return _report(await health.ready())

    def show_metrics(_: HttpRequest) -> Response:
        return Response(generate_latest(metrics), media_type=CONTENT_TYPE_LATEST)

    return Starlette(
        routes=[
            Route("/slack/events", slack, methods=["POST"]),
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", show_metrics),
        ],
        lifespan=lifespan,
    )


def to_bolt(request: HttpRequest, body: bytes) -> AsyncBoltRequest:
    """Turn an HTTP request, already verified, into Bolt's.

    Parsed here, because Bolt 1.30 reads a form that contains the word "payload" but has no such
    field as empty. Bolt takes parsed bodies as Socket Mode's, and treats both alike. Raises
    ValueError for what is not a form or a JSON object.
    """
    text = body.decode("utf-8", "replace")
    headers: dict[str, str | Sequence[str]] = dict(request.headers)
    if request.headers.get("content-type", "").startswith("application/x-www-form"):
        fields = dict(parse_qsl(text, keep_blank_values=True))
        payload = json.loads(fields["payload"]) if "payload" in fields else fields
    else:
        payload = json.loads(text)
    if not isinstance(payload, dict):
        raise ValueError("not a JSON object")
    return AsyncBoltRequest(body=payload, headers=headers, mode="socket_mode")


def _report(checks: dict[str, str]) -> Response:
    """Answer 200 when every check says "ok", else 503 with what is wrong."""
    status = 200 if all(answer == "ok" for answer in checks.values()) else 503
    return JSONResponse(checks, status_code=status)

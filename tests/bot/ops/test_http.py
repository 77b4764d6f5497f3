"""The web application's paths, each answered by whoever it's for."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from prometheus_client.registry import CollectorRegistry
from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send

from bot.ops.http import SLACK_PATH, build_web
from bot.ops.metrics import build_metrics
from bot.storage.requests import RequestStore

Answer = tuple[int, dict[str, str], str]


class Health:
    """What a Health would say."""

    live = {"bot": "ok"}  # noqa: RUF012 -- a test replaces it
    ready = {"database": "ok", "slack": "ok"}  # noqa: RUF012

    def check_live(self) -> dict[str, str]:
        return self.live

    async def check_ready(self) -> dict[str, str]:
        return self.ready


class Slack:
    """Answers with the method and path that it was asked for."""

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 202, "headers": []})
        body = f"{scope['method']} {scope['path']}".encode()
        await send({"type": "http.response.body", "body": body})


@contextlib.asynccontextmanager
async def _lifespan(_: Starlette) -> AsyncIterator[None]:
    yield


def _build(health: Any, slack: Slack | None = None, metrics: Any = None) -> Starlette:
    return build_web(slack, health, metrics or CollectorRegistry(), _lifespan)


def _ask(web: Starlette, path: str, method: str = "GET") -> Answer:
    """Ask the application for a path, as a server does."""
    sent: list[Any] = []
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"bot.example.com")],
        "scheme": "http",
        "server": ("127.0.0.1", 3000),
        "client": ("127.0.0.1", 1),
        "root_path": "",
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(web(scope, receive, send))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(one.get("body", b"") for one in sent).decode()


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_slack_s_path_is_slack_s_alone(method: str) -> None:
    web = _build(Health(), Slack())
    assert _ask(web, SLACK_PATH, method)[::2] == (202, f"{method} /slack/events")
    assert _ask(web, f"{SLACK_PATH}/more", method)[0] == 404
    assert _ask(web, "/healthz")[::2] == (200, '{"bot":"ok"}')


def test_in_socket_mode_there_is_no_path_for_slack() -> None:
    assert _ask(_build(Health()), SLACK_PATH, "POST")[0] == 404


@pytest.mark.parametrize(
    ("answers", "status"),
    [({"bot": "ok"}, 200), ({"bot": "ok", "socket": "dead"}, 503), ({"a": "dead"}, 503)],
)
@pytest.mark.parametrize(("path", "which"), [("/healthz", "live"), ("/readyz", "ready")])
def test_a_page_about_health_says_what_is_wrong(
    path: str, which: str, answers: dict[str, str], status: int
) -> None:
    health = Health()
    setattr(health, which, answers)
    got, headers, body = _ask(_build(health), path)
    assert (got, json.loads(body)) == (status, answers)
    assert headers["content-type"] == "application/json"


def test_the_metrics_are_in_prometheus_s_format(requests_store: RequestStore) -> None:
    status, headers, body = _ask(
        _build(Health(), metrics=build_metrics(requests_store)), "/metrics"
    )
    assert status == 200
    assert headers["content-type"].startswith("text/plain; version=")
    assert 'proactive_requests{state="checking"} 0.0' in body


@pytest.mark.parametrize("path", ["/", "/nothing", "/slack"])
def test_there_is_nothing_else(path: str) -> None:
    assert _ask(_build(Health(), Slack()), path)[0] == 404

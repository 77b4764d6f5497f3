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

from bot.ops.http import Web, build_operator_pages
from bot.ops.metrics import build_metrics
from bot.ops.refused_requests import SLACK_PATH, Reason, RefusedRequests
from bot.storage.pause import Pause
from bot.storage.requests import RequestStore

Answer = tuple[int, dict[str, str], str]
PORT, OPERATOR_PORT = 3000, 3001
PAGES = ["/healthz", "/readyz", "/metrics"]


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


def _build(
    health: Any,
    slack: Slack | None = None,
    metrics: Any = None,
    refused: RefusedRequests | None = None,
) -> Web:
    pages = build_operator_pages(health, metrics or CollectorRegistry(), _lifespan)
    return Web(slack, pages, OPERATOR_PORT, refused or RefusedRequests())


def _ask(web: Web, path: str, method: str = "GET", port: int = OPERATOR_PORT) -> Answer:
    """Ask the application for a path, as a server that listens on a port does."""
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
        "server": ("127.0.0.1", port),
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
def test_on_slack_s_port_there_is_slack_s_path_alone(method: str) -> None:
    web = _build(Health(), Slack())
    assert _ask(web, SLACK_PATH, method, PORT)[::2] == (202, f"{method} /slack/events")
    for path in ("/", "/nothing", "/slack", f"{SLACK_PATH}/", f"{SLACK_PATH}/more", *PAGES):
        assert _ask(web, path, method, PORT)[0] == 404


def test_requests_for_another_path_on_slack_s_port_are_counted_and_probes_are_not() -> None:
    refused = RefusedRequests()
    web = _build(Health(), Slack(), refused=refused)
    for path in (f"{SLACK_PATH}/", "/slack/commands/command"):
        assert _ask(web, path, "POST", PORT)[0] == 404
        assert _ask(web, path, "GET", PORT)[0] == 404
    assert refused.counts == {Reason.WRONG_PATH: 2}


def test_on_the_operators_port_there_are_their_pages_alone() -> None:
    web = _build(Health(), Slack())
    assert _ask(web, "/healthz")[::2] == (200, '{"bot":"ok"}')
    for path in ("/", "/nothing", SLACK_PATH):
        assert _ask(web, path)[0] == 404
        assert _ask(web, path, "POST")[0] == 404


def test_in_socket_mode_there_is_no_path_for_slack() -> None:
    assert _ask(_build(Health()), SLACK_PATH, "POST", PORT)[0] == 404


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        *[({"bot": "ok"}, 200), ({"bot": "ok", "socket": "dead"}, 503), ({"a": "dead"}, 503)],
        ({"database": "ok", "sending": "paused by U0LEO"}, 200),
    ],
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


def test_the_metrics_are_in_prometheus_s_format(requests_store: RequestStore, pause: Pause) -> None:
    metrics = build_metrics(requests_store, pause, RefusedRequests())
    status, headers, body = _ask(_build(Health(), metrics=metrics), "/metrics")
    assert status == 200
    assert headers["content-type"].startswith("text/plain; version=")
    assert 'proactive_requests{state="checking"} 0.0' in body

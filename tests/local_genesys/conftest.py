"""Fixtures: the stand-in for Genesys Cloud on loopback, in its own thread, and an HTTP client."""

from __future__ import annotations

import asyncio
import base64
import http.client
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp import web

from sandbox.local_genesys import LocalGenesys

LOOKUP = "/api/v2/externalcontacts/identifierlookup/contacts"
QUERY = "/api/v2/analytics/conversations/details/query"
SEND = "/api/v2/conversations/messages/agentless"
MESSAGES = "/api/v2/conversations/messages"


class SteppingClock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 31, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **amount: float) -> None:
        self.now += timedelta(**amount)


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    json: Any


@dataclass
class Local:
    """A running stand-in: its two ports, its clock, and calls to it."""

    genesys: LocalGenesys
    clock: SteppingClock
    machine_port: int
    people_port: int
    _token: str | None = field(default=None, repr=False)

    def request(
        self,
        port: int,
        method: str,
        path: str,
        body: object = None,
        headers: dict[str, str] | None = None,
        raw: bytes | None = None,
    ) -> Answer:
        sent = dict(headers or {})
        if body is not None:
            raw = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request(method, path, raw, sent)
            response = connection.getresponse()
            text = response.read()
            lowered = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, lowered, json.loads(text) if text else None)
        finally:
            connection.close()

    def new_token(self) -> str:
        answer = self.grant()
        assert answer.status == 200
        token: str = answer.json["access_token"]
        return token

    def grant(
        self, secret: str | None = None, grant_type: str = "client_credentials", **kw: Any
    ) -> Answer:
        pair = f"{self.genesys.client_id}:{secret or self.genesys.client_secret}"
        headers = {
            "Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}",
            "Content-Type": "application/x-www-form-urlencoded",
            **kw,
        }
        form = urlencode({"grant_type": grant_type}).encode()
        return self.request(self.machine_port, "POST", "/oauth/token", headers=headers, raw=form)

    def call(
        self, method: str, path: str, body: object = None, token: str | None = None, **kw: Any
    ) -> Answer:
        """Call the API with a token, and get a token first if there's none yet."""
        if token is None:
            self._token = self._token or self.new_token()
            token = self._token
        headers = {"Authorization": f"Bearer {token}", **kw.pop("headers", {})}
        return self.request(self.machine_port, method, path, body, headers, **kw)

    def people(self, method: str, path: str, body: object = None) -> Answer:
        return self.request(self.people_port, method, path, body)

    def order(self, **fault: Any) -> None:
        answer = self.people("POST", "/control/genesys/faults", fault)
        assert answer.status == 200, answer.json

    def settings(self, **values: Any) -> None:
        answer = self.people("POST", "/control/genesys/settings", values)
        assert answer.status == 200, answer.json

    def customer(self, key: str) -> dict[str, Any]:
        everyone = self.people("GET", "/customers").json["customers"]
        return next(customer for customer in everyone if customer["id"] == key)

    def contact_id(self, email: str) -> str:
        answer = self.call("POST", LOOKUP, {"type": "Email", "value": email})
        assert answer.status == 200, answer.json
        found: str = answer.json["id"]
        return found

    def send(self, contact_id: str, text: str = "Hello", **more: Any) -> Answer:
        body = {
            "fromAddress": self.genesys.deployment_id,
            "externalContactId": contact_id,
            "toAddressMessengerType": "webmessaging",
            "textBody": text,
            **more,
        }
        return self.call("POST", SEND, {k: v for k, v in body.items() if v is not ...})

    def interval(self, start_days_ago: float = 30, end_days_ago: float = -0.5) -> str:
        ends = (self.clock.now - timedelta(days=days) for days in (start_days_ago, end_days_ago))
        return "/".join(end.strftime("%Y-%m-%dT%H:%M:%SZ") for end in ends)

    def query(self, **body: Any) -> Answer:
        return self.call("POST", QUERY, {"interval": self.interval(), **body})

    def found(self, **body: Any) -> list[dict[str, Any]]:
        answer = self.query(**body)
        assert answer.status == 200, answer.json
        conversations: list[dict[str, Any]] = answer.json.get("conversations", [])
        return conversations

    def status_of(self, message_id: str) -> str:
        answer = self.call("GET", f"{MESSAGES}/{message_id}/details")
        assert answer.status == 200, answer.json
        status: str = answer.json["status"]
        return status


class _Serving:
    """The stand-in's event loop in a thread."""

    def __init__(self, genesys: LocalGenesys) -> None:
        self._genesys = genesys
        self._loop = asyncio.new_event_loop()
        self._runners: list[web.AppRunner] = []
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def start(self) -> list[int]:
        return asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)

    async def _start(self) -> list[int]:
        people = web.Application()
        people.add_routes(self._genesys.people_routes())
        for app in (self._genesys.machine_app(), people):
            runner = web.AppRunner(app)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self._runners.append(runner)
        return [runner.addresses[0][1] for runner in self._runners]

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _stop(self) -> None:
        await self._genesys.hang_up()
        for runner in self._runners:
            await runner.cleanup()


@pytest.fixture(scope="module")
def served() -> Iterator[Local]:
    clock = SteppingClock()
    genesys = LocalGenesys(clock, step_seconds=0.01)
    serving = _Serving(genesys)
    machine_port, people_port = serving.start()
    yield Local(genesys, clock, machine_port, people_port)
    serving.stop()


@pytest.fixture
def local(served: Local) -> Local:
    """A stand-in that was just reset."""
    served.clock.now = SteppingClock().now
    served._token = None
    assert served.people("POST", "/control/genesys/reset").status == 200
    return served

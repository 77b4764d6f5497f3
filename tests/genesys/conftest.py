"""The servers that these tests call: the local Genesys Cloud, and a raw one that misbehaves."""

import asyncio
import contextlib
import json
import socket
import ssl
import threading
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from genesys import (
    Connection,
    Customer,
    GenesysCloud,
    Identity,
    IdentityKind,
    OutboundMessage,
    Receipt,
    find_customer,
    send_once,
)
from sandbox.local_genesys import LocalGenesys


class Served:
    """A LocalGenesys on a loopback port, in its own thread."""

    def __init__(self) -> None:
        self.genesys = LocalGenesys(step_seconds=0.0)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.machine_url = self._on_loop(self._start())

    def stop(self) -> None:
        self._on_loop(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def ask(self, method: str, path: str, body: object = None) -> Any:
        request = urllib.request.Request(
            self.people_url + path, method=method, data=json.dumps(body or {}).encode()
        )
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=5) as response:
            return json.load(response)

    def order(self, where: str, kind: str, **more: object) -> None:
        self.ask("POST", "/control/genesys/faults", {"where": where, "kind": kind, **more})

    def set(self, **settings: object) -> None:
        self.ask("POST", "/control/genesys/settings", settings)

    def calls(self, path: str = "") -> list[dict[str, Any]]:
        """List the API calls so far, without the sign-in."""
        calls = self.ask("GET", "/control/genesys/calls")["calls"]
        return [call for call in calls if path in call["path"] and "/api/" in call["path"]]

    def customer(self, email: str) -> dict[str, Any]:
        people = self.ask("GET", "/customers")["customers"]
        return next(person for person in people if person["email"] == email)

    def find(self, cloud: GenesysCloud, email: str) -> Customer:
        """Find a customer through the adapter."""
        found = find_customer(
            cloud,
            Identity(IdentityKind.EMAIL, email),
            deployment_id=self.genesys.deployment_id,
            now=datetime.now(UTC),
        )
        assert isinstance(found, Customer)
        return found

    def send(self, cloud: GenesysCloud, email: str) -> Receipt:
        """Send a message through the adapter."""
        to = self.find(cloud, email).send_to_id
        return send_once(cloud, OutboundMessage(to, self.genesys.deployment_id, "Hello."))

    def _on_loop(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _start(self) -> str:
        people = web.Application()
        people.add_routes(self.genesys.people_routes())
        apps = [self.genesys.machine_app(), people]
        self._runners = [web.AppRunner(app, access_log=None) for app in apps]
        urls = []
        for runner in self._runners:
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            urls.append("http://{}:{}".format(*runner.addresses[0]))
        self.people_url = urls[1]
        return urls[0]

    async def _stop(self) -> None:
        await self.genesys.hang_up()
        for runner in self._runners:
            await runner.cleanup()


@dataclass(frozen=True)
class Asked:
    """A request that came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """What to answer; `hang_up` closes the connection afterwards without a notice."""

    body: Any = field(default_factory=dict)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    hang_up: bool = False

    def written(self) -> bytes:
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        lines = {"Content-Type": "application/json", "Content-Length": len(body), **self.headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"HTTP/1.1 {self.status} Any\r\n{head}\r\n".encode() + body


@dataclass(frozen=True)
class Cut:
    """Send part of an answer, then close the connection."""

    sent: bytes = b""


@dataclass(frozen=True)
class Stall:
    """Send part of an answer, then nothing more until the test ends."""

    sent: bytes = b""


@dataclass(frozen=True)
class Drip:
    """Send part of an answer, then the same bytes every few `seconds` until the test ends."""

    sent: bytes
    drop: bytes
    seconds: float


Behaviour = Reply | Cut | Stall | Drip
TOKEN = Reply({"access_token": "raw-token", "token_type": "bearer", "expires_in": 86399})


class RawServer:
    """A loopback server that can cut, stall and misbehave like no web framework.

    It records every request; `api` and `token` decide how to answer it.
    """

    reply, cut, stall, drip = Reply, Cut, Stall, Drip

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.api: Callable[[Asked], Behaviour] = lambda _: Reply()
        self.token: Callable[[Asked], Behaviour] = lambda _: TOKEN
        self.connections = 0
        self.hung_up = threading.Event()
        self._over = threading.Event()
        self._tls: ssl.SSLContext | None = None
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = "http://{}:{}".format(*self._listener.getsockname())
        self._start(self._accept)

    def requests(self, path: str) -> list[Asked]:
        return [asked for asked in self.asked if path in asked.path]

    def secure(self, context: ssl.SSLContext) -> None:
        self._tls = context

    def stop(self) -> None:
        self._over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._sockets:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _start(self, work: Callable[..., None], *arguments: Any) -> None:
        thread = threading.Thread(target=work, args=arguments)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                self._sockets.append(connection)
                self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        if self._tls is not None:
            with contextlib.suppress(OSError):
                connection = self._tls.wrap_socket(connection, server_side=True)
        with connection, connection.makefile("rb") as stream, contextlib.suppress(OSError):
            while asked := _read(stream):
                self.asked.append(asked)
                decide = self.token if asked.path == "/oauth/token" else self.api
                match decide(asked):
                    case Cut(sent):
                        connection.sendall(sent)
                        break
                    case Stall(sent):
                        connection.sendall(sent)
                        self._over.wait()
                        break
                    case Drip(sent, drop, seconds):
                        connection.sendall(sent)
                        while not self._over.wait(seconds):
                            connection.sendall(drop)
                        break
                    case reply:
                        connection.sendall(reply.written())
                        if reply.hang_up:
                            break
        self.hung_up.set()


def _read(stream: Any) -> Asked | None:
    first = stream.readline().decode("latin-1").split()
    if len(first) != 3 or not first[2].startswith("HTTP/"):  # the end, or no HTTP
        return None
    headers: dict[str, str] = {}
    while line := stream.readline().decode().strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return Asked(first[0], first[1], headers, stream.read(int(headers.get("content-length", 0))))


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    served = Served()
    yield served
    served.stop()


@pytest.fixture
def local(served: Served) -> Served:
    served.ask("POST", "/control/genesys/reset")
    return served


@pytest.fixture
def raw() -> Iterator[RawServer]:
    server = RawServer()
    yield server
    server.stop()


@pytest.fixture
def connect() -> Iterator[Callable[..., GenesysCloud]]:
    """Open sessions, with no rate limit by default, and close them after the test."""
    clouds: list[GenesysCloud] = []

    def open_session(url: str, **settings: Any) -> GenesysCloud:
        rate_limiter = settings.pop("rate_limiter", None)
        defaults = {
            "client_id": LocalGenesys.client_id,
            "client_secret": LocalGenesys.client_secret,
            "api_url": url,
            "calls_per_minute": 100_000,
        }
        clouds.append(GenesysCloud(Connection(**{**defaults, **settings}), rate_limiter))
        return clouds[-1]

    yield open_session
    for cloud in clouds:
        cloud.close()


@pytest.fixture
def cloud(local: Served, connect: Callable[..., GenesysCloud]) -> GenesysCloud:
    """Open a session with the local Genesys Cloud."""
    return connect(local.machine_url)

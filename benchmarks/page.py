"""A page of 100 conversations: from the bytes on the wire to our objects, against json.loads.

Promises: the adapter is measured whole, through its session and a socket; what is counted is the
processor time of the reading thread, so that neither the server nor a busy machine counts. Does
not: measure how long Genesys takes. ``python -m benchmarks.page FILE`` is the SDK's own way.
"""

from __future__ import annotations

import gc
import importlib
import json
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.process import plain_environment
from benchmarks.report import Goal, Report, alternate
from genesys import Connection, GenesysCloud
from genesys.history import Conversation, parse_page
from genesys.sdk import PACKAGE, load_sdk
from genesys.shape import Json
from genesys.traces import read_trace

GOAL = 3.0
DEPLOYMENT_ID = "0d3e7bb6-9a2c-4c1e-8f0a-6f2d5c7b9e01"
CONVERSATIONS = 100
_QUERY = "/api/v2/analytics/conversations/details/query"
_TOKEN = b'{"access_token": "benchmark", "expires_in": 86400}'
_WAYS = {
    "json": "json.loads of the same bytes",
    "adapter": "the adapter: socket to Conversation objects",
    "watch": "the adapter's other reading: socket to Trace objects (outcomes)",
}


def measure(smoke: bool, rounds: int) -> Report:
    """Read the page in each way, in turn."""
    page = json.dumps(a_page()).encode()
    times = 3 if smoke else 40
    with _serving(page) as url:
        cloud = GenesysCloud(Connection("benchmark", "benchmark", api_url=url))

        def read() -> Json:
            return cloud.call("POST", _QUERY, body={"paging": {"pageSize": CONVERSATIONS}})

        _check(parse_page(read(), DEPLOYMENT_ID))
        ways: dict[str, Callable[[], object]] = {
            "json": lambda: json.loads(page),
            "adapter": lambda: parse_page(read(), DEPLOYMENT_ID),
            "watch": lambda: [read_trace(one) for one in read()["conversations"]],
        }

        def contestant(way: Callable[[], object]) -> Callable[[], dict[str, float]]:
            return lambda: {"ms": _milliseconds(way, times)}

        found = alternate({name: contestant(way) for name, way in ways.items()}, rounds)
        cloud.close()
    rows = [
        (
            _WAYS[name],
            str(figures["ms"]),
            f"{figures['ms'].median / found['json']['ms'].median:.2f}",
        )
        for name, figures in found.items()
    ]
    sdk, plain = _measure_sdk(page, 1 if smoke else 5)
    rows.append(("the SDK's models (in a process of its own)", f"{sdk:.3g}", f"{sdk / plain:.3g}"))
    ratio = found["adapter"]["ms"].median / found["json"]["ms"].median
    return Report(
        f"A page of {CONVERSATIONS} conversations ({len(page) // 1000} kB)",
        ("read by", "processor time, ms", "times json.loads"),
        tuple(rows),
        (Goal(f"within {GOAL:.0f} times json.loads", f"{ratio:.2f} times", ratio <= GOAL),),
        notes=("The SDK's figure is set against json.loads in its own process.",),
    )


def a_page() -> Json:
    """Build what the details query answers: each conversation with five participants."""
    purposes = ("customer", "workflow", "acd", "agent", "acd")
    return {
        "totalHits": CONVERSATIONS,
        "conversations": [_conversation(number, purposes) for number in range(CONVERSATIONS)],
    }


def _conversation(number: int, purposes: tuple[str, ...]) -> Json:
    start, end = "2026-11-20T10:00:00.000Z", "2026-11-20T10:30:00.000Z"
    session = {
        "sessionId": f"{number:08}-0000-4000-8000-000000000000",
        "mediaType": "message",
        "messageType": "webmessaging",
        "direction": "inbound",
        "provider": "PureCloud Messaging",
        "addressFrom": f"guest-{number}",
        "addressTo": DEPLOYMENT_ID,
        "metrics": [{"name": "nConnected", "value": 1, "emitDate": start}] * 6,
        "segments": [
            {"segmentStart": start, "segmentEnd": end, "segmentType": "interact"},
            {"segmentStart": end, "segmentEnd": end, "segmentType": "wrapup"},
        ]
        * 2,
    }
    return {
        "conversationId": f"{number:08}-1111-4000-8000-000000000000",
        "conversationStart": start,
        "conversationEnd": end,
        "conversationInitiator": "customer",
        "customerParticipation": True,
        "divisionIds": ["5f2d5c7b-9a2c-4c1e-8f0a-0d3e7bb69e01"],
        "participants": [
            {
                "participantId": f"{number:08}-{place:04}-4000-8000-000000000000",
                "purpose": purpose,
                "externalContactId": f"{number:08}-2222-4000-8000-000000000000",
                "sessions": [session],
            }
            for place, purpose in enumerate(purposes)
        ],
    }


def _check(read: list[Conversation]) -> None:
    assert len({one.conversation_id for one in read}) == CONVERSATIONS
    assert all(one.deployment_id == DEPLOYMENT_ID and one.contact_id for one in read)


def _milliseconds(way: Callable[[], object], times: int) -> float:
    """Return the processor time of this thread for one reading: the median of several."""
    taken = []
    for _ in range(times):
        gc.collect()  # what an earlier reading left is not this one's to clear away
        begun = time.thread_time()
        way()
        taken.append(time.thread_time() - begun)
    return median(taken) * 1000


@contextmanager
def _serving(page: bytes) -> Iterator[str]:
    """Answer each request on a connection with the page, or with a token when it asks for that."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_serve, args=(listener, page), daemon=True).start()
        yield "http://{}:{}".format(*listener.getsockname())


def _serve(listener: socket.socket, page: bytes) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:  # closed: the measurement is over
            return
        threading.Thread(target=_answer, args=(connection, page), daemon=True).start()


def _answer(connection: socket.socket, page: bytes) -> None:
    with connection, connection.makefile("rb") as stream:
        while first := stream.readline():
            length = 0
            while line := stream.readline().strip().lower():
                if line.startswith(b"content-length:"):
                    length = int(line.partition(b":")[2])
            stream.read(length)
            body = _TOKEN if b"/oauth/token" in first else page
            head = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            connection.sendall(b"HTTP/1.1 200 OK\r\n" + head.encode() + body)


def _measure_sdk(page: bytes, times: int) -> tuple[float, float]:
    """Return the milliseconds of the SDK's models and of json.loads, in another process."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "page.json")
        file.write_bytes(page)
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.page", str(file), str(times)],
            env=plain_environment(HOME=folder),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    sdk, plain = json.loads(done.stdout)
    return float(sdk), float(plain)


def _read_with_sdk(page: bytes, times: int) -> None:
    """Print how long the SDK takes to make its models of the page, and json.loads."""
    client = load_sdk().api_client(host="http://127.0.0.1")
    models = sys.modules[f"{PACKAGE}.models"]
    # The SDK looks its model classes up here by name; importing all 6,000 would take seconds.
    models.__path__ = [str(Path(sys.modules[PACKAGE].__path__[0], "models"))]
    setattr(models, "__getattr__", _model)  # noqa: B010 -- a module has no such attribute to mypy

    class Response:
        data = page.decode()

        def getheader(self, _: str) -> str:
            return "application/json"

    def deserialize() -> Any:
        return client.deserialize(Response(), "AnalyticsConversationQueryResponse")

    assert len(deserialize().conversations) == CONVERSATIONS
    print([_milliseconds(deserialize, times), _milliseconds(lambda: json.loads(page), times)])


def _model(name: str) -> object:
    if name.startswith("__"):
        raise AttributeError(name)
    file = "".join("_" + letter.lower() if letter.isupper() else letter for letter in name)
    return getattr(importlib.import_module(f"{PACKAGE}.models.{file[1:]}"), name)


if __name__ == "__main__":
    _read_with_sdk(Path(sys.argv[1]).read_bytes(), int(sys.argv[2]))

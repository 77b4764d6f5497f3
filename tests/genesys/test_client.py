"""What every call has in common: where it goes, and what it's given by default."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from genesys import Connection, GenesysCloud, Priority, RateLimitExhausted, check_access

Connect = Callable[..., GenesysCloud]
ME = "/api/v2/tokens/me"


class Recorder:
    """A rate limiter that records what it's asked."""

    def __init__(self) -> None:
        self.acquired: list[tuple[Priority, float]] = []

    def acquire(self, priority: Priority, patience: float) -> None:
        self.acquired.append((priority, patience))

    def learn(self, allowed: int, count: int, reset_seconds: float) -> None: ...

    def pause(self, seconds: float) -> None: ...


def test_the_defaults_of_a_connection() -> None:
    assert Connection("id", "secret") == Connection(
        client_id="id",
        client_secret="secret",
        region="us-east-1",
        api_url=None,
        connect_timeout=3.05,
        read_timeout=10.0,
        patience=20.0,
        calls_per_minute=300,
        concurrency=32,
    )


def test_a_call_sends_its_method_path_query_and_body(raw: Any, connect: Connect) -> None:
    raw.api = lambda _: raw.reply({"id": "x"})
    cloud = connect(raw.url + "/")
    assert cloud.call("PUT", "/api/v2/x", body=[{"a": 1}], query={"q": "b c"}) == {"id": "x"}
    [asked] = raw.requests("/api/")
    assert (asked.method, asked.path, asked.json) == ("PUT", "/api/v2/x?q=b+c", [{"a": 1}])
    assert asked.headers["authorization"] == "Bearer raw-token"
    assert asked.headers["accept"] == asked.headers["content-type"] == "application/json"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "GET"])
def test_a_call_without_a_body_sends_no_null(raw: Any, connect: Connect, method: str) -> None:
    connect(raw.url).call(method, "/api/v2/x")
    [asked] = raw.requests("/api/")
    assert asked.body == (b"" if method in ("GET", "DELETE") else b"{}")


def test_the_sign_in_is_a_client_credentials_grant(raw: Any, connect: Connect) -> None:
    raw.api = lambda _: raw.reply({"organization": {"name": "Example"}})
    assert check_access(connect(raw.url, client_id="an-id", client_secret="a-secret")) == "Example"
    [asked] = raw.requests("/oauth/token")
    assert asked.method == "POST"
    assert asked.headers["authorization"] == "Basic YW4taWQ6YS1zZWNyZXQ="
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert asked.body == b"grant_type=client_credentials"


def test_a_call_is_interactive_and_as_patient_as_the_connection(raw: Any, connect: Connect) -> None:
    limiter = Recorder()
    cloud = connect(raw.url, rate_limiter=limiter, patience=7.0)
    begun = time.monotonic()
    cloud.call("GET", ME)
    cloud.call("GET", ME, priority=Priority.BACKGROUND, patience=3.0)
    (first, patience), (second, less) = limiter.acquired
    assert (first, second) == (Priority.INTERACTIVE, Priority.BACKGROUND)
    passed = time.monotonic() - begun
    assert 7.0 - passed <= patience <= 7.0
    assert 3.0 - passed <= less <= 3.0


def test_a_session_has_a_rate_limiter_of_its_own_by_default(raw: Any, connect: Connect) -> None:
    cloud = connect(raw.url, calls_per_minute=6)  # a burst of one call, then one per 10 s
    cloud.call("GET", ME)
    with pytest.raises(RateLimitExhausted):
        cloud.call("GET", ME, patience=0.5)
    assert len(raw.requests(ME)) == 1


def test_the_rate_limiter_is_asked_again_for_a_call_that_is_repeated(
    raw: Any, connect: Connect
) -> None:
    answers = iter([raw.reply({}, 503), raw.reply({}, 401), raw.reply({"id": "x"})])
    raw.api = lambda _: next(answers)
    limiter = Recorder()
    connect(raw.url, rate_limiter=limiter).call("GET", ME)
    assert len(limiter.acquired) == 3


def test_closing_a_session_closes_its_idle_connections(raw: Any, connect: Connect) -> None:
    cloud = connect(raw.url)
    cloud.call("GET", ME)
    assert not raw.hung_up.is_set()
    cloud.close()
    assert raw.hung_up.wait(5)


@pytest.mark.parametrize("concurrency", [1, 3])
def test_as_many_connections_stay_open_as_wanted(
    raw: Any, connect: Connect, concurrency: int
) -> None:
    together = threading.Barrier(3, timeout=5)

    def answer(_: object) -> Any:
        together.wait()
        return raw.reply()

    cloud = connect(raw.url, concurrency=concurrency)
    raw.api = answer
    for opened in (3, 3 + 3 - concurrency):
        threads = [threading.Thread(target=cloud.call, args=("GET", ME)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert raw.connections == opened

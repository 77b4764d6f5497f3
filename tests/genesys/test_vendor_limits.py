"""Nothing that Genesys Cloud answers can stop the bot, or take all of its memory."""

import gzip
import json
import logging
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest

from genesys import (
    FateUnknown,
    GenesysCloud,
    GenesysError,
    OutboundMessage,
    RateLimited,
    RateLimitExhausted,
    RateState,
    StoredRateLimiter,
    TimedOut,
    UnexpectedAnswer,
    http_client,
    send_once,
)
from genesys.rate_limit import LONGEST_PAUSE, Priority
from genesys.rate_limiter import RateStep

Connect = Callable[..., GenesysCloud]
MESSAGE = OutboundMessage("contact", "deployment", "Hello")
ACCEPTED = {"id": "m", "conversationId": "c", "timestamp": "2026-11-22T10:00:00.000Z"}
FOREVER = "999999999"
DEEP = b"[" * 100_000
LARGEST = 1_000_000


class Store:
    """Keeps the state of the rate limit, as the database does across restarts."""

    def __init__(self, state: RateState) -> None:
        self.state = state
        self.now = 1_000.0

    def change(self, step: RateStep[Any], patience: float) -> Any:  # noqa: ARG002
        self.state, result = step(self.state.at(self.now))
        return result

    def read_pushed(self, patience: float) -> float:  # noqa: ARG002
        return self.state.pushed


@pytest.fixture
def small_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set a smaller limit, so that the test needn't make large answers."""
    assert http_client.LARGEST_ANSWER == 16 * LARGEST
    monkeypatch.setattr(http_client, "LARGEST_ANSWER", LARGEST)


def limiter_of(store: Store) -> StoredRateLimiter:
    return StoredRateLimiter(store, 300)


@pytest.mark.parametrize("header", ["Retry-After", "inin-ratelimit-reset"])
@pytest.mark.parametrize("value", [FOREVER, "9" * 400])
def test_no_header_stops_the_bot_for_longer_than_five_minutes(
    raw: Any, connect: Connect, caplog: pytest.LogCaptureFixture, header: str, value: str
) -> None:
    store = Store(RateState())
    raw.api = lambda _: raw.reply({}, 429, {header: value})
    with pytest.raises(RateLimited) as caught:
        send_once(connect(raw.url, rate_limiter=limiter_of(store)), MESSAGE)
    assert caught.value.retry_after == LONGEST_PAUSE
    assert len(raw.requests("agentless")) == 1
    assert "Genesys Cloud asks for a pause of" in caplog.text
    store.now += LONGEST_PAUSE + 5  # no burst follows a pause
    limiter_of(store).acquire(Priority.BACKGROUND, 0.0)


def test_a_pause_without_an_end_that_an_earlier_version_stored_ends() -> None:
    store = Store(RateState(seen=1_000.0, due=1e9 + 2.3, paused_until=1e9, pushed=1e9))
    store.change(lambda state: (state, None), 0.0)
    store.now += LONGEST_PAUSE + 5
    for priority in Priority:
        limiter_of(store).acquire(priority, 0.0)


def test_a_stored_pause_ends_although_all_calls_are_refused_meanwhile() -> None:
    store = Store(RateState(seen=1_000.0, due=1e9 + 2.3, paused_until=1e9, pushed=1e9))
    for _ in range(int(LONGEST_PAUSE) // 10):
        for priority in Priority:
            with pytest.raises(RateLimitExhausted):
                limiter_of(store).acquire(priority, 0.0)
        store.now += 10
    store.now += 5
    limiter_of(store).acquire(Priority.BACKGROUND, 0.0)


def test_a_pause_that_is_not_too_long_is_kept(
    raw: Any, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    raw.api = lambda _: raw.reply({}, 429, {"Retry-After": "300"})
    with pytest.raises(RateLimited) as caught:
        connect(raw.url).call("GET", "/api/v2/tokens/me")
    assert caught.value.retry_after == 300
    assert not [one for one in caplog.records if one.levelno >= logging.WARNING]


@pytest.mark.parametrize("value", ["0", "9" * 12, "9" * 5_000, "٣", "-1", ""])
@pytest.mark.parametrize("name", ["allowed", "count", "reset"])
def test_an_odd_count_of_calls_does_not_lose_the_answer(
    raw: Any, connect: Connect, name: str, value: str
) -> None:
    headers = {f"inin-ratelimit-{one}": "5" for one in ("allowed", "count", "reset")}
    headers[f"inin-ratelimit-{name}"] = value
    raw.api = lambda _: raw.reply(ACCEPTED, 200, headers)
    store = Store(RateState())
    assert send_once(connect(raw.url, rate_limiter=limiter_of(store)), MESSAGE).message_id == "m"
    assert store.state.allowed <= 2**31


@pytest.mark.parametrize("body", [DEEP, b'{"a":' * 100_000])
@pytest.mark.parametrize("status", [200, 400])
def test_a_deeply_nested_answer_is_no_answer_of_genesys(
    raw: Any, connect: Connect, body: bytes, status: int
) -> None:
    raw.api = lambda _: raw.reply(body, status)
    with pytest.raises(GenesysError):
        connect(raw.url).call("GET", "/api/v2/tokens/me")
    raw.api = lambda _: raw.reply(body)
    with pytest.raises(FateUnknown):
        send_once(connect(raw.url), MESSAGE)
    assert len(raw.requests("agentless")) == 1


@pytest.mark.usefixtures("small_answers")
@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("is_packed", [False, True])
def test_an_answer_without_an_end_is_given_up(
    raw: Any, connect: Connect, status: int, is_packed: bool
) -> None:
    body = json.dumps({"a": "x" * LARGEST}).encode()
    reply = raw.reply(body, status)
    if is_packed:
        reply = raw.reply(gzip.compress(body), status, {"Content-Encoding": "gzip"})
    raw.api = lambda _: reply
    with pytest.raises(UnexpectedAnswer):
        connect(raw.url).call("GET", "/api/v2/tokens/me")
    with pytest.raises(FateUnknown):
        send_once(connect(raw.url), MESSAGE)
    assert len(raw.requests("agentless")) == 1


@pytest.mark.usefixtures("small_answers")
def test_a_token_without_an_end_is_given_up(raw: Any, connect: Connect) -> None:
    raw.token = lambda _: raw.reply(b"x" * LARGEST)
    with pytest.raises(UnexpectedAnswer):
        connect(raw.url).call("GET", "/api/v2/tokens/me")


@pytest.mark.usefixtures("small_answers")
def test_the_largest_answer_is_read_and_its_connection_is_used_again(
    raw: Any, connect: Connect
) -> None:
    body = json.dumps({"a": "x" * (LARGEST - 9)}).encode()
    raw.api = lambda _: raw.reply(gzip.compress(body), 200, {"Content-Encoding": "gzip"})
    cloud = connect(raw.url)
    for _ in range(2):
        assert len(cloud.call("GET", "/api/v2/tokens/me")["a"]) == LARGEST - 9
    assert raw.connections == 1


@pytest.mark.usefixtures("small_answers")
def test_unpacking_takes_little_more_memory_than_the_largest_answer(
    raw: Any, connect: Connect
) -> None:
    packed = gzip.compress(b"x" * 50 * LARGEST, 1)
    raw.api = lambda _: raw.reply(packed, 200, {"Content-Encoding": "gzip"})
    cloud = connect(raw.url)
    tracemalloc.start()
    with pytest.raises(UnexpectedAnswer):
        cloud.call("GET", "/api/v2/tokens/me")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 4 * LARGEST


def test_an_answer_that_comes_drop_by_drop_is_given_up(
    raw: Any, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_client, "LONGEST_ANSWER", 0.3)
    drops = raw.drip(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n", b" ", 0.02)
    raw.api = lambda _: drops
    began = time.monotonic()
    with pytest.raises(TimedOut):
        connect(raw.url).call("GET", "/api/v2/tokens/me")
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("life", [-1, 0, 1e308, float("nan"), float("inf"), True])
def test_a_token_with_an_odd_life_is_used_for_more_than_one_call(
    raw: Any, connect: Connect, life: float
) -> None:
    raw.token = lambda _: raw.reply({"access_token": "t", "expires_in": life})
    cloud = connect(raw.url)
    for _ in range(3):
        cloud.call("GET", "/api/v2/tokens/me")
    assert len(raw.requests("/oauth/token")) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_takes_neither_the_token_nor_the_message_elsewhere(
    raw: Any, connect: Connect, status: int
) -> None:
    raw.api = lambda asked: raw.reply(
        {}, status if "agentless" in asked.path else 200, {"Location": f"{raw.url}/elsewhere"}
    )
    with pytest.raises(FateUnknown):
        send_once(connect(raw.url), MESSAGE)
    assert not raw.requests("/elsewhere")

"""Which calls are repeated, and when, as the server sees it."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from tenacity import RetryCallState

from genesys import (
    FateUnknown,
    GenesysCloud,
    GenesysError,
    OutboundMessage,
    RateLimited,
    RateLimitExhausted,
    Unavailable,
    send_once,
)
from genesys.retry import retrying

Connect = Callable[..., GenesysCloud]
ME = "/api/v2/tokens/me"
MESSAGE = OutboundMessage("contact", "deployment", "Hello")
ACCEPTED = {"id": "m", "conversationId": "c", "timestamp": "2026-11-22T10:00:00.000Z"}


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_read_is_repeated(raw: Any, connect: Connect, status: int) -> None:
    answers = iter(
        [raw.reply(status=status, headers={"Retry-After": "0"}), raw.reply({"ok": True})]
    )
    raw.api = lambda _: next(answers)
    assert connect(raw.url).call("GET", ME) == {"ok": True}


@pytest.mark.parametrize("status", [400, 403, 404, 409, 413, 415, 422, 500])
def test_other_refusals_are_final(raw: Any, connect: Connect, status: int) -> None:
    raw.api = lambda _: raw.reply(status=status)
    with pytest.raises(GenesysError):
        connect(raw.url).call("GET", ME)
    assert len(raw.requests(ME)) == 1


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_send_that_meets_a_server_error_is_not_repeated(
    raw: Any, connect: Connect, status: int
) -> None:
    body = {"code": "service.unavailable", "message": "Canary 4711"}
    raw.api = lambda _: raw.reply(body, status, {"ININ-Correlation-Id": "ref-1"})
    with pytest.raises(FateUnknown) as caught:
        send_once(connect(raw.url), MESSAGE)
    fault = caught.value
    assert (fault.status, fault.code, fault.correlation_id) == (
        status,
        "service.unavailable",
        "ref-1",
    )
    assert fault.vendor_message == "Canary 4711"
    assert not fault.definite
    assert isinstance(fault.__cause__, GenesysError)
    assert len(raw.requests("agentless")) == 1


def test_a_rate_limited_send_waits_and_goes_out_once(raw: Any, connect: Connect) -> None:
    answers = iter([raw.reply(status=429, headers={"Retry-After": "1"}), raw.reply(ACCEPTED, 202)])
    at: list[float] = []

    def answer(_: object) -> Any:
        at.append(time.monotonic())
        return next(answers)

    raw.api = answer
    assert send_once(connect(raw.url), MESSAGE).message_id == "m"
    assert 1.0 <= at[1] - at[0] < 3.0
    assert len(at) == 2


def test_a_wait_beyond_the_patience_is_not_begun(raw: Any, connect: Connect) -> None:
    raw.api = lambda _: raw.reply(status=429, headers={"Retry-After": "40"})
    started = time.monotonic()
    with pytest.raises(RateLimited) as caught:
        send_once(connect(raw.url), MESSAGE, patience=5)
    assert caught.value.retry_after == 40
    assert caught.value.definite
    assert time.monotonic() - started < 2


def test_a_429_stops_everyone(raw: Any, connect: Connect) -> None:
    raw.api = lambda _: raw.reply(status=429, headers={"Retry-After": "40"})
    cloud = connect(raw.url)
    with pytest.raises(RateLimited):
        cloud.call("GET", ME, patience=1)
    with pytest.raises(RateLimitExhausted) as caught:
        cloud.call("GET", "/api/v2/other", patience=1)
    assert 30 < caught.value.retry_after <= 40
    assert raw.requests("other") == []


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7", "inin-ratelimit-reset": "9"}, 7.0),
        ({"inin-ratelimit-reset": "9"}, 9.0),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, 1.0),
        ({}, 1.0),
    ],
)
def test_the_headers_say_how_long_to_wait(
    raw: Any, connect: Connect, headers: dict[str, str], seconds: float
) -> None:
    raw.api = lambda _: raw.reply(status=429, headers=headers)
    with pytest.raises(RateLimited) as caught:
        connect(raw.url).call("GET", ME, patience=0.1)
    assert caught.value.retry_after == seconds


def test_retrying_ends_with_the_patience(raw: Any, connect: Connect) -> None:
    raw.api = lambda _: raw.reply(status=503)
    started = time.monotonic()
    with pytest.raises(Unavailable):
        connect(raw.url).call("GET", ME, patience=1.0)
    assert time.monotonic() - started < 2


def test_the_rate_is_learned_from_every_answer(raw: Any, connect: Connect) -> None:
    learned: list[tuple[int, int, float]] = []

    class Recorder:
        def acquire(self, priority: object, patience: float) -> None: ...
        def pause(self, seconds: float) -> None: ...
        def learn(self, allowed: int, count: int, reset_seconds: float) -> None:
            learned.append((allowed, count, reset_seconds))

    said = {"inin-ratelimit-allowed": "180", "inin-ratelimit-count": "17"}
    answers = iter(
        [
            raw.reply(headers={**said, "inin-ratelimit-reset": "31"}),
            raw.reply(status=404, headers={**said, "inin-ratelimit-reset": "30"}),
            raw.reply(headers=said),
        ]
    )
    raw.api = lambda _: next(answers)
    cloud = connect(raw.url, rate_limiter=Recorder())
    cloud.call("GET", ME)
    with pytest.raises(GenesysError):
        cloud.call("GET", ME)
    cloud.call("GET", ME)
    assert learned == [(180, 17, 31), (180, 17, 30)]


@pytest.mark.parametrize(("attempt", "longest"), [(1, 0.5), (2, 1.0), (4, 4.0), (20, 4.0)])
def test_the_pauses_are_random_and_double_up_to_four_seconds(attempt: int, longest: float) -> None:
    loop = retrying(60.0, repeatable=True)
    state = RetryCallState(loop, None, (), {})
    state.attempt_number = attempt
    pauses = [loop.wait(state) for _ in range(1_000)]
    assert 0.0 <= min(pauses) < 0.1 * longest
    assert 0.9 * longest < max(pauses) <= longest

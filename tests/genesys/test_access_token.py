"""The token: fetched once for all threads, renewed in time, replaced once after a 401."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from genesys import (
    BadCredentials,
    GenesysCloud,
    GenesysError,
    OutboundMessage,
    Unavailable,
    UnexpectedAnswer,
    check_access,
    send_once,
)
from genesys.refusals import Answer
from genesys.token import AccessToken

Connect = Callable[..., GenesysCloud]
ME = "/api/v2/tokens/me"


class SignIn:
    """A sign-in that counts, and can make everyone wait."""

    def __init__(self, life: int | None = 1000, status: int = 200) -> None:
        self.count = 0
        self.life = life
        self.status = status
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self) -> Answer:
        self.count += 1
        assert self.gate.wait(5)
        life = {} if self.life is None else {"expires_in": self.life}
        return Answer(self.status, {"access_token": f"token-{self.count}", **life}, {})


class Clock:
    """A clock that a test moves; it calls `then` after so many readings."""

    now = 0.0

    def __init__(self, readings: int = 0, then: Callable[[], None] = lambda: None) -> None:
        self._readings = readings
        self._then = then

    def __call__(self) -> float:
        self._readings -= 1
        if self._readings == 0:
            self._then()
        return self.now


def _twenty_times(work: Callable[[], str]) -> list[str | GenesysError]:
    def run(_: int) -> str | GenesysError:
        try:
            return work()
        except GenesysError as fault:
            return fault

    with ThreadPoolExecutor(20) as pool:
        return list(pool.map(run, range(20)))


def test_twenty_threads_share_one_sign_in() -> None:
    sign_in = SignIn()
    sign_in.gate.clear()
    clock = Clock(readings=21, then=sign_in.gate.set)  # one at the start, one per thread
    token = AccessToken(sign_in, clock)
    assert _twenty_times(token.current) == ["token-1"] * 20
    assert sign_in.count == 1


def test_twenty_threads_share_one_failure() -> None:
    sign_in = SignIn(status=503)
    sign_in.gate.clear()
    clock = Clock(readings=21, then=sign_in.gate.set)
    faults = _twenty_times(AccessToken(sign_in, clock).current)
    assert all(isinstance(fault, Unavailable) for fault in faults)
    assert sign_in.count == 1


def test_a_failure_is_not_remembered() -> None:
    sign_in = SignIn(status=503)
    token = AccessToken(sign_in)
    with pytest.raises(Unavailable):
        token.current()
    sign_in.status = 200
    assert token.current() == "token-2"


@pytest.mark.parametrize(
    ("life", "good_until"),
    [
        (86_400, 86_100),  # five minutes before a long life ends
        (1_000, 900),  # a tenth of a short one
        (None, 270),  # no life given: the shortest that Genesys allows
    ],
)
def test_the_token_is_renewed_before_it_expires(life: int | None, good_until: int) -> None:
    sign_in = SignIn(life)
    clock = Clock()
    token = AccessToken(sign_in, clock)
    token.current()
    clock.now = good_until - 1
    assert token.current() == "token-1"
    clock.now = good_until
    assert token.current() == "token-2"


def test_a_rejected_token_is_replaced_once_for_all_threads() -> None:
    sign_in = SignIn()
    token = AccessToken(sign_in)
    held = token.current()
    assert _twenty_times(lambda: token.renew(held)) == ["token-2"] * 20
    assert sign_in.count == 2


@pytest.mark.parametrize(
    "body", ["<html>", {}, {"access_token": 7}, {"access_token": "t", "expires_in": "x"}]
)
def test_a_sign_in_that_returns_no_token_is_unexpected_and_definite(body: Any) -> None:
    token = AccessToken(lambda: Answer(200, body, {}))
    with pytest.raises(UnexpectedAnswer) as caught:
        token.current()
    assert caught.value.definite


def test_many_calls_with_an_expired_token_renew_it_once(raw: Any, connect: Connect) -> None:
    tokens = iter(range(100))
    together = threading.Barrier(20, timeout=5)

    def api(asked: Any) -> Any:
        if asked.headers["authorization"] == "Bearer 0":
            together.wait()
            return raw.reply({"code": "bad.credentials"}, 401)
        return raw.reply({"organization": {"name": "Example"}})

    raw.token = lambda _: raw.reply({"access_token": str(next(tokens)), "expires_in": 1000})
    raw.api = api
    cloud = connect(raw.url)
    assert _twenty_times(lambda: check_access(cloud)) == ["Example"] * 20
    assert len(raw.requests("oauth")) == 2


def test_a_second_401_is_bad_credentials(raw: Any, connect: Connect) -> None:
    raw.api = lambda _: raw.reply(
        {"code": "bad.credentials", "message": "Invalid login credentials."}, 401
    )
    with pytest.raises(BadCredentials) as caught:
        connect(raw.url).call("GET", ME)
    assert caught.value.code == "bad.credentials"
    assert len(raw.requests(ME)) == 2
    assert len(raw.requests("oauth")) == 2


def test_a_send_with_an_expired_token_goes_out_once(local: Any, cloud: GenesysCloud) -> None:
    local.order("agentless", "expired_token", times=1)
    jane = cloud.call(
        "POST",
        "/api/v2/externalcontacts/identifierlookup/contacts",
        body={"type": "Email", "value": "jane@example.com"},
    )
    send_once(cloud, OutboundMessage(jane["id"], local.genesys.deployment_id, "Hello"))
    assert [call["status"] for call in local.calls("agentless")] == [401, 202]


def test_the_real_sign_in_works(local: Any, cloud: GenesysCloud) -> None:
    assert check_access(cloud)


@pytest.mark.parametrize("part", ["client_id", "client_secret"])
@pytest.mark.parametrize("value", ["wrong", "geheimß", "x\udcff"])
def test_wrong_credentials_are_refused_without_a_traceback(
    local: Any, connect: Connect, part: str, value: str
) -> None:
    with pytest.raises(BadCredentials, match=r"sign in|never issues"):
        check_access(connect(local.machine_url, **{part: value}))


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refused_sign_in_is_bad_credentials_and_keeps_what_genesys_said(
    raw: Any, connect: Connect, status: int
) -> None:
    raw.token = lambda _: raw.reply(
        {"error": "invalid_client", "error_description": "unknown client"},
        status,
        {"ININ-Correlation-Id": "abc"},
    )
    with pytest.raises(BadCredentials) as caught:
        check_access(connect(raw.url))
    fault = caught.value
    assert (fault.status, fault.code) == (status, "invalid_client")
    assert (fault.vendor_message, fault.correlation_id) == ("unknown client", "abc")


def test_a_sign_in_that_hangs_leaves_the_send_definite(raw: Any, connect: Connect) -> None:
    raw.token = lambda _: raw.stall()
    with pytest.raises(GenesysError) as caught:
        send_once(connect(raw.url, read_timeout=0.1), OutboundMessage("c", "d", "Hello"))
    assert caught.value.definite
    assert raw.requests("agentless") == []

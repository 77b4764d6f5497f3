"""A forged, old, future or repeated request is turned away, and remembering them is bounded."""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.signature import TOLERANCE_SECONDS, Signatures

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
NOW = 1_790_000_000
BODY = b"command=%2Fproactive&text=jane%40example.com"


class Clock:
    def __init__(self) -> None:
        self.now = float(NOW)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def signatures(clock: Clock) -> Signatures:
    return Signatures(SECRET, clock)


def _sign(body: bytes, timestamp: int | str = NOW, secret: str = SECRET) -> str:
    signed = b"v0:" + str(timestamp).encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def test_a_fresh_request_of_slack_s_is_admitted(signatures: Signatures) -> None:
    assert signatures.admit(BODY, str(NOW), _sign(BODY))


def test_slack_s_own_documented_example_is_admitted() -> None:
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow"
        b"&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner"
        b"&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands"
        b"%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    known = Signatures("8f742231b10e8888abcd99yyyzzz85a5", lambda: 1531420618.0)
    assert known.admit(
        body,
        "1531420618",
        "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
    )


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "v0=",
        "v0=" + "0" * 64,
        _sign(BODY, secret="another secret"),
        _sign(BODY + b"x"),
        _sign(BODY, NOW - 1),
        _sign(BODY).upper(),
        _sign(BODY).removeprefix("v0="),
        _sign(BODY) + "é",
    ],
)
def test_a_wrong_signature_is_turned_away(signature: str, signatures: Signatures) -> None:
    assert not signatures.admit(BODY, str(NOW), signature)


@pytest.mark.parametrize("off", [-TOLERANCE_SECONDS, -1, 0, 1, TOLERANCE_SECONDS])
def test_clocks_may_differ_by_five_minutes(off: int, signatures: Signatures) -> None:
    assert signatures.admit(BODY, str(NOW + off), _sign(BODY, NOW + off))


@pytest.mark.parametrize("off", [-TOLERANCE_SECONDS - 1, TOLERANCE_SECONDS + 1, 10**7, -NOW])
def test_an_old_or_future_request_is_turned_away(off: int, signatures: Signatures) -> None:
    assert not signatures.admit(BODY, str(NOW + off), _sign(BODY, NOW + off))


@pytest.mark.parametrize(
    "timestamp",
    ["", " ", "now", "-1790000000", "+1790000000", "1790000000.0", "1_790_000_000", "１７９", "²"],
)
def test_a_timestamp_that_is_no_number_is_turned_away(
    timestamp: str, signatures: Signatures
) -> None:
    assert not signatures.admit(BODY, timestamp, _sign(BODY, timestamp))


@pytest.mark.parametrize(
    ("body", "timestamp"),
    [
        pytest.param(b"\xff\xfe", str(NOW), id="body is not UTF-8"),
        pytest.param(BODY, "9" * 400, id="timestamp of 400 digits"),
        pytest.param(BODY, "9" * 5_000, id="timestamp of 5,000 digits"),
    ],
)
def test_what_the_verifier_chokes_on_is_turned_away(
    body: bytes, timestamp: str, signatures: Signatures
) -> None:
    assert not signatures.admit(body, timestamp, "v0=" + "0" * 64)


@given(body=st.binary().filter(lambda body: body.isascii()), timestamp=st.text(max_size=20))
def test_a_stranger_s_request_is_never_admitted_and_never_breaks_the_check(
    body: bytes, timestamp: str
) -> None:
    signatures = Signatures(SECRET, lambda: float(NOW))
    assert not signatures.admit(body, timestamp, _sign(body, NOW, secret="guess"))


def test_a_replay_is_turned_away(signatures: Signatures) -> None:
    assert signatures.admit(BODY, str(NOW), _sign(BODY))
    assert not signatures.admit(BODY, str(NOW), _sign(BODY))
    other = BODY + b"&x=1"
    assert signatures.admit(other, str(NOW), _sign(other))


def test_a_forgery_does_not_use_up_the_real_request(signatures: Signatures) -> None:
    assert not signatures.admit(b"forged", str(NOW), _sign(BODY))
    assert signatures.admit(BODY, str(NOW), _sign(BODY))


@pytest.mark.parametrize("ahead", [-TOLERANCE_SECONDS, 0, TOLERANCE_SECONDS])
def test_a_replay_is_turned_away_for_as_long_as_it_could_pass(
    ahead: int, signatures: Signatures, clock: Clock
) -> None:
    timestamp = NOW + ahead
    assert signatures.admit(BODY, str(timestamp), _sign(BODY, timestamp))
    while clock.now < NOW + 3 * TOLERANCE_SECONDS:
        clock.now += 7.5
        if clock.now == NOW + 2 * TOLERANCE_SECONDS:
            continue  # the very last moment: the next test
        other = str(clock.now).encode()
        signatures.admit(other, str(int(clock.now)), _sign(other, int(clock.now)))
        assert not signatures.admit(BODY, str(timestamp), _sign(BODY, timestamp))


def test_a_replay_is_turned_away_at_the_very_last_moment(
    signatures: Signatures, clock: Clock
) -> None:
    timestamp = NOW + TOLERANCE_SECONDS
    assert signatures.admit(BODY, str(timestamp), _sign(BODY, timestamp))
    clock.now = float(timestamp + TOLERANCE_SECONDS)
    assert not signatures.admit(BODY, str(timestamp), _sign(BODY, timestamp))


def test_what_is_remembered_is_bounded_by_ten_minutes_of_requests(
    signatures: Signatures, clock: Clock
) -> None:
    most = 0
    for number in range(2_000):
        clock.now += 1.0
        body = b"n=%d" % number
        assert signatures.admit(body, str(int(clock.now)), _sign(body, int(clock.now)))
        most = max(most, len(signatures._seen))  # no other way to see memory grow
    assert most <= 2 * TOLERANCE_SECONDS + 1


def test_strangers_fill_no_memory(signatures: Signatures) -> None:
    for number in range(100):
        signatures.admit(b"n=%d" % number, str(NOW), _sign(b"forged"))
    assert not signatures._seen

"""Only fresh, real and new requests of Slack's reach Bolt, and every body it sends is read."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import Callable
from itertools import product
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.response import BoltResponse
from slack_sdk.signature import Clock

from bot.ops.refused_requests import Reason, RefusedRequests
from bot.slack.http import MAX_BODY, TOLERANCE_SECONDS, Signatures, SlackEdge, parse
from bot.slack.interaction import read_interaction

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
NOW = 1_790_000_000
BODY = b"command=%2Fproactive&text=jane%40example.com"
FORM = "application/x-www-form-urlencoded"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
NAME = st.from_regex(r"[a-z_]{1,12}", fullmatch=True).filter(lambda name: name != "payload")


class SetClock(Clock):
    """A clock that a test sets."""

    def __init__(self, time: float = NOW) -> None:
        self.time = float(time)

    def now(self) -> float:
        return self.time


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def refused() -> RefusedRequests:
    return RefusedRequests()


@pytest.fixture
def signatures(clock: SetClock, refused: RefusedRequests) -> Signatures:
    return Signatures(SECRET, refused, clock)


def _sign(body: bytes, timestamp: int | str = NOW, secret: str = SECRET) -> str:
    signed = b"v0:" + str(timestamp).encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def test_a_fresh_request_is_accepted(signatures: Signatures) -> None:
    assert signatures.check(BODY, str(NOW), _sign(BODY))


def test_the_example_in_slacks_documentation_is_accepted() -> None:
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow"
        b"&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner"
        b"&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands"
        b"%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    known = Signatures("8f742231b10e8888abcd99yyyzzz85a5", RefusedRequests(), SetClock(1531420618))
    assert known.check(
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
def test_a_wrong_signature_is_refused(
    signature: str, signatures: Signatures, refused: RefusedRequests
) -> None:
    assert not signatures.check(BODY, str(NOW), signature)
    assert refused.counts == {Reason.FORGED: 1}


@pytest.mark.parametrize("off", [-TOLERANCE_SECONDS, -1, 0, 1, TOLERANCE_SECONDS])
def test_clocks_may_differ_by_five_minutes(off: int, signatures: Signatures) -> None:
    assert signatures.check(BODY, str(NOW + off), _sign(BODY, NOW + off))


@pytest.mark.parametrize("off", [-TOLERANCE_SECONDS - 1, TOLERANCE_SECONDS + 1, 10**7, -NOW])
def test_an_old_or_future_request_is_refused(
    off: int, signatures: Signatures, refused: RefusedRequests
) -> None:
    assert not signatures.check(BODY, str(NOW + off), _sign(BODY, NOW + off))
    assert refused.counts == {Reason.STALE: 1}


@pytest.mark.parametrize(
    ("off", "said"),
    [
        (-612, "the last one was 612 seconds behind this machine's clock"),
        (612, "the last one was 612 seconds ahead of this machine's clock"),
    ],
)
def test_the_log_tells_a_wrong_clock_from_a_wrong_secret(
    off: int, said: str, signatures: Signatures, caplog: pytest.LogCaptureFixture
) -> None:
    signatures.check(BODY, str(NOW + off), _sign(BODY, NOW + off))
    assert said in caplog.text
    assert "SLACK_SIGNING_SECRET" not in caplog.text
    caplog.clear()
    signatures.check(BODY, str(NOW + off), _sign(BODY, NOW + off, secret="of another app"))
    assert "SLACK_SIGNING_SECRET" in caplog.text
    assert "clock" not in caplog.text


@pytest.mark.parametrize(
    "timestamp",
    ["", " ", "now", "-1790000000", "1790000000.0", "１７９", "²"],
)
def test_a_timestamp_that_is_no_number_is_refused(timestamp: str, signatures: Signatures) -> None:
    assert not signatures.check(BODY, timestamp, _sign(BODY, timestamp))


@pytest.mark.parametrize(
    ("body", "timestamp"),
    [
        pytest.param(b"\xff\xfe", str(NOW), id="body is not UTF-8"),
        pytest.param(BODY, "9" * 400, id="timestamp of 400 digits"),
        pytest.param(BODY, "9" * 5_000, id="timestamp of 5,000 digits"),
    ],
)
def test_what_the_sdk_cannot_verify_is_refused(
    body: bytes, timestamp: str, signatures: Signatures
) -> None:
    assert not signatures.check(body, timestamp, "v0=" + "0" * 64)


@given(body=st.binary().filter(lambda body: body.isascii()), timestamp=st.text(max_size=20))
def test_a_strangers_request_is_refused_whatever_it_is(body: bytes, timestamp: str) -> None:
    signatures = Signatures(SECRET, RefusedRequests(), SetClock())
    assert not signatures.check(body, timestamp, _sign(body, NOW, secret="guess"))


def test_a_replay_is_refused(signatures: Signatures, refused: RefusedRequests) -> None:
    assert signatures.check(BODY, str(NOW), _sign(BODY))
    assert not refused.counts
    assert not signatures.check(BODY, str(NOW), _sign(BODY))
    assert refused.counts == {Reason.REPEATED: 1}
    other = BODY + b"&x=1"
    assert signatures.check(other, str(NOW), _sign(other))


def test_a_menu_may_ask_the_same_twice_in_a_second(
    signatures: Signatures, refused: RefusedRequests
) -> None:
    asked = urlencode({"payload": json.dumps({"type": "block_suggestion", "value": "a"})}).encode()
    hidden = urlencode({"payload": json.dumps({"type": "x", "value": asked.decode()})}).encode()
    for body, is_fine in ((asked, True), (hidden, False), (b"payload=%7B", False)):
        signed = str(NOW), _sign(body)
        assert signatures.check(body, *signed)
        assert signatures.check(body, *signed) is is_fine
    assert refused.counts == {Reason.REPEATED: 2}


def test_a_forgery_does_not_use_up_the_real_request(signatures: Signatures) -> None:
    assert not signatures.check(b"forged", str(NOW), _sign(BODY))
    assert signatures.check(BODY, str(NOW), _sign(BODY))


@pytest.mark.parametrize("ahead", [-TOLERANCE_SECONDS, 0, TOLERANCE_SECONDS])
def test_a_replay_is_refused_for_as_long_as_its_signature_is_valid(
    ahead: int, signatures: Signatures, clock: SetClock
) -> None:
    timestamp = NOW + ahead
    assert signatures.check(BODY, str(timestamp), _sign(BODY, timestamp))
    while clock.time < NOW + 3 * TOLERANCE_SECONDS:
        clock.time += 7.5
        if clock.time == NOW + 2 * TOLERANCE_SECONDS:
            continue  # the very last moment: the next test
        other = str(clock.time).encode()
        signatures.check(other, str(int(clock.time)), _sign(other, int(clock.time)))
        assert not signatures.check(BODY, str(timestamp), _sign(BODY, timestamp))


def test_a_replay_is_refused_at_the_very_last_moment(
    signatures: Signatures, clock: SetClock
) -> None:
    timestamp = NOW + TOLERANCE_SECONDS
    assert signatures.check(BODY, str(timestamp), _sign(BODY, timestamp))
    clock.time = float(timestamp + TOLERANCE_SECONDS)
    assert not signatures.check(BODY, str(timestamp), _sign(BODY, timestamp))


def test_no_more_than_ten_minutes_of_requests_are_remembered(
    signatures: Signatures, clock: SetClock
) -> None:
    most = 0
    for number in range(2_000):
        clock.time += 1.0
        body = b"n=%d" % number
        assert signatures.check(body, str(int(clock.time)), _sign(body, int(clock.time)))
        most = max(most, len(signatures._seen))  # no other way to see memory grow
    assert most <= 2 * TOLERANCE_SECONDS + 1


def test_refused_requests_are_not_remembered(signatures: Signatures) -> None:
    for number in range(100):
        signatures.check(b"n=%d" % number, str(NOW), _sign(b"forged"))
    assert not signatures._seen


@given(st.dictionaries(NAME, TEXT, min_size=1, max_size=8))
def test_every_form_field_arrives_as_it_was_typed(fields: dict[str, str]) -> None:
    assert parse(urlencode(fields).encode(), FORM) == fields


@given(st.text("ab=&+%;0 é\x00", max_size=40))
def test_a_malformed_form_is_read_as_the_standard_library_reads_it(text: str) -> None:
    assert parse(text.encode(), FORM) == dict(parse_qsl(text, keep_blank_values=True))


def test_an_empty_field_is_kept() -> None:
    assert parse(b"command=%2Fproactive&text=", FORM) == {"command": "/proactive", "text": ""}


def test_a_command_with_the_word_payload_in_it_is_read() -> None:
    fields = {"command": "/proactive", "text": "jane@example.com your payload= has arrived"}
    assert parse(urlencode(fields).encode(), FORM) == fields


@pytest.mark.parametrize("content_type", [FORM, FORM + "; charset=utf-8"])
def test_an_interaction_is_read_from_its_payload(content_type: str) -> None:
    payload = {"type": "view_submission", "view": {"id": "V1"}}
    form = urlencode({"payload": json.dumps(payload)}).encode()
    assert parse(form, content_type) == payload


def test_a_json_object_is_read() -> None:
    assert parse(b'{"type": "event_callback"}', "application/json") == {"type": "event_callback"}


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"payload=[1]", FORM),
        (b"payload=%7B", FORM),
        (b"[]", "application/json"),
        (b"", ""),
        (b"\xff", FORM),
        (b"[" * 100_000, "application/json"),
        (b'{"view":' * 100_000, "application/json"),
        (b"payload=" + b"%5B" * 100_000, FORM),
    ],
)
def test_anything_but_a_form_or_a_json_object_is_refused(body: bytes, content_type: str) -> None:
    with pytest.raises(ValueError):
        parse(body, content_type)


Answer = tuple[int, str, str]  # status, content type, body


@pytest.fixture
def heard() -> list[dict[str, Any]]:
    """Collect the bodies that reached the listener."""
    return []


@pytest.fixture
def post(heard: list[dict[str, Any]], refused: RefusedRequests) -> Callable[..., Answer]:
    """Send a request to the edge in front of an app with one listener."""

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id="T0TEAM", bot_token="xoxb-x")

    app = AsyncApp(
        process_before_response=True, request_verification_enabled=False, authorize=authorize
    )

    @app.command("/proactive")
    async def listen(ack: AsyncAck, body: dict[str, Any]) -> None:
        heard.append(body)
        await ack(text="heard", response_type="ephemeral")

    @app.error
    async def answer_error(error: Exception, body: dict[str, Any]) -> BoltResponse:
        read_interaction(body)
        return BoltResponse(status=200)

    edge = SlackEdge(app, SECRET, refused)

    def send(
        body: bytes = BODY,
        *,
        method: str = "POST",
        stamp: int = 0,
        content_type: str = FORM,
        chunk: int = MAX_BODY * 2,
        leaves: bool = False,
        **headers: str,
    ) -> Answer:
        timestamp = str(stamp or int(Clock().now()))
        sent = {
            "content-type": content_type,
            "x-slack-request-timestamp": timestamp,
            "x-slack-signature": _sign(body, timestamp),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        scope = {
            "type": "http",
            "method": method,
            "path": "/slack/events",
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in sent.items()],
        }
        parts = [body[at : at + chunk] for at in range(0, len(body), chunk)] or [b""]
        messages: list[dict[str, Any]] = [
            {"type": "http.request", "body": part, "more_body": leaves or part is not parts[-1]}
            for part in parts
        ]
        if leaves:
            messages.append({"type": "http.disconnect"})
        answered: list[Any] = []

        async def receive() -> dict[str, Any]:
            return messages.pop(0)

        async def answer(message: Any) -> None:
            answered.append(message)

        asyncio.run(edge(scope, receive, answer))
        start, content = answered
        kept = dict(start["headers"])
        assert int(kept[b"content-length"]) == len(content["body"])
        assert (kept.get(b"connection") == b"close") == (start["status"] == 413)
        return start["status"], kept[b"content-type"].decode(), content["body"].decode()

    return send


def test_a_signed_command_reaches_its_listener_and_the_ack_is_the_answer(
    post: Callable[..., Answer], heard: list[dict[str, Any]]
) -> None:
    status, content_type, body = post()
    assert (status, content_type) == (200, "application/json;charset=utf-8")
    assert json.loads(body) == {"text": "heard", "response_type": "ephemeral"}
    assert heard == [{"command": "/proactive", "text": "jane@example.com"}]


def test_a_body_in_pieces_is_put_together(
    post: Callable[..., Answer], heard: list[dict[str, Any]]
) -> None:
    assert post(chunk=7)[0] == 200
    assert heard == [{"command": "/proactive", "text": "jane@example.com"}]


def test_a_request_is_answered_once(post: Callable[..., Answer]) -> None:
    stamp = int(Clock().now())
    assert post(stamp=stamp)[0] == 200
    assert post(stamp=stamp)[0] == 401


@pytest.mark.parametrize(
    ("how", "status", "reason"),
    [
        ({"method": "GET"}, 405, None),
        ({"method": "PUT"}, 405, None),
        ({"body": b"x" * (MAX_BODY + 1)}, 413, Reason.TOO_LARGE),
        ({"body": b"x" * (MAX_BODY + 1), "chunk": 1000}, 413, Reason.TOO_LARGE),
        ({"content_length": str(MAX_BODY + 1)}, 413, Reason.TOO_LARGE),
        ({"content_length": "9" * 5_000}, 413, Reason.TOO_LARGE),
        ({"leaves": True}, 400, None),
        ({"x_slack_signature": "v0=00"}, 401, Reason.FORGED),
        ({"x_slack_signature": ""}, 401, Reason.FORGED),
        ({"x_slack_signature": "v0=é"}, 401, Reason.FORGED),
        ({"x_slack_request_timestamp": "yesterday"}, 401, Reason.FORGED),
        ({"stamp": NOW - 10**9}, 401, Reason.STALE),
        ({"body": b"payload=["}, 400, Reason.UNREADABLE),
        ({"body": b"payload=" + b"%5B" * 100_000}, 400, Reason.UNREADABLE),
        ({"content_type": "application/json"}, 400, Reason.UNREADABLE),
    ],
)
def test_a_refused_request_reaches_no_listener_and_is_counted(
    how: dict[str, Any],
    status: int,
    reason: Reason | None,
    post: Callable[..., Answer],
    heard: list[dict[str, Any]],
    refused: RefusedRequests,
) -> None:
    answer = post(**how)
    assert (answer[0], answer[1]) == (status, "text/plain;charset=utf-8")
    assert not heard
    assert refused.counts == ({reason: 1} if reason else {})


SHAPES = [None, 7, "text", [], [None], {}, {"id": None}]
NAMES = (
    *("type", "view", "user", "team", "channel", "message", "actions", "container", "enterprise"),
    *("callback_id", "authorizations", "event", "state", "command", "trigger_id", "response_url"),
    *("is_enterprise_install", "function_data", "bot_access_token", "action_ts", "inputs"),
)
KINDS = ("block_actions", "view_submission", "view_closed", "message_action", "shortcut", "x")


@pytest.mark.parametrize("kind", KINDS)
def test_a_signed_payload_of_any_shape_is_answered_without_a_server_error(
    kind: str, post: Callable[..., Answer], caplog: pytest.LogCaptureFixture
) -> None:
    for name, shape in product(NAMES, SHAPES):
        payload = {"type": kind, "view": {"id": "V1"}, "secret": "canary", name: shape}
        status, _, _ = post(urlencode({"payload": json.dumps(payload)}).encode())
        assert status < 500, payload
    assert "canary" not in caplog.text


def test_the_largest_body_is_read(post: Callable[..., Answer]) -> None:
    fields = b"command=%2Fproactive&text="
    assert post(fields + b"x" * (MAX_BODY - len(fields)))[0] == 200


def test_a_command_that_nobody_listens_to_is_not_found(post: Callable[..., Answer]) -> None:
    assert post(b"command=%2Fother")[0] == 404

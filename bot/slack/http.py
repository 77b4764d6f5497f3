"""Takes Slack's HTTP requests: checks that each is real, fresh and new, and hands it to Bolt.

Nothing reads a request that is forged, old or repeated, except that a menu may search for the same
thing twice. The memory of past requests belongs to one process; a request that is repeated to
another one finds its view id already used.
https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

from __future__ import annotations

import hmac
import json
import re
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.response import BoltResponse
from slack_sdk.signature import Clock, SignatureVerifier
from starlette.types import Receive, Scope, Send
from yarl import URL

from bot.ops.refused_requests import Reason, RefusedRequests
from bot.slack.errors import dispatch

MAX_BODY = 1_000_000  # bytes; Slack's largest request is a 250 kB view, percent-encoded
TOLERANCE_SECONDS = 300  # how far Slack's clock and ours may differ
_TOO_LARGE = 413
_FORM = "application/x-www-form-urlencoded"
_TIMESTAMP = re.compile(r"[0-9]{1,12}")


class SlackEdge:
    """Answers Slack's requests; a plain ASGI app, because every ack waits for it."""

    def __init__(self, app: AsyncApp, signing_secret: str, refused: RefusedRequests) -> None:
        self._app = app
        self._signatures = Signatures(signing_secret, refused)
        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        answer = await self._answer(scope, receive)
        content = answer.body.encode()
        headers = [
            (b"content-type", answer.headers["content-type"][0].encode()),
            (b"content-length", b"%d" % len(content)),
        ]
        if answer.status == _TOO_LARGE:
            headers.append((b"connection", b"close"))  # else the rest of it would still come
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def _answer(self, scope: Scope, receive: Receive) -> BoltResponse:
        if scope["method"] != "POST":
            return BoltResponse(status=405, body="Slack sends POST requests")
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        try:
            body = await _read(receive, headers.get(b"content-length", ""))
        except _TooLargeError:
            self._refused.add(Reason.TOO_LARGE)
            return BoltResponse(status=_TOO_LARGE, body="the body is too large")
        if body is None:
            return BoltResponse(status=400, body="the request is incomplete")
        timestamp = headers.get(b"x-slack-request-timestamp", "")
        if not self._signatures.check(body, timestamp, headers.get(b"x-slack-signature", "")):
            return BoltResponse(status=401, body="not a fresh request from Slack")
        try:
            payload = parse(body, headers.get(b"content-type", ""))
        except ValueError:
            answer = None
        else:
            answer = await dispatch(self._app, payload)
        if answer is None:
            self._refused.add(Reason.UNREADABLE)
            return BoltResponse(status=400, body="Slack sends forms and JSON objects")
        return answer


class Signatures:
    """Checks signatures and remembers those that could still be replayed."""

    def __init__(
        self, signing_secret: str, refused: RefusedRequests, clock: Clock | None = None
    ) -> None:
        self._clock = clock or Clock()
        self._refused = refused
        self._verifier = SignatureVerifier(signing_secret)
        self._seen: dict[str, float] = {}  # signature -> when it is too old to be replayed

    def check(self, body: bytes, timestamp: str, signature: str) -> bool:
        """Return whether a request is Slack's, fresh, and the first with its signature.

        A menu may ask the same twice in a second, because it changes nothing.
        """
        if not self._has_valid_signature(body, timestamp, signature):
            self._refused.add(Reason.FORGED)
            return False
        now = self._clock.now()
        age = now - int(timestamp)
        if abs(age) > TOLERANCE_SECONDS:
            self._refused.add(Reason.STALE, age)
            return False
        self._forget_before(now)
        if signature in self._seen:
            if _only_asks(body):
                return True
            self._refused.add(Reason.REPEATED)
            return False
        # Slack's clock may be ahead by the tolerance now, and behind by it at the end.
        self._seen[signature] = now + 2 * TOLERANCE_SECONDS
        return True

    def _has_valid_signature(self, body: bytes, timestamp: str, signature: str) -> bool:
        """Check nothing but the signature, so that a wrong clock is told from a wrong secret."""
        if not _TIMESTAMP.fullmatch(timestamp) or not signature.isascii():
            return False
        try:
            expected = self._verifier.generate_signature(timestamp=timestamp, body=body)
        except UnicodeDecodeError:
            return False
        return expected is not None and hmac.compare_digest(expected, signature)

    def _forget_before(self, now: float) -> None:
        while self._seen:
            oldest = next(iter(self._seen))  # the first one added is the first one to forget
            if self._seen[oldest] >= now:
                return
            del self._seen[oldest]


def _only_asks(body: bytes) -> bool:
    """Return whether a request only asks for a menu's options: nothing else about it is unique."""
    try:
        return parse(body, _FORM).get("type") == "block_suggestion"
    except ValueError:
        return False


def parse(body: bytes, content_type: str) -> dict[str, Any]:
    """Parse a body that is a form, a form with JSON in its field "payload", or a JSON object.

    Raises ValueError for anything else.
    """
    # Not left to Bolt: 1.30 reads a form as empty if it has the word "payload" but no such field.
    if content_type.startswith(_FORM):
        # yarl parses in C; the standard library would take a tenth of the whole ack.
        fields = dict(URL.build(query_string=body.decode("utf-8"), encoded=True).query.items())
        payload = _load(fields["payload"]) if "payload" in fields else fields
    else:
        payload = _load(body)
    if not isinstance(payload, dict):
        raise ValueError("not a JSON object")
    return payload


def _load(text: str | bytes) -> object:
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("too deep") from None


class _TooLargeError(Exception):
    """A body is larger than any that Slack sends."""


async def _read(receive: Receive, length: str) -> bytes | None:
    """Read the whole body; None if the sender has gone. Raises _TooLargeError."""
    if length.isdecimal() and (len(length) > len(str(MAX_BODY)) or int(length) > MAX_BODY):
        raise _TooLargeError
    body, is_more = bytearray(), True
    while is_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > MAX_BODY:
            raise _TooLargeError
        is_more = message.get("more_body", False)
    return bytes(body)

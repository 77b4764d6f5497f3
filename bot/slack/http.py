"""Takes Slack's HTTP requests: checks that each is real, fresh and new, and hands it to Bolt.

Nothing reads a request that is forged, old or repeated. The memory of past requests belongs to one
process; a request that is repeated to another one finds its view id already used.
https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

from __future__ import annotations

import json
from typing import Any

from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.signature import Clock, SignatureVerifier
from starlette.types import Receive, Scope, Send
from yarl import URL

MAX_BODY = 1_000_000  # bytes; Slack's largest request is a 250 kB view, percent-encoded
TOLERANCE_SECONDS = 300  # SignatureVerifier's: how far Slack's clock and ours may differ


class SlackEdge:
    """Answers Slack's requests; a plain ASGI app, because every ack waits for it."""

    def __init__(self, app: AsyncApp, signing_secret: str) -> None:
        self._app = app
        self._signatures = Signatures(signing_secret)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        answer = await self._answer(scope, receive)
        content = answer.body.encode()
        headers = [
            (b"content-type", answer.headers["content-type"][0].encode()),
            (b"content-length", b"%d" % len(content)),
        ]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def _answer(self, scope: Scope, receive: Receive) -> BoltResponse:
        if scope["method"] != "POST":
            return BoltResponse(status=405, body="Slack sends POST requests")
        body = await _read(receive)
        if body is None:
            return BoltResponse(status=413, body="the body is too large")
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        timestamp = headers.get(b"x-slack-request-timestamp", "")
        if not self._signatures.accept(body, timestamp, headers.get(b"x-slack-signature", "")):
            return BoltResponse(status=401, body="not a fresh request from Slack")
        try:
            payload = parse(body, headers.get(b"content-type", ""))
        except ValueError:
            return BoltResponse(status=400, body="Slack sends forms and JSON objects")
        # Bolt's name for "already parsed and verified" is the mode that needs neither.
        return await self._app.async_dispatch(AsyncBoltRequest(body=payload, mode="socket_mode"))


class Signatures:
    """Checks signatures and remembers those that could still be replayed."""

    def __init__(self, signing_secret: str, clock: Clock | None = None) -> None:
        self._clock = clock or Clock()
        self._verifier = SignatureVerifier(signing_secret, self._clock)
        self._seen: dict[str, float] = {}  # signature -> when it is too old to be replayed

    def accept(self, body: bytes, timestamp: str, signature: str) -> bool:
        """Tell whether a request is Slack's, fresh, and the first with its signature."""
        try:
            is_valid = self._verifier.is_valid(body, timestamp, signature)
        except (ValueError, TypeError, OverflowError):  # not UTF-8, not a number, not ASCII
            return False
        if not is_valid:
            return False
        now = self._clock.now()
        self._forget_before(now)
        if signature in self._seen:
            return False
        # Slack's clock may be ahead by the tolerance now, and behind by it at the end.
        self._seen[signature] = now + 2 * TOLERANCE_SECONDS
        return True

    def _forget_before(self, now: float) -> None:
        while self._seen:
            oldest = next(iter(self._seen))  # the first one added is the first one to forget
            if self._seen[oldest] >= now:
                return
            del self._seen[oldest]


def parse(body: bytes, content_type: str) -> dict[str, Any]:
    """Parse a body that is a form, a form with JSON in its field "payload", or a JSON object.

    Raises ValueError for anything else.
    """
    # Not left to Bolt: 1.30 reads a form as empty if it has the word "payload" but no such field.
    if content_type.startswith("application/x-www-form-urlencoded"):
        # yarl parses in C; the standard library would take a tenth of the whole ack.
        fields = dict(URL.build(query_string=body.decode("utf-8"), encoded=True).query.items())
        payload = json.loads(fields["payload"]) if "payload" in fields else fields
    else:
        payload = json.loads(body)
    if not isinstance(payload, dict):
        raise ValueError("not a JSON object")
    return payload


async def _read(receive: Receive) -> bytes | None:
    """Read the whole body; None if it is too large or the sender has gone."""
    body, is_more = b"", True
    while is_more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > MAX_BODY:
            return None
        is_more = message.get("more_body", False)
    return body

"""The HTTP edge to Slack: each of its requests is checked, parsed, and handed to the Bolt app.

Promises: a forged, old or repeated request touches nothing; every body that Slack may send is
read, also one that trips Bolt's own parser. A plain ASGI function, because it stands in front of
every ack. Does not: know what the requests are about.
https://asgi.readthedocs.io/en/latest/specs/www.html
"""

from __future__ import annotations

import json
from typing import Any

from starlette.types import Receive, Scope, Send
from yarl import URL

from bot.slack.reception import Reception
from bot.slack.signature import Signatures

MAX_BODY = 1_000_000  # Slack's largest request is a view of 250 kB, percent-encoded


class SlackRequests:
    """Answers ``POST /slack/events``."""

    def __init__(self, app: Reception, signatures: Signatures) -> None:
        self._app = app
        self._signatures = signatures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["method"] != "POST":
            await _answer(send, 405, "Slack sends its requests by POST")
            return
        body = await _read(receive)
        if body is None:
            await _answer(send, 413, "the body is too large")
            return
        headers = dict(scope["headers"])
        if not self._signatures.admit(
            body,
            headers.get(b"x-slack-request-timestamp", b"").decode("latin-1"),
            headers.get(b"x-slack-signature", b"").decode("latin-1"),
        ):
            await _answer(send, 401, "not a fresh request of Slack's")
            return
        try:
            payload = parse(body, headers.get(b"content-type", b""))
        except ValueError:
            await _answer(send, 400, "the body is not what Slack sends")
            return
        answer = await self._app.receive(payload)
        await _answer(send, answer.status, answer.body, answer.headers["content-type"][0])


def parse(body: bytes, content_type: bytes) -> dict[str, Any]:
    """Parse a body, already verified, as Slack's forms and JSON are meant.

    Parsed here, because Bolt 1.30 reads a form that contains the word "payload" but has no such
    field as empty. Raises ValueError for what is not a form or a JSON object.
    """
    text = body.decode("utf-8", "replace")
    payload: Any
    if content_type.startswith(b"application/x-www-form"):
        # yarl splits in C what the standard library takes longer for than all else before Bolt.
        fields = dict(URL.build(query_string=text, encoded=True).query.items())
        payload = json.loads(fields["payload"]) if "payload" in fields else fields
    else:
        payload = json.loads(text)
    if not isinstance(payload, dict):
        raise ValueError("not a JSON object")
    return payload


async def _read(receive: Receive) -> bytes | None:
    """Read a whole body; None for one that is too large, or whose sender has gone."""
    body = b""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > MAX_BODY:
            return None
        more = message.get("more_body", False)
    return body


async def _answer(send: Send, status: int, body: str, content_type: str = "text/plain") -> None:
    content = body.encode()
    headers = [
        (b"content-type", content_type.encode("latin-1")),
        (b"content-length", b"%d" % len(content)),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})

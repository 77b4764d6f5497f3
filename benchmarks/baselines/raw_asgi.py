"""The floor: an ASGI function that checks Slack's signature and says 200, and nothing else."""

from __future__ import annotations

import os
from typing import Any

import uvicorn
from slack_sdk.signature import SignatureVerifier

_verifier = SignatureVerifier(os.environ["SLACK_SIGNING_SECRET"])


async def acknowledge(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer one request."""
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    headers = dict(scope["headers"])
    is_valid = _verifier.is_valid(
        body,
        headers.get(b"x-slack-request-timestamp", b"0").decode(),
        headers.get(b"x-slack-signature", b"").decode(),
    )
    start = {"type": "http.response.start", "status": 200 if is_valid else 401}
    await send({**start, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


if __name__ == "__main__":
    uvicorn.run(
        acknowledge,
        port=int(os.environ["PORT"]),
        loop="uvloop",
        http="httptools",
        lifespan="off",
        log_level="warning",
        access_log=False,
    )

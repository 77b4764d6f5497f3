"""A bare AsyncApp: as Bolt's documentation writes one, with nothing tuned.

It acks the command and opens a constant modal; with the text "help" it only answers. Over HTTP it
runs in Bolt's own ASGI adapter on uvicorn, with the same loop and parser as the bot.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import uvicorn
from slack_bolt.adapter.asgi.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

MODAL = json.loads(Path(__file__).with_name("modal.json").read_text(encoding="utf-8"))


def build_app() -> AsyncApp:
    """Build the app with the settings of the environment."""
    token = os.environ["SLACK_BOT_TOKEN"]
    app = AsyncApp(
        signing_secret=os.environ["SLACK_SIGNING_SECRET"],
        client=AsyncWebClient(token=token, base_url=os.environ["SLACK_API_URL"]),
    )

    @app.command("/proactive")
    async def open_modal(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        if body.get("text") == "help":
            await ack(response_type="ephemeral", text="Type /proactive to open the form.")
            return
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=MODAL)

    return app


if __name__ == "__main__":
    uvicorn.run(
        AsyncSlackRequestHandler(build_app()),
        port=int(os.environ["PORT"]),
        loop="uvloop",
        http="httptools",
        log_level="warning",
        access_log=False,
    )

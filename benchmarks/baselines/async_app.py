"""A default AsyncApp, as Bolt's documentation writes one: it acks the command and opens a form.

It runs in Bolt's own ASGI adapter on uvicorn, with the bot's event loop and HTTP parser. With
DATABASE_URL set it also launches DBOS, which makes it the least that a durable bot can be.
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
    """Build the app from the environment."""
    token = os.environ["SLACK_BOT_TOKEN"]
    app = AsyncApp(
        signing_secret=os.environ["SLACK_SIGNING_SECRET"],
        client=AsyncWebClient(token=token, base_url=os.environ["SLACK_API_URL"]),
    )

    @app.command("/proactive")
    async def open_modal(ack: AsyncAck, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=MODAL)

    return app


def launch_dbos(database_url: str) -> None:
    """Launch DBOS on a database."""
    from dbos import DBOS  # the default app doesn't need it

    DBOS(config={"name": "baseline", "system_database_url": database_url})
    DBOS.launch()


if __name__ == "__main__":
    app = build_app()
    if "DATABASE_URL" in os.environ:
        launch_dbos(os.environ["DATABASE_URL"])
    uvicorn.run(
        AsyncSlackRequestHandler(app),
        port=int(os.environ["PORT"]),
        loop="uvloop",
        http="httptools",
        log_level="warning",
        access_log=False,
    )

"""The least that a durable bot can be: a bare AsyncApp on uvicorn beside a launched engine.

It acknowledges the slash command and has a SQLite database of the engine's in its working folder.
``python bare_engine.py PORT SIGNING-SECRET``.
"""

import os
import sys

import uvicorn
from dbos import DBOS
from slack_bolt.adapter.asgi.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.authorization import AuthorizeResult


async def authorize() -> AuthorizeResult:
    """Spare it the call of auth.test, which the bot spares itself."""
    return AuthorizeResult(enterprise_id=None, team_id="T0BENCH", bot_token="xoxb-benchmark")


def main() -> None:
    """Serve until told to stop."""
    app = AsyncApp(signing_secret=sys.argv[2], authorize=authorize)

    @app.command("/proactive")
    async def on_command(ack: AsyncAck) -> None:
        await ack()

    DBOS(config={"name": "bare", "system_database_url": "sqlite:///engine.sqlite"})
    DBOS.launch()
    handler = AsyncSlackRequestHandler(app)
    uvicorn.run(handler, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
    os._exit(0)


if __name__ == "__main__":
    main()

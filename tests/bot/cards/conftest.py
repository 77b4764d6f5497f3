"""What the cards' tests share: a client that does in Slack what the bot's own can't."""

import ssl
from pathlib import Path

import pytest
from slack_sdk.web import WebClient

from tests.bot.conftest import Local

HISTORY_SCOPES = ["channels:history", "groups:history", "im:history", "mpim:history"]


@pytest.fixture(scope="session")
def web(stand_ins: Local) -> WebClient:
    settings = stand_ins.sandbox.bot_environment(Path())
    return WebClient(
        settings["SLACK_BOT_TOKEN"],
        settings["SLACK_API_URL"],
        ssl=ssl.create_default_context(),
        retry_handlers=[],
    )


def answer_once(local: Local, method: str, code: str, status: int = 200) -> None:
    """Let Slack do nothing and answer once with ``ok`` false and this code."""
    body = {"ok": False, "error": code}
    # The stand-in sends 400 as Slack's own way to refuse: HTTP 200 with ``ok`` false.
    status = 400 if status == 200 else status
    local.order("slack", method, "status", status=status, body=body, times=1)


def direct_channel(local: Local) -> str:
    """Return the channel of the bot's direct messages to Ada."""
    shown = local.ask("GET", "/people/workspace?user=U0ADA")
    return next(str(one["id"]) for one in shown["channels"] if one["id"].startswith("D"))

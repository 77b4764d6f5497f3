"""Checks what the bot needs of Slack. It posts nothing and opens no connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from bot.cards.client import CLOCK_SKEW, SlackClient
from bot.cards.errors import SlackError, SlackRefused
from bot.cli.check_clock import check_clock
from bot.cli.check_scopes import check_scopes
from bot.cli.result import Result, ok, skipped, warning, wrong
from bot.rules.rules_file import Rules
from bot.settings import Settings
from bot.slack.http import TOLERANCE_SECONDS

_NAME, _SOCKET, _CHANNEL = "Slack", "Socket Mode", "Outcomes channel"
_TOLERANCE = timedelta(seconds=CLOCK_SKEW)  # beyond it, the bot misses posts of its own
_HTTP_LIMIT = timedelta(seconds=TOLERANCE_SECONDS)  # beyond it, the bot refuses requests
_NO_MESSAGE = "1.000000"  # a time at which nobody wrote


def check_slack(
    settings: Settings, rules: Rules, slack: SlackClient, clock: Callable[[], datetime]
) -> Iterator[Result]:
    """Check the token, its scopes, the clock, the socket or the HTTP mode, and the channel."""
    before = clock()
    try:
        workspace = slack.check_token()
    except SlackRefused as refusal:
        what = f"Slack refuses the bot token ({refusal.code})."
        yield wrong(_NAME, what, "Copy SLACK_BOT_TOKEN again from OAuth & Permissions.")
        return
    except SlackError as error:
        yield wrong(_NAME, f"{error}.", "Check the network, the proxy and SLACK_API_URL.")
        return
    after = clock()
    yield ok(_NAME, f"workspace {workspace.name}")
    yield check_scopes(workspace.scopes, rules)
    limit = {} if settings.uses_socket_mode else {"limit": _HTTP_LIMIT}
    yield check_clock("Slack", before, workspace.answered_at, after, tolerance=_TOLERANCE, **limit)
    yield _check_way_in(settings, slack)
    if settings.outcomes_channel:
        yield _check_channel(settings.outcomes_channel, slack)


def _check_way_in(settings: Settings, slack: SlackClient) -> Result:
    """Check how Slack reaches the bot."""
    if not settings.uses_socket_mode:
        what = "Slack calls the bot, so the signing secret couldn't be checked."
        fix = "If commands fail, look for refused requests in the bot's log."
        return skipped("HTTP mode", what, fix)
    try:
        slack.check_app_token(settings.slack_app_token)
    except SlackRefused as refusal:
        what = f"Slack refuses the app-level token ({refusal.code})."
        fix = (
            "Copy SLACK_APP_TOKEN again from Basic Information, App-Level Tokens. It needs "
            "connections:write, and the app needs Socket Mode."
        )
        return wrong(_SOCKET, what, fix)
    except SlackError as error:
        return wrong(_SOCKET, f"{error}.", "Check the network, the proxy and SLACK_API_URL.")
    return ok(_SOCKET, "Slack lets the bot open a connection")


def _check_channel(channel: str, slack: SlackClient) -> Result:
    """Ask for a message that doesn't exist: the refusal says whether the bot sees the channel.

    That needs no scope. Whether the bot may post there only shows when it does.
    https://docs.slack.dev/reference/methods/chat.getPermalink
    """
    try:
        slack.permalink(channel, _NO_MESSAGE)
    except SlackRefused as refusal:
        if refusal.code == "message_not_found":
            return ok(_CHANNEL, f"the bot sees {channel}")
        what = f"the bot doesn't see {channel} ({refusal.code}), so outcomes aren't posted there."
        fix = "Check PROACTIVE_OUTCOMES_CHANNEL, and invite the bot if the channel is private."
        return warning(_CHANNEL, what, fix)
    except SlackError as error:
        return skipped(_CHANNEL, f"{error}.", "Run the doctor again.")
    return ok(_CHANNEL, f"the bot sees {channel}")

"""Checks that the digest, if the rules want one, has a channel to be posted in."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.exc import SQLAlchemyError

from bot.cli.existing_database import open_existing
from bot.cli.result import Result, ok, warning
from bot.rules.rule_sections import Every
from bot.rules.rules_file import Rules
from bot.settings import Settings
from bot.storage.open import UnusableDatabase
from bot.storage.outcome_channels import OutcomeChannels

_NAME = "Digest"
FIX = (
    'Let a lead type "outcomes here all" after the command in the channel that should have it, or '
    "set PROACTIVE_OUTCOMES_CHANNEL."
)


def check_digest(settings: Settings, rules: Rules) -> Iterator[Result]:
    """Warn if no outcomes channel is chosen for all channels."""
    if rules.digest.every is Every.OFF:
        return
    try:
        with open_existing(settings.database_url) as database:
            channel = OutcomeChannels(database, settings.outcomes_channel).find()
    except (UnusableDatabase, SQLAlchemyError):  # its own check tells
        channel = settings.outcomes_channel
    if channel:
        yield ok(_NAME, f"it's posted in the channel {channel}")
    else:
        yield warning(_NAME, "it's posted nowhere: no outcomes channel is chosen.", FIX)

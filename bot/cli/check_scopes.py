"""Checks that the app has the scopes which the bot and its rules need."""

from __future__ import annotations

from bot.cli.manifest import CHANNEL_SCOPES, GROUP_SCOPE, HISTORY_SCOPES, PEOPLE_SCOPE, SCOPES
from bot.cli.result import Result, ok, skipped, warning, wrong
from bot.rules.needs import needs_channels, needs_groups, needs_people
from bot.rules.rules_file import Rules

_NAME = "Scopes"
_NEEDS = (
    (needs_people, (PEOPLE_SCOPE,), "who is a guest"),
    (needs_channels, CHANNEL_SCOPES, "which channels are shared"),
    (needs_groups, (GROUP_SCOPE,), "who is in a user group"),
)


def check_scopes(granted: frozenset[str], rules: Rules) -> Result:
    """Compare the scopes that were granted with the needed ones."""
    if not granted:
        return skipped(_NAME, "Slack doesn't list them.", "Compare them with manifest.yml.")
    missing = sorted(set(SCOPES) - granted)
    if missing:
        what = f"the app lacks {', '.join(missing)}."
        return wrong(_NAME, what, "Add them under OAuth & Permissions and reinstall the app.")
    needed = _find_needed(granted, rules)
    if needed:
        lacking = ", ".join(scope for scopes in needed.values() for scope in scopes)
        what = (
            f"the rules need {lacking} to know {' and '.join(needed)}, and the app lacks that. "
            "The bot refuses what it can't check."
        )
        fix = (
            "Grant it under OAuth & Permissions and reinstall the app, or switch off the rules "
            "that need it."
        )
        return wrong(_NAME, what, fix)
    without = sorted(set(HISTORY_SCOPES) - granted)
    if without:
        what = (
            f"without the optional {', '.join(without)}, a card or a line may appear twice after "
            "a lost answer."
        )
        fix = "Grant them under OAuth & Permissions and reinstall the app, or accept that."
        return warning(_NAME, what, fix)
    return ok(_NAME, "the app has what the bot and its rules need")


def _find_needed(granted: frozenset[str], rules: Rules) -> dict[str, list[str]]:
    """Return the scopes that the rules need and the app lacks, by what they're needed for."""
    lacking = {
        question: [scope for scope in scopes if scope not in granted]
        for is_needed, scopes, question in _NEEDS
        if is_needed(rules)
    }
    return {question: scopes for question, scopes in lacking.items() if scopes}

"""Checks that the rules file can be read, and that somebody can be asked for an approval."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from bot.cli.result import Result, ok, warning, wrong
from bot.rules.current_rules import CurrentRules
from bot.rules.rule_values import Effect
from bot.rules.rules_file import DEFAULTS, BadRules, Rules
from bot.settings import Settings, Show

_NAME = "Rules"


def check_rules_file(file: Path | None) -> tuple[Result, Rules]:
    """Return what was found and the rules; the defaults if the file is wrong."""
    try:
        rules = CurrentRules(file).rules
    except BadRules as bad:
        first = bad.problems[0]
        what = f"line {first.line} of {file} is wrong, so the bot doesn't start."
        fix = f"{first.sentence} `python -m bot rules check {file}` lists every mistake."
        return wrong(_NAME, what, fix), DEFAULTS
    return ok(_NAME, f"version {rules.version}"), rules


def check_approvers(settings: Settings, rules: Rules) -> Iterator[Result]:
    """Warn if messages wait for an approval that nobody is asked for."""
    approval = rules.approval
    wants_any = approval.everything or approval.first_message or approval.overrides
    if not (wants_any or rules.content.links is Effect.APPROVE):
        return
    if approval.channel or settings.show is not Show.DIRECT:
        return
    named = approval if approval.users or approval.groups else rules.leads
    if named.users or named.groups or (named is rules.leads and settings.leads):
        return
    what = (
        "messages wait for an approval, cards are shown in direct messages only, and I know nobody "
        "whom I could ask."
    )
    fix = "Set approval.channel or approval.users in the rules file, or PROACTIVE_LEADS."
    yield warning("Approvers", what, fix)

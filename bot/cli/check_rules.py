"""Checks that the rules file can be read, and says which version of it is."""

from __future__ import annotations

from pathlib import Path

from bot.cli.result import Result, ok, wrong
from bot.rules.current_rules import CurrentRules
from bot.rules.rules_file import DEFAULTS, BadRules, Rules

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

"""``python -m bot rules``: checks a rules file, and prints what an editor needs to know about one.

It needs none of the bot's settings.
"""

from __future__ import annotations

import json
from pathlib import Path

from bot.cli.check_digest import FIX
from bot.rules.rule_sections import Every
from bot.rules.rules_file import BadRules, RulesFile, read_file


def check_rules(file: str) -> tuple[int, list[str]]:
    """Return the exit status and the lines to print: 0 if it's valid, 1 if not, 2 if unreadable."""
    try:
        rules = read_file(Path(file))
    except OSError as error:
        return 2, [f"{file}: can't be read ({error.strerror})"]
    except BadRules as bad:
        return 1, [f"{file}:{problem.line}: {problem.sentence}" for problem in bad.problems]
    found = [f"{file}: valid, version {rules.version}"]
    if rules.digest.every is not Every.OFF:
        found.append(f"The digest needs an outcomes channel for all channels. {FIX}")
    return 0, found


def describe_rules() -> str:
    """Return the JSON Schema of the rules file, with a description of every setting."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **RulesFile.model_json_schema(),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False)

"""``python -m bot doctor``: checks whether the bot can work with these settings.

It sends and changes nothing. Whatever it finds says what to do.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from datetime import datetime

from bot.cards.client import SlackClient
from bot.cli.check_database import check_database
from bot.cli.check_digest import check_digest
from bot.cli.check_genesys import check_genesys
from bot.cli.check_rules import check_approvers, check_rules_file
from bot.cli.check_slack import check_slack
from bot.cli.check_templates import check_templates
from bot.cli.result import Result, Severity, wrong
from bot.clock import utc_now
from bot.settings import Settings
from bot.wiring import connection_to
from genesys import GenesysCloud

_WORDS = {
    Severity.OK: "ok",
    Severity.SKIPPED: "skipped",
    Severity.WARNING: "WARNING",
    Severity.WRONG: "WRONG",
}
_STATUS = {Severity.WARNING: 1, Severity.WRONG: 2}  # exit statuses; everything else is 0


def run_checks(
    settings: Settings, *, as_json: bool = False, clock: Callable[[], datetime] = utc_now
) -> int:
    """Make and print all checks; return the exit status: 0, 1 (warnings) or 2 (can't work)."""
    return report(_check_all(settings, clock), as_json=as_json)


def report_problems(problems: Iterable[str]) -> int:
    """Print what's wrong with the settings as JSON; return the exit status."""
    fix = "Set it as .env.example says."
    return report((wrong("Settings", problem, fix) for problem in problems), as_json=True)


def report(results: Iterable[Result], *, as_json: bool) -> int:
    """Print results, as text while they come; return the exit status."""
    worst, shown = 0, []
    for result in results:
        worst = max(worst, _STATUS.get(result.severity, 0))
        shown.append(asdict(result))
        if not as_json:
            sys.stdout.write(_as_text(result))
            sys.stdout.flush()
    if as_json:
        sys.stdout.write(json.dumps({"status": worst, "checks": shown}, indent=2) + "\n")
    return worst


def _as_text(result: Result) -> str:
    line = f"{_WORDS[result.severity]:8}{result.name}: {result.what}\n"
    return f"{line}{'':8}{result.fix}\n" if result.fix else line


def _check_all(settings: Settings, clock: Callable[[], datetime]) -> Iterator[Result]:
    yield check_database(settings.database_url)
    found, rules = check_rules_file(settings.rules_file)
    yield found
    yield from check_approvers(settings, rules)
    yield from check_digest(settings, rules)
    slack = SlackClient(settings.slack_bot_token, settings.slack_api_url)
    yield from check_slack(settings, rules, slack, clock)
    cloud = GenesysCloud(connection_to(settings))
    yield from check_genesys(cloud, settings.genesys_deployment_id, clock)
    yield from check_templates(cloud, rules)
    cloud.close()

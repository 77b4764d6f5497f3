"""How soon a form shows who the customer is, and how many calls of Genesys that costs.

Once with nothing else to show, and once with earlier messages to the customer and a list of
templates, which are read from the database and from memory. A Genesys call takes 50 ms.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import sqlalchemy as sa

from benchmarks.bot import SQLITE, THIS, write_rules
from benchmarks.load import run_at
from benchmarks.old_requests import add_finished_request
from benchmarks.report import Report, alternate, percentile, table
from benchmarks.slack_requests import commands, new_presses
from benchmarks.stage import Run, Stage
from benchmarks.targets import EVIDENCE_CALLS, EVIDENCE_TIME
from bot.storage.database import Database
from bot.storage.keys import Keys
from bot.storage.requests import RequestStore
from bot.storage.tables import history

ROUNDS = 3
GENESYS_MS = 50
LOOKUPS = 30  # customers in each round
MESSAGES = 5  # earlier ones to each customer
TEMPLATES = 1_000
_P50, _P95, _CALLS = "p50, ms", "p95, ms", "Genesys calls for each"
_WITHOUT, _WITH = "without either", "with history and templates"


def measure(run: Run) -> Report:
    """Measure both in turn."""
    lookups, templates = (2, 10) if run.smoke else (LOOKUPS, TEMPLATES)
    found = alternate(
        {
            _WITHOUT: partial(_measure_once, run, lookups, 0, 0),
            _WITH: partial(_measure_once, run, lookups, MESSAGES, templates),
        },
        run.rounds(ROUNDS),
    )
    columns = (_P50, _P95, _CALLS)
    more = found[_WITH][_CALLS].median - found[_WITHOUT][_CALLS].median
    return Report(
        "From the command to the evidence in the form",
        ("form", *columns),
        table(found, columns),
        (
            EVIDENCE_CALLS.judge(more),
            EVIDENCE_TIME.judge(found[_WITH][_P50].over(found[_WITHOUT][_P50])),
        ),
        (
            f"{lookups} customers a round; {MESSAGES} earlier messages to each, and {templates:,} "
            "templates in the rules file.",
        ),
    )


def _measure_once(run: Run, lookups: int, messages: int, templates: int) -> Mapping[str, float]:
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        settings = {
            "PROACTIVE_UNDO_SECONDS": "0",
            "PROACTIVE_RULES": str(write_rules(Path(folder), _list_templates(templates))),
        }
        with run.stage(THIS, SQLITE, genesys_ms=GENESYS_MS, settings=settings) as stage:
            customers = [press.address for press in new_presses(lookups)]
            _add_messages(stage.bot.database_url, customers, messages)
            _look_up(stage, "somebody@example.com")  # once, to sign in
            calls = len(stage.genesys.calls())
            ms = [_look_up(stage, address) for address in customers]
            return {
                _P50: percentile(ms, 0.5),
                _P95: percentile(ms, 0.95),
                _CALLS: (len(stage.genesys.calls()) - calls) / lookups,
            }


def _add_messages(url: str, customers: Sequence[str], messages: int) -> None:
    """Add so many earlier messages to each customer, with nothing left to do about them."""
    database = Database(url)
    store = RequestStore(database, lambda _connection, _job: None, Keys(database))
    for address in customers:
        for number in range(messages):
            add_finished_request(store, f"old-{address}-{number}", address)
    with database.transaction() as connection:
        connection.execute(sa.update(history).values(posted_ts="1.1"))
    database.close()


def _look_up(stage: Stage, address: str) -> float:
    """Type a command with a customer; return the milliseconds until the form shows who that is."""
    updates = stage.slack.count("views.update")
    (ack,) = run_at(stage.bot.address, commands(stage.bot.secret, 1, address), 1)
    # The first update says that the customer is being looked up, the second one what was found.
    stage.bot.wait_until(
        lambda: stage.slack.count("views.update") >= updates + 2, "the evidence", 10.0, 0.002
    )
    return 1000 * (stage.slack.last("views.update") - ack.due)


def _list_templates(count: int) -> str:
    if not count:
        return ""
    templates = (
        f'[[templates.list]]\nname = "Template {number}"\ntext = "Order {{{{order}}}} is ready."\n'
        for number in range(count)
    )
    return '[templates]\nsource = "file"\n' + "".join(templates)

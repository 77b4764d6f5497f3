"""Presses of Send by number, and what became of them: in the bot's database, and at Genesys.

Promises: each press is of another view, for another customer, with a text of its own, so that a
message that was lost, or sent twice, shows. Does not: sign or send (``load`` does).
"""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Sequence
from urllib.parse import quote_plus

import sqlalchemy as sa

from bot.request import Place
from bot.slack.form_input import CUSTOMER, MESSAGE, make_draft
from bot.slack.form_view import build_modal
from bot.storage.tables import open_database, requests

CHANNEL = "C0SUPPORT"
TEAM = {"id": "T0BENCH", "domain": "bench"}
USER = {"id": "U0ADA", "name": "ada", "username": "ada", "team_id": TEAM["id"]}
_NUMBERS = itertools.count(1)
_UNFINISHED = "('ENQUEUED', 'DELAYED', 'PENDING')"


def new_numbers(count: int) -> list[int]:
    """Return numbers of presses that nothing in this process has used."""
    return list(itertools.islice(_NUMBERS, count))


def text_of(number: int) -> str:
    """Return the message that press ``number`` asks for."""
    return f"Your order {number:06} is ready."


def submission(number: int, address: str = "") -> bytes:
    """Build the form that Slack posts for press ``number``; without an address of its own one."""
    address, text = address or f"customer-{number:06}@example.com", text_of(number)
    values = {
        CUSTOMER: {CUSTOMER: {"type": "plain_text_input", "value": address}},
        MESSAGE: {MESSAGE: {"type": "plain_text_input", "value": text}},
    }
    view_id = f"V0BENCH{number:06}"
    view = {
        **build_modal(make_draft(Place(TEAM["id"], CHANNEL), address, text, None)),
        "id": view_id,
        "root_view_id": view_id,
        "hash": f"1700000000.{number:06}",
        "team_id": TEAM["id"],
        "app_id": "A0BENCH",
        "bot_id": "B0BENCH",
        "state": {"values": values},
    }
    pressed = {
        "type": "view_submission",
        "team": TEAM,
        "user": USER,
        "api_app_id": "A0BENCH",
        "token": "not-a-secret",
        "trigger_id": f"{number}.1.abc",
        "view": view,
        "response_urls": [],
    }
    return b"payload=" + quote_plus(json.dumps(pressed)).encode()


class Books:
    """The bot's database, read from outside; close it after use."""

    def __init__(self, database_url: str) -> None:
        self._database = open_database(database_url)
        schema = "dbos." if self._database.dialect.name == "postgresql" else ""
        self._works = sa.text(
            f"SELECT count(*) FROM {schema}workflow_status WHERE status IN {_UNFINISHED}"
        )

    def close(self) -> None:
        """Let go of the database."""
        self._database.dispose()

    def states(self) -> Counter[str]:
        """Count the requests by their state."""
        query = sa.select(requests.c.state, sa.func.count()).group_by(requests.c.state)
        with self._database.connect() as connection:
            return Counter({str(state): int(count) for state, count in connection.execute(query)})

    def texts(self) -> list[str]:
        """Return the texts of all requests."""
        with self._database.connect() as connection:
            return list(connection.execute(sa.select(requests.c.text)).scalars())

    def works_left(self) -> int:
        """Count the pieces of work that the engine has not finished."""
        with self._database.connect() as connection:
            return int(connection.execute(self._works).scalar_one())

    def check_each_was_sent_once(self, sent: Sequence[str], numbers: Sequence[int]) -> None:
        """Raise AssertionError unless all these presses are held, and each was sent once."""
        wanted, held, got = set(map(text_of, numbers)), set(self.texts()), Counter(sent)
        assert held == wanted, f"{len(held)} recorded of {len(wanted)}"
        lost = wanted - got.keys()
        twice = [text for text, times in got.items() if times > 1]
        assert not lost and not twice, f"{len(lost)} not sent, {len(twice)} sent twice"

"""Compares what was asked for with what the database, Genesys and Slack have in the end.

`gather` takes the evidence once all stands still; `find_faults` says in words what is wrong with
it. The posts are told apart by the names that they carry in their metadata.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import sqlalchemy as sa

from bot.cards.card import STATE_WORDS
from bot.request import FINAL, QUIET, WATCHED, Event, State
from bot.storage.requests import NOT_SHOWN
from bot.storage.tables import history, postings, requests
from tests.product.conftest import CANARY, OUTCOMES, SUPPORT, words_of

Json = dict[str, Any]
SETTLED = FINAL | WATCHED | {State.UNCERTAIN}
SENT = WATCHED | {State.REPLIED}
UNSENT = {State.REFUSED, State.EXPIRED, State.CANCELLED}
_SLACK = 5.0  # seconds that a send which began in time may take
_OPEN_WORK = ("PENDING", "ENQUEUED")


class Watched(Protocol):
    """What is looked at; a Team is one."""

    def database(self) -> sa.Engine: ...
    def get(self, path: str) -> Json: ...


@dataclass(frozen=True)
class Books:
    """What the database says."""

    rows: tuple[Any, ...]
    lines: tuple[Any, ...]
    doubtful: int

    def of(self, request_id: str) -> Books:
        """Return what it says of one request."""
        rows = (row for row in self.rows if row.request_id == request_id)
        lines = (line for line in self.lines if line.request_id == request_id)
        return Books(tuple(rows), tuple(lines), 0)

    def restless(self) -> Counter[str]:
        """Count what has not settled yet, by what is missing."""
        missing = Counter(str(row.state) for row in self.rows if State(row.state) not in SETTLED)
        missing["old cards"] = sum(row.card_state != row.state for row in self.rows)
        missing["unposted lines"] = sum(line.posted_ts == "" for line in self.lines)
        missing["outcomes"] = sum(
            State(row.state) in FINAL and not row.outcome_ts for row in self.rows
        )
        missing["doubtful posts"] = self.doubtful
        return +missing


def read_books(engine: sa.Engine) -> Books:
    with engine.connect() as connection:
        return Books(
            tuple(connection.execute(sa.select(requests).order_by(requests.c.request_id))),
            tuple(connection.execute(sa.select(history).order_by(history.c.line_id))),
            connection.execute(sa.select(sa.func.count()).select_from(postings)).scalar_one(),
        )


@dataclass(frozen=True)
class Evidence:
    books: Books
    arrived: Mapping[str, list[float]]  # message text -> when Genesys took it, each time
    answered_after: Mapping[str, bool]  # text -> whether its customer wrote after it
    posts: Mapping[str, list[Json]]  # the post's name -> the messages that carry it


@dataclass
class Asked:
    """What the agents did, as far as it was acknowledged."""

    ids: dict[str, str] = field(default_factory=dict)  # message text -> request id
    sent_anyway: Counter[str] = field(default_factory=Counter)  # request id -> clicks


def gather(team: Watched, patience: float = 60.0) -> Evidence:
    """Look at everything while nothing changes."""
    deadline = time.monotonic() + patience
    engine = team.database()
    try:
        while True:
            before = read_books(engine)
            arrived, answered = look_at_genesys(team)
            posts = look_at_slack(team)
            if not before.restless() and before == read_books(engine):
                return Evidence(before, arrived, answered, posts)
            assert time.monotonic() < deadline, f"never at rest: {dict(before.restless())}"
            time.sleep(0.2)
    finally:
        engine.dispose()


def look_at_genesys(team: Watched) -> tuple[dict[str, list[float]], dict[str, bool]]:
    arrived: defaultdict[str, list[float]] = defaultdict(list)
    answered: dict[str, bool] = {}
    for customer in team.get("/customers")["customers"]:
        messages = sorted(
            (m for one in customer["conversations"] for m in one["messages"]),
            key=lambda message: str(message["at"]),
        )
        for number, message in enumerate(messages):
            if message["direction"] == "outbound" and CANARY in message["text"]:
                arrived[message["text"]].append(datetime.fromisoformat(message["at"]).timestamp())
                later = messages[number + 1 :]
                answered[message["text"]] = any(m["direction"] == "inbound" for m in later)
    return dict(arrived), answered


def look_at_slack(team: Watched) -> dict[str, list[Json]]:
    posts: defaultdict[str, list[Json]] = defaultdict(list)
    for channel in (SUPPORT, OUTCOMES):
        for message in team.get(f"/people/channels/{channel}/messages")["messages"]:
            payload = (message["metadata"] or {}).get("event_payload") or {}
            if payload.get("name") and not message["deleted"]:
                posts[payload["name"]].append({**message, "channel": channel})
    return dict(posts)


def find_faults(evidence: Evidence, asked: Asked) -> list[str]:
    """Say what breaks a promise, each with its request; [] when all is well."""
    books = evidence.books
    known = {row.request_id for row in books.rows}
    faults = [f"{id}: acknowledged and lost" for id in asked.ids.values() if id not in known]
    lines: defaultdict[str, list[Any]] = defaultdict(list)
    for line in books.lines:
        lines[line.request_id].append(line)
    expected: dict[str, str] = {}
    for row in books.rows:
        said = [*_judge_sends(row, lines[row.request_id], evidence, asked)]
        said += _judge_card(row, evidence.posts)
        expected |= _expected_posts(row, lines[row.request_id])
        faults += [f"{row.request_id}: {fault}" for fault in said]
    for name in sorted(expected.keys() | evidence.posts.keys()):
        stand = [post["ts"] for post in evidence.posts.get(name, [])]
        if stand != [expected.get(name)]:
            faults.append(f"{name}: stands at {stand}, expected at {expected.get(name)}")
    return faults


def _judge_sends(row: Any, lines: list[Any], evidence: Evidence, asked: Asked) -> list[str]:
    state, arrived = State(row.state), evidence.arrived.get(row.text, [])
    decided = sum(line.event == Event.SEND_DECIDED for line in lines)
    faults = []
    if len(arrived) > 1 + min(decided, asked.sent_anyway[row.request_id]):
        faults.append(f"sent {len(arrived)} times")
    if state in SENT and not arrived:
        faults.append(f"{state} but not sent")
    if state in UNSENT and arrived and not decided:
        faults.append(f"{state} but sent")
    if state in SENT and evidence.answered_after.get(row.text) != (state is State.REPLIED):
        faults.append(f"{state}, but whether the customer replied says otherwise")
    if decided:
        return faults  # which lifts its times
    if arrived and row.send_before is not None and min(arrived) > row.send_before + _SLACK:
        faults.append("sent after its time")
    if arrived and row.send_at is not None and min(arrived) < row.send_at - 0.01:
        faults.append("sent before its time")
    return faults


def _judge_card(row: Any, posts: Mapping[str, list[Json]]) -> list[str]:
    words = STATE_WORDS[State(row.state)]
    cards = posts.get(f"{row.request_id} card", [])
    if any(words not in words_of(card["blocks"] or []) for card in cards):
        return [f"{row.state}, but its card says {words_of(cards[0]['blocks'])!r}"]
    return []


def _expected_posts(row: Any, lines: list[Any]) -> dict[str, str]:
    """Return which posts should stand for a request, each once, and their ts."""
    names = {f"{row.request_id} card": row.card_ts}
    if State(row.state) in FINAL:
        names[f"{row.request_id} outcome"] = row.outcome_ts
    for line in lines:
        if Event(line.event) in QUIET:
            assert line.posted_ts == NOT_SHOWN
        else:
            names[f"{row.request_id} line {line.line_id}"] = line.posted_ts
    return names


def describe(engine: sa.Engine, request_id: str) -> str:
    """Return all that the database holds about one request, for whoever mends the bot."""
    schema = "dbos." if engine.dialect.name == "postgresql" else ""
    works = (
        f"SELECT * FROM {schema}workflow_status JOIN {schema}workflow_input USING (workflow_uuid)"
        f" WHERE CAST({schema}workflow_input.inputs AS TEXT) LIKE :id"
    )
    with engine.connect() as connection:
        found = [
            *connection.execute(sa.select(requests).where(requests.c.request_id == request_id)),
            *connection.execute(sa.select(history).where(history.c.request_id == request_id)),
            *connection.execute(sa.select(postings).where(postings.c.request_id == request_id)),
            *connection.execute(sa.text(works), {"id": f"%{request_id}%"}),
        ]
    return "\n".join(str(dict(row._mapping)) for row in found)

"""Compares what agents submitted with what the database, Genesys and Slack have in the end.

`take_snapshot` reads all of it once nothing changes any more; `find_violations` says in words which
promises are broken. Slack messages are told apart by the name in their metadata.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import sqlalchemy as sa

from bot.cards.announce import ANNOUNCEMENT
from bot.cards.post_names import CLOSED, UNCERTAIN, uncertain_key
from bot.cards.words import STATE_WORDS
from bot.request import QUIET, Event
from bot.state import FINAL, FOLLOWABLE, State
from bot.storage.audit import Action
from bot.storage.audit_chain import StoredEntry, verify
from bot.storage.audit_tables import audit, audit_outbox
from bot.storage.history import NOT_SHOWN
from bot.storage.rows import to_request
from bot.storage.tables import history, postings, posts, requests
from tests.product.conftest import CANARY, OUTCOMES, SUPPORT, all_text

Json = dict[str, Any]
SETTLED = FINAL | FOLLOWABLE | {State.UNCERTAIN}
SENT = FOLLOWABLE | {State.REPLIED}
UNSENT = {State.REFUSED, State.EXPIRED, State.CANCELLED}
_TOLERANCE = 5.0  # seconds that a send may take if it began before its deadline


class Source(Protocol):
    """Where a snapshot is read from; a Cluster is one."""

    def database(self) -> sa.Engine: ...
    def get(self, path: str) -> Json: ...


@dataclass(frozen=True)
class Records:
    """What the database says."""

    rows: tuple[Any, ...]
    lines: tuple[Any, ...]
    unknown_posts: int
    doubts: tuple[Any, ...] = ()  # the posts which say that a send is uncertain

    def of(self, request_id: str) -> Records:
        """Return the records of one request."""
        rows = (row for row in self.rows if row.request_id == request_id)
        lines = (line for line in self.lines if line.request_id == request_id)
        doubts = (doubt for doubt in self.doubts if doubt.request_id == request_id)
        return Records(tuple(rows), tuple(lines), 0, tuple(doubts))

    def unsettled(self) -> Counter[str]:
        """Count what isn't settled yet, by what's missing."""
        missing = Counter(str(row.state) for row in self.rows if State(row.state) not in SETTLED)
        missing["outdated cards"] = sum(row.card_state != _state_to_show(row) for row in self.rows)
        missing["unposted lines"] = sum(line.posted_ts == "" for line in self.lines)
        missing["outcomes"] = sum(
            State(row.state) in FINAL and not row.outcome_ts for row in self.rows
        )
        told = {(doubt.request_id, doubt.what) for doubt in self.doubts}
        missing["doubts"] = len({doubt for doubt in map(_doubt_of, self.rows) if doubt} - told)
        final = {row.request_id for row in self.rows if State(row.state) in FINAL}
        missing["outdated doubts"] = sum(
            id_ in final and not what.endswith(CLOSED) for id_, what in told
        )
        missing["posts with an unknown result"] = self.unknown_posts
        return +missing


def _doubt_of(row: Any) -> tuple[str, str] | None:
    """Return which post says that a request is uncertain now."""
    if State(row.state) is not State.UNCERTAIN or row.erased_at is not None:
        return None
    return row.request_id, uncertain_key(to_request(row._mapping))


def _state_to_show(row: Any) -> str:
    if row.stuck:
        return f"{row.state} {row.decisions} {row.stuck}"
    return f"{row.state} {row.decisions}" if row.decisions else str(row.state)


def read_records(engine: sa.Engine) -> Records:
    with engine.connect() as connection:
        return Records(
            tuple(connection.execute(sa.select(requests).order_by(requests.c.request_id))),
            tuple(connection.execute(sa.select(history).order_by(history.c.line_id))),
            connection.execute(sa.select(sa.func.count()).select_from(postings)).scalar_one(),
            tuple(connection.execute(sa.select(posts).where(posts.c.what.startswith(UNCERTAIN)))),
        )


@dataclass(frozen=True)
class Snapshot:
    records: Records
    arrived: Mapping[str, list[float]]  # message text -> when Genesys accepted it, each time
    answered_after: Mapping[str, bool]  # text -> whether its customer wrote after it
    posts: Mapping[str, list[Json]]  # name in the metadata -> the messages that carry it
    audit: tuple[StoredEntry, ...]


@dataclass
class Submitted:
    """What the agents did and Slack acknowledged."""

    ids: dict[str, str] = field(default_factory=dict)  # message text -> request id
    sent_anyway: Counter[str] = field(default_factory=Counter)  # request id -> clicks


def take_snapshot(source: Source, patience: float = 60.0) -> Snapshot:
    """Read everything while nothing changes."""
    deadline = time.monotonic() + patience
    engine = source.database()
    try:
        while True:
            before = read_records(engine)
            arrived, answered = read_genesys(source)
            posts = read_slack(source)
            settled = not before.unsettled() and not count_waiting_entries(engine)
            if settled and before == read_records(engine):
                return Snapshot(before, arrived, answered, posts, read_audit_log(engine))
            assert time.monotonic() < deadline, f"never settled: {dict(before.unsettled())}"
            time.sleep(0.2)
    finally:
        engine.dispose()


def count_waiting_entries(engine: sa.Engine) -> int:
    """Count what was recorded and isn't in the audit log yet."""
    with engine.connect() as connection:
        counted = sa.select(sa.func.count()).select_from(audit_outbox)
        return int(connection.execute(counted).scalar_one())


def read_audit_log(engine: sa.Engine) -> tuple[StoredEntry, ...]:
    columns = [audit.c[name] for name in StoredEntry.__dataclass_fields__]
    with engine.connect() as connection:
        rows = connection.execute(sa.select(*columns).order_by(audit.c.seq))
        return tuple(StoredEntry(*row) for row in rows)


def read_genesys(source: Source) -> tuple[dict[str, list[float]], dict[str, bool]]:
    """Return when each message arrived, and whether its customer wrote after it."""
    arrived: defaultdict[str, list[float]] = defaultdict(list)
    answered: dict[str, bool] = {}
    for customer in source.get("/customers")["customers"]:
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


def read_slack(source: Source) -> dict[str, list[Json]]:
    """Return the bot's messages by the name in their metadata."""
    posts: defaultdict[str, list[Json]] = defaultdict(list)
    for channel in (SUPPORT, OUTCOMES):
        for message in source.get(f"/people/channels/{channel}/messages")["messages"]:
            payload = (message["metadata"] or {}).get("event_payload") or {}
            if payload.get("name") and not message["deleted"]:
                posts[payload["name"]].append({**message, "channel": channel})
    return dict(posts)


def find_violations(snapshot: Snapshot, submitted: Submitted) -> list[str]:
    """Return what breaks a promise, each with its request; [] if all is well."""
    records = snapshot.records
    known = {row.request_id for row in records.rows}
    violations = [
        f"{id}: acknowledged and lost" for id in submitted.ids.values() if id not in known
    ]
    violations += _check_audit_log(snapshot)
    lines: defaultdict[str, list[Any]] = defaultdict(list)
    for line in records.lines:
        lines[line.request_id].append(line)
    expected: dict[str, str] = {}
    for row in records.rows:
        found = [*_check_sends(row, lines[row.request_id], snapshot, submitted)]
        found += _check_card(row, snapshot.posts)
        found += _check_doubts(records.of(row.request_id), snapshot.posts)
        expected |= _expected_posts(records.of(row.request_id))
        violations += [f"{row.request_id}: {violation}" for violation in found]
    about_requests = {name for name in snapshot.posts if not name.startswith(ANNOUNCEMENT)}
    for name in sorted(expected.keys() | about_requests):
        actual = [post["ts"] for post in snapshot.posts.get(name, [])]
        if actual != [expected.get(name)]:
            violations.append(f"{name}: posted at {actual}, expected at {expected.get(name)}")
    return violations


def _check_audit_log(snapshot: Snapshot) -> list[str]:
    """Check that the chain is whole, and has each request and each send once."""
    violations = [f"audit log: {fault}" for fault in verify(snapshot.audit).faults]
    recorded = Counter((entry.request_id, entry.action) for entry in snapshot.audit)
    for row in snapshot.records.rows:
        if recorded[row.request_id, Action.STORED] != 1:
            violations.append(f"{row.request_id}: not once in the audit log")
        if recorded[row.request_id, Action.SENT] < len(snapshot.arrived.get(row.text, [])):
            violations.append(f"{row.request_id}: a send isn't in the audit log")
    return violations


def _check_sends(row: Any, lines: list[Any], snapshot: Snapshot, submitted: Submitted) -> list[str]:
    state, arrived = State(row.state), snapshot.arrived.get(row.text, [])
    decided = sum(line.event == Event.SEND_DECIDED for line in lines)
    violations = []
    if len(arrived) > 1 + min(decided, submitted.sent_anyway[row.request_id]):
        violations.append(f"sent {len(arrived)} times")
    if state in SENT and not arrived:
        violations.append(f"{state} but not sent")
    if state in UNSENT and arrived and not decided:
        violations.append(f"{state} but sent")
    if state in SENT and snapshot.answered_after.get(row.text) != (state is State.REPLIED):
        violations.append(f"{state}, but whether the customer replied says otherwise")
    if decided:
        return violations  # "Send anyway" lifts the times that the agent set
    if arrived and row.send_before is not None and min(arrived) > row.send_before + _TOLERANCE:
        violations.append("sent after its deadline")
    if arrived and row.send_at is not None and min(arrived) < row.send_at - 0.01:
        violations.append("sent before its time")
    return violations


def _check_card(row: Any, posts: Mapping[str, list[Json]]) -> list[str]:
    words = STATE_WORDS[State(row.state)]
    cards = posts.get(f"{row.request_id} card", [])
    if any(words not in all_text(card["blocks"] or []) for card in cards):
        return [f"{row.state}, but its card says {all_text(cards[0]['blocks'])!r}"]
    return []


def _check_doubts(records: Records, posts: Mapping[str, list[Json]]) -> list[str]:
    """Check that the outcomes channel was told of each doubt once, and then of its end."""
    [row] = records.rows
    told, doubt = [one.what for one in records.doubts], _doubt_of(row)
    violations = []
    if doubt and doubt[1] not in told:
        violations.append("uncertain, and the outcomes channel doesn't know")
    if len(told) > sum(line.event == Event.UNCERTAIN for line in records.lines):
        violations.append(f"the outcomes channel was told of more doubts than there were: {told}")
    names = (f"{row.request_id} {what.removesuffix(CLOSED)}" for what in told)
    shown = [all_text(post["blocks"] or []) for name in names for post in posts.get(name, [])]
    words = STATE_WORDS[State(row.state)]
    if State(row.state) in FINAL and not all(words in one for one in shown):
        violations.append(f"{row.state}, but the outcomes channel says {shown}")
    return violations


def _expected_posts(records: Records) -> dict[str, str]:
    """Return the name and ts of each message that Slack should have, once, for a request."""
    [row] = records.rows
    names = {f"{row.request_id} card": row.card_ts}
    doubts = {doubt.what.removesuffix(CLOSED): doubt.ts for doubt in records.doubts}
    names |= {f"{row.request_id} {what}": ts for what, ts in doubts.items()}
    if State(row.state) in FINAL and row.outcome_ts not in doubts.values():
        names[f"{row.request_id} outcome"] = row.outcome_ts
    for line in records.lines:
        if Event(line.event) in QUIET:
            assert line.posted_ts == NOT_SHOWN
        else:
            names[f"{row.request_id} line {line.line_id}"] = line.posted_ts
    return names


def describe(engine: sa.Engine, request_id: str) -> str:
    """Return everything that the database holds about one request, for debugging."""
    schema = "dbos." if engine.dialect.name == "postgresql" else ""
    workflows = (
        f"SELECT * FROM {schema}workflow_status JOIN {schema}workflow_input USING (workflow_uuid)"
        f" WHERE CAST({schema}workflow_input.inputs AS TEXT) LIKE :id"
    )
    with engine.connect() as connection:
        found = [
            *connection.execute(sa.select(requests).where(requests.c.request_id == request_id)),
            *connection.execute(sa.select(history).where(history.c.request_id == request_id)),
            *connection.execute(sa.select(postings).where(postings.c.request_id == request_id)),
            *connection.execute(sa.text(workflows), {"id": f"%{request_id}%"}),
        ]
    return "\n".join(str(dict(row._mapping)) for row in found)

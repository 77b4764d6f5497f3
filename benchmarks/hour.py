"""An hour of the bot's work in a minute: messages sent and followed under a clock that is moved.

Promises: the bot's own parts (preflight, send, watch, store) work at the sandbox's Genesys, and
every call that they make there is counted by what it was for. All customers are away, so that
every message stays open: the dearest case. Does not: use Genesys's notifications, which only make
looks come sooner, or tell anybody in Slack.
"""

from __future__ import annotations

import json
import tempfile
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.cli.manifest import build_manifest
from bot.delivery.outcomes import AT_ONCE, OutcomeTracker
from bot.jobs.queue import Engine, Work
from bot.request import Event, Place, Request, State
from bot.rules.lookup import Lookup
from bot.storage.requests import Ask, RequestStore, no_work
from bot.storage.tables import open_database, requests
from genesys import (
    Connection,
    GenesysCloud,
    Identity,
    IdentityKind,
    LocalBudget,
    OutboundMessage,
    send_once,
)
from sandbox.local_genesys import LocalGenesys
from sandbox.server import Sandbox

SPACING = timedelta(seconds=0.6)  # 100 messages a minute, which is all that the quota allows
_PLENTY = 100_000
_WATCHED_FOR = timedelta(hours=2)
_OPEN = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


@dataclass(frozen=True)
class Spent:
    """The calls of some notifications, and how often the watch looked at one of them."""

    messages: int
    sending: int  # calls of the send path
    shared: int  # sign-in and deployment, whichever message they were for
    watching: int
    looks: int

    @property
    def per_round(self) -> float:
        """Calls for one message and one look at it."""
        return self.watching / self.looks


class _NoEngine(Engine):
    """Nobody is told: threads in Slack cost no calls of Genesys."""

    def __init__(self) -> None:
        pass

    def asking(self, *_: Work) -> Ask:
        return no_work


class _CountingStore(RequestStore):
    """Counts the messages that it hands out for a look."""

    looks = 0

    def claim_watched(self, now: datetime, lease: timedelta, most: int) -> tuple[Request, ...]:
        claimed = super().claim_watched(now, lease, most)
        self.looks += len(claimed)
        return claimed


class _Clock:
    """The time of the stand-in and of the watch."""

    def __init__(self) -> None:
        self.start = self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def seconds(self) -> float:
        return self.now.timestamp()


def follow(count: int, span: timedelta) -> Spent:
    """Send to so many customers, follow them all until the span is over, and count."""
    clock = _Clock()
    with _office(clock) as (cloud, sandbox, database):
        emails = _control(sandbox, "POST", "customers", count=count, present=False)["emails"]
        _control(sandbox, "POST", "settings", calls_per_minute=_PLENTY)
        deployment_id = LocalGenesys.deployment_id
        preflight = Lookup(
            cloud, deployment_id=deployment_id, history_days=90, clock=clock.seconds
        )
        store = _CountingStore(database)
        watch = OutcomeTracker(store, _NoEngine(), cloud, link=str, subscribe=lambda _: None, clock=clock)
        calls: Counter[str] = Counter()
        until = clock.start + span
        for number, email in enumerate(emails):
            _sweep_until(watch, database, clock, clock.start + number * SPACING)
            calls.update(f"watch {path}" for path in _calls(sandbox))
            _send(cloud, preflight, store, email, number, clock.now, deployment_id)
            calls.update(f"send {path}" for path in _calls(sandbox))
        _sweep_until(watch, database, clock, until)
        calls.update(f"watch {path}" for path in _calls(sandbox))
        with database.connect() as connection:
            still_open = connection.execute(
                sa.select(sa.func.count()).where(requests.c.next_look_at.is_not(None))
            ).scalar_one()
        assert still_open == count, f"{still_open} of {count} are still open"
    shared = sum(number for name, number in calls.items() if "oauth" in name or "webdepl" in name)
    watching = sum(number for name, number in calls.items() if name.startswith("watch "))
    sending = sum(calls.values()) - shared - watching
    assert store.looks >= count, "the watch has not looked"
    return Spent(count, sending, shared, watching, store.looks)


@contextmanager
def _office(clock: _Clock) -> Iterator[tuple[GenesysCloud, Sandbox, sa.Engine]]:
    """Open a session with the sandbox's Genesys under this clock, and a database."""
    genesys = LocalGenesys(clock, step_seconds=0.0)
    sandbox = Sandbox(build_manifest(url="https://bot.example.com"), genesys=genesys)
    with (
        tempfile.TemporaryDirectory(prefix="proactive-benchmark-") as folder,
        sandbox,
        a_database(Path(folder, "hour.sqlite")) as database,
    ):
        connection = Connection(
            genesys.client_id, genesys.client_secret, api_url=sandbox.genesys_url
        )
        cloud = GenesysCloud(connection, LocalBudget(_PLENTY))
        yield cloud, sandbox, database
        cloud.close()


@contextmanager
def a_database(file: Path) -> Iterator[sa.Engine]:
    """Open a database that does not wait for the disk: calls are counted here, not time."""
    database = open_database(f"sqlite:///{file}")

    @sa.event.listens_for(database, "connect")
    def hurry(connection: Any, _: object) -> None:
        connection.execute("PRAGMA synchronous=OFF")

    yield database
    database.dispose()


def _send(
    cloud: GenesysCloud,
    preflight: Lookup,
    store: RequestStore,
    email: str,
    number: int,
    now: datetime,
    deployment_id: str,
) -> None:
    """Send one message in the bot's order: the modal's look, delivery's verdict, the send."""
    identity = Identity(IdentityKind.EMAIL, email)
    preflight.check(identity, "", False)
    customer = preflight.check_to_send(identity, "", False)[0].customer
    assert customer is not None
    request = Request(
        request_id=f"V{number:09}",
        place=Place("T0BENCH", "C0SUPPORT"),
        agent_id="U0ADA",
        agent_name="ada",
        identity=identity,
        text="Your order is ready.",
        into_open_conversation=False,
        chosen_contact_id="",
        created_at=now,
    )
    store.record(request, no_work)
    store.move(request.request_id, State.SCHEDULED, Event.FOUND, send_at=now)
    store.move(request.request_id, State.SENDING, Event.SENDING, sending_at=now)
    message = OutboundMessage(customer.send_to_id, deployment_id, request.text)
    receipt = send_once(cloud, message)
    store.move(
        request.request_id,
        State.ACCEPTED,
        Event.ACCEPTED,
        contact_id=customer.contact_id,
        contact_ids=customer.contact_ids,
        message_id=receipt.message_id,
        conversation_id=receipt.conversation_id,
        watch_until=now + _WATCHED_FOR,
        next_look_at=now + timedelta(seconds=2),
        looks=0,
    )


def _sweep_until(watch: OutcomeTracker, database: sa.Engine, clock: _Clock, until: datetime) -> None:
    """Let the watch look each second in which something is due, until that time."""
    due = sa.select(sa.func.min(requests.c.next_look_at))
    while True:
        with database.connect() as connection:
            next_due = connection.execute(due).scalar_one_or_none()
        if next_due is None or next_due > until.timestamp():
            clock.now = max(clock.now, until)
            return
        # The watch wakes once a second, whatever is due in between waits for that.
        ahead = max(1.0, -(-(next_due - clock.start.timestamp()) // 1) - _elapsed(clock))
        clock.now += timedelta(seconds=ahead)
        while watch.sweep() == AT_ONCE:
            pass


def _elapsed(clock: _Clock) -> float:
    return (clock.now - clock.start).total_seconds()


def _calls(sandbox: Sandbox) -> list[str]:
    """Return the paths of the calls since the last time."""
    calls = _control(sandbox, "GET", "calls")["calls"]
    assert len(calls) < 5_000, "the stand-in has forgotten calls"
    assert all(call["status"] in (200, 202) for call in calls), "a call failed"
    _control(sandbox, "DELETE", "calls")
    return [call["path"] for call in calls]


def _control(sandbox: Sandbox, verb: str, what: str, **body: Any) -> dict[str, Any]:
    request = urllib.request.Request(
        f"{sandbox.page_url}control/genesys/{what}",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
        method=verb,
    )
    with _OPEN(request, timeout=60) as answer:
        return dict(json.load(answer))

"""After ``accepted``: follow each message until nothing more will become known of it.

Promises: many messages are looked at with one question; the waits between looks grow; what is
seen late, twice or out of order moves nothing back; when this process dies, another looks on.
Does not: send, or speak Slack (it asks for the thread to be brought up to date).
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bot.jobs.queue import Engine
from bot.jobs.works import publish
from bot.request import FINAL, Event, Request, State
from bot.storage.requests import Ask, RequestStore
from genesys import (
    DeliveryStatus,
    GenesysCloud,
    GenesysError,
    HolderKind,
    News,
    Watched,
    read_holder,
    read_message,
    read_news,
)

log = logging.getLogger(__name__)

SWEEP_SECONDS = 1.0
SUBSCRIBE_SECONDS = 10.0
MOST_SUBSCRIBED = 333  # three topics each: a channel takes 1,000
AT_ONCE = 100  # messages that one sweep looks at
LEASE = timedelta(seconds=120)
WAITS = (2, 3, 5, 8, 13, 21, 34, 55, 90, 150, 300, 600, 900)  # seconds; the last one repeats
FINEST_GRID = 2  # seconds between two moments at which looks come due
AFTER_NEWS = 4  # where in WAITS a message goes on after something has happened

_MOVES = {
    DeliveryStatus.AWAY: (State.WAITING, Event.WAITING),
    DeliveryStatus.DELIVERED: (State.DELIVERED, Event.DELIVERED),
    DeliveryStatus.READ: (State.READ, Event.READ),
}
_HOLDER_WORDS = {
    HolderKind.QUEUE: "It waits in the queue {name}.",
    HolderKind.FLOW: "The flow {name} has it now.",
    HolderKind.AGENT: "{name} has it now.",
}


def now_in_utc() -> datetime:
    """Return the time now."""
    return datetime.now(UTC)


class OutcomeTracker:
    """A thread that looks at what is due; each process has one, and they share the work."""

    def __init__(
        self,
        store: RequestStore,
        engine: Engine,
        cloud: GenesysCloud,
        *,
        link: Callable[[str], str],
        subscribe: Callable[[Sequence[str]], None],
        clock: Callable[[], datetime] = now_in_utc,
    ) -> None:
        self._store = store
        self._engine = engine
        self._cloud = cloud
        self._link = link
        self._subscribe = subscribe
        self._clock = clock
        self._subscribed_at = float("-inf")
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Stop looking; a look under way is left to its time limits."""
        self._stopping.set()
        self._thread.join(timeout=1.0)

    def hasten(self, conversation_id: str) -> None:
        """Look at a conversation's messages soon: Genesys says that something happened there."""
        self._store.hasten_look(conversation_id, datetime.now(UTC))

    def _run(self) -> None:
        while not self._stopping.wait(SWEEP_SECONDS):
            try:
                self._renew_subscription()
                while self.sweep() == AT_ONCE and not self._stopping.is_set():
                    pass
            except sa.exc.SQLAlchemyError as error:
                log.warning("the watch has no database (%s)", type(error).__name__)

    def _renew_subscription(self) -> None:
        """Tell Genesys's notifications which conversations matter most, now and then."""
        if time.monotonic() - self._subscribed_at >= SUBSCRIBE_SECONDS:
            self._subscribed_at = time.monotonic()
            self._subscribe(self._store.watched_conversations(MOST_SUBSCRIBED))

    def sweep(self) -> int:
        """Look once at all that is due, at most ``AT_ONCE``; return how many that were."""
        now = self._clock()
        due = self._store.claim_watched(now, LEASE, AT_ONCE)
        open_requests = []
        for request in due:
            if request.watch_until and now >= request.watch_until:
                self._store.end_watch(request.request_id, self._showing(request))
            else:
                open_requests.append(request)
        if open_requests:
            self._look(open_requests, now)
        return len(due)

    def _look(self, requests: list[Request], now: datetime) -> None:
        watched = [
            Watched(
                message_id=request.message_id,
                conversation_id=request.conversation_id,
                contact_ids=request.contact_ids,
                sent_at=request.sending_at or request.created_at,
            )
            for request in requests
        ]
        try:
            news = read_news(self._cloud, watched, now=now)
        except GenesysError as error:
            log.warning("the watch cannot ask Genesys Cloud (%r)", error)
            news = {}
        for request in requests:
            moved = self._apply(request, news[request.message_id]) if news else False
            looks = min(request.looks + 1, AFTER_NEWS) if moved else request.looks + 1
            self._store.look_again(request.request_id, _next_look(now, looks), looks)

    def _apply(self, request: Request, news: News) -> bool:
        """Move a request by its news; tell whether it moved."""
        if news.reply is not None:
            return self._tell_reply(request, news.reply.conversation_id)
        if news.status is DeliveryStatus.FAILED:
            reason = self._exact_reason(request) or news.reason
            return self._move(request, State.FAILED, Event.FAILED, reason, reason=reason)
        if news.status in _MOVES:
            state, event = _MOVES[news.status]
            return self._move(request, state, event)
        return False

    def _tell_reply(self, request: Request, conversation_id: str) -> bool:
        try:
            holder = read_holder(self._cloud, conversation_id)
        except GenesysError as error:
            log.info("request %s: who has the reply is unknown (%r)", request.request_id, error)
            holder = None
        words = _HOLDER_WORDS.get(holder.kind, "") if holder else ""
        detail = words.format(name=holder.name) if holder else ""
        link = self._link(conversation_id)
        return self._move(request, State.REPLIED, Event.REPLIED, detail, link=link)

    def _exact_reason(self, request: Request) -> str:
        try:
            return read_message(self._cloud, request.message_id).reason
        except GenesysError as error:
            log.info("request %s: no exact reason (%r)", request.request_id, error)
            return ""

    def _move(
        self,
        request: Request,
        state: State,
        event: Event,
        detail: str = "",
        *,
        link: str = "",
        reason: str = "",
    ) -> bool:
        ends: dict[str, Any] = {"next_look_at": None} if state in FINAL else {}
        return self._store.move(
            request.request_id,
            state,
            event,
            detail,
            ask=self._showing(request),
            link=link,
            reason=reason,
            **ends,
        )

    def _showing(self, request: Request) -> Ask:
        return self._engine.asking(publish(request.request_id))


def _next_look(now: datetime, looks: int) -> datetime:
    """Return when to look next: later each time, and when many others are due as well.

    The times lie on a grid, each coarser one within the finer ones, and are at most a quarter of
    the wait (or two seconds) late: so one question asks for all that has come due meanwhile.
    """
    wait = WAITS[min(looks, len(WAITS) - 1)]
    grid = max(FINEST_GRID, 2 ** int(math.log2(wait / 4)))
    return datetime.fromtimestamp(math.ceil((now.timestamp() + wait) / grid) * grid, UTC)

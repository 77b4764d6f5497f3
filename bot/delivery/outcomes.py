"""Follow each accepted message until nothing more will become known of it.

One query asks about many messages. The waits between queries grow. With few messages they stay
short, because notifications don't say that a customer is back. If this process dies, another goes
on. Late, repeated or reordered news never moves a request backwards.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.clock import utc_now
from bot.job import publish
from bot.jobs.periodic import Periodic
from bot.language import N_, _
from bot.request import Event, Request
from bot.rules.lookup import passes
from bot.state import FINAL, State
from bot.storage.outcome_schedule import NEAR_LOOKS, OutcomeSchedule
from bot.storage.requests import RequestStore
from bot.text import clip, say_hours, visible
from genesys import (
    DeliveryStatus,
    Followed,
    GenesysCloud,
    GenesysError,
    HolderKind,
    News,
    read_message,
    read_news,
    read_reply,
)

log = logging.getLogger(__name__)

SWEEP_SECONDS = 1.0
SUBSCRIBE_SECONDS = 10.0
CLOCK_CHECK_SECONDS = 30.0
MOST_SUBSCRIBED = 333  # conversations with three topics each: a channel takes 1,000 topics
AT_ONCE = 100  # messages that one sweep asks about
LEASE = timedelta(seconds=120)
WAITS = (2, 3, 5, 8, 13, 21, 34, 55, 90, 150, 300, 600, 900)  # seconds; the last one repeats
SHORT_WAIT = 60.0  # seconds: no wait needs to be shorter, however much of the quota is free
FOLLOWED_PER_CALL = 25  # two queries for 50 messages: one by contact, one for older conversations
SHARE_OF_QUOTA = 0.1  # that following messages may use, so that agents don't notice
FINEST_GRID = 2  # seconds between two moments at which look-ups come due
REASON_PATIENCE = timedelta(hours=1)  # a failure is then told without a reason
REPLY_LENGTH = 300  # characters of a reply that its thread shows

_MOVES = {
    DeliveryStatus.AWAY: (State.WAITING, Event.WAITING),
    DeliveryStatus.PUSHED: (State.PUSHED, Event.PUSHED),
    DeliveryStatus.DELIVERED: (State.DELIVERED, Event.DELIVERED),
    DeliveryStatus.READ: (State.READ, Event.READ),
}
_HOLDER_WORDS = {
    HolderKind.QUEUE: N_("It's in the {name} queue."),
    HolderKind.FLOW: N_("{name} is answering."),
    HolderKind.AGENT: N_("{name} has it now."),
}


class OutcomeTracker:
    """Looks up what became of the messages that are due; the processes share the work."""

    def __init__(
        self,
        requests: RequestStore,
        schedule: OutcomeSchedule,
        cloud: GenesysCloud,
        *,
        link: Callable[[str], str],
        subscribe: Callable[[Sequence[str]], None],
        show_replies: Callable[[], bool] = lambda: True,
        calls_per_minute: int,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """Link conversations by ``link``, which returns their URL for a person.

        ``subscribe`` is told now and then which conversations matter most.
        ``show_replies``: whether threads show what customers write.
        """
        self._requests = requests
        self._schedule = schedule
        self._cloud = cloud
        self._link = link
        self._show_replies = show_replies
        self._calls_per_minute = calls_per_minute
        self._clock = clock
        self._subscribe = subscribe
        self._subscribed_at = self._clock_checked_at = float("-inf")
        self._periodic = Periodic("outcomes", SWEEP_SECONDS, self._run_once)

    def start(self) -> None:
        """Begin to ask, again and again."""
        self._periodic.start()

    def stop(self) -> None:
        """Ask no more; a query under way is left to its time limits."""
        self._periodic.stop()

    def _run_once(self) -> None:
        now = time.monotonic()
        if now - self._subscribed_at >= SUBSCRIBE_SECONDS:
            self._subscribed_at = now
            self._subscribe(self._schedule.next_conversations(MOST_SUBSCRIBED))
        if now - self._clock_checked_at >= CLOCK_CHECK_SECONDS:
            self._clock_checked_at = now
            self._schedule.pull_forward(self._clock())
        while self.sweep() == AT_ONCE and not self._periodic.is_stopping:
            pass

    def sweep(self) -> int:
        """Ask once about what is due, at most ``AT_ONCE`` messages; return how many."""
        now = self._clock()
        due = self._schedule.claim_due(now, LEASE, AT_ONCE)
        followed = []
        for request in due:
            if request.watch_until and now >= request.watch_until:
                jobs = [publish(request.request_id)]
                self._schedule.stop(request.request_id, jobs, _how_long(request))
            else:
                followed.append(request)
        if followed:
            self._look(followed, now)
        return len(due)

    def _look(self, requests: list[Request], now: datetime) -> None:
        followed = [
            Followed(
                message_id=request.message_id,
                conversation_id=request.conversation_id,
                contact_ids=request.contact_ids,
                sent_at=request.sending_at or request.created_at,
            )
            for request in requests
        ]
        try:
            news = read_news(self._cloud, followed, now=now)
        except GenesysError as error:
            log.warning("can't ask Genesys Cloud for outcomes (%r)", error)
            news = {}
        longest = longest_wait(self._schedule.count(), self._calls_per_minute)
        for request in requests:
            moved = self._apply(request, news[request.message_id]) if news else False
            looks = min(request.looks + 1, NEAR_LOOKS) if moved else request.looks + 1
            self._schedule.look_again(request.request_id, _next_look(now, looks, longest), looks)

    def _apply(self, request: Request, news: News) -> bool:
        """Move a request by its news; return whether it moved."""
        if news.reply is not None:
            return self._tell_reply(request, news.reply.conversation_id)
        if news.status is DeliveryStatus.FAILED:
            return self._tell_failure(request, news)
        if news.status in _MOVES:
            state, event = _MOVES[news.status]
            return self._move(request, state, event)
        return False

    def _tell_reply(self, request: Request, conversation_id: str) -> bool:
        holder, said = None, ""
        try:
            answered = read_reply(
                self._cloud,
                conversation_id,
                since=request.sending_at or request.created_at,
                with_text=self._show_replies(),
            )
            holder, said = answered.holder, clip(visible(answered.said).strip(), REPLY_LENGTH)
        except GenesysError as error:
            log.info("request %s: can't find out who has the reply (%r)", request.request_id, error)
        words = _HOLDER_WORDS.get(holder.kind, "") if holder else ""
        detail = _(words).format(name=holder.name) if holder else ""
        link = self._link(conversation_id)
        return self._move(request, State.REPLIED, Event.REPLIED, detail, link=link, said=said)

    def _tell_failure(self, request: Request, news: News) -> bool:
        """Tell it with the exact reason, else with the news' own.

        If there's none because of a temporary error, look again, for an hour after the failure at
        most. Codes are in the thread's line only.
        """
        why = news
        try:
            exact = read_message(self._cloud, request.message_id)
            why = exact if exact.reason else news
        except GenesysError as error:
            log.info("request %s: can't read why it failed (%r)", request.request_id, error)
            failed_at = news.changed_at or request.sending_at or request.created_at
            is_early = self._clock() - failed_at < REASON_PATIENCE
            if passes(error) and not news.reason and is_early:
                return False
        said = why.explanation
        return self._move(request, State.FAILED, Event.FAILED, why.reason, reason=said)

    def _move(
        self,
        request: Request,
        state: State,
        event: Event,
        detail: str = "",
        *,
        link: str = "",
        said: str = "",
        reason: str = "",
    ) -> bool:
        ends: dict[str, Any] = {"next_look_at": None} if state in FINAL else {}
        return self._requests.move(
            request.request_id,
            state,
            event,
            detail,
            jobs=[publish(request.request_id)],
            link=link,
            said=said,
            reason=reason,
            **ends,
        )


def _how_long(request: Request) -> str:
    """Say for how long a request was followed."""
    since = request.sending_at or request.created_at
    hours = int(((request.watch_until or since) - since).total_seconds() // 3600)
    return say_hours(hours) if hours > 0 else ""


def longest_wait(followed: int, calls_per_minute: int) -> float:
    """Return the seconds between two looks at a message that has been silent for long.

    ``followed``: how many messages share the quota of ``calls_per_minute``.
    """
    calls = math.ceil(followed / FOLLOWED_PER_CALL)
    seconds = 60 * calls / (calls_per_minute * SHARE_OF_QUOTA)
    return min(max(seconds, SHORT_WAIT), WAITS[-1])


def _next_look(now: datetime, looks: int, longest: float) -> datetime:
    """Return when to look next: later each time, and together with others.

    The times lie on a grid, each coarser one within the finer ones. They are late by a quarter of
    the wait at most (or two seconds), so one query asks about all that has come due meanwhile.
    """
    wait = min(WAITS[min(looks, len(WAITS) - 1)], longest)
    grid = max(FINEST_GRID, 2 ** int(math.log2(wait / 4)))
    return datetime.fromtimestamp(math.ceil((now.timestamp() + wait) / grid) * grid, UTC)

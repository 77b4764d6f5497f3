"""Find out what became of a send: take its receipt, or look for a message whose answer was lost.

Nothing is sent from here. A message that isn't found becomes ``uncertain``, and a person decides.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from bot.job import Job, publish, reconcile
from bot.request import Decision, Event, Request, Stuck
from bot.state import State
from bot.storage.requests import RequestStore
from genesys import (
    Conversation,
    GenesysCloud,
    GenesysError,
    OutboundMessage,
    Receipt,
    find_sent,
)

log = logging.getLogger(__name__)

FIRST_LOOK = timedelta(seconds=2)  # at the outcome of a message that was accepted
_MOST_LINKS = 3


class Reconciler:
    """Moves a request from ``sending`` to ``accepted`` or ``uncertain``."""

    def __init__(
        self,
        requests: RequestStore,
        cloud: GenesysCloud,
        *,
        deployment_id: str,
        read_back_seconds: tuple[int, ...],
        follow: timedelta,
        link: Callable[[str], str] = lambda _: "",
    ) -> None:
        """Follow the outcome of an accepted message for as long as ``follow`` says.

        Link conversations by ``link``, which returns their URL for a person.
        """
        self._link = link
        self._requests = requests
        self._cloud = cloud
        self._deployment_id = deployment_id
        self._waits = read_back_seconds
        self._follow = follow

    def message(self, request: Request) -> OutboundMessage:
        """Return what is sent, or was sent, for a request."""
        return OutboundMessage(
            contact_id=request.send_to_id,
            deployment_id=self._deployment_id,
            text=request.text,
            into_open_conversation=request.into_open_conversation,
        )

    def accept(self, request_id: str, receipt: Receipt) -> None:
        """Note that Genesys has the message, and begin to follow its outcome."""
        now = datetime.now(UTC)
        self._requests.move(
            request_id,
            State.ACCEPTED,
            Event.ACCEPTED,
            jobs=[publish(request_id)],
            message_id=receipt.message_id,
            conversation_id=receipt.conversation_id,
            watch_until=now + self._follow,
            next_look_at=now + FIRST_LOOK,
            looks=0,
        )

    def note_lost_answer(self, request_id: str) -> None:
        """Note that the send's answer was lost, and begin to look for the message."""
        jobs = [reconcile(request_id, delay=self._waits[0]), publish(request_id)]
        self._requests.add_line(
            request_id, Event.FATE_UNKNOWN, jobs=jobs, once=True, stuck=Stuck.ANSWER_LOST
        )

    def check_again(self, decision: Decision) -> bool:
        """Look once more for an uncertain request's message; return whether it still is one."""
        request_id = decision.request_id
        step = len(self._waits)  # past the last wait: a person asked for this look
        return self._requests.move(
            request_id,
            State.UNCERTAIN,
            Event.CHECK_ASKED,
            since=State.UNCERTAIN,
            decision=decision,
            jobs=[reconcile(request_id, step), publish(request_id)],
        )

    def reconcile(self, job: Job) -> None:
        """Look for a request's message in Genesys, and decide what follows."""
        request = self._requests.load(job.request_id)
        if request.state not in (State.SENDING, State.UNCERTAIN) or request.erased_at:
            return
        seen = list[Conversation]()
        receipt, show = self._find(request, seen), [publish(job.request_id)]
        next_step = job.step + 1
        if receipt is not None:
            self.accept(job.request_id, receipt)
        elif next_step < len(self._waits):
            self._requests.enqueue(reconcile(job.request_id, next_step, self._waits[next_step]))
        elif request.state is State.UNCERTAIN:
            self._requests.add_line(job.request_id, Event.STILL_UNCERTAIN, jobs=show)
        elif job.step < len(self._waits):  # a person's look says nothing of a send begun since
            self._give_up(request, job, seen)

    def _give_up(self, request: Request, job: Job, seen: Sequence[Conversation]) -> None:
        """Leave it to a person, but not before the whole time since the send has passed.

        A look that was planned for an earlier send comes too soon. Once the clock was set back,
        nobody knows how long it has been, and there's no more waiting.
        """
        id_, whole = request.request_id, sum(self._waits)
        passed = (datetime.now(UTC) - (request.sending_at or request.created_at)).total_seconds()
        if 0 <= passed < whole:
            self._requests.enqueue(reconcile(id_, job.step, whole - passed))
            return
        self._requests.move(
            id_,
            State.UNCERTAIN,
            Event.UNCERTAIN,
            of_send=request.sending_at,
            jobs=[publish(id_)],
            link=" ".join(map(self._link, where_to_look(request, seen))),
        )

    def _find(self, request: Request, seen: list[Conversation]) -> Receipt | None:
        """Look for the message; ``seen`` gets the customer's conversations."""
        try:
            return find_sent(
                self._cloud,
                self.message(request),
                contact_ids=request.contact_ids,
                since=request.sending_at or request.created_at,
                now=datetime.now(UTC),
                known_message_ids=self._requests.known_message_ids(request.contact_id),
                note=seen.append,
            )
        except GenesysError as error:
            log.warning("request %s: can't look for its message (%r)", request.request_id, error)
            return None


def where_to_look(request: Request, seen: Sequence[Conversation]) -> list[str]:
    """Return the conversations that the message may be in, or else the customer's latest one."""
    newest = sorted(seen, key=lambda one: one.started_at, reverse=True)
    since = request.sending_at or request.created_at
    possible = [one for one in newest if one.ended_at is None or one.ended_at >= since]
    ids = dict.fromkeys(one.conversation_id for one in possible or newest[:1])
    return list(ids)[:_MOST_LINKS]

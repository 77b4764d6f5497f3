"""Step 5: deliver a request durably: look up, decide, send once, read back a lost answer.

Promises: at most one attempt whose fate is unknown, then reading before anything else. The right
to send is one compare-and-set from ``scheduled`` to ``sending``; whoever finds ``sending`` already
there does not send, it reads. Does not: speak Slack (it asks for the thread to be brought up to
date), or follow the outcome beyond ``accepted``.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from dbos import DBOS

from bot.engine import Engine, Queue, Work
from bot.preflight import Preflight, Verdict, check_length
from bot.request import Event, Request, State
from bot.store import Ask, Store
from genesys import (
    FateUnknown,
    GenesysCloud,
    GenesysError,
    OutboundMessage,
    Receipt,
    find_sent,
    send_once,
)

log = logging.getLogger(__name__)

DELIVER, READ_BACK, PUBLISH = "deliver", "read_back", "publish"


class Delivery:
    """The durable way of one request from ``checking`` to ``accepted`` or a reason why not."""

    def __init__(
        self,
        store: Store,
        engine: Engine,
        preflight: Preflight,
        cloud: GenesysCloud,
        *,
        deployment_id: str,
        read_back_seconds: tuple[int, ...],
    ) -> None:
        self._store = store
        self._engine = engine
        self._preflight = preflight
        self._cloud = cloud
        self._deployment_id = deployment_id
        self._waits = read_back_seconds

    def works(self) -> Mapping[str, Callable[[str, int], None]]:
        """Return the engine's names for what this module does."""
        return {DELIVER: self._deliver, READ_BACK: self._read_back}

    # What the steps before this one call.

    def accept(self, request: Request) -> Request:
        """Write a request down and ask for its delivery; return what is stored under its id."""
        works = self._engine.asking(
            Work(DELIVER, Queue.DELIVERY, request.request_id, once=True),
            Work(PUBLISH, Queue.THREAD, request.request_id),
        )
        return self._store.record(request, works)

    def check_again(self, request_id: str, agent: str) -> bool:
        """Ask for one more reading of an uncertain request; tell whether it still is one."""
        if self._store.load(request_id).state is not State.UNCERTAIN:
            return False
        turn = len(self._waits)  # past the last wait: this reading is a person's
        asked = Work(READ_BACK, Queue.READ_BACK, request_id, turn)
        self._store.add_line(
            request_id, Event.CHECK_ASKED, agent, ask=self._showing(request_id, asked)
        )
        return True

    def send_anyway(self, request_id: str, agent: str) -> bool:
        """Send an uncertain request again because a person decided so; False if it is not one."""
        again = Work(DELIVER, Queue.DELIVERY, request_id, turn=1)
        return self._store.move(
            request_id,
            State.SCHEDULED,
            Event.SEND_DECIDED,
            agent,
            ask=self._showing(request_id, again),
        )

    # The work itself. Each step leaves its result in the store: run again, it finds it there.

    def _deliver(self, request_id: str, _turn: int) -> None:
        DBOS.run_step({"name": "look up and decide"}, self._look_up_and_decide, request_id)
        DBOS.run_step({"name": "send once"}, self._send_once, request_id)

    def _look_up_and_decide(self, request_id: str) -> None:
        request = self._store.load(request_id)
        if request.state is not State.CHECKING:
            return
        verdict = self._preflight.check(
            request.identity, request.chosen_contact_id, request.into_open_conversation
        )
        refusal = _refusal(request, verdict)
        customer = verdict.customer
        if refusal or customer is None:
            self._move(request_id, State.REFUSED, Event.REFUSED, refusal, reason=refusal)
            return
        evidence = " ".join(finding.sentence for finding in verdict.findings[:2])
        self._move(
            request_id,
            State.SCHEDULED,
            Event.FOUND,
            evidence,
            contact_id=customer.contact_id,
            contact_ids=list(customer.contact_ids),
            send_to_id=customer.send_to_id,
            customer_name=customer.name,
        )

    def _send_once(self, request_id: str) -> None:
        request = self._store.load(request_id)
        if request.state is State.SENDING:
            self._doubt(request_id)  # an earlier life of this step died with the message in flight
            return
        now = datetime.now(UTC)
        if request.state is not State.SCHEDULED or not self._store.move(
            request_id, State.SENDING, Event.SENDING, at=now, sending_at=now.timestamp()
        ):
            return
        try:
            receipt = send_once(self._cloud, self._message(request))
        except FateUnknown as error:
            log.warning("request %s: fate unknown (%s)", request_id, type(error.__cause__).__name__)
            self._doubt(request_id)
        except GenesysError as error:
            log.warning("request %s: not sent (%r)", request_id, error)
            reason = str(error)
            self._move(request_id, State.FAILED, Event.FAILED, reason, reason=reason)
        else:
            self._accept(request_id, receipt)

    def _doubt(self, request_id: str) -> None:
        first = Work(READ_BACK, Queue.READ_BACK, request_id, delay=self._waits[0])
        self._store.add_line(request_id, Event.FATE_UNKNOWN, ask=self._showing(request_id, first))

    def _read_back(self, request_id: str, turn: int) -> None:
        DBOS.run_step({"name": "read back"}, self._look_for_it, request_id, turn)

    def _look_for_it(self, request_id: str, turn: int) -> None:
        request = self._store.load(request_id)
        if request.state not in (State.SENDING, State.UNCERTAIN):
            return
        receipt = self._find(request)
        if receipt is not None:
            self._accept(request_id, receipt)
        elif turn + 1 < len(self._waits):
            later = Work(
                READ_BACK, Queue.READ_BACK, request_id, turn + 1, delay=self._waits[turn + 1]
            )
            self._store.ask(self._engine.asking(later))
        elif not self._move(request_id, State.UNCERTAIN, Event.UNCERTAIN):
            self._store.add_line(request_id, Event.STILL_UNCERTAIN, ask=self._showing(request_id))

    def _find(self, request: Request) -> Receipt | None:
        try:
            return find_sent(
                self._cloud,
                self._message(request),
                contact_ids=request.contact_ids,
                since=request.sending_at or request.created_at,
                now=datetime.now(UTC),
                known_message_ids=self._store.known_message_ids(request.contact_id),
            )
        except GenesysError as error:
            log.warning("request %s: cannot read back (%r)", request.request_id, error)
            return None

    def _accept(self, request_id: str, receipt: Receipt) -> None:
        # The place where following the outcome begins: ask for it here, with the same transaction.
        self._move(
            request_id,
            State.ACCEPTED,
            Event.ACCEPTED,
            message_id=receipt.message_id,
            conversation_id=receipt.conversation_id,
        )

    def _message(self, request: Request) -> OutboundMessage:
        return OutboundMessage(
            contact_id=request.send_to_id,
            deployment_id=self._deployment_id,
            text=request.text,
            into_open_conversation=request.into_open_conversation,
        )

    def _move(
        self, request_id: str, state: State, event: Event, detail: str = "", **values: Any
    ) -> bool:
        return self._store.move(
            request_id, state, event, detail, ask=self._showing(request_id), **values
        )

    def _showing(self, request_id: str, *works: Work) -> Ask:
        """Return what asks for the works and for the thread to show the news."""
        return self._engine.asking(*works, Work(PUBLISH, Queue.THREAD, request_id))


def _refusal(request: Request, verdict: Verdict) -> str:
    """Return why the request may not be sent, in one or more sentences, or ""."""
    sentences = [finding.sentence for finding in verdict.blocks]
    too_long = check_length(request.text)
    return " ".join([*sentences, too_long] if too_long else sentences)

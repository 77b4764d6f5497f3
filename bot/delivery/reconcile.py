"""Step 5, after the send: Genesys's receipt, or the search for a message whose answer was lost.

Promises: a message in doubt is looked for and never sent again from here; when it is not to be
found, the request becomes ``uncertain`` and a person decides. Does not: send (``delivery``).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from bot.jobs.queue import Engine
from bot.jobs.works import READ_BACK, persistently, publish, read_back
from bot.request import Event, Request, State
from bot.storage.requests import RequestStore
from genesys import GenesysCloud, GenesysError, OutboundMessage, Receipt, find_sent

log = logging.getLogger(__name__)

FIRST_LOOK = timedelta(seconds=2)


class Reconciler:
    """Moves a request from ``sending`` to ``accepted``, or to ``uncertain``."""

    def __init__(
        self,
        store: RequestStore,
        engine: Engine,
        cloud: GenesysCloud,
        *,
        deployment_id: str,
        read_back_seconds: tuple[int, ...],
        watch: timedelta,
    ) -> None:
        self._store = store
        self._engine = engine
        self._cloud = cloud
        self._deployment_id = deployment_id
        self._waits = read_back_seconds
        self._watch = watch

    def works(self) -> Mapping[str, Callable[[str, int], None]]:
        """Return the engine's names for what this module does."""
        return {READ_BACK: self._read_back}

    def message(self, request: Request) -> OutboundMessage:
        """Return what is sent, or was, for a request."""
        return OutboundMessage(
            contact_id=request.send_to_id,
            deployment_id=self._deployment_id,
            text=request.text,
            into_open_conversation=request.into_open_conversation,
        )

    def accept(self, request_id: str, receipt: Receipt) -> None:
        """Note that Genesys has the message, and begin to watch what becomes of it."""
        now = datetime.now(UTC)
        self._store.move(
            request_id,
            State.ACCEPTED,
            Event.ACCEPTED,
            ask=self._engine.asking(publish(request_id)),
            message_id=receipt.message_id,
            conversation_id=receipt.conversation_id,
            watch_until=now + self._watch,
            next_look_at=now + FIRST_LOOK,
            looks=0,
        )

    def doubt(self, request_id: str) -> None:
        """Note that nobody knows whether Genesys has the message, and begin to look for it."""
        first = read_back(request_id, wait=self._waits[0])
        works = self._engine.asking(first, publish(request_id))
        self._store.add_line(request_id, Event.FATE_UNKNOWN, ask=works, once=True)

    def check_again(self, request_id: str, agent: str) -> bool:
        """Ask for one more reading of an uncertain request; tell whether it still is one."""
        if self._store.load(request_id).state is not State.UNCERTAIN:
            return False
        asked = read_back(request_id, len(self._waits))  # past the last wait: a person's reading
        works = self._engine.asking(asked, publish(request_id))
        self._store.add_line(request_id, Event.CHECK_ASKED, agent, ask=works)
        return True

    def _read_back(self, request_id: str, turn: int) -> None:
        persistently()(self._look_for_it, request_id, turn)

    def _look_for_it(self, request_id: str, turn: int) -> None:
        request = self._store.load(request_id)
        if request.state not in (State.SENDING, State.UNCERTAIN):
            return
        receipt = self._find(request)
        show = self._engine.asking(publish(request_id))
        if receipt is not None:
            self.accept(request_id, receipt)
        elif turn + 1 < len(self._waits):
            later = read_back(request_id, turn + 1, wait=self._waits[turn + 1])
            self._store.ask(self._engine.asking(later))
        elif request.state is State.UNCERTAIN:
            self._store.add_line(request_id, Event.STILL_UNCERTAIN, ask=show)
        elif turn < len(self._waits):  # a person's reading says nothing of a send begun since
            self._store.move(request_id, State.UNCERTAIN, Event.UNCERTAIN, ask=show)

    def _find(self, request: Request) -> Receipt | None:
        try:
            return find_sent(
                self._cloud,
                self.message(request),
                contact_ids=request.contact_ids,
                since=request.sending_at or request.created_at,
                now=datetime.now(UTC),
                known_message_ids=self._store.known_message_ids(request.contact_id),
            )
        except GenesysError as error:
            log.warning("request %s: cannot read back (%r)", request.request_id, error)
            return None

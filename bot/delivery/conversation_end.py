"""Lets messages wait until the customer's open conversation has ended.

A look is one call, and the pauses between looks grow. When the conversation has ended, everything
is checked anew, as before any send.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from bot.job import Job, publish
from bot.language import N_
from bot.request import Event, Request, Stuck
from bot.state import State
from bot.storage.requests import RequestStore
from genesys import GenesysCloud, GenesysError, read_holder

log = logging.getLogger(__name__)

PAUSES = (60.0, 90.0, 120.0, 150.0)  # seconds; a delivery due in over three minutes counts as lost
TOO_LONG = N_("The customer's conversation didn't end in time.")


class ConversationEnd:
    """Looks at open conversations for the messages that wait. Never waits itself."""

    def __init__(self, requests: RequestStore, cloud: GenesysCloud) -> None:
        self._requests = requests
        self._cloud = cloud
        # What Genesys says has ended, though analytics doesn't know it yet. Only this process's.
        self._ended: dict[str, str] = {}

    def came_too_late(self, request: Request, now: datetime) -> bool:
        """Return whether a message has waited for as long as it may."""
        until = request.after_conversation
        return request.awaits_end and until is not None and now >= until

    def is_awaited(self, request: Request, job: Job) -> bool:
        """Look whether the conversation is still open; if it is, plan the next look."""
        open_id = request.open_conversation_id
        if not (open_id and request.after_conversation):
            return False
        if self._ended.get(request.request_id) == open_id:
            return False
        try:
            is_open = read_holder(self._cloud, open_id) is not None
        except GenesysError as error:
            log.info(
                "request %s: can't ask whether its conversation is still open (%r)",
                request.request_id,
                error,
            )
            is_open = True
        if is_open:
            self._wait_on(request, job.next_step(PAUSES[min(job.step, len(PAUSES) - 1)]))
        else:
            self._ended[request.request_id] = open_id
        return is_open

    def wait(
        self, request: Request, conversation_id: str, job: Job, version: str, **values: Any
    ) -> None:
        """Let a checked message wait for the end of a conversation; ``values`` are its new ones.

        ``version``: of the rules that it was judged by.
        """
        if conversation_id == request.open_conversation_id:
            self._wait_on(request, job.next_step(PAUSES[-1]))
            return
        first = Job(job.kind, job.request_id, delay=PAUSES[0])
        self._requests.move(
            request.request_id,
            State.SCHEDULED,
            Event.AWAITS_END,
            since=request.state,
            seen=request,
            jobs=[publish(request.request_id), first],
            stuck=Stuck.CONVERSATION,
            open_conversation_id=conversation_id,
            after_conversation=request.awaits_end_until,  # its time may have been moved
            rules_version=version,
            **{**values, "checked_at": None},
        )

    def _wait_on(self, request: Request, again: Job) -> None:
        """Plan the next look, and say what it waits for if something else held it up before."""
        id_ = request.request_id
        jobs = [again] if request.stuck is Stuck.CONVERSATION else [again, publish(id_)]
        self._requests.add_line(
            id_, Event.AWAITS_END, jobs=jobs, once=True, stuck=Stuck.CONVERSATION, seen=request
        )

    def forget(self, request: Request) -> None:
        """Forget a conversation whose end counts now."""
        self._ended.pop(request.request_id, None)

"""What cards say that isn't in their requests: who paused all sending, and who may approve."""

from __future__ import annotations

from collections.abc import Callable

from bot.cards.card import NO_NOTES, Notes
from bot.request import Request, State, Stuck
from bot.rules.directory import Directory, DirectoryUnavailable
from bot.rules.rules_file import Rules
from bot.storage.pause import Pause
from bot.text import show_name

_SHOWN_NAMES = 3
_SOMEBODY = "Somebody who may approve messages"


class NoteReader:
    """Reads it for one request at a time. Blocks while Slack is asked for names."""

    def __init__(self, pause: Pause, directory: Directory, rules: Callable[[], Rules]) -> None:
        self._pause = pause
        self._directory = directory
        self._rules = rules

    def read(self, request: Request) -> Notes:
        """Return what a request's card needs in its state."""
        if request.state is State.UNAPPROVED:
            paused = self._pause.read() if request.stuck else None
            return Notes(paused, self._approvers(request))
        return Notes(self._pause.read()) if request.stuck is Stuck.PAUSED else NO_NOTES

    def _approvers(self, request: Request) -> str:
        """Say who may approve a request: never the agent who asks for it."""
        approval, agent = self._rules().approval, show_name(request.agent_name)
        if not approval.users and not approval.groups:
            return f"A lead other than {agent}"
        ids = [user_id for user_id in approval.users if user_id != request.agent_id]
        try:
            names = [show_name(self._directory.person(id_).name) for id_ in ids[:_SHOWN_NAMES]]
        except DirectoryUnavailable:
            return f"{_SOMEBODY}, other than {agent},"
        if not names:
            return f"{_SOMEBODY}, other than {agent},"
        if approval.groups or len(ids) > _SHOWN_NAMES:
            names.append("another approver")
        return " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))

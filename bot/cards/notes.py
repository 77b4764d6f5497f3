"""What cards say that isn't in their requests: who paused, may approve, or declined."""

from __future__ import annotations

from collections.abc import Callable

from bot.cards.card_state import NO_NOTES, Notes
from bot.cards.places import Places
from bot.job import TryAgain
from bot.language import _
from bot.request import Event, Request, Stuck
from bot.rules.approvers import Approvers
from bot.rules.directory import DirectoryUnavailable
from bot.rules.rules_file import Rules
from bot.state import REACHED, State
from bot.storage.history import History
from bot.storage.opt_outs import OptOuts
from bot.storage.pause import Pause
from bot.text import show_name


class NoteReader:
    """Reads notes for one request at a time. Blocks while Slack is asked."""

    def __init__(
        self,
        pause: Pause,
        opt_outs: OptOuts,
        history: History,
        approvers: Approvers,
        rules: Callable[[], Rules],
        places: Places,
    ) -> None:
        self._pause = pause
        self._opt_outs = opt_outs
        self._history = history
        self._approvers = approvers
        self._rules = rules
        self._places = places

    def read(self, request: Request) -> Notes:
        """Return what a request's card needs in its state, where ``card_channel`` says it is."""
        if request.state is State.UNAPPROVED:
            paused = self._pause.read() if request.stuck else None
            if not self.has_approver(request):
                return Notes(paused, "")
            return Notes(paused, self._approvers.in_words(request.agent_id, request.agent_name))
        if request.state is State.REFUSED:
            return Notes(declined_by=self._read_decliner(request))
        if request.state is State.UNCERTAIN:
            return Notes(look_at=self._history.where_to_look(request.request_id))
        if request.state in REACHED or request.is_untracked:
            found = self._opt_outs.find(request.identity, request.contact_ids)
            return Notes(is_opted_out=found is not None)
        return Notes(self._pause.read()) if request.stuck is Stuck.PAUSED else NO_NOTES

    def has_approver(self, request: Request) -> bool:
        """Return whether anybody is asked for an approval, or may see the card; True if unknown."""
        if self._rules().approval.channel:
            return True
        try:
            channel = request.card_channel or request.place.channel_id
            if self._places.is_public(channel):
                return True
            return bool(self._approvers.find(request.agent_id))
        except DirectoryUnavailable as error:
            return not error.scope
        except TryAgain:
            return True

    def _read_decliner(self, request: Request) -> str:
        decided = self._history.latest_decision(request.request_id)
        if decided is None or decided.event is not Event.DECLINED:
            return ""
        return show_name(decided.detail) if decided.detail else _("somebody")

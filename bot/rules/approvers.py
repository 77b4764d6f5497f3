"""Who may approve an agent's message: for the bot to ask them, and for people to read."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from bot.language import N_, _, say_list
from bot.rules.access import Access
from bot.rules.directory import Directory, DirectoryUnavailable
from bot.rules.rules_file import Rules
from bot.text import show_name

MOST_ASKED = 20
NOBODY_APPROVES = N_("Nobody can approve this here. Ask your admin to set an approval channel.")
_SHOWN_NAMES = 3


class Approvers:
    """Knows them by the rules in force now. Blocks while Slack is asked.

    ``leads`` count as leads, too, whatever the rules say.
    """

    def __init__(
        self,
        directory: Directory,
        rules: Callable[[], Rules],
        access: Access,
        leads: frozenset[str] = frozenset(),
    ) -> None:
        self._directory = directory
        self._rules = rules
        self._access = access
        self._leads = leads

    def find(self, agent_id: str) -> tuple[str, ...]:
        """Return the ids of people who may approve this agent's messages: at most twenty.

        Raises DirectoryUnavailable.
        """
        users, groups = self._listed()
        ids = [*users, *(id_ for group in groups for id_ in sorted(self._directory.members(group)))]
        found: list[str] = []
        for user_id in dict.fromkeys(ids):
            if len(found) == MOST_ASKED:
                break
            if user_id != agent_id and self._access.verify_approver(user_id):
                found.append(user_id)
        return tuple(found)

    def in_words(self, agent_id: str, agent_name: str) -> str:
        """Say who may approve a message: never the agent who asks for it."""
        users, groups = self._listed()
        ids = [user_id for user_id in users if user_id != agent_id]
        names: list[str] = []
        with suppress(DirectoryUnavailable):
            names = [show_name(self._directory.person(id_).name) for id_ in ids[:_SHOWN_NAMES]]
        if not names:
            approval, agent = self._rules().approval, show_name(agent_name)
            if approval.users or approval.groups:
                somebody = _("Someone who may approve messages, other than {agent},")
                return somebody.format(agent=agent)
            return _("A lead other than {agent}").format(agent=agent)
        if groups or len(ids) > _SHOWN_NAMES:
            names.append(_("another approver"))
        if len(names) == 1:
            return names[0]
        return _("{names} or {last}").format(names=say_list(names[:-1]), last=names[-1])

    def _listed(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the users and the groups who may approve: the leads, if the rules name nobody."""
        rules = self._rules()
        if rules.approval.users or rules.approval.groups:
            return rules.approval.users, rules.approval.groups
        users = (*rules.leads.users, *sorted(self._leads))
        return tuple(dict.fromkeys(users)), rules.leads.groups

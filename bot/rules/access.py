"""Who may use the bot and where, and who may decide for others.

Slack doesn't say with a command or click whether somebody is a guest or a channel is shared, so a
Directory is asked. If it can't answer, the bot refuses.
https://docs.slack.dev/apis/slack-connect
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass

from bot.language import N_, _
from bot.rules.directory import SLACKBOT, Directory, DirectoryUnavailable, Person, Workspace
from bot.rules.needs import needs_channels, needs_people
from bot.rules.rules_file import Rules

log = logging.getLogger(__name__)

_OTHER_APP = N_(
    "This came from another Slack app. Nothing was sent. Ask your admin to check how I'm set up."
)
_OTHER_WORKSPACE = N_(
    "I'm installed in another workspace. Use me there, or ask your admin to install me here."
)
_DEACTIVATED = N_("Your Slack account is deactivated. Ask a Slack admin to activate it.")
_BOT = N_("Bots can't use this. A person has to do it.")
_STRANGER = N_("Only members of this workspace can use this. Ask someone who is one.")
_GUEST = N_("Guests can't use this. Ask a full member of your team.")
_NOT_LISTED = N_("You aren't on the list of people who can use this. Ask your admin to add you.")
_CHANNEL_NOT_LISTED = N_("I don't work in this channel. Use another one, or ask your admin.")
_SHARED = N_(
    "This channel is shared with another company, so I don't work here. Use a channel of your own."
)
_UNAVAILABLE = N_(
    "I can't check with Slack who you are right now. Nothing was sent. Try again in a minute."
)
_NOT_PERMITTED = N_(
    "I can't check whether you may do this. Nothing was sent. Ask your admin to check my "
    "permissions in Slack."
)


@dataclass(frozen=True)
class _Attempt:
    user_id: str
    team_id: str
    channel_id: str
    app_id: str
    user_team_id: str


class Access:
    """Decides by the rules that are in force now; blocks while the directory is asked."""

    def __init__(
        self, directory: Directory, rules: Callable[[], Rules], leads: frozenset[str]
    ) -> None:
        """Count ``leads`` as leads, too, whatever the rules say."""
        self._directory = directory
        self._rules = rules
        self._leads = leads
        self._names_are_hidden = False

    def check(
        self,
        user_id: str,
        team_id: str,
        channel_id: str = "",
        app_id: str = "",
        user_team_id: str = "",
    ) -> str:
        """Return "" or the sentence why this person may not use the bot here.

        ``team_id`` and ``app_id`` say where the request comes from, ``user_team_id`` where the
        person belongs, all as Slack's payload has them. "" means that it doesn't say.
        """
        attempt = _Attempt(user_id, team_id, channel_id, app_id, user_team_id)
        try:
            return _(self._judge(self._directory, attempt))
        except DirectoryUnavailable as error:
            if error.scope:
                log.warning("can't check people: the permission %s is missing", error.scope)
            return _(_NOT_PERMITTED if error.scope else _UNAVAILABLE)

    def check_known(
        self,
        user_id: str,
        team_id: str,
        channel_id: str = "",
        app_id: str = "",
        user_team_id: str = "",
    ) -> str | None:
        """Do the same without waiting; None if the answers that are still good don't suffice."""
        attempt = _Attempt(user_id, team_id, channel_id, app_id, user_team_id)
        try:
            return _(self._judge(self._directory.fresh, attempt))
        except DirectoryUnavailable:
            return None

    def known_name(self, user_id: str) -> str:
        """Return the name that somebody shows in Slack, as far as it's known; it never waits."""
        return self._directory.known_name(user_id)

    def learn_name(self, user_id: str) -> None:
        """Ask for the name of somebody whom no rule had to ask about."""
        if self._names_are_hidden:
            return
        try:
            self._directory.person(user_id)
        except DirectoryUnavailable as error:
            # A permission that's missing comes with a new installation, and then with a restart.
            self._names_are_hidden = bool(error.scope)

    def is_shared(self, channel_id: str) -> bool:
        """Return whether a channel is shared and that isn't allowed; raise DirectoryUnavailable."""
        return bool(_judge_channel(self._directory, self._rules(), channel_id))

    def verify(self, user_id: str, team_id: str, channel_id: str) -> str:
        """Do the same as ``check``, but raise DirectoryUnavailable: what's stored can wait."""
        return _(self._judge(self._directory, _Attempt(user_id, team_id, channel_id, "", "")))

    def is_lead(self, user_id: str) -> bool:
        """Return whether somebody is a lead; False if the directory can't say."""
        with suppress(DirectoryUnavailable):
            return self.verify_lead(user_id)
        return False

    def verify_lead(self, user_id: str) -> bool:
        """Return whether somebody is a lead; raise DirectoryUnavailable."""
        leads = self._rules().leads
        return self._is_one_of(user_id, {*leads.users, *self._leads}, leads.groups)

    def is_approver(self, user_id: str) -> bool:
        """Return whether somebody may approve messages; False if the directory can't say."""
        with suppress(DirectoryUnavailable):
            return self.verify_approver(user_id)
        return False

    def verify_approver(self, user_id: str) -> bool:
        """Return whether somebody may approve messages; raise DirectoryUnavailable."""
        approval = self._rules().approval
        if not approval.users and not approval.groups:
            return self.verify_lead(user_id)
        return self._is_one_of(user_id, approval.users, approval.groups)

    def _is_one_of(self, user_id: str, users: Collection[str], groups: Iterable[str]) -> bool:
        listed = user_id in users or _is_in_any(self._directory, groups, user_id)
        return listed and not _judge_person(self._directory, self._rules(), user_id)

    def _judge(self, directory: Directory, attempt: _Attempt) -> str:
        rules = self._rules()
        workspace = directory.workspace()
        is_foreign = not {attempt.team_id, attempt.user_team_id} <= {"", workspace.team_id}
        return (
            _judge_origin(workspace, attempt)
            or _judge_person(directory, rules, attempt.user_id, is_foreign=is_foreign)
            or self._judge_lists(directory, rules, attempt)
            or _judge_channel(directory, rules, attempt.channel_id)
        )

    def _judge_lists(self, directory: Directory, rules: Rules, attempt: _Attempt) -> str:
        """Look for the person and the channel on the lists; leads and approvers are on them."""
        access, leads, approval = rules.access, rules.leads, rules.approval
        if access.users or access.groups:
            users = {*access.users, *leads.users, *approval.users, *self._leads}
            groups = (*access.groups, *leads.groups, *approval.groups)
            if attempt.user_id not in users and not _is_in_any(directory, groups, attempt.user_id):
                return _NOT_LISTED
        is_listed = not access.channels or attempt.channel_id in ("", *access.channels)
        return "" if is_listed else _CHANNEL_NOT_LISTED


def _judge_origin(workspace: Workspace, attempt: _Attempt) -> str:
    if attempt.app_id and workspace.app_id and attempt.app_id != workspace.app_id:
        return _OTHER_APP
    if workspace.enterprise_id:
        return ""  # workspaces of one company may differ; the person's own decides
    if attempt.team_id not in ("", workspace.team_id):
        return _OTHER_WORKSPACE
    return "" if attempt.user_team_id in ("", workspace.team_id) else _STRANGER


def _judge_person(
    directory: Directory, rules: Rules, user_id: str, *, is_foreign: bool = False
) -> str:
    if user_id in ("", SLACKBOT):
        return _BOT
    if not (is_foreign or needs_people(rules)):
        return ""
    person, workspace = directory.person(user_id), directory.workspace()
    if person.is_stranger or not _is_ours(person, workspace):
        return _STRANGER
    if person.is_deactivated:
        return _DEACTIVATED
    if person.is_bot:
        return _BOT
    return _GUEST if person.is_guest and not rules.access.guests else ""


def _is_ours(person: Person, workspace: Workspace) -> bool:
    same_company = bool(workspace.enterprise_id) and person.enterprise_id == workspace.enterprise_id
    return person.team_id == workspace.team_id or same_company


def _judge_channel(directory: Directory, rules: Rules, channel_id: str) -> str:
    """Refuse a shared channel. In one that the bot can't see it can't post either, so it's fine."""
    if not channel_id or not needs_channels(rules):
        return ""
    return _SHARED if directory.channel(channel_id).is_external else ""


def _is_in_any(directory: Directory, groups: Iterable[str], user_id: str) -> bool:
    return any(directory.is_in_group(group, user_id) for group in groups)

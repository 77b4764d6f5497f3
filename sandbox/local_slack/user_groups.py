"""User groups: usergroups.list and usergroups.users.list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .config import JSON
from .errors import SlackError
from .state import State
from .workspace import SLACKBOT, TEAM_ID, UserGroup

Arguments = Mapping[str, Any]
_DISABLED_AT = 1_700_000_000


def list_groups(state: State, arguments: Arguments) -> JSON:
    """List the user groups (usergroups.list), and their members if asked to."""
    groups = state.workspace.groups.values()
    with_disabled = arguments.get("include_disabled")
    shown = [group for group in groups if with_disabled or not group.is_disabled]
    return {"usergroups": [_render(group, arguments) for group in shown]}


def list_members(state: State, arguments: Arguments) -> JSON:
    """List the ids of a user group's members (usergroups.users.list)."""
    group = state.workspace.groups.get(arguments["usergroup"])
    if group is None or (group.is_disabled and not arguments.get("include_disabled")):
        raise SlackError("no_such_subteam")
    return {"users": list(group.users)}


def _render(group: UserGroup, arguments: Arguments) -> JSON:
    shown: JSON = {
        "id": group.id,
        "team_id": TEAM_ID,
        "is_usergroup": True,
        "name": group.name,
        "description": "",
        "handle": group.handle,
        "is_external": False,
        "date_create": 0,
        "date_update": 0,
        "date_delete": _DISABLED_AT if group.is_disabled else 0,
        "auto_type": None,
        "created_by": SLACKBOT,
        "updated_by": SLACKBOT,
        "deleted_by": SLACKBOT if group.is_disabled else None,
        "prefs": {"channels": [], "groups": []},
    }
    if arguments.get("include_users"):
        shown["users"] = list(group.users)
    if arguments.get("include_count"):
        shown["user_count"] = str(len(group.users))
    return shown

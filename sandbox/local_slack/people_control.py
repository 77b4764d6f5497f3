"""The control route that changes people, channels and user groups, as an administrator would."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .actions import ActionError
from .config import JSON
from .workspace import Workspace

_KINDS: dict[str, dict[str, type]] = {
    "users": {
        "team_id": str,
        "is_admin": bool,
        "is_restricted": bool,
        "is_ultra_restricted": bool,
        "is_deleted": bool,
    },
    "channels": {
        "members": list,
        "is_private": bool,
        "is_mpim": bool,
        "is_ext_shared": bool,
        "is_archived": bool,
    },
    "groups": {"users": list, "is_disabled": bool},
}


def change_people(workspace: Workspace, wanted: JSON) -> None:
    """Change `{"users": {id: {field: value}}, "channels": {...}, "groups": {...}}`, or nothing.

    Raises ActionError.
    """
    found = [
        (getattr(workspace, part), one_id, fields)
        for part, changes in wanted.items()
        for one_id, fields in _checked(workspace, part, changes)
    ]
    for table, one_id, fields in found:
        table[one_id] = replace(table[one_id], **fields)
    workspace.changed()


def _checked(workspace: Workspace, part: str, changes: Any) -> list[tuple[str, dict[str, Any]]]:
    if part not in _KINDS or not isinstance(changes, dict):
        raise ActionError(f"Only {', '.join(_KINDS)} can be changed, each by its id.")
    for one_id, fields in changes.items():
        if one_id not in getattr(workspace, part):
            raise ActionError(f"There is no {one_id} among the {part}.")
        _check_fields(part, fields)
    return [(one_id, _read(fields)) for one_id, fields in changes.items()]


def _check_fields(part: str, fields: Any) -> None:
    if not isinstance(fields, dict):
        raise ActionError("A change must be an object.")
    for name, value in fields.items():
        kind = _KINDS[part].get(name)
        if kind is None:
            raise ActionError(f"{name} can't be changed in {part}.")
        if not isinstance(value, kind):
            raise ActionError(f"{name} has the wrong kind of value.")


def _read(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {str(one) for one in value} if name == "members" else value
        for name, value in fields.items()
    }

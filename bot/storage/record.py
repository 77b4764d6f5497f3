"""What the audit log says about a request: that it was stored, and each move that matters.

Called last in the transaction that does it, so that both are there or neither.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import sqlalchemy as sa

from bot.request import Decision, Event, Request
from bot.state import State
from bot.storage.audit import Action, Entry, append
from bot.storage.keys import Keys

_ACTIONS: dict[Event, Action] = {
    Event.REFUSED: Action.REFUSED,
    Event.OPTED_OUT: Action.REFUSED,
    Event.CANCELLED: Action.CANCELLED,
    Event.EDITED: Action.EDITED,
    Event.APPROVAL_ASKED: Action.APPROVAL_ASKED,
    Event.APPROVAL_LOST: Action.APPROVAL_ASKED,
    Event.APPROVED: Action.APPROVED,
    Event.DECLINED: Action.DECLINED,
    Event.CHECK_ASKED: Action.DECIDED,
    Event.SEND_DECIDED: Action.DECIDED,
    Event.SENT_CONFIRMED: Action.DECIDED,
    Event.SENDING: Action.SENT,
}
_NOT_RECORDED = frozenset({Event.FOUND, Event.NOT_TAKEN, Event.POSTPONED})
_NO_DETAIL: Mapping[str, str] = {}


def record(
    connection: sa.Connection,
    subject: str,
    request: Request,
    action: Action,
    detail: Mapping[str, str] = _NO_DETAIL,
) -> None:
    """Record what an agent did about a request that isn't stored; ``subject``: its customer."""
    append(connection, Entry(action, request.agent_id, request.place.team_id, "", subject, detail))


def record_new(connection: sa.Connection, keys: Keys, request: Request) -> None:
    """Record that a request was stored, and that rules were overridden for it."""
    entry = Entry(
        Action.STORED,
        request.agent_id,
        request.place.team_id,
        request.request_id,
        keys.subject(connection, request.identity),
        {
            "rules": request.rules_version,
            "text": keys.text_digest(request.text),
            **({"template": request.template} if request.template else {}),
        },
    )
    append(connection, entry)
    if request.override_reason:
        reason = keys.text_digest(request.override_reason)
        detail = {"overridden": ", ".join(request.overridden), "reason": reason}
        append(connection, replace(entry, action=Action.OVERRIDDEN, detail=detail))


def record_move(
    connection: sa.Connection,
    keys: Keys,
    request: Request,
    event: Event,
    decision: Decision | None,
    refused_by: str,
) -> None:
    """Record a move, unless it says nothing new; ``refused_by`` names the rules that decided."""
    if event in _NOT_RECORDED:
        return
    says_text = request.state is State.SENDING or event is Event.EDITED
    detail = {
        "state": request.state.value,
        "rules": request.rules_version,
        "refused by": refused_by,
        "text": keys.text_digest(request.text) if says_text else "",
        "template": request.template if says_text else "",
    }
    entry = Entry(
        _ACTIONS.get(event, Action.OUTCOME),
        decision.user_id if decision else request.agent_id,
        request.place.team_id,
        request.request_id,
        keys.subject(connection, request.identity),
        {name: value for name, value in detail.items() if value},
    )
    append(connection, entry)

"""Step 2: the Draft, which is what an agent has typed so far, and how it is read from a modal.

Promises: what is typed is parsed once, here; a choice made for one customer never counts for
another, because its block id names the customer. Does not: draw (``modal_view``), or ask anybody.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.request import Place
from bot.rules.address import BadAddress, read_identity, sendable
from bot.rules.verdict import Finding, Rule
from genesys import Identity

View = dict[str, Any]

CUSTOMER, MESSAGE, CANDIDATE, OPEN = "customer", "message", "candidate", "open_conversation"
SEND_AT, SEND_BEFORE = "send_at", "send_before"
WRITE_INTO, LEAVE = "write", "leave"
LATEST = timedelta(days=90)  # how far ahead a message may be planned


@dataclass(frozen=True)
class Draft:
    """What an agent has typed so far, and where they were.

    ``identity`` is None while the customer field holds none; ``problem`` then says why.
    """

    place: Place
    customer: str = field(repr=False)
    message: str = field(repr=False)
    identity: Identity | None
    problem: str = ""
    chosen_contact_id: str = ""
    into_open: bool = False
    send_at: datetime | None = None
    send_before: datetime | None = None


def make_draft(place: Place, customer: str, message: str, default_country: str | None) -> Draft:
    """Read a typed customer and keep the sentence that says why it cannot be read."""
    try:
        identity = read_identity(customer, default_country)
    except BadAddress as problem:
        return Draft(place, customer, message, None, str(problem))
    return Draft(place, customer, message, identity)


def read_modal(view: View, team_id: str, default_country: str | None) -> Draft:
    """Read the draft out of a view that Slack delivers (submission or action)."""
    values = view["state"]["values"]
    draft = make_draft(
        read_place(view["private_metadata"], team_id),
        _value(values, CUSTOMER, CUSTOMER).get("value") or "",
        sendable(_value(values, MESSAGE, MESSAGE).get("value") or ""),
        default_country,
    )
    draft = replace(draft, send_at=_time(values, SEND_AT), send_before=_time(values, SEND_BEFORE))
    if draft.identity is None:
        return draft
    candidate = _value(values, name_for(CANDIDATE, draft.identity), CANDIDATE)
    into_open = _value(values, name_for(OPEN, draft.identity), OPEN)
    return replace(
        draft,
        chosen_contact_id=(candidate.get("selected_option") or {}).get("value", ""),
        into_open=(into_open.get("selected_option") or {}).get("value") == WRITE_INTO,
    )


def field_of(finding: Finding, draft: Draft, view: View) -> str:
    """Return the block id of the field under which a finding's sentence belongs."""
    present = {block["block_id"] for block in view["blocks"]}
    wanted = CUSTOMER
    if draft.identity and finding.rule is Rule.CONVERSATION:
        wanted = name_for(OPEN, draft.identity)
    elif draft.identity and finding.rule is Rule.CONTACT:
        wanted = name_for(CANDIDATE, draft.identity)
    return wanted if wanted in present else CUSTOMER


def name_for(block: str, identity: Identity) -> str:
    """Name a block so that it belongs to one customer; the id does not give the address away."""
    return f"{block}:{hashlib.sha256(identity.value.encode()).hexdigest()[:16]}"


def check_times(draft: Draft, now: datetime) -> dict[str, str]:
    """Return what is wrong with a draft's times, by the field where it belongs."""
    errors: dict[str, str] = {}
    if draft.send_at is not None and draft.send_at > now + LATEST:
        errors[SEND_AT] = f"Choose a time within the next {LATEST.days} days."
    elif draft.send_at is not None and draft.send_at < now - timedelta(minutes=1):
        errors[SEND_AT] = "This time is over. Choose a later one, or none to send at once."
    if draft.send_before is not None and draft.send_before <= max(now, draft.send_at or now):
        errors[SEND_BEFORE] = "By then it could not have been sent. Choose a later time, or none."
    return errors


def _value(values: dict[str, Any], block_id: str, action_id: str) -> dict[str, Any]:
    found = values.get(block_id, {}).get(action_id)
    return found if isinstance(found, dict) else {}


def _time(values: dict[str, Any], block: str) -> datetime | None:
    seconds = _value(values, block, block).get("selected_date_time")
    return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) else None


def write_place(place: Place) -> str:
    """Keep where the agent was with the modal."""
    return json.dumps([place.channel_id, place.thread_ts, place.response_url])


def read_place(metadata: str, team_id: str) -> Place:
    """Read back what ``write_place`` kept."""
    channel_id, thread_ts, response_url = json.loads(metadata)
    return Place(team_id, channel_id, thread_ts, response_url)

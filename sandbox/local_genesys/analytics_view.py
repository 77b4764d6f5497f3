"""A conversation as analytics shows it, without anything that is newer than a given moment."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sandbox.local_genesys.predicates import Row
from sandbox.local_genesys.records import (
    Conversation,
    Direction,
    MessageStatus,
    Participant,
)
from sandbox.local_genesys.sample_customers import fixed_id
from sandbox.local_genesys.state import World, as_iso

_DELIVERY: dict[MessageStatus, str] = {
    MessageStatus.QUEUED: "Queued",
    MessageStatus.SENT: "Sent",
    MessageStatus.RECEIVED: "Received",
    MessageStatus.DELIVERED: "DeliverySuccess",
    MessageStatus.UNDELIVERED: "DeliveryFailed",
    MessageStatus.READ: "Read",
    MessageStatus.FAILED: "Failed",
}


def conversation_as_json(conversation: Conversation, horizon: datetime) -> dict[str, Any]:
    """Return what had happened by the horizon; conversationEnd is absent if it was open then."""
    shown: dict[str, Any] = {
        "conversationId": conversation.id,
        "conversationStart": as_iso(conversation.started_at),
        "conversationInitiator": conversation.initiator,
        "originatingDirection": conversation.direction.value,
        "customerParticipation": conversation.customer_wrote_by(horizon),
        "divisionIds": [fixed_id("division/home")],
        "participants": [
            _participant(conversation, party, horizon)
            for party in conversation.participants
            if party.started_at <= horizon
        ],
    }
    if conversation.ended_at is not None and conversation.ended_at <= horizon:
        shown["conversationEnd"] = as_iso(conversation.ended_at)
    return shown


def _participant(
    conversation: Conversation, party: Participant, horizon: datetime
) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "participantId": party.id,
        "purpose": party.purpose,
        "sessions": [_session(conversation, party, horizon)],
    }
    if party.name:
        shown["participantName"] = party.name
    if party.contact_id is not None:
        shown["externalContactId"] = party.contact_id
    if party.user_id is not None:
        shown["userId"] = party.user_id
    return shown


def _session(conversation: Conversation, party: Participant, horizon: datetime) -> dict[str, Any]:
    inbound = party.direction is Direction.INBOUND
    session: dict[str, Any] = {
        "sessionId": party.session_id,
        "mediaType": party.media_type,
        "direction": party.direction.value,
        "provider": "PureCloud Messaging",
        "addressFrom": party.address_from,
        "addressTo": party.address_to,
        "remote": party.address_from if inbound else party.address_to,
        "authenticated": False,
        "metrics": [],
        "segments": [_segment(party, horizon)],
    }
    if party.message_type is not None:
        session["messageType"] = party.message_type
    if party.flow_id is not None:
        session["flow"] = {"flowId": party.flow_id}
    session.update(_delivery(conversation, party, horizon))
    return session


def _delivery(conversation: Conversation, party: Participant, horizon: datetime) -> dict[str, str]:
    changes = [
        (at, status)
        for message in conversation.messages
        if message.participant_id == party.id and message.direction is Direction.OUTBOUND
        for status, at in message.history
        if at <= horizon
    ]
    if not changes:
        return {}
    at, status = sorted(changes, key=lambda change: change[0])[-1]  # the last of equal times
    return {"deliveryStatus": _DELIVERY[status], "deliveryStatusChangeDate": as_iso(at)}


def show_pushes(shown: dict[str, Any]) -> None:
    """Say of each message to a customer who is away that a notification went to their phone."""
    for participant in shown["participants"]:
        for session in participant["sessions"]:
            if session.get("deliveryStatus") == _DELIVERY[MessageStatus.UNDELIVERED]:
                session.update(deliveryStatus="DeliveryPushed", deliveryPushed=True)


def _segment(party: Participant, horizon: datetime) -> dict[str, Any]:
    segment: dict[str, Any] = {
        "segmentStart": as_iso(party.started_at),
        "segmentType": "interact",
    }
    if party.ended_at is not None and party.ended_at <= horizon:
        segment["segmentEnd"] = as_iso(party.ended_at)
        segment["disconnectType"] = "peer"
    if party.queue_id is not None:
        segment["queueId"] = party.queue_id
    return segment


def segment_rows(world: World, shown: dict[str, Any]) -> list[Row]:
    """Return one row of dimensions for each segment of a conversation."""
    rows: list[Row] = []
    for participant in shown["participants"]:
        contact = world.contacts.get(participant.get("externalContactId", ""))
        for session in participant["sessions"]:
            for segment in session["segments"]:
                row = {
                    name: value
                    for part in (participant, session, segment)
                    for name, value in part.items()
                    if isinstance(value, str)
                }
                row["authenticated"] = str(session["authenticated"]).lower()
                if "flow" in session:
                    row["flowId"] = session["flow"]["flowId"]
                if contact is not None:
                    row["canonicalExternalContactId"] = contact.canonical_id or contact.id
                rows.append(row)
    return rows

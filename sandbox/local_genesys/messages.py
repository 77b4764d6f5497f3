"""Reading conversations and messages as they are now, without the delay of analytics."""

from __future__ import annotations

from typing import Any

from sandbox.local_genesys import assumptions
from sandbox.local_genesys.errors import ApiError, generic_error
from sandbox.local_genesys.records import (
    Conversation,
    Direction,
    Message,
    MessageStatus,
    Participant,
)
from sandbox.local_genesys.state import World, as_iso

_RECEIPTS: dict[MessageStatus, str] = {
    MessageStatus.SENT: "Sent",
    MessageStatus.DELIVERED: "Delivered",
    MessageStatus.UNDELIVERED: "Failed",
    MessageStatus.READ: "Read",
    MessageStatus.FAILED: "Failed",
}
REASON_CODES = frozenset(
    {
        "MessageExpired",
        "RateLimited",
        "MessageNotAllowed",
        "GeneralError",
        "UnsupportedMessage",
        "UnknownMessage",
        "InvalidMessageStructure",
        "InvalidDestination",
        "ServerError",
        "MediaTypeNotAllowed",
        "InvalidMediaContentLength",
        "RecipientOptedOut",
        "DataFiltered",
    }
)
_NOT_CONNECTED = ("GeneralError", "The customer is not connected.")


def read_conversation(world: World, conversation_id: str) -> dict[str, Any]:
    """Answer GET /conversations/messages/{conversationId}."""
    conversation = _find_conversation(world, conversation_id)
    return {
        "id": conversation.id,
        "participants": [
            _participant_as_json(conversation, party) for party in conversation.participants
        ],
        "otherMediaUris": [],
        "recentTransfers": [],
        "selfUri": f"/api/v2/conversations/messages/{conversation.id}",
    }


def read_message(world: World, message_id: str) -> dict[str, Any]:
    """Answer GET /conversations/messages/{messageId}/details."""
    message = world.messages.get(message_id)
    if message is None:
        raise generic_error(404)
    return message_as_json(world, message)


def read_message_of(world: World, conversation_id: str, message_id: str) -> dict[str, Any]:
    """Answer GET /conversations/messages/{conversationId}/messages/{messageId}."""
    conversation = _find_conversation(world, conversation_id)
    if all(message.id != message_id for message in conversation.messages):
        raise generic_error(404)
    return read_message(world, message_id)


def _find_conversation(world: World, conversation_id: str) -> Conversation:
    conversation = world.conversations.get(conversation_id)
    if conversation is None:
        raise ApiError(
            404,
            assumptions.CONVERSATION_NOT_FOUND,
            f"Conversation with ID [{conversation_id}] could not be found.",
        )
    return conversation


def _participant_as_json(conversation: Conversation, party: Participant) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": party.id,
        "name": party.name,
        "purpose": party.purpose,
        "state": "connected" if party.ended_at is None else "disconnected",
        "direction": party.direction.value,
        "startTime": as_iso(party.started_at),
        "connectedTime": as_iso(party.started_at),
        "held": False,
        "provider": "PureCloud Messaging",
        "type": party.message_type,
        "authenticated": False,
        "fromAddress": {"addressNormalized": party.address_from},
        "toAddress": {"addressNormalized": party.address_to},
        "messages": [
            _message_in_conversation(message)
            for message in conversation.messages
            if message.participant_id == party.id
        ],
    }
    if party.ended_at is not None:
        shown["endTime"] = as_iso(party.ended_at)
        shown["disconnectType"] = "peer"
    references = (
        ("externalContact", "externalcontacts/contacts", party.contact_id),
        ("queue", "routing/queues", party.queue_id),
        ("user", "users", party.user_id),
    )
    for name, path, entity_id in references:
        if entity_id is not None:
            shown[name] = {"id": entity_id, "selfUri": f"/api/v2/{path}/{entity_id}"}
    return shown


def _message_in_conversation(message: Message) -> dict[str, Any]:
    uri = f"/api/v2/conversations/messages/{message.conversation_id}/messages/{message.id}"
    shown: dict[str, Any] = {
        "messageId": message.id,
        "messageURI": uri,
        "messageStatus": message.status.value,
        "messageTime": as_iso(message.at),
    }
    if message.failure is not None:
        shown["errorInfo"] = dict(zip(("code", "message"), message.failure, strict=True))
    return shown


def message_as_json(world: World, message: Message) -> dict[str, Any]:
    """Return a message with its current state and its receipts (MessageData)."""
    conversation = world.conversations[message.conversation_id]
    party = next(p for p in conversation.participants if p.id == message.participant_id)
    from_guest = party.direction is Direction.INBOUND
    guest, company = (
        (party.address_from, party.address_to)
        if from_guest
        else (party.address_to, party.address_from)
    )
    inbound = message.direction is Direction.INBOUND
    sender, receiver = (guest, company) if inbound else (company, guest)
    channel_type = party.message_type or "webmessaging"
    return {
        "id": message.id,
        "providerMessageId": message.id,
        "timestamp": as_iso(message.at),
        "fromAddress": sender,
        "toAddress": receiver,
        "direction": message.direction.value,
        "messengerType": channel_type,
        "status": message.status.value,
        "normalizedMessage": {
            "id": message.id,
            "type": "Text",
            "text": message.text,
            "direction": message.direction.value.capitalize(),
            "channel": {
                "id": company,
                "platform": "Sms" if channel_type == "sms" else "WebMessaging",
                "type": "Private",
                "to": {"id": receiver, "idType": "Opaque"},
                "from": {"id": sender, "idType": "Opaque"},
                "time": as_iso(message.at),
            },
        },
        "normalizedReceipts": _receipts(message),
        "conversationId": message.conversation_id,
        "selfUri": f"/api/v2/conversations/messages/{message.id}/details",
    }


def _receipts(message: Message) -> list[dict[str, Any]]:
    receipts = []
    for status, at in message.history:
        if status not in _RECEIPTS:
            continue
        receipt: dict[str, Any] = {
            "id": message.id,
            "type": "Receipt",
            "status": _RECEIPTS[status],
            "isFinalReceipt": status in {MessageStatus.READ, MessageStatus.FAILED},
            "direction": "Outbound",
            "channel": {"platform": "WebMessaging", "time": as_iso(at)},
        }
        reason = _NOT_CONNECTED if status is MessageStatus.UNDELIVERED else None
        if status is MessageStatus.FAILED:
            reason = message.failure
        if reason is not None:
            receipt["reasons"] = [dict(zip(("code", "message"), reason, strict=True))]
        receipts.append(receipt)
    return receipts

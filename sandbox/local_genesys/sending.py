"""The agentless send: its checks, in Genesys Cloud's order, then the message."""

from __future__ import annotations

from typing import Any, Final

from sandbox.local_genesys import assumptions
from sandbox.local_genesys.conversations import send_to_customer
from sandbox.local_genesys.deployments import find_deployment
from sandbox.local_genesys.errors import ApiError, bad_request, not_supported_here
from sandbox.local_genesys.messages import message_as_json
from sandbox.local_genesys.records import WEB_MESSAGING, Conversation, Customer
from sandbox.local_genesys.shapes import Anything, Flag, Record, Text, without_nulls
from sandbox.local_genesys.state import World, as_iso

SEND: Final = Record(
    {
        "fromAddress": Text(),
        "toAddress": Text(),
        "externalContactId": Text(),
        "toAddressMessengerType": Text(
            choices=frozenset({"sms", "whatsapp", "open", WEB_MESSAGING, "apple"})
        ),
        "textBody": Text(longest=assumptions.LONGEST_TEXT),
        "messagingTemplate": Anything(),
        "useExistingActiveConversation": Flag(),
    },
    required=frozenset({"fromAddress", "toAddressMessengerType"}),
)


def send_agentless(world: World, body: dict[str, Any]) -> dict[str, Any]:
    """Accept an agentless web message. Raises ApiError 400, 404 or 409."""
    wanted = without_nulls(body)
    _check_channel_rules(wanted)
    _require_active_deployment(world, wanted["fromAddress"])
    customer = _guest_session(world, wanted["externalContactId"], wanted["fromAddress"])
    into_open = wanted.get("useExistingActiveConversation", False)
    into = _conversation_to_use(world, customer, into_open=into_open)
    message = send_to_customer(world, customer, wanted["textBody"], into)
    return {
        "id": message.id,
        "conversationId": message.conversation_id,
        "fromAddress": customer.deployment_id,
        "toAddress": customer.address,
        "messengerType": WEB_MESSAGING,
        "useExistingActiveConversation": into_open,
        "message": message_as_json(world, message),
        "timestamp": as_iso(message.at),
        "selfUri": f"/api/v2/conversations/messages/{message.id}/details",
    }


def _check_channel_rules(wanted: dict[str, Any]) -> None:
    """Check which fields the channel needs and forbids, as the API's documentation says."""
    channel = wanted["toAddressMessengerType"]
    if channel != WEB_MESSAGING:
        raise not_supported_here(f"agentless messages of type {channel}")
    if "messagingTemplate" in wanted:
        raise bad_request(
            "messagingTemplate cannot be used with webmessaging.", "messagingTemplate"
        )
    if "toAddress" in wanted:
        raise bad_request(
            "toAddress cannot be used with webmessaging; use externalContactId.", "toAddress"
        )
    if not wanted.get("externalContactId"):
        raise bad_request("externalContactId is required with webmessaging.", "externalContactId")
    if not wanted.get("textBody"):
        raise bad_request("textBody is required with webmessaging.", "textBody")


def _require_active_deployment(world: World, deployment_id: str) -> None:
    deployment = find_deployment(world, deployment_id)
    if deployment is None:
        raise ApiError(
            400,
            assumptions.UNKNOWN_DEPLOYMENT,
            "fromAddress is not a web messaging deployment of this organization.",
            field_name="fromAddress",
        )
    if deployment.status != "Active":
        raise ApiError(
            400,
            assumptions.INACTIVE_DEPLOYMENT,
            f"The web messaging deployment is not active; its status is {deployment.status}.",
            field_name="fromAddress",
        )


def _guest_session(world: World, contact_id: str, deployment_id: str) -> Customer:
    if contact_id not in world.contacts:
        raise ApiError(
            404,
            assumptions.CONTACT_NOT_FOUND,
            "No contact was found.",
            field_name="externalContactId",
        )
    customer = world.customer_of(contact_id)
    known = world.web_conversations(contact_id, deployment_id)
    if customer is None or customer.deployment_id != deployment_id or not known:
        raise ApiError(
            404,
            assumptions.NO_GUEST_SESSION,
            "The contact has no guest session on this web messaging deployment.",
            field_name="externalContactId",
        )
    return customer


def _conversation_to_use(
    world: World, customer: Customer, *, into_open: bool
) -> Conversation | None:
    known = world.web_conversations(customer.contact_id, customer.deployment_id)
    still_open = [conversation for conversation in known if conversation.is_open]
    if still_open and not into_open:
        raise ApiError(
            409,
            assumptions.CONVERSATION_ACTIVE,
            "There is an active conversation with this contact. Set "
            "useExistingActiveConversation to send the message into it.",
        )
    if still_open:
        return still_open[-1]
    return known[-1] if world.within_timeline(known[-1]) else None

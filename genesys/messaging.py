"""Send one web message, at most once.

The send (POST /api/v2/conversations/messages/agentless) has no idempotency key. So it is asked
for again only when it certainly was not carried out; when nobody knows, FateUnknown says so,
and readback.py looks before anything else happens.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime

from genesys.client import GenesysCloud
from genesys.errors import FateUnknown, GenesysError
from genesys.shape import Json, identifier, moment

CHANNEL_TEXT_LIMIT = 2000  # SendAgentlessOutboundMessageRequest.textBody, other than SMS
_AGENTLESS = "/api/v2/conversations/messages/agentless"


@dataclass(frozen=True)
class OutboundMessage:
    """What to send: to which contact, from which deployment.

    `into_open_conversation`: write into the conversation that is going on, if there is one;
    otherwise Genesys answers Conflict.
    """

    contact_id: str
    deployment_id: str
    text: str = field(repr=False)
    into_open_conversation: bool = False


@dataclass(frozen=True)
class Receipt:
    """Genesys has accepted the message; that says nothing about its delivery."""

    message_id: str
    conversation_id: str
    accepted_at: datetime


def send_once(cloud: GenesysCloud, message: OutboundMessage, *, patience: float = 20.0) -> Receipt:
    """Send the message with at most one attempt whose fate is unknown.

    Within `patience` seconds it is asked for again after 429, when no connection was made, and
    once when the token was rejected (401). Raises FateUnknown when it may have been sent, and
    any other GenesysError when it certainly was not. Needs conversation:message:create.
    """
    try:
        answer = cloud.call(
            "POST", _AGENTLESS, body=request_body(message), repeatable=False, patience=patience
        )
        return _receipt(answer)
    except GenesysError as fault:
        if fault.definite:
            raise
        raise FateUnknown(
            status=fault.status,
            code=fault.code,
            vendor_message=fault.vendor_message,
            correlation_id=fault.correlation_id,
        ) from fault


def request_body(message: OutboundMessage) -> Json:
    """Build the request: web messaging is addressed by contact, and forbids a toAddress."""
    return {
        "fromAddress": message.deployment_id,
        "externalContactId": message.contact_id,
        "toAddressMessengerType": "webmessaging",
        "textBody": message.text,
        "useExistingActiveConversation": message.into_open_conversation,
    }


def _receipt(answer: Json) -> Receipt:
    return Receipt(
        message_id=identifier(answer, "id"),
        conversation_id=identifier(answer, "conversationId"),
        accepted_at=moment(answer, "timestamp") or datetime.now(UTC),
    )

"""Send one web message, at most once.

The send (POST /api/v2/conversations/messages/agentless) has no idempotency key. So we only repeat
it if Genesys certainly didn't carry it out. If we don't know, we raise FateUnknown, and
readback.py looks for the message before anything else happens.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from genesys.client import GenesysCloud, always
from genesys.errors import FateUnknown, GenesysError
from genesys.shape import Json, identifier, moment

CHANNEL_TEXT_LIMIT = 2000  # SendAgentlessOutboundMessageRequest.textBody, other than SMS
_AGENTLESS = "/api/v2/conversations/messages/agentless"


@dataclass(frozen=True)
class OutboundMessage:
    """A message to a contact, sent from a deployment.

    `into_open_conversation`: if a conversation is open, write into it. Otherwise Genesys answers
    Conflict.
    """

    contact_id: str
    deployment_id: str
    text: str = field(repr=False)
    into_open_conversation: bool = False


@dataclass(frozen=True)
class Receipt:
    """Genesys accepted the message, which doesn't mean that it was delivered."""

    message_id: str
    conversation_id: str
    accepted_at: datetime


def send_once(
    cloud: GenesysCloud,
    message: OutboundMessage,
    *,
    may_begin: Callable[[], bool] = always,
    patience: float = 20.0,
) -> Receipt:
    """Send the message with at most one attempt whose result is unknown.

    Within `patience` seconds it tries again after a 429 or if it couldn't connect, and once if
    the token was rejected (401). Before each attempt, `may_begin` must agree. Raises FateUnknown
    if the message may have been sent, and any other GenesysError if it certainly wasn't
    (CalledOff without `may_begin`'s agreement). Needs conversation:message:create.
    """
    try:
        answer = cloud.call(
            "POST",
            _AGENTLESS,
            body=request_body(message),
            repeatable=False,
            patience=patience,
            may_begin=may_begin,
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
    """Build the request; for web messaging it names a contact and must not have a toAddress."""
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

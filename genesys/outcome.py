"""What became of one message: its delivery, in our words, and Genesys's reason for a failure.

For web messaging, "delivery-failed" is not a failure: the customer is not on the page, and
Genesys tries again when they come back. A message has failed when its status says failed or
removed, or when a final receipt gives a reason that has nothing to do with being away.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from genesys.budget import Priority
from genesys.client import GenesysCloud
from genesys.conversations import read_message_details
from genesys.shape import Json, flag, nested_list, text

_NOT_CONNECTED = ("", "GeneralError")  # what a receipt may say of a customer who is just away


class DeliveryStatus(StrEnum):
    """How far a message got. AWAY: not delivered, because the customer is not on the page."""

    PENDING = "pending"
    AWAY = "away"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


# Message statuses and analytics' delivery statuses, their hyphens and capitals set aside. A
# "pushed" message went to a phone as a notification, so its customer was not connected either.
_MEANINGS = {
    "queued": DeliveryStatus.PENDING,
    "sent": DeliveryStatus.PENDING,
    "published": DeliveryStatus.PENDING,
    "deliverypushed": DeliveryStatus.AWAY,
    "deliveryfailed": DeliveryStatus.AWAY,
    "deliverysuccess": DeliveryStatus.DELIVERED,
    "read": DeliveryStatus.READ,
    "failed": DeliveryStatus.FAILED,
    "removed": DeliveryStatus.FAILED,
}


@dataclass(frozen=True)
class Reply:
    """The customer wrote after a message: where, and when (or when that was noticed)."""

    conversation_id: str
    at: datetime


@dataclass(frozen=True)
class News:
    """What is known of one message now; `status` None: Genesys does not show it (yet).

    `reason` is what Genesys says about a message that did not arrive, code first.
    """

    message_id: str
    status: DeliveryStatus | None
    reason: str = field(repr=False)
    reply: Reply | None


def read_message(
    cloud: GenesysCloud, message_id: str, *, priority: Priority = Priority.BACKGROUND
) -> News:
    """Read one message's exact status, with the reason when it did not arrive; no reply.

    Needs conversation:message:view. Raises GenesysError.
    """
    read = read_message_details(cloud, message_id, priority)
    failures = [one for one in nested_list(read, "normalizedReceipts") if _tells_failure(one)]
    final = [one for one in failures if flag(one, "isFinalReceipt")]
    status = meaning(text(read, "status"))
    if status is DeliveryStatus.AWAY and any(_beyond_being_away(one) for one in final):
        status = DeliveryStatus.FAILED
    told = [] if status not in (DeliveryStatus.AWAY, DeliveryStatus.FAILED) else final or failures
    return News(message_id, status, _reason(told[-1]) if told else "", None)


def meaning(status: str) -> DeliveryStatus | None:
    """Read a status of a message or of analytics; None for inbound, absent and unknown ones."""
    return _MEANINGS.get(status.replace("-", "").lower())


def _tells_failure(receipt: Json) -> bool:
    return text(receipt, "status") in ("Failed", "Removed")


def _beyond_being_away(receipt: Json) -> bool:
    return any(code not in _NOT_CONNECTED for code, _ in _reasons(receipt))


def _reason(receipt: Json) -> str:
    return "; ".join(": ".join(filter(None, reason)) for reason in _reasons(receipt))


def _reasons(receipt: Json) -> Iterator[tuple[str, str]]:
    for reason in nested_list(receipt, "reasons"):
        yield text(reason, "code"), text(reason, "message")

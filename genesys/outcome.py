"""Read what became of one message: its delivery status, and Genesys's reason for a failure.

For web messaging, "delivery-failed" isn't a failure: the customer isn't on the page, and Genesys
tries again when they come back. A message has failed if its status is failed or removed, or if a
final receipt gives a reason other than the customer being away.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from genesys.client import GenesysCloud
from genesys.conversations import read_message_details
from genesys.rate_limit import Priority
from genesys.shape import Json, flag, nested, nested_list, text

_NOT_CONNECTED = ("", "GeneralError")  # the codes of a receipt if the customer is just away


class DeliveryStatus(StrEnum):
    """How far a message got. AWAY: not delivered yet, because the customer isn't on the page.

    PUSHED: a push notification went to their phone; only analytics has that.
    """

    PENDING = "pending"
    AWAY = "away"
    PUSHED = "pushed"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"


# The statuses of messages and of analytics, without hyphens and in lower case.
_MEANINGS = {
    "queued": DeliveryStatus.PENDING,
    "sent": DeliveryStatus.PENDING,
    "published": DeliveryStatus.PENDING,
    "deliverypushed": DeliveryStatus.PUSHED,
    "deliveryfailed": DeliveryStatus.AWAY,
    "deliverysuccess": DeliveryStatus.DELIVERED,
    "read": DeliveryStatus.READ,
    "failed": DeliveryStatus.FAILED,
    "removed": DeliveryStatus.FAILED,
}


@dataclass(frozen=True)
class Reply:
    """Where and when the customer wrote after a message (or when we noticed it)."""

    conversation_id: str
    at: datetime


@dataclass(frozen=True)
class News:
    """What we know about one message now; `status` None: Genesys doesn't show it (yet).

    `reason` is why a message didn't arrive, in Genesys's words, its code first; `explanation` is
    the same without codes. `changed_at` is when its status last changed, if analytics tells.
    """

    message_id: str
    status: DeliveryStatus | None
    reason: str = field(repr=False)
    reply: Reply | None
    changed_at: datetime | None = None
    explanation: str = field(default="", repr=False)


def read_message(cloud: GenesysCloud, message_id: str) -> News:
    """Read one message's exact status, with the reason if it didn't arrive, but no reply.

    Needs conversation:message:view. Raises GenesysError.
    """
    read = read_message_details(cloud, message_id, Priority.BACKGROUND)
    failures = [one for one in nested_list(read, "normalizedReceipts") if _is_failure(one)]
    final = [one for one in failures if flag(one, "isFinalReceipt")]
    status = meaning(text(read, "status"))
    if status is DeliveryStatus.AWAY and any(_has_other_reason(one) for one in final):
        status = DeliveryStatus.FAILED
    told = [] if status not in (DeliveryStatus.AWAY, DeliveryStatus.FAILED) else final or failures
    reasons = list(_reasons(told[-1])) if told else []
    explanation = "; ".join(dict.fromkeys(said for _, said in reasons if said))
    return News(message_id, status, _reason(reasons), None, explanation=explanation)


def error_info(listed: Json) -> str:
    """Return the error that a conversation's list of messages tells about one of them, or ""."""
    error = nested(listed, "errorInfo")
    return ": ".join(filter(None, (text(error, "code"), text(error, "message"))))


def error_explanation(listed: Json) -> str:
    """Return what it says for people, without its code, or ""."""
    return text(nested(listed, "errorInfo"), "message")


def meaning(status: str) -> DeliveryStatus | None:
    """Map a status of a message or of analytics; None if it's inbound, absent or unknown."""
    return _MEANINGS.get(status.replace("-", "").lower())


def _is_failure(receipt: Json) -> bool:
    return text(receipt, "status") in ("Failed", "Removed")


def _has_other_reason(receipt: Json) -> bool:
    return any(code not in _NOT_CONNECTED for code, _ in _reasons(receipt))


def _reason(reasons: Iterable[tuple[str, str]]) -> str:
    return "; ".join(": ".join(filter(None, reason)) for reason in reasons)


def _reasons(receipt: Json) -> Iterator[tuple[str, str]]:
    for reason in nested_list(receipt, "reasons"):
        yield text(reason, "code"), text(reason, "message")

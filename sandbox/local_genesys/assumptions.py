"""What this stand-in assumes about the real Genesys Cloud where no document says.

One named place, so that the documentation can list it and a real organisation can settle it.
The codes below are used by the endpoints; the sentences explain them and the other choices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CONVERSATION_ACTIVE: Final = "conversation.active"
UNKNOWN_DEPLOYMENT: Final = "messaging.unknown.deployment"
INACTIVE_DEPLOYMENT: Final = "messaging.deployment.not.active"
NO_GUEST_SESSION: Final = "messaging.guest.session.not.found"
CONTACT_NOT_FOUND: Final = "contact.not.found"
CONVERSATION_NOT_FOUND: Final = "conversation.error.conversation.not.found"
STAND_IN_LIMIT: Final = "local.stand.in.limit"

SEND_ANSWER_STATUS: Final = 202
LONGEST_INTERVAL_DAYS: Final = 31
LARGEST_PAGE: Final = 100
LONGEST_TEXT: Final = 2000
LARGEST_BODY: Final = 256 * 1024


@dataclass(frozen=True)
class Assumption:
    """One guess: a short name, what the stand-in does, and what is uncertain about it."""

    name: str
    says: str


ASSUMPTIONS: Final[tuple[Assumption, ...]] = (
    Assumption(
        "send: success status",
        f"A send is answered with {SEND_ANSWER_STATUS}; the real one may answer 200.",
    ),
    Assumption(
        "send: open conversation",
        f"Without useExistingActiveConversation, an open conversation of that contact on that "
        f"deployment is refused with 409 {CONVERSATION_ACTIVE}. Only the status is documented.",
    ),
    Assumption(
        "send: unknown or foreign deployment",
        f"A fromAddress that is no deployment is 400 {UNKNOWN_DEPLOYMENT}.",
    ),
    Assumption(
        "send: inactive deployment",
        f"A deployment whose status is not Active is 400 {INACTIVE_DEPLOYMENT}.",
    ),
    Assumption(
        "send: no guest session",
        f"A contact that never used that deployment is 404 {NO_GUEST_SESSION}; an unknown "
        f"contact id is 404 {CONTACT_NOT_FOUND}.",
    ),
    Assumption(
        "send: which contact id",
        "The guest session is found only under the contact id that its conversations carry; "
        "the canonical id of a merged contact is not resolved to it.",
    ),
    Assumption(
        "send: guest sessions last",
        "A guest session never expires here; real ones do, after a time set by the administrator.",
    ),
    Assumption(
        "send: text length",
        f"textBody counts Unicode code points, 1 to {LONGEST_TEXT}; UTF-16 units are possible.",
    ),
    Assumption(
        "send: the conversation ends at once",
        "A conversation made by an agentless send is over as soon as the message is accepted, "
        "so the next send does not meet a conflict.",
    ),
    Assumption(
        "threading timeline",
        "Zero minutes unless set: each send is a new conversation. When set, a send or an answer "
        "within that time after the end re-uses the conversation. The real default is 72 hours.",
    ),
    Assumption(
        "answers join the message they answer",
        "The first answer to an agentless message re-opens its conversation, whatever the "
        "threading timeline; the setting answers_open_new_conversation makes it a new one.",
    ),
    Assumption(
        "delivery states",
        "To a customer on the page: queued, sent, delivery-success. To one who is away: "
        "delivery-failed until they are back. `read` is set when they look at the page; whether "
        "the real web messaging ever sets it is unknown.",
    ),
    Assumption(
        "who holds the messages",
        "GET /conversations/messages/{id} lists outbound messages under the api participant and "
        "inbound ones under the customer participant; any token may read it.",
    ),
    Assumption(
        "details query: limits",
        f"Intervals over {LONGEST_INTERVAL_DAYS} days and pages over {LARGEST_PAGE} are 400; "
        "both figures are widely repeated, neither is in the contract.",
    ),
    Assumption(
        "details query: filters",
        "Values compare exactly, with their case. The elements of segmentFilters are ANDed and "
        "each may be met by a different segment. An empty result leaves `conversations` out.",
    ),
    Assumption(
        "details query: days",
        "A conversation belongs to an interval when it started on a UTC day that it touches.",
    ),
    Assumption(
        "details query: addresses",
        "The deployment id is addressTo of an inbound session and addressFrom of an outbound one.",
    ),
    Assumption(
        "identifier lookup",
        "Exact: e-mail addresses compare with their case and are stored in lower case; a phone "
        "number without a leading + is 422. It finds contacts of every type by a claimed "
        "identifier, reverse white pages only curated ones by any of their details.",
    ),
    Assumption(
        "merged contacts",
        "Lookup and GET of any id of a merge set answer with the canonical contact.",
    ),
    Assumption(
        "a message fails for good",
        "Only when a test orders it: status failed, and a final receipt with the ordered reason.",
    ),
    Assumption(
        "notifications: permissions",
        "The topic of undelivered messages needs conversation:message:view, detail events need "
        "analytics:conversationDetail:view; opening a channel needs none.",
    ),
    Assumption(
        "notifications: events",
        "Agentless messages raise the undelivered event like an agent's; the first answer raises "
        "flow.start and acd.start on its conversation. Nothing is kept while no socket is open.",
    ),
    Assumption(
        "rate limit",
        "One fixed window of 60 seconds for each token; Retry-After on 429 is the rest of it.",
    ),
    Assumption(
        "missing permission",
        "The names stand in messageParams.permissions, separated by commas; code "
        "missing.permissions, or missing.any.permissions where one of several would do.",
    ),
    Assumption(
        "request bodies",
        f"A null field counts as absent, an unknown field or query parameter is 400, and more "
        f"than {LARGEST_BODY // 1024} KiB is 413.",
    ),
)

"""What this stand-in assumes about Genesys Cloud where its documentation says nothing.

docs/assumptions.md lists the same assumptions, with what happens if one is wrong and how to check
it against a real organisation.
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
    """One assumption: a short name, what the stand-in does, and what is uncertain."""

    name: str
    says: str


ASSUMPTIONS: Final[tuple[Assumption, ...]] = (
    Assumption(
        "send: success status",
        f"A send is answered with {SEND_ANSWER_STATUS}; Genesys Cloud may answer 200.",
    ),
    Assumption(
        "send: open conversation",
        f"If the contact has an open conversation on the deployment, a send without "
        f"useExistingActiveConversation is 409 {CONVERSATION_ACTIVE}. Only the 409 is documented.",
    ),
    Assumption(
        "send: unknown or foreign deployment",
        f"A fromAddress that isn't a deployment is 400 {UNKNOWN_DEPLOYMENT}.",
    ),
    Assumption(
        "send: inactive deployment",
        f"A deployment whose status isn't Active is 400 {INACTIVE_DEPLOYMENT}.",
    ),
    Assumption(
        "send: no guest session",
        f"A contact that never used the deployment is 404 {NO_GUEST_SESSION}; an unknown "
        f"contact id is 404 {CONTACT_NOT_FOUND}.",
    ),
    Assumption(
        "send: which contact id",
        "The guest session is found only under the contact id that its conversations carry, "
        "not under the canonical id of a merged contact.",
    ),
    Assumption(
        "send: guest sessions last",
        "A send to an expired guest session is accepted and waits; real ones expire after "
        "sessionDurationSeconds without a message.",
    ),
    Assumption(
        "send: text length",
        f"textBody has 1 to {LONGEST_TEXT} Unicode code points; the real unit may be UTF-16.",
    ),
    Assumption(
        "send: the conversation ends immediately",
        "A conversation that an agentless send creates ends as soon as the message is accepted, "
        "so the next send isn't a conflict.",
    ),
    Assumption(
        "threading timeline",
        "Zero minutes unless set: each send creates a conversation. If set, a send or an answer "
        "within that time after the end re-uses the conversation. The real default is 72 hours.",
    ),
    Assumption(
        "answers join the message they answer",
        "The first answer to an agentless message re-opens its conversation, whatever the "
        "threading timeline is. The setting answers_open_new_conversation creates one instead.",
    ),
    Assumption(
        "delivery states",
        "For a customer on the page: queued, sent, delivery-success. For one who is away: "
        "delivery-failed until they're back. `read` is set when they look at the page; nobody "
        "documents whether web messaging ever sets it.",
    ),
    Assumption(
        "who holds the messages",
        "GET /conversations/messages/{id} lists outbound messages under the api participant and "
        "inbound ones under the customer participant; any token may read it.",
    ),
    Assumption(
        "details query: limits",
        f"Intervals over {LONGEST_INTERVAL_DAYS} days and pages over {LARGEST_PAGE} are 400. "
        "Both figures are widely repeated, but neither is in the API's definition.",
    ),
    Assumption(
        "details query: filters",
        "Values are compared exactly, including case. The elements of segmentFilters are ANDed, "
        "and different segments may meet them. An empty result leaves `conversations` out.",
    ),
    Assumption(
        "details query: days",
        "A conversation is in an interval if it started on a UTC day that the interval touches.",
    ),
    Assumption(
        "details query: addresses",
        "The deployment id is addressTo of an inbound session and addressFrom of an outbound one.",
    ),
    Assumption(
        "identifier lookup",
        "Exact: email addresses are stored in lower case and compared with case; a phone number "
        "without a leading + is 422. Lookup finds contacts of every type by a claimed identifier; "
        "reverse white pages finds only curated ones, by any of their details.",
    ),
    Assumption(
        "merged contacts",
        "Lookup and GET of any id of a merge set return the canonical contact.",
    ),
    Assumption(
        "permanent failures",
        "Only if a test orders it: status failed, and the ordered reason in a final receipt and in "
        "the conversation's errorInfo.",
    ),
    Assumption(
        "notifications: permissions",
        "The topic of undelivered messages needs conversation:message:view, detail events need "
        "analytics:conversationDetail:view; opening a channel needs none.",
    ),
    Assumption(
        "notifications: events",
        "Agentless messages raise the undelivered event, as an agent's do. The first answer raises "
        "flow.start and acd.start on its conversation. Nothing is kept while no socket is open.",
    ),
    Assumption(
        "rate limit",
        "One fixed window of 60 seconds per token; Retry-After of a 429 is the rest of it.",
    ),
    Assumption(
        "permissions of the client",
        "GET /authorization/subjects/me works for client credentials, and includeFullRoles lists "
        "the policies of each role.",
    ),
    Assumption(
        "push notifications",
        "Only if a test orders it: analytics says DeliveryPushed instead of DeliveryFailed.",
    ),
    Assumption(
        "missing permission",
        "messageParams.permissions has the names, separated by commas. The code is "
        "missing.permissions, or missing.any.permissions if one of several is enough.",
    ),
    Assumption(
        "response management",
        "Pages have up to 100 entities, and pageCount. A placeholder stands in the text as "
        "{{id}}; Genesys Cloud documents this nowhere. An unknown library has no responses.",
    ),
    Assumption(
        "request bodies",
        f"A null field counts as absent, an unknown field or query parameter is 400, and more "
        f"than {LARGEST_BODY // 1024} KiB is 413. A call without a body that sends one, even "
        "null, is 415, as strict gateways answer.",
    ),
)

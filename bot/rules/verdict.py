"""Step 3, the pure half: decide from what Genesys Cloud answered whether we may message someone.

Each rule passes, warns or blocks, and says why. ``lookup`` asks Genesys Cloud.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.request import Stuck
from bot.storage.facts import Earlier
from bot.text import how_long, plural_days, visible
from genesys import (
    CHANNEL_TEXT_LIMIT,
    Customer,
    Deployment,
    DeploymentStatus,
    Found,
    Identity,
    IdentityKind,
    MatchedBy,
    NoContact,
    Several,
)

SHOWN_CANDIDATES = 10  # Slack allows 10 radio buttons
ASK_A_LEAD = "A lead can override this."
EXPIRES_SOON = timedelta(hours=24)  # from then on the end of a guest session is a warning

_ADDRESS = {IdentityKind.EMAIL: "email address", IdentityKind.PHONE: "phone number"}
_MATCHED_BY = {IdentityKind.EMAIL: "email", IdentityKind.PHONE: "phone"}
_NO_CONTACT = "No contact has this {address}. Check it, or ask the customer which one they use."
_MORE_CANDIDATES = (
    f"Showing the first {SHOWN_CANDIDATES}. Not there? Ask an admin to merge duplicates."
)
_OTHER_SITE = "This customer has only chatted on a different site. Use another channel."
_WEB_CHAT_UNKNOWN = "I can't check whether web chat is on. You can still send."
_CHECK_DEPLOYMENT = "Ask your admin to check the Messenger deployment."
_LIVE_CONVERSATION = "They're in a live conversation. Wait, send when it ends, or send into it."
_INTO_CONVERSATION = "They're in a live conversation. Your message goes into it."


class Level(StrEnum):
    """What a rule says about the message."""

    PASS = "pass"
    WARN = "warn"
    BLOCK = "block"


class Rule(StrEnum):
    """What we check before a message may go out."""

    CONTACT = "contact"
    HISTORY = "web messaging history"
    SESSION = "guest session"
    DEPLOYMENT = "deployment"
    CONVERSATION = "open conversation"
    GENESYS = "Genesys Cloud"
    ACCESS = "access"
    OPT_OUT = "do-not-contact list"
    SAME_TEXT = "same text"
    RECENT = "recent message"
    CUSTOMER_LIMIT = "messages per customer"
    AGENT_LIMIT = "messages per agent"
    LOOKUPS = "look-ups"
    QUIET_HOURS = "quiet hours"
    LENGTH = "length"
    PLACEHOLDER = "placeholders"
    SECRETS = "tokens and keys"
    CARDS = "card numbers"
    LINKS = "links"
    PAUSE = "pause"
    APPROVAL = "approval"


@dataclass(frozen=True)
class Finding:
    """One rule's result; the sentence says why and, if it doesn't pass, what to do.

    ``may_override``: a lead may send it anyway. ``needs_approval``: a second person must
    agree. ``earlier``: the other request. ``next_time``: when it would pass, in their time zone.
    """

    rule: Rule
    level: Level
    sentence: str = field(repr=False)
    may_override: bool = False
    needs_approval: bool = False
    earlier: Earlier | None = None
    next_time: datetime | None = None

    @property
    def reason(self) -> str:
        """The sentence without the advice that a lead doesn't need."""
        return self.sentence.removesuffix(ASK_A_LEAD).strip()


@dataclass(frozen=True)
class Verdict:
    """Whether a message to this identity may go out, and why; ``stuck``: why that's unknown."""

    identity: Identity
    found: Found | None
    findings: tuple[Finding, ...]
    stuck: Stuck = Stuck.NO

    @property
    def blocks(self) -> tuple[Finding, ...]:
        """The findings that forbid the message; empty if it may go out."""
        return tuple(finding for finding in self.findings if finding.level is Level.BLOCK)

    @property
    def may_override(self) -> bool:
        """Whether a lead may send it anyway."""
        return bool(self.blocks) and all(finding.may_override for finding in self.blocks)

    @property
    def is_away(self) -> bool:
        """Whether we know nothing because Genesys Cloud didn't answer, which will pass."""
        return self.found is None and not self.blocks

    @property
    def customer(self) -> Customer | None:
        """The customer, if exactly one was found."""
        return self.found if isinstance(self.found, Customer) else None


def measure(text: str) -> int:
    """Return a text's length in UTF-16 units, the stricter way in which Genesys may count."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def check_length(text: str) -> str:
    """Return what is wrong with a message's length, or "" if it fits."""
    return say_too_long(text) if visible(text).strip() else "Type a message."


def say_too_long(text: str) -> str:
    """Return by how much a text is too long, or ""."""
    over = measure(text) - CHANNEL_TEXT_LIMIT
    unit = "character" if over == 1 else "characters"
    return f"{over:,} {unit} over the {CHANNEL_TEXT_LIMIT:,} limit." if over > 0 else ""


def decide(
    found: Found,
    deployment: Deployment | None,
    *,
    deployment_id: str,
    into_open: bool,
    now: datetime,
    history_days: int,
    session: timedelta | None = None,
) -> Verdict:
    """Apply the rules to what a lookup found; ``deployment`` is None if it couldn't be read.

    ``session``: how long a guest session lasts after its last activity; None if that's unknown.
    """
    if isinstance(found, NoContact):
        sentence = _NO_CONTACT.format(address=_ADDRESS[found.identity.kind])
        return Verdict(found.identity, found, (_block(Rule.CONTACT, sentence),))
    if isinstance(found, Several):
        address, count = _ADDRESS[found.identity.kind], len(found.candidates)
        sentence = f"{count} contacts share this {address}. Choose one below."
        if count > SHOWN_CANDIDATES:
            sentence += f" {_MORE_CANDIDATES}"
        return Verdict(found.identity, found, (_block(Rule.CONTACT, sentence),))
    findings = (
        Finding(Rule.CONTACT, Level.PASS, f"Matched by {_matched_by(found)}."),
        _check_history(found, deployment_id, now, history_days),
        *_check_session(found, deployment_id, now, session),
        _check_deployment(deployment),
        _check_conversation(found, into_open),
    )
    return Verdict(found.identity, found, findings)


def _matched_by(customer: Customer) -> str:
    is_details = customer.matched_by is MatchedBy.CONTACT_DETAILS
    return "contact details" if is_details else _MATCHED_BY[customer.identity.kind]


def _check_history(
    customer: Customer, deployment_id: str, now: datetime, history_days: int
) -> Finding:
    latest = customer.latest
    if latest is None:
        return _block(
            Rule.HISTORY,
            f"No web chat in the last {history_days} days, so there's nowhere to send this. "
            "Use another channel.",
        )
    if latest.deployment_id and latest.deployment_id != deployment_id:
        return _block(Rule.HISTORY, _OTHER_SITE)
    ago = plural_days((now.date() - (latest.ended_at or latest.started_at).date()).days)
    return Finding(Rule.HISTORY, Level.PASS, f"Last web chat: {ago}.")


def _check_session(
    customer: Customer, deployment_id: str, now: datetime, session: timedelta | None
) -> tuple[Finding, ...]:
    """Say whether the customer's guest session has expired, if that can be told.

    A warning and not a block: nobody documents what Genesys Cloud does with a message to an
    expired session, nor whether the end of the last conversation is the last activity.
    """
    latest = customer.latest
    if session is None or latest is None or latest.ended_at is None or customer.open:
        return ()
    if latest.deployment_id and latest.deployment_id != deployment_id:
        return ()
    left = latest.ended_at + session - now
    if left <= timedelta():
        sentence = (
            f"Their chat session probably expired {how_long(-left)} ago, so they may never see "
            "this. If it matters, use another channel too."
        )
        return (Finding(Rule.SESSION, Level.WARN, sentence),)
    if left < EXPIRES_SOON:
        sentence = (
            f"Their chat session expires in {how_long(left)}. If they aren't back by then, they "
            "may never see this."
        )
        return (Finding(Rule.SESSION, Level.WARN, sentence),)
    sentence = f"Their chat session lasts another {how_long(left)}."
    return (Finding(Rule.SESSION, Level.PASS, sentence),)


_DEPLOYMENT_WORDS = {
    DeploymentStatus.INACTIVE: "is off",
    DeploymentStatus.PENDING: "isn't ready yet",
    DeploymentStatus.ERROR: "has an error",
    DeploymentStatus.DELETING: "is being deleted",
    DeploymentStatus.UNKNOWN: "can't be found",
}


def _check_deployment(deployment: Deployment | None) -> Finding:
    if deployment is None:
        return Finding(Rule.DEPLOYMENT, Level.WARN, _WEB_CHAT_UNKNOWN)
    if deployment.status is not DeploymentStatus.ACTIVE:
        state = _DEPLOYMENT_WORDS[deployment.status]
        return _block(Rule.DEPLOYMENT, f"Web chat {state}. {_CHECK_DEPLOYMENT}")
    return Finding(Rule.DEPLOYMENT, Level.PASS, "Web chat is on.")


def _check_conversation(customer: Customer, into_open: bool) -> Finding:
    if customer.open is None:
        return Finding(Rule.CONVERSATION, Level.PASS, "No conversation is open.")
    if into_open:
        return Finding(Rule.CONVERSATION, Level.WARN, _INTO_CONVERSATION)
    return _block(Rule.CONVERSATION, _LIVE_CONVERSATION)


def _block(rule: Rule, sentence: str) -> Finding:
    return Finding(rule, Level.BLOCK, sentence)

"""Step 3, the pure half: decide from what Genesys Cloud answered whether we may message someone.

Each rule passes, warns or blocks, and says why. ``lookup`` asks Genesys Cloud.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.storage.facts import Earlier
from bot.text import how_long, plural_days, visible
from genesys import (
    CHANNEL_TEXT_LIMIT,
    Customer,
    Deployment,
    DeploymentStatus,
    Found,
    Identity,
    NoContact,
    Several,
)

SHOWN_CANDIDATES = 10  # Slack allows 10 radio buttons
EXPIRES_SOON = timedelta(hours=24)  # from then on the end of a guest session is a warning


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


@dataclass(frozen=True)
class Verdict:
    """Whether a message to this identity may go out, and why."""

    identity: Identity
    found: Found | None
    findings: tuple[Finding, ...]

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
    length = measure(text)
    if not visible(text).strip():
        return "Type the message for the customer."
    if length > CHANNEL_TEXT_LIMIT:
        return (
            f"The message has {length:,} characters and web messaging takes "
            f"{CHANNEL_TEXT_LIMIT:,}: shorten it by {length - CHANNEL_TEXT_LIMIT:,}."
        )
    return ""


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
        sentence = (
            "No contact in Genesys Cloud has this address. Check it for a typing error, "
            "or ask the customer which address they chat with."
        )
        return Verdict(found.identity, found, (_block(Rule.CONTACT, sentence),))
    if isinstance(found, Several):
        sentence = (
            f"{len(found.candidates)} contacts share this address. "
            "Pick the one that you mean under the customer field."
        )
        if len(found.candidates) > SHOWN_CANDIDATES:
            sentence += f" The first {SHOWN_CANDIDATES} are shown; if none is the one, merge some."
        return Verdict(found.identity, found, (_block(Rule.CONTACT, sentence),))
    findings = (
        Finding(Rule.CONTACT, Level.PASS, f"Found by {found.matched_by.value}."),
        _check_history(found, deployment_id, now, history_days),
        *_check_session(found, deployment_id, now, session),
        _check_deployment(deployment),
        _check_conversation(found, into_open),
    )
    return Verdict(found.identity, found, findings)


def _check_history(
    customer: Customer, deployment_id: str, now: datetime, history_days: int
) -> Finding:
    latest = customer.latest
    if latest is None:
        return _block(
            Rule.HISTORY,
            f"This contact has no web messaging conversation in the last {history_days} days, so "
            "there is no chat to write into. That is normal for visitors who never signed in. "
            "Use another channel.",
        )
    if latest.deployment_id and latest.deployment_id != deployment_id:
        return _block(
            Rule.HISTORY,
            "This customer has only chatted on another Messenger deployment than the one that "
            "I send from. Use that deployment's bot, or another channel.",
        )
    ago = plural_days((now.date() - (latest.ended_at or latest.started_at).date()).days)
    return Finding(Rule.HISTORY, Level.PASS, f"Last web messaging conversation: {ago}.")


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
            f"The customer's guest session has probably expired: it lasts {how_long(session)}, "
            f"and their last conversation ended {how_long(now - latest.ended_at)} ago. "
            "They may never see the message. If it matters, use another channel as well."
        )
        return (Finding(Rule.SESSION, Level.WARN, sentence),)
    if left < EXPIRES_SOON:
        sentence = (
            f"The customer's guest session expires in {how_long(left)}. If they don't come back "
            "to the page before that, they may never see the message."
        )
        return (Finding(Rule.SESSION, Level.WARN, sentence),)
    sentence = f"The customer's guest session lasts for another {how_long(left)}."
    return (Finding(Rule.SESSION, Level.PASS, sentence),)


_DEPLOYMENT_WORDS = {
    DeploymentStatus.INACTIVE: "is switched off",
    DeploymentStatus.PENDING: "isn't ready yet",
    DeploymentStatus.ERROR: "has an error in Genesys Cloud",
    DeploymentStatus.DELETING: "is being deleted",
    DeploymentStatus.UNKNOWN: "doesn't exist in this org, or is in a state that I don't know",
}


def _check_deployment(deployment: Deployment | None) -> Finding:
    if deployment is None:
        return Finding(
            Rule.DEPLOYMENT,
            Level.WARN,
            "The deployment's state couldn't be checked (it needs the permission "
            "webDeployments:deployment:view). The message may still go out.",
        )
    if deployment.status is not DeploymentStatus.ACTIVE:
        state = _DEPLOYMENT_WORDS[deployment.status]
        return _block(
            Rule.DEPLOYMENT,
            f"The Messenger deployment that I send from {state}. "
            "Ask an administrator to mend it, or to set GENESYS_CLOUD_DEPLOYMENT_ID.",
        )
    return Finding(Rule.DEPLOYMENT, Level.PASS, "The Messenger deployment is active.")


def _check_conversation(customer: Customer, into_open: bool) -> Finding:
    if customer.open is None:
        return Finding(Rule.CONVERSATION, Level.PASS, "No conversation is open now.")
    if into_open:
        return Finding(
            Rule.CONVERSATION,
            Level.WARN,
            "A conversation is open now: your message will be written into it, "
            "where a colleague or a bot may be talking.",
        )
    return _block(
        Rule.CONVERSATION,
        "A conversation with this customer is open now, so a colleague or a bot may be talking "
        "to them. Wait until it has ended, or choose to write into it.",
    )


def _block(rule: Rule, sentence: str) -> Finding:
    return Finding(rule, Level.BLOCK, sentence)

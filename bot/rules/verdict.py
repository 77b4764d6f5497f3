"""Step 3, the pure half: decide from what Genesys Cloud answered whether we may message someone.

Each rule passes, warns or blocks, and says why. ``lookup`` asks Genesys Cloud.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.language import N_, _, ngettext, say_number
from bot.request import Stuck
from bot.storage.facts import Earlier
from bot.text import hours_ago, how_long, say_days_ago
from genesys import (
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
ASK_A_LEAD = N_("A lead can override this.")
EXPIRES_SOON = timedelta(hours=24)  # from then on the end of a guest session is a warning

_NO_CONTACT = {
    IdentityKind.EMAIL: N_("No contact has this email address."),
    IdentityKind.PHONE: N_("No contact has this phone number."),
}
_WEB_CHAT_IS_NOT_ON = {
    DeploymentStatus.INACTIVE: N_("Web chat is off."),
    DeploymentStatus.PENDING: N_("Web chat isn't ready yet."),
    DeploymentStatus.ERROR: N_("Web chat has an error."),
    DeploymentStatus.DELETING: N_("Web chat is being deleted."),
    DeploymentStatus.UNKNOWN: N_("Web chat can't be found."),
}


class Level(StrEnum):
    """What a rule says about the message."""

    PASS = "pass"
    WARN = "warn"
    BLOCK = "block"


class Rule(StrEnum):
    """What we check before a message may go out; marked are those that a lead can override."""

    CONTACT = "contact"
    HISTORY = "web messaging history"
    SESSION = "guest session"
    DEPLOYMENT = "deployment"
    CONVERSATION = "open conversation"
    GENESYS = "Genesys Cloud"
    ACCESS = "access"
    OPT_OUT = "do-not-contact list"
    SAME_TEXT = N_("same text")
    RECENT = "recent message"
    CUSTOMER_LIMIT = N_("messages per customer")
    AGENT_LIMIT = N_("messages per agent")
    LOOKUPS = "look-ups"
    QUIET_HOURS = N_("quiet hours")
    LENGTH = "length"
    PLACEHOLDER = "placeholders"
    SECRETS = N_("tokens and keys")
    CARDS = N_("card numbers")
    LINKS = N_("links")
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
        return self.sentence.removesuffix(_(ASK_A_LEAD)).strip()


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
        advice = _("Check it, or ask the customer which one they use.")
        sentence = f"{_(_NO_CONTACT[found.identity.kind])} {advice}"
        return Verdict(found.identity, found, (_block(Rule.CONTACT, sentence),))
    if isinstance(found, Several):
        return Verdict(found.identity, found, (_block(Rule.CONTACT, _say_several(found)),))
    findings = (
        Finding(Rule.CONTACT, Level.PASS, _say_match(found)),
        _check_history(found, deployment_id, now, history_days),
        *_check_session(found, deployment_id, now, session),
        _check_deployment(deployment),
        _check_conversation(found, into_open),
    )
    return Verdict(found.identity, found, findings)


def _say_several(found: Several) -> str:
    count = len(found.candidates)
    if found.identity.kind is IdentityKind.EMAIL:
        said = ngettext(
            "{count} contact shares this email address. Choose one below.",
            "{count} contacts share this email address. Choose one below.",
            count,
        )
    else:
        said = ngettext(
            "{count} contact shares this phone number. Choose one below.",
            "{count} contacts share this phone number. Choose one below.",
            count,
        )
    said = said.format(count=say_number(count))
    if count <= SHOWN_CANDIDATES:
        return said
    more = _("Showing the first {most}. Not there? Ask an admin to merge duplicates.")
    return f"{said} {more.format(most=say_number(SHOWN_CANDIDATES))}"


def _say_match(customer: Customer) -> str:
    if customer.matched_by is MatchedBy.CONTACT_DETAILS:
        return _("Matched by contact details.")
    is_email = customer.identity.kind is IdentityKind.EMAIL
    return _("Matched by email.") if is_email else _("Matched by phone.")


def _check_history(
    customer: Customer, deployment_id: str, now: datetime, history_days: int
) -> Finding:
    latest = customer.latest
    if latest is None:
        sentence = ngettext(
            "No web chat in the last day, so there's nowhere to send this. Use another channel.",
            "No web chat in the last {count} days, so there's nowhere to send this. "
            "Use another channel.",
            history_days,
        )
        return _block(Rule.HISTORY, sentence.format(count=say_number(history_days)))
    if latest.deployment_id and latest.deployment_id != deployment_id:
        sentence = _("This customer has only chatted on a different site. Use another channel.")
        return _block(Rule.HISTORY, sentence)
    when = say_days_ago((now.date() - (latest.ended_at or latest.started_at).date()).days)
    return Finding(Rule.HISTORY, Level.PASS, _("Last web chat: {when}.").format(when=when))


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
    level = Level.WARN if left < EXPIRES_SOON else Level.PASS
    if left <= timedelta():
        sentence = _(
            "Their chat session probably expired {when}, so they may never see this. "
            "If it matters, use another channel too."
        ).format(when=hours_ago(-left))
    elif left < EXPIRES_SOON:
        sentence = _(
            "Their chat session expires in {time}. If they aren't back by then, they may never "
            "see this."
        ).format(time=how_long(left))
    else:
        sentence = _("Their chat session lasts another {time}.").format(time=how_long(left))
    return (Finding(Rule.SESSION, level, sentence),)


def _check_deployment(deployment: Deployment | None) -> Finding:
    if deployment is None:
        sentence = _("I can't check whether web chat is on. You can still send.")
        return Finding(Rule.DEPLOYMENT, Level.WARN, sentence)
    if deployment.status is not DeploymentStatus.ACTIVE:
        advice = _("Ask your admin to check the Messenger deployment.")
        return _block(Rule.DEPLOYMENT, f"{_(_WEB_CHAT_IS_NOT_ON[deployment.status])} {advice}")
    return Finding(Rule.DEPLOYMENT, Level.PASS, _("Web chat is on."))


def _check_conversation(customer: Customer, into_open: bool) -> Finding:
    if customer.open is None:
        return Finding(Rule.CONVERSATION, Level.PASS, _("No conversation is open."))
    if into_open:
        sentence = _("They're in a live conversation. Your message goes into it.")
        return Finding(Rule.CONVERSATION, Level.WARN, sentence)
    sentence = _("They're in a live conversation. Wait, send when it ends, or send into it.")
    return _block(Rule.CONVERSATION, sentence)


def _block(rule: Rule, sentence: str) -> Finding:
    return Finding(rule, Level.BLOCK, sentence)

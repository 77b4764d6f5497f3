"""Applies all rules to a request: for the form, when it's stored, and when it's sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.language import _, ngettext, say_number
from bot.request import Request
from bot.rules.access import Access
from bot.rules.approvers import NOBODY_APPROVES
from bot.rules.limits import judge, windows
from bot.rules.rules_file import Rules
from bot.rules.verdict import Finding, Level, Rule, Verdict
from bot.storage.facts import Facts, Judge
from bot.storage.requests import RequestStore
from bot.text import say_minutes


class Refused(Exception):
    """Rules forbid the message; ``findings`` are the ones that do, ``version`` the rules'."""

    def __init__(self, findings: tuple[Finding, ...], version: str) -> None:
        super().__init__(", ".join(finding.rule.value for finding in findings))
        self.findings = findings
        self.version = version

    @property
    def sentence(self) -> str:
        """Say why."""
        return " ".join(finding.sentence for finding in self.findings)

    @property
    def rules(self) -> tuple[str, ...]:
        """Name the rules."""
        return tuple(finding.rule.value for finding in self.findings)

    @property
    def earlier_id(self) -> str:
        """Return the id of the request that was faster, or ""."""
        earlier = (finding.earlier for finding in self.findings if finding.earlier)
        return next((one.request_id for one in earlier), "")


class SendingPaused(Exception):
    """All sending is paused. The request waits."""


class TooEarly(Exception):
    """The customer has quiet hours now; ``next_time`` is when they end."""

    def __init__(self, next_time: datetime) -> None:
        super().__init__("quiet hours")
        self.next_time = next_time


class Policy:
    """Knows the rules in force. Blocking; the methods that ask Slack may take seconds."""

    def __init__(
        self,
        rules: Callable[[], Rules],
        requests: RequestStore,
        access: Access,
        *,
        has_approver: Callable[[Request], bool] = lambda __: True,
    ) -> None:
        """``has_approver`` tells whether anybody can be asked to approve a request."""
        self._rules = rules
        self._has_approver = has_approver
        self._requests = requests
        self.access = access

    @property
    def version(self) -> str:
        """Return the version of the rules in force."""
        return self._rules().version

    def review(self, request: Request, verdict: Verdict) -> Verdict:
        """Add to what Genesys Cloud said what all other rules say about a request in the form."""
        if verdict.customer:
            request = replace(request, contact_ids=verdict.customer.contact_ids)
        rules, now = self._rules(), datetime.now(UTC)
        facts = self._requests.facts(request, windows(rules))
        findings = judge(request, facts, rules, now)
        reason = self._approval_reason(request, findings, facts)
        if reason:
            sentence = _("Someone else must approve this: {reason}.").format(reason=reason)
            if not self._has_approver(request):
                sentence = f"{sentence} {_(NOBODY_APPROVES)}"
            findings = (*findings, Finding(Rule.APPROVAL, Level.WARN, sentence))
        return replace(verdict, findings=(*verdict.findings, *findings))

    def note_lookup(self, request: Request) -> Finding | None:
        """Record a look-up, or return why the agent may not make another one now."""
        limits = self._rules().limits
        since = datetime.now(UTC) - timedelta(minutes=limits.lookup_minutes)
        if self._requests.record_lookup(request, limits.lookups, since):
            return None
        sentence = ngettext(
            "You've looked up customers {count} time in {within}; that's the limit. "
            "Wait a little and try again.",
            "You've looked up customers {count} times in {within}; that's the limit. "
            "Wait a little and try again.",
            limits.lookups,
        ).format(count=say_number(limits.lookups), within=say_minutes(limits.lookup_minutes))
        return Finding(Rule.LOOKUPS, Level.BLOCK, sentence)

    def judge_new(self, request: Request) -> Judge:
        """Return what decides, in the transaction that stores a request, whether it may be."""
        rules = self._rules()

        def decide(facts: Facts) -> None:
            findings = judge(request, facts, rules, datetime.now(UTC))
            _refuse_if_any(_not_overridden(request, findings), rules)

        return Judge(windows(rules), decide)

    def judge_send(self, request: Request) -> Judge:
        """Return what decides, in the transaction that begins a send, whether it may begin.

        It raises SendingPaused, TooEarly or Refused.
        """
        rules = self._rules()

        def decide(facts: Facts) -> None:
            if facts.paused is not None:
                raise SendingPaused
            findings = judge(request, facts, rules, datetime.now(UTC))
            blocks = _not_overridden(request, findings)
            _refuse_if_any((one for one in blocks if one.next_time is None), rules)
            for finding in blocks:
                if finding.next_time is not None:
                    raise TooEarly(finding.next_time)

        return Judge(windows(rules), decide)

    def check_people(self, request: Request) -> None:
        """Check that the agent may still do what they asked for.

        Raises Refused, and DirectoryUnavailable when Slack doesn't say who they are.
        """
        place = request.place
        sentence = self.access.verify(request.agent_id, place.team_id, place.channel_id)
        if not sentence and request.overridden and not self.access.verify_lead(request.agent_id):
            sentence = _("Only a lead can override a rule, and the agent isn't one any more.")
        if sentence:
            raise Refused((Finding(Rule.ACCESS, Level.BLOCK, sentence),), self.version)

    def approval_reason(self, request: Request) -> str:
        """Return why a request needs an approval, or ""."""
        rules = self._rules()
        if not _may_need_approval(rules):
            return ""
        facts = self._requests.facts(request, windows(rules))
        findings = judge(request, facts, rules, datetime.now(UTC))
        return self._approval_reason(request, findings, facts)

    def approval_until(self, now: datetime, send_before: datetime | None) -> datetime:
        """Return until when an approval that's asked for now may come."""
        expires = now + timedelta(minutes=self._rules().approval.expires_minutes)
        return min(expires, send_before or expires)

    def is_approved(self, request: Request) -> bool:
        """Return whether somebody who may approve it has approved exactly this message.

        Raises DirectoryUnavailable.
        """
        return (
            request.approved_digest == request.approval_digest
            and request.approver_id != request.agent_id
            and self.access.verify_approver(request.approver_id)
        )

    def _approval_reason(self, request: Request, findings: Iterable[Finding], facts: Facts) -> str:
        approval = self._rules().approval
        reasons = []
        if approval.everything:
            reasons.append(_("every message needs it"))
        if approval.first_message and facts.is_first:
            reasons.append(_("it's the first message to this customer"))
        if approval.overrides and request.overridden:
            rules = _(" and ").join(map(_, request.overridden))
            reasons.append(_("it overrides {rules}").format(rules=rules))
        if any(finding.needs_approval for finding in findings):
            reasons.append(_("it has a link that isn't to one of our sites"))
        return _(", and ").join(reasons)


def _may_need_approval(rules: Rules) -> bool:
    """Return whether any message may need an approval, so that most bots don't ask for each."""
    approval = rules.approval
    is_for_some = approval.overrides or approval.first_message or rules.content.links == "approve"
    return approval.everything or is_for_some


def _not_overridden(request: Request, findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(
        finding
        for finding in findings
        if finding.level is Level.BLOCK
        and not (finding.may_override and finding.rule.value in request.overridden)
    )


def _refuse_if_any(blocks: Iterable[Finding], rules: Rules) -> None:
    if found := tuple(blocks):
        raise Refused(found, rules.version)

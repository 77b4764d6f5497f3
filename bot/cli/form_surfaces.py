"""The forms that show what our own rules say: every rule, every way out, and hostile values."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from bot.cli.sample_texts import HOSTILE, LONGEST, NAMES, NOW, PLACE, Surface
from bot.request import Request
from bot.rules.limits import judge
from bot.rules.rules_file import Rules, read_rules
from bot.rules.verdict import Finding, Level, Rule, Verdict
from bot.slack.forms.evidence_view import Review
from bot.slack.forms.form_input import Draft, make_draft, plan
from bot.slack.forms.form_view import build_form
from bot.slack.forms.review import to_request
from bot.slack.reason_form import REASON_LENGTH
from bot.state import State
from bot.storage.facts import ByWhom, Earlier, Facts
from genesys import ContactType, Customer, Identity, IdentityKind, MatchedBy

_CARD = "https://workspace.slack.com/archives/C0SUPPORT/p1790000000000100"
_TOKEN = "xoxb-" + "1234567890-1234567890123-" + "a1b2c3d4e5f6g7h8i9j0k1l2"
_TEXTS = (
    "Your order is ready",
    f"{_TOKEN} 4111 1111 1111 1111 https://evil.example/",
    HOSTILE,
    LONGEST,
)
_STRICT = read_rules(
    'timezone = "America/Argentina/ComodRivadavia"\n'
    "[limits]\nper_customer = 1\nper_agent = 1\n"
    '[quiet_hours]\nenabled = true\nstart = "00:00"\nend = "23:59"\n'
    '[content]\ncards = "block"\nlinks = "block"\n'
)
_LENIENT = read_rules('[content]\nsecrets = "warn"\nlinks = "approve"\n')


def form_surfaces() -> Iterator[Surface]:
    """Yield the form for everything that our own rules say about a message."""
    for text in _TEXTS:
        draft = make_draft(PLACE, "jane@example.com", text, None)
        for name in NAMES:
            for rules in (_STRICT, _LENIENT):
                yield from _reviewed(draft, name, rules)
    used_up = Finding(Rule.LOOKUPS, Level.BLOCK, "You have looked up customers 60 times.")
    draft = make_draft(PLACE, "jane@example.com", "", None)
    identity = Identity(IdentityKind.EMAIL, "jane@example.com")
    yield "form look-ups", "modal", build_form(draft, Review(Verdict(identity, None, (used_up,))))


def _reviewed(draft: Draft, name: str, rules: Rules) -> Iterator[Surface]:
    request = to_request(draft, "V0123456789", "U0ADA")
    for facts in _facts(name):
        verdict = _verdict(request, facts, rules, name)
        yield "form rules", "modal", build_form(draft, Review(verdict))
        links = {"V0BEN": _CARD}
        overriding = Review(verdict, is_lead=True, links=links)
        yield "form override", "modal", build_form(draft, overriding)
        refused = replace(overriding, refused=verdict.blocks)
        yield "form refused", "modal", build_form(draft, refused)
        blocking = tuple(dict.fromkeys(finding.rule.value for finding in verdict.blocks))
        typed = HOSTILE[:REASON_LENGTH]
        reasoned = replace(draft, override_reason=typed, overriding=blocking)
        yield "form override typed", "modal", build_form(reasoned, overriding)
    planned = plan(draft, NOW + timedelta(hours=9))
    for again in (planned, plan(planned, NOW + timedelta(hours=9))):
        yield "form planned by a button", "modal", build_form(again, Review(verdict))


def _facts(name: str) -> Iterator[Facts]:
    by = ByWhom("U0LEO", name, NOW, HOSTILE)
    earlier = Earlier("V0BEN", "U0BEN", name, State.ACCEPTED, NOW, "C0SUPPORT", "1790000000.0001")
    yield Facts()
    yield Facts(by)
    other = replace(earlier, request_id="V0EVA")
    yield Facts(same_text=earlier, latest=other, sent_to_customer=9, sent_by_agent=99)
    yield Facts(by, by, replace(earlier, state=State.CHECKING), earlier, 9, 99, is_first=False)


def _verdict(request: Request, facts: Facts, rules: Rules, name: str) -> Verdict:
    customer = Customer(
        contact_id="a" * 36,
        send_to_id="a" * 36,
        name=name,
        contact_type=ContactType.CURATED,
        identity=request.identity,
        matched_by=MatchedBy.IDENTIFIER,
        contact_ids=tuple(f"{number:036}" for number in range(99)),
        latest=None,
        open=None,
    )
    found = Finding(Rule.CONTACT, Level.PASS, "Found by identifier lookup.")
    approval = Finding(Rule.APPROVAL, Level.WARN, "A second person must approve this message.")
    findings = judge(request, facts, rules, NOW)
    approvals = () if facts.paused else (approval,)
    return Verdict(request.identity, customer, (found, *findings, *approvals))

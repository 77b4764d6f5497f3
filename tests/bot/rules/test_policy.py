"""What the form says about a request, and how many look-ups an agent may make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.request import Request
from bot.rules.access import Access
from bot.rules.approvers import NOBODY_APPROVES
from bot.rules.policy import Policy
from bot.rules.rules_file import DEFAULTS, Rules, read_rules
from bot.rules.verdict import Finding, Level, Rule, Verdict
from bot.state import State
from bot.storage.audit import Action
from bot.storage.audit_log import AuditLog
from bot.storage.database import Database
from bot.storage.requests import RequestStore
from genesys import Customer
from tests.bot.conftest import JANE
from tests.bot.delivery.conftest import KnownPeople

Build = Callable[..., Request]
OK = (Finding(Rule.CONTACT, Level.PASS, "Found."),)
LOOKUPS = DEFAULTS.limits.lookups
MINUTE = timedelta(minutes=1)


class Clock:
    """The time in the policy."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def now(self, _zone: object) -> datetime:
        return self.at


class Form:
    """What decides for the form, with rules that a test may change."""

    def __init__(self, database: Database, store: RequestStore) -> None:
        self.rules: Rules = DEFAULTS
        self.audit, self.store, self.database = AuditLog(database), store, database
        access = Access(KnownPeople(), lambda: self.rules, frozenset({"U0LEO"}))
        self.policy = Policy(lambda: self.rules, store, access)

    def review(self, request: Request, customer: Customer | None = None) -> dict[Rule, Finding]:
        verdict = self.policy.review(request, Verdict(JANE, customer, OK))
        assert verdict.findings[:1] == OK
        return {finding.rule: finding for finding in verdict.findings}

    def count_lookups(self, agent_id: str = "U0ADA") -> int:
        since = datetime.now(UTC) - timedelta(hours=1)
        return self.audit.count(agent_id, Action.LOOKED_UP, since)


@pytest.fixture
def form(database: Database, requests_store: RequestStore) -> Form:
    return Form(database, requests_store)


@pytest.fixture
def new(a_request: Build) -> Build:
    def new(**values: Any) -> Request:
        return a_request(**{"created_at": datetime.now(UTC), **values})

    return new


def test_the_form_lists_every_rule_that_is_on(form: Form, new: Build) -> None:
    found = form.review(new())
    assert {rule: finding.level for rule, finding in found.items()} == dict.fromkeys(
        (
            *(Rule.CONTACT, Rule.OPT_OUT, Rule.SAME_TEXT, Rule.RECENT, Rule.CUSTOMER_LIMIT),
            *(Rule.AGENT_LIMIT, Rule.SECRETS, Rule.CARDS),
        ),
        Level.PASS,
    )


def test_the_form_knows_the_customer_by_the_contacts_that_genesys_cloud_tells(
    form: Form, new: Build, a_customer: Callable[..., Customer]
) -> None:
    now, customer = datetime.now(UTC), a_customer()
    other = replace(JANE, value="j.doe@work.example")
    sent = new(
        **{"identity": other, "contact_ids": customer.contact_ids, "state": State.READ},
        sending_at=now,
    )
    form.store.add(sent, [])
    request = new(request_id="")
    assert form.review(request)[Rule.SAME_TEXT].level is Level.PASS
    found = form.review(request, customer)
    assert found[Rule.SAME_TEXT].level is Level.BLOCK
    assert found[Rule.RECENT].level is Level.WARN
    assert found[Rule.RECENT].earlier == found[Rule.SAME_TEXT].earlier
    assert found[Rule.CUSTOMER_LIMIT].sentence == "1 of at most 5 messages to them in 24 hours."


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        ("[approval]\neverything = true\n", "every message needs it"),
        ("[approval]\nfirst_message = true\n", "it's the first message to this customer"),
        ("[content]\nlinks = 'approve'\n", "it has a link that isn't to one of our sites"),
        (
            "[approval]\neverything = true\nfirst_message = true\n",
            "every message needs it, and it's the first message to this customer",
        ),
    ],
)
def test_the_form_says_that_a_message_needs_approval_and_why(
    form: Form, new: Build, rules: str, reason: str
) -> None:
    form.rules = read_rules(rules)
    finding = form.review(new(text="See https://evil.example"))[Rule.APPROVAL]
    said = f"Someone else must approve this: {reason}."
    assert (finding.level, finding.sentence) == (Level.WARN, said)


def test_the_form_says_when_nobody_can_approve_and_what_to_do(form: Form, new: Build) -> None:
    form.rules = read_rules("[approval]\neverything = true\n")
    access = form.policy.access
    policy = Policy(lambda: form.rules, form.store, access, has_approver=lambda _: False)
    request = new()
    verdict = policy.review(request, Verdict(request.identity, None, ()))
    said = [one.sentence for one in verdict.findings if one.rule is Rule.APPROVAL]
    assert [one.endswith(f": every message needs it. {NOBODY_APPROVES}") for one in said] == [True]


def test_after_the_first_message_the_next_one_is_not_the_first(form: Form, new: Build) -> None:
    form.rules = read_rules("[approval]\nfirst_message = true\n")
    form.store.add(new(state=State.FAILED), [])
    assert Rule.APPROVAL in form.review(new(request_id=""))
    form.store.add(new(request_id="V2", state=State.READ, sending_at=datetime.now(UTC)), [])
    assert Rule.APPROVAL not in form.review(new(request_id=""))


# Look-ups


def test_an_agent_makes_no_more_look_ups_than_allowed_and_delays_nobody(
    form: Form, new: Build
) -> None:
    assert [form.policy.note_lookup(new()) for _ in range(LOOKUPS)] == [None] * LOOKUPS
    refused = form.policy.note_lookup(new())
    assert refused is not None
    assert (refused.rule, refused.level, refused.may_override) == (
        *(Rule.LOOKUPS, Level.BLOCK),
        False,
    )
    assert refused.sentence == (
        "You've looked up customers 60 times in 10 minutes; that's the limit. "
        "Wait a little and try again."
    )
    assert form.count_lookups() == LOOKUPS  # what was refused isn't one
    assert form.policy.note_lookup(new(agent_id="U0BEN")) is None


def test_ten_minutes_later_an_agent_may_look_customers_up_again(
    form: Form, new: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    form.rules = read_rules("[limits]\nlookups = 1\n")
    clock = Clock()
    assert form.policy.note_lookup(new()) is None
    with form.database.connect() as connection:
        noted = connection.execute(sa.text("SELECT at FROM audit_outbox")).scalar_one()
    monkeypatch.setattr("bot.rules.policy.datetime", clock)
    clock.at = datetime.fromtimestamp(noted, UTC) + 10 * MINUTE
    refused = form.policy.note_lookup(new())
    assert refused is not None
    assert "1 time in 10 minutes" in refused.sentence
    clock.at += timedelta(milliseconds=1)
    assert form.policy.note_lookup(new()) is None


def test_with_zero_there_is_no_limit_but_each_look_up_is_recorded(form: Form, new: Build) -> None:
    form.rules = read_rules("[limits]\nlookups = 0\n")
    for _ in range(3):
        assert form.policy.note_lookup(new()) is None
    assert form.count_lookups() == 3

"""The rules hold until the send, whatever changes meanwhile, and each decision is recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.job import Job, TryAgain, deliver, publish
from bot.request import Event, Request, Stuck
from bot.rules.directory import Person
from bot.rules.policy import Refused
from bot.rules.rules_file import DEFAULTS, Rules, read_rules
from bot.state import UNSENT, State
from bot.storage.audit_chain import StoredEntry
from bot.storage.audit_log import AuditLog
from bot.storage.facts import ByWhom
from bot.storage.opt_outs import OptOut
from bot.storage.tables import history
from genesys import Identity, IdentityKind
from tests.bot.conftest import JANE
from tests.bot.delivery.conftest import JANE_ID, NO_LIMITS, REQUEST, Worker

MOBILE = Identity(IdentityKind.PHONE, "+442079460018")
LEADS = "[leads]\nusers = ['U0ANN']\n"
EVERYTHING = read_rules("[approval]\neverything = true\n")
APPROVERS = read_rules("[approval]\neverything = true\nusers = ['U0ANN']\n")
EXPIRES = DEFAULTS.approval.expires_minutes * 60.0
HOUR = 3600.0
OPTED_OUT = "This customer is on the do-not-contact list."


@pytest.fixture(autouse=True)
def the_audit_log_stays_intact(worker: Worker) -> Iterator[None]:
    yield
    found = AuditLog(worker.database).verify()
    assert found.faults == ()
    assert found.entry_count > 0


def audited(worker: Worker, action: str) -> list[StoredEntry]:
    return [one for one in AuditLog(worker.database).entries() if one.action == action]


def links(worker: Worker, request_id: str) -> list[str]:
    lines = sa.select(history.c.link).where(history.c.request_id == request_id)
    with worker.database.connect() as connection:
        return list(connection.execute(lines.order_by(history.c.line_id)).scalars())


def by_leo(worker: Worker) -> ByWhom:
    return ByWhom("U0LEO", "Leo Lead", worker.clock.at, "asked to")


def approve(worker: Worker, user_id: str = "U0LEO", **values: Any) -> list[Job]:
    """Approve what the card shows; return the jobs that follow."""
    worker.jobs.clear()
    decision = replace(worker.decide(), user_id=user_id)
    assert worker.decisions.approve(decision, worker.load())
    if values:
        worker.change(**values)
    return list(worker.jobs)


def quiet_for(worker: Worker, hours: float) -> Rules:
    """Return rules with quiet hours that began an hour ago."""
    start, end = worker.clock.after(-HOUR), worker.clock.after(hours * HOUR)
    return read_rules(
        "[limits]\nsame_text_hours = 0\n[quiet_hours]\nenabled = true\n"
        f"start = '{start:%H:%M}'\nend = '{end:%H:%M}'\n"
    )


# Two agents, one customer


def test_a_text_that_somebody_else_is_sending_is_refused_when_it_is_submitted(
    worker: Worker,
) -> None:
    worker.rules = DEFAULTS
    worker.submit(request_id="V1", agent_id="U0BEN", agent_name="Ben")
    with pytest.raises(Refused) as refused:
        worker.submit(request_id="V2")
    assert refused.value.rules == ("same text",)
    assert refused.value.earlier_id == "V1"
    assert refused.value.sentence.startswith("Ben is already sending this text")
    with pytest.raises(LookupError):
        worker.load("V2")
    worker.decisions.record_refusal(worker.build(request_id="V2"), refused.value.rules)
    [entry] = audited(worker, "refused")
    assert (entry.user_id, entry.request_id) == ("U0ADA", "")
    assert entry.detail == '{"refused by":"same text","rules":"defaults"}'


def test_of_two_addresses_of_one_customer_the_slower_is_refused_at_the_send_with_a_link(
    worker: Worker,
) -> None:
    worker.rules = DEFAULTS
    first = worker.submit(request_id="V1", agent_id="U0BEN", agent_name="Ben")
    second = worker.submit(request_id="V2", identity=MOBILE)  # nobody knows yet whose it is
    worker.run_all(first)
    assert worker.load("V1").state is State.ACCEPTED
    worker.run_all(second)
    loser = worker.load("V2")
    assert loser.state is State.REFUSED
    assert loser.reason.startswith("Ben sent this text to this customer just now.")
    assert worker.events("V2") == [Event.ASKED, Event.FOUND, Event.REFUSED]
    assert links(worker, "V2")[-1] == "V1"
    assert len(worker.sends()) == 1
    [entry] = audited(worker, "refused")
    assert entry.request_id == "V2"
    assert entry.detail == '{"refused by":"same text","rules":"defaults","state":"refused"}'


def test_a_cap_holds_also_for_messages_that_were_planned_before(worker: Worker) -> None:
    worker.rules = NO_LIMITS
    jobs = [worker.submit(request_id=f"V{n}", text=f"text {n}") for n in range(3)]
    worker.rules = read_rules("[limits]\nper_customer = 2\n")
    for one in jobs:
        worker.run_all(one)
    states = [worker.load(f"V{n}").state for n in range(3)]
    assert states == [State.ACCEPTED, State.ACCEPTED, State.REFUSED]
    assert worker.load("V2").rules_version == worker.rules.version
    assert len(worker.sends()) == 2


# Overriding


def test_a_lead_overrides_with_a_reason_which_is_recorded(worker: Worker) -> None:
    worker.rules = DEFAULTS
    worker.deliver(request_id="V1")
    sent = worker.deliver(request_id="V2", agent_id="U0LEO", override_reason="She asked again")
    assert (sent.state, sent.overridden) == (State.ACCEPTED, ("same text",))
    assert worker.history("V2")[1] == (Event.OVERRIDDEN, "same text: She asked again")
    [entry] = audited(worker, "overridden")
    assert (entry.user_id, entry.request_id) == ("U0LEO", "V2")
    assert '"overridden":"same text"' in entry.detail
    assert "She asked again" not in entry.detail
    assert len(worker.sends()) == 2


def test_a_reason_overrides_nothing_if_no_rule_forbids_the_message(worker: Worker) -> None:
    worker.rules = DEFAULTS
    sent = worker.deliver(override_reason="just in case")
    assert (sent.override_reason, sent.overridden) == ("", ())
    assert audited(worker, "overridden") == []


def test_only_what_the_lead_has_seen_is_overridden(worker: Worker) -> None:
    worker.rules = read_rules("[limits]\nper_customer = 1\n")
    worker.deliver(request_id="V1")
    request = worker.build(request_id="V2", agent_id="U0LEO", override_reason="She asked")
    with pytest.raises(Refused) as refused:
        worker.decisions.submit(request, overriding=["same text"])
    assert refused.value.rules == ("same text", "messages per customer")


def test_who_is_not_a_lead_any_more_overrides_nothing_at_the_send(worker: Worker) -> None:
    worker.rules = read_rules(LEADS)
    worker.deliver(request_id="V1")
    jobs = worker.submit(request_id="V2", agent_id="U0ANN", override_reason="She asked")
    worker.rules = DEFAULTS
    worker.run_all(jobs)
    assert worker.load("V2").state is State.REFUSED
    assert worker.load("V2").reason.startswith("Only a lead can override a rule")
    assert len(worker.sends()) == 1
    [entry] = audited(worker, "refused")
    assert '"refused by":"access"' in entry.detail


def test_who_may_not_use_the_bot_any_more_sends_nothing_that_waited(worker: Worker) -> None:
    jobs = worker.submit(send_at=worker.clock.after(30))
    worker.directory.people["U0ADA"] = Person("U0ADA", "T0TEAM", is_deactivated=True)
    worker.run_all(jobs)
    assert worker.load().state is State.REFUSED
    assert worker.sends() == []


# Approval


def test_a_message_that_needs_approval_waits_until_another_person_approves_it(
    worker: Worker,
) -> None:
    worker.rules = EVERYTHING
    waiting = worker.deliver()
    assert waiting.state is State.UNAPPROVED
    assert waiting.approval_for == "every message needs it"
    assert waiting.approval_until == worker.clock.after(EXPIRES)
    assert worker.events() == [Event.ASKED, Event.APPROVAL_ASKED]
    assert worker.sends() == []
    worker.run_all(approve(worker))
    sent = worker.load()
    assert (sent.state, sent.approver_id, sent.approver_name) == (
        *(State.ACCEPTED, "U0LEO"),
        "Leo Lead",
    )
    told = [Event.ASKED, Event.APPROVAL_ASKED, Event.APPROVED, Event.SENDING, Event.ACCEPTED]
    assert worker.events() == told
    asked, approved = audited(worker, "approval asked"), audited(worker, "approved")
    assert [one.user_id for one in asked + approved] == ["U0ADA", "U0LEO"]
    assert {one.request_id for one in asked + approved} == {REQUEST}
    assert f'"rules":"{EVERYTHING.version}"' in approved[0].detail


@pytest.mark.parametrize(
    ("rules", "values", "why"),
    [
        ("[approval]\nfirst_message = true\n", {}, "it's the first message to this customer"),
        (
            "[content]\nlinks = 'approve'\n",
            {"text": "See https://evil.example"},
            "it has a link that isn't to one of our sites",
        ),
    ],
)
def test_an_approval_says_why_it_is_needed(
    worker: Worker, rules: str, values: dict[str, Any], why: str
) -> None:
    worker.rules = read_rules(rules)
    assert worker.deliver(**values).approval_for == why
    assert worker.history()[-1] == (Event.APPROVAL_ASKED, why)


def test_what_a_lead_overrides_may_need_an_approval_by_another_one(worker: Worker) -> None:
    worker.rules = read_rules(f"{LEADS}[approval]\noverrides = true\n")
    worker.deliver(request_id="V1")
    waiting = worker.deliver(agent_id="U0LEO", override_reason="She asked again")
    assert (waiting.state, waiting.approval_for) == (State.UNAPPROVED, "it overrides same text")
    worker.run_all(approve(worker, "U0ANN"))
    assert worker.load().state is State.ACCEPTED


def test_an_approved_message_waits_for_the_time_that_was_planned(worker: Worker) -> None:
    worker.rules = EVERYTHING
    later = worker.clock.after(HOUR)
    worker.deliver(send_at=later, planned_at=later)
    jobs = approve(worker)
    worker.run_all(jobs, HOUR - 1)
    assert worker.load().state is State.SCHEDULED
    worker.clock.at = later
    worker.run_all([deliver(REQUEST)])
    assert worker.load().state is State.ACCEPTED


def test_an_approval_that_nobody_gives_expires(worker: Worker) -> None:
    worker.rules = EVERYTHING
    worker.deliver()
    worker.clock.advance(EXPIRES - 1)
    worker.run_all([deliver(REQUEST)], 0)
    assert worker.load().state is State.UNAPPROVED
    worker.run_all([deliver(REQUEST, 1)])
    assert worker.load().state is State.EXPIRED
    assert not worker.decisions.approve(worker.decide(), worker.load())
    assert worker.sends() == []


def test_an_approval_expires_with_the_message_s_deadline(worker: Worker) -> None:
    worker.rules = EVERYTHING
    deadline = worker.clock.after(30)
    worker.run_all(worker.submit(send_before=deadline), 31)
    assert (worker.load().state, worker.load().approval_until) == (State.EXPIRED, deadline)


def test_a_declined_message_is_refused_with_the_reason(worker: Worker) -> None:
    worker.rules = EVERYTHING
    worker.deliver()
    assert worker.decisions.decline(worker.decide(), "Wrong tone")
    assert (worker.load().state, worker.load().reason) == (State.REFUSED, "Wrong tone")
    assert not worker.decisions.decline(worker.decide(), "Wrong tone")
    [entry] = audited(worker, "declined")
    assert entry.user_id == "U0LEO"
    assert "Wrong tone" not in entry.detail


@pytest.mark.parametrize(
    "changed",
    [
        {"text": "Another text"},
        {"send_to_id": "somebody else"},
        {"into_open_conversation": True},
        {"identity_value": "amir@example.com"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_an_approval_holds_only_for_exactly_what_was_approved(
    worker: Worker, changed: dict[str, Any]
) -> None:
    worker.rules = EVERYTHING
    worker.deliver()
    worker.run_all(approve(worker, **changed))
    lost = worker.load()
    assert (lost.state, lost.approver_id, lost.approved_digest) == (State.UNAPPROVED, "", "")
    assert worker.events()[-1] is Event.APPROVAL_LOST
    assert worker.sends() == []
    worker.run_all(approve(worker))
    assert len(worker.sends()) == 1


def test_a_changed_deadline_needs_another_approval(worker: Worker) -> None:
    worker.rules = EVERYTHING
    worker.deliver()
    worker.run_all(approve(worker, send_before=worker.clock.after(HOUR)))
    assert worker.load().state is State.UNAPPROVED


def test_an_approval_by_somebody_who_may_not_approve_any_more_is_asked_for_again(
    worker: Worker,
) -> None:
    worker.rules = APPROVERS
    worker.deliver()
    jobs = approve(worker, "U0ANN")
    worker.rules = EVERYTHING  # only the leads
    worker.run_all(jobs)
    assert worker.load().state is State.UNAPPROVED
    assert worker.events()[-1] is Event.APPROVAL_LOST
    assert worker.sends() == []
    worker.run_all(approve(worker, "U0LEO"))
    assert worker.load().state is State.ACCEPTED


def test_nobody_approves_their_own_message_even_if_a_click_got_through(worker: Worker) -> None:
    worker.rules = EVERYTHING
    worker.deliver(agent_id="U0LEO")
    worker.run_all(approve(worker, "U0LEO"))
    assert worker.load().state is State.UNAPPROVED
    assert worker.sends() == []


def test_rules_that_are_new_since_the_look_up_may_require_an_approval(worker: Worker) -> None:
    jobs = worker.submit(send_at=worker.clock.after(30))
    worker.run_all(jobs, 29)
    worker.rules = EVERYTHING
    worker.run_all([deliver(REQUEST, 30)])
    assert worker.events() == [Event.ASKED, Event.FOUND, Event.APPROVAL_ASKED]
    assert worker.sends() == []
    worker.run_all(approve(worker))
    assert worker.load().state is State.ACCEPTED


# Quiet hours


def test_quiet_hours_that_begin_before_the_send_postpone_it(worker: Worker) -> None:
    jobs = worker.submit()
    worker.rules = quiet_for(worker, 2)
    worker.run_all(jobs)
    postponed = worker.load()
    assert postponed.state is State.SCHEDULED
    assert postponed.send_at is not None
    assert postponed.rules_version == worker.rules.version
    wait = postponed.send_at - worker.clock.at
    assert timedelta(hours=1.9) < wait <= timedelta(hours=2)
    line = (Event.POSTPONED, postponed.send_at.isoformat())
    assert worker.history()[-1] == line
    assert worker.sends() == []
    worker.clock.advance(wait.total_seconds())
    worker.run_all([deliver(REQUEST)])
    assert worker.load().state is State.ACCEPTED
    assert len(worker.sends()) == 1


def test_a_message_whose_deadline_is_in_the_quiet_hours_expires_then(worker: Worker) -> None:
    jobs = worker.submit(send_before=worker.clock.after(HOUR))
    worker.rules = quiet_for(worker, 2)
    worker.run_all(jobs, HOUR + 1)
    assert worker.load().state is State.EXPIRED
    assert worker.events() == [Event.ASKED, Event.FOUND, Event.POSTPONED, Event.EXPIRED]


def test_a_lead_may_override_quiet_hours(worker: Worker) -> None:
    worker.rules = quiet_for(worker, 2)
    with pytest.raises(Refused) as refused:
        worker.submit()
    assert refused.value.rules == ("quiet hours",)
    assert worker.deliver(agent_id="U0LEO", override_reason="urgent").state is State.ACCEPTED


# The pause


def test_a_pause_holds_what_is_due_and_afterwards_it_is_sent_once(worker: Worker) -> None:
    worker.pause.begin(by_leo(worker), "T0TEAM")
    held = worker.deliver()
    assert (held.state, held.stuck) == (State.SCHEDULED, Stuck.PAUSED)
    assert worker.events() == [Event.ASKED, Event.FOUND, Event.PAUSED]
    assert worker.sends() == []
    assert worker.run(deliver(REQUEST)) == []  # a job that comes meanwhile
    worker.pause.end("U0LEO", "T0TEAM")
    worker.jobs.clear()
    worker.pause.mark_all()
    assert worker.jobs == [publish(REQUEST), deliver(REQUEST)]
    worker.run_all(list(worker.jobs))
    assert worker.load().state is State.ACCEPTED
    assert worker.load().stuck is Stuck.NO
    assert len(worker.sends()) == 1


def test_what_is_asked_for_during_a_pause_says_so_before_its_time_to_undo_is_over(
    worker: Worker,
) -> None:
    worker.pause.begin(by_leo(worker), "T0TEAM")
    worker.run_all(worker.submit(send_at=worker.clock.after(30)), seconds=1)
    assert (worker.load().state, worker.load().stuck) == (State.SCHEDULED, Stuck.PAUSED)


def test_what_waited_for_genesys_before_a_pause_does_so_after_it(worker: Worker) -> None:
    worker.local.order("genesys", "externalcontacts", "status", status=503)
    worker.run_all(worker.submit(), seconds=8)
    assert worker.load().stuck is Stuck.UNAVAILABLE
    worker.change(created_at=worker.clock.after(-600))
    worker.pause.begin(by_leo(worker), "T0TEAM")
    worker.pause.mark_all()
    worker.jobs.clear()
    worker.pause.end("U0LEO", "T0TEAM")
    worker.pause.mark_all()
    worker.run_all(list(worker.jobs), seconds=8)
    assert (worker.load().stuck, worker.load().is_planned) == (Stuck.UNAVAILABLE, False)


def test_a_pause_that_begins_right_before_the_send_holds_it(worker: Worker) -> None:
    jobs = worker.submit(send_at=worker.clock.after(30))
    worker.run_all(jobs, 29)
    worker.pause.begin(by_leo(worker), "T0TEAM")
    worker.run_all([deliver(REQUEST, 30)])
    assert worker.load().stuck is Stuck.PAUSED
    assert worker.sends() == []


def test_a_message_whose_deadline_passes_during_a_pause_expires_though_it_is_still_paused(
    worker: Worker,
) -> None:
    worker.pause.begin(by_leo(worker), "T0TEAM")
    held = worker.deliver(send_before=worker.clock.after(HOUR))
    assert held.stuck is Stuck.PAUSED
    worker.clock.advance(HOUR)
    worker.run_all([deliver(REQUEST)])
    assert (worker.load().state, worker.load().stuck) == (State.EXPIRED, Stuck.NO)


def test_nobody_can_override_the_pause(worker: Worker) -> None:
    worker.pause.begin(by_leo(worker), "T0TEAM")
    held = worker.deliver(agent_id="U0LEO", override_reason="urgent")
    assert held.stuck is Stuck.PAUSED
    assert worker.sends() == []


def test_what_was_approved_during_a_pause_is_sent_after_it(worker: Worker) -> None:
    worker.rules = EVERYTHING
    worker.deliver()
    worker.pause.begin(by_leo(worker), "T0TEAM")
    worker.pause.mark_all()
    worker.run_all(approve(worker))
    assert worker.load().state is State.SCHEDULED
    assert worker.sends() == []
    worker.pause.end("U0LEO", "T0TEAM")
    worker.jobs.clear()
    worker.pause.mark_all()
    worker.run_all(list(worker.jobs))
    assert worker.load().state is State.ACCEPTED


# Do not contact


@pytest.mark.parametrize("state", sorted(UNSENT))
def test_an_opt_out_refuses_what_waits_and_what_is_planned_at_once(
    worker: Worker, state: State
) -> None:
    worker.add(state, send_at=worker.clock.after(HOUR), approval_until=worker.clock.after(HOUR))
    worker.jobs.clear()
    assert worker.opt_outs.add(OptOut(JANE, (), by_leo(worker), "T0TEAM")) == 1
    worker.run_all(list(worker.jobs))
    assert (worker.load().state, worker.load().reason) == (State.REFUSED, OPTED_OUT)
    assert worker.events()[-1] is Event.OPTED_OUT
    [entry] = audited(worker, "refused")
    assert '"refused by":"do-not-contact list"' in entry.detail


def test_nobody_can_override_an_opt_out(worker: Worker) -> None:
    worker.opt_outs.add(OptOut(JANE, (), by_leo(worker), "T0TEAM"))
    with pytest.raises(Refused) as refused:
        worker.submit(agent_id="U0LEO", override_reason="urgent")
    assert refused.value.rules == ("do-not-contact list",)


@pytest.mark.parametrize("rules", [NO_LIMITS, EVERYTHING], ids=["send", "approval"])
def test_a_customer_who_opted_out_by_another_address_is_recognised_by_their_contact(
    worker: Worker, rules: Rules
) -> None:
    worker.rules = rules
    worker.opt_outs.add(OptOut(MOBILE, (JANE_ID,), by_leo(worker), "T0TEAM"))
    later = worker.clock.after(HOUR)
    assert worker.deliver(send_at=later).reason == OPTED_OUT  # not only when it's due
    assert worker.events() == [Event.ASKED, Event.OPTED_OUT]
    assert worker.opt_outs.find(JANE) is not None  # from now on, by this address too


def test_an_opt_out_between_the_check_and_the_send_is_in_time(worker: Worker) -> None:
    worker.run_all(worker.submit(send_at=worker.clock.after(30)), 29)
    worker.opt_outs.add(OptOut(MOBILE, (JANE_ID,), by_leo(worker), "T0TEAM"))
    worker.run_all([deliver(REQUEST, 30)])
    assert worker.load().reason == OPTED_OUT
    assert worker.sends() == []


# Slack is away


def test_while_slack_does_not_say_who_the_agent_is_a_message_waits(worker: Worker) -> None:
    worker.directory.is_away = True
    worker.submit()
    for _ in range(2):
        with pytest.raises(TryAgain):  # the queue does, with growing delays
            worker.run(deliver(REQUEST))
    assert worker.load().state is State.CHECKING
    assert worker.events() == [Event.ASKED, Event.HELD]  # it's told once
    assert worker.sends() == []
    worker.directory.is_away = False
    worker.run_all([deliver(REQUEST, 30)])
    assert worker.load().state is State.ACCEPTED
    assert len(worker.sends()) == 1


def test_while_slack_does_not_know_the_approver_an_approval_is_neither_used_nor_lost(
    worker: Worker,
) -> None:
    worker.rules = EVERYTHING
    worker.deliver()
    jobs = approve(worker)
    worker.directory.is_away = True
    with pytest.raises(TryAgain):
        worker.run_all(jobs, 30)
    assert (worker.load().state, worker.load().approver_id) == (State.SCHEDULED, "U0LEO")
    worker.directory.is_away = False
    worker.run_all([deliver(REQUEST, 30)])
    assert worker.load().state is State.ACCEPTED


# The record


def test_a_message_s_way_is_in_the_audit_log_with_the_rules_and_its_digest(
    worker: Worker, a_request: Callable[..., Request]
) -> None:
    worker.rules = DEFAULTS
    worker.deliver()
    entries = list(AuditLog(worker.database).entries())
    assert [one.action for one in entries] == ["stored", "sent", "outcome"]
    stored, sent, outcome = entries
    assert (stored.user_id, stored.team_id) == ("U0ADA", "T0TEAM")
    assert {one.request_id for one in entries} == {REQUEST}
    assert len({one.subject for one in entries}) == 1
    assert all('"rules":"defaults"' in one.detail for one in entries)
    digest = stored.detail.partition('"text":"')[2]
    assert digest
    assert digest in sent.detail
    assert '"state":"accepted"' in outcome.detail
    written = " ".join(f"{one}" for one in entries)
    request = a_request()
    assert request.text not in written
    assert request.identity.value not in written


# Placeholders


def test_a_text_with_a_placeholder_is_never_stored(worker: Worker) -> None:
    with pytest.raises(Refused) as refused:
        worker.submit(text="Hello {{CUSTOMER_NAME}}")
    assert refused.value.rules == ("placeholders",)
    worker.decisions.record_refusal(worker.build(), refused.value.rules)


def test_a_stored_text_with_a_placeholder_is_not_sent(worker: Worker) -> None:
    jobs = worker.submit()
    worker.change(text="Hello {{CUSTOMER_NAME}}")  # as an older release would have stored it
    worker.run_all(jobs)
    assert worker.load().state is State.REFUSED
    assert not worker.sends()

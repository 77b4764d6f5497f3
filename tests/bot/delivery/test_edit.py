"""Either the send is faster than an edit, or the customer gets the new text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.delivery.edit import Edit, Editing
from bot.job import Job, JobKind
from bot.request import Decision, Event, Request, Stuck
from bot.rules.policy import Refused
from bot.rules.rules_file import read_rules
from bot.state import State
from genesys import Identity, IdentityKind

from .conftest import REQUEST, TEXT, Clock, SlowLookup, Worker

NEW = "Your parcel is ready"
NewWorker = Callable[..., Worker]


def edit(worker: Worker, request: Request | None = None, **values: object) -> bool:
    """Let the agent edit a request as it is, or as it was."""
    request = request or worker.load()
    wanted = Edit(NEW, request.planned_at, request.send_before)
    decision = Decision(request.request_id, request.decisions, request.agent_id, "Ada")
    editing = Editing(worker.store, worker.policy, undo=timedelta(seconds=5))
    return editing.edit(decision, request, replace(wanted, **values))  # type: ignore[arg-type]


def test_a_delivery_that_has_read_the_old_text_does_not_send_it(
    new_worker: NewWorker, clock: Clock
) -> None:
    worker = new_worker(lookup=SlowLookup)
    worker.add(State.SCHEDULED, planned_at=clock.at)
    worker.lookup.meanwhile = lambda: edit(worker)  # type: ignore[attr-defined]
    jobs = worker.run(Job(JobKind.DELIVER, REQUEST))
    assert worker.load().state is State.SCHEDULED and not worker.sends()
    worker.lookup.meanwhile = lambda: None  # type: ignore[attr-defined]
    worker.run_all(jobs)
    (sent,) = worker.sends()
    assert sent["textBody"] == NEW and worker.events().count(Event.SENDING) == 1


def test_a_delivery_that_met_an_open_conversation_leaves_an_edited_message_its_new_time(
    new_worker: NewWorker, clock: Clock
) -> None:
    worker = new_worker(lookup=SlowLookup)
    worker.local.ask("POST", "/customers/amir/answer", text="Hello?")
    amir = Identity(IdentityKind.EMAIL, "amir@example.com")
    day, tomorrow = clock.after(24 * 3600), clock.after(20 * 3600)
    worker.add(State.SCHEDULED, identity=amir, planned_at=clock.at, after_conversation=day)
    worker.lookup.meanwhile = lambda: edit(worker, planned_at=tomorrow)  # type: ignore[attr-defined]
    worker.run(Job(JobKind.DELIVER, REQUEST))
    request = worker.load()
    assert (request.send_at, request.text) == (tomorrow, NEW)
    assert Event.AWAITS_END not in worker.events()


def test_a_message_that_is_edited_while_genesys_is_away_is_not_held_up(
    new_worker: NewWorker, clock: Clock
) -> None:
    worker = new_worker(lookup=SlowLookup)
    worker.add(State.SCHEDULED, planned_at=clock.at)
    worker.local.order("genesys", "*", "status", status=503)
    worker.lookup.meanwhile = lambda: edit(worker, planned_at=clock.after(3600))  # type: ignore[attr-defined]
    worker.run(Job(JobKind.DELIVER, REQUEST))
    assert worker.load().stuck is Stuck.NO
    assert Event.HELD not in worker.events()


def test_an_edit_after_the_send_has_begun_changes_nothing(worker: Worker, clock: Clock) -> None:
    worker.add(State.SCHEDULED, planned_at=clock.at)
    before = worker.load()
    worker.run_all([Job(JobKind.DELIVER, REQUEST)])
    assert not edit(worker, before)
    assert worker.load().text == TEXT and Event.EDITED not in worker.events()


def test_a_time_that_was_moved_is_kept_by_the_job_of_the_old_one(
    worker: Worker, clock: Clock
) -> None:
    worker.add(State.SCHEDULED, send_at=clock.after(60), planned_at=clock.after(60))
    later = clock.after(3600)
    assert edit(worker, planned_at=later)
    worker.run_all([Job(JobKind.DELIVER, REQUEST, delay=60)], seconds=120)
    assert worker.load().send_at == later and not worker.sends()
    worker.run_all([Job(JobKind.DELIVER, REQUEST)], seconds=4000)
    assert [sent["textBody"] for sent in worker.sends()] == [NEW]


def test_an_edited_message_can_be_stopped_for_the_whole_undo_time_again(
    worker: Worker, clock: Clock
) -> None:
    worker.add(State.SCHEDULED, send_at=clock.after(1))
    assert edit(worker)
    (job,) = (one for one in worker.jobs if one.kind is JobKind.DELIVER)
    assert 4 < job.delay <= 5
    send_at = worker.load().send_at
    assert send_at is not None and send_at > clock.after(4)


@pytest.mark.parametrize(("hours", "until"), [(None, 8), (2, 2), (100, 8)])
def test_an_edit_that_needs_an_approval_waits_for_it_only_as_long_as_it_may(
    hours: int | None, until: int, worker: Worker, clock: Clock
) -> None:
    worker.rules = read_rules("[approval]\neverything = true\nexpires_minutes = 480\n")
    worker.add(State.SCHEDULED, planned_at=clock.after(3600))
    now = datetime.now(UTC)
    assert edit(worker, send_before=now + timedelta(hours=hours) if hours else None)
    request = worker.load()
    assert request.state is State.UNAPPROVED and request.approval_until is not None
    assert abs(request.approval_until - now - timedelta(hours=until)) < timedelta(minutes=1)


def test_only_another_text_or_time_is_a_change(a_request: Callable[..., Request]) -> None:
    request = a_request()
    assert not Edit(request.text, None, None).changes(request)
    for edited in (
        Edit(NEW, None, None),
        Edit(request.text, request.created_at, None),
        Edit(request.text, None, request.created_at),
    ):
        assert edited.changes(request)


@pytest.mark.parametrize("changes", [{"text": NEW}, {"text": TEXT}])
def test_what_a_lead_overrode_counts_only_for_what_stays_the_same(
    changes: dict[str, str], worker: Worker, clock: Clock
) -> None:
    worker.rules = read_rules('[content]\nsecrets = "block"\n')
    at = clock.after(3600)
    secret = "xoxb-" + "1234567890-1234567890123-" + "a1b2c3d4e5f6g7h8i9j0k1l2"
    text = f"{changes['text']} {secret}"
    old = f"{TEXT} {secret}"
    worker.add(
        State.SCHEDULED, text=old, send_at=at, planned_at=at, overridden=("tokens and keys",)
    )
    if text == old:
        assert edit(worker, text=text, planned_at=clock.after(7200))
        assert worker.load().overridden == ("tokens and keys",)
    else:
        with pytest.raises(Refused):
            edit(worker, text=text)
        assert worker.load().text == old


def test_what_was_erased_or_is_over_is_not_edited(worker: Worker, clock: Clock) -> None:
    for state in set(State) - {State.SCHEDULED, State.UNAPPROVED}:
        request_id = worker.add(state, request_id=f"V{state.value}")
        assert not edit(worker, worker.load(request_id))
    worker.add(State.SCHEDULED, erased_at=clock.at)
    assert not edit(worker)

"""A message that waits until the customer's open conversation has ended."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.delivery.conversation_end import PAUSES, TOO_LONG
from bot.delivery.edit import Edit, Editing
from bot.job import Job, JobKind
from bot.request import Decision, Event, Stuck
from bot.rules.rules_file import read_rules
from bot.state import State
from bot.storage.facts import ByWhom
from bot.storage.opt_outs import OptOut
from genesys import Holder, HolderKind, Identity, IdentityKind
from tests.bot.delivery.conftest import Clock, Worker

AMIR = "amir@example.com"
DAY = 24 * 3600.0


@pytest.fixture
def waiting(worker: Worker) -> Worker:
    """Let a message wait for the end of Amir's conversation."""
    worker.local.ask("POST", "/customers/amir/answer", text="Hello?")
    jobs = worker.submit(AMIR, after_conversation=worker.clock.at + timedelta(hours=24))
    worker.run_all(jobs, seconds=30)
    worker.forget_calls()
    return worker


def look(worker: Worker) -> list[Job]:
    """Run the next look; return the jobs that it enqueued."""
    return worker.run(Job(JobKind.DELIVER, "V0123456789"))


def test_a_message_waits_while_the_conversation_is_open_and_says_so_once(waiting: Worker) -> None:
    request = waiting.load()
    assert (request.state, request.stuck) == (State.SCHEDULED, Stuck.CONVERSATION)
    assert request.open_conversation_id
    assert waiting.events()[-1] is Event.AWAITS_END
    for _ in range(3):
        [again] = look(waiting)
        assert again.kind is JobKind.DELIVER
    assert waiting.events().count(Event.AWAITS_END) == 1
    assert not waiting.sends()


def test_a_look_is_one_call_and_the_pauses_grow_from_a_minute(waiting: Worker) -> None:
    pauses, job = [], Job(JobKind.DELIVER, "V0123456789")
    for _ in range(6):
        [job] = waiting.run(job)
        pauses.append(job.delay)
    assert len(waiting.calls()) == 6
    assert pauses == [*PAUSES, PAUSES[-1], PAUSES[-1]]
    assert pauses[0] >= 60 and pauses == sorted(pauses) and pauses[-1] < 180


def test_it_goes_out_when_the_conversation_has_ended(waiting: Worker) -> None:
    waiting.local.ask("POST", "/customers/amir/end")
    waiting.run_all([Job(JobKind.DELIVER, "V0123456789")])
    assert waiting.load().state is State.ACCEPTED
    assert len(waiting.sends()) == 1
    assert waiting.sends()[0]["useExistingActiveConversation"] is False


def test_it_is_checked_anew_before_it_goes_out(waiting: Worker) -> None:
    waiting.local.ask("POST", "/customers/amir/end")
    amir = Identity(IdentityKind.EMAIL, AMIR)
    by = ByWhom("U0BEN", "Ben", datetime.now(UTC), "They asked us to stop")
    waiting.opt_outs.add(OptOut(amir, (), by, "T0TEAM"))
    waiting.run_all([Job(JobKind.DELIVER, "V0123456789")])
    assert (waiting.load().state, waiting.sends()) == (State.REFUSED, [])


def test_it_expires_with_the_reason_when_it_has_waited_for_too_long(
    waiting: Worker, clock: Clock
) -> None:
    clock.advance(24 * 3600)
    look(waiting)
    request = waiting.load()
    assert (request.state, request.reason) == (State.EXPIRED, TOO_LONG)
    assert waiting.history()[-1] == (Event.EXPIRED, TOO_LONG)
    assert not waiting.sends()


def test_the_deadline_counts_if_it_comes_first(worker: Worker, clock: Clock) -> None:
    worker.local.ask("POST", "/customers/amir/answer", text="Hello?")
    soon = clock.after(600)
    jobs = worker.submit(AMIR, after_conversation=soon, send_before=soon)
    worker.run_all(jobs, seconds=30)
    clock.advance(600)
    look(worker)
    assert worker.load().state is State.EXPIRED


def test_while_nobody_can_say_whether_it_has_ended_it_waits(waiting: Worker) -> None:
    conversation_id = waiting.load().open_conversation_id
    where = f"conversations/messages/{conversation_id}"
    waiting.local.order("genesys", where, "status", status=403)
    [again] = look(waiting)
    assert again.delay == PAUSES[0]
    assert waiting.load().stuck is Stuck.CONVERSATION


def test_an_end_that_analytics_does_not_know_yet_is_not_asked_for_again(waiting: Worker) -> None:
    where = f"conversations/messages/{waiting.load().open_conversation_id}"
    waiting.local.order("genesys", where, "status", status=404)  # analytics still has it
    [again] = look(waiting)
    assert again.delay == PAUSES[-1]
    waiting.forget_calls()
    waiting.clock.advance(100)
    look(waiting)
    assert not waiting.calls("conversations/messages/")
    assert waiting.calls("details/query")
    assert not waiting.sends()


def test_a_customer_without_an_open_conversation_gets_it_at_once(worker: Worker) -> None:
    until = worker.clock.after(3600)
    assert worker.deliver(after_conversation=until).state is State.ACCEPTED
    assert Event.AWAITS_END not in worker.events()


def test_a_planned_message_is_looked_at_again_when_it_is_due(worker: Worker, clock: Clock) -> None:
    worker.local.ask("POST", "/customers/amir/answer", text="Hello?")
    due = clock.after(900)
    jobs = worker.submit(AMIR, send_at=due, planned_at=due, after_conversation=clock.after(90_000))
    worker.run_all(jobs, seconds=30)
    request = worker.load()
    assert (request.state, request.stuck) == (State.SCHEDULED, Stuck.NO)
    worker.local.ask("POST", "/customers/amir/end")
    clock.advance(900)
    worker.run_all([Job(JobKind.DELIVER, "V0123456789")])
    assert worker.load().state is State.ACCEPTED


def edit(worker: Worker, planned_at: datetime | None, send_before: datetime | None = None) -> None:
    """Let the agent move a message's times."""
    request = worker.load()
    decision = Decision(request.request_id, request.decisions, request.agent_id, "Ada")
    editing = Editing(worker.store, worker.policy, undo=timedelta(0))
    assert editing.edit(decision, request, Edit(request.text, planned_at, send_before))


@pytest.mark.parametrize(("deadline", "until"), [(None, DAY), (3600, 3600), (3 * DAY, DAY)])
def test_the_limit_moves_with_the_time_of_the_message(
    deadline: float | None, until: float, waiting: Worker, clock: Clock
) -> None:
    due = clock.after(7 * DAY)
    edit(waiting, due, due + timedelta(seconds=deadline) if deadline else None)
    waiting.run_all([Job(JobKind.DELIVER, "V0123456789")], seconds=7 * DAY + 30)
    request = waiting.load()
    assert (request.state, request.stuck) == (State.SCHEDULED, Stuck.CONVERSATION)
    assert request.gives_up_at == request.after_conversation == due + timedelta(seconds=until)
    look(waiting)
    assert waiting.load().state is State.SCHEDULED
    clock.advance(until)
    look(waiting)
    assert (waiting.load().state, waiting.load().reason) == (State.EXPIRED, TOO_LONG)


def test_a_deadline_that_was_moved_is_the_limit_from_then_on(waiting: Worker, clock: Clock) -> None:
    soon, later = clock.after(600), clock.after(3600)
    edit(waiting, None, soon)
    edit(waiting, None, later)
    waiting.run_all([Job(JobKind.DELIVER, "V0123456789")], seconds=0)
    assert waiting.load().gives_up_at == later


def test_a_late_approval_leaves_a_whole_day_to_wait(worker: Worker, clock: Clock) -> None:
    worker.local.ask("POST", "/customers/amir/answer", text="Hello?")
    worker.rules = read_rules("[approval]\neverything = true\nexpires_minutes = 4320\n")
    worker.run_all(worker.submit(AMIR, after_conversation=clock.after(DAY)))
    assert worker.load().state is State.UNAPPROVED
    clock.advance(2 * DAY)
    assert worker.decisions.approve(worker.decide(), worker.load())
    look(worker)
    request = worker.load()
    assert (request.stuck, request.gives_up_at) == (Stuck.CONVERSATION, clock.after(DAY))


def test_a_conversation_that_only_the_send_meets_has_the_same_limit(
    waiting: Worker, clock: Clock
) -> None:
    """Here it had been moved to the end of the quiet hours."""
    past = {"after_conversation": clock.after(-60), "open_conversation_id": "", "stuck": Stuck.NO}
    waiting.change(**past, send_at=clock.at, checked_at=clock.at)
    [again] = (job for job in look(waiting) if job.kind is JobKind.DELIVER)
    assert again.delay == PAUSES[-1]  # analytics doesn't know of it yet, and needs a while
    request = waiting.load()
    assert (request.stuck, request.gives_up_at) == (Stuck.CONVERSATION, clock.after(DAY))


LEO = ByWhom("U0LEO", "Leo Lead", datetime.now(UTC), "a bad template")


def pause_and_resume(worker: Worker) -> list[Job]:
    """Pause all sending and resume it; return the jobs that follow the end."""
    worker.pause.begin(LEO, "T0TEAM")
    worker.pause.mark_all()
    assert worker.load().stuck is Stuck.PAUSED
    worker.jobs.clear()
    worker.pause.end("U0LEO", "T0TEAM")
    worker.pause.mark_all()
    return list(worker.jobs)


def test_after_a_pause_it_waits_for_the_end_again_and_its_limit_holds(
    waiting: Worker, clock: Clock
) -> None:
    before = waiting.load()
    jobs = pause_and_resume(waiting)
    after = waiting.load()
    assert (after.stuck, after.send_at) == (before.stuck, before.send_at)
    assert after.gives_up_at == before.gives_up_at
    assert not [job for job in jobs if job.kind is JobKind.DELIVER]  # its look is planned already
    clock.advance(24 * 3600)
    look(waiting)
    assert (waiting.load().state, waiting.load().reason) == (State.EXPIRED, TOO_LONG)


def test_its_limit_holds_during_a_pause(waiting: Worker, clock: Clock) -> None:
    waiting.pause.begin(LEO, "T0TEAM")
    waiting.pause.mark_all()
    look(waiting)
    assert waiting.load().stuck is Stuck.PAUSED
    clock.advance(24 * 3600)
    look(waiting)
    assert waiting.load().reason == TOO_LONG


def test_an_end_during_a_pause_is_in_time_though_sending_resumes_after_the_limit(
    waiting: Worker, clock: Clock
) -> None:
    waiting.pause.begin(LEO, "T0TEAM")
    waiting.pause.mark_all()
    waiting.local.ask("POST", "/customers/amir/end")
    waiting.run_all([Job(JobKind.DELIVER, "V0123456789")])
    assert (waiting.load().state, waiting.load().stuck) == (State.SCHEDULED, Stuck.PAUSED)
    waiting.change(after_conversation=clock.after(-60))
    waiting.jobs.clear()
    waiting.pause.end("U0LEO", "T0TEAM")
    waiting.pause.mark_all()
    waiting.run_all(list(waiting.jobs))
    assert waiting.load().state is State.ACCEPTED


def test_a_message_that_is_edited_during_a_look_does_not_wait_for_the_conversation(
    waiting: Worker, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    due = clock.after(3 * DAY)

    def edit_meanwhile(*_: object) -> Holder:
        edit(waiting, due)
        return Holder(HolderKind.QUEUE, "Support")

    with monkeypatch.context() as patch:
        patch.setattr("bot.delivery.conversation_end.read_holder", edit_meanwhile)
        delays = [job.delay for job in look(waiting) if job.kind is JobKind.DELIVER]
    assert waiting.load().stuck is Stuck.NO
    assert len(delays) == 1 and delays[0] > 2 * DAY  # the edit's own
    waiting.local.ask("POST", "/customers/amir/end")
    clock.advance(3 * DAY)
    waiting.run_all([Job(JobKind.DELIVER, "V0123456789")])
    assert waiting.load().state is State.ACCEPTED


def test_after_an_outage_it_says_again_that_it_waits_for_the_end(waiting: Worker) -> None:
    waiting.change(stuck=Stuck.UNAVAILABLE)
    look(waiting)
    assert waiting.load().stuck is Stuck.CONVERSATION
    assert waiting.events().count(Event.AWAITS_END) == 1

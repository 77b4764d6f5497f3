"""A send whose answer was lost is looked for in Genesys Cloud, and never sent from here."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.delivery.reconcile import where_to_look
from bot.job import deliver, publish, reconcile
from bot.request import Event, Stuck
from bot.state import State
from bot.storage.erasure import Erasure
from bot.storage.keys import Keys
from genesys import Conversation, OutboundMessage, Receipt, send_once
from tests.bot.conftest import NOW, Local
from tests.bot.delivery.conftest import (
    DETAILS,
    FOLLOW,
    JANE_ID,
    READ_BACK,
    REQUEST,
    SEND,
    TEXT,
    Clock,
    Worker,
)

NewWorker = Callable[..., Worker]
SHOW, DELIVER = publish(REQUEST), deliver(REQUEST)
BY_A_PERSON = reconcile(REQUEST, len(READ_BACK))
LOST = [Event.ASKED, Event.FOUND, Event.SENDING, Event.FATE_UNKNOWN]
RECEIPT = Receipt("m" * 36, "c" * 36, datetime(2026, 1, 1, tzinfo=UTC))


def _lose_answer(worker: Worker, kind: str, request_id: str = REQUEST) -> None:
    """Deliver a request whose send gets no answer: with ``cut_before`` it never arrived."""
    worker.local.order("genesys", SEND, kind, times=1)
    worker.submit(request_id=request_id)
    worker.run(deliver(request_id))
    assert worker.load(request_id).state is State.SENDING


def _delay_analytics(local: Local, seconds: int) -> None:
    local.ask("POST", "/control/genesys/settings", analytics_delay_seconds=seconds)


def _look(worker: Worker, step: int) -> None:
    worker.run(reconcile(REQUEST, step, READ_BACK[step]))


def _look_in_vain(worker: Worker) -> None:
    """Look as often as the bot does by itself."""
    for step in range(len(READ_BACK)):
        _look(worker, step)
    assert worker.load().state is State.UNCERTAIN


# The message and its receipt.


@pytest.mark.parametrize("into_open", [True, False])
def test_what_is_sent_is_what_the_request_says(into_open: bool, worker: Worker) -> None:
    request = worker.build(send_to_id=JANE_ID, into_open_conversation=into_open)
    deployment_id = worker.local.settings["GENESYS_CLOUD_DEPLOYMENT_ID"]
    message = OutboundMessage(JANE_ID, deployment_id, TEXT, into_open)
    assert worker.reconciler.message(request) == message


@pytest.mark.parametrize("state", [State.SENDING, State.UNCERTAIN])
def test_a_receipt_is_stored_and_the_outcome_is_followed(
    state: State, worker: Worker, clock: Clock
) -> None:
    worker.add(state)
    worker.change(looks=7)
    worker.reconciler.accept(REQUEST, RECEIPT)
    request = worker.load()
    assert request.state is State.ACCEPTED
    assert (request.message_id, request.conversation_id) == ("m" * 36, "c" * 36)
    assert (request.is_followed, request.looks) == (True, 0)
    assert request.watch_until == clock.at + FOLLOW
    assert worker.next_look() == clock.after(2)
    assert worker.history()[1:] == [(Event.ACCEPTED, "")]
    assert worker.jobs == [SHOW]


@pytest.mark.parametrize("state", sorted(set(State) - {State.SENDING, State.UNCERTAIN}))
def test_a_late_receipt_moves_nothing_back(state: State, worker: Worker) -> None:
    worker.add(state)
    before = worker.load()
    worker.reconciler.accept(REQUEST, RECEIPT)
    assert worker.load() == before
    assert worker.events() == [Event.ASKED]
    assert worker.jobs == []


# Looking for a message.


def test_a_doubt_is_told_once_but_looked_into_each_time(worker: Worker) -> None:
    worker.add(State.SENDING)
    for _ in range(2):
        worker.jobs.clear()
        worker.reconciler.note_lost_answer(REQUEST)
        assert worker.jobs == [reconcile(REQUEST, 0, READ_BACK[0]), SHOW]
    assert worker.history()[1:] == [(Event.FATE_UNKNOWN, "")]


def test_a_message_that_arrived_is_found_and_not_sent_again(worker: Worker, clock: Clock) -> None:
    _lose_answer(worker, "cut_after")
    assert worker.run(reconcile(REQUEST, 0, 2.0)) == [SHOW]
    request = worker.load()
    assert request.state is State.ACCEPTED
    (conversation,) = [
        one
        for one in worker.local.customer("jane@example.com")["conversations"]
        if one["id"] == request.conversation_id
    ]
    assert conversation["messages"][-1]["id"] == request.message_id
    assert worker.events() == [*LOST, Event.ACCEPTED]
    assert worker.next_look() == clock.after(2)
    assert len(worker.sends()) == 1


@pytest.mark.parametrize("found_at", [1, 2])
def test_a_message_that_analytics_shows_late_is_looked_for_after_growing_waits(
    found_at: int, worker: Worker
) -> None:
    _lose_answer(worker, "cut_after")
    _delay_analytics(worker.local, 600)
    for step in range(found_at):
        later = reconcile(REQUEST, step + 1, READ_BACK[step + 1])
        assert worker.run(reconcile(REQUEST, step, READ_BACK[step])) == [later]
        assert worker.load().state is State.SENDING
    _delay_analytics(worker.local, 0)
    assert worker.run(later) == [SHOW]
    assert worker.load().state is State.ACCEPTED
    assert worker.events() == [*LOST, Event.ACCEPTED]
    assert len(worker.sends()) == 1


def test_a_message_that_is_not_found_after_the_last_wait_is_uncertain(worker: Worker) -> None:
    _lose_answer(worker, "cut_before")
    assert worker.run(reconcile(REQUEST, 0, 2.0)) == [reconcile(REQUEST, 1, 5)]
    assert worker.run(reconcile(REQUEST, 1, 5.0)) == [reconcile(REQUEST, 2, 9)]
    assert worker.events() == LOST
    assert worker.run(reconcile(REQUEST, 2, 9.0)) == [SHOW]
    request = worker.load()
    assert (request.state, request.message_id, request.is_followed) == (State.UNCERTAIN, "", False)
    assert worker.history()[4:] == [(Event.UNCERTAIN, "")]
    assert len(worker.sends()) == 1


@pytest.mark.parametrize(("step", "state"), [(0, State.SENDING), (2, State.UNCERTAIN)])
def test_a_look_that_genesys_does_not_answer_counts_as_not_found(
    step: int, state: State, worker: Worker
) -> None:
    _lose_answer(worker, "cut_after")
    worker.local.order("genesys", DETAILS, "status", status=500)
    worker.clock.advance(sum(READ_BACK[:step]))
    jobs = worker.run(reconcile(REQUEST, step, READ_BACK[step]))
    assert jobs == ([SHOW] if step == 2 else [reconcile(REQUEST, 1, 5)])
    assert worker.load().state is state


@pytest.mark.parametrize("state", sorted(set(State) - {State.SENDING, State.UNCERTAIN}))
def test_a_request_that_is_not_in_doubt_is_not_looked_for(state: State, worker: Worker) -> None:
    worker.add(state)
    for step in range(len(READ_BACK) + 1):
        assert worker.run(reconcile(REQUEST, step)) == []
    assert worker.load().state is state
    assert worker.events() == [Event.ASKED]
    assert worker.calls() == []


def test_the_message_of_another_request_is_not_taken_for_this_one(worker: Worker) -> None:
    assert worker.deliver(request_id="V2").state is State.ACCEPTED
    _lose_answer(worker, "cut_before")
    _look_in_vain(worker)


def test_two_equal_messages_to_a_customer_are_told_apart(worker: Worker) -> None:
    other = worker.deliver(request_id="V2")
    _lose_answer(worker, "cut_after")
    _look(worker, 0)
    assert worker.load().state is State.ACCEPTED
    assert worker.load().message_id != other.message_id


@pytest.mark.parametrize(
    ("sending_in", "created_in", "state"),
    [
        (10, -3600, State.SENDING),  # what was sent earlier is another message
        (-10, 3600, State.ACCEPTED),
        (None, -10, State.ACCEPTED),
        (None, 10, State.SENDING),
    ],
)
def test_only_a_message_from_after_the_send_began_is_ours(
    sending_in: int | None, created_in: int, state: State, worker: Worker, clock: Clock
) -> None:
    request_id = worker.add(
        State.SENDING,
        created_at=clock.after(created_in),
        sending_at=None if sending_in is None else clock.after(sending_in),
    )
    send_once(worker.cloud, worker.reconciler.message(worker.load(request_id)))
    clock.advance(20)
    worker.run(reconcile(REQUEST))
    assert worker.load().state is state


def test_a_message_to_an_older_id_of_a_merged_customer_is_found(worker: Worker) -> None:
    worker.local.order("genesys", SEND, "cut_after", times=1)
    worker.submit("mia@example.com")
    worker.run(DELIVER)
    _look(worker, 0)
    assert worker.load().state is State.ACCEPTED


def test_a_database_that_fails_lets_the_queue_look_again(worker: Worker) -> None:
    _lose_answer(worker, "cut_after")
    with worker.broken_database(), pytest.raises(sa.exc.SQLAlchemyError):
        _look(worker, 0)
    assert worker.load().state is State.SENDING
    _look(worker, 0)
    assert worker.load().state is State.ACCEPTED


# What a person decides.


@pytest.mark.parametrize("state", State)
def test_only_an_uncertain_request_is_checked_again(state: State, worker: Worker) -> None:
    worker.add(state)
    is_uncertain = state is State.UNCERTAIN
    assert worker.reconciler.check_again(worker.decide("Leo Lead")) is is_uncertain
    assert worker.load().state is state
    assert worker.jobs == ([BY_A_PERSON, SHOW] if is_uncertain else [])
    assert worker.history()[1:] == ([(Event.CHECK_ASKED, "Leo Lead")] if is_uncertain else [])


def test_a_second_check_is_shown_too(worker: Worker) -> None:
    worker.add(State.UNCERTAIN)
    worker.reconciler.check_again(worker.decide("Ada"))
    worker.reconciler.check_again(worker.decide("Leo"))
    assert worker.history()[1:] == [(Event.CHECK_ASKED, "Ada"), (Event.CHECK_ASKED, "Leo")]


def test_a_persons_check_finds_a_message_that_was_late(worker: Worker) -> None:
    _lose_answer(worker, "cut_after")
    _delay_analytics(worker.local, 600)
    _look_in_vain(worker)
    _delay_analytics(worker.local, 0)
    assert worker.reconciler.check_again(worker.decide("Ada Agent"))
    assert worker.run(BY_A_PERSON) == [SHOW]
    assert worker.load().state is State.ACCEPTED
    assert worker.events() == [*LOST, Event.UNCERTAIN, Event.CHECK_ASKED, Event.ACCEPTED]
    assert len(worker.sends()) == 1


def test_a_persons_check_that_finds_nothing_says_so_each_time(worker: Worker) -> None:
    worker.add(State.UNCERTAIN, sending_at=worker.clock.at)
    for _ in range(2):
        assert worker.run(BY_A_PERSON) == [SHOW]
        assert worker.load().state is State.UNCERTAIN
    assert worker.history()[1:] == [(Event.STILL_UNCERTAIN, "")] * 2


def test_a_persons_check_says_nothing_of_a_send_that_began_since(worker: Worker) -> None:
    worker.add(State.SENDING, sending_at=worker.clock.at)
    assert worker.run(BY_A_PERSON) == []
    assert worker.load().state is State.SENDING
    assert worker.events() == [Event.ASKED]


@pytest.mark.parametrize("ago", [0, 0.5, 3])
def test_a_look_for_an_earlier_send_does_not_give_up_the_next_one(
    ago: float, worker: Worker, clock: Clock
) -> None:
    """Two jobs looked for the first send. The second one comes while a new send is under way."""
    worker.add(State.SENDING, sending_at=clock.after(-ago))
    whole = sum(READ_BACK)
    later = reconcile(REQUEST, 2, pytest.approx(whole - ago))
    assert worker.run(reconcile(REQUEST, 2)) == [later]
    assert worker.load().state is State.SENDING
    clock.advance(whole - ago)
    assert worker.run(reconcile(REQUEST, 2)) == [SHOW]
    assert worker.load().state is State.UNCERTAIN


def test_a_clock_that_was_set_back_does_not_keep_a_request_from_a_person(
    worker: Worker, clock: Clock
) -> None:
    worker.add(State.SENDING, sending_at=clock.after(3600))
    assert worker.run(reconcile(REQUEST, 2)) == [SHOW]
    assert worker.load().state is State.UNCERTAIN


def test_a_look_that_ends_after_a_new_send_began_says_nothing_of_it(
    worker: Worker, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker.add(State.SENDING, sending_at=clock.after(-sum(READ_BACK)))

    def find_slowly(*_: object, **_values: object) -> None:
        worker.change(sending_at=clock.at)

    monkeypatch.setattr("bot.delivery.reconcile.find_sent", find_slowly)
    assert worker.run(reconcile(REQUEST, 2)) == []
    assert worker.load().state is State.SENDING
    assert worker.events() == [Event.ASKED]


@pytest.mark.parametrize(
    ("step", "jobs", "told"),
    [
        (0, [reconcile(REQUEST, 1, 5)], []),
        (1, [reconcile(REQUEST, 2, 9)], []),
        (2, [SHOW], [(Event.STILL_UNCERTAIN, "")]),
    ],
)
def test_looks_that_were_begun_twice_end_with_one_answer_each(
    step: int, jobs: list[object], told: list[object], worker: Worker
) -> None:
    """Two jobs found the send under way, so two jobs look for it."""
    worker.add(State.UNCERTAIN, sending_at=worker.clock.at)
    assert worker.run(reconcile(REQUEST, step)) == jobs
    assert worker.history()[1:] == told


def test_a_message_that_a_person_sent_again_and_lost_again_is_looked_for_again(
    worker: Worker, clock: Clock
) -> None:
    clock.advance(-sum(READ_BACK))  # so that the second send is now, as Genesys sees it
    _lose_answer(worker, "cut_before")
    _look_in_vain(worker)
    worker.decisions.send_anyway(worker.decide())
    worker.local.order("genesys", SEND, "cut_after", times=1)
    worker.run_all([DELIVER])
    assert worker.load().state is State.ACCEPTED
    assert len(worker.sends()) == 2


def test_a_receipt_for_an_uncertain_request_settles_it(
    worker: Worker, new_worker: NewWorker
) -> None:
    """A worker that froze while sending wakes up when others have given the message up."""
    frozen = new_worker()
    worker.add(State.UNCERTAIN)
    frozen.reconciler.accept(REQUEST, RECEIPT)
    assert worker.load().state is State.ACCEPTED


def test_what_is_logged_gives_nobody_away(worker: Worker, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "bot")
    worker.add(State.SENDING, text="canary text")
    worker.local.order("genesys", DETAILS, "status", status=500)
    worker.run(reconcile(REQUEST))
    assert f"request {REQUEST}: can't look for its message (Unavailable(" in caplog.text
    for private in ("jane@", "Jane", "canary", JANE_ID):
        assert private not in caplog.text


def test_nobody_looks_for_the_message_of_an_erased_request(worker: Worker) -> None:
    """Its customer is no longer known."""
    _lose_answer(worker, "cut_before")
    _look_in_vain(worker)
    Erasure(worker.database, lambda *_: None, Keys(worker.database)).erase(REQUEST)
    worker.forget_calls()
    worker.run(BY_A_PERSON)
    assert worker.calls() == []


def test_while_the_answer_is_lost_the_request_says_so_until_it_is_clear(worker: Worker) -> None:
    worker.add(State.SENDING)
    worker.reconciler.note_lost_answer(REQUEST)
    assert worker.load().stuck is Stuck.ANSWER_LOST
    worker.reconciler.accept(REQUEST, RECEIPT)
    assert worker.load().stuck is Stuck.NO


def test_an_uncertain_message_links_the_conversations_that_it_may_be_in(
    a_conversation: Callable[..., Conversation], worker: Worker
) -> None:
    request = worker.build(created_at=NOW, sending_at=NOW)
    old = replace(a_conversation(), conversation_id="old", started_at=NOW - timedelta(days=9))
    ended = replace(old, conversation_id="ended", ended_at=NOW - timedelta(days=1))
    older = replace(ended, conversation_id="older", started_at=NOW - timedelta(days=20))
    still = [
        replace(old, conversation_id=f"c{number}", started_at=NOW - timedelta(hours=number))
        for number in range(5)
    ]
    is_open = [replace(one, ended_at=None) for one in still]
    assert where_to_look(request, [ended, *is_open]) == ["c0", "c1", "c2"]
    assert where_to_look(request, [older, ended]) == ["ended"]
    assert where_to_look(request, []) == []
    later = worker.build(created_at=NOW, sending_at=NOW + timedelta(hours=2))
    before_the_send = replace(old, conversation_id="before", ended_at=NOW + timedelta(hours=1))
    assert where_to_look(request, [before_the_send, ended]) == ["before"]
    assert where_to_look(later, [before_the_send, *is_open[:1]]) == ["c0"]

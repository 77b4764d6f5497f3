"""A request is looked up, decided, waits until its time, and is sent once or not at all."""

import re
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.job import Job, JobKind, deliver, publish, reconcile
from bot.request import Event, Request, Stuck
from bot.rules.lookup import Lookup
from bot.rules.policy import Refused
from bot.rules.verdict import Verdict
from bot.state import UNSENT, State
from bot.storage.database import Database
from bot.storage.keys import Keys
from bot.storage.requests import RequestStore
from genesys import GenesysCloud, LocalRateLimiter, Receipt, send_once
from sandbox.local_genesys.sample_customers import fixed_id
from tests.bot.conftest import JANE, Local
from tests.bot.delivery.conftest import (
    DETAILS,
    FOLLOW,
    JANE_ID,
    NO_LIMITS,
    READ_BACK,
    REQUEST,
    SEND,
    TEXT,
    Clock,
    SlowLookup,
    Worker,
)

NewWorker = Callable[..., Worker]
Connect = Callable[..., GenesysCloud]
LOOKUP = "identifierlookup"
FOUND = "Matched by email. Last web chat"  # and how long ago
SHOW, DELIVER = publish(REQUEST), deliver(REQUEST)
SENT = [Event.ASKED, Event.FOUND, Event.SENDING, Event.ACCEPTED]
MICROSECOND = timedelta(microseconds=1)
DAY = timedelta(hours=24)
NEVER_SENT_AGAIN = sorted(set(State) - UNSENT - {State.SENDING})


def _held_jobs(step: int, delay: float, request_id: str = REQUEST) -> list[Job]:
    """Return the jobs of a request that waits for Genesys."""
    return [publish(request_id), Job(JobKind.DELIVER, request_id, step, pytest.approx(delay))]


def _take_genesys_away(local: Local) -> None:
    local.order("genesys", LOOKUP, "status", status=500)


@pytest.fixture
def at_07(clock: Clock) -> Clock:
    """Stop the clock seven seconds into a minute, so that it's known when the next hold ends."""
    clock.at = clock.at.replace(second=7, microsecond=0)
    return clock


# Submitting, cancelling, and sending an uncertain message again.


def test_a_submitted_request_is_stored_and_will_be_shown_and_delivered(worker: Worker) -> None:
    assert worker.submit() == [SHOW, DELIVER]
    assert worker.load() == worker.build(rules_version=NO_LIMITS.version)
    assert worker.history() == [(Event.ASKED, "")]


def test_the_same_view_submitted_twice_is_one_request(worker: Worker) -> None:
    first = worker.decisions.submit(worker.build(text="the first"))
    worker.jobs.clear()
    assert worker.decisions.submit(worker.build(text="the second")) == first
    assert worker.load().text == "the first"
    assert worker.jobs == []
    assert worker.history() == [(Event.ASKED, "")]


@pytest.mark.parametrize("state", State)
def test_only_an_unsent_request_can_be_cancelled(state: State, worker: Worker) -> None:
    worker.add(state)
    in_time = state in UNSENT
    assert worker.decisions.cancel(worker.decide("Leo Lead")) is in_time
    assert worker.load().state is (State.CANCELLED if in_time else state)
    assert worker.jobs == ([SHOW] if in_time else [])
    assert worker.history()[1:] == ([(Event.CANCELLED, "Leo Lead")] if in_time else [])


@pytest.mark.parametrize("state", State)
def test_only_an_uncertain_request_can_be_sent_anyway(
    state: State, worker: Worker, clock: Clock
) -> None:
    planned, checked = clock.after(-7200), clock.after(-7000)
    worker.add(state, send_at=planned, send_before=clock.after(-3600), checked_at=checked)
    is_uncertain = state is State.UNCERTAIN
    assert worker.decisions.send_anyway(worker.decide("Leo Lead")) is is_uncertain
    request = worker.load()
    if is_uncertain:
        assert (request.state, request.send_at) == (State.SCHEDULED, clock.at)
        assert (request.send_before, request.checked_at) == (None, None)
        assert worker.jobs == [SHOW, DELIVER]
        assert worker.history()[1:] == [(Event.SEND_DECIDED, "Leo Lead")]
    else:
        assert (request.state, request.send_at) == (state, planned)
        assert (request.send_before, request.checked_at) == (clock.after(-3600), checked)
        assert worker.jobs == []
        assert worker.history()[1:] == []


def test_a_decision_counts_once_however_often_and_wherever_it_arrives(
    worker: Worker, new_worker: NewWorker
) -> None:
    """The second send's answer is lost too, so the request is in the same state again."""
    worker.add(State.UNCERTAIN)
    first = worker.decide()
    assert worker.decisions.send_anyway(first)
    worker.change(state=State.UNCERTAIN)
    for one in (worker, new_worker()):  # replayed to this process, and to another one
        worker.jobs.clear()
        assert not one.decisions.send_anyway(first)
        assert not one.reconciler.check_again(first)
        assert worker.jobs == []
    assert worker.load().state is State.UNCERTAIN
    assert worker.events() == [Event.ASKED, Event.SEND_DECIDED]
    assert new_worker().decisions.send_anyway(worker.decide())  # a new decision counts


def test_an_old_undo_does_not_cancel_what_a_person_decided_to_send(worker: Worker) -> None:
    worker.add(State.SCHEDULED)
    undo = worker.decide()
    worker.change(state=State.UNCERTAIN)
    assert worker.decisions.send_anyway(worker.decide())
    assert not worker.decisions.cancel(undo)
    assert worker.load().state is State.SCHEDULED
    assert worker.decisions.cancel(worker.decide())


@pytest.mark.parametrize("hours_ago", [0, 25, 300])
def test_a_message_sent_anyway_is_checked_again_and_goes_out_however_old_it_is(
    hours_ago: int, worker: Worker, clock: Clock
) -> None:
    then = clock.after(-3600 * hours_ago)
    worker.add(State.UNCERTAIN, created_at=then, send_at=then, send_before=then)
    worker.decisions.send_anyway(worker.decide("Leo Lead"))
    worker.run_all([DELIVER])
    assert worker.load().state is State.ACCEPTED
    assert worker.calls(LOOKUP)
    assert worker.events() == [Event.ASKED, Event.SEND_DECIDED, *SENT[1:]]


# From the look-up to the send.


def test_a_message_goes_out_once_with_everything_stored(worker: Worker, clock: Clock) -> None:
    worker.submit()
    assert worker.run(DELIVER) == [SHOW, SHOW]
    told = [(event, _without_date(detail)) for event, detail in worker.history()]
    assert told == [
        (Event.ASKED, ""),
        (Event.FOUND, FOUND),
        (Event.SENDING, ""),
        (Event.ACCEPTED, ""),
    ]
    (body,) = worker.sends()
    assert body == {
        "fromAddress": worker.local.settings["GENESYS_CLOUD_DEPLOYMENT_ID"],
        "externalContactId": JANE_ID,
        "toAddressMessengerType": "webmessaging",
        "textBody": TEXT,
        "useExistingActiveConversation": False,
    }
    request = worker.load()
    assert request.state is State.ACCEPTED
    assert (request.contact_id, request.send_to_id) == (JANE_ID, JANE_ID)
    assert (request.contact_ids, request.customer_name) == ((JANE_ID,), "Jane Doe")
    assert {request.checked_at, request.send_at, request.sending_at} == {clock.at}
    (message,) = _sent_to_jane(worker)
    assert (request.message_id, request.conversation_id) == message
    assert (request.looks, request.is_followed) == (0, True)
    assert request.watch_until == clock.at + FOLLOW
    assert worker.next_look() == clock.after(2)


def _without_date(detail: str) -> str:
    """Leave out the end of a sentence that says how long ago something was."""
    return re.sub(r": [\w ]+\.$", "", detail)


def _sent_to_jane(worker: Worker) -> list[tuple[str, str]]:
    """List the message and conversation ids of what was sent to Jane."""
    return [
        (message["id"], conversation["id"])
        for conversation in worker.local.customer("jane@example.com")["conversations"]
        for message in conversation["messages"]
        if message["text"] == TEXT
    ]


def test_a_merged_customer_is_known_by_every_id_and_messaged_where_they_chatted(
    worker: Worker,
) -> None:
    visitor, contact = fixed_id("visitor/mia"), fixed_id("contact/mia")
    request = worker.deliver("mia@example.com")
    assert request.state is State.ACCEPTED
    assert set(request.contact_ids) == {visitor, contact}
    assert request.contact_id == contact
    assert worker.sends()[0]["externalContactId"] == request.send_to_id == visitor


@pytest.mark.parametrize(
    ("email", "sentence"),
    [
        ("nobody@example.com", "No contact has this email address."),
        ("pat@example.com", "2 contacts share this email address."),
        ("olga@example.com", "They're in a live conversation."),
        ("nils@example.com", "No web chat in the last 90 days"),
        ("lena@example.com", "a different site"),
    ],
)
def test_a_message_that_may_not_be_sent_is_refused_with_the_reason(
    email: str, sentence: str, worker: Worker
) -> None:
    worker.submit(email)
    assert worker.run(DELIVER) == [SHOW]
    request = worker.load()
    assert request.state is State.REFUSED
    assert sentence in request.reason
    assert worker.history() == [(Event.ASKED, ""), (Event.REFUSED, request.reason)]
    assert worker.sends() == []


@pytest.mark.parametrize(
    ("email", "text", "reason"),
    [
        ("jane@example.com", " \u200b ", ["Type a message."]),
        ("nils@example.com", " \u200b ", ["No web chat", "Type a message"]),
        ("olga@example.com", "", ["They're in a live", "Type a message"]),
    ],
)
def test_an_impossible_text_is_refused_along_with_what_else_is_wrong(
    email: str, text: str, reason: list[str], worker: Worker
) -> None:
    worker.run_all(worker.submit(email, text=text))
    request = worker.load()
    assert request.state is State.REFUSED
    places = [request.reason.find(sentence) for sentence in reason]
    assert places[0] == 0
    assert all(request.reason[place - 2 : place] == ". " for place in places[1:])
    assert worker.sends() == []


def test_a_text_that_is_too_long_is_not_stored(worker: Worker) -> None:
    with pytest.raises(Refused, match="length"):
        worker.submit("jane@example.com", text="x" * 2001)


def test_a_verdict_with_two_objections_tells_both(worker: Worker) -> None:
    worker.local.ask("POST", "/control/genesys/settings", deployment_status="Inactive")
    reason = worker.deliver("olga@example.com").reason
    assert reason.startswith("Web chat is off. ")
    assert ". They're in a live conversation." in reason


def test_a_look_up_that_genesys_refuses_for_good_refuses_the_request(worker: Worker) -> None:
    permission = "externalContacts:contact:view"
    worker.local.ask("POST", "/control/genesys/settings", missing_permissions=[permission])
    request = worker.deliver()
    assert request.state is State.REFUSED
    assert request.reason.startswith("I'm not allowed to do this in Genesys Cloud.")
    assert permission not in request.reason


def test_the_contact_that_the_agent_picked_gets_the_message(worker: Worker) -> None:
    bakery = fixed_id("contact/pat-bakery")
    request = worker.deliver("pat@example.com", chosen_contact_id=bakery)
    assert (request.state, request.contact_id) == (State.ACCEPTED, bakery)


def test_a_message_goes_into_an_open_conversation_if_the_agent_chose_that(worker: Worker) -> None:
    request = worker.deliver("olga@example.com", into_open_conversation=True)
    assert request.state is State.ACCEPTED
    assert worker.sends()[0]["useExistingActiveConversation"] is True


def test_right_after_the_forms_look_up_the_send_is_the_only_call(worker: Worker) -> None:
    worker.lookup.check(JANE, "", False)
    worker.clock.advance(30)
    worker.forget_calls()
    request = worker.deliver()
    assert request.state is State.ACCEPTED
    assert request.checked_at == worker.clock.after(-30)
    assert [SEND in call["path"] for call in worker.calls()] == [True]


# When it is sent.


@pytest.mark.parametrize("undo", [0.5, 5.0])
def test_a_message_waits_for_the_undo_time_and_then_goes_out_without_another_look_up(
    undo: float, new_worker: NewWorker, clock: Clock
) -> None:
    worker = new_worker(undo=undo)
    worker.submit()
    assert worker.run(DELIVER) == [SHOW, deliver(REQUEST, undo)]
    request = worker.load()
    assert (request.state, request.send_at) == (State.SCHEDULED, clock.after(undo))
    assert worker.sends() == []
    worker.forget_calls()
    assert worker.run(deliver(REQUEST, undo)) == [SHOW]
    assert worker.events() == SENT
    assert [SEND in call["path"] for call in worker.calls()] == [True]


def test_a_job_that_comes_too_early_waits_for_the_rest_of_the_time(
    new_worker: NewWorker, clock: Clock
) -> None:
    worker = new_worker(undo=5)
    worker.submit()
    worker.run(DELIVER)
    assert worker.run(deliver(REQUEST, 3.5)) == [deliver(REQUEST, 1.5)]
    assert worker.events() == SENT[:2]
    assert worker.sends() == []


@pytest.mark.parametrize(
    ("undo", "created_ago", "planned_in", "wait"),
    [
        (0, 0, None, 0),
        (5, 0, None, 5),
        (5, 3, None, 2),  # the time since Send counts
        (5, 5, None, 0),
        (5, 60, None, 0),
        (5, -3600, None, 5),  # the clock was set back after Send
        (0, 0, 3600, 3600),
        (5, 0, 3600, 3600),
        (5, 0, 2, 5),  # the undo time is never cut short
        (0, 0, -60, 0),  # planned for a moment that has passed
        (5, 0, -60, 5),
        (5, 60, -60, 0),
    ],
)
def test_a_message_goes_out_at_its_time_but_not_within_the_undo_time(
    undo: int,
    created_ago: int,
    planned_in: int | None,
    wait: int,
    new_worker: NewWorker,
    clock: Clock,
) -> None:
    worker = new_worker(undo=undo)
    planned = None if planned_in is None else clock.after(planned_in)
    worker.submit(created_at=clock.after(-created_ago), send_at=planned)
    later = [deliver(REQUEST, float(wait))] if wait else []
    assert worker.run(DELIVER) == [SHOW, *(later or [SHOW])]
    request = worker.load()
    assert request.state is (State.SCHEDULED if wait else State.ACCEPTED)
    assert request.send_at == clock.after(wait) or (wait == 0 and request.send_at < clock.at)
    for job in later:
        worker.run(job)
    assert worker.load().state is State.ACCEPTED


def test_a_planned_message_is_checked_again_when_its_time_comes(
    worker: Worker, clock: Clock
) -> None:
    worker.submit("amir@example.com", send_at=clock.after(3600))
    _, later = worker.run(DELIVER)
    worker.local.ask("POST", "/customers/amir/answer", text="Hello?")
    assert worker.run(later) == [SHOW]
    assert worker.load().state is State.REFUSED
    assert "They're in a live conversation" in worker.load().reason
    assert worker.sends() == []


@pytest.mark.parametrize(
    ("age", "asks"),
    [
        (timedelta(), False),
        (timedelta(seconds=60) - MICROSECOND, False),
        (timedelta(seconds=60), True),
        (timedelta(days=3), True),
        (-timedelta(seconds=60) + MICROSECOND, False),
        (-timedelta(seconds=60), True),  # the clock was set back
        (-timedelta(days=3), True),
    ],
)
def test_a_verdict_older_than_a_minute_is_asked_for_again(
    age: timedelta, asks: bool, worker: Worker, clock: Clock
) -> None:
    worker.add(State.SCHEDULED, checked_at=clock.at - age)
    worker.run(DELIVER)
    request = worker.load()
    assert request.state is State.ACCEPTED
    assert bool(worker.calls(LOOKUP)) is asks
    assert request.checked_at == (clock.at if asks else clock.at - age)
    assert (Event.FOUND in worker.events()) is asks


def test_a_scheduled_message_that_was_never_checked_is_checked(worker: Worker) -> None:
    worker.add(State.SCHEDULED, checked_at=None)
    worker.run(DELIVER)
    assert worker.load().state is State.ACCEPTED
    assert worker.calls(LOOKUP)


def test_a_scheduled_message_without_a_time_goes_out_now(worker: Worker, clock: Clock) -> None:
    worker.add(State.SCHEDULED, checked_at=clock.at, send_at=None)
    assert worker.run(DELIVER) == [SHOW]
    assert worker.load().state is State.ACCEPTED


@pytest.mark.parametrize("state", [State.CHECKING, State.SCHEDULED])
@pytest.mark.parametrize(
    ("left", "expires"),
    [(-timedelta(days=1), True), (timedelta(), True), (MICROSECOND, False)],
)
def test_a_message_past_its_deadline_is_never_sent(
    left: timedelta,
    expires: bool,
    state: State,
    worker: Worker,
    clock: Clock,
) -> None:
    worker.add(state, send_before=clock.at + left, send_at=clock.after(3600))
    jobs = worker.run(DELIVER)
    assert (worker.load().state is State.EXPIRED) is expires
    assert (jobs == [SHOW]) is expires
    assert (worker.history()[-1] == (Event.EXPIRED, "")) is expires
    assert worker.sends() == []
    assert bool(worker.calls()) is (not expires and state is State.CHECKING)


@pytest.mark.parametrize("state", [State.CHECKING, State.SCHEDULED])
@pytest.mark.parametrize(
    ("created_ago", "planned_ago", "expires"),
    [
        (DAY, None, False),
        (DAY + MICROSECOND, None, True),
        (3 * DAY, DAY, False),
        (3 * DAY, DAY + MICROSECOND, True),
        (DAY, 3 * DAY, False),
        (DAY + MICROSECOND, 3 * DAY, True),
    ],
)
def test_a_message_without_a_deadline_waits_for_a_day_from_when_it_could_go_out(
    created_ago: timedelta,
    planned_ago: timedelta | None,
    expires: bool,
    state: State,
    worker: Worker,
    clock: Clock,
) -> None:
    planned = None if planned_ago is None else clock.at - planned_ago
    worker.add(state, created_at=clock.at - created_ago, send_at=planned)
    worker.run(DELIVER)
    assert worker.load().state is (State.EXPIRED if expires else State.ACCEPTED)
    assert len(worker.sends()) == (0 if expires else 1)


def test_a_message_with_a_deadline_waits_for_longer_than_a_day(
    worker: Worker, clock: Clock
) -> None:
    worker.add(State.CHECKING, created_at=clock.after(-100_000), send_before=clock.after(1))
    worker.run(DELIVER)
    assert worker.load().state is State.ACCEPTED


@pytest.fixture
def slow_worker(new_worker: NewWorker) -> Worker:
    return new_worker(lookup=SlowLookup)


def test_a_deadline_that_passes_during_the_look_up_counts(
    slow_worker: Worker, clock: Clock
) -> None:
    slow_worker.lookup.meanwhile = lambda: clock.advance(10)
    slow_worker.submit(send_before=clock.after(10))
    assert slow_worker.run(DELIVER) == [SHOW, SHOW]
    assert slow_worker.load().state is State.EXPIRED
    assert slow_worker.events() == [Event.ASKED, Event.FOUND, Event.EXPIRED]
    assert slow_worker.sends() == []


def test_a_deadline_within_the_undo_time_counts(new_worker: NewWorker, clock: Clock) -> None:
    worker = new_worker(undo=5)
    assert worker.deliver(send_before=clock.after(4)).state is State.EXPIRED
    assert worker.sends() == []


@pytest.mark.parametrize("send_at", [None, 3600])
def test_a_request_cancelled_during_the_look_up_is_not_sent(
    send_at: int | None, slow_worker: Worker, clock: Clock
) -> None:
    slow_worker.lookup.meanwhile = lambda: slow_worker.decisions.cancel(slow_worker.decide())
    slow_worker.submit(send_at=None if send_at is None else clock.after(send_at))
    assert slow_worker.run(DELIVER) == [SHOW]
    assert slow_worker.load().state is State.CANCELLED
    assert slow_worker.events() == [Event.ASKED, Event.CANCELLED]
    assert slow_worker.sends() == []


def test_a_request_that_another_worker_scheduled_during_the_look_up_is_left_to_it(
    slow_worker: Worker, new_worker: NewWorker
) -> None:
    other = new_worker(undo=5)
    slow_worker.lookup.meanwhile = lambda: other.delivery.deliver(DELIVER)
    slow_worker.submit()
    assert slow_worker.run(DELIVER) == [SHOW, deliver(REQUEST, 5.0)]
    assert slow_worker.events() == [Event.ASKED, Event.FOUND]
    assert slow_worker.load().state is State.SCHEDULED


@pytest.mark.parametrize("state", [State.CHECKING, State.SCHEDULED])
def test_a_cancelled_request_is_not_sent(state: State, worker: Worker, clock: Clock) -> None:
    worker.add(state, checked_at=clock.at)
    worker.decisions.cancel(worker.decide())
    assert worker.run(DELIVER) == []
    assert worker.calls() == []


@pytest.mark.parametrize("state", NEVER_SENT_AGAIN)
def test_a_job_for_a_request_that_is_past_its_send_does_nothing(
    state: State, worker: Worker, clock: Clock
) -> None:
    worker.add(state, checked_at=clock.at, send_before=clock.after(-60))
    before = worker.load()
    assert worker.run(DELIVER) == []
    assert worker.load() == before
    assert worker.events() == [Event.ASKED]
    assert worker.calls() == []


def test_a_job_for_an_unknown_request_fails(worker: Worker) -> None:
    with pytest.raises(LookupError, match="V404"):
        worker.run(deliver("V404"))


# Waiting for Genesys.


def test_a_request_waits_while_genesys_is_away_and_says_so_once(
    worker: Worker, at_07: Clock
) -> None:
    _take_genesys_away(worker.local)
    worker.submit()
    assert worker.run(DELIVER) == _held_jobs(1, 3.0)
    assert worker.load() == worker.build(rules_version=NO_LIMITS.version, stuck=Stuck.UNAVAILABLE)
    assert worker.history() == [(Event.ASKED, ""), (Event.HELD, "unavailable")]
    again = worker.jobs[-1]
    assert worker.run(again) == _held_jobs(2, 10.0)
    assert worker.history() == [(Event.ASKED, ""), (Event.HELD, "unavailable")]
    assert len(worker.calls(LOOKUP)) == 2
    worker.local.clear_faults()
    assert worker.run(worker.jobs[-1]) == [SHOW, SHOW]
    assert worker.load().state is State.ACCEPTED


def test_a_request_without_a_connection_waits(
    new_worker: NewWorker, connect: Connect, at_07: Clock
) -> None:
    worker = new_worker(cloud=connect(api_url="http://127.0.0.1:9", patience=0.1))
    worker.submit()
    assert worker.run(DELIVER) == _held_jobs(1, 3.0)
    assert worker.load().state is State.CHECKING


def test_a_scheduled_request_waits_as_scheduled(worker: Worker, at_07: Clock) -> None:
    _take_genesys_away(worker.local)
    worker.add(State.SCHEDULED, checked_at=None)
    assert worker.run(DELIVER) == _held_jobs(1, 3.0)
    assert worker.load().state is State.SCHEDULED


def test_while_genesys_is_away_one_request_asks_for_all(worker: Worker, at_07: Clock) -> None:
    _take_genesys_away(worker.local)
    for number in range(4):
        worker.add(State.CHECKING, request_id=f"V{number}", created_at=at_07.after(number))
    assert worker.run(deliver("V0")) == _held_jobs(1, 3.0, "V0")
    worker.forget_calls()
    for number in (1, 2, 3):  # behind those that have waited for longer
        hold = _held_jobs(1, 3.0 + 0.6 * number, f"V{number}")
        assert worker.run(deliver(f"V{number}")) == hold
    assert worker.calls() == []
    at_07.advance(3.0 - 0.001)
    assert worker.run(deliver("V1")) == _held_jobs(1, 0.001 + 0.6, "V1")
    assert worker.calls() == []
    at_07.advance(0.001)
    assert worker.run(deliver("V0")) == _held_jobs(1, 10.0, "V0")
    assert worker.calls()


def test_another_worker_asks_for_itself(
    worker: Worker, new_worker: NewWorker, at_07: Clock
) -> None:
    _take_genesys_away(worker.local)
    worker.submit()
    worker.run(DELIVER)
    worker.local.clear_faults()
    other = new_worker()
    other.run(DELIVER)
    assert other.load().state is State.ACCEPTED


def test_only_requests_that_could_go_out_now_and_are_older_count_as_ahead(
    worker: Worker, at_07: Clock
) -> None:
    older, newer = at_07.after(-60), at_07.after(60)
    for number, state in enumerate(State):
        worker.add(state, request_id=f"S{number}", created_at=older)  # two of them are unsent
    worker.add(State.CHECKING, request_id="V1", created_at=newer)
    worker.add(State.SCHEDULED, request_id="V2", created_at=older, send_at=at_07.after(1))
    worker.add(State.SCHEDULED, request_id="V3", created_at=older, send_at=at_07.after(-1))
    worker.add(State.CHECKING, request_id="V4", created_at=at_07.at)
    _take_genesys_away(worker.local)
    worker.submit()
    assert worker.run(DELIVER) == _held_jobs(1, 3.0 + 3 * 0.6)


@pytest.mark.parametrize(
    ("step", "delay"), [(0, 3.0), (29, 3.0), (30, 53.0), (31, 53.0), (1000, 53.0)]
)
def test_a_long_absence_is_asked_about_less_often(
    step: int, delay: float, worker: Worker, at_07: Clock
) -> None:
    _take_genesys_away(worker.local)
    worker.submit()
    assert worker.run(Job(JobKind.DELIVER, REQUEST, step)) == _held_jobs(step + 1, delay)
    worker.forget_calls()
    at_07.advance(delay - 0.001)
    worker.run(DELIVER)
    assert worker.calls() == []
    at_07.advance(0.001)
    worker.run(DELIVER)
    assert worker.calls()


def test_a_new_request_does_not_shorten_a_long_wait(worker: Worker, at_07: Clock) -> None:
    _take_genesys_away(worker.local)
    worker.submit()
    worker.run(Job(JobKind.DELIVER, REQUEST, 30))
    worker.forget_calls()
    worker.run(DELIVER)
    at_07.advance(10)
    assert worker.run(DELIVER) == _held_jobs(1, 3.0)
    assert worker.calls() == []


def test_a_waiting_request_expires_at_its_deadline(worker: Worker, at_07: Clock) -> None:
    _take_genesys_away(worker.local)
    request = worker.deliver(send_before=at_07.after(30))
    assert request.state is State.EXPIRED
    assert worker.events() == [Event.ASKED, Event.HELD, Event.EXPIRED]


# The send, and what Genesys answers.


def test_a_send_that_genesys_puts_off_waits_and_goes_out_once(
    worker: Worker, new_worker: NewWorker, at_07: Clock
) -> None:
    worker.local.order("genesys", SEND, "status", status=429, retry_after=60, times=1)
    worker.submit()
    assert worker.run(DELIVER) == [SHOW, *_held_jobs(1, 3.0)]
    assert worker.load().state is State.SCHEDULED
    assert worker.events() == [*SENT[:3], Event.NOT_TAKEN, Event.HELD]
    other = new_worker()  # the first one's rate limiter has paused
    assert other.run(Job(JobKind.DELIVER, REQUEST, 1)) == [SHOW]
    assert other.events()[5:] == [Event.SENDING, Event.ACCEPTED]
    assert len(_sent_to_jane(other)) == 1


@pytest.fixture
def full(connect: Connect) -> GenesysCloud:
    """Open a session whose rate limit has no room for an hour."""
    limiter = LocalRateLimiter(100)
    limiter.pause(3600)
    return connect(limiter=limiter)


@pytest.mark.parametrize("planned_in", [None, 7200])
def test_a_message_that_genesys_keeps_putting_off_expires_after_a_day(
    planned_in: int | None, new_worker: NewWorker, full: GenesysCloud, clock: Clock
) -> None:
    """The look-ups work, so it's checked anew each time, but that doesn't begin a new day."""
    worker = new_worker(send_with=full, undo=5)
    planned = None if planned_in is None else clock.after(planned_in)
    worker.submit(send_at=planned)
    worker.run(DELIVER)
    clock.advance(planned_in or 5)
    for _ in range(24):
        worker.run(DELIVER)
        assert worker.load().state is State.SCHEDULED
        clock.advance(3600)
    worker.run(DELIVER)
    clock.advance(1)
    worker.run(DELIVER)
    assert worker.load().state is State.EXPIRED
    assert worker.sends() == []


def test_a_send_without_room_in_the_rate_limit_waits(
    new_worker: NewWorker, full: GenesysCloud, at_07: Clock
) -> None:
    worker = new_worker(send_with=full)
    worker.submit()
    assert worker.run(DELIVER) == [SHOW, *_held_jobs(1, 3.0)]
    assert worker.load().state is State.SCHEDULED
    assert worker.events() == [*SENT[:3], Event.NOT_TAKEN, Event.HELD]
    assert worker.sends() == []


def test_after_a_send_that_was_put_off_the_others_do_not_ask_either(
    new_worker: NewWorker, full: GenesysCloud, at_07: Clock
) -> None:
    worker = new_worker(send_with=full)
    worker.submit()
    worker.run(DELIVER)
    worker.submit(request_id="V2", created_at=at_07.after(1))
    worker.forget_calls()
    assert worker.run(deliver("V2")) == _held_jobs(1, 3.6, "V2")
    assert worker.calls() == []


def test_a_send_without_a_connection_tries_until_the_deadline_and_no_longer(
    new_worker: NewWorker, connect: Connect, at_07: Clock
) -> None:
    worker = new_worker(send_with=connect(api_url="http://127.0.0.1:9"))
    worker.submit(send_before=at_07.after(0.2))
    assert worker.run(DELIVER) == [SHOW, *_held_jobs(1, 3.0)]
    assert worker.load().state is State.SCHEDULED
    worker.run(deliver(REQUEST, 3.0))
    assert worker.load().state is State.EXPIRED


@pytest.mark.parametrize(
    ("left", "patience"), [(None, 20.0), (0.25, 0.25), (20.0, 20.0), (3600.0, 20.0)]
)
def test_a_send_may_take_20_seconds_but_not_longer_than_the_deadline(
    left: float | None,
    patience: float,
    worker: Worker,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given: list[float] = []

    def send(*arguments: Any, patience: float, **options: Any) -> Receipt:
        given.append(patience)
        return send_once(*arguments, patience=patience, **options)

    monkeypatch.setattr("bot.delivery.send.send_once", send)
    worker.deliver(send_before=None if left is None else clock.after(left))
    assert given == [patience]


def _move_while_sending(worker: Worker, state: State) -> None:
    """Let another worker move the request as soon as this one begins to send it."""
    worker.add_trigger(
        "AFTER UPDATE OF state ON requests WHEN NEW.state = 'sending'",
        f"UPDATE requests SET state = '{state}'",
    )


@pytest.mark.parametrize(
    "state", [State.UNCERTAIN, State.ACCEPTED, State.WAITING, State.FAILED, State.CHECKING]
)
def test_a_send_that_is_put_off_late_does_not_move_a_request(
    state: State, new_worker: NewWorker, full: GenesysCloud
) -> None:
    worker = new_worker(send_with=full)
    _move_while_sending(worker, state)
    worker.submit()
    assert worker.run(DELIVER) == [SHOW]
    assert worker.load().state is state
    assert worker.events() == SENT[:3]


@pytest.mark.parametrize("state", [State.UNCERTAIN, State.ACCEPTED, State.WAITING])
@pytest.mark.parametrize(("status", "in_form"), [(400, False), (409, False), (409, True)])
def test_a_refusal_that_comes_late_does_not_move_a_request(
    status: int, in_form: bool, state: State, worker: Worker
) -> None:
    worker.local.order("genesys", SEND, "status", status=status, times=1)
    _move_while_sending(worker, state)
    age = 1 if in_form else -1
    worker.add(State.SCHEDULED, checked_at=worker.clock.after(-age))
    assert worker.run(DELIVER) == []
    request = worker.load()
    assert (request.state, request.reason) == (state, "")
    assert request.checked_at == worker.clock.after(-age)
    assert worker.events() == [Event.ASKED, Event.SENDING]


class FrozenLookup(Lookup):
    """Lets time pass between the move to ``sending`` and the send."""

    frozen: Callable[[], object] = staticmethod(lambda: None)

    def note_send(self, contact_ids: Iterable[str]) -> None:
        super().note_send(contact_ids)
        self.frozen()


@pytest.mark.parametrize(
    ("seconds", "sends"), [(0.0, True), (4.9, True), (5.1, False), (40, False)]
)
def test_a_worker_that_was_frozen_before_its_send_does_not_send(
    seconds: float, sends: bool, new_worker: NewWorker, clock: Clock
) -> None:
    """Another worker may have acted since."""
    worker = new_worker(lookup=FrozenLookup)
    worker.lookup.frozen = lambda: clock.advance(seconds)
    worker.add(State.SCHEDULED, checked_at=clock.at)
    jobs = worker.run(DELIVER)
    if sends:
        assert jobs == [SHOW]
        assert worker.load().state is State.ACCEPTED
    else:
        assert jobs == [reconcile(REQUEST, 0, READ_BACK[0]), SHOW]
        assert worker.load().state is State.SENDING
        assert worker.events() == [Event.ASKED, Event.SENDING, Event.FATE_UNKNOWN]
    assert len(worker.sends()) == (1 if sends else 0)


@pytest.mark.parametrize("status", [400, 403, 404, 409, 413, 415, 418])
def test_a_send_that_genesys_refuses_has_failed_with_the_reason(
    status: int, worker: Worker
) -> None:
    worker.local.order("genesys", SEND, "status", status=status, times=1)
    worker.submit()
    assert worker.run(DELIVER) == [SHOW, SHOW]
    request = worker.load()
    assert request.state is State.FAILED
    sending, (event, detail) = worker.history()[2:]
    assert (sending, event) == ((Event.SENDING, ""), Event.FAILED)
    assert re.fullmatch(r"(.+) \(Genesys Cloud: code [\w. ]+, reference [-0-9a-f]{36}\)", detail)
    assert request.reason == detail.partition(" (Genesys Cloud: ")[0]  # a card has no codes
    assert len(worker.sends()) == 1
    assert _sent_to_jane(worker) == []
    worker.run_all([DELIVER])
    assert len(worker.sends()) == 1


def test_a_send_whose_sign_in_genesys_refuses_has_failed(worker: Worker) -> None:
    worker.local.order("genesys", SEND, "expired_token", times=2)
    assert worker.deliver().state is State.FAILED
    assert "I can't sign in" in worker.load().reason


def test_after_a_refused_send_the_customer_is_looked_up_completely(worker: Worker) -> None:
    worker.local.order("genesys", SEND, "status", status=400, times=1)
    worker.deliver()
    worker.forget_calls()
    worker.deliver(request_id="V2")
    assert worker.calls(LOOKUP)


def test_after_a_send_only_the_customers_history_is_asked_for_again(worker: Worker) -> None:
    worker.deliver()
    worker.forget_calls()
    assert worker.deliver(request_id="V2").state is State.ACCEPTED
    assert not worker.calls(LOOKUP)
    assert worker.calls(DETAILS)


@pytest.mark.parametrize("status", [404, 409])
def test_a_refusal_of_what_the_form_had_checked_is_checked_again(
    status: int, worker: Worker
) -> None:
    worker.lookup.check(JANE, "", False)
    worker.clock.advance(1)
    worker.local.order("genesys", SEND, "status", status=status, times=1)
    worker.submit()
    assert worker.run(DELIVER) == [SHOW, DELIVER]
    request = worker.load()
    assert (request.state, request.checked_at) == (State.SCHEDULED, None)
    assert worker.history()[2:] == [(Event.SENDING, ""), (Event.NOT_TAKEN, "")]
    worker.forget_calls()
    assert worker.run(DELIVER) == [SHOW, SHOW]
    assert worker.load().state is State.ACCEPTED
    assert worker.calls(LOOKUP)
    assert len(_sent_to_jane(worker)) == 1


@pytest.mark.parametrize("status", [404, 409])
def test_a_refusal_after_the_second_check_is_final(status: int, worker: Worker) -> None:
    worker.lookup.check(JANE, "", False)
    worker.clock.advance(1)
    worker.local.order("genesys", SEND, "status", status=status)
    assert worker.deliver().state is State.FAILED
    assert len(worker.sends()) == 2


def test_a_conflict_that_the_second_check_explains_is_refused_in_its_words(
    worker: Worker,
) -> None:
    amir = worker.build("amir@example.com").identity
    worker.lookup.check(amir, "", False)
    worker.clock.advance(1)
    worker.local.ask("POST", "/customers/amir/answer", text="Hello?")
    request = worker.deliver("amir@example.com")
    assert request.state is State.REFUSED
    assert "They're in a live conversation" in request.reason


@pytest.mark.parametrize(
    ("status", "checked_before_send", "again"),
    [
        (409, MICROSECOND, True),
        (404, MICROSECOND, True),
        (409, timedelta(), False),
        (409, -MICROSECOND, False),
        (400, MICROSECOND, False),
        (403, MICROSECOND, False),
    ],
)
def test_only_a_conflict_or_a_missing_contact_after_a_check_in_the_form_is_checked_again(
    status: int, checked_before_send: timedelta, again: bool, worker: Worker, clock: Clock
) -> None:
    created_at = clock.after(-10)
    worker.add(State.SCHEDULED, created_at=created_at, checked_at=created_at - checked_before_send)
    worker.local.order("genesys", SEND, "status", status=status, times=1)
    assert worker.run(DELIVER) == ([DELIVER] if again else [SHOW])
    assert worker.load().state is (State.SCHEDULED if again else State.FAILED)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "cut_before"},
        {"kind": "cut_after"},
        {"kind": "status", "status": 500},
        {"kind": "status", "status": 503},
        {"kind": "slow_answer", "seconds": 2.0},
    ],
    ids=lambda fault: " ".join(map(str, fault.values())),
)
def test_a_send_whose_answer_is_lost_is_never_repeated(
    fault: dict[str, Any], new_worker: NewWorker, connect: Connect
) -> None:
    read_timeout = 0.4 if fault["kind"] == "slow_answer" else 10.0
    worker = new_worker(send_with=connect(read_timeout=read_timeout))
    worker.local.order("genesys", SEND, times=1, **fault)
    worker.submit()
    assert worker.run(DELIVER) == [SHOW, reconcile(REQUEST, 0, READ_BACK[0]), SHOW]
    assert worker.load().state is State.SENDING
    assert worker.events() == [*SENT[:3], Event.FATE_UNKNOWN]
    for _ in range(2):  # a job that was run twice, or that the repair added
        assert worker.run(DELIVER) == [reconcile(REQUEST, 0, READ_BACK[0]), SHOW]
    assert worker.events() == [*SENT[:3], Event.FATE_UNKNOWN]
    assert len(worker.sends()) == 1


def test_a_job_that_finds_a_send_begun_does_not_send(worker: Worker, clock: Clock) -> None:
    """Its worker died while sending. Whether the deadline has passed makes no difference."""
    worker.add(State.SENDING, checked_at=clock.at, send_before=clock.after(-60))
    assert worker.run(DELIVER) == [reconcile(REQUEST, 0, READ_BACK[0]), SHOW]
    assert worker.load().state is State.SENDING
    assert worker.events() == [Event.ASKED, Event.FATE_UNKNOWN]
    assert worker.calls() == []


def test_a_verdict_from_before_or_during_a_send_is_not_used_after_it(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The send may have opened a conversation."""
    verdicts: list[Verdict | None] = []

    def send_and_look_up(*arguments: Any, **values: Any) -> Receipt:
        verdicts.append(worker.lookup.recent(JANE, "", False))
        receipt = send_once(*arguments, **values)
        worker.clock.advance(1)
        verdicts.append(worker.lookup.check(JANE, "", False))
        verdicts.append(worker.lookup.recent(JANE, "", False))
        return receipt

    monkeypatch.setattr("bot.delivery.send.send_once", send_and_look_up)
    assert worker.lookup.check(JANE, "", False)
    worker.clock.advance(1)
    assert worker.deliver().state is State.ACCEPTED
    before, during, _ = verdicts
    assert before is None
    assert during is verdicts[2]
    assert worker.lookup.recent(JANE, "", False) is None


# Several workers, and a database that fails.


class MeetAfterLoading(RequestStore):
    """Lets two workers both read a request before either of them goes on."""

    def __init__(self, database: Database, jobs: list[Job]) -> None:
        super().__init__(database, lambda _connection, job: jobs.append(job), Keys(database))
        self._barrier = threading.Barrier(2, timeout=10)

    def load(self, request_id: str) -> Request:
        request = super().load(request_id)
        if request.state in (State.CHECKING, State.SCHEDULED):
            self._barrier.wait()
        return request


def test_two_workers_with_the_same_job_send_once(
    worker: Worker, new_worker: NewWorker, database: Database, jobs: list[Job], clock: Clock
) -> None:
    worker.add(State.SCHEDULED, checked_at=clock.at)
    store = MeetAfterLoading(database, jobs)
    both = [new_worker(store=store) for _ in range(2)]
    with ThreadPoolExecutor(2) as threads:
        running = [threads.submit(one.delivery.deliver, DELIVER) for one in both]
        for one in running:
            one.result(20)
    assert len(worker.sends()) == 1
    assert worker.events() == [Event.ASKED, Event.SENDING, Event.ACCEPTED]
    assert jobs == [SHOW]


def _refuse_to_write(worker: Worker, state: State) -> str:
    """Let the database fail when a request is about to get this state; return the trigger."""
    return worker.add_trigger(
        f"BEFORE UPDATE OF state ON requests WHEN NEW.state = '{state}'",
        "SELECT RAISE(ABORT, 'no room')",
    )


def _write_again(worker: Worker, trigger: str) -> None:
    worker.execute(f"DROP TRIGGER {trigger}")


@pytest.mark.parametrize("state", [State.SCHEDULED, State.SENDING])
def test_what_the_database_does_not_take_is_not_sent_and_the_next_attempt_sends_it(
    state: State, worker: Worker
) -> None:
    trigger = _refuse_to_write(worker, state)
    worker.submit()
    for _ in range(2):
        with pytest.raises(sa.exc.SQLAlchemyError):  # the queue tries again
            worker.run(DELIVER)
    assert worker.sends() == []
    _write_again(worker, trigger)
    worker.run(DELIVER)
    assert worker.load().state is State.ACCEPTED
    assert worker.events() == SENT
    assert len(_sent_to_jane(worker)) == 1


@pytest.mark.parametrize(
    ("state", "values"),
    [
        (State.EXPIRED, {"send_before": -1}),
        (State.REFUSED, {"text": ""}),
    ],
)
def test_a_decision_that_the_database_does_not_take_is_made_again(
    state: State, values: dict[str, Any], worker: Worker, clock: Clock
) -> None:
    if "send_before" in values:
        values = {"send_before": clock.after(values["send_before"])}
    trigger = _refuse_to_write(worker, state)
    worker.submit(**values)
    with pytest.raises(sa.exc.SQLAlchemyError):
        worker.run(DELIVER)
    assert worker.load().state is State.CHECKING
    _write_again(worker, trigger)
    assert worker.run(DELIVER) == [SHOW]
    assert worker.load().state is state


def test_a_receipt_that_the_database_does_not_take_is_looked_up_in_genesys(
    worker: Worker,
) -> None:
    trigger = _refuse_to_write(worker, State.ACCEPTED)
    worker.submit()
    with pytest.raises(sa.exc.SQLAlchemyError):
        worker.run(DELIVER)
    assert worker.load().state is State.SENDING
    assert worker.lookup.recent(JANE, "", False) is None
    _write_again(worker, trigger)
    worker.run_all([DELIVER])
    request = worker.load()
    assert request.state is State.ACCEPTED
    assert [(request.message_id, request.conversation_id)] == _sent_to_jane(worker)
    assert worker.events() == [*SENT[:3], Event.FATE_UNKNOWN, Event.ACCEPTED]
    assert len(worker.sends()) == 1


def test_a_request_that_the_database_does_not_take_is_an_error(worker: Worker) -> None:
    with worker.broken_database(), pytest.raises(sa.exc.SQLAlchemyError):
        worker.submit()
    with pytest.raises(LookupError):
        worker.load()


def test_what_is_logged_gives_nobody_away(worker: Worker, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "bot")
    worker.local.order("genesys", SEND, "cut_before", times=1)
    worker.deliver(text="canary text")
    worker.local.order("genesys", SEND, "status", status=400, times=1)
    worker.deliver(request_id="V2", text="canary text")
    assert f"request {REQUEST}: the send's answer was lost (CutOff)" in caplog.text
    assert "request V2: not sent (BadRequest(status=400" in caplog.text
    for private in ("jane@", "Jane", "canary", JANE_ID):
        assert private not in caplog.text

"""Each accepted message is followed to its end, and what is told of it is never too much."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.delivery import outcomes
from bot.delivery.outcomes import AT_ONCE, LEASE, WAITS, OutcomeTracker, longest_wait
from bot.job import deliver, publish
from bot.request import Event, HistoryLine
from bot.state import FINAL, FOLLOWABLE, State
from bot.storage.keys import Keys
from bot.storage.rows import to_line
from bot.storage.tables import history
from genesys import Answered, DeliveryStatus, Holder, HolderKind, News, Unavailable, read_news
from sandbox.local_genesys.sample_customers import fixed_id
from tests.bot.conftest import Local
from tests.bot.delivery.conftest import DETAILS, JANE_ID, REQUEST, Clock, Worker
from tests.conftest import open_quickly, wait_until

NewWorker = Callable[..., Worker]
SHOW = publish(REQUEST)
AMIR = "amir@example.com"
SENT = [Event.ASKED, Event.FOUND, Event.SENDING, Event.ACCEPTED]
MICROSECOND = timedelta(microseconds=1)


def _send(worker: Worker, email: str = "jane@example.com", **values: Any) -> None:
    """Send a message that Genesys accepts; it is due for a look-up two seconds later."""
    assert worker.deliver(email, **values).state is State.ACCEPTED


def _look(worker: Worker, request_id: str = REQUEST) -> State:
    """Look a request's outcome up now; return the state in which that leaves it."""
    worker.change(request_id, next_look_at=worker.clock.at)
    worker.jobs.clear()
    worker.outcomes.sweep()
    return worker.load(request_id).state


def _look_until(worker: Worker, state: State, request_id: str = REQUEST) -> None:
    wait_until(lambda: _look(worker, request_id) is state)


def _add_followed(worker: Worker, request_id: str = REQUEST, **values: Any) -> str:
    """Store an accepted message that Genesys doesn't know; it is due for a look-up now."""
    next_look_at = values.pop("next_look_at", worker.clock.at)
    standard = {
        "message_id": f"m{request_id}",
        "conversation_id": f"c{request_id}",
        "sending_at": worker.clock.at,
    }
    worker.add(values.pop("state", State.ACCEPTED), request_id=request_id, **standard | values)
    worker.change(request_id, next_look_at=next_look_at)
    return request_id


def _answer(local: Local, customer: str = "jane") -> str:
    answer = local.ask("POST", f"/customers/{customer}/answer", text="Thank you!")
    return str(answer["conversation_id"])


def _come_back(local: Local, customer: str = "amir") -> None:
    local.ask("POST", f"/customers/{customer}/presence", present=True)


def _fail(worker: Worker, code: str = "DataFiltered", message: str = "A word is filtered") -> None:
    path = f"/control/genesys/messages/{worker.load().message_id}/fail"
    worker.local.ask("POST", path, code=code, message=message)


def _last_line(worker: Worker) -> HistoryLine:
    with worker.database.connect() as connection:
        rows = connection.execute(history.select().order_by(history.c.line_id))
        return to_line(rows.all()[-1])


def _seconds_to_next_look(worker: Worker, request_id: str = REQUEST) -> float:
    return (worker.next_look(request_id) - worker.clock.at).total_seconds()


# What became of a message.


def test_nothing_due_costs_no_call_and_no_lock(worker: Worker, clock: Clock) -> None:
    _add_followed(worker, next_look_at=clock.at + MICROSECOND)
    with worker.database.transaction():  # another one would have to wait
        assert worker.outcomes.sweep() == 0
    assert worker.calls() == []


def test_a_message_is_delivered_read_and_answered(worker: Worker) -> None:
    _send(worker)
    _look_until(worker, State.DELIVERED)
    assert worker.jobs == [SHOW]
    worker.local.ask("POST", "/customers/jane/read")
    _look_until(worker, State.READ)
    assert worker.jobs == [SHOW]
    conversation_id = _answer(worker.local)
    _look_until(worker, State.REPLIED)
    assert worker.jobs == [SHOW]
    assert worker.events() == [*SENT, Event.DELIVERED, Event.READ, Event.REPLIED]
    assert [detail for _, detail in worker.history()[3:6]] == ["", "", ""]
    assert _last_line(worker).link == f"https://apps.example.com/{conversation_id}"
    replied = worker.load()
    assert (replied.is_followed, replied.is_over, replied.reason) == (False, True, "")


def test_an_absent_customers_message_waits_until_they_are_back(worker: Worker) -> None:
    _send(worker, AMIR)
    _look_until(worker, State.WAITING)
    assert worker.jobs == [SHOW]
    assert _look(worker) is State.WAITING
    assert worker.jobs == []  # and it isn't told twice
    assert worker.load().is_followed
    _come_back(worker.local)
    _look_until(worker, State.DELIVERED)
    assert worker.events() == [*SENT, Event.WAITING, Event.DELIVERED]
    assert worker.load().is_followed


def test_a_message_that_went_to_a_phone_as_a_notification_is_not_said_to_wait_for_a_page(
    worker: Worker,
) -> None:
    worker.local.ask("POST", "/control/genesys/settings", pushes_reach_phones=True)
    _send(worker, AMIR)
    _look_until(worker, State.PUSHED)
    assert worker.jobs == [SHOW]
    assert _look(worker) is State.PUSHED
    assert worker.jobs == []  # and it isn't told twice
    worker.local.ask("POST", "/control/genesys/settings", pushes_reach_phones=False)
    assert _look(worker) is State.PUSHED  # a late "away" isn't news
    _come_back(worker.local)
    _look_until(worker, State.DELIVERED)
    assert worker.events() == [*SENT, Event.PUSHED, Event.DELIVERED]


def test_a_notification_may_follow_after_the_customer_was_found_away(worker: Worker) -> None:
    _send(worker, AMIR)
    _look_until(worker, State.WAITING)
    worker.local.ask("POST", "/control/genesys/settings", pushes_reach_phones=True)
    _look_until(worker, State.PUSHED)
    assert worker.events() == [*SENT, Event.WAITING, Event.PUSHED]


@pytest.mark.parametrize(
    ("joins", "words"),
    [(False, "It's in the Support queue."), (True, "Ada Nowak has it now.")],
)
def test_a_reply_is_told_with_who_has_it(joins: bool, words: str, worker: Worker) -> None:
    _send(worker)
    conversation_id = _answer(worker.local)
    if joins:
        worker.local.ask("POST", "/customers/jane/agent", joins=True)
    _look_until(worker, State.REPLIED)
    line = _last_line(worker)
    assert (line.event, line.detail) == (Event.REPLIED, words)
    assert line.link.endswith(conversation_id)


@pytest.mark.parametrize(
    ("holder", "words"),
    [
        (Holder(HolderKind.FLOW, "Opening hours"), "Opening hours is answering."),
        (Holder(HolderKind.NOBODY, ""), ""),
        (None, ""),
    ],
)
def test_a_reply_is_told_whoever_has_it(
    holder: Holder | None, words: str, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    _send(worker)
    _answer(worker.local)
    monkeypatch.setattr(outcomes, "read_reply", lambda *_, **__: Answered(holder, ""))
    _look_until(worker, State.REPLIED)
    assert worker.history()[-1] == (Event.REPLIED, words)


@pytest.mark.parametrize(
    ("wrote", "said"),
    [("*Thank* you <!here>\u202e!", "*Thank* you <!here>!"), ("x" * 500, "x" * 299 + "…")],
)
def test_a_reply_is_told_in_the_customer_s_words_for_one_more_call(
    wrote: str, said: str, worker: Worker
) -> None:
    _send(worker)
    worker.local.ask("POST", "/customers/jane/answer", text=wrote)
    _look_until(worker, State.REPLIED)
    assert _last_line(worker).said == said
    assert len(worker.calls("/details")) - len(worker.calls(DETAILS)) == 1


def test_a_reply_is_told_without_the_words_if_they_cannot_be_read(worker: Worker) -> None:
    _send(worker)
    _answer(worker.local)
    worker.local.order("genesys", "*messages/*/details*", "status", status=403)
    _look_until(worker, State.REPLIED)
    line = _last_line(worker)
    assert (line.said, line.detail) == ("", "It's in the Support queue.")


def test_where_the_rules_say_so_the_customer_s_words_are_not_even_read(worker: Worker) -> None:
    _send(worker)
    _answer(worker.local)
    worker.shows_replies = False
    _look_until(worker, State.REPLIED)
    assert _last_line(worker).said == ""
    assert len(worker.calls("/details")) == len(worker.calls(DETAILS))


def test_a_reply_in_a_newer_conversation_leads_there(worker: Worker) -> None:
    _send(worker)
    worker.local.ask("POST", "/control/genesys/settings", answers_open_new_conversation=True)
    conversation_id = _answer(worker.local)
    assert conversation_id != worker.load().conversation_id
    _look_until(worker, State.REPLIED)
    assert _last_line(worker).link.endswith(conversation_id)


@pytest.mark.parametrize("is_over", [True, False])
def test_a_reply_is_told_even_if_nobody_has_it_or_nobody_can_say_who(
    is_over: bool, worker: Worker
) -> None:
    _send(worker)
    conversation_id = _answer(worker.local)
    if is_over:
        worker.local.ask("POST", "/customers/jane/end")
    else:
        where = f"conversations/messages/{conversation_id}"
        worker.local.order("genesys", where, "status", status=403)
    _look_until(worker, State.REPLIED)
    assert _last_line(worker).detail == ""
    assert _last_line(worker).link.endswith(conversation_id)


def test_what_a_customer_wrote_before_the_send_is_not_a_reply(worker: Worker, clock: Clock) -> None:
    _answer(worker.local)
    hour_ago, clock.at = clock.after(-3600), datetime.now(UTC)
    _send(worker, created_at=hour_ago, into_open_conversation=True)
    _look_until(worker, State.DELIVERED)
    assert _look(worker) is State.DELIVERED
    assert Event.REPLIED not in worker.events()


def test_a_failure_is_told_with_genesyss_reason(worker: Worker) -> None:
    _send(worker, AMIR)
    _look_until(worker, State.WAITING)
    _fail(worker)
    _look_until(worker, State.FAILED)
    assert worker.jobs == [SHOW]
    failed = worker.load()
    assert failed.reason == "A word is filtered"
    assert worker.history()[-1] == (Event.FAILED, "DataFiltered: A word is filtered")
    assert (failed.is_followed, failed.is_over) == (False, True)


def test_a_code_alone_is_told_in_the_thread_only(worker: Worker) -> None:
    _send(worker, AMIR)
    _look_until(worker, State.WAITING)
    _fail(worker, message="")
    _look_until(worker, State.FAILED)
    assert worker.load().reason == ""
    assert worker.history()[-1] == (Event.FAILED, "DataFiltered")


def test_a_failure_is_told_even_if_its_reason_cannot_be_read(worker: Worker) -> None:
    _send(worker, AMIR)
    _fail(worker)
    where = f"messages/{worker.load().message_id}"
    worker.local.order("genesys", where, "status", status=403)
    where = f"messages/{worker.load().conversation_id}"
    worker.local.order("genesys", where, "status", status=403)
    _look_until(worker, State.FAILED)
    assert worker.history()[-1] == (Event.FAILED, "")
    assert worker.load().reason == ""


@pytest.mark.parametrize("status", [403, 500, 503])
def test_a_failure_keeps_its_reason_if_the_message_itself_cannot_be_read(
    status: int, worker: Worker
) -> None:
    """The conversation tells the reason too, and reading it needs no permission."""
    _send(worker, AMIR)
    _fail(worker)
    where = f"messages/{worker.load().message_id}"
    worker.local.order("genesys", where, "status", status=status)
    _look_until(worker, State.FAILED)
    assert worker.load().reason == "A word is filtered"
    assert worker.history()[-1] == (Event.FAILED, "DataFiltered: A word is filtered")


def test_a_failure_keeps_its_reason_if_the_messages_receipts_do_not_tell_it(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    _send(worker, AMIR)
    _fail(worker)
    without = News(worker.load().message_id, DeliveryStatus.FAILED, "", None)
    monkeypatch.setattr(outcomes, "read_message", lambda *_: without)
    _look_until(worker, State.FAILED)
    assert worker.load().reason == "A word is filtered"
    assert worker.history()[-1] == (Event.FAILED, "DataFiltered: A word is filtered")


def test_a_failure_whose_reason_genesys_cannot_tell_now_is_told_with_it_later(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genesys.news.error_info", lambda _: "")  # Genesys may leave it out
    _send(worker, AMIR)
    _look_until(worker, State.WAITING)
    _fail(worker)
    where = f"messages/{worker.load().message_id}"
    worker.local.order("genesys", where, "status", status=503)
    for _ in range(2):
        assert _look(worker) is State.WAITING
    worker.local.clear_faults()
    assert _look(worker) is State.FAILED
    assert worker.load().reason == "A word is filtered"
    assert worker.history()[-1] == (Event.FAILED, "DataFiltered: A word is filtered")


def test_a_failure_whose_reason_genesys_never_tells_is_told_without_it_after_an_hour(
    worker: Worker, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("genesys.news.error_info", lambda _: "")
    _send(worker, AMIR)
    _look_until(worker, State.WAITING)
    _fail(worker)
    where = f"messages/{worker.load().message_id}"
    worker.local.order("genesys", where, "status", status=500, times=None)
    assert _look(worker) is State.WAITING
    clock.advance(3_660)
    assert _look(worker) is State.FAILED
    assert worker.history()[-1] == (Event.FAILED, "")


def test_the_hour_for_the_reason_counts_from_the_failure_and_not_from_the_send(
    worker: Worker, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise Unavailable(status=500)

    _add_followed(worker, REQUEST)
    clock.advance(48 * 3_600)
    news = {
        f"m{REQUEST}": News(f"m{REQUEST}", DeliveryStatus.FAILED, "", None, changed_at=clock.at)
    }
    monkeypatch.setattr(outcomes, "read_news", lambda *_, **__: news)
    monkeypatch.setattr(outcomes, "read_message", broken)
    clock.advance(3_599)
    assert _look(worker) is State.ACCEPTED
    clock.advance(1)
    assert _look(worker) is State.FAILED


def test_what_the_customer_wrote_before_a_planned_message_went_out_is_not_a_reply(
    worker: Worker, clock: Clock
) -> None:
    """They wrote after the agent had pressed Send, and that conversation has ended."""
    now = clock.at
    clock.advance(-3600)
    worker.submit(AMIR, send_at=now)
    _, later = worker.run(deliver(REQUEST))
    _answer(worker.local, "amir")
    worker.local.ask("POST", "/customers/amir/end")
    clock.at = datetime.now(UTC)
    worker.run_all([replace(later, delay=0.0)])
    _look_until(worker, State.DELIVERED)
    assert Event.REPLIED not in worker.events()


def test_what_analytics_does_not_show_yet_is_waited_for(worker: Worker) -> None:
    _send(worker)
    worker.local.ask("POST", "/control/genesys/settings", analytics_delay_seconds=600)
    assert _look(worker) is State.ACCEPTED
    assert worker.load().looks == 1
    worker.local.ask("POST", "/control/genesys/settings", analytics_delay_seconds=0)
    _look_until(worker, State.DELIVERED)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 503},
        {"kind": "status", "status": 403},
        {"kind": "status", "status": 429, "retry_after": 1},
        {"kind": "cut_before"},
        {"kind": "cut_after"},
    ],
    ids=lambda fault: " ".join(map(str, fault.values())),
)
def test_news_that_genesys_does_not_tell_now_is_told_later(
    fault: dict[str, Any], worker: Worker, new_worker: NewWorker
) -> None:
    _send(worker)
    worker.local.order("genesys", DETAILS, **fault)
    for looks in (1, 2):
        assert _look(worker) is State.ACCEPTED
        assert worker.load().looks == looks
        assert worker.load().is_followed
        assert worker.jobs == []
    worker.local.clear_faults()
    _look_until(new_worker(), State.DELIVERED)  # the first one's rate limiter may have paused
    assert worker.events() == [*SENT, Event.DELIVERED]


# What is late or out of order.


@pytest.mark.parametrize("state", [State.DELIVERED, State.READ])
def test_news_older_than_what_is_known_changes_nothing(state: State, worker: Worker) -> None:
    """Analytics may lag behind: it says that the customer is away when they have read it."""
    _send(worker, AMIR)
    _look_until(worker, State.WAITING)
    assert worker.store.move(REQUEST, state, Event.DELIVERED)
    assert _look(worker) is state
    assert worker.jobs == []
    assert worker.events() == [*SENT, Event.WAITING, Event.DELIVERED]
    assert worker.load().is_followed


@pytest.fixture
def other(worker: Worker, new_worker: NewWorker) -> Iterator[Worker]:
    """Return another process's worker, with its own connections to the database."""
    file = worker.database.engine.url.database
    database = open_quickly(Path(str(file)))
    store = type(worker.store)(
        database, lambda _connection, job: worker.jobs.append(job), Keys(database)
    )
    yield new_worker(store=store, database=database)
    database.close()


def test_late_news_moves_nothing_back(
    worker: Worker, other: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One process asks, and its answer is slow. Meanwhile another sees what came afterwards."""
    _send(worker, AMIR)
    _look_until(worker, State.WAITING)
    before: list[State] = []

    def answer_slowly(*arguments: Any, **values: Any) -> dict[str, News]:
        news = read_news(*arguments, **values)
        monkeypatch.setattr(outcomes, "read_news", read_news)
        _come_back(worker.local)
        _look_until(worker, State.DELIVERED)
        before.append(worker.load().state)
        return news

    monkeypatch.setattr(outcomes, "read_news", answer_slowly)
    assert _look(other) is State.DELIVERED
    assert before == [State.DELIVERED]
    assert worker.events() == [*SENT, Event.WAITING, Event.DELIVERED]


def test_two_processes_tell_every_piece_of_news_once(worker: Worker, other: Worker) -> None:
    ids = [f"V{number}" for number in range(6)]
    for request_id in ids:
        _send(worker, request_id=request_id)
    _answer(worker.local)
    for _ in range(3):
        for conversation_id in {worker.load(one).conversation_id for one in ids}:
            worker.schedule.hasten(conversation_id, worker.clock.now())
        with ThreadPoolExecutor(2) as threads:
            swept = [threads.submit(one.outcomes.sweep) for one in (worker, other)]
            assert sum(one.result(10) for one in swept) <= len(ids)
    assert all(worker.load(one).state is State.REPLIED for one in ids)
    assert all(worker.events(one).count(Event.REPLIED) == 1 for one in ids)


# How often we ask.


@pytest.mark.parametrize(
    ("looks", "wait"),
    [
        (0, 3),  # after one look-up more, the wait is 3 seconds
        (1, 5),
        (2, 9),
        (3, 13),
        (4, 23),
        (5, 39),
        (6, 55),
        (7, 95),
        (8, 159),
        (9, 319),
        (10, 639),
        (11, 1023),
        (12, 1023),
        (500, 1023),
    ],
)
def test_the_waits_grow_and_end_together_with_those_of_others(
    looks: int, wait: int, worker: Worker, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcomes, "SHARE_OF_QUOTA", 1e-6)  # so little allows no shorter waits
    clock.at -= timedelta(seconds=clock.time() % 1024 - 1)  # one second into the coarsest grid
    worker.local.order("genesys", DETAILS, "status", status=500)
    _add_followed(worker, looks=looks)
    assert worker.outcomes.sweep() == 1
    assert worker.load().looks == looks + 1
    assert _seconds_to_next_look(worker) == wait


@pytest.mark.parametrize(
    ("followed", "calls_per_minute", "wait"),
    [
        (1, 300, 60),
        (100, 300, 60),
        (750, 300, 60),
        (1_000, 300, 80),
        (1_000, 600, 60),
        (1_000, 60, 400),
        (10_000, 300, 800),
        (100_000, 300, 900),
        (0, 300, 60),
    ],
)
def test_the_fewer_messages_are_followed_the_more_often_each_is_looked_up(
    followed: int, calls_per_minute: int, wait: float
) -> None:
    """All looks together take at most a tenth of the quota, or each message waits 15 minutes."""
    assert longest_wait(followed, calls_per_minute) == pytest.approx(wait)


@pytest.mark.parametrize(
    ("followed", "wait", "delay"),
    [(1, 60, 68), (100, 60, 68), (1_000, 80, 96), (11_250, 900, 1028)],
)
def test_the_longest_delay_is_what_the_readme_says(
    followed: int,
    wait: int,
    delay: int,
    worker: Worker,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It's longest if the wait ends right after a moment at which look-ups come due."""
    clock.at -= timedelta(seconds=(clock.time() + wait) % 1024 - 0.001)
    monkeypatch.setattr(worker.schedule, "count", lambda: followed)
    worker.local.order("genesys", DETAILS, "status", status=500)
    _add_followed(worker, looks=500)
    worker.outcomes.sweep()
    assert _seconds_to_next_look(worker) == pytest.approx(delay, abs=0.01)
    readme = (Path(__file__).parents[3] / "README.md").read_text()
    assert followed > 1_000 or f"| {followed:,} | {delay} seconds |" in readme


@pytest.mark.parametrize("looks", [7, 12, 500])
def test_the_return_of_a_customer_is_noticed_within_some_seconds_more_than_a_minute(
    looks: int, worker: Worker, clock: Clock
) -> None:
    """No notification tells it. The message has been silent for hours."""
    _send(worker, AMIR)
    _look_until(worker, State.WAITING)
    worker.change(looks=looks)
    assert _look(worker) is State.WAITING
    _come_back(worker.local)
    wait_until(lambda: worker.local.customer(AMIR)["unread"])
    clock.advance(68)
    assert worker.outcomes.sweep() == 1
    assert worker.load().state is State.DELIVERED


@pytest.mark.parametrize(("offset", "wait"), [(0, 8), (0.25, 9.75), (1.75, 8.25)])
def test_a_look_up_comes_due_at_the_next_moment_of_the_grid(
    offset: float, wait: float, worker: Worker, clock: Clock
) -> None:
    clock.at -= timedelta(seconds=clock.time() % 1024 - offset)
    worker.local.order("genesys", DETAILS, "status", status=500)
    _add_followed(worker, looks=2)
    worker.outcomes.sweep()
    assert _seconds_to_next_look(worker) == pytest.approx(wait, abs=1e-5)


@pytest.mark.parametrize(("looks", "then"), [(0, 1), (3, 4), (4, 4), (12, 4)])
def test_after_news_the_waits_are_short_again(looks: int, then: int, worker: Worker) -> None:
    _send(worker, AMIR)
    wait_until(lambda: worker.local.customer(AMIR)["conversations"][-1]["messages"])
    _look_until(worker, State.WAITING)
    _come_back(worker.local)
    worker.change(looks=looks)
    assert _look(worker) is State.DELIVERED
    assert worker.load().looks == then
    assert WAITS[then] <= _seconds_to_next_look(worker) <= WAITS[then] * 1.25 + 2


def test_many_messages_are_looked_up_with_one_question(worker: Worker, clock: Clock) -> None:
    people = worker.local.ask("POST", "/control/genesys/customers", count=12)["emails"]
    for number, email in enumerate(people):
        _send(worker, email, request_id=f"V{number:02}")
    clock.advance(2)
    worker.forget_calls()
    assert worker.outcomes.sweep() == 12
    assert len(worker.calls()) == 1


def test_one_sweep_looks_up_a_hundred_messages_the_longest_overdue_first(
    worker: Worker, clock: Clock
) -> None:
    worker.local.order("genesys", DETAILS, "status", status=500)
    for number in range(102):
        _add_followed(worker, f"V{number:03}", next_look_at=clock.after(-number))
    assert worker.outcomes.sweep() == 100
    assert [worker.load(one).looks for one in ("V000", "V001", "V002", "V101")] == [0, 0, 1, 1]
    assert [worker.outcomes.sweep() for _ in range(2)] == [2, 0]


def test_a_process_that_died_while_asking_is_followed_by_another(
    worker: Worker, clock: Clock
) -> None:
    _send(worker)
    clock.advance(2)
    (claimed,) = worker.schedule.claim_due(clock.at, LEASE, AT_ONCE)  # and the process is gone
    assert claimed == worker.load()
    assert worker.next_look() == clock.after(120)
    clock.advance(120 - 0.001)
    assert worker.outcomes.sweep() == 0
    clock.advance(0.001)
    assert worker.outcomes.sweep() == 1


# When we stop.


@pytest.mark.parametrize(
    ("left", "stops"), [(-timedelta(days=1), True), (timedelta(), True), (MICROSECOND, False)]
)
@pytest.mark.parametrize("state", sorted(FOLLOWABLE))
def test_a_message_is_followed_until_its_time_has_passed(
    state: State, left: timedelta, stops: bool, worker: Worker, clock: Clock
) -> None:
    _add_followed(worker, state=state, watch_until=clock.at + left)
    worker.jobs.clear()
    assert worker.outcomes.sweep() == 1
    request = worker.load()
    assert request.state is state
    assert (request.is_followed, request.is_over) == (not stops, stops)
    assert worker.history()[1:] == ([(Event.WATCH_ENDED, "")] if stops else [])
    assert worker.jobs == ([SHOW] if stops else [])
    assert bool(worker.calls(DETAILS)) is not stops
    clock.advance(3600)
    assert worker.outcomes.sweep() == (0 if stops else 1)


def test_a_card_without_its_outcome_is_drawn_again_when_nobody_looks_any_more(
    worker: Worker, clock: Clock
) -> None:
    card = {"card_channel": "C0SUPPORT", "card_ts": "1.1", "card_state": "as it was"}
    _add_followed(worker, state=State.ACCEPTED, watch_until=clock.at, **card)
    worker.outcomes.sweep()
    assert worker.load().is_untracked
    assert worker.load().card_state == ""


def test_a_message_without_an_end_is_followed(worker: Worker) -> None:
    _add_followed(worker, watch_until=None)
    worker.outcomes.sweep()
    assert worker.load().is_followed


def test_an_end_does_not_keep_other_messages_from_being_looked_up(
    worker: Worker, clock: Clock
) -> None:
    _add_followed(worker, "V1", watch_until=clock.at)
    _add_followed(worker, "V2")
    assert worker.outcomes.sweep() == 2
    assert [worker.load(one).looks for one in ("V1", "V2")] == [0, 1]
    assert [worker.load(one).is_followed for one in ("V1", "V2")] == [False, True]


class Killed(BaseException):
    """Stands for kill -9."""


@pytest.mark.parametrize("state", [State.REPLIED, State.FAILED])
def test_a_final_state_ends_it_in_the_same_transaction(
    state: State, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    _send(worker, AMIR)
    if state is State.REPLIED:
        _answer(worker.local, "amir")
    else:
        _fail(worker)

    def die(*_: object) -> None:
        raise Killed

    monkeypatch.setattr(worker.schedule, "look_again", die)
    with contextlib.suppress(Killed):
        _look(worker)
    assert worker.load().state is state
    assert state in FINAL
    assert not worker.load().is_followed


# Hints that something happened.


def test_a_hint_makes_a_conversations_messages_due_now(worker: Worker, clock: Clock) -> None:
    later = clock.after(600)
    for request_id in ("V1", "V2"):
        _add_followed(worker, request_id, conversation_id="c1", next_look_at=later)
    _add_followed(worker, "V3", conversation_id="c3", next_look_at=later)
    worker.schedule.hasten("c1", worker.clock.now())
    assert [worker.next_look(one) for one in ("V1", "V2", "V3")] == [clock.at, clock.at, later]
    assert worker.outcomes.sweep() == 2


def test_after_a_hint_the_next_look_ups_are_near(worker: Worker, clock: Clock) -> None:
    """Analytics may not show yet what the hint is about."""
    _add_followed(worker, looks=12, next_look_at=clock.after(900))
    worker.schedule.hasten(f"c{REQUEST}", worker.clock.now())
    worker.outcomes.sweep()
    assert 21 <= _seconds_to_next_look(worker) <= 21 * 1.25


# The thread that does it all.


class Turns(OutcomeTracker):
    """Notes what it does in its turns."""

    log: list[str]

    def sweep(self) -> int:
        swept = super().sweep()
        self.log.append(f"swept {swept}")
        return swept

    def wait_for_turns(self, count: int = 3) -> None:
        """Wait until some more turns have begun and ended."""
        before = len(self.log)
        wait_until(lambda: len(self.log) > before + count)


@pytest.fixture
def turns(worker: Worker, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Turns]:
    monkeypatch.setattr(outcomes, "SWEEP_SECONDS", 0.002)
    log: list[str] = []
    tracker = Turns(
        worker.store,
        worker.schedule,
        worker.cloud,
        link=str,
        subscribe=lambda conversations: log.append("subscribed " + ",".join(conversations)),
        calls_per_minute=300,
        clock=clock.now,
    )
    tracker.log = log
    yield tracker
    tracker.stop()


def _is_running() -> bool:
    return any(thread.name == "outcomes" for thread in threading.enumerate())


def test_the_thread_looks_by_itself_until_it_is_stopped(
    turns: Turns, worker: Worker, clock: Clock
) -> None:
    _send(worker)
    turns.start()
    turns.wait_for_turns()
    assert worker.load().state is State.ACCEPTED  # it isn't due yet
    clock.advance(2)
    wait_until(lambda: worker.load().looks)
    assert _is_running()
    turns.stop()
    assert not _is_running()


def test_which_conversations_matter_is_told_at_most_every_ten_seconds(
    turns: Turns, worker: Worker, clock: Clock
) -> None:
    def told() -> list[str]:
        return [line for line in turns.log if line.startswith("subscribed")]

    for number in range(2):
        at = clock.after(3600 - number)
        _add_followed(worker, f"V{number}", conversation_id=f"c{number}", next_look_at=at)
    turns.start()
    turns.wait_for_turns()
    assert told() == ["subscribed c1,c0"]
    clock.advance(10 - 0.001)
    turns.wait_for_turns()
    assert len(told()) == 1
    clock.advance(0.001)
    wait_until(lambda: len(told()) == 2)
    turns.wait_for_turns()
    assert len(told()) == 2


def test_no_more_conversations_are_told_than_a_channel_takes(
    turns: Turns, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A channel takes 1,000 topics, and a conversation needs three."""
    assert 999 <= outcomes.MOST_SUBSCRIBED * 3 <= 1000
    monkeypatch.setattr(outcomes, "MOST_SUBSCRIBED", 2)
    for number in range(3):
        _add_followed(worker, f"V{number}", next_look_at=worker.clock.after(60 + number))
    turns.start()
    turns.wait_for_turns()
    assert turns.log[0] == "subscribed cV0,cV1"


def test_every_half_minute_the_thread_notices_that_the_clock_was_set_back(
    turns: Turns, worker: Worker, clock: Clock
) -> None:
    turns.start()
    turns.wait_for_turns()
    later = clock.after(30 + 1801)
    _add_followed(worker, next_look_at=later)
    clock.advance(30 - 0.001)
    turns.wait_for_turns()
    assert worker.next_look() == later
    clock.advance(0.001)
    wait_until(lambda: worker.next_look() < later)


def test_a_turn_does_not_end_before_all_that_is_due_is_looked_up(
    turns: Turns, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outcomes, "AT_ONCE", 2)
    monkeypatch.setattr(outcomes, "SUBSCRIBE_SECONDS", 0.0)  # so every turn begins with it
    for number in range(5):
        _add_followed(worker, f"V{number}", conversation_id="c")
    turns.start()
    turns.wait_for_turns(6)
    swept = ["swept 2", "swept 2", "swept 1"]
    assert turns.log[:6] == ["subscribed c", *swept, "subscribed c", "swept 0"]


def test_a_long_turn_ends_when_the_bot_stops(turns: Turns, monkeypatch: pytest.MonkeyPatch) -> None:
    swept = threading.Event()

    def sweep() -> int:
        swept.set()
        return AT_ONCE

    monkeypatch.setattr(turns, "sweep", sweep)
    turns.start()
    assert swept.wait(10)
    turns.stop()
    assert not _is_running()


def test_the_thread_goes_on_when_the_database_is_back(
    turns: Turns, worker: Worker, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    _add_followed(worker, watch_until=clock.at)
    with worker.broken_database():
        turns.start()
        wait_until(lambda: "outcomes: will try again in 0 s (OperationalError)" in caplog.text)
        assert worker.load().is_followed
    clock.advance(LEASE.total_seconds())
    wait_until(lambda: not worker.load().is_followed)
    assert worker.events() == [Event.ASKED, Event.WATCH_ENDED]


def test_what_is_logged_gives_nobody_away(worker: Worker, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "bot")
    _send(worker, text="canary text")
    worker.local.order("genesys", DETAILS, "status", status=500)
    _look(worker)
    worker.local.clear_faults()
    conversation_id = _answer(worker.local)
    where = f"conversations/messages/{conversation_id}"
    worker.local.order("genesys", where, "status", status=403)
    _look_until(worker, State.REPLIED)
    assert "can't ask Genesys Cloud for outcomes (Unavailable(status=500" in caplog.text
    assert f"request {REQUEST}: can't find out who has the reply (MissingPermission(" in caplog.text
    for private in ("jane@", "Jane", "canary", "Thank you", JANE_ID):
        assert private not in caplog.text


def test_a_failure_without_an_exact_reason_is_logged(
    worker: Worker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "bot")
    _send(worker, AMIR, text="canary text")
    _fail(worker)
    where = f"messages/{worker.load().message_id}"
    worker.local.order("genesys", where, "status", status=403)
    _look_until(worker, State.FAILED)
    assert f"request {REQUEST}: can't read why it failed (MissingPermission(" in caplog.text
    for private in ("amir", "Amir", "canary", fixed_id("contact/amir")):
        assert private not in caplog.text

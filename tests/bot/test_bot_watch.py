"""The watch follows a message to its end at the local Genesys Cloud, and never overstates it.

The engine is the real one, on a SQLite file; its one work notes for which request it was asked.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import bot.delivery.outcomes
from bot.cards.ledger import Ledger
from bot.delivery.outcomes import AFTER_NEWS, LEASE, WAITS, OutcomeTracker
from bot.delivery.reconcile import Reconciler
from bot.jobs.queue import Engine
from bot.jobs.works import PUBLISH
from bot.request import Event, HistoryLine, Request, State
from bot.storage.requests import RequestStore, no_work
from bot.storage.tables import history, postings, requests, to_columns, to_time
from genesys import (
    Connection,
    Customer,
    GenesysCloud,
    Identity,
    IdentityKind,
    LocalBudget,
    conversation_link,
    find_customer,
    send_once,
)

from .conftest import Local, open_quickly, wait_until

DETAILS = "conversations/details/query"
DAY = timedelta(days=1)


class Bench:
    """One process's watch and what it works with; `twin` is another process's."""

    def __init__(self, folder: Path, local: Local) -> None:
        self.local = local
        file = folder / "watch.sqlite"
        self.database, self._other_database = open_quickly(file), open_quickly(file)
        self.store = RequestStore(self.database)
        self.posts = Ledger(self.database)
        self.published: list[str] = []
        self.engine = Engine(f"sqlite:///{file}", self.database, "w0")
        self.engine.register({PUBLISH: lambda request_id, _: self.published.append(request_id)})
        self.engine.launch()
        self._cloud: GenesysCloud | None = None

    def begin(self) -> None:
        """Forget all requests, and open a new session with a rate budget of its own."""
        with self.database.begin() as connection:
            for table in (history, postings, requests):
                connection.execute(sa.delete(table))
        self.end()
        settings = self.local.settings
        to = Connection(
            settings["GENESYS_CLOUD_CLIENT_ID"],
            settings["GENESYS_CLOUD_CLIENT_SECRET"],
            api_url=settings["GENESYS_CLOUD_API_URL"],
            patience=0.3,
        )
        self._cloud = self.cloud = GenesysCloud(to, LocalBudget(100_000))
        link = partial(conversation_link, to)
        self.subscribed: list[Sequence[str]] = []
        more: dict[str, Any] = {"link": link, "subscribe": self.subscribed.append}
        self.watch = OutcomeTracker(self.store, self.engine, self.cloud, **more)
        self.twin = OutcomeTracker(RequestStore(self._other_database), self.engine, self.cloud, **more)

    def end(self) -> None:
        if self._cloud is not None:
            self._cloud.close()

    def close(self) -> None:
        self.end()
        self.engine.close()
        self.database.dispose()
        self._other_database.dispose()

    def find(self, email: str) -> Customer:
        found = find_customer(
            self.cloud,
            Identity(IdentityKind.EMAIL, email),
            deployment_id=self.local.settings["GENESYS_CLOUD_DEPLOYMENT_ID"],
            now=datetime.now(UTC),
        )
        assert isinstance(found, Customer)
        return found

    def send(self, request: Request, *, watch: timedelta = DAY) -> str:
        """Send a request as delivery does, up to its acceptance; return its id."""
        receipts = Reconciler(
            self.store,
            self.engine,
            self.cloud,
            deployment_id=self.local.settings["GENESYS_CLOUD_DEPLOYMENT_ID"],
            read_back_seconds=(5,),
            watch=watch,
        )
        self.store.record(request, no_work)
        assert self.store.move(
            request.request_id, State.SENDING, Event.SENDING, sending_at=datetime.now(UTC)
        )
        receipt = send_once(self.cloud, receipts.message(request))
        receipts.accept(request.request_id, receipt)
        return request.request_id

    def look(self, request_id: str, watch: OutcomeTracker | None = None) -> State:
        """Let a watch look at a request now; return the state in which that leaves it."""
        watch = watch or self.watch
        if self.load(request_id).is_watched:
            self.change(request_id, next_look_at=datetime.now(UTC))
        watch.sweep()
        return self.load(request_id).state

    def reaches(self, request_id: str, state: State) -> None:
        wait_until(lambda: self.look(request_id) is state)

    def change(self, request_id: str, **values: Any) -> None:
        with self.database.begin() as connection:
            row = sa.update(requests).where(requests.c.request_id == request_id)
            connection.execute(row.values(to_columns(values)))

    def load(self, request_id: str) -> Request:
        return self.store.load(request_id)

    def lines(self, request_id: str) -> list[HistoryLine]:
        return list(self.posts.unposted_lines(request_id))

    def told(self, request_id: str) -> list[Event]:
        return [line.event for line in self.lines(request_id)]

    def next_look(self, request_id: str) -> datetime:
        with self.database.connect() as connection:
            column = sa.select(requests.c.next_look_at).where(requests.c.request_id == request_id)
            return to_time(connection.execute(column).scalar_one())


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, stand_ins: Local) -> Iterator[Bench]:
    bench = Bench(tmp_path_factory.mktemp("watch"), stand_ins)
    yield bench
    bench.close()


@pytest.fixture
def bench(built: Bench, local: Local) -> Bench:
    built.begin()
    return built


@pytest.fixture
def send(bench: Bench, a_request: Callable[..., Request]) -> Callable[..., str]:
    """Send a customer a message that Genesys accepts, and give the request's id."""

    def send(email: str = "jane@example.com", request_id: str = "V1", **more: Any) -> str:
        to = bench.find(email)
        request = a_request(
            request_id=request_id,
            identity=to.identity,
            state=State.SCHEDULED,
            contact_id=to.contact_id,
            contact_ids=to.contact_ids,
            send_to_id=to.send_to_id,
            created_at=datetime.now(UTC),
        )
        return bench.send(request, **more)

    return send


def _answers(bench: Bench, email: str, text: str = "Thank you!") -> str:
    customer = bench.local.customer(email)["id"]
    answer = bench.local.ask("POST", f"/customers/{customer}/answer", text=text)
    return str(answer["conversation_id"])


def _comes_back(bench: Bench, email: str = "amir@example.com") -> None:
    customer = bench.local.customer(email)["id"]
    bench.local.ask("POST", f"/customers/{customer}/presence", present=True)


def test_nothing_due_costs_no_call(bench: Bench) -> None:
    before = len(bench.local.calls("genesys", "/api/"))
    assert bench.watch.sweep() == 0
    assert len(bench.local.calls("genesys", "/api/")) == before


def test_a_message_is_delivered_read_and_answered(bench: Bench, send: Callable[..., str]) -> None:
    request_id = send()
    bench.reaches(request_id, State.DELIVERED)
    bench.local.ask("POST", "/customers/jane/read")
    bench.reaches(request_id, State.READ)
    conversation_id = _answers(bench, "jane@example.com")
    bench.reaches(request_id, State.REPLIED)
    assert bench.told(request_id) == [
        Event.ACCEPTED,
        Event.DELIVERED,
        Event.READ,
        Event.REPLIED,
    ]
    assert bench.lines(request_id)[-1].link.endswith(f"interactions/{conversation_id}")
    assert not [line for line in bench.lines(request_id)[:-1] if line.link]
    replied = bench.load(request_id)
    assert (replied.is_watched, replied.is_over) == (False, True)
    wait_until(lambda: bench.published.count(request_id) == 4)  # each of them is shown


def test_an_absent_customer_s_message_waits_until_they_are_back(
    bench: Bench, send: Callable[..., str]
) -> None:
    request_id = send("amir@example.com")
    bench.reaches(request_id, State.WAITING)
    assert bench.look(request_id) is State.WAITING  # and is not told twice
    assert bench.load(request_id).is_watched
    _comes_back(bench)
    bench.reaches(request_id, State.DELIVERED)
    assert bench.told(request_id) == [Event.ACCEPTED, Event.WAITING, Event.DELIVERED]


@pytest.mark.parametrize(
    ("joins", "words"),
    [(False, "It waits in the queue Support."), (True, "Ada Agent has it now.")],
)
def test_a_reply_is_told_with_who_has_it(
    joins: bool, words: str, bench: Bench, send: Callable[..., str]
) -> None:
    request_id = send()
    conversation_id = _answers(bench, "jane@example.com")
    if joins:
        bench.local.ask("POST", "/customers/jane/agent", joins=True)
    bench.reaches(request_id, State.REPLIED)
    line = bench.lines(request_id)[-1]
    assert (line.event, line.detail) == (Event.REPLIED, words)
    assert conversation_id in line.link


def test_a_reply_in_a_newer_conversation_leads_there(
    bench: Bench, send: Callable[..., str]
) -> None:
    request_id = send()
    bench.local.ask("POST", "/control/genesys/settings", answers_open_new_conversation=True)
    conversation_id = _answers(bench, "jane@example.com")
    assert conversation_id != bench.load(request_id).conversation_id
    bench.reaches(request_id, State.REPLIED)
    assert bench.lines(request_id)[-1].link.endswith(conversation_id)


def test_a_reply_is_told_also_when_nobody_can_say_who_has_it(
    bench: Bench, send: Callable[..., str]
) -> None:
    request_id = send()
    conversation_id = _answers(bench, "jane@example.com")
    bench.local.order("genesys", f"conversations/messages/{conversation_id}", "status", status=403)
    bench.reaches(request_id, State.REPLIED)
    line = bench.lines(request_id)[-1]
    assert line.detail == ""
    assert conversation_id in line.link


def test_a_failure_is_told_with_genesys_s_reason(bench: Bench, send: Callable[..., str]) -> None:
    request_id = send("amir@example.com")
    bench.reaches(request_id, State.WAITING)
    message_id = bench.load(request_id).message_id
    bench.local.ask(
        "POST",
        f"/control/genesys/messages/{message_id}/fail",
        code="DataFiltered",
        message="It held a word that is filtered",
    )
    bench.reaches(request_id, State.FAILED)
    failed = bench.load(request_id)
    assert failed.reason == "DataFiltered: It held a word that is filtered"
    assert bench.lines(request_id)[-1].event is Event.FAILED
    assert bench.lines(request_id)[-1].detail == failed.reason
    assert (failed.is_watched, failed.is_over) == (False, True)


def test_a_failure_is_told_also_when_its_reason_cannot_be_read(
    bench: Bench, send: Callable[..., str]
) -> None:
    request_id = send("amir@example.com")
    message_id = bench.load(request_id).message_id
    bench.local.ask(
        "POST", f"/control/genesys/messages/{message_id}/fail", code="DataFiltered", message="x"
    )
    bench.local.order("genesys", f"messages/{message_id}", "status", status=403)
    bench.reaches(request_id, State.FAILED)
    assert bench.load(request_id).reason == ""


@pytest.mark.parametrize("email", ["jane@example.com", "amir@example.com"])
def test_a_watch_ends_after_its_time_says_so_and_says_nothing_more(
    email: str, bench: Bench, send: Callable[..., str]
) -> None:
    request_id = send(email, watch=timedelta(0))
    assert bench.look(request_id) is State.ACCEPTED
    assert bench.told(request_id) == [Event.ACCEPTED, Event.WATCH_ENDED]
    ended = bench.load(request_id)
    assert (ended.is_watched, ended.is_over) == (False, True)
    _answers(bench, email)
    assert bench.look(request_id) is State.ACCEPTED
    assert bench.told(request_id)[-1] is Event.WATCH_ENDED
    wait_until(lambda: bench.published.count(request_id) >= 2)


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
def test_news_that_cannot_be_had_for_a_while_is_had_later(
    fault: dict[str, Any], bench: Bench, send: Callable[..., str]
) -> None:
    request_id = send()
    bench.local.order("genesys", DETAILS, **fault)
    for looks in (1, 2):
        assert bench.look(request_id) is State.ACCEPTED
        assert bench.load(request_id).looks == looks
        assert bench.load(request_id).is_watched
    bench.local.clear_faults()
    bench.reaches(request_id, State.DELIVERED)
    assert bench.told(request_id) == [Event.ACCEPTED, Event.DELIVERED]


def test_what_analytics_does_not_show_yet_is_waited_for(
    bench: Bench, send: Callable[..., str]
) -> None:
    request_id = send()
    bench.local.ask("POST", "/control/genesys/settings", analytics_delay_seconds=600)
    assert bench.look(request_id) is State.ACCEPTED
    bench.local.ask("POST", "/control/genesys/settings", analytics_delay_seconds=0)
    bench.reaches(request_id, State.DELIVERED)


def test_the_waits_between_looks_grow_and_are_short_again_after_news(
    bench: Bench, send: Callable[..., str]
) -> None:
    request_id = send("amir@example.com")
    bench.reaches(request_id, State.WAITING)
    first = bench.load(request_id).looks
    for looks in range(first + 1, len(WAITS) + 2):
        bench.look(request_id)
        assert bench.load(request_id).looks == looks
        wait = WAITS[min(looks, len(WAITS) - 1)]
        ahead = (bench.next_look(request_id) - datetime.now(UTC)).total_seconds()
        assert wait - 2 <= ahead <= max(wait + 2, wait * 1.25)  # on a grid
    _comes_back(bench)
    bench.reaches(request_id, State.DELIVERED)
    assert bench.load(request_id).looks == AFTER_NEWS


def test_late_news_moves_nothing_back(bench: Bench, send: Callable[..., str]) -> None:
    """One process asks, and its answer is slow; meanwhile another sees what came afterwards."""
    request_id = send("amir@example.com")
    customer = bench.find("amir@example.com")  # the token is there, and nothing else is asked
    assert customer.contact_id
    bench.reaches(request_id, State.WAITING)
    bench.local.order("genesys", DETAILS, "slow_answer", seconds=0.25, times=1)
    before = len(bench.local.calls("genesys", DETAILS))
    with ThreadPoolExecutor(1) as threads:
        late = threads.submit(bench.look, request_id, bench.twin)
        wait_until(lambda: len(bench.local.calls("genesys", DETAILS)) > before)
        _comes_back(bench)
        bench.reaches(request_id, State.DELIVERED)
        assert late.result(10) is State.DELIVERED
    assert bench.told(request_id) == [Event.ACCEPTED, Event.WAITING, Event.DELIVERED]


@pytest.mark.parametrize("state", [State.DELIVERED, State.READ])
def test_news_older_than_what_is_known_changes_nothing(
    state: State, bench: Bench, send: Callable[..., str]
) -> None:
    """Analytics may lag behind what was seen before: away, when it was delivered long since."""
    request_id = send("amir@example.com")
    bench.reaches(request_id, State.WAITING)
    assert bench.store.move(request_id, state, Event.DELIVERED)
    assert bench.look(request_id) is state
    assert bench.told(request_id)[-1] is Event.DELIVERED
    assert bench.load(request_id).is_watched


def test_two_processes_tell_every_piece_of_news_once(
    bench: Bench, send: Callable[..., str]
) -> None:
    every = [send(request_id=f"V{number}") for number in range(6)]
    conversations = {bench.load(one).conversation_id for one in every}
    _answers(bench, "jane@example.com")
    for _ in range(3):
        for conversation_id in conversations:
            bench.watch.hasten(conversation_id)
        with ThreadPoolExecutor(2) as threads:
            swept = [threads.submit(one.sweep) for one in (bench.watch, bench.twin)]
            assert sum(one.result(10) for one in swept) <= len(every)
    assert all(bench.load(one).state is State.REPLIED for one in every)
    assert all(bench.told(one).count(Event.REPLIED) == 1 for one in every)


def test_many_messages_are_looked_at_with_one_question(
    bench: Bench, send: Callable[..., str]
) -> None:
    emails = bench.local.ask("POST", "/control/genesys/customers", count=12)["emails"]
    every = [send(email, f"V{number:02}") for number, email in enumerate(emails)]
    for one in every:
        bench.watch.hasten(bench.load(one).conversation_id)
    before = len(bench.local.calls("genesys", DETAILS))
    assert bench.watch.sweep() == len(every)
    assert len(bench.local.calls("genesys", DETAILS)) == before + 1


def test_what_is_left_over_is_looked_at_by_the_next_sweep(
    bench: Bench, send: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bot.watch, "AT_ONCE", 2)
    every = [send(request_id=f"V{number}") for number in range(3)]
    for one in every:
        bench.watch.hasten(bench.load(one).conversation_id)
    assert [bench.watch.sweep() for _ in range(3)] == [2, 1, 0]


def test_a_process_that_died_in_a_look_is_succeeded_by_another(
    bench: Bench, send: Callable[..., str]
) -> None:
    request_id = send()
    now = datetime.now(UTC)
    bench.watch.hasten(bench.load(request_id).conversation_id)
    assert bench.store.claim_watched(now + timedelta(seconds=1), LEASE, 9)  # and it is gone
    assert bench.watch.sweep() == 0
    assert bench.next_look(request_id) - now <= LEASE + timedelta(seconds=1)
    bench.reaches(request_id, State.DELIVERED)


@pytest.mark.parametrize("state", [State.REPLIED, State.FAILED])
def test_a_final_request_is_not_watched_at_any_moment(
    state: State, bench: Bench, send: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        """Stands for kill -9 after the first transaction."""

    def die(*_: object) -> None:
        raise Killed

    request_id = send("amir@example.com")
    if state is State.REPLIED:
        _answers(bench, "amir@example.com")
    else:
        message_id = bench.load(request_id).message_id
        path = f"/control/genesys/messages/{message_id}/fail"
        bench.local.ask("POST", path, code="DataFiltered", message="x")
    bench.watch.hasten(bench.load(request_id).conversation_id)
    with monkeypatch.context() as patch:
        patch.setattr(bench.store, "look_again", die)
        with contextlib.suppress(Killed):
            bench.watch.sweep()
    assert bench.load(request_id).state is state
    bench.change(request_id, watch_until=datetime.now(UTC))
    bench.look(request_id)
    assert Event.WATCH_ENDED not in bench.told(request_id)


def test_news_that_analytics_does_not_show_at_once_is_looked_for_soon(
    bench: Bench, send: Callable[..., str]
) -> None:
    request_id = send("amir@example.com")
    bench.reaches(request_id, State.WAITING)
    bench.store.look_again(request_id, datetime.now(UTC) + timedelta(minutes=15), len(WAITS))
    bench.watch.hasten(bench.load(request_id).conversation_id)  # analytics does not show it yet
    bench.watch.sweep()
    ahead = bench.next_look(request_id) - datetime.now(UTC)
    assert ahead < timedelta(minutes=1)


def test_the_thread_looks_by_itself_until_it_is_stopped(
    bench: Bench, send: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bot.watch, "SWEEP_SECONDS", 0.02)
    monkeypatch.setattr(bot.watch, "SUBSCRIBE_SECONDS", 0.02)
    bench.watch.start()
    request_id = send()
    conversation_id = bench.load(request_id).conversation_id
    bench.watch.hasten(conversation_id)
    wait_until(lambda: bench.load(request_id).state is State.DELIVERED)
    wait_until(lambda: (conversation_id,) in bench.subscribed)  # so that news comes at once
    bench.watch.stop()
    assert not bench.watch._thread.is_alive()


def test_notifications_are_not_asked_for_at_every_look(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    monkeypatch.setattr(bot.watch, "SWEEP_SECONDS", 0.001)
    monkeypatch.setattr(bench.watch, "sweep", lambda: looks.append(1) or 0)
    bench.watch.start()
    wait_until(lambda: len(looks) > 10)
    bench.watch.stop()
    assert len(bench.subscribed) == 1


def test_what_the_watch_logs_gives_nobody_away(
    bench: Bench, send: Callable[..., str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "bot")
    request_id = send()
    bench.local.order("genesys", DETAILS, "status", status=503)
    bench.look(request_id)
    bench.local.clear_faults()
    _answers(bench, "jane@example.com", "canary")
    bench.reaches(request_id, State.REPLIED)
    assert "the watch cannot ask" in caplog.text
    for private in ("jane@", "Jane", "canary", "Your order"):
        assert private not in caplog.text

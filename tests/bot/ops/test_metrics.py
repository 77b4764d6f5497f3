"""The figures of /metrics: open requests over all processes, and this process's transitions."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from bot.ops.metrics import COUNT_EVERY_SECONDS, build_metrics
from bot.ops.refused_requests import Reason, RefusedRequests
from bot.request import Event, Request
from bot.state import FINAL, State
from bot.storage.database import Database
from bot.storage.facts import ByWhom
from bot.storage.keys import Keys
from bot.storage.pause import Pause
from bot.storage.requests import RequestStore
from tests.bot.conftest import NOW
from tests.clock import Clock

Build = Callable[..., Request]


def _figures(store: RequestStore, pause: Pause) -> dict[str, float]:
    registry = build_metrics(store, pause, RefusedRequests())
    lines = generate_latest(registry).decode().splitlines()
    pairs = [line.rsplit(" ", 1) for line in lines if not line.startswith("#")]
    return {name: float(value) for name, value in pairs}


def test_a_new_bot_has_a_figure_for_every_open_state_and_every_transition(
    requests_store: RequestStore, pause: Pause
) -> None:
    expected = {f'proactive_requests{{state="{state}"}}' for state in set(State) - FINAL}
    expected |= {f'proactive_transitions_total{{state="{state}"}}' for state in State}
    expected |= {f'proactive_refused_http_requests_total{{reason="{reason}"}}' for reason in Reason}
    expected.add("proactive_paused")
    figures = _figures(requests_store, pause)
    assert set(figures) == expected
    assert set(figures.values()) == {0.0}


def test_requests_are_counted_where_they_are_and_where_they_came_through(
    requests_store: RequestStore, pause: Pause, a_request: Build
) -> None:
    for number in range(3):
        requests_store.add(a_request(request_id=f"V{number}"), ())
    requests_store.move("V0", State.SCHEDULED, Event.FOUND)
    requests_store.move("V1", State.SCHEDULED, Event.FOUND)
    requests_store.move("V1", State.SENDING, Event.SENDING)
    later = NOW + timedelta(hours=1)
    requests_store.move("V1", State.ACCEPTED, Event.ACCEPTED, next_look_at=later)
    requests_store.move("V2", State.REFUSED, Event.REFUSED)
    counted = {name: value for name, value in _figures(requests_store, pause).items() if value}
    assert counted == {
        'proactive_requests{state="scheduled"}': 1,
        'proactive_requests{state="accepted"}': 1,
        'proactive_transitions_total{state="checking"}': 3,
        'proactive_transitions_total{state="scheduled"}': 2,
        'proactive_transitions_total{state="sending"}': 1,
        'proactive_transitions_total{state="accepted"}': 1,
        'proactive_transitions_total{state="refused"}': 1,
    }


@pytest.mark.parametrize("name", ["Jane Doe", "jane@example.com"])
def test_no_figure_says_anything_about_a_customer(
    name: str, requests_store: RequestStore, pause: Pause, a_request: Build
) -> None:
    requests_store.add(a_request(customer_name=name), ())
    pause.begin(ByWhom("U0LEO", "Leo", NOW, name), "T0LOCAL")
    page = generate_latest(build_metrics(requests_store, pause, RefusedRequests())).decode()
    assert name not in page
    assert "V0123456789" not in page


def test_open_requests_are_counted_over_all_processes_and_transitions_in_each(
    requests_store: RequestStore, database: Database, a_request: Build
) -> None:
    requests_store.add(a_request(), ())
    other = _figures(
        RequestStore(database, lambda *_: None, Keys(database)), Pause(database, lambda *_: None)
    )
    assert other['proactive_requests{state="checking"}'] == 1
    assert other['proactive_transitions_total{state="checking"}'] == 0


class SlowStore(RequestStore):
    """Counts how often its requests are counted, which takes until a test says so."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, lambda *_: None, Keys(database))
        self.times = 0
        self.may_end = threading.Event()

    def count_open(self) -> dict[State, int]:
        self.times += 1
        assert self.may_end.wait(10)
        return super().count_open()


def test_however_many_ask_the_database_is_asked_once_in_fifteen_seconds(
    database: Database, pause: Pause, a_request: Build
) -> None:
    store, clock = SlowStore(database), Clock()
    registry = build_metrics(store, pause, RefusedRequests(), clock)
    store.add(a_request(), ())
    with ThreadPoolExecutor(60) as clients:
        pages = [clients.submit(generate_latest, registry) for _ in range(60)]
        store.may_end.set()
        assert all(b'proactive_requests{state="checking"} 1.0' in page.result() for page in pages)
    assert store.times == 1
    clock.now += COUNT_EVERY_SECONDS - 0.1
    generate_latest(registry)
    assert store.times == 1
    clock.now += 0.1
    generate_latest(registry)
    assert store.times == 2


def test_without_the_database_the_other_figures_are_still_served(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/no folder/proactive.sqlite")
    figures = _figures(
        RequestStore(database, lambda *_: None, Keys(database)), Pause(database, lambda *_: None)
    )
    database.close()
    assert figures['proactive_transitions_total{state="checking"}'] == 0
    missing = ("proactive_requests{", "proactive_paused")
    assert not [name for name in figures if name.startswith(missing)]


def test_refused_requests_are_counted_by_reason(requests_store: RequestStore, pause: Pause) -> None:
    refused = RefusedRequests()
    for reason in (Reason.FORGED, Reason.STALE, Reason.STALE):
        refused.add(reason)
    page = generate_latest(build_metrics(requests_store, pause, refused)).decode()
    assert 'proactive_refused_http_requests_total{reason="forged"} 1.0' in page
    assert 'proactive_refused_http_requests_total{reason="stale"} 2.0' in page
    assert 'proactive_refused_http_requests_total{reason="too_slow"} 0.0' in page


def test_a_pause_is_a_figure(requests_store: RequestStore, pause: Pause) -> None:
    assert _figures(requests_store, pause)["proactive_paused"] == 0
    pause.begin(ByWhom("U0LEO", "Leo", NOW, ""), "T0LOCAL")
    assert _figures(requests_store, pause)["proactive_paused"] == 1
    pause.end("U0LEO", "T0LOCAL")
    assert _figures(requests_store, pause)["proactive_paused"] == 0

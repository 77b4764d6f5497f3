"""The figures of /metrics: open requests over all processes, and this process's transitions."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from prometheus_client import generate_latest

from bot.ops.metrics import build_metrics
from bot.request import FINAL, Event, Request, State
from bot.storage.database import Database
from bot.storage.requests import RequestStore
from tests.bot.conftest import NOW

Build = Callable[..., Request]


def _figures(store: RequestStore) -> dict[str, float]:
    lines = generate_latest(build_metrics(store)).decode().splitlines()
    pairs = [line.rsplit(" ", 1) for line in lines if not line.startswith("#")]
    return {name: float(value) for name, value in pairs}


def test_a_new_bot_has_a_figure_for_every_open_state_and_every_transition(
    requests_store: RequestStore,
) -> None:
    expected = {f'proactive_requests{{state="{state}"}}' for state in set(State) - FINAL}
    expected |= {f'proactive_transitions_total{{state="{state}"}}' for state in State}
    figures = _figures(requests_store)
    assert set(figures) == expected
    assert set(figures.values()) == {0.0}


def test_requests_are_counted_where_they_are_and_where_they_came_through(
    requests_store: RequestStore, a_request: Build
) -> None:
    for number in range(3):
        requests_store.add(a_request(request_id=f"V{number}"), ())
    requests_store.move("V0", State.SCHEDULED, Event.FOUND)
    requests_store.move("V1", State.SCHEDULED, Event.FOUND)
    requests_store.move("V1", State.SENDING, Event.SENDING)
    later = NOW + timedelta(hours=1)
    requests_store.move("V1", State.ACCEPTED, Event.ACCEPTED, next_look_at=later)
    requests_store.move("V2", State.REFUSED, Event.REFUSED)
    counted = {name: value for name, value in _figures(requests_store).items() if value}
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
    name: str, requests_store: RequestStore, a_request: Build
) -> None:
    requests_store.add(a_request(customer_name=name), ())
    page = generate_latest(build_metrics(requests_store)).decode()
    assert name not in page
    assert "V0123456789" not in page


def test_open_requests_are_counted_over_all_processes_and_transitions_in_each(
    requests_store: RequestStore, database: Database, a_request: Build
) -> None:
    requests_store.add(a_request(), ())
    other = _figures(RequestStore(database, lambda *_: None))
    assert other['proactive_requests{state="checking"}'] == 1
    assert other['proactive_transitions_total{state="checking"}'] == 0

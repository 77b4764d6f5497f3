"""Something is done again and again, also after the database was away, until it's stopped."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest
import sqlalchemy as sa
from dbos import error as dbos_error

from bot.jobs.periodic import Periodic
from tests.conftest import PATIENCE, wait_until


def test_it_is_done_again_and_again_until_it_is_stopped() -> None:
    calls: list[str] = []
    periodic = Periodic("look", 0.001, lambda: calls.append(threading.current_thread().name))
    assert calls == []
    periodic.start()
    wait_until(lambda: len(calls) >= 3, "it's done three times")
    assert set(calls) == {"look"}
    assert not periodic.is_stopping
    periodic.stop()
    assert periodic.is_stopping
    assert "look" not in [thread.name for thread in threading.enumerate()]


@pytest.mark.parametrize(
    "error",
    [
        sa.exc.OperationalError("canary", None, Exception("canary")),
        dbos_error.DBOSException("canary"),
    ],
    ids=["our own query", "DBOS's query"],
)
def test_it_goes_on_after_the_database_was_away(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[int] = []

    def fail_at_first() -> None:
        calls.append(1)
        if len(calls) < 3:
            raise error

    periodic = Periodic("look", 0.001, fail_at_first)
    periodic.start()
    wait_until(lambda: len(calls) > 3, "it goes on")
    periodic.stop()
    assert caplog.text.count(f"look: will try again in 0 s ({type(error).__name__})") == 2
    assert "canary" not in caplog.text


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_after_an_unforeseen_error_a_new_thread_goes_on() -> None:
    threads: list[threading.Thread] = []

    def fail() -> None:
        threads.append(threading.current_thread())
        raise ValueError("canary")

    periodic = Periodic("look", 0.001, fail)
    periodic.start()
    wait_until(lambda: len(set(threads)) > 3, "it goes on")
    periodic.stop()
    for thread in threads:  # so that no other test hears of its error
        thread.join(PATIENCE)
    assert not periodic.has_failed


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_unforeseen_error_in_a_vital_one_stops_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads, asked = list[threading.Thread](), list[tuple[int, int]]()
    monkeypatch.setattr(os, "kill", lambda *what: asked.append(what))

    def fail() -> None:
        threads.append(threading.current_thread())
        raise ValueError("canary")

    periodic = Periodic("beat", 0.001, fail, is_vital=True)
    periodic.start()
    wait_until(lambda: asked, "the process is told to stop")
    (thread,) = threads
    thread.join(PATIENCE)
    assert asked == [(os.getpid(), signal.SIGTERM)]
    assert periodic.has_failed


def test_stopping_waits_for_no_timer() -> None:
    periodic = Periodic("look", 3600.0, lambda: None)
    periodic.start()
    begun = time.monotonic()
    periodic.stop()
    assert time.monotonic() - begun < 1.0


def test_stopping_waits_for_a_turn_under_way(caplog: pytest.LogCaptureFixture) -> None:
    begun, gate, done = threading.Event(), threading.Event(), list[bool]()

    def work() -> None:
        begun.set()
        assert gate.wait(PATIENCE)
        done.append(periodic.is_stopping)

    periodic = Periodic("look", 0.001, work)
    periodic.start()
    assert begun.wait(PATIENCE)
    threading.Timer(0.05, gate.set).start()
    periodic.stop()
    assert done == [True]


def test_what_never_started_can_be_stopped() -> None:
    Periodic("look", 1.0, lambda: None).stop()

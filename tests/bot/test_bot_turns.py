"""Writers to the SQLite file stand in line, and those for whom a person waits go first."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

from bot.turns import Line, TurnTaking, go_first

WAITING = 10.0


def connect(file: Path) -> TurnTaking:
    connection = sqlite3.connect(
        file, factory=TurnTaking, check_same_thread=False, isolation_level="IMMEDIATE", timeout=0
    )
    connection.execute("PRAGMA journal_mode=WAL")
    return connection


def table(file: Path) -> TurnTaking:
    connection = connect(file)
    connection.execute("CREATE TABLE lines (said TEXT)")
    return connection


def in_thread(do: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=do)
    thread.start()
    return thread


def count_waiting(line: Line) -> int:
    return sum(map(len, line._waiting.values()))


def test_who_goes_first_is_the_next_one() -> None:
    line, order = Line(), []
    assert line.take()

    def wait(name: str, *, first: bool) -> None:
        if first:
            go_first()
        assert line.take()
        order.append(name)
        line.leave()

    threads = []
    for name in ("one", "two", "agent's"):
        threads.append(in_thread(lambda name=name: wait(name, first=name == "agent's")))
        while count_waiting(line) < len(threads):
            threading.Event().wait(0.001)
    line.leave()
    for thread in threads:
        thread.join(WAITING)
    assert order == ["agent's", "one", "two"]


def test_a_turn_ends_when_its_transaction_is_rolled_back(tmp_path: Path) -> None:
    first, second = table(tmp_path / "file"), connect(tmp_path / "file")
    first.execute("INSERT INTO lines VALUES ('first')")
    thread = in_thread(lambda: second.execute("INSERT INTO lines VALUES ('second')"))
    thread.join(0.05)
    assert thread.is_alive()
    first.rollback()
    thread.join(WAITING)
    second.commit()
    assert first.execute("SELECT said FROM lines").fetchall() == [("second",)]
    first.close()
    second.close()


def test_a_turn_ends_with_its_connection(tmp_path: Path) -> None:
    first, second = table(tmp_path / "file"), connect(tmp_path / "file")
    first.execute("INSERT INTO lines VALUES ('first')")
    first.close()
    second.execute("INSERT INTO lines VALUES ('second')")
    second.commit()
    second.close()


def test_readers_wait_for_nobody(tmp_path: Path) -> None:
    first, second = table(tmp_path / "file"), connect(tmp_path / "file")
    first.execute("INSERT INTO lines VALUES ('first')")
    assert second.execute("SELECT count(*) FROM lines").fetchone() == (0,)
    first.close()
    second.close()


def test_of_many_writers_none_finds_the_file_locked(tmp_path: Path) -> None:
    """Their connections would not wait at all for SQLite's lock (timeout 0)."""
    keeper, failed = table(tmp_path / "file"), []

    def write() -> None:
        connection = connect(tmp_path / "file")
        try:
            for _ in range(20):
                connection.execute("INSERT INTO lines VALUES ('line')")
                connection.commit()
        except sqlite3.OperationalError as error:
            failed.append(error)
        connection.close()

    for thread in [in_thread(write) for _ in range(10)]:
        thread.join(WAITING)
    assert not failed
    assert keeper.execute("SELECT count(*) FROM lines").fetchone() == (200,)
    keeper.close()

"""Two live processes never share a slot, and a dead one's slot is free again: on both databases."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from bot import slot
from bot.slot import Slot, take_slot

from .conftest import Program, wait_until

Start = Callable[..., Program]


def is_free(mine: Slot, name: str) -> bool:
    with mine.locked_if_free(name) as free:
        return free


def test_two_processes_never_share_a_slot(
    database_url: str, database: sa.Engine, start: Start
) -> None:
    first = start("slot_holder.py", database_url).hear()
    mine = take_slot(database_url, database)
    third = start("slot_holder.py", database_url).hear()
    mine.release()
    assert [first, mine.name, third] == ["w0", "w1", "w2"]


def test_a_killed_process_s_slot_is_free_again(
    database_url: str, database: sa.Engine, start: Start
) -> None:
    holder = start("slot_holder.py", database_url)
    assert holder.hear() == "w0"
    mine = take_slot(database_url, database)
    assert not is_free(mine, "w0")
    holder.kill()
    wait_until(lambda: is_free(mine, "w0"), "the dead process's slot is free")
    with mine.locked_if_free("w0") as free:
        assert free
        assert start("slot_holder.py", database_url).hear() == "w2"  # nobody gets it meanwhile
    assert start("slot_holder.py", database_url).hear() == "w0"
    mine.release()


def test_one_s_own_slot_is_never_free(database_url: str, database: sa.Engine) -> None:
    mine = take_slot(database_url, database)
    assert not is_free(mine, mine.name)
    assert mine.is_held()
    mine.release()
    assert not mine.is_held()


def test_one_process_never_has_a_slot_twice(database_url: str, database: sa.Engine) -> None:
    slots = [take_slot(database_url, database) for _ in range(3)]
    assert [one.name for one in slots] == ["w0", "w1", "w2"]
    slots[1].release()
    again = take_slot(database_url, database)
    assert again.name == "w1"
    for one in (slots[0], slots[2], again):
        one.release()


def test_when_all_slots_are_taken_the_operator_reads_why(
    database_url: str, database: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slot, "SLOTS", 1)
    mine = take_slot(database_url, database)
    with pytest.raises(OSError, match=r"all 1 slots .* are taken") as refusal:
        take_slot(database_url, database)
    assert refusal.value.strerror
    mine.release()


def slot_connections(database: sa.Engine) -> list[int]:
    query = (
        "SELECT pid FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'proactive slot'"
    )
    with database.connect() as connection:
        return list(connection.execute(sa.text(query)).scalars())


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_lost_connection_loses_the_slot_and_never_pretends(
    database_url: str, database: sa.Engine
) -> None:
    mine = take_slot(database_url, database)
    with database.begin() as connection:
        for pid in slot_connections(database):
            connection.execute(sa.select(sa.func.pg_terminate_backend(pid, 5000)))
    assert not mine.is_held()
    assert not mine.is_held()  # asking does not connect again
    other = take_slot(database_url, database)
    assert other.name == "w0"
    assert not mine.take_again()
    other.release()
    wait_until(mine.take_again, "the slot is free")
    assert mine.is_held()
    mine.release()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_slot_takes_one_connection_and_leaves_none(
    database_url: str, database: sa.Engine
) -> None:
    first, second = take_slot(database_url, database), take_slot(database_url, database)
    assert len(slot_connections(database)) == 2
    assert is_free(second, "w7")
    assert len(slot_connections(database)) == 2
    first.release()
    second.release()
    wait_until(lambda: not slot_connections(database), "the connections are closed")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_server_gives_up_a_machine_that_vanished_within_half_a_minute(
    database_url: str, database: sa.Engine
) -> None:
    mine = take_slot(database_url, database)
    names = ("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count")
    connection = mine._locks._connection  # type: ignore[attr-defined]
    idle, interval, tries = (
        int(connection.execute(sa.text(f"SHOW {name}")).scalar()) for name in names
    )
    assert idle + interval * tries <= 30
    assert connection.execute(sa.text("SHOW tcp_user_timeout")).scalar() == "25000"
    mine.release()

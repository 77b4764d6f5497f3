"""What is particular to slots beside a SQLite file; both databases: tests/cluster."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.slot import Slot, take_slot
from bot.storage.tables import open_database


def take(file: Path) -> Slot:
    url = f"sqlite:///{file}"
    return take_slot(url, open_database(url))


def test_slots_of_different_databases_have_nothing_to_do_with_each_other(tmp_path: Path) -> None:
    slots = [take(tmp_path / name) for name in ("a.sqlite", "b.sqlite")]
    assert [one.name for one in slots] == ["w0", "w0"]
    for one in slots:
        one.release()


def test_a_folder_that_is_not_there_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        take(tmp_path / "missing" / "proactive.sqlite")


def test_a_lock_file_that_was_deleted_loses_the_slot(tmp_path: Path) -> None:
    mine = take(tmp_path / "proactive.sqlite")
    (tmp_path / "proactive.sqlite.w0.lock").unlink()
    assert not mine.is_held()
    other = take(tmp_path / "proactive.sqlite")
    assert other.name == "w0"
    assert not mine.is_held()
    assert not mine.take_again()
    other.release()
    assert mine.take_again()
    assert mine.is_held()
    mine.release()

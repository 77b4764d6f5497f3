"""A database that can't be used is refused, and the refusal says what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.storage.open import UnusableDatabase, open_database
from tests.conftest import open_quickly


def test_a_database_of_a_newer_release_is_refused(file: Path) -> None:
    database = open_quickly(file)
    with database.transaction() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    with pytest.raises(UnusableDatabase) as refused:
        open_database(f"sqlite:///{file}", None)
    assert refused.value.what == f"{file}: a newer release has upgraded this database."
    assert refused.value.fix == "Start that release, or use another database."


def test_a_file_that_is_no_database_is_refused(file: Path) -> None:
    file.write_text("This is a letter and no database. " * 100)
    with pytest.raises(UnusableDatabase) as refused:
        open_database(f"sqlite:///{file}", None)
    assert refused.value.what == f"{file} can't be used as a database (DatabaseError)."
    assert "PROACTIVE_DATABASE_URL" in refused.value.fix


def test_a_refusal_names_the_server_and_not_the_password() -> None:
    with pytest.raises(UnusableDatabase) as refused:
        open_database("postgresql://user:hunter2@127.0.0.1:9/x", None)
    assert "127.0.0.1" in refused.value.what
    assert "hunter2" not in str(refused.value)

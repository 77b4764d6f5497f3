"""The tables that the code expects are the ones that the migrations create."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from bot.storage import migrations
from bot.storage.database import Database
from bot.storage.migrations import VERSION, NewerDatabase, migrate
from bot.storage.tables import metadata


def read_indexes(database: Database) -> dict[str, str]:
    """Return how the database itself writes down each index, by name."""
    query = (
        "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
        if database.is_postgresql
        else "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    )
    with database.connect() as connection:
        return {row[0]: " ".join(row[1].split()) for row in connection.exec_driver_sql(query)}


def test_the_migrations_create_the_tables_that_the_code_expects(
    database_url: str, connect: Callable[[str], Database]
) -> None:
    with connect(database_url).connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_migrations_create_the_indexes_with_the_conditions_that_the_code_expects(
    sqlite: str, tmp_path: Path, connect: Callable[[str], Database]
) -> None:
    expected = Database(f"sqlite:///{tmp_path / 'expected.sqlite'}")
    metadata.create_all(expected.engine)
    found, wanted = read_indexes(connect(sqlite)), read_indexes(expected)
    expected.close()
    assert found == wanted
    assert len([name for name, sql in wanted.items() if " WHERE " in sql]) == 12


def test_the_indexes_on_postgresql_have_the_same_conditions(
    postgresql: str, connect: Callable[[str], Database]
) -> None:
    database = connect(postgresql)
    found = read_indexes(database)
    with database.transaction() as connection:
        metadata.drop_all(connection)
        metadata.create_all(connection)
    wanted = read_indexes(database)
    del found["alembic_version_pkc"], wanted["alembic_version_pkc"]
    assert found == wanted


def test_migrating_again_changes_nothing(
    database_url: str, connect: Callable[[str], Database]
) -> None:
    database = connect(database_url)
    before = read_indexes(database)
    migrate(database)
    assert read_indexes(database) == before
    with database.connect() as connection:
        assert connection.execute(sa.text("SELECT version_num FROM alembic_version")).all() == [
            (head(),)
        ]


def head() -> str:
    """Return the newest step."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    (head,) = ScriptDirectory.from_config(config).get_heads()
    return head


def test_the_version_is_that_of_the_newest_step() -> None:
    assert head() == VERSION


def test_a_database_of_a_newer_release_is_refused(
    database_url: str, connect: Callable[[str], Database]
) -> None:
    database = connect(database_url)
    with database.transaction() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(NewerDatabase):
        migrate(database)

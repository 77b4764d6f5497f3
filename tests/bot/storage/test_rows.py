"""Every value of a request and of its history comes back from the database as it was stored."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.request import Event, Place, Request
from bot.state import State
from bot.storage.database import Database
from bot.storage.keys import Keys
from bot.storage.requests import RequestStore
from bot.storage.rows import to_columns, to_line, to_time
from bot.storage.tables import history, requests
from genesys import Identity, IdentityKind
from tests.conftest import open_quickly

TEXT = st.text(st.characters(codec="utf-8"), max_size=60)
SHORT = st.text(st.characters(codec="utf-8"), max_size=16)
TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1)).map(
    lambda at: at.replace(tzinfo=UTC)
)
REQUESTS = st.builds(
    Request,
    request_id=st.just("replaced"),
    place=st.builds(Place, SHORT, SHORT, SHORT, TEXT),
    agent_id=SHORT,
    agent_name=TEXT,
    identity=st.builds(Identity, st.sampled_from(IdentityKind), TEXT),
    text=TEXT,
    into_open_conversation=st.booleans(),
    chosen_contact_id=SHORT,
    created_at=TIMES,
    send_at=st.none() | TIMES,
    send_before=st.none() | TIMES,
    planned_at=st.none() | TIMES,
    state=st.sampled_from(State),
    reason=TEXT,
    checked_at=st.none() | TIMES,
    contact_id=SHORT,
    contact_ids=st.lists(SHORT, max_size=4).map(tuple),
    send_to_id=SHORT,
    customer_name=TEXT,
    sending_at=st.none() | TIMES,
    message_id=SHORT,
    conversation_id=SHORT,
    watch_until=st.none() | TIMES,
    is_followed=st.just(False),  # a request is followed once Genesys has accepted its message
    looks=st.integers(0, 10_000),
    decisions=st.integers(0, 10_000),
    card_channel=SHORT,
    card_ts=SHORT,
    card_state=st.sampled_from(["", *State]),
    outcome_ts=SHORT,
)
_numbers = count()


@pytest.fixture(scope="module")
def kept(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    file = shutil.copy(migrated_file, tmp_path_factory.mktemp("data") / "kept.sqlite")
    database = open_quickly(Path(file))
    yield database
    database.close()


@pytest.fixture(scope="module")
def store(kept: Database) -> RequestStore:
    return RequestStore(kept, lambda _connection, _job: None, Keys(kept))


@settings(max_examples=60)
@given(request=REQUESTS)
def test_every_value_of_a_request_is_kept(store: RequestStore, request: Request) -> None:
    request = replace(request, request_id=f"V{next(_numbers)}")
    assert store.add(request, []) == request
    assert store.load(request.request_id) == request


@settings(max_examples=30)
@given(request=REQUESTS, look=TIMES)
def test_every_value_that_a_move_sets_is_kept(
    store: RequestStore, request: Request, look: datetime
) -> None:
    """The reconciler sets these; they come back in the types in which it gave them."""
    request = replace(request, request_id=f"V{next(_numbers)}", state=State.SENDING)
    store.add(request, [])
    values = {
        "message_id": "m",
        "conversation_id": "c",
        "watch_until": look,
        "looks": 0,
        "contact_ids": ("a", "b"),
        "sending_at": look,
    }
    assert store.move(
        request.request_id, State.ACCEPTED, Event.ACCEPTED, next_look_at=look, **values
    )
    expected = replace(request, state=State.ACCEPTED, is_followed=True, **values)
    assert store.load(request.request_id) == expected


def test_every_value_has_its_column() -> None:
    own = {field.name for field in fields(Request)} - {"place", "identity", "is_followed"}
    place = {field.name for field in fields(Place)}
    assert set(requests.c.keys()) == own | place | {
        "identity_kind",
        "identity_value",
        "next_look_at",
        "text_digest",
        "finished_at",
    }


@given(at=TIMES)
def test_a_time_is_kept_to_the_microsecond(at: datetime) -> None:
    assert to_time(to_columns({"at": at})["at"]) == at


@settings(max_examples=30)
@given(request=REQUESTS, detail=TEXT, link=TEXT)
def test_every_value_of_a_line_is_kept(
    kept: Database, store: RequestStore, request: Request, detail: str, link: str
) -> None:
    request = replace(request, request_id=f"V{next(_numbers)}", state=State.CHECKING)
    store.add(request, [])
    before = datetime.now(UTC)
    store.move(request.request_id, State.SCHEDULED, Event.FOUND, detail, link=link)
    newest = sa.select(history).order_by(history.c.line_id.desc()).limit(1)
    with kept.connect() as connection:
        line = to_line(connection.execute(newest).one())
    assert (line.event, line.detail, line.link, line.posted_ts) == (Event.FOUND, detail, link, "")
    assert before <= line.at <= datetime.now(UTC)

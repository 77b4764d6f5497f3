"""Every value of a request and of its history survives the way into the database and back."""

from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cards.ledger import Ledger
from bot.request import Event, Place, Request, State
from bot.storage.requests import RequestStore, no_work
from bot.storage.tables import requests, to_columns, to_time
from genesys import Identity, IdentityKind

from .conftest import open_quickly

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
    is_watched=st.just(False),  # a request is watched once Genesys has accepted its message
    looks=st.integers(0, 10_000),
    card_channel=SHORT,
    card_ts=SHORT,
    card_state=st.sampled_from(["", *State]),
    outcome_ts=SHORT,
)
_numbers = count()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RequestStore]:
    database = open_quickly(tmp_path_factory.mktemp("data") / "kept.sqlite")
    yield RequestStore(database)
    database.dispose()


@settings(max_examples=60)
@given(request=REQUESTS)
def test_every_value_of_a_request_is_kept(kept: RequestStore, request: Request) -> None:
    request = replace(request, request_id=f"V{next(_numbers)}")
    assert kept.record(request, no_work) == request
    assert kept.load(request.request_id) == request


@settings(max_examples=30)
@given(request=REQUESTS, look=TIMES)
def test_every_value_that_a_move_sets_is_kept(
    kept: RequestStore, request: Request, look: datetime
) -> None:
    """As the receipt does: what it sets is there afterwards, in the types in which it was given."""
    request = replace(request, request_id=f"V{next(_numbers)}", state=State.SENDING)
    kept.record(request, no_work)
    values = {
        "message_id": "m",
        "conversation_id": "c",
        "watch_until": look,
        "looks": 0,
        "contact_ids": ("a", "b"),
        "sending_at": look,
    }
    assert kept.move(
        request.request_id, State.ACCEPTED, Event.ACCEPTED, next_look_at=look, **values
    )
    expected = replace(request, state=State.ACCEPTED, is_watched=True, **values)
    assert kept.load(request.request_id) == expected


def test_every_value_has_its_column() -> None:
    own = {field.name for field in fields(Request)} - {"place", "identity", "is_watched"}
    place = {field.name for field in fields(Place)}
    assert set(requests.c.keys()) == own | place | {
        "identity_kind",
        "identity_value",
        "next_look_at",
    }


@given(at=TIMES)
def test_a_time_is_kept_to_the_microsecond(at: datetime) -> None:
    assert to_time(to_columns({"at": at})["at"]) == at


@settings(max_examples=30)
@given(request=REQUESTS, detail=TEXT, link=TEXT)
def test_every_value_of_a_line_is_kept(
    kept: RequestStore, request: Request, detail: str, link: str
) -> None:
    request = replace(request, request_id=f"V{next(_numbers)}", state=State.CHECKING)
    kept.record(request, no_work)
    before = datetime.now(UTC)
    kept.move(request.request_id, State.SCHEDULED, Event.FOUND, detail, link=link)
    (line,) = Ledger(kept._engine).unposted_lines(request.request_id)
    assert (line.event, line.detail, line.link, line.posted_ts) == (Event.FOUND, detail, link, "")
    assert before <= line.at <= datetime.now(UTC)

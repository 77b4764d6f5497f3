"""What a digest counts."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.request import Event, Request
from bot.state import State
from bot.storage.database import Database
from bot.storage.digest_figures import Counts, code_of, read_figures
from bot.storage.history import add_line
from bot.storage.requests import RequestStore
from bot.storage.tables import requests
from tests.bot.conftest import NOW

DAY = (NOW, NOW + timedelta(days=1))


@pytest.fixture
def sent(
    requests_store: RequestStore, database: Database, a_request: Callable[..., Request]
) -> Callable[..., None]:
    """Store messages in a state that were sent ``after`` the period's beginning."""
    numbers = iter(range(10_000))

    def store(
        state: State, count: int = 1, *, after: int = 0, is_followed: bool = False, **waits: int
    ) -> None:
        for _ in range(count):
            at = NOW + timedelta(seconds=after)
            request = a_request(request_id=f"V{next(numbers)}", state=state, sending_at=at)
            requests_store.add(request, [])
            with database.transaction() as connection:
                if is_followed:
                    row = requests.c.request_id == request.request_id
                    connection.execute(sa.update(requests).where(row).values(next_look_at=1.0))
                if state is State.FAILED:
                    reason = "RateLimited: try jane@example.com"
                    add_line(connection, request.request_id, Event.FAILED, reason, at=at)
                for event, seconds in waits.items():
                    later = at + timedelta(seconds=seconds)
                    add_line(connection, request.request_id, Event(event), at=later)

    return store


def test_every_message_that_was_sent_in_the_time_counts_once(
    sent: Callable[..., None], database: Database
) -> None:
    sent(State.ACCEPTED, 2, is_followed=True)
    sent(State.WAITING, is_followed=True)
    sent(State.DELIVERED, 3, is_followed=True)
    sent(State.READ)
    sent(State.REPLIED, 2)
    sent(State.FAILED, 4)
    sent(State.UNCERTAIN, after=86_399)
    sent(State.DELIVERED, after=-1)
    sent(State.DELIVERED, after=86_400)
    counts = read_figures(database, *DAY).counts
    assert counts == Counts(delivered=6, replied=2, failed=4, uncertain=1, open=3)
    assert counts.sent == 9


def test_only_what_is_followed_or_being_sent_is_still_open(
    sent: Callable[..., None], database: Database
) -> None:
    """Nobody follows what a person has confirmed, and nothing for longer than for some days."""
    sent(State.SENDING)
    for state in (State.ACCEPTED, State.WAITING, State.PUSHED):
        sent(state, is_followed=True)
        sent(state, 2)
    sent(State.DELIVERED)
    counts = read_figures(database, *DAY).counts
    assert counts == Counts(delivered=1, open=4, untracked=6)
    assert counts.sent == 11


def test_the_medians_are_of_the_first_sign_of_a_delivery_and_of_the_reply(
    sent: Callable[..., None], database: Database
) -> None:
    sent(State.DELIVERED, delivered=10)
    sent(State.READ, delivered=20, read=500)
    sent(State.REPLIED, replied=600)
    figures = read_figures(database, *DAY)
    assert (figures.until_delivery, figures.until_reply) == (20.0, 600.0)


def test_without_messages_there_is_nothing_to_measure(database: Database) -> None:
    figures = read_figures(database, *DAY)
    assert (figures.counts, figures.until_delivery, figures.reasons) == (Counts(), None, ())


def test_reasons_are_codes_and_quote_nobody(sent: Callable[..., None], database: Database) -> None:
    sent(State.FAILED, 2)
    assert read_figures(database, *DAY).reasons == (("RateLimited", 2),)


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        *[("MessageExpired", "MessageExpired"), ("GeneralError: no; X: y", "GeneralError")],
        (
            "It was too large. Shorten it. (Genesys Cloud: code bad.request, reference 1)",
            "bad.request",
        ),
        *[("Write to jane@example.com", "no code"), ("", "no code")],
    ],
)
def test_the_code_is_found_in_a_reason(reason: str, code: str) -> None:
    assert code_of(reason) == code


def test_the_figures_are_read_by_the_index_of_what_was_sent(
    sent: Callable[..., None], database: Database
) -> None:
    sent(State.DELIVERED, delivered=1)
    looks: list[str] = []

    @sa.event.listens_for(database.engine, "before_cursor_execute")
    def note(connection, cursor, statement, parameters, *_):  # type: ignore[no-untyped-def]
        if statement.startswith("SELECT"):
            explained = connection.connection.cursor()
            explained.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            looks.extend(row[3] for row in explained.fetchall())

    read_figures(database, *DAY)
    sa.event.remove(database.engine, "before_cursor_execute", note)
    about = [look for look in looks if " requests" in look or " history" in look]
    assert about
    assert all("requests_sent " in look or "ix_history_request_id" in look for look in about)

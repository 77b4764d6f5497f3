"""The names that are stored, or shown in Slack, stay: a renamed one would orphan what exists.

Add new names here. To change an old one, write a migration for the rows that have it.
"""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.dialects import postgresql

from bot.cards import card_buttons as buttons
from bot.cards import client, ledger
from bot.job import JobKind
from bot.jobs import queue
from bot.request import Event, HistoryLine, Stuck
from bot.slack.commands import command
from bot.slack.forms import form_input, form_view
from bot.state import State
from bot.storage.history import NOT_SHOWN
from bot.storage.tables import UNFINISHED, history, postings, requests
from genesys import IdentityKind


def test_the_stored_names_of_states_stay() -> None:
    assert {state.name: state.value for state in State} == {
        "CHECKING": "checking",
        "UNAPPROVED": "unapproved",
        "REFUSED": "refused",
        "SCHEDULED": "scheduled",
        "SENDING": "sending",
        "ACCEPTED": "accepted",
        "WAITING": "waiting",
        "PUSHED": "pushed",
        "DELIVERED": "delivered",
        "READ": "read",
        "REPLIED": "replied",
        "FAILED": "failed",
        "UNCERTAIN": "uncertain",
        "EXPIRED": "expired",
        "CANCELLED": "cancelled",
    }


def test_the_stored_names_of_events_stay() -> None:
    assert {event.name: event.value for event in Event} == {
        "ASKED": "asked",
        "FOUND": "found",
        "HELD": "held",
        "REFUSED": "refused",
        "CANCELLED": "cancelled",
        "EXPIRED": "expired",
        "SENDING": "sending",
        "NOT_TAKEN": "not taken",
        "ACCEPTED": "accepted",
        "FAILED": "failed",
        "FATE_UNKNOWN": "fate unknown",
        "UNCERTAIN": "uncertain",
        "STILL_UNCERTAIN": "still uncertain",
        "CHECK_ASKED": "check asked",
        "SEND_DECIDED": "send decided",
        "SENT_CONFIRMED": "sent confirmed",
        "WAITING": "waiting",
        "PUSHED": "pushed",
        "DELIVERED": "delivered",
        "READ": "read",
        "REPLIED": "replied",
        "WATCH_ENDED": "watch ended",
        "ELSEWHERE": "elsewhere",
        "OVERRIDDEN": "overridden",
        "APPROVAL_ASKED": "approval asked",
        "APPROVED": "approved",
        "APPROVAL_LOST": "approval lost",
        "DECLINED": "declined",
        "OPTED_OUT": "opted out",
        "POSTPONED": "postponed",
        "PAUSED": "paused",
        "RESUMED": "resumed",
        "EDITED": "edited",
        "AWAITS_END": "awaits end",
    }


def test_the_states_in_the_index_of_unfinished_requests_stay() -> None:
    names = "'checking', 'unapproved', 'scheduled', 'sending', 'uncertain'"
    assert str(UNFINISHED) == f"requests.state IN ({names})"


def test_the_stored_kinds_of_identities_stay() -> None:
    assert {kind.name: kind.value for kind in IdentityKind} == {"EMAIL": "Email", "PHONE": "Phone"}


def test_the_names_that_the_queue_stores_stay() -> None:
    """Jobs that wait would be left alone for ever."""
    assert [JobKind.PUBLISH, JobKind.DELIVER, JobKind.RECONCILE] == [
        "publish",
        "deliver",
        "reconcile",
    ]
    assert (queue.QUEUE, queue.APPLICATION) == ("requests", "proactive")
    assert queue.APPLICATION_VERSION == "2"


def test_the_names_of_posts_stay() -> None:
    """They're stored while a post's result isn't known, and Slack has them in the metadata."""
    line = HistoryLine(7, Event.FOUND, datetime.now(UTC), "")
    assert (ledger.CARD, ledger.OUTCOME, ledger.line_key(line)) == ("card", "outcome", "line 7")
    assert (ledger.NOWHERE, NOT_SHOWN) == ("-", "-")
    assert client.EVENT_TYPE == "proactive_post"


def test_the_names_in_cards_and_forms_stay() -> None:
    """Cards with buttons and open forms outlive an upgrade."""
    assert (buttons.CANCEL, buttons.CHECK_AGAIN) == ("cancel", "check_again")
    assert (buttons.SEND_ANYWAY, buttons.COMPOSE_AGAIN) == ("send_anyway", "compose_again")
    assert (buttons.APPROVE, buttons.DECLINE, buttons.REVIEW) == ("approve", "decline", "review")
    assert (command.SHORTCUT, form_view.FORM) == ("notify_customer", "compose")
    assert (form_input.CUSTOMER, form_input.MESSAGE) == ("customer", "message")


def test_every_stored_name_fits_its_column_on_postgresql() -> None:
    """SQLite takes longer ones, so only PostgreSQL would refuse them."""
    longest = max(map(len, State))
    assert longest <= requests.c.state.type.length
    longest_card_state = longest + len(f" 99999 {max(Stuck, key=len)}")
    on_postgresql = requests.c.card_state.type.dialect_impl(postgresql.dialect())
    assert longest_card_state <= on_postgresql.length
    assert max(map(len, Event)) <= history.c.event.type.length
    assert max(map(len, IdentityKind)) <= requests.c.identity_kind.type.length
    assert len("line 9999999999 again") <= postings.c.what.type.length

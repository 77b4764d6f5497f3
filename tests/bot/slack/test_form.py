"""The form opens at once, shows who the customer is, and turns Send into one stored request."""

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from bot.job import Job, deliver, publish
from bot.request import Request, State
from bot.storage.database import Database
from bot.storage.requests import RequestStore
from genesys import Identity, IdentityKind

from ..conftest import Local, wait_until
from .conftest import Agent, Bot, words

TEXT = "Your order is ready"
LOOKING_UP = "Looking the customer up in Genesys Cloud…"
NOT_FOUND = "No contact in Genesys Cloud has this address."
REFERENCE = "tell an administrator this reference: "
Stored = Callable[[], list[Request]]


@pytest.fixture
def stored(database: Database, requests_store: RequestStore) -> Stored:
    """List the stored requests."""

    def read() -> list[Request]:
        with database.connect() as connection:
            ids = connection.execute(sa.text("SELECT request_id FROM requests")).scalars().all()
        return [requests_store.load(id_) for id_ in ids]

    return read


def views(local: Local, method: str) -> list[dict[str, Any]]:
    """List the views that the bot has opened or updated."""
    return [call["arguments"]["view"] for call in local.calls("slack", method)]


def notes(local: Local, method: str = "views.update") -> list[str]:
    """List the evidence of each view that the bot has opened or updated."""
    blocks = [block for view in views(local, method) for block in view["blocks"]]
    return [
        "".join(leaf["text"] for part in block["elements"] for leaf in part["elements"])
        for block in blocks
        if block["block_id"] == "evidence"
    ]


def lookups(local: Local) -> int:
    return len(local.calls("genesys", "identifierlookup"))


# Opening


def test_the_form_opens_before_the_look_up_and_then_shows_the_verdict(
    bot: Bot, ada: Agent, local: Local
) -> None:
    view = ada.opens(f"jane@example.com {TEXT}")
    assert notes(local, "views.open") == [LOOKING_UP]
    assert [note.partition(": ")[0] for note in notes(local)] == [LOOKING_UP, "Ready to send"]
    assert view["private_metadata"].startswith('["C0SUPPORT", "", "http')
    fields = {block["block_id"]: block.get("element", {}) for block in view["blocks"]}
    assert fields["customer"]["initial_value"] == "jane@example.com"
    assert fields["message"]["initial_value"] == TEXT


@pytest.mark.parametrize(
    ("typed", "note"),
    [
        ("", "Type the customer's e-mail address or phone number and press Enter"),
        (TEXT, "Type the customer's e-mail address or phone number and press Enter"),
        ("jane@example", "This e-mail address cannot be right"),
    ],
)
def test_without_a_customer_the_form_says_what_to_type_and_looks_nobody_up(
    typed: str, note: str, bot: Bot, ada: Agent, local: Local
) -> None:
    ada.opens(typed, note)
    bot.finish()
    assert not notes(local)
    assert not lookups(local)


def test_a_trigger_that_has_expired_gives_the_text_back(bot: Bot, ada: Agent, local: Local) -> None:
    local.ask("POST", "/control/slack/settings", trigger_seconds=0)
    ada.types(f"jane@example.com {TEXT}")
    told = ada.reads("Slack gave the form too little time to open. Nothing was sent: try again.")
    assert told["ephemeral"]
    assert f"jane@example.com {TEXT}" in words(told["blocks"])
    bot.finish()
    assert not lookups(local)
    assert not notes(local)


def test_any_other_refusal_to_open_is_told_with_a_reference(
    bot: Bot, ada: Agent, local: Local
) -> None:
    body = {"ok": False, "error": "fatal_error"}
    local.order("slack", "views.open", "status", status=400, body=body, times=1)
    ada.types("jane@example.com")
    assert ada.reads(REFERENCE)["ephemeral"]


def test_a_text_that_the_form_cannot_hold_is_given_back_in_full(bot: Bot, ada: Agent) -> None:
    text = "x" * 2_999 + " END"
    ada.opens(f"jane@example.com {text}")
    told = ada.reads("Your text is longer than the form takes")
    assert told["ephemeral"]
    assert "jane@example.com x" in words(told["blocks"])


def test_a_text_that_just_fits_is_not_given_back(bot: Bot, ada: Agent, local: Local) -> None:
    ada.opens("jane@example.com " + "x" * 3_000)
    bot.finish()
    assert not local.messages()


# Checking again


def test_another_customer_is_looked_up(bot: Bot, ada: Agent, local: Local) -> None:
    ada.opens("jane@example.com")
    assert ada.changes("customer", "amir@example.com")["body"] == ""
    ada.sees("Amir Haddad")
    assert notes(local)[2] == LOOKING_UP


def test_a_customer_who_cannot_be_read_is_not_looked_up(bot: Bot, ada: Agent, local: Local) -> None:
    ada.opens("jane@example.com")
    before = lookups(local)
    ada.changes("customer", "nobody")
    ada.sees("This is neither an e-mail address nor a phone number.")
    bot.finish()
    assert lookups(local) == before


def test_the_contacts_to_choose_from_stay_in_view_after_the_choice(bot: Bot, ada: Agent) -> None:
    view = ada.opens("pat@example.com", "2 contacts share this address")
    radio = next(b for b in view["blocks"] if b["block_id"].startswith("candidate"))
    chosen = radio["element"]["options"][0]["text"]["text"]
    ada.changes("candidate", chosen)
    bot.finish()
    after = ada.view()
    assert after is not None
    radio = next(b for b in after["blocks"] if b["block_id"].startswith("candidate"))
    assert radio["element"]["initial_option"]["text"]["text"] == chosen
    assert "share this address" not in words(
        next(b for b in after["blocks"] if b["block_id"] == "evidence")
    )


def test_an_outdated_answer_is_not_shown(bot: Bot, ada: Agent, local: Local) -> None:
    local.order("genesys", "*identifierlookup*", "latency", seconds=1.0, times=1)
    ada.opens("jane@example.com", LOOKING_UP)
    wait_until(lambda: lookups(local))
    ada.changes("customer", "amir@example.com")
    ada.sees("Amir Haddad")
    bot.finish()
    assert [note.partition(": ")[0] for note in notes(local)] == [
        LOOKING_UP,
        LOOKING_UP,
        "Ready to send",
    ]
    assert "Amir Haddad" in words(ada.view())


def test_a_form_that_was_closed_during_the_look_up_is_no_error(
    bot: Bot, ada: Agent, local: Local, caplog: pytest.LogCaptureFixture
) -> None:
    local.order("genesys", "*identifierlookup*", "latency", seconds=0.5, times=1)
    view = ada.opens("jane@example.com", LOOKING_UP)
    wait_until(lambda: lookups(local))
    local.ask("POST", f"/people/views/{view['id']}/close", user=ada.user)
    with caplog.at_level(logging.WARNING, "bot"):
        bot.finish()
    assert not caplog.records
    assert len(views(local, "views.update")) == 2


def test_a_failed_update_replaces_the_form_by_a_reference(
    bot: Bot, ada: Agent, local: Local
) -> None:
    ada.opens("jane@example.com")
    body = {"ok": False, "error": "fatal_error"}
    local.order("slack", "views.update", "status", status=400, body=body, times=1)
    ada.changes("customer", "amir@example.com")
    assert ada.sees(REFERENCE)["callback_id"] == "sorry"


# Sending


def test_send_stores_the_request_with_its_jobs_and_closes_the_form(
    bot: Bot, ada: Agent, jobs: list[Job], stored: Stored, soon: int
) -> None:
    view = ada.opens("jane@example.com")
    before = datetime.now(UTC)
    done = ada.submits(message="Hello\x00 Jane", send_at=soon, send_before=soon + 60)
    assert (done["result"], done["errors"]) == ("closed", {})
    [request] = stored()
    assert request.request_id == view["id"]
    assert (request.place.team_id, request.place.channel_id) == ("T0LOCAL", "C0SUPPORT")
    assert request.place.response_url.startswith("http")
    assert (request.agent_id, request.agent_name) == ("U0ADA", "ada")
    assert request.identity == Identity(IdentityKind.EMAIL, "jane@example.com")
    assert request.text == "Hello Jane"
    assert (request.chosen_contact_id, request.into_open_conversation) == ("", False)
    assert request.send_at == datetime.fromtimestamp(soon, UTC)
    assert request.send_before == datetime.fromtimestamp(soon + 60, UTC)
    assert before <= request.created_at <= datetime.now(UTC)
    assert request.state is State.CHECKING
    assert jobs == [publish(view["id"]), deliver(view["id"])]


def test_the_choices_are_part_of_the_request(bot: Bot, ada: Agent, stored: Stored) -> None:
    ada.opens(f"olga@example.com {TEXT}", "A conversation is open now")
    ada.submits(open_conversation="write")
    assert stored()[0].into_open_conversation
    view = ada.opens(f"pat@example.com {TEXT}", "contacts share this address")
    radio = next(b for b in view["blocks"] if b["block_id"].startswith("candidate"))
    contact_id = radio["element"]["options"][1]["value"]
    ada.submits(candidate=contact_id)
    assert {request.chosen_contact_id for request in stored()} == {"", contact_id}


def test_a_customer_who_was_not_looked_up_yet_can_be_sent_to(
    bot: Bot, ada: Agent, stored: Stored
) -> None:
    ada.opens("", "press Enter")
    assert ada.submits(customer="amir@example.com", message=TEXT)["result"] == "closed"
    assert stored()[0].identity.value == "amir@example.com"


@pytest.mark.parametrize(
    ("customer", "field", "sentence"),
    [
        ("nobody@example.com", "customer", NOT_FOUND),
        ("olga@example.com", "open_conversation", "A conversation with this customer is open"),
        ("nils@example.com", "customer", "This contact has no web messaging conversation"),
    ],
)
def test_a_known_refusal_stands_under_its_field_and_is_checked_again(
    customer: str,
    field: str,
    sentence: str,
    bot: Bot,
    ada: Agent,
    local: Local,
    jobs: list[Job],
    stored: Stored,
) -> None:
    ada.opens(f"{customer} {TEXT}", sentence)
    before = len(local.calls("genesys", "/api/"))
    done = ada.submits()
    assert done["result"] == "errors"
    assert [name.partition(":")[0] for name in done["errors"]] == [field]
    assert next(iter(done["errors"].values())).startswith(sentence)
    bot.finish()
    assert len(local.calls("genesys", "/api/")) > before
    assert not stored()
    assert not jobs


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        (
            {"customer": "nobody"},
            {
                "customer": "This is neither an e-mail address nor a phone number. "
                "Type one such as jane@example.com or +44 20 7946 0018."
            },
        ),
        ({"message": " \u200b "}, {"message": "Type the message for the customer."}),
        (
            {"message": "x" * 2_001},
            {
                "message": "The message has 2,001 characters and web messaging takes 2,000: "
                "shorten it by 1."
            },
        ),
        (
            {"send_at": 1_000_000_000},
            {"send_at": "This time is over. Choose a later one, or none to send at once."},
        ),
        (
            {"customer": "...", "message": " \u200b ", "send_before": 1_000_000_000},
            {
                "customer": "Type the customer's e-mail address or phone number.",
                "message": "Type the message for the customer.",
                "send_before": "By then it could not have been sent. Choose a later time, or none.",
            },
        ),
    ],
)
def test_everything_that_is_wrong_is_said_at_once(
    typed: dict[str, Any], errors: dict[str, str], bot: Bot, ada: Agent, stored: Stored
) -> None:
    ada.opens(f"jane@example.com {TEXT}")
    done = ada.submits(**typed)
    assert (done["result"], done["errors"]) == ("errors", errors)
    assert not stored()


def test_a_wrong_message_does_not_look_the_customer_up_again(
    bot: Bot, ada: Agent, local: Local
) -> None:
    ada.opens("jane@example.com")
    before = lookups(local)
    ada.submits(message="x" * 2_001)
    bot.finish()
    assert lookups(local) == before


def test_a_form_that_is_delivered_again_is_the_same_request(
    bot: Bot, ada: Agent, local: Local, jobs: list[Job], stored: Stored
) -> None:
    ada.opens(f"jane@example.com {TEXT}")
    ada.submits()
    sent_at = int(time.time())
    wait_until(lambda: int(time.time()) > sent_at)  # the same second has the same signature
    [ack] = local.ask("POST", "/control/slack/redeliver", which="last")["acks"]
    assert (ack["status"], ack["body"]) == (200, "")
    assert len(stored()) == 1
    assert len(jobs) == 2


def test_a_form_that_was_sent_with_another_text_is_refused(
    bot: Bot,
    ada: Agent,
    jobs: list[Job],
    requests_store: RequestStore,
    a_request: Callable[..., Request],
) -> None:
    view = ada.opens(f"jane@example.com {TEXT}")
    requests_store.add(a_request(request_id=view["id"], text="Another text"), [])
    done = ada.submits()
    assert done["errors"] == {
        "message": "This form was sent before with another text, and that one is on its way. "
        "Close this form and open a new one for another message."
    }
    assert not jobs


def test_a_database_that_takes_nothing_keeps_the_form_open(
    bot: Bot, ada: Agent, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    ada.opens(f"jane@example.com {TEXT}")
    with database.transaction() as connection:
        connection.execute(sa.text("ALTER TABLE requests RENAME TO elsewhere"))
    done = ada.submits()
    assert done["errors"] == {
        "message": "The bot's database did not take this just now. Nothing was sent: "
        "wait a moment and press Send again."
    }
    assert "cannot store a request (OperationalError)" in caplog.text
    assert TEXT not in caplog.text

"""The form opens at once, shows who the customer is, and turns Send into one stored request."""

import json
import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from bot.cards.client import SlackClient
from bot.job import Job, deliver, publish
from bot.request import Request
from bot.rules.lookup import Lookup
from bot.slack import retry as slack_retry
from bot.state import State
from bot.storage.database import Database
from bot.storage.requests import RequestStore
from genesys import GenesysCloud, Identity, IdentityKind
from tests.conftest import wait_until

from ...conftest import Local
from ..conftest import Agent, Bot, words

TEXT = "Your order is ready"
LOOKING_UP = "Looking them up…"
NOT_FOUND = "No contact has this"
REFERENCE = "tell your admin this reference: "
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
        ("", "Enter an email or phone number to find the customer."),
        (TEXT, "Enter an email or phone number to find the customer."),
        ("jane@example", "isn't a complete email address"),
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
    told = ada.reads("The form took too long to open. Nothing was sent. Try again.")
    assert told["ephemeral"]
    assert f"jane@example.com {TEXT}" in words(told["blocks"])
    bot.finish()
    assert not lookups(local)
    assert not notes(local)


UNKNOWN = "Slack didn't say whether the form opened. Nothing was sent. If a form is open, press"
EXPIRED = {
    "error": "invalid_arguments",
    "response_metadata": {"messages": ["[ERROR] `trigger_id` expired [json-pointer:/trigger_id]"]},
}


def refused(**answer: Any) -> dict[str, Any]:
    """Order an answer of Slack's usual kind, with ``ok`` false."""
    return {"kind": "status", "status": 400, "body": {"ok": False, **answer}}


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (refused(**EXPIRED), "The form took too long to open."),
        (refused(error="fatal_error"), UNKNOWN),
        (refused(error="ratelimited"), "Slack couldn't open the form."),
        (refused(error="view_too_large"), REFERENCE),
        (refused(error="something_new"), REFERENCE),
        ({"kind": "status", "status": 503}, UNKNOWN),
        ({"kind": "status", "status": 429}, "Slack couldn't open the form."),
        ({"kind": "cut_before"}, UNKNOWN),
        ({"kind": "cut_after"}, UNKNOWN),
    ],
)
def test_whatever_keeps_the_form_from_opening_the_text_is_given_back(
    fault: dict[str, Any], sentence: str, bot: Bot, ada: Agent, local: Local
) -> None:
    local.order("slack", "views.open", times=1, **fault)
    ada.types(f"jane@example.com {TEXT}")
    told = ada.reads(sentence)
    assert told["ephemeral"]
    assert f"jane@example.com {TEXT}" in words(told["blocks"])


@pytest.mark.parametrize("status", [404, 429, 503])
def test_a_text_is_given_back_even_if_the_response_url_fails_as_well(
    status: int, bot: Bot, ada: Agent, local: Local
) -> None:
    """By the same way a moment later, or in a direct message if that way is closed."""
    for where in ("views.open", "response_url"):
        local.order("slack", where, "status", status=status, times=1)
    ada.types(f"jane@example.com {TEXT}")
    reader = Agent(local, channel="D0ADA") if status == 404 else ada
    sentence = "Slack couldn't open the form." if status == 429 else UNKNOWN
    assert TEXT in words(reader.reads(sentence)["blocks"])


@pytest.mark.parametrize("status", [429, 503])
def test_a_text_is_given_back_even_if_the_direct_message_fails_at_first(
    status: int, bot: Bot, ada: Agent, local: Local
) -> None:
    for where in ("views.open", "response_url"):
        local.order("slack", where, "status", status=404, times=1)
    local.order("slack", "chat.postMessage", "status", status=status, retry_after=0, times=2)
    ada.types(f"jane@example.com {TEXT}")
    assert TEXT in words(Agent(local, channel="D0ADA").reads(UNKNOWN)["blocks"])


def test_a_text_that_the_form_cannot_hold_is_given_back_in_full(bot: Bot, ada: Agent) -> None:
    text = "x" * 3_600 + " END"
    ada.opens(f"jane@example.com {text}", "over the 2,000 limit")
    told = ada.reads("Your text is too long for the form")
    assert told["ephemeral"]
    assert "jane@example.com x" in words(told["blocks"])
    assert "x END" in words(told["blocks"])


def test_a_text_that_just_fits_is_not_given_back(bot: Bot, ada: Agent, local: Local) -> None:
    ada.opens("jane@example.com " + "x" * 3_000, "over the 2,000 limit")
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
    ada.sees("That isn't an email or phone number.")
    bot.finish()
    assert lookups(local) == before


def test_the_contacts_to_choose_from_stay_in_view_after_the_choice(bot: Bot, ada: Agent) -> None:
    view = ada.opens("pat@example.com", "2 contacts share this email address")
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


@pytest.mark.parametrize(
    ("fault", "times"), [({"status": 503}, 4), ({"status": 429, "retry_after": 1}, 2)]
)
def test_a_late_update_never_shows_a_customer_who_was_changed_in_another_process(
    fault: dict[str, int],
    times: int,
    bot: Bot,
    ada: Agent,
    local: Local,
    cloud: GenesysCloud,
    requests_store: RequestStore,
    slack: SlackClient,
    database: Database,
) -> None:
    ada.opens("jane@example.com")
    before = len(local.calls("slack", "views.update"))
    local.order("slack", "views.update", "status", times=times, **fault)
    ada.changes("customer", "amir@example.com")
    wait_until(lambda: len(local.calls("slack", "views.update")) == before + times)
    other = Bot(local, cloud, requests_store, slack, database)
    other.start()
    try:
        local.ask("POST", "/control/slack/settings", events_url=other.url)
        change_customer(ada, "nils@example.com", LONG)
        ada.sees("No web chat in the last 90 days")
        bot.finish()  # the first process has tried again
        other.finish()
    finally:
        other.stop()
    assert "No web chat in the last 90 days" in words(ada.view())
    assert still_typed(ada) == LONG
    assert not local.messages()


def test_a_change_made_while_an_update_was_under_way_is_shown(
    bot: Bot, ada: Agent, local: Local
) -> None:
    """It comes with the version before that update."""
    ada.opens("jane@example.com")
    ada.changes("customer", "amir@example.com")
    ada.sees("Amir Haddad")

    def change(sent: dict[str, Any]) -> None:
        sent["view"]["state"]["values"]["customer"]["customer"]["value"] = "nils@example.com"

    deliver_again(local, -1, change)
    ada.sees("No web chat in the last 90 days")


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


def change_customer(ada: Agent, customer: str, typed: str) -> None:
    """Change the customer and press Enter, with something else typed in the message field."""
    view = ada.view()
    assert view is not None
    element = {"type": "plain_text_input", "value": customer}
    message = {"message": {"type": "plain_text_input", "value": typed}}
    act = {"view_id": view["id"], "block_id": "customer", "action_id": "customer"}
    ada.local.ask(
        "POST",
        "/people/actions",
        user=ada.user,
        element=element,
        values={"message": message},
        **act,
    )


def still_typed(ada: Agent) -> str:
    """Return what the form's message field has, if it's still the form."""
    view = ada.view()
    assert view is not None
    assert view["callback_id"] == "compose"
    return str(view["state"]["values"]["message"]["message"]["value"])


LONG = "A long message that took ten minutes."


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 429, "retry_after": 0},
        {"kind": "status", "status": 503},
        refused(error="fatal_error"),
        {"kind": "cut_before"},
        {"kind": "cut_after"},
    ],
)
@pytest.mark.parametrize("times", [1, 3])
def test_a_failed_update_leaves_the_form_alone_and_the_evidence_still_arrives(
    times: int, fault: dict[str, Any], bot: Bot, ada: Agent, local: Local
) -> None:
    ada.opens("jane@example.com")
    local.order("slack", "views.update", times=times, **fault)
    change_customer(ada, "amir@example.com", LONG)
    ada.sees("Amir Haddad")
    assert still_typed(ada) == LONG
    assert not local.messages()


@pytest.mark.parametrize("typed", ["amir@example.com", "nobody"])
def test_if_slack_takes_no_update_for_long_the_agent_is_told_and_keeps_the_form(
    typed: str, bot: Bot, ada: Agent, local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slack_retry, "GIVE_UP_SECONDS", 0.5)
    ada.opens("jane@example.com")
    local.order("slack", "views.update", "status", status=503, times=None)
    change_customer(ada, typed, LONG)
    assert ada.reads("I couldn't show the customer in your form.")["ephemeral"]
    assert still_typed(ada) == LONG


def test_an_update_that_slack_refuses_for_good_is_told_in_the_form_with_a_reference(
    bot: Bot, ada: Agent, local: Local
) -> None:
    ada.opens("jane@example.com")
    local.order("slack", "views.update", "latency", seconds=0.0, times=1)
    local.order("slack", "views.update", times=1, **refused(error="invalid_arguments"))
    change_customer(ada, "amir@example.com", LONG)
    ada.sees(REFERENCE)
    assert still_typed(ada) == LONG
    assert not local.messages()


def test_if_slack_refuses_every_update_the_reference_is_told_where_the_agent_was(
    bot: Bot, ada: Agent, local: Local
) -> None:
    ada.opens("jane@example.com")
    fault = refused(error="invalid_arguments")
    local.order("slack", "views.update", times=None, **fault)
    change_customer(ada, "amir@example.com", LONG)
    assert ada.reads(REFERENCE)["ephemeral"]
    assert still_typed(ada) == LONG


@pytest.mark.parametrize("is_opening", [True, False])
def test_an_error_that_nobody_foresaw_leaves_the_form_and_is_told_in_it(
    is_opening: bool, bot: Bot, ada: Agent, local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("jane@example.com")

    if is_opening:
        monkeypatch.setattr(Lookup, "check", broken)
        ada.opens(f"jane@example.com {LONG}", REFERENCE)
    else:
        ada.opens("jane@example.com")
        monkeypatch.setattr(Lookup, "check", broken)
        change_customer(ada, "amir@example.com", LONG)
        ada.sees(REFERENCE)
    assert still_typed(ada) == LONG
    assert not local.messages()


def test_an_error_in_an_outdated_look_up_does_not_keep_the_evidence_from_the_next(
    bot: Bot, ada: Agent, local: Local, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada.opens("jane@example.com")
    check, is_changed = Lookup.check, threading.Event()

    def fail_late(lookup: Lookup, identity: Identity, *more: Any) -> Any:
        if identity.value != "amir@example.com":
            return check(lookup, identity, *more)
        assert is_changed.wait(10)
        raise ValueError("jane@example.com")

    monkeypatch.setattr(Lookup, "check", fail_late)
    local.order("genesys", "*identifierlookup*", "latency", seconds=0.5, times=1)
    ada.changes("customer", "amir@example.com")
    ada.sees(LOOKING_UP)
    ada.changes("customer", "nils@example.com")
    is_changed.set()
    ada.sees("No web chat in the last 90 days")
    bot.finish()
    assert REFERENCE not in words(ada.view())


# What comes back with a form


def deliver_again(local: Local, which: int, change: Callable[[dict[str, Any]], None]) -> Any:
    """Deliver an earlier interaction again, changed and with a right signature."""
    sent = json.loads(json.dumps(local.sandbox.local_slack._state.deliveries.find(which).payload))
    change(sent)
    answer = local.ask("POST", "/control/slack/deliver", kind="interactive", body=sent)
    return json.loads(answer["body"] or "{}")


def other_channel(sent: dict[str, Any]) -> None:
    view = sent["view"]
    place = json.loads(view["private_metadata"])
    view["private_metadata"] = json.dumps(["C0GENERAL", *place[1:]])


def other_response_url(sent: dict[str, Any]) -> None:
    view = sent["view"]
    channel, thread_ts, _, *rest = json.loads(view["private_metadata"])
    foreign = "https://evil.example/commands/1"
    view["private_metadata"] = json.dumps([channel, thread_ts, foreign, *rest])


def unsigned(sent: dict[str, Any]) -> None:
    view = sent["view"]
    view["private_metadata"] = json.dumps(json.loads(view["private_metadata"])[:3])


def other_person(sent: dict[str, Any]) -> None:
    sent["user"]["id"] = "U0GUS"


def other_view(sent: dict[str, Any]) -> None:
    sent["view"]["id"] = "V0OTHER"


def nonsense(sent: dict[str, Any]) -> None:
    sent["view"]["private_metadata"] = "{}"


def nested(sent: dict[str, Any]) -> None:
    sent["view"]["private_metadata"] = "[" * 1_500 + "]" * 1_500


def nothing(sent: dict[str, Any]) -> None:
    sent["view"]["private_metadata"] = ""


FORGERIES = [
    *(other_channel, other_response_url, unsigned, other_person, other_view),
    *(nonsense, nested, nothing),
]


@pytest.mark.parametrize("forge", FORGERIES)
def test_a_form_counts_only_where_the_bot_opened_it_and_for_whom(
    forge: Callable[[dict[str, Any]], None],
    bot: Bot,
    ada: Agent,
    local: Local,
    stored: Stored,
    caplog: pytest.LogCaptureFixture,
) -> None:
    ada.opens(f"jane@example.com {TEXT}")
    ada.submits(message="x" * 2_001)  # stays open
    answer = deliver_again(local, -1, lambda sent: _submit(sent, forge))
    assert answer["response_action"] == "errors"
    assert answer["errors"]["message"].startswith("I can't verify this form")
    assert "Copy your text" in answer["errors"]["message"]
    assert not stored()
    assert "the private metadata of a form isn't what the bot wrote" in caplog.text


def _submit(sent: dict[str, Any], forge: Callable[[dict[str, Any]], None]) -> None:
    sent["view"]["state"]["values"]["message"]["message"]["value"] = TEXT
    forge(sent)


def test_a_change_in_a_foreign_form_is_answered_and_looks_nobody_up(
    bot: Bot, ada: Agent, local: Local
) -> None:
    ada.opens("jane@example.com")
    ada.changes("customer", "amir@example.com")
    ada.sees("Amir Haddad")
    before = lookups(local), len(views(local, "views.update"))
    deliver_again(local, -1, other_channel)
    Agent(local, channel="D0ADA").reads("I can't verify this form")
    assert (lookups(local), len(views(local, "views.update"))) == before


def test_a_form_counts_before_its_first_update_too(
    bot: Bot, ada: Agent, local: Local, stored: Stored
) -> None:
    """Slack names the view only in its answer, which may be lost."""
    local.order("slack", "views.open", "cut_after", times=1)
    ada.opens("", "Enter an email")
    assert ada.submits(customer="jane@example.com", message=TEXT)["result"] == "closed"
    assert [request.place.channel_id for request in stored()] == ["C0SUPPORT"]


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
    assert (request.agent_id, request.agent_name) == ("U0ADA", "Ada Nowak")
    assert request.identity == Identity(IdentityKind.EMAIL, "jane@example.com")
    assert request.text == "Hello Jane"
    assert (request.chosen_contact_id, request.into_open_conversation) == ("", False)
    assert request.send_at == datetime.fromtimestamp(soon, UTC)
    assert request.send_before == datetime.fromtimestamp(soon + 60, UTC)
    assert before <= request.created_at <= datetime.now(UTC)
    assert request.state is State.CHECKING
    assert jobs == [publish(view["id"]), deliver(view["id"])]


def test_the_choices_are_part_of_the_request(bot: Bot, ada: Agent, stored: Stored) -> None:
    ada.opens(f"olga@example.com {TEXT}", "They're in a live conversation")
    ada.submits(open_conversation="write")
    assert stored()[0].into_open_conversation
    view = ada.opens(f"pat@example.com {TEXT}", "contacts share this email address")
    radio = next(b for b in view["blocks"] if b["block_id"].startswith("candidate"))
    contact_id = radio["element"]["options"][1]["value"]
    ada.submits(candidate=contact_id)
    assert {request.chosen_contact_id for request in stored()} == {"", contact_id}


def test_a_customer_who_was_not_looked_up_yet_can_be_sent_to(
    bot: Bot, ada: Agent, stored: Stored
) -> None:
    ada.opens("", "Enter an email")
    assert ada.submits(customer="amir@example.com", message=TEXT)["result"] == "closed"
    assert stored()[0].identity.value == "amir@example.com"


@pytest.mark.parametrize(
    ("customer", "field", "sentence"),
    [
        ("nobody@example.com", "customer", NOT_FOUND),
        ("olga@example.com", "open_conversation", "They're in a live conversation"),
        ("nils@example.com", "customer", "No web chat in the last 90 days"),
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
    assert list(done["errors"].values()) == ["Not sent. The ✗ says why."]  # only once
    assert words(ada.view()).count(sentence) == 1
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
                "customer": "That isn't an email or phone number. Try one like jane@example.com "
                "or +44 20 7946 0018."
            },
        ),
        ({"message": " \u200b "}, {"message": "Type a message."}),
        (
            {"message": "x" * 2_001},
            {
                "message": "1 character over the 2,000 limit.",
            },
        ),
        (
            {"send_at": 1_000_000_000},
            {"send_at": "That time has passed. Pick a later one or clear it."},
        ),
        (
            {"customer": "...", "message": " \u200b ", "send_before": 1_000_000_000},
            {
                "customer": "Enter an email or phone number.",
                "message": "Type a message.",
                "send_before": "That time has passed. Pick a later one or clear it.",
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
    before = len(local.calls("genesys", "/api/"))
    ada.submits(message="x" * 2_001)
    bot.finish()
    assert len(local.calls("genesys", "/api/")) == before


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
        "message": "You already sent this form with another text. For a new message, close it and "
        "open a new one."
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
        "message": "I couldn't save your message. Nothing was sent. "
        "Wait a moment and press Send again."
    }
    assert "can't store a request (OperationalError)" in caplog.text
    assert TEXT not in caplog.text

"""A draft reads what was typed; the times of a message are refused under their own fields."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.request import Place
from bot.rules.verdict import Finding, Level, Rule
from bot.slack.forms.form_errors import field_of, list_errors, place_errors
from bot.slack.forms.form_input import (
    LATEST,
    SEND_AT,
    SEND_BEFORE,
    Draft,
    check_times,
    make_draft,
    name_for,
    plan,
    read_form,
    read_place,
    write_context,
)

from ...conftest import JANE, NOW, PLACE

DRAFT = make_draft(PLACE, "jane@example.com", "Hello", None)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
GONE = "That time has passed. Pick a later one or clear it."
TOO_FAR = "Choose a time within the next 90 days."
TOO_EARLY = '"Don\'t send after" must be later than "Send later".'


@pytest.mark.parametrize(
    ("send_at", "send_before", "refusals"),
    [
        (None, None, {}),
        # Send later. The form may have been open for a while, so a minute ago still means now.
        (NOW, None, {}),
        (NOW - MINUTE, None, {}),
        (NOW - MINUTE - SECOND, None, {SEND_AT: GONE}),
        (NOW - 400 * 24 * HOUR, None, {SEND_AT: GONE}),
        (NOW + MINUTE, None, {}),
        (NOW + LATEST, None, {}),
        (NOW + LATEST + SECOND, None, {SEND_AT: TOO_FAR}),
        # Don't send after.
        (None, NOW + SECOND, {}),
        (None, NOW, {SEND_BEFORE: GONE}),
        (None, NOW - HOUR, {SEND_BEFORE: GONE}),
        (None, NOW + 2 * LATEST, {}),
        # Both.
        (NOW + HOUR, NOW + HOUR + SECOND, {}),
        (NOW + HOUR, NOW + HOUR, {SEND_BEFORE: TOO_EARLY}),
        (NOW + HOUR, NOW + MINUTE, {SEND_BEFORE: TOO_EARLY}),
        (NOW - MINUTE, NOW - SECOND, {SEND_BEFORE: GONE}),
        (NOW - MINUTE, NOW + SECOND, {}),
        (NOW - HOUR, NOW - HOUR, {SEND_AT: GONE, SEND_BEFORE: GONE}),
        (NOW + LATEST + HOUR, NOW + HOUR, {SEND_AT: TOO_FAR, SEND_BEFORE: TOO_EARLY}),
        (NOW + LATEST + HOUR, NOW + LATEST + 2 * HOUR, {SEND_AT: TOO_FAR}),
    ],
)
def test_times_are_refused_under_the_field_they_are_about(
    send_at: datetime | None, send_before: datetime | None, refusals: dict[str, str]
) -> None:
    errors = check_times(replace(DRAFT, send_at=send_at, send_before=send_before), NOW)
    assert errors == refusals


TIMES = st.none() | st.datetimes(
    (NOW - timedelta(days=100)).replace(tzinfo=None),
    (NOW + timedelta(days=100)).replace(tzinfo=None),
).map(lambda at: at.replace(tzinfo=NOW.tzinfo))


@given(send_at=TIMES, send_before=TIMES)
def test_accepted_times_leave_a_moment_to_send(
    send_at: datetime | None, send_before: datetime | None
) -> None:
    if check_times(replace(DRAFT, send_at=send_at, send_before=send_before), NOW):
        return
    begins = max(send_at or NOW, NOW)
    assert begins <= NOW + LATEST
    assert send_before is None or send_before > begins


@given(channel=st.text(), thread_ts=st.text(), response_url=st.text())
def test_the_place_comes_back_from_the_form(
    channel: str, thread_ts: str, response_url: str
) -> None:
    place = Place("T0TEAM", channel, thread_ts, response_url)
    assert read_place(write_context(make_draft(place, "", "", None)), "T0TEAM") == place


@pytest.mark.parametrize(
    "customer",
    [
        "jane@example.com",
        "<mailto:jane@example.com|Jane>",
        "<mailto:jane@example.com>",
        "jane@<http://example.com|example.com>",
    ],
)
def test_a_draft_keeps_the_customer_as_typed_and_reads_who_it_is(customer: str) -> None:
    assert make_draft(PLACE, customer, "Hello", None) == Draft(PLACE, customer, "Hello", JANE)


@pytest.mark.parametrize("customer", ["", "bob@example.com", "bob@"])
def test_a_draft_knows_the_address_that_is_left_in_its_message(customer: str) -> None:
    draft = make_draft(PLACE, customer, "Jane Doe jane@example.com Your order is ready", None)
    assert draft.stray_address == "jane@example.com"
    assert "jane@example.com" not in repr(replace(draft, problem=""))


def test_the_customer_s_own_address_may_be_in_the_message() -> None:
    draft = make_draft(PLACE, "jane@example.com", "We write to jane@example.com", None)
    assert draft.stray_address == ""


def test_a_draft_of_nobody_says_why() -> None:
    draft = make_draft(PLACE, "020 7946 0018", "Hello", None)
    assert draft.identity is None
    assert draft.problem.startswith("Start the number with + and the country code")
    assert make_draft(PLACE, "020 7946 0018", "Hello", "GB").problem == ""


def test_what_is_filled_in_belongs_to_one_contact_of_one_customer() -> None:
    jane = make_draft(PLACE, "jane@example.com", "Hello", None)
    bob = make_draft(PLACE, "bob@example.com", "Hello", None)
    chosen = replace(jane, chosen_contact_id="c" * 36)
    nobody = make_draft(PLACE, "", "Hello", None)
    assert len({jane.owner, bob.owner, chosen.owner, nobody.owner}) == 4
    assert jane.owner == make_draft(PLACE, "<jane@example.com>", "Bye", None).owner
    assert nobody.owner == ""
    assert "jane" not in jane.owner


def test_what_was_typed_is_in_no_repr() -> None:
    shown = repr(DRAFT)
    assert "jane@" not in shown
    assert "Hello" not in shown


def _form(**values: Any) -> dict[str, Any]:
    """Return a form as Slack delivers it; ``values`` by block id, with the action id in front."""
    state = {block: {action: value} for block, (action, value) in values.items()}
    metadata = '["C0SUPPORT", "1.0", "https://hooks.slack.com/x"]'
    return {"private_metadata": metadata, "state": {"values": state}}


def test_a_delivered_form_is_read() -> None:
    own = {
        name_for("candidate", JANE): ("candidate", {"selected_option": {"value": "c1"}}),
        name_for("open_conversation", JANE): (
            "open_conversation",
            {"selected_option": {"value": "write"}},
        ),
    }
    form = _form(
        customer=("customer", {"value": "jane@example.com"}),
        message=("message", {"value": "He\x00llo"}),
        send_at=("send_at", {"selected_date_time": 1_800_000_000}),
        send_before=("send_before", {"selected_date_time": 1_800_000_060}),
        **own,
    )
    assert read_form(form, "T0TEAM", None) == Draft(
        place=Place("T0TEAM", "C0SUPPORT", "1.0", "https://hooks.slack.com/x"),
        customer="jane@example.com",
        message="Hello",
        identity=JANE,
        chosen_contact_id="c1",
        into_open=True,
        send_at=datetime.fromtimestamp(1_800_000_000, UTC),
        send_before=datetime.fromtimestamp(1_800_000_060, UTC),
    )


def test_an_untouched_form_is_an_empty_draft() -> None:
    form = _form(
        customer=("customer", {"value": None}),
        message=("message", {"value": None}),
        send_at=("send_at", {"selected_date_time": None}),
    )
    draft = read_form(form, "T0TEAM", None)
    assert (draft.customer, draft.message, draft.identity) == ("", "", None)
    assert (draft.send_at, draft.send_before) == (None, None)


def test_a_choice_that_was_not_made_is_none() -> None:
    own = {name_for("candidate", JANE): ("candidate", {"selected_option": None})}
    form = _form(customer=("customer", {"value": "jane@example.com"}), **own)
    draft = read_form(form, "T0TEAM", None)
    assert (draft.chosen_contact_id, draft.into_open) == ("", False)


@pytest.mark.parametrize(
    ("rule", "shown", "field"),
    [
        (Rule.CONTACT, ("candidate",), "candidate"),
        (Rule.CONTACT, ("open_conversation",), "customer"),
        (Rule.CONVERSATION, ("open_conversation",), "open_conversation"),
        (Rule.CONVERSATION, ("candidate",), "customer"),
        (Rule.HISTORY, ("candidate", "open_conversation"), "customer"),
        (Rule.GENESYS, (), "customer"),
    ],
)
def test_a_finding_belongs_to_the_customers_own_field_if_it_is_shown(
    rule: Rule, shown: tuple[str, ...], field: str
) -> None:
    fields = {"customer", *(name_for(name, JANE) for name in shown)}
    wanted = field if field == "customer" else name_for(field, JANE)
    assert field_of(Finding(rule, Level.BLOCK, "x"), DRAFT, fields) == wanted
    nobody = replace(DRAFT, identity=None)
    assert field_of(Finding(rule, Level.BLOCK, "x"), nobody, fields) == "customer"


def test_a_customers_own_field_is_named_without_the_address() -> None:
    assert name_for("candidate", JANE) == "candidate:8c87b489ce35cf2e"


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        *((rule, "message") for rule in (Rule.SAME_TEXT, Rule.SECRETS, Rule.LENGTH, Rule.LINKS)),
        (Rule.QUIET_HOURS, "send_at:1800000000"),
        *((rule, "customer") for rule in (Rule.OPT_OUT, Rule.CUSTOMER_LIMIT, Rule.AGENT_LIMIT)),
    ],
)
def test_a_finding_of_our_own_rules_stands_under_the_field_that_is_shown(
    rule: Rule, field: str
) -> None:
    draft = plan(DRAFT, datetime.fromtimestamp(1_800_000_000, UTC))
    fields = {"customer", "message", draft.send_at_block}
    assert field_of(Finding(rule, Level.BLOCK, "x"), draft, fields) == field


def test_findings_of_one_field_are_said_together_and_each_once() -> None:
    view = {"blocks": [{"block_id": "customer"}, {"block_id": "message"}]}
    findings = [
        Finding(Rule.CUSTOMER_LIMIT, Level.BLOCK, "Too many."),
        Finding(Rule.SECRETS, Level.BLOCK, "A token\u202e."),
        Finding(Rule.AGENT_LIMIT, Level.BLOCK, "Wait."),
        Finding(Rule.AGENT_LIMIT, Level.BLOCK, "Wait."),
    ]
    errors = {"customer": "Too many. Wait.", "message": "A token."}
    assert list_errors(findings, DRAFT, view) == errors


def test_a_wrong_time_is_refused_under_the_field_that_the_bot_has_set() -> None:
    draft = plan(DRAFT, NOW - HOUR)
    assert check_times(draft, NOW) == {draft.send_at_block: GONE}


@pytest.mark.parametrize(
    ("wanted", "placed"),
    [
        ("message", "message:1a2b"),
        ("message:9z", "message:1a2b"),
        ("template", "customer"),
        ("customer", "customer"),
        ("send_before", "customer"),
    ],
)
def test_an_error_of_a_field_that_is_not_there_is_shown_at_another(
    wanted: str, placed: str
) -> None:
    blocks = [
        {"type": "input", "block_id": "customer"},
        {"type": "rich_text", "block_id": "send_before"},
        {"type": "input", "block_id": "message:1a2b"},
    ]
    assert place_errors({wanted: "Wrong."}, {"blocks": blocks}) == {placed: "Wrong."}


def test_errors_of_two_fields_that_are_not_there_are_both_told() -> None:
    view = {"blocks": [{"type": "input", "block_id": "customer"}]}
    assert place_errors({"a": "One.", "b": "Two."}, view) == {"customer": "One. Two."}

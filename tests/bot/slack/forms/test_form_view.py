"""Ids survive updates of the form, choices belong to one customer, and hostile text is literal."""

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.request import Place
from bot.rules.verdict import Finding, Level, Rule, Verdict
from bot.slack.forms.evidence_view import (
    EVIDENCE,
    OFFERS,
    OPT_OUT,
    SEND_THEN,
    Note,
    Review,
    read_opt_out,
)
from bot.slack.forms.form_errors import field_of
from bot.slack.forms.form_input import (
    CANDIDATE,
    CUSTOMER,
    LEAVE,
    MESSAGE,
    OPEN,
    SEND_AT,
    SEND_BEFORE,
    WHEN_ENDED,
    WRITE_INTO,
    Draft,
    make_draft,
    plan,
    read_form,
)
from bot.slack.forms.form_view import ASK_FOR_CUSTOMER, LOOKING_UP, build_form
from bot.state import State
from bot.storage.facts import Earlier
from bot.text import sendable
from genesys import Conversation, Customer, Identity, IdentityKind, NoContact, Several
from sandbox.local_slack.views import check_view

from ...conftest import JANE, NOW, PLACE

View = dict[str, Any]
BOB = Identity(IdentityKind.EMAIL, "bob@example.com")
HOSTILE = "<!channel> @here <@U0ADA> *b* _i_ `c` <https://evil.example|ok> &amp; \u202e 𝔘 </script>"
STOP = Finding(Rule.CONTACT, Level.BLOCK, "Stop here.")
LATER = NOW + timedelta(hours=3)


def _draft(customer: str = "jane@example.com", message: str = "Hello", **more: Any) -> Draft:
    return replace(make_draft(PLACE, customer, message, None), **more)


def _verdict(found: Any, *findings: Finding, identity: Identity = JANE) -> Verdict:
    return Verdict(identity, found, findings)


def _deliver(view: View, **values: dict[str, Any]) -> View:
    """Give a view as Slack delivers it back: with what its inputs hold.

    `values` overrides by block id up to the colon, such as ``open_conversation={...}``.
    """
    state: dict[str, dict[str, Any]] = {}
    for block in view["blocks"]:
        if block["type"] != "input":
            continue
        element = block["element"]
        held: dict[str, Any] = {"type": element["type"]}
        if element["type"] == "plain_text_input":
            held["value"] = element.get("initial_value")
        elif element["type"] == "datetimepicker":
            held["selected_date_time"] = element.get("initial_date_time")
        else:
            held["selected_option"] = element.get("initial_option")
        held |= values.get(block["block_id"].partition(":")[0], {})
        state[block["block_id"]] = {element["action_id"]: held}
    return {**copy.deepcopy(view), "id": "V1", "state": {"values": state}}


def _read(view: View) -> Draft:
    return read_form(view, PLACE.team_id, None)


def _ids(view: View) -> dict[str, str | None]:
    return {b["block_id"]: b.get("element", {}).get("action_id") for b in view["blocks"]}


@pytest.fixture
def open_one(
    a_customer: Callable[..., Customer], a_conversation: Callable[..., Conversation]
) -> Callable[..., Customer]:
    def build(identity: Identity = JANE, name: str = "Jane Doe") -> Customer:
        return a_customer(a_conversation(is_open=True), identity=identity, name=name)

    return build


def test_ids_stay_the_same_from_opening_to_verdict(a_customer: Callable[..., Customer]) -> None:
    shown: list[Note | Verdict] = [
        ASK_FOR_CUSTOMER,
        LOOKING_UP,
        Note("Something else"),
        _verdict(a_customer()),
        _verdict(NoContact(JANE), STOP),
        _verdict(None, STOP),
    ]
    views = [build_form(_draft(), one) for one in shown]
    views += [build_form(_draft(customer, "other"), LOOKING_UP) for customer in ("", "x", "b@c.d")]
    views.append(build_form(_draft(send_at=LATER, send_before=LATER), LOOKING_UP))
    ids = {CUSTOMER: CUSTOMER, EVIDENCE: None, MESSAGE: MESSAGE}
    ids |= {SEND_AT: SEND_AT, SEND_BEFORE: SEND_BEFORE}
    assert [_ids(view) for view in views] == [ids] * len(views)
    assert {view["callback_id"] for view in views} == {"compose"}


def test_a_customers_own_fields_keep_their_ids_when_the_verdict_changes(
    open_one: Callable[..., Customer], several: Callable[..., Several]
) -> None:
    candidates = several()
    asked = build_form(_draft(), _verdict(candidates, STOP))
    chosen = _draft(chosen_contact_id=candidates.candidates[0].contact_id)
    updates = [build_form(chosen, one, candidates) for one in (LOOKING_UP, _verdict(None, STOP))]
    assert all(_ids(update) == _ids(asked) for update in updates)
    undecided = build_form(_draft(), _verdict(open_one()))
    decided = build_form(_draft(into_open=True), _verdict(open_one()))
    assert _ids(undecided) == _ids(decided)


def test_another_customers_fields_have_other_ids_that_hide_the_address(
    open_one: Callable[..., Customer], several: Callable[..., Several]
) -> None:
    ids = [
        set(_ids(build_form(_draft(identity.value), _verdict(found, identity=identity))))
        - {CUSTOMER, EVIDENCE, MESSAGE, SEND_AT, SEND_BEFORE}
        for identity in (JANE, BOB)
        for found in (several(identity=identity), open_one(identity))
    ]
    own = set().union(*ids)
    assert len(own) == len(ids) == 4
    assert not [name for name in own if "jane" in name or "bob" in name or "@" in name]
    assert max(map(len, own)) <= 255


def test_a_contact_chosen_for_one_customer_does_not_count_for_another(
    several: Callable[..., Several],
) -> None:
    candidates = several()
    picked = {"selected_option": {"value": candidates.candidates[1].contact_id}}
    view = build_form(_draft(), _verdict(candidates, STOP))
    assert _read(_deliver(view, candidate=picked)).chosen_contact_id == picked[
        "selected_option"
    ].get("value")
    changed = _deliver(view, candidate=picked, customer={"value": "bob@example.com"})
    assert _read(changed).identity == BOB
    assert _read(changed).chosen_contact_id == ""


def test_permission_to_write_into_a_conversation_does_not_count_for_another_customer(
    open_one: Callable[..., Customer],
) -> None:
    view = build_form(_draft(), _verdict(open_one()))
    write = {"selected_option": {"value": WRITE_INTO}}
    assert _read(_deliver(view, open_conversation=write)).into_open
    changed = _deliver(view, open_conversation=write, customer={"value": "bob@example.com"})
    assert not _read(changed).into_open
    unreadable = _deliver(view, open_conversation=write, customer={"value": "nobody"})
    assert not _read(unreadable).into_open


@pytest.mark.parametrize(
    ("value", "into_open"),
    [({"value": LEAVE}, False), ({"value": WRITE_INTO}, True), (None, False)],
)
def test_writing_into_an_open_conversation_must_be_chosen(
    value: dict[str, str] | None, into_open: bool, open_one: Callable[..., Customer]
) -> None:
    view = build_form(_draft(), _verdict(open_one()))
    delivered = _deliver(view, open_conversation={"selected_option": value})
    assert _read(delivered).into_open is into_open


@pytest.mark.parametrize("value", [WRITE_INTO, WHEN_ENDED])
def test_what_was_chosen_about_an_open_conversation_counts_while_they_are_looked_up(
    value: str, open_one: Callable[..., Customer]
) -> None:
    view = build_form(_draft(), _verdict(open_one()))
    chosen = _read(_deliver(view, open_conversation={"selected_option": {"value": value}}))
    meanwhile = _read(_deliver(build_form(chosen, LOOKING_UP)))
    assert (meanwhile.into_open, meanwhile.when_ended) == (chosen.into_open, chosen.when_ended)
    assert meanwhile.into_open or meanwhile.when_ended


def test_leaving_an_open_conversation_alone_is_the_default(
    open_one: Callable[..., Customer],
) -> None:
    view = build_form(_draft(), _verdict(open_one()))
    radio = next(b["element"] for b in view["blocks"] if b["block_id"].startswith(OPEN))
    assert radio["initial_option"]["value"] == LEAVE


@settings(max_examples=50)
@given(
    customer=st.sampled_from(["", "jane@example.com", "+44 20 7946 0018", "not one"])
    | st.text(st.characters(), max_size=320),
    message=st.text(st.characters(), max_size=300),
    thread_ts=st.sampled_from(["", "1790000000.000100"]),
)
def test_what_was_typed_comes_back_as_it_was(customer: str, message: str, thread_ts: str) -> None:
    place = Place("T0TEAM", "C0SUPPORT", thread_ts, "https://hooks.slack.com/commands/T/1/x")
    draft = make_draft(place, customer, sendable(message), None)
    assert read_form(_deliver(build_form(draft)), "T0TEAM", None) == draft


def test_choices_come_back_as_they_were(
    open_one: Callable[..., Customer], several: Callable[..., Several]
) -> None:
    candidates = several()
    draft = _draft(chosen_contact_id=candidates.candidates[1].contact_id, into_open=True)
    view = build_form(draft, _verdict(open_one()), candidates)
    assert _read(_deliver(view)) == draft


@pytest.mark.parametrize("send_before", [None, LATER + timedelta(minutes=1)])
@pytest.mark.parametrize("send_at", [None, LATER])
def test_planned_times_come_back_as_they_were(
    send_at: datetime | None, send_before: datetime | None
) -> None:
    draft = _draft(send_at=send_at, send_before=send_before)
    assert _read(_deliver(build_form(draft))) == draft
    planned = _draft("nobody", send_at=send_at, send_before=send_before)
    read = _read(_deliver(build_form(planned)))
    assert (read.send_at, read.send_before) == (send_at, send_before)  # without a customer, too


def test_a_picked_time_is_read_in_utc_and_a_cleared_one_is_none() -> None:
    view = build_form(_draft(send_before=LATER))
    picked = {"selected_date_time": int(LATER.timestamp())}
    read = _read(_deliver(view, send_at=picked, send_before={"selected_date_time": None}))
    assert (read.send_at, read.send_before) == (LATER, None)
    assert read.send_at is not None and read.send_at.utcoffset() == timedelta(0)


def test_times_are_optional_and_say_what_empty_means() -> None:
    blocks = {block["block_id"]: block for block in build_form(_draft())["blocks"]}
    for name in (SEND_AT, SEND_BEFORE):
        assert blocks[name]["optional"] is True
        assert "initial_date_time" not in blocks[name]["element"]
        assert blocks[name]["hint"]["text"].startswith(("Leave empty", "If it can't go out"))


def test_what_is_wrong_with_a_time_stands_below_it_and_changes_no_id() -> None:
    draft = _draft(send_at=LATER)
    right = build_form(draft)
    for name in (SEND_AT, SEND_BEFORE):
        wrong = build_form(draft, wrong_times={name: "This time is over."})
        hints = {block["block_id"]: block.get("hint", {}).get("text") for block in wrong["blocks"]}
        assert hints[name] == "This time is over."
        assert list(hints.values()).count("This time is over.") == 1
        assert _ids(wrong) == _ids(right)


def test_a_form_of_an_older_release_without_times_can_be_sent() -> None:
    view = build_form(_draft())
    view["blocks"] = [
        one for one in view["blocks"] if one["block_id"] not in (SEND_AT, SEND_BEFORE)
    ]
    assert _read(_deliver(view)) == _draft()


def test_an_untouched_form_is_an_empty_draft_that_asks_for_a_customer() -> None:
    draft = _read(_deliver(build_form(_draft("", ""))))
    assert (draft.customer, draft.message, draft.identity) == ("", "", None)
    assert draft.problem == "Enter an email or phone number."


def test_control_characters_in_the_message_are_dropped() -> None:
    view = build_form(_draft())
    assert _read(_deliver(view, message={"value": "a\x00b\x1bc\nd"})).message == "abc\nd"


def test_a_paste_longer_than_web_messaging_takes_is_not_cut() -> None:
    message = "x" * 2_500
    assert _read(_deliver(build_form(_draft(message=message)))).message == message


@pytest.mark.parametrize(
    ("rule", "shown", "field"),
    [
        (Rule.CONTACT, "nobody", CUSTOMER),
        (Rule.CONTACT, "several", CANDIDATE),
        (Rule.HISTORY, "several", CUSTOMER),
        (Rule.HISTORY, "open", CUSTOMER),
        (Rule.DEPLOYMENT, "open", CUSTOMER),
        (Rule.GENESYS, "nobody", CUSTOMER),
        (Rule.CONVERSATION, "open", OPEN),
        (Rule.CONVERSATION, "nobody", CUSTOMER),  # opened since the form was drawn
    ],
)
def test_a_finding_stands_under_its_field(
    rule: Rule,
    shown: str,
    field: str,
    open_one: Callable[..., Customer],
    several: Callable[..., Several],
) -> None:
    found = {"nobody": NoContact(JANE), "several": several(), "open": open_one()}[shown]
    view = build_form(_draft(), _verdict(found, STOP))
    block_id = field_of(Finding(rule, Level.BLOCK, "x"), _draft(), _ids(view))
    assert block_id.partition(":")[0] == field
    assert block_id in _ids(view)


def test_a_finding_about_a_new_customer_never_stands_under_the_old_ones_field(
    open_one: Callable[..., Customer],
) -> None:
    view = build_form(_draft(), _verdict(open_one()))
    finding = Finding(Rule.CONVERSATION, Level.BLOCK, "x")
    assert field_of(finding, _draft("bob@example.com"), _ids(view)) == CUSTOMER


@pytest.mark.parametrize("customer", ["", "jane@example.com"])
def test_the_cursor_starts_where_something_is_missing(customer: str) -> None:
    blocks = {b["block_id"]: b for b in build_form(_draft(customer))["blocks"]}
    focused = [
        name for name, b in blocks.items() if b.get("element", {}).get("focus_on_load") is True
    ]
    assert focused == [MESSAGE if customer else CUSTOMER]


def test_the_look_up_starts_on_enter_not_on_every_key() -> None:
    element = build_form(_draft())["blocks"][0]["element"]
    assert element["dispatch_action_config"] == {"trigger_actions_on": ["on_enter_pressed"]}


@pytest.mark.parametrize(
    ("findings", "words"),
    [
        ((), "Ready to send: "),
        ((Finding(Rule.DEPLOYMENT, Level.WARN, "x"),), "Ready to send: "),
        ((STOP,), "Can't be sent: "),
    ],
)
def test_the_verdict_is_shown_in_words(
    findings: tuple[Finding, ...], words: str, a_customer: Callable[..., Customer]
) -> None:
    evidence = build_form(_draft(), _verdict(a_customer(), *findings))["blocks"][1]
    assert evidence["elements"][0]["elements"][0]["text"] == words
    for finding, section in zip(findings, evidence["elements"][1:], strict=True):
        word = section["elements"][0]["text"]
        assert ("⚠" if finding.level is Level.WARN else "✗") in word


def _strings(value: Any, parent: dict[str, Any], key: str) -> Iterator[tuple[Any, str, str]]:
    if isinstance(value, str):
        yield parent, key, value
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from _strings(one, value, name)
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one, parent, key)


def _hostile_views(
    a_customer: Callable[..., Customer], several: Callable[..., Several]
) -> Iterator[View]:
    draft = _draft(HOSTILE, HOSTILE)
    jane = _draft(message=HOSTILE)
    finding = Finding(Rule.GENESYS, Level.BLOCK, f"Stop. {HOSTILE}")
    yield build_form(draft)
    yield build_form(draft, Note(f"Not an address: {HOSTILE}"))
    yield build_form(jane, _verdict(a_customer(name=HOSTILE), finding))
    yield build_form(jane, _verdict(several(11, name=HOSTILE), finding))


def test_hostile_text_stands_only_where_nothing_is_formatted(
    a_customer: Callable[..., Customer], several: Callable[..., Several]
) -> None:
    met = 0
    for view in _hostile_views(a_customer, several):
        assert not list(check_view(view))
        for parent, key, text in _strings(view, view, ""):
            assert parent.get("type") != "mrkdwn"
            if "channel>" not in text:
                continue
            met += 1
            is_text = key == "text" and parent["type"] in ("text", "plain_text")
            is_typed = key == "initial_value" and parent["type"] == "plain_text_input"
            assert is_text or is_typed
    assert met > 10


def test_no_direction_mark_reaches_the_agent_from_genesys(
    a_customer: Callable[..., Customer], several: Callable[..., Several]
) -> None:
    finding = Finding(Rule.GENESYS, Level.BLOCK, "Stop. \u202egnp.exe")
    for found in (a_customer(name="\u202eenaJ"), several(name="\u202etaP")):
        view = build_form(_draft(), _verdict(found, finding))
        assert not [text for _, _, text in _strings(view, view, "") if "\u202e" in text]


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def test_the_whole_form_is_drawn_for_a_draft_without_a_verdict() -> None:
    draft = _draft(send_at=LATER)
    assert build_form(draft) == {
        "type": "modal",
        "callback_id": "compose",
        "title": _plain("Message a customer"),
        "submit": _plain("Send"),
        "close": _plain("Cancel"),
        "private_metadata": json.dumps(["C0SUPPORT", "", PLACE.response_url, "", "", "", ""]),
        "blocks": [
            {
                "type": "input",
                "block_id": "customer",
                "dispatch_action": True,
                "label": _plain("Customer"),
                "hint": _plain("Email or phone. Press Enter to look them up."),
                "element": {
                    "type": "plain_text_input",
                    "action_id": "customer",
                    "placeholder": _plain("jane@example.com or +44 20 7946 0018"),
                    "max_length": 320,
                    "focus_on_load": False,
                    "dispatch_action_config": {"trigger_actions_on": ["on_enter_pressed"]},
                    "initial_value": "jane@example.com",
                },
            },
            {
                "type": "rich_text",
                "block_id": "evidence",
                "elements": [
                    {
                        "type": "rich_text_section",
                        "elements": [
                            {
                                "type": "text",
                                "text": "Enter an email or phone number to find the customer.",
                                "style": {"italic": True},
                            }
                        ],
                    }
                ],
            },
            {
                "type": "input",
                "block_id": "message",
                "label": _plain("Message"),
                "hint": _plain("Up to 2,000 characters. The customer sees exactly this text."),
                "element": {
                    "type": "plain_text_input",
                    "action_id": "message",
                    "multiline": True,
                    "max_length": 3000,
                    "focus_on_load": True,
                    "initial_value": "Hello",
                },
            },
            {
                "type": "input",
                "block_id": "send_at",
                "optional": True,
                "label": _plain("Send later"),
                "hint": _plain("Leave empty to send now."),
                "element": {
                    "type": "datetimepicker",
                    "action_id": "send_at",
                    "initial_date_time": int(LATER.timestamp()),
                },
            },
            {
                "type": "input",
                "block_id": "send_before",
                "optional": True,
                "label": _plain("Don't send after"),
                "hint": _plain("If it can't go out by then, it's cancelled."),
                "element": {"type": "datetimepicker", "action_id": "send_before"},
            },
        ],
    }


def test_long_texts_are_cut_to_what_slack_takes() -> None:
    blocks = build_form(_draft("c" * 321, "m" * 3_001))["blocks"]
    assert blocks[0]["element"]["initial_value"] == "c" * 320
    assert blocks[2]["element"]["initial_value"] == "m" * 3_000


def test_the_contacts_to_choose_from_are_drawn_with_their_hints(
    several: Callable[..., Several],
) -> None:
    candidates = several(11, name="Pat").candidates
    candidates = (
        replace(candidates[0], hint=""),
        replace(candidates[1], name="x" * 76, hint="h" * 76),
        *candidates[2:],
    )
    found = Several(JANE, candidates)
    chosen = _draft(chosen_contact_id=candidates[0].contact_id)
    view = build_form(chosen, _verdict(found, STOP))
    radio = view["blocks"][2]
    assert (radio["type"], radio["dispatch_action"]) == ("input", True)
    assert radio["label"] == _plain("Several contacts match. Which one?")
    element = radio["element"]
    assert (element["type"], element["action_id"]) == ("radio_buttons", "candidate")
    assert len(element["options"]) == 10
    assert element["options"][0] == {
        "text": _plain("Pat 0"),
        "description": _plain("Identified"),
        "value": candidates[0].contact_id,
    }
    assert element["options"][1] == {
        "text": _plain("x" * 74 + "…"),
        "description": _plain("h" * 74 + "…"),
        "value": candidates[1].contact_id,
    }
    assert element["initial_option"] == element["options"][0]
    undecided = build_form(_draft(), _verdict(found, STOP))["blocks"][2]["element"]
    assert "initial_option" not in undecided


def test_the_choice_about_an_open_conversation_is_drawn(
    open_one: Callable[..., Customer],
) -> None:
    view = build_form(_draft(into_open=True), _verdict(open_one()))
    radio = view["blocks"][2]
    leave = {"text": _plain("Don't send"), "value": "leave"}
    ended = {"text": _plain("Send when it ends, within 24 hours"), "value": "ended"}
    write = {"text": _plain("Send into the open conversation"), "value": "write"}
    assert (radio["type"], radio["dispatch_action"]) == ("input", True)
    assert radio["label"] == _plain("Live conversation")
    assert radio["element"] == {
        "type": "radio_buttons",
        "action_id": "open_conversation",
        "options": [leave, ended, write],
        "initial_option": write,
    }
    view = build_form(_draft(when_ended=True), _verdict(open_one()))
    assert view["blocks"][2]["element"]["initial_option"] == ended


def _evidence(verdict: Verdict) -> list[list[tuple[str, bool]]]:
    """Return the lines of the evidence as texts, each with whether it is bold."""
    block = next(b for b in build_form(_draft(), verdict)["blocks"] if b["block_id"] == EVIDENCE)
    return [
        [(leaf["text"], leaf.get("style", {}).get("bold", False)) for leaf in line["elements"]]
        for line in block["elements"]
    ]


def test_the_evidence_names_the_customer_and_says_how_each_rule_came_out(
    a_customer: Callable[..., Customer],
) -> None:
    findings = [Finding(Rule.HISTORY, level, level.value) for level in Level]
    assert _evidence(_verdict(a_customer(), *findings)) == [
        [
            ("Can't be sent: ", True),
            ("Jane Doe", True),
            (" · jane@example.com", False),
        ],
        [("✗ ", True), ("block", False)],
        [("⚠ ", True), ("warn", False)],
        [("✓ 1 check passed. pass", False)],
    ]


@pytest.mark.parametrize(
    ("found", "findings", "words"),
    [
        (NoContact(JANE), (STOP,), "Can't be sent: "),
        (None, (STOP,), "Can't be sent: "),
        (None, (Finding(Rule.GENESYS, Level.WARN, "x"),), "Not checked yet: "),
    ],
)
def test_without_a_customer_the_evidence_names_the_address(
    found: NoContact | None, findings: tuple[Finding, ...], words: str
) -> None:
    headline = _evidence(_verdict(found, *findings))[0]
    assert headline == [(words, True), ("jane@example.com", False)]


@pytest.mark.parametrize("customer", ["", "bob@example.com"])
def test_the_form_warns_of_an_address_that_is_left_in_the_message(customer: str) -> None:
    message = "Jane Doe jane@example.com Your order is ready"
    for shown in (ASK_FOR_CUSTOMER, LOOKING_UP, _verdict(NoContact(BOB), STOP, identity=BOB)):
        view = build_form(_draft(customer, message), shown)
        hints = {block["block_id"]: block.get("hint") for block in view["blocks"]}
        assert hints[MESSAGE]["text"].startswith(
            "⚠ The text includes jane@example.com. Remove it if the customer shouldn't see it."
        )
        check_view(view)


# What our own rules say

NOT_LISTED = Finding(Rule.OPT_OUT, Level.PASS, "They aren't on the list.")
TOO_MANY = Finding(Rule.CUSTOMER_LIMIT, Level.BLOCK, "Too many.", may_override=True)


def _lines(shown: Verdict | Review, block_id: str = EVIDENCE) -> list[str]:
    """Return the lines of the evidence; a time is shown as Slack's format for it."""
    block = next(b for b in build_form(_draft(), shown)["blocks"] if b["block_id"] == block_id)
    return [
        "".join(leaf.get("text") or leaf["format"] for leaf in line["elements"])
        for line in block["elements"]
    ]


def test_stops_come_before_warnings_and_what_passes_is_one_line(
    a_customer: Callable[..., Customer],
) -> None:
    contact = Finding(Rule.CONTACT, Level.PASS, "Found.")
    history = Finding(Rule.HISTORY, Level.PASS, "Last web chat: today.")
    warning = Finding(Rule.CARDS, Level.WARN, "A card?")
    passed = Finding(Rule.SECRETS, Level.PASS, "No token.")
    findings = (contact, history, NOT_LISTED, warning, passed, TOO_MANY)
    assert _lines(_verdict(a_customer(), *findings))[1:] == [
        "✗ Too many.",
        "⚠ A card?",
        "✓ 4 checks passed. Last web chat: today.",
    ]
    assert _lines(_verdict(a_customer(), NOT_LISTED))[-1] == "✓ 1 check passed."


PAUSED = Finding(Rule.PAUSE, Level.WARN, "Leo has paused all sending.")
LINK = Finding(Rule.LINKS, Level.WARN, "Links to pay.example.net.", needs_approval=True)
APPROVAL = Finding(Rule.APPROVAL, Level.WARN, "Someone else must approve it.")


@pytest.mark.parametrize(
    ("findings", "is_lead", "word"),
    [
        ((NOT_LISTED,), False, "Ready to send"),
        ((APPROVAL,), False, "Needs approval"),
        ((LINK,), False, "Needs approval"),
        ((PAUSED,), False, "Sending is paused"),
        ((APPROVAL, PAUSED), False, "Needs approval"),
        ((TOO_MANY, PAUSED), False, "Can't be sent"),
        ((TOO_MANY, APPROVAL), True, "Blocked, but you can override"),
    ],
)
def test_the_headline_says_what_would_happen_to_the_message(
    findings: tuple[Finding, ...],
    is_lead: bool,
    word: str,
    a_customer: Callable[..., Customer],
) -> None:
    review = Review(_verdict(a_customer(), *findings), is_lead=is_lead)
    assert _lines(review)[0].startswith(f"{word}: Jane Doe")


def test_a_refused_message_is_told_before_anything_else(
    a_customer: Callable[..., Customer],
) -> None:
    verdict = _verdict(a_customer(), STOP, TOO_MANY)
    assert _lines(Review(verdict, refused=(TOO_MANY,)))[:3] == [
        "Not sent: Too many.",
        "Can't be sent: Jane Doe · jane@example.com",
        "✗ Stop here.",
    ]


def test_why_a_message_was_refused_is_told_even_if_nothing_stops_it_any_more(
    a_customer: Callable[..., Customer],
) -> None:
    lines = _lines(Review(_verdict(a_customer()), refused=(TOO_MANY,)))
    assert lines[0] == "Not sent: Too many."
    assert lines[1].startswith("Ready to send: ")


def test_one_thing_has_one_line() -> None:
    assert _lines(_verdict(None, LINK, APPROVAL))[1:] == ["⚠ Links to pay.example.net."]
    ben = Earlier("V2", "U0BEN", "Ben", State.SENDING, NOW, "C0SUPPORT", "1.1")
    same = Finding(Rule.SAME_TEXT, Level.BLOCK, "Ben sent this text.", earlier=ben)
    recent = Finding(Rule.RECENT, Level.WARN, "Ben sent a message.", earlier=ben)
    assert _lines(_verdict(None, same, recent))[1:] == ["✗ Ben sent this text."]
    other = replace(recent, earlier=replace(ben, request_id="V3"))
    assert _lines(_verdict(None, same, other))[2] == "⚠ Ben sent a message."


@pytest.mark.parametrize("rule", Rule)
def test_what_stops_a_message_is_told_once_and_right_below_the_headline(
    rule: Rule, a_customer: Callable[..., Customer]
) -> None:
    verdict = _verdict(a_customer(), Finding(rule, Level.BLOCK, "Not like this."))
    view = build_form(_draft(), verdict)
    assert json.dumps(view).count("Not like this.") == 1
    assert _lines(verdict)[1] == "✗ Not like this."
    assert not list(check_view(view))
    again = Review(verdict, refused=verdict.blocks)
    assert _lines(again)[0] == "Not sent: Not like this."


def test_a_lead_is_not_told_to_ask_a_lead(a_customer: Callable[..., Customer]) -> None:
    stop = replace(TOO_MANY, sentence="Too many. A lead can override this.")
    for others in ((), (STOP,)):  # although another rule holds for leads, too
        verdict = _verdict(a_customer(), stop, *others)
        assert "✗ Too many." in _lines(Review(verdict, is_lead=True))
        assert "✗ Too many. A lead can override this." in _lines(verdict)


def test_the_end_of_quiet_hours_is_told_in_the_customers_time_and_in_the_readers() -> None:
    opens = datetime(2026, 11, 27, 7, 0, tzinfo=UTC)
    local = opens.astimezone(ZoneInfo("Europe/Berlin"))
    verdict = _verdict(None, Finding(Rule.QUIET_HOURS, Level.BLOCK, "Quiet.", next_time=local))
    assert _lines(verdict)[1] == (
        "✗ Quiet. They end Fri, Nov 27 at 8:00 AM Berlin time "
        "({date_short_pretty} at {time} your time)."
    )
    blocks = {block["block_id"]: block for block in build_form(_draft(), verdict)["blocks"]}
    line = blocks[EVIDENCE]["elements"][1]["elements"]
    [date] = [leaf for leaf in line if leaf["type"] == "date"]
    assert date["timestamp"] == int(opens.timestamp())
    assert date["fallback"] == "2026-11-27 07:00 UTC"


def test_the_override_says_what_it_is_for(a_customer: Callable[..., Customer]) -> None:
    view = build_form(_draft(), Review(_verdict(a_customer(), TOO_MANY), is_lead=True))
    override = next(b for b in view["blocks"] if b["block_id"].startswith("override"))
    assert override["label"]["text"] == "Reason to send anyway"
    assert override["hint"]["text"] == (
        "Only to override: messages per customer. The thread shows the reason."
    )


def test_used_up_look_ups_say_nothing_about_the_customer() -> None:
    finding = Finding(Rule.LOOKUPS, Level.BLOCK, "Wait a little.")
    assert _evidence(_verdict(None, finding))[0][0] == ("Not looked up: ", True)


def test_a_finding_about_another_request_links_to_its_card_if_there_is_a_link() -> None:
    earlier = Earlier("V2", "U0BEN", "Ben", State.SENDING, NOW, "C0SUPPORT", "1.1")
    verdict = _verdict(None, Finding(Rule.SAME_TEXT, Level.BLOCK, "Ben.", earlier=earlier))
    for links in ({}, {"V2": "https://team.slack.com/archives/C0SUPPORT/p11"}):
        view = build_form(_draft(), Review(verdict, links=links))
        blocks = {block["block_id"]: block for block in view["blocks"]}
        line = blocks[EVIDENCE]["elements"][1]["elements"]
        found = [leaf for leaf in line if leaf["type"] == "link"]
        assert [leaf["url"] for leaf in found] == list(links.values())


def _offers(*findings: Finding, found: Any = None) -> dict[str, dict[str, Any]]:
    view = build_form(_draft(), _verdict(found, *findings))
    assert not list(check_view(view))
    blocks = [block for block in view["blocks"] if block["block_id"] == OFFERS]
    return {button["action_id"]: button for block in blocks for button in block["elements"]}


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (datetime(2026, 11, 27, 7, 0, tzinfo=UTC), "Send Fri, Nov 27 at 8:00 AM Berlin time"),
        (datetime(2026, 7, 1, 11, 5, tzinfo=UTC), "Send Wed, Jul 1 at 1:05 PM Berlin time"),
        (datetime(2026, 11, 27, 23, 0, tzinfo=UTC), "Send Sat, Nov 28 at 12:00 AM Berlin time"),
        (datetime(2026, 11, 27, 11, 0, tzinfo=UTC), "Send Fri, Nov 27 at 12:00 PM Berlin time"),
    ],
)
def test_quiet_hours_offer_their_end_in_the_customers_time(at: datetime, text: str) -> None:
    opens = at.astimezone(ZoneInfo("Europe/Berlin"))
    button = _offers(Finding(Rule.QUIET_HOURS, Level.BLOCK, "Quiet.", next_time=opens))[SEND_THEN]
    assert button["text"]["text"] == text
    assert button["value"] == str(int(at.timestamp()))


def test_a_later_time_is_not_offered_if_something_else_stops_the_message_for_good() -> None:
    quiet = Finding(Rule.QUIET_HOURS, Level.BLOCK, "Quiet.", may_override=True, next_time=LATER)
    assert SEND_THEN in _offers(quiet, TOO_MANY)
    assert not _offers(quiet, replace(NOT_LISTED, level=Level.BLOCK))


def test_opting_out_is_offered_unless_the_customer_is_on_the_list_or_was_not_judged() -> None:
    assert OPT_OUT in _offers(NOT_LISTED)
    assert not _offers(replace(NOT_LISTED, level=Level.BLOCK))
    assert not _offers(STOP)


def test_the_button_to_opt_out_has_the_customers_contacts_and_hides_the_address(
    a_customer: Callable[..., Customer],
) -> None:
    many = tuple(f"{number:036}" for number in range(100))
    for ids in (("a" * 36,), ("a" * 36, "b" * 36), many):
        customer = replace(a_customer(), contact_ids=ids)
        value = _offers(NOT_LISTED, found=customer)[OPT_OUT]["value"]
        read = read_opt_out(value, JANE)
        assert read == ids[: len(read or ())]
        assert read is not None and len(read) >= min(len(ids), 50)
        assert read_opt_out(value, BOB) is None
        assert "jane" not in value
    assert read_opt_out(_offers(NOT_LISTED)[OPT_OUT]["value"], JANE) == ()
    assert read_opt_out("", JANE) is None


def test_a_reason_to_override_counts_for_one_customer_and_for_the_rules_that_were_shown(
    a_customer: Callable[..., Customer],
) -> None:
    verdict = _verdict(a_customer(), TOO_MANY, replace(TOO_MANY, rule=Rule.SAME_TEXT))
    assert "override" not in str(_ids(build_form(_draft(), Review(verdict))))
    view = build_form(_draft(), Review(verdict, is_lead=True))
    assert not list(check_view(view))
    typed = _deliver(view, override={"value": " She asked. "})
    draft = _read(typed)
    assert draft.override_reason == "She asked."
    assert draft.overriding == ("messages per customer", "same text")
    changed = _read(_deliver(view, override={"value": "x"}, customer={"value": "bob@example.com"}))
    assert (changed.override_reason, changed.overriding) == ("", ())
    again = build_form(draft, Review(verdict, is_lead=True))
    assert _read(_deliver(again)) == draft
    other = build_form(draft, Review(_verdict(a_customer(), TOO_MANY), is_lead=True))
    assert _read(_deliver(other)).override_reason == ""


def test_a_time_that_the_bot_sets_is_shown_because_its_block_is_new() -> None:
    draft = plan(_draft(send_at=LATER), LATER)
    block = build_form(draft)["blocks"][-2]
    assert block["block_id"] == f"send_at:{int(LATER.timestamp())}"
    assert (block["element"]["action_id"], block["element"]["initial_date_time"]) == (
        SEND_AT,
        int(LATER.timestamp()),
    )
    assert _read(_deliver(build_form(draft))) == draft
    wrong = build_form(draft, wrong_times={draft.send_at_block: "This time is over."})
    assert wrong["blocks"][-2]["hint"]["text"] == "This time is over."
    ids = [draft.send_at_block]
    for _ in range(2):
        draft = plan(draft, LATER)
        ids.append(draft.send_at_block)
    assert ids[0] != ids[1] != ids[2]

"""The card and its thread: states in words, addresses masked, people's texts literal."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.models.blocks import RichTextBlock

from bot.cards.card import (
    show_approval,
    show_card,
    show_given_back,
    show_news,
    show_notice,
    show_outcome,
    show_where_it_stands,
)
from bot.cards.card_buttons import (
    APPROVE,
    CANCEL,
    CHECK_AGAIN,
    COMPOSE_AGAIN,
    DECLINE,
    EDIT,
    MARK_SENT,
    MESSAGE_AGAIN,
    OPT_OUT,
    REVIEW,
    SEND_ANYWAY,
)
from bot.cards.card_state import Notes
from bot.cards.line import show_line
from bot.cards.places import DIRECT_ONLY
from bot.cards.post import Post
from bot.cards.words import STATE_WORDS, STUCK_WORDS, WHY_STUCK
from bot.request import COUNTDOWN, LONGEST_HOLD, Event, HistoryLine, Request, Stuck
from bot.state import FINAL, FOLLOWABLE, UNSENT, State
from bot.storage.facts import ByWhom
from genesys import Identity, IdentityKind
from sandbox.local_slack.blocks import Surface, check_blocks, interactive_elements
from sandbox.local_slack.mentions import list_pings
from sandbox.local_slack.workspace import Message
from tests.bot.conftest import JANE, NOW, PLACE

Build = Callable[..., Request]
HOSTILE = "<!channel> @here *b* <https://evil.example|ok>"
ADAS = Request("V1", PLACE, "U0ADA", "Ada Agent", JANE, "Hello", False, "", NOW)
ABOUT = "Message to j•••@example.com: "


def _faults(post: Post) -> list[str]:
    return [str(fault) for fault in check_blocks(post.payload, Surface.MESSAGE, "/blocks")]


def _shown(post: Post) -> str:
    return f"{post.text} {post.payload}"


def _buttons(post: Post) -> dict[str, dict[str, Any]]:
    found = [e for block in post.payload for e in interactive_elements(block)]
    return {button["action_id"]: button for button in found}


def _nodes(post: Post) -> list[dict[str, Any]]:
    return [n for block in post.payload for e in block["elements"] for n in e.get("elements", [e])]


def _bold(post: Post) -> list[str]:
    return [node["text"] for node in _nodes(post) if node.get("style") == {"bold": True}]


def _pings(post: Post) -> list[str]:
    return list_pings(Message("1.1", "C1", "U1", post.text, blocks=post.payload))


AGAIN = {MESSAGE_AGAIN: "Message again", OPT_OUT: "Don't contact again"}
BUTTONS = {
    State.CHECKING: {CANCEL: "Undo"},
    State.UNAPPROVED: {
        APPROVE: "Approve",
        DECLINE: "Decline",
        EDIT: "Edit",
        CANCEL: "Cancel",
    },
    State.DELIVERED: AGAIN,
    State.READ: AGAIN,
    State.REPLIED: AGAIN,
    State.SCHEDULED: {CANCEL: "Undo"},
    State.UNCERTAIN: {
        CHECK_AGAIN: "Check again",
        SEND_ANYWAY: "Send anyway",
        MARK_SENT: "It was sent",
    },
    State.REFUSED: {COMPOSE_AGAIN: "Edit and resend"},
    State.FAILED: {COMPOSE_AGAIN: "Edit and resend"},
    State.EXPIRED: {COMPOSE_AGAIN: "Edit and resend"},
    State.CANCELLED: {COMPOSE_AGAIN: "Edit and resend"},
}


@pytest.mark.parametrize("state", State)
def test_a_card_has_only_the_buttons_that_apply_to_its_state(
    state: State, a_request: Build
) -> None:
    buttons = _buttons(show_card(a_request(state=state, is_followed=True)))
    labels = {action: button["text"]["text"] for action, button in buttons.items()}
    assert labels == BUTTONS.get(state, {})
    assert all(button["value"] == "V0123456789:0" for button in buttons.values())


def test_what_nobody_follows_says_so_and_offers_to_message_the_customer_again(
    a_request: Build,
) -> None:
    card = show_card(a_request(state=State.ACCEPTED))  # as after "It was sent"
    assert set(_buttons(card)) == set(AGAIN)
    assert _words(card).endswith("☑️ SentTracking stopped.")
    assert not _buttons(show_card(a_request(state=State.ACCEPTED, is_followed=True)))


def test_an_uncertain_card_links_the_conversations_to_look_at(a_request: Build) -> None:
    urls = ["https://apps.example/1", "https://apps.example/2"]
    card = show_card(a_request(state=State.UNCERTAIN), Notes(look_at=" ".join(urls)))
    assert [node["url"] for node in _nodes(card) if node["type"] == "link"] == urls


def test_a_paused_message_that_awaits_a_conversation_s_end_waits_for_both(
    a_request: Build,
) -> None:
    request = a_request(
        state=State.SCHEDULED,
        stuck=Stuck.PAUSED,
        after_conversation=NOW,
        open_conversation_id="c",
    )
    card = show_card(request, Notes(LEO))
    assert _words(card).endswith("when sending resumes and their conversation has ended.")
    assert card.text.endswith("⏳ Waiting for the conversation to end (⏸ paused).")


def test_what_something_else_holds_up_is_not_planned_though_a_pause_set_its_time(
    a_request: Build,
) -> None:
    later = {"state": State.SCHEDULED, "send_at": NOW + timedelta(hours=1)}
    assert a_request(**later).is_planned
    assert not a_request(**later, stuck=Stuck.UNAVAILABLE).is_planned
    assert a_request(**later, stuck=Stuck.UNAVAILABLE, planned_at=NOW).is_planned


def test_a_button_says_which_decisions_came_before_it(a_request: Build) -> None:
    buttons = _buttons(show_card(a_request(state=State.UNCERTAIN, decisions=2)))
    assert {button["value"] for button in buttons.values()} == {"V0123456789:2"}


@pytest.mark.parametrize(
    ("known", "has_buttons"),
    [("", True), ("sending", True), ("uncertain", True), ("uncertain 1", False)],
)
def test_news_after_a_decision_have_the_buttons_of_the_next_one(
    known: str, has_buttons: bool, a_request: Build
) -> None:
    """The agent has the earlier buttons, but those have been used."""
    request = a_request(state=State.UNCERTAIN, decisions=1)
    assert bool(_buttons(show_news(request, [], known))) is has_buttons


@pytest.mark.parametrize("state", sorted(FOLLOWABLE | {State.SENDING, State.REPLIED}))
def test_what_has_gone_out_can_no_longer_be_undone(state: State, a_request: Build) -> None:
    assert set(_buttons(show_card(a_request(state=state)))) <= {MESSAGE_AGAIN, OPT_OUT}
    assert not _buttons(show_news(a_request(state=state), []))


@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("detail", ["", f"Ada {HOSTILE}"])
def test_only_the_agent_is_pinged_and_only_for_what_they_have_to_know(
    event: Event, detail: str
) -> None:
    post = show_line(HistoryLine(1, event, NOW, detail, "https://apps.example.com/1"), ADAS)
    told = (Event.REPLIED, Event.FAILED, Event.UNCERTAIN, Event.OPTED_OUT, Event.DECLINED)
    expected = ["U0ADA"] if event in told else []
    assert _pings(post) == expected
    mentions = [node["user_id"] for node in _nodes(post) if node["type"] == "user"]
    assert mentions == expected


@pytest.mark.parametrize("state", State)
def test_no_card_and_no_outcome_pings_anybody(state: State, a_request: Build) -> None:
    request = a_request(state=state, agent_name=HOSTILE, customer_name=HOSTILE, text=HOSTILE)
    assert _pings(show_card(request)) == []
    assert _pings(show_outcome(request, "https://workspace.slack.com/archives/C1/p1")) == []


@pytest.mark.parametrize("state", sorted(FINAL | FOLLOWABLE))
@pytest.mark.parametrize("link", ["", "https://workspace.slack.com/archives/C0SUPPORT/p1"])
def test_an_outcome_is_one_line_with_the_state_and_a_link_to_the_thread(
    state: State, link: str, a_request: Build
) -> None:
    post = show_outcome(a_request(state=state, customer_name="Jane Doe"), link)
    assert not _faults(post)
    assert len(post.payload) == 1 and len(post.payload[0]["elements"]) == 1
    said = "".join(node.get("text", "") for node in _nodes(post))
    assert STATE_WORDS[state] in said
    assert "Jane Doe" in said and "jane@" not in said
    assert "Your order is ready" not in said
    assert [node["url"] for node in _nodes(post) if node["type"] == "link"] == [link] * bool(link)


@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("link", ["", "https://apps.example.com/directory/#/1"])
def test_a_line_links_to_genesys_if_there_is_something_to_see(event: Event, link: str) -> None:
    post = show_line(HistoryLine(1, event, NOW, "Queue has it.", link), ADAS)
    links = [(n["url"], n["text"]) for n in _nodes(post) if n["type"] == "link"]
    assert links == ([(link, "Open in Genesys Cloud")] if link else [])


def test_the_line_of_a_reply_says_who_has_it_now() -> None:
    line = HistoryLine(1, Event.REPLIED, NOW, "It's in the Support queue.")
    said = "".join(node.get("text", "") for node in _nodes(show_line(line, ADAS)))
    assert said.endswith("The customer replied. It's in the Support queue.")


@pytest.mark.parametrize("state", State)
def test_a_card_says_when_its_message_goes_out_until_it_has_gone_out(
    state: State, a_request: Build
) -> None:
    begin, at = NOW + timedelta(hours=1), NOW + timedelta(hours=5)
    request = a_request(
        state=state, created_at=NOW, send_at=begin, planned_at=begin, send_before=at
    )
    dates = [node for node in _nodes(show_card(request)) if node["type"] == "date"]
    expected = [begin, at] if state in UNSENT else []
    assert [date["timestamp"] for date in dates] == [int(at.timestamp()) for at in expected]
    assert not _faults(show_card(request))


def test_a_card_without_a_latest_time_names_none(a_request: Build) -> None:
    later = NOW + timedelta(hours=1)
    said = _shown(show_card(a_request(state=State.SCHEDULED, created_at=NOW, send_at=later)))
    assert "not after" not in said
    assert said.count("'type': 'date'") == 1


def _words(post: Post) -> str:
    """Return a post's rich text, with what has no words in it as <date> and <user>."""
    shown = Post(post.text, [block for block in post.blocks if isinstance(block, RichTextBlock)])
    return "".join(node.get("text", f"<{node['type']}>") for node in _nodes(shown))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "Message to j•••@example.com from Ada AgentYour order is ready⛔ Not sent"),
        (
            {"customer_name": "Jane Doe", "reason": "The address is unknown."},
            "Message to Jane Doe (j•••@example.com) from Ada AgentYour order is ready⛔ Not sent"
            "The address is unknown.",
        ),
    ],
)
def test_a_card_says_who_writes_what_to_whom_and_why_it_is_stuck(
    values: dict[str, Any], said: str, a_request: Build
) -> None:
    assert _words(show_card(a_request(state=State.REFUSED, **values))) == said


def test_a_planned_card_says_its_times(a_request: Build) -> None:
    later = NOW + timedelta(hours=1)
    times = {"created_at": NOW, "send_at": later, "send_before": later}
    planned = a_request(state=State.SCHEDULED, **times)
    assert _words(show_card(planned)).endswith("⏳ Scheduled for <date>, not after <date>")
    formats = {node["format"] for node in _nodes(show_card(planned)) if node["type"] == "date"}
    assert formats == {"{date_short_pretty} at {time}"}


@pytest.mark.parametrize("state", [State.CHECKING, State.SCHEDULED])
def test_only_the_countdown_before_a_send_says_undo_and_a_planned_message_says_cancel(
    state: State, a_request: Build
) -> None:
    def label(after: timedelta, stuck: Stuck = Stuck.NO) -> str:
        times = {"created_at": NOW, "send_at": NOW + after, "stuck": stuck}
        card = show_card(a_request(state=state, **times))
        return str(_buttons(card)[CANCEL]["text"]["text"])

    assert label(timedelta(seconds=5)) == label(COUNTDOWN) == "Undo"
    assert label(COUNTDOWN + timedelta(seconds=1)) == "Cancel"
    assert label(timedelta(seconds=5), Stuck.UNAVAILABLE) == "Cancel"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"state": State.CHECKING, "stuck": Stuck.UNAVAILABLE},
            "⏳ Waiting for Genesys CloudGenesys Cloud isn't answering. It goes out as soon as it "
            "does; I keep trying until <date>.",
        ),
        (
            {"state": State.SCHEDULED, "stuck": Stuck.QUOTA},
            "⏳ Waiting for Genesys CloudGenesys Cloud takes no more calls this minute. It goes "
            "out as soon as it does; I keep trying until <date>.",
        ),
        (
            {"state": State.SCHEDULED, "stuck": Stuck.SLACK},
            "⏳ Waiting for SlackSlack can't confirm who may send this. It goes out as soon as it "
            "does; I keep trying until <date>.",
        ),
        (
            {"state": State.SCHEDULED, "stuck": Stuck.CONVERSATION},
            "⏳ Waiting for the conversation to endThey're in a live conversation. It goes out "
            "when that has ended; I wait until <date>.",
        ),
        (
            {"state": State.SENDING, "stuck": Stuck.ANSWER_LOST},
            "⏳ Checking whether it was sentConnection lost while sending. Checking whether it "
            "went out; it won't be sent twice.",
        ),
        (
            {"state": State.UNCERTAIN},
            "❔ Uncertain: it may or may not have been sentI couldn't find it in Genesys Cloud. "
            "Check the conversation, then choose below.",
        ),
    ],
)
def test_a_card_says_why_its_message_is_stuck_and_what_happens_next(
    values: dict[str, Any], said: str, a_request: Build
) -> None:
    card = show_card(a_request(**values))
    assert _words(card).endswith(f"Your order is ready{said}")
    assert not _faults(card)


def test_there_is_a_sentence_for_whatever_a_message_waits_for() -> None:
    """The pause has one of its own, with who paused."""
    assert {*WHY_STUCK, Stuck.NO, Stuck.PAUSED} == {*STUCK_WORDS, Stuck.NO, Stuck.PAUSED}
    assert {*WHY_STUCK, Stuck.NO, Stuck.PAUSED} == set(Stuck)


def test_a_message_that_waits_for_a_conversation_s_end_says_for_how_long(
    a_request: Build,
) -> None:
    """Not until the time at which other messages are given up."""
    until = NOW + timedelta(hours=3)
    waits = {"state": State.SCHEDULED, "stuck": Stuck.CONVERSATION, "after_conversation": until}
    dates = [node for node in _nodes(show_card(a_request(**waits))) if node["type"] == "date"]
    assert [date["timestamp"] for date in dates] == [int(until.timestamp())]


def test_a_card_that_is_stuck_says_until_when_it_is_tried(a_request: Build) -> None:
    stuck = {"state": State.CHECKING, "stuck": Stuck.UNAVAILABLE, "created_at": NOW}
    for values, until in (
        ({}, NOW + LONGEST_HOLD),
        ({"send_at": NOW + COUNTDOWN}, NOW + COUNTDOWN + LONGEST_HOLD),
        ({"send_before": NOW + COUNTDOWN}, NOW + COUNTDOWN),
    ):
        card = show_card(a_request(**stuck, **values))
        dates = [node["timestamp"] for node in _nodes(card) if node["type"] == "date"]
        assert dates == [int(until.timestamp())]


def test_an_uncertain_line_mentions_the_agent_and_links_each_conversation() -> None:
    links = ["https://apps.example.com/1", "https://apps.example.com/2"]
    post = show_line(HistoryLine(1, Event.UNCERTAIN, NOW, "", " ".join(links)), ADAS)
    assert _pings(post) == ["U0ADA"]
    found = [(node["url"], node["text"]) for node in _nodes(post) if node["type"] == "link"]
    assert found == [
        (links[0], "Open in Genesys Cloud (1)"),
        (links[1], "Open in Genesys Cloud (2)"),
    ]


def test_a_card_has_its_state_and_the_customer_in_bold_type(a_request: Build) -> None:
    request = a_request(customer_name="Jane Doe")
    assert _bold(show_card(request)) == ["Jane Doe", STATE_WORDS[State.CHECKING]]
    approved = replace(request, state=State.SCHEDULED, approver_name="Leo", approver_id="U0LEO")
    assert _bold(show_approval(approved, Notes(), "")) == ["Jane Doe", "👍 Approved by Leo"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (HistoryLine(1, Event.FOUND, NOW, ""), "<date>  Customer found."),
        (HistoryLine(1, Event.REFUSED, NOW, "No."), "<date>  Not sent. No."),
        (HistoryLine(1, Event.REPLIED, NOW, ""), "<date>  <user>  The customer replied."),
        (
            HistoryLine(1, Event.ACCEPTED, NOW, "", "https://apps.example.com/1"),
            "<date>  Sent. Open in Genesys Cloud",
        ),
    ],
)
def test_a_line_is_one_sentence(line: HistoryLine, said: str) -> None:
    assert _words(show_line(line, ADAS)) == said


def test_an_outcome_is_read_like_a_sentence(a_request: Build) -> None:
    post = show_outcome(a_request(state=State.READ), "https://workspace.slack.com/archives/C1/p1")
    assert _words(post) == "Message to j•••@example.com from Ada Agent: ✅ Read  Thread"
    assert post.text == f"{ABOUT}✅ Read."


def test_a_long_reason_is_clipped(a_request: Build) -> None:
    card = show_card(a_request(state=State.FAILED, reason="x" * 2_000))
    assert _words(card).endswith("x" * 899 + "…")
    assert not _words(card).endswith("x" * 900 + "…")
    line = show_line(HistoryLine(1, Event.FAILED, NOW, "x" * 2_000), ADAS)
    assert _words(line).endswith(" " + "x" * 899 + "…")


@pytest.mark.parametrize("length", [2_999, 3_000, 3_001, 3_600, 11_000])
def test_all_of_what_was_typed_is_given_back_however_long_it_is(length: int) -> None:
    typed = "".join(chr(ord("a") + number % 26) for number in range(length - 1)) + "!"
    post = show_given_back("Try again.", typed)
    parts = [part["elements"][0]["text"] for part in post.payload[1]["elements"]]
    assert "".join(parts) == typed
    assert max(map(len, parts)) <= 3_000
    assert not _faults(post)


def test_sending_a_second_time_has_to_be_confirmed(a_request: Build) -> None:
    button = _buttons(show_card(a_request(state=State.UNCERTAIN)))[SEND_ANYWAY]
    assert button["style"] == "danger"
    assert "the customer could get it twice" in button["confirm"]["text"]["text"]


@pytest.mark.parametrize(
    ("identity", "masked"),
    [
        (JANE, "j•••@example.com"),
        (Identity(IdentityKind.PHONE, "+442079460018"), "+44•••••0018"),
    ],
)
@pytest.mark.parametrize("name", ["", "Jane Doe"])
def test_an_address_is_masked_with_and_without_a_name(
    identity: Identity, masked: str, name: str, a_request: Build
) -> None:
    shown = _shown(show_card(a_request(identity=identity, customer_name=name)))
    assert masked in shown
    assert identity.value not in shown


def test_a_notification_says_the_state_and_nothing_that_people_wrote(a_request: Build) -> None:
    hostile = a_request(text=HOSTILE, agent_name=HOSTILE, customer_name=HOSTILE, reason=HOSTILE)
    assert show_card(hostile).text == f"{ABOUT}{STATE_WORDS[State.CHECKING]}"
    line = HistoryLine(1, Event.REFUSED, NOW, HOSTILE)
    assert show_line(line, ADAS).text == f"{ABOUT}Not sent."


def test_a_notification_says_what_happened_and_for_whom_and_pings_nobody() -> None:
    line = HistoryLine(1, Event.SEND_DECIDED, NOW, "Ben <!channel>", user_id="U0BEN")
    post = show_line(line, ADAS)
    assert post.text == f"{ABOUT}Ben &lt;!channel&gt; resent it (possible duplicate)."
    assert _pings(post) == []


@pytest.mark.parametrize(
    "event", [Event.CANCELLED, Event.CHECK_ASKED, Event.SEND_DECIDED, Event.SENT_CONFIRMED]
)
def test_the_line_of_a_decision_names_who_made_it(event: Event) -> None:
    line = HistoryLine(1, event, NOW, "Leo", user_id="U0LEO")
    section = show_line(line, ADAS).payload[0]["elements"][0]
    assert section["elements"][1]["text"].strip().startswith("Leo ")


def test_the_time_of_a_line_is_shown_in_the_reader_s_time_zone() -> None:
    at = datetime.fromisoformat("2026-11-22T12:34:56.900+00:00")
    line = HistoryLine(1, Event.FOUND, at, "")
    date = show_line(line, ADAS).payload[0]["elements"][0]["elements"][0]
    assert (date["type"], date["timestamp"]) == ("date", 1_795_350_896)
    assert date["fallback"] == "2026-11-22 12:34 UTC"
    assert date["format"] == "{time}"


def test_a_long_text_is_clipped_on_the_card(a_request: Build) -> None:
    request = a_request(text="x" * 2_000)
    quote = show_card(request).payload[0]["elements"][1]["elements"][0]["text"]
    assert len(quote) == 300
    assert quote.endswith("…")


def test_what_was_typed_is_given_back_complete_and_literal() -> None:
    post = show_given_back("Try again.", f"jane@example.com {HOSTILE}")
    assert post.payload[1]["elements"][0]["elements"] == [
        {"type": "text", "text": f"jane@example.com {HOSTILE}"}
    ]
    assert post.text == "Try again."
    assert len(show_given_back("Try again.", " ").payload) == 1


@settings(max_examples=40)
@given(
    text=st.text(st.characters(), min_size=1, max_size=400).filter(
        lambda text: any(sign.isalnum() for sign in text)
    ),
    name=st.text(st.characters(), max_size=90),
)
def test_whatever_people_write_every_post_is_valid(text: str, name: str) -> None:
    for state in (State.CHECKING, State.UNCERTAIN, State.REFUSED):
        request = Request(
            "V1", PLACE, "U1", name, JANE, text, False, "", NOW, state=state, reason=text
        )
        assert not _faults(show_card(request))
        assert not _faults(show_outcome(request, ""))
    for event in (Event.FOUND, Event.CHECK_ASKED):
        assert not _faults(show_line(HistoryLine(1, event, NOW, text), ADAS))
    assert not _faults(show_given_back("Try again.", text))
    assert not _faults(show_notice("Try again."))


@pytest.mark.parametrize("text", ["\u200b", "\u202e\u202c", "\u2060"])
def test_a_text_of_invisible_characters_still_makes_a_valid_card(
    text: str, a_request: Build
) -> None:
    assert not _faults(show_card(a_request(text=text)))
    assert not _faults(show_card(a_request(state=State.REFUSED, reason=text)))
    assert not _faults(show_given_back("Try again.", text))


LEO = ByWhom("U0LEO", "Leo", NOW, "An incident.")
WHY = "it has a link that isn't to one of our sites"


def test_a_card_that_waits_for_approval_says_why_who_may_give_it_and_until_when(
    a_request: Build,
) -> None:
    request = a_request(state=State.UNAPPROVED, approval_for=WHY, approval_until=NOW)
    card = show_card(request, Notes(approvers="A lead other than Ada"))
    assert _words(card).endswith(
        "✋ Waiting for approval"
        "It has a link that isn't to one of our sites. "
        "A lead other than Ada can approve it until <date>."
    )


def test_a_card_that_nobody_can_approve_says_so_and_what_to_do(a_request: Build) -> None:
    request = a_request(state=State.UNAPPROVED, approval_for=WHY, approval_until=NOW)
    said = "Nobody can approve this here. Ask your admin to set an approval channel."
    assert _words(show_card(request, Notes(approvers=""))).endswith(f"our sites. {said}")


def test_a_declined_card_says_who_declined_it_and_why(a_request: Build) -> None:
    request = a_request(state=State.REFUSED, reason="We don't promise dates.")
    notes = Notes(declined_by="Leo")
    said = "⛔ Declined by Leo: We don't promise dates."
    assert _words(show_card(request, notes)).endswith(f"Your order is ready{said}")
    assert "⛔ Declined by Leo" in _words(show_approval(request, notes, ""))
    assert _words(show_card(replace(request, reason=""), notes)).endswith("⛔ Declined by Leo")


@pytest.mark.parametrize("state", [State.DELIVERED, State.READ, State.REPLIED])
def test_the_card_of_a_customer_on_the_list_has_no_button_for_that(
    state: State, a_request: Build
) -> None:
    assert OPT_OUT in _buttons(show_card(a_request(state=state)))
    assert not _buttons(show_card(a_request(state=state), Notes(is_opted_out=True)))


def test_whoever_approves_a_message_sees_all_of_it(a_request: Build) -> None:
    text = "word " * 399 + "!"
    request = a_request(state=State.UNAPPROVED, text=text)
    assert text in _words(show_card(request))
    assert text in _words(show_approval(request, Notes(), ""))


def test_whoever_asks_where_an_unapproved_message_stands_sees_the_state_then_all_of_it(
    a_request: Build,
) -> None:
    text = "word " * 399 + "!"
    for sentence in ("", "Somebody was faster."):
        post = show_where_it_stands(a_request(state=State.UNAPPROVED, text=text), sentence)
        words = _words(post)
        assert sentence in str(post.payload[0])
        assert words.index(STATE_WORDS[State.UNAPPROVED]) < words.index(text)
        assert _buttons(post) and not _faults(post)
    assert text not in _words(show_where_it_stands(a_request(state=State.SCHEDULED, text=text)))


@pytest.mark.parametrize("text", ["Your order is ready", "𝔘" * 2_000, f"{HOSTILE} " * 9])
@pytest.mark.parametrize("name", ["", "Jane Doe", "𝔘" * 400])
def test_the_question_before_an_approval_repeats_the_customer_and_the_message(
    text: str, name: str, a_request: Build
) -> None:
    card = show_card(a_request(state=State.UNAPPROVED, text=text, customer_name=name))
    asked = _buttons(card)[APPROVE]["confirm"]["text"]["text"]
    assert asked.startswith(f"To {name[:20]}")
    assert text[:60] in asked
    assert len(asked.encode("utf-16-le")) // 2 <= 300
    assert not _faults(card)


@pytest.mark.parametrize("state", sorted(UNSENT))
def test_a_paused_card_says_who_paused_it_and_that_the_message_waits(
    state: State, a_request: Build
) -> None:
    request = a_request(state=state, stuck=Stuck.PAUSED, send_at=NOW)
    card = show_card(request, Notes(LEO))
    when = "Once it's approved, it" if state is State.UNAPPROVED else "It"
    said = f"⏸ Paused by Leo (An incident.). {when} goes out when sending resumes."
    assert _words(card).endswith(said)
    if state is not State.UNAPPROVED:
        assert _words(card).endswith(f"Your order is ready{said}")
    words = f"{STATE_WORDS[state]} (⏸ paused)."
    resumes = "⏸ Waiting until sending resumes."  # nothing goes out in a few seconds
    assert card.text.endswith(resumes if state is State.SCHEDULED else words)
    assert set(_buttons(card)) == set(BUTTONS[state])


def test_a_paused_card_keeps_the_times_that_the_agent_has_chosen(a_request: Build) -> None:
    times = {"planned_at": NOW, "send_at": NOW, "send_before": NOW}
    card = show_card(a_request(state=State.SCHEDULED, stuck=Stuck.PAUSED, **times), Notes(LEO))
    assert _words(card).endswith("when sending resumes, not before <date>, not after <date>.")


@pytest.mark.parametrize(
    ("times", "said"),
    [
        ({}, "✋ Waiting for approval"),
        ({"planned_at": NOW}, "✋ Waiting for approval, scheduled for <date>"),
        ({"send_before": NOW}, "✋ Waiting for approval, not after <date>"),
    ],
)
def test_a_card_that_waits_for_approval_has_the_times_that_the_agent_has_chosen(
    times: dict[str, Any], said: str, a_request: Build
) -> None:
    card = show_card(a_request(state=State.UNAPPROVED, **times))
    assert _words(card).endswith(f"Your order is ready{said}A second person can approve it.")


def test_a_message_that_has_gone_out_is_not_paused(a_request: Build) -> None:
    card = show_card(a_request(state=State.ACCEPTED, stuck=Stuck.PAUSED), Notes(LEO))
    assert "Paused" not in _words(card)


def test_news_after_a_pause_have_no_buttons_that_the_card_has_already(a_request: Build) -> None:
    request = a_request(state=State.SCHEDULED, stuck=Stuck.PAUSED)
    assert _buttons(show_news(request, [], "scheduled"))  # the card says Undo, not Cancel
    assert not _buttons(show_news(request, [], "scheduled 0 paused"))
    assert _buttons(show_news(replace(request, decisions=1), [], "scheduled 0 paused"))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (HistoryLine(1, Event.APPROVED, NOW, "Leo", user_id="U0LEO"), "Leo approved it."),
        (
            HistoryLine(1, Event.APPROVAL_ASKED, NOW, WHY),
            f"Needs approval: {WHY}.",
        ),
        (
            HistoryLine(1, Event.OVERRIDDEN, NOW, f"same text: {HOSTILE}"),
            f"Ada overrode same text: {HOSTILE}",
        ),
        (
            HistoryLine(1, Event.POSTPONED, NOW, NOW.isoformat()),
            "It's quiet hours for the customer. Waiting until they end: <date>",
        ),
        (
            HistoryLine(1, Event.PAUSED, NOW, "Leo: An incident."),
            "⏸ All sending is paused. Waiting. Leo: An incident.",
        ),
        (
            HistoryLine(1, Event.REFUSED, NOW, "Too late.", "https://slack.example/1", whose="Leo"),
            "Not sent. Too late. See Leo's message",
        ),
        (
            HistoryLine(1, Event.REFUSED, NOW, "Too late.", "https://slack.example/1", is_own=True),
            "Not sent. Too late. See your other message",
        ),
        (HistoryLine(1, Event.REFUSED, NOW, "Too late.", whose="Leo"), "Not sent. Too late."),
        (HistoryLine(1, Event.OVERRIDDEN, NOW, ""), "Ada overrode a rule"),
        (HistoryLine(1, Event.APPROVAL_ASKED, NOW, ""), "Needs approval."),
        (HistoryLine(1, Event.HELD, NOW, Stuck.CONVERSATION), WHY_STUCK[Stuck.CONVERSATION]),
        (
            HistoryLine(1, Event.ELSEWHERE, NOW, DIRECT_ONLY),
            "Only you can see this: Cards are shown in direct messages only.",
        ),
        (
            HistoryLine(1, Event.WATCH_ENDED, NOW, "72 hours"),
            "No update for 72 hours. Tracking stopped.",
        ),
        (HistoryLine(1, Event.REFUSED, NOW, "Too late.", "V0OTHER"), "Not sent. Too late."),
    ],
)
def test_a_line_says_what_was_decided_by_whom_and_why(line: HistoryLine, said: str) -> None:
    assert _words(show_line(line, replace(ADAS, agent_name="Ada"))) == f"<date>  {said}"


def test_a_line_about_an_opt_out_tells_the_agent(a_request: Build) -> None:
    line = HistoryLine(1, Event.OPTED_OUT, NOW, "")
    assert _words(show_line(line, ADAS)).startswith("<date>  <user>  This customer doesn't want")


@pytest.mark.parametrize("state", State)
def test_of_an_erased_request_only_the_masked_address_the_agent_and_the_state_stay(
    state: State, a_request: Build
) -> None:
    secret = "Private"
    values = {"customer_name": secret, "text": secret, "reason": secret, "approval_for": secret}
    request = a_request(state=state, stuck=Stuck.PAUSED, erased_at=NOW, **values)
    line = HistoryLine(1, Event.REFUSED, NOW, secret, f"https://example.com/{secret}")
    shown = [
        show_card(request, Notes(LEO)),
        show_outcome(request, "https://workspace.slack.com/archives/C1/p1"),
        show_news(request, [line]),
        show_approval(request, Notes(), ""),
        show_where_it_stands(request),
    ]
    for post in shown:
        assert _words(post) == (
            f"Message to j•••@example.com from Ada Agent: {STATE_WORDS[state]} (erased)"
        )
        assert not _buttons(post) and not _faults(post)
    erased_line = show_line(line, ADAS, is_erased=True)
    assert secret not in _shown(erased_line)
    assert _words(erased_line) == "<date>  Not sent."


@pytest.mark.parametrize("event", [Event.APPROVED, Event.OPTED_OUT, Event.REPLIED])
def test_an_erased_line_mentions_nobody(event: Event) -> None:
    line = HistoryLine(1, event, NOW, "Leo", user_id="U0LEO")
    post = show_line(line, ADAS, is_erased=True)
    assert not _pings(post)
    assert "Leo" not in _words(post).replace("U0LEO", "")


def test_the_approvers_channel_shows_no_text_and_no_name_where_no_channel_may(
    a_request: Build,
) -> None:
    request = a_request(state=State.UNAPPROVED, customer_name="Jane Doe")
    post = show_approval(request, Notes(), "", is_public=False)
    assert "Jane Doe" not in _shown(post) and "Your order is ready" not in _shown(post)
    assert {a: b["text"]["text"] for a, b in _buttons(post).items()} == {
        REVIEW: "Read it",
        DECLINE: "Decline",
    }


def test_a_post_to_the_approvers_says_what_was_decided(a_request: Build) -> None:
    approved = a_request(state=State.SCHEDULED, approver_id="U0LEO", approver_name="Leo")
    post = show_approval(approved, Notes(), "https://workspace.slack.com/archives/C1/p1")
    assert "👍 Approved by Leo  The card" in _words(post)
    assert not _buttons(post)
    declined = show_approval(a_request(state=State.REFUSED), Notes(), "")
    assert STATE_WORDS[State.REFUSED] in _words(declined)

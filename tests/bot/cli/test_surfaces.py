"""Every view and message that the bot can produce passes Slack's rules, and pings nobody."""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import bot.cli.surfaces
from bot.cli.surfaces import HOSTILE, LONGEST, print_surfaces, surfaces
from bot.request import Event, Stuck
from bot.state import State
from bot.storage.my_requests import Filter
from sandbox.local_slack.blocks import Surface, check_blocks
from sandbox.local_slack.content import LONGEST_BLOCKS, read_blocks
from sandbox.local_slack.homes import check_home
from sandbox.local_slack.mentions import list_pings
from sandbox.local_slack.views import LARGEST_VIEW, check_view
from sandbox.local_slack.workspace import Message

_TOUR = Path(__file__).parents[3] / "docs" / "tour.md"


@cache
def _all() -> list[tuple[str, str, Any]]:
    return list(surfaces())


@cache
def _shown(kind: str) -> list[tuple[str, Any]]:
    return [(name, payload) for name, surface, payload in _all() if surface == kind]


@cache
def _distinct(kind: str) -> dict[str, tuple[str, Any]]:
    """Return what's shown without repeats, by its JSON: many surfaces differ in no character."""
    return {
        json.dumps(payload, ensure_ascii=False): (name, payload) for name, payload in _shown(kind)
    }


def _is_in_a_form(words: str) -> bool:
    return any(words in shown for shown in _distinct("modal"))


def test_every_view_passes_slack_s_rules() -> None:
    views = _distinct("modal").values()
    assert not [(name, str(one)) for name, view in views for one in check_view(view)]
    assert max(len(json.dumps(view)) for _, view in views) < LARGEST_VIEW


def test_every_message_passes_slack_s_rules() -> None:
    faults = [
        (name, str(fault))
        for name, blocks in _distinct("message").values()
        for fault in check_blocks(blocks, Surface.MESSAGE, "/blocks")
    ]
    assert not faults


def test_no_message_has_more_text_in_its_blocks_than_slack_takes() -> None:
    for _, blocks in _distinct("message").values():
        read_blocks(blocks)  # raises msg_blocks_too_long
        assert sum(len(text) for _, text in _texts(blocks)) <= LONGEST_BLOCKS


def test_every_home_tab_passes_slack_s_rules() -> None:
    homes = _distinct("home").values()
    assert not [(name, str(one)) for name, view in homes for one in check_home(view)]
    assert max(len(json.dumps(view)) for _, view in homes) < LARGEST_VIEW


def test_every_surface_is_a_modal_a_message_or_a_home_tab() -> None:
    assert {surface for _, surface, _ in _all()} == {"modal", "message", "home"}


@pytest.mark.parametrize("state", State)
def test_there_is_a_home_tab_with_requests_in_every_state(state: State) -> None:
    assert any(name == f"home {state.value}" for name, _ in _shown("home"))


@pytest.mark.parametrize("state", State)
def test_there_is_a_card_for_every_state(state: State) -> None:
    assert any(name == f"card {state.value}" for name, _ in _shown("message"))


@pytest.mark.parametrize("stuck", [one for one in Stuck if one])
def test_there_is_a_card_for_whatever_a_message_waits_for(stuck: Stuck) -> None:
    shown = [name for name, _ in _shown("message")]
    assert any(name.startswith(f"card held {stuck} ") for name in shown)
    assert any(name.startswith(f"card planned, held {stuck} ") for name in shown)


@pytest.mark.parametrize("name", ["digest with a chart", *(f"list empty {one}" for one in Filter)])
def test_there_is_a_digest_with_a_chart_and_each_empty_list(name: str) -> None:
    assert name in dict(_shown("message"))


def test_there_are_the_longest_options_of_the_template_menu() -> None:
    menus = [view for name, view in _shown("modal") if name == "template options"]
    counts = {len(menu["blocks"][0]["elements"][0]["options"]) for menu in menus}
    assert max(counts) == 100
    assert "No template" in str(menus)


@pytest.mark.parametrize("event", Event)
def test_there_is_a_line_for_every_event(event: Event) -> None:
    assert any(name == f"line {event.value}" for name, _ in _shown("message"))


@pytest.mark.parametrize(
    "words",
    [
        *("Ready to send: ", "Can't be sent: ", "Looking them up", "Press Enter"),
        *("Needs approval: ", "Sending is paused: ", "Not sent: "),
        "Blocked, but you can override: ",
    ],
)
def test_the_form_shows_every_kind_of_evidence(words: str) -> None:
    assert _is_in_a_form(words)


@pytest.mark.parametrize(
    "sentence",
    [
        *("paused all sending", "on the do-not-contact list", "already sending this text"),
        *("a message to this customer", "They've had", "You've sent 99 messages"),
        *("It's quiet hours", "Remove it", "payment card number", "The text links to"),
        *("You have looked up customers", "Someone else must approve"),
    ],
)
def test_the_form_shows_what_each_of_our_rules_says(sentence: str) -> None:
    assert _is_in_a_form(sentence)


@pytest.mark.parametrize(
    "words", ["Reason to send anyway", "ComodRivadavia time", "Don't contact this customer"]
)
def test_the_form_offers_every_way_out(words: str) -> None:
    assert _is_in_a_form(words)


def test_hostile_texts_and_the_longest_ones_are_included() -> None:
    shown = json.dumps([payload for _, _, payload in _all()], ensure_ascii=False)
    assert "<!channel> @here" in shown
    assert LONGEST[:300] in shown
    assert "x" * 70 in shown


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        for one in value:
            yield from _nodes(one)
    elif isinstance(value, dict):
        yield value
        for one in value.values():
            yield from _nodes(one)


def _texts(value: Any) -> Iterator[tuple[str, str]]:
    for node in _nodes(value):
        if isinstance(node.get("text"), str):
            yield str(node.get("type")), node["text"]


def test_no_hostile_text_is_where_slack_would_format_it() -> None:
    assert HOSTILE.startswith("<!channel>")
    for name, _, payload in _all():
        for kind, text in _texts(payload):
            if kind not in ("text", "plain_text"):
                assert kind in ("mrkdwn", "markdown", "link"), name
                assert not [sign for sign in ("<", "@", "*") if sign in text], name


TELLS_THE_AGENT = (
    *(f"line {event}" for event in ("replied", "failed", "uncertain", "opted out", "declined")),
    "news with a reply",
)


def test_only_the_agent_is_mentioned_and_only_for_what_they_have_to_know() -> None:
    for name, blocks in _shown("message"):
        expected = ["U0ADA"] if name in TELLS_THE_AGENT else []
        assert list_pings(Message("1.1", "C1", "U1", "", blocks=blocks)) == expected, name
        mentioned = [node["user_id"] for node in _nodes(blocks) if node.get("type") == "user"]
        assert mentioned == expected, name


def test_only_cards_threads_and_conversations_in_genesys_are_linked() -> None:
    links = {
        (name.split()[0], node["text"])
        for name, _, payload in _all()
        for node in _nodes(payload)
        if node.get("type") == "link"
    }
    assert links == {
        ("outcome", "Thread"),
        ("home", "Thread"),
        ("list", "Thread"),
        ("card", "Open in Genesys Cloud"),
        ("line", "Open in Genesys Cloud"),
        ("line", "message"),
        ("news", "Open in Genesys Cloud"),
        ("elsewhere", "The card"),
        ("approval", "The card"),
        ("form", "The card"),
    }
    kinds = {(node.get("type"), name) for name, _, payload in _all() for node in _nodes(payload)}
    never = {"usergroup", "broadcast", "mrkdwn", "markdown"}
    assert not {kind for kind, _ in kinds} & never
    assert {name for kind, name in kinds if kind == "channel"} == {"outcomes"}


def test_no_message_shows_a_complete_address_or_number() -> None:
    for name, blocks in _shown("message"):
        if name not in ("help", "notice"):  # those have examples
            shown = json.dumps(blocks, ensure_ascii=False)
            assert "+442079460018" not in shown
            assert "jane@example.com" not in shown


def test_each_printed_line_is_one_json_object(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = _all()
    monkeypatch.setattr(bot.cli.surfaces, "surfaces", lambda: drawn)  # drawing them takes a second
    print_surfaces()
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["name"], line["surface"], line["payload"]) for line in lines] == _all()
    assert all(set(line) == {"name", "surface", "payload"} for line in lines)


def test_the_tour_quotes_what_people_see() -> None:
    quoted = re.findall(r"\*\*(.+?)\*\*", _TOUR.read_text().replace("\n", " "))
    shown = "\n".join(text for _, _, payload in _all() for _, text in _texts(payload))
    assert len(quoted) > 15
    assert not [words for words in quoted if words not in shown]

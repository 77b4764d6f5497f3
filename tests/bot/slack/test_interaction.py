"""What Slack sends is read into one object, whatever it sends and whatever it leaves out."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.request import Place
from bot.slack.interaction import Interaction, Kind, read_interaction

URL = "https://hooks.slack.com/x"
USER = {"id": "U0ADA", "username": "ada", "name": "ada.agent", "team_id": "T0USER"}
VIEW = {
    "id": "V1",
    "team_id": "T0VIEW",
    "blocks": [
        {"type": "input", "block_id": "customer"},
        {"type": "rich_text", "block_id": "evidence"},
        {"type": "input", "block_id": "message"},
    ],
}

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
NAMES = st.sampled_from(
    [
        "type",
        "command",
        "user",
        "team",
        "channel",
        "message",
        "view",
        "actions",
        "response_url",
        "text",
        "id",
    ]
)


def test_a_command_is_read() -> None:
    body = {
        "command": "/proactive",
        "text": "jane@example.com Hello",
        "user_id": "U0ADA",
        "user_name": "ada",
        "team_id": "T0TEAM",
        "channel_id": "C0SUPPORT",
        "response_url": URL,
        "trigger_id": "1.2.3",
        "api_app_id": "A0BOT",
    }
    assert read_interaction(body) == Interaction(
        kind=Kind.COMMAND,
        user_id="U0ADA",
        user_name="ada",
        place=Place("T0TEAM", "C0SUPPORT", "", URL),
        trigger_id="1.2.3",
        text="jane@example.com Hello",
        view={},
        action_id="",
        action_value="",
        command="/proactive",
        app_id="A0BOT",
        user_team_id="T0TEAM",
    )


def test_a_message_shortcut_is_read() -> None:
    body: dict[str, Any] = {
        "type": "message_action",
        "user": USER,
        "team": {"id": "T0TEAM"},
        "channel": {"id": "C0SUPPORT", "name": "support"},
        "message": {"text": "Ask jane@example.com", "ts": "2.0", "thread_ts": "1.0"},
        "response_url": URL,
        "trigger_id": "1.2.3",
    }
    assert read_interaction(body) == Interaction(
        kind=Kind.MESSAGE_SHORTCUT,
        user_id="U0ADA",
        user_name="ada.agent",
        place=Place("T0TEAM", "C0SUPPORT", "1.0", URL),
        trigger_id="1.2.3",
        text="",
        view={},
        action_id="",
        action_value="",
        message=body["message"],
        user_team_id="T0USER",
    )


def test_a_message_outside_a_thread_begins_one() -> None:
    assert read_interaction({"message": {"ts": "2.0"}}).place.thread_ts == "2.0"


def test_a_click_is_read() -> None:
    body = {
        "type": "block_actions",
        "user": USER,
        "team": {"id": "T0TEAM"},
        "channel": {"id": "C0SUPPORT"},
        "actions": [
            {"action_id": "cancel", "value": "V9"},
            {"action_id": "other", "value": "V8"},
        ],
        "response_url": URL,
        "trigger_id": "1.2.3",
    }
    click = read_interaction(body)
    assert click.kind is Kind.ACTION
    assert (click.action_id, click.action_value) == ("cancel", "V9")
    assert click.place == Place("T0TEAM", "C0SUPPORT", "", URL)


def test_a_submitted_form_is_read() -> None:
    body = {"type": "view_submission", "user": USER, "team": {"id": "T0TEAM"}, "view": VIEW}
    submission = read_interaction(body)
    assert submission.kind is Kind.SUBMISSION
    assert submission.view == VIEW
    assert submission.view_id == "V1"
    assert submission.input_ids == ["customer", "message"]


@pytest.mark.parametrize(
    ("value", "request_id", "number"),
    [
        ("V9:2", "V9", "2"),
        ("V9:0", "V9", "0"),
        ("V9", "V9", ""),  # a card of 0.1
        ("", "", ""),
        (None, "", ""),
        (5, "", ""),
    ],
)
def test_a_button_says_its_request_and_how_many_decisions_came_before(
    value: object, request_id: str, number: str
) -> None:
    click = read_interaction({"type": "block_actions", "actions": [{"value": value}]})
    assert (click.request_id, click.decision_number) == (request_id, number)


@pytest.mark.parametrize(
    ("view", "callback_id", "metadata"),
    [
        ({"callback_id": "compose", "private_metadata": "[]"}, "compose", "[]"),
        ({"callback_id": None, "private_metadata": 5}, "", ""),
        ({}, "", ""),
        (None, "", ""),
        ("compose", "", ""),
    ],
)
def test_a_form_says_which_it_is_and_gives_its_metadata_back(
    view: object, callback_id: str, metadata: str
) -> None:
    read = read_interaction({"type": "view_submission", "view": view})
    assert (read.callback_id, read.metadata) == (callback_id, metadata)


@pytest.mark.parametrize(
    ("body", "team_id"),
    [
        ({"team": {"id": "T0TEAM"}, "user": USER, "view": VIEW}, "T0TEAM"),
        ({"team_id": "T0FORM", "user": USER}, "T0FORM"),
        ({"team": None, "user": USER, "view": VIEW}, "T0USER"),
        ({"team": None, "user": {"id": "U0ADA"}, "view": VIEW}, "T0VIEW"),
        ({}, ""),
    ],
)
def test_an_org_wide_install_has_the_users_team(body: dict[str, Any], team_id: str) -> None:
    assert read_interaction(body).place.team_id == team_id


@pytest.mark.parametrize(
    ("body", "team_id"),
    [
        ({"team": {"id": "T0TEAM"}, "user": USER}, "T0USER"),
        ({"team_id": "T0FORM", "user_id": "U0ADA"}, "T0FORM"),
        ({"team": {"id": "T0TEAM"}, "user": {"id": "U0ADA"}}, ""),
        ({}, ""),
    ],
)
def test_whoever_clicks_has_a_workspace_of_their_own(body: dict[str, Any], team_id: str) -> None:
    assert read_interaction(body).user_team_id == team_id


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"user": USER}, "ada.agent"),
        ({"user": {"id": "U0ADA", "username": "ada"}}, "ada"),
        ({"user_id": "U0ADA", "user_name": "ada"}, "ada"),
        ({"user": {"id": "U0ADA"}}, "U0ADA"),
        ({}, ""),
    ],
)
def test_a_user_without_a_name_goes_by_their_id(body: dict[str, Any], name: str) -> None:
    assert read_interaction(body).user_name == name


@pytest.mark.parametrize("kind", ["view_closed", "event", "", None, 5, ["block_actions"]])
def test_anything_else_is_another_kind(kind: Any) -> None:
    assert read_interaction({"type": kind}).kind is Kind.OTHER


@given(st.dictionaries(NAMES, JSON, max_size=6))
def test_any_json_object_can_be_read(body: dict[str, Any]) -> None:
    read = read_interaction(body)
    assert all(isinstance(text, str) for text in (read.user_id, read.text, read.action_id))
    assert isinstance(read.view, dict)
    assert isinstance(read.message, dict)
    derived = (read.view_id, read.metadata, read.callback_id, read.request_id, *read.input_ids)
    assert all(isinstance(text, str) for text in derived)


def test_what_a_person_typed_and_a_secret_url_are_in_no_repr() -> None:
    view = {"id": "jane@example.com"}
    body = {"text": "jane@example.com", "response_url": URL, "user_name": "ada", "view": view}
    body["message"] = view
    shown = repr(read_interaction(body))
    assert "jane" not in shown
    assert "hooks" not in shown
    assert "'ada'" not in shown

from __future__ import annotations

import pytest

from tests.conftest import wait_until


def plain(text: str) -> dict:
    return {"type": "plain_text", "text": text}


BUTTON = {"type": "button", "action_id": "act", "text": plain("Tom & co"), "value": "r1"}
ACTIONS = {"type": "actions", "block_id": "row", "elements": [BUTTON]}
PICKER = {"type": "external_select", "action_id": "pick", "min_query_length": 2}
PRESS = {"block_id": "row", "action_id": "act"}


@pytest.fixture
def card(slack) -> dict:
    """Post a card with a button and return where it is."""
    answer = slack.client.chat_postMessage(channel="C0SUPPORT", text="a > b", blocks=[ACTIONS])
    return {"channel": "C0SUPPORT", "ts": answer["ts"]}


@pytest.fixture
def form(slack, bot):
    """Open a modal and return its id."""

    def show(*blocks: dict) -> str:
        slack.command()
        view = {"type": "modal", "callback_id": "modal", "title": plain("T"), "blocks": [*blocks]}
        view["submit"] = plain("Send")
        opened = slack.client.views_open(trigger_id=bot.bodies[-1]["trigger_id"], view=view)
        return opened["view"]["id"]

    return show


def test_a_click_in_a_message_says_where_it_was(slack, bot, card) -> None:
    reply = slack.client.chat_postMessage(
        channel="C0SUPPORT", text="x", blocks=[ACTIONS], thread_ts=card["ts"]
    )
    where = {"channel": "C0SUPPORT", "ts": reply["ts"]}
    assert slack.post("/people/actions", **where, **PRESS)["ack"]["status"] == 200
    (body,) = bot.bodies
    assert body["type"] == "block_actions" and body["trigger_id"] and body["response_url"]
    assert body["container"] == {
        "type": "message",
        "message_ts": reply["ts"],
        "channel_id": "C0SUPPORT",
        "is_ephemeral": False,
        "thread_ts": card["ts"],
    }
    (action,) = body["actions"]
    assert action["value"] == "r1" and action["type"] == "button" and action["action_ts"]
    assert action["text"]["text"] == "Tom &amp; co"
    assert body["message"]["blocks"][0]["elements"][0]["text"]["text"] == "Tom &amp; co"


def test_a_click_may_replace_or_delete_the_message(slack, bot, card) -> None:
    async def replace(ack, respond) -> None:
        await ack()
        await respond(text="done", replace_original=True)

    async def delete(ack, respond) -> None:
        await ack()
        await respond(delete_original=True)

    bot.on_action = replace
    slack.post("/people/actions", **card, **PRESS)
    wait_until(lambda: [m["text"] for m in slack.messages()] == ["done"])
    slack.client.chat_update(**card, text="again", blocks=[ACTIONS])
    bot.on_action = delete
    slack.post("/people/actions", **card, **PRESS)
    wait_until(lambda: slack.messages() == [])


def test_a_click_on_an_ephemeral_message_does_not_include_the_message(slack, bot) -> None:
    slack.client.chat_postEphemeral(
        channel="C0SUPPORT", user="U0ADA", text="psst", blocks=[ACTIONS]
    )
    ts = slack.messages()[0]["ts"]
    slack.post("/people/actions", channel="C0SUPPORT", ts=ts, **PRESS)
    assert bot.bodies[0]["container"]["is_ephemeral"] and "message" not in bot.bodies[0]
    other = {"user": "U0LEO", "channel": "C0SUPPORT", "ts": ts}
    assert slack.post("/people/actions", **other, **PRESS)["status"] == 400


def test_only_existing_elements_can_be_pressed(slack, bot, card) -> None:
    missing = {"block_id": "row", "action_id": "other"}
    assert slack.post("/people/actions", **card, **missing)["status"] == 400
    assert bot.bodies == []


def test_a_button_of_an_older_version_can_still_be_clicked(slack, bot, card) -> None:
    (shown,) = slack.messages()
    slack.client.chat_update(**card, text="done", blocks=[{"type": "divider"}])
    assert slack.post("/people/actions", **card, **PRESS)["status"] == 400
    click = {**card, **PRESS, "user": "U0LEO", "stale_block": shown["blocks"][0]}
    assert slack.post("/people/actions", **click)["ack"]["status"] == 200
    (body,) = bot.bodies
    assert body["actions"][0]["value"] == "r1" and body["user"]["id"] == "U0LEO"
    assert body["message"]["text"] == "done" and body["response_url"]


@pytest.mark.parametrize("stale", ["row", {"type": "actions"}, {**ACTIONS, "block_id": "other"}])
def test_a_stale_block_must_be_a_valid_block(slack, bot, card, stale) -> None:
    answer = slack.post("/people/actions", **card, **PRESS, stale_block=stale)
    assert answer["status"] == 400 and bot.bodies == []


def test_a_click_on_a_link_button_is_also_sent(slack, bot) -> None:
    link = {**BUTTON, "url": "https://genesys.example.com/conversation/1"}
    row = {**ACTIONS, "elements": [link]}
    ts = slack.client.chat_postMessage(channel="C0SUPPORT", text="x", blocks=[row])["ts"]
    slack.post("/people/actions", channel="C0SUPPORT", ts=ts, **PRESS)
    assert bot.bodies[0]["actions"][0]["url"] == link["url"]


def test_the_person_is_told_when_a_click_fails(slack, card) -> None:
    assert slack.post("/people/actions", **card, **PRESS)["ack"]["failure"] == "dispatch_failed"
    assert slack.messages()[-1]["user"] == "USLACKBOT"


def test_enter_in_an_input_sends_its_value_and_the_whole_form(slack, bot, form) -> None:
    field = {"type": "plain_text_input", "action_id": "act"}
    first = {"type": "input", "block_id": "row", "label": plain("L"), "element": field}
    view_id = form({**first, "dispatch_action": True}, {**first, "block_id": "other"})
    value = {"type": "plain_text_input", "value": "jane"}
    values = {"other": {"act": {"type": "plain_text_input", "value": "text"}}}
    slack.post("/people/actions", view_id=view_id, **PRESS, element=value, values=values)
    body = bot.bodies[-1]
    assert body["container"] == {"type": "view", "view_id": view_id}
    assert body["actions"][0]["value"] == "jane" and "text" not in body["actions"][0]
    assert body["view"]["state"]["values"] == {"row": {"act": value}, **values}
    quiet = {"view_id": view_id, "block_id": "other", "action_id": "act", "element": value}
    assert slack.post("/people/actions", **quiet)["status"] == 400


def test_options_come_from_the_bot(slack, bot, form) -> None:
    async def offer(ack, body) -> None:
        await ack(options=[{"text": plain(body["value"]), "value": "1"}])

    bot.on_options = offer
    block = {"type": "input", "block_id": "b", "label": plain("L"), "element": PICKER}
    ask = {"view_id": form(block), "block_id": "b", "action_id": "pick"}
    answer = slack.post("/people/options", **ask, value="jane")
    assert answer["options"] == [{"text": plain("jane"), "value": "1"}]
    assert bot.bodies[-1]["type"] == "block_suggestion" and bot.bodies[-1]["value"] == "jane"
    short = slack.post("/people/options", **ask, value="j")
    assert short["options"] == [] and short["ack"] is None


def test_options_of_the_wrong_form_are_not_shown(slack, bot, form) -> None:
    async def offer_badly(ack) -> None:
        await ack(options=[{"text": plain("x" * 76), "value": "1"}])

    bot.on_options = offer_badly
    block = {"type": "input", "block_id": "b", "label": plain("L"), "element": PICKER}
    ask = {"view_id": form(block), "block_id": "b", "action_id": "pick"}
    assert slack.post("/people/options", **ask, value="jane")["options"] == []


def test_an_org_wide_install_leaves_out_the_team_but_not_the_users(slack, bot, card) -> None:
    slack.settings(org_wide=True)
    slack.post("/people/actions", **card, **PRESS)
    (body,) = bot.bodies
    assert body["team"] is None and body["is_enterprise_install"] is True
    assert body["user"]["team_id"] == "T0LOCAL" and body["enterprise"]["id"] == "E0LOCAL"
    slack.settings(org_wide=False)

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from slack_sdk.errors import SlackApiError

from .conftest import error, refusal


def plain(text: str) -> dict:
    return {"type": "plain_text", "text": text}


def text_input(block_id: str = "who", **more) -> dict:
    element = {"type": "plain_text_input", "action_id": "typed", **more}
    return {"type": "input", "block_id": block_id, "label": plain("Who"), "element": element}


def modal(*blocks: dict, **more) -> dict:
    return {
        "type": "modal",
        "callback_id": "modal",
        "title": plain("Message a customer"),
        "submit": plain("Send"),
        "blocks": list(blocks) or [text_input()],
        **more,
    }


def typed(value: str | None) -> dict:
    return {"who": {"typed": {"type": "plain_text_input", "value": value}}}


@pytest.fixture
def trigger(slack, bot):
    """Run the command and return its trigger id."""

    def press() -> str:
        slack.command()
        return bot.bodies[-1]["trigger_id"]

    return press


@pytest.fixture
def opened(slack, trigger):
    """Open a modal and return its id."""

    def show(*blocks: dict, **more) -> str:
        view = modal(*blocks, **more)
        return slack.client.views_open(trigger_id=trigger(), view=view)["view"]["id"]

    return show


@pytest.fixture
def submit(slack):
    def press(view_id: str, values: dict | None = None) -> dict:
        return slack.post(f"/people/views/{view_id}/submit", values=values or typed("jane"))

    return press


def test_a_trigger_is_used_once(slack, trigger) -> None:
    open_view = slack.client.views_open
    pressed = trigger()
    assert open_view(trigger_id=pressed, view=modal())["view"]["hash"]
    assert error(open_view, trigger_id=pressed, view=modal()) == "exchanged_trigger_id"
    assert error(open_view, trigger_id="1.2.a", view=modal()) == "invalid_trigger_id"


def test_a_trigger_lives_three_seconds(slack, trigger) -> None:
    pressed = trigger()
    slack.clock.ahead += 3.5
    answer = refusal(slack.client.views_open, trigger_id=pressed, view=modal())
    assert answer["error"] == "expired_trigger_id"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"title": plain("x" * 25)}, "/view/title/text"),
        ({"submit": None}, "/view/submit"),
        ({"private_metadata": "x" * 3001}, "/view/private_metadata"),
        ({"blocks": []}, "/view/blocks"),
        ({"type": "home"}, "/view/type"),
        ({"colour": "red"}, "/view/colour"),
        ({"blocks": [text_input(), text_input()]}, "/view/blocks"),
    ],
)
def test_a_broken_view_is_refused_with_a_pointer(slack, trigger, change, pointer) -> None:
    view = {name: value for name, value in {**modal(), **change}.items() if value is not None}
    answer = refusal(slack.client.views_open, trigger_id=trigger(), view=view)
    assert answer["error"] == "invalid_arguments"
    assert any(
        f"[json-pointer:{pointer}]" in text for text in answer["response_metadata"]["messages"]
    )


def test_a_view_of_more_than_250_kb_is_too_large(slack, trigger) -> None:
    blocks = [{"type": "section", "text": plain("x" * 2900)} for _ in range(90)]
    answer = refusal(slack.client.views_open, trigger_id=trigger(), view=modal(*blocks))
    assert answer["error"] == "view_too_large"


def test_a_stale_hash_is_a_conflict(slack, opened) -> None:
    view_id = opened()
    old = slack.views()[0]["hash"]
    update = slack.client.views_update
    new = update(view_id=view_id, hash=old, view=modal())["view"]
    assert new["hash"] != old and new["id"] == view_id
    assert error(update, view_id=view_id, hash=old, view=modal()) == "hash_conflict"
    assert error(update, view_id="V1", view=modal()) == "not_found"


def test_external_ids_are_unique(slack, opened, trigger) -> None:
    view_id = opened(external_id="request-1")
    answer = refusal(
        slack.client.views_open, trigger_id=trigger(), view=modal(external_id="request-1")
    )
    assert answer["error"] == "duplicate_external_id"
    updated = slack.client.views_update(external_id="request-1", view=modal())
    assert updated["view"]["id"] == view_id


def test_what_was_typed_survives_an_update_with_the_same_ids(slack, bot, opened) -> None:
    view_id = opened({**text_input(), "dispatch_action": True})
    act = {"view_id": view_id, "block_id": "who", "action_id": "typed"}
    slack.post("/people/actions", **act, element=typed("jane")["who"]["typed"])
    slack.client.views_update(view_id=view_id, view=modal(text_input(initial_value="new")))
    assert slack.views()[0]["state"]["values"] == typed("jane")
    fresh = modal(text_input("other", initial_value="new"))
    slack.client.views_update(view_id=view_id, view=fresh)
    values = slack.views()[0]["state"]["values"]
    assert values == {"other": {"typed": {"type": "plain_text_input", "value": "new"}}}


def test_a_submission_carries_every_value_and_closes_the_modal(slack, bot, opened, submit) -> None:
    options = [{"text": plain(name), "value": name} for name in ("a", "b")]
    radio = {
        "type": "input",
        "block_id": "how",
        "label": plain("How"),
        "element": {"type": "radio_buttons", "action_id": "chosen", "options": options},
    }
    optional = {**text_input("note"), "optional": True}
    view_id = opened(text_input(), optional, radio, private_metadata="m")
    chosen = {"chosen": {"type": "radio_buttons", "selected_option": {"value": "b"}}}
    answer = submit(view_id, {**typed("Tom & <b>"), "how": chosen})
    assert answer["result"] == "closed" and slack.views() == []
    view = bot.bodies[-1]["view"]
    assert view["id"] == view_id and view["private_metadata"] == "m"
    assert view["state"]["values"] == {
        "who": {"typed": {"type": "plain_text_input", "value": "Tom & <b>"}},
        "note": {"typed": {"type": "plain_text_input", "value": None}},
        "how": {
            "chosen": {
                "type": "radio_buttons",
                "selected_option": {"text": {**plain("b"), "emoji": True}, "value": "b"},
            }
        },
    }


def test_slacks_client_does_not_submit_an_invalid_form(slack, bot, opened, submit) -> None:
    email = {
        "type": "input",
        "block_id": "mail",
        "label": plain("E-mail"),
        "element": {"type": "email_text_input", "action_id": "typed"},
    }
    view_id = opened(text_input(max_length=5), email)
    before = len(bot.bodies)
    mail = {"mail": {"typed": {"type": "email_text_input", "value": "jane"}}}
    answer = submit(view_id, {**typed("123456"), **mail})
    assert answer["result"] == "errors" and answer["ack"] is None
    assert set(answer["errors"]) == {"who", "mail"} and len(bot.bodies) == before
    assert slack.views()[0]["errors"] == answer["errors"]
    empty = submit(view_id, {**typed(None), **mail})
    assert empty["errors"]["who"] == "Please complete this required field."


def test_people_can_fill_in_only_existing_fields(opened, submit) -> None:
    view_id = opened()
    assert submit(view_id, {"nowhere": {"typed": {"value": "x"}}})["status"] == 400
    assert submit(view_id, {"who": {"typed": {"text": "x"}}})["status"] == 400
    assert submit("V1")["status"] == 400


@pytest.mark.parametrize(
    ("answer", "result", "shown"),
    [
        ({"response_action": "errors", "errors": {"who": "No such customer."}}, "errors", 1),
        ({"response_action": "update", "view": modal(title=plain("New"))}, "updated", 1),
        ({"response_action": "push", "view": modal(title=plain("On top"))}, "pushed", 2),
        ({"response_action": "clear"}, "cleared", 0),
        ({"response_action": "errors", "errors": {"nowhere": "No."}}, "trouble", 1),
        ({"response_action": "errors", "errors": {}}, "trouble", 1),
        ({"response_action": "update", "view": modal(title=plain("x" * 25))}, "trouble", 1),
        ({"response_action": "close"}, "trouble", 1),
    ],
)
def test_the_bots_answer_decides_what_happens_to_the_modal(
    slack, bot, opened, submit, answer, result, shown
) -> None:
    async def reply(ack) -> None:
        await ack(**answer)

    view_id = opened()
    bot.on_submission = reply
    assert submit(view_id)["result"] == result
    views = slack.views()
    assert len(views) == shown
    if result == "updated":
        assert views[0]["id"] == view_id and views[0]["title"]["text"] == "New"
    if result == "pushed":
        assert views[1]["previous_view_id"] == views[1]["root_view_id"] == view_id
    if result == "trouble":
        assert views[0]["trouble"] == "We had some trouble connecting. Try again?"


def test_after_a_lost_answer_the_same_view_is_submitted_again(
    slack, bot, opened, submit, hang
) -> None:
    async def ack_at_once(ack) -> None:
        await ack()

    view_id = opened()
    bot.on_submission = hang
    slack.settings(ack_seconds=0.1)
    answer = submit(view_id)
    assert answer["result"] == "trouble" and answer["ack"]["failure"] == "operation_timeout"
    assert slack.views()[0]["state"]["values"] == typed("jane")
    bot.on_submission = ack_at_once
    slack.settings(ack_seconds=3)
    assert submit(view_id)["result"] == "closed"
    submitted = [body["view"]["id"] for body in bot.bodies if body.get("type") == "view_submission"]
    assert submitted == [view_id, view_id]


def test_twenty_simultaneous_presses_all_reach_the_bot(slack, bot, opened, submit) -> None:
    view_id = opened()
    with ThreadPoolExecutor(20) as presses:
        results = list(presses.map(lambda _: submit(view_id)["result"], range(20)))
    assert results == ["closed"] * 20
    sent = [body["view"]["id"] for body in bot.bodies if body.get("type") == "view_submission"]
    assert sent == [view_id] * 20


def test_closing_is_reported_if_the_view_asks_for_it(slack, bot, opened, submit) -> None:
    view_id = opened(notify_on_close=True)
    assert slack.post(f"/people/views/{view_id}/close")["ack"]["status"] == 200
    assert bot.bodies[-1]["type"] == "view_closed" and bot.bodies[-1]["is_cleared"] is False
    assert submit(view_id)["status"] == 400
    assert slack.post(f"/people/views/{opened()}/close")["ack"] is None


def test_a_stack_holds_three_views(slack, bot, opened) -> None:
    button = {"type": "button", "action_id": "act", "text": plain("More")}
    view_id = opened({"type": "actions", "block_id": "more", "elements": [button]})
    errors: list[str] = []

    async def push(ack, body, client) -> None:
        await ack()
        try:
            await client.views_push(trigger_id=body["trigger_id"], view=modal(title=plain("Top")))
        except SlackApiError as refusal:
            errors.append(refusal.response["error"])

    bot.on_action = push
    act = {"view_id": view_id, "block_id": "more", "action_id": "act"}
    for _ in range(3):
        slack.post("/people/actions", **act)
    assert len(slack.views()) == 3 and errors == ["push_limit_reached"]
    slack.post(f"/people/views/{slack.views()[-1]['id']}/close", clear=True)
    assert slack.views() == []


def picker(**more) -> dict:
    element = {"type": "datetimepicker", "action_id": "picked", **more}
    label = plain("Send until")
    return {"type": "input", "block_id": "until", "label": label, "element": element}


def test_a_date_and_time_is_whole_seconds(slack, bot, opened, submit) -> None:
    view_id = opened(picker(initial_date_time=1_763_832_600))

    def pick(value: object) -> dict:
        chosen = {"type": "datetimepicker", "selected_date_time": value}
        return submit(view_id, {"until": {"picked": chosen}})

    for wrong in ("1763832600", 1_763_832_600.5, 12, True):
        assert pick(wrong)["status"] == 400
    assert pick(None)["result"] == "errors"
    assert pick(1_763_839_800)["result"] == "closed"
    values = bot.bodies[-1]["view"]["state"]["values"]
    assert values["until"]["picked"] == {
        "type": "datetimepicker",
        "selected_date_time": 1_763_839_800,
    }


def test_an_untouched_date_and_time_has_its_initial_value(slack, bot, opened, submit) -> None:
    later = {**picker(initial_date_time=1_763_832_600), "block_id": "later"}
    view_id = opened({**picker(), "optional": True}, later)
    assert submit(view_id, {"until": {}})["result"] == "closed"
    values = bot.bodies[-1]["view"]["state"]["values"]
    assert values["until"]["picked"]["selected_date_time"] is None
    assert values["later"]["picked"]["selected_date_time"] == 1_763_832_600


def test_an_initial_date_and_time_has_ten_digits(slack, trigger) -> None:
    view = modal(picker(initial_date_time=1_763_832_600_000))
    answer = refusal(slack.client.views_open, trigger_id=trigger(), view=view)
    assert "initial_date_time" in answer["response_metadata"]["messages"][0]

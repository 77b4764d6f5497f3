from __future__ import annotations

import asyncio

import aiohttp

from tests.conftest import wait_until


def test_a_slash_command_arrives_as_slack_sends_it(slack, bot) -> None:
    answer = slack.command("jane@example.com Tom & <b>")
    assert answer["ok"] and answer["ack"]["status"] == 200 and answer["ack"]["failure"] is None
    (body,) = bot.bodies
    assert body["text"] == "jane@example.com Tom & <b>"
    assert body["command"] == "/proactive"
    assert (body["channel_id"], body["channel_name"]) == ("C0SUPPORT", "support")
    assert body["user_id"] == "U0ADA" and body["team_id"] == "T0LOCAL"
    assert body["response_url"].startswith(slack.url + "/commands-response/")
    assert "thread_ts" not in body


def test_slash_text_can_be_delivered_escaped_and_linked(slack, bot) -> None:
    slack.settings(slash_text_escaped=True)
    slack.command("jane@example.com a & b")
    assert bot.bodies[0]["text"] == "<mailto:jane@example.com|jane@example.com> a &amp; b"


def test_private_channels_and_direct_messages_hide_their_names(slack, bot) -> None:
    slack.command(channel="C0VIP")
    slack.command(channel="D0ADA")
    assert [body["channel_name"] for body in bot.bodies] == ["privategroup", "directmessage"]


def test_an_ack_with_text_is_shown_to_the_person_only(slack, bot) -> None:
    async def explain(ack) -> None:
        await ack("Usage: /proactive customer message")

    bot.on_command = explain
    slack.command("help")
    (message,) = slack.messages()
    assert message["ephemeral"] and message["text"].startswith("Usage")
    assert slack.messages(user="U0LEO") == []


def test_the_person_is_told_about_an_ack_that_slack_cannot_show(slack, bot) -> None:
    async def answer_badly(ack) -> None:
        await ack(text="hi", blocks=[{"type": "nonsense"}])

    bot.on_command = answer_badly
    slack.command()
    assert "dispatch_unknown_error" in slack.messages()[0]["text"]


def test_a_late_ack_is_an_operation_timeout(slack, bot, hang) -> None:
    bot.on_command = hang
    slack.settings(ack_seconds=0.1)
    assert slack.command()["ack"]["failure"] == "operation_timeout"
    (notice,) = slack.messages()
    assert notice["user"] == "USLACKBOT" and notice["ephemeral"]
    assert "operation_timeout" in notice["text"]


def test_a_bot_that_does_not_listen_is_a_dispatch_failure(slack) -> None:
    assert slack.command()["ack"]["failure"] == "dispatch_failed"
    assert "dispatch_failed" in slack.messages()[0]["text"]


def test_a_refusal_by_the_bot_is_a_dispatch_failure(slack, bot) -> None:
    url = slack.get("/control/slack/settings")["events_url"]
    slack.settings(events_url=url + "/elsewhere")
    ack = slack.command()["ack"]
    assert (ack["status"], ack["failure"]) == (404, "dispatch_failed")


def test_only_commands_of_the_manifest_exist(slack, bot) -> None:
    answer = slack.post("/people/commands", channel="C0SUPPORT", command="/other", text="")
    assert answer["status"] == 400 and "/other" in answer["error"]
    slack.settings(missing_scopes=["commands"])
    assert slack.command()["status"] == 400
    assert bot.bodies == []


def test_commands_need_a_channel_that_the_person_is_in(slack, bot) -> None:
    assert slack.command(channel="C0VIP", user="U0GUS")["status"] == 400
    assert slack.command(channel="C0ARCHIVE")["status"] == 400
    assert slack.command(user="U0BOT")["status"] == 400


def test_inviting_the_bot_lets_it_post_in_a_private_channel(slack) -> None:
    answer = slack.post("/people/commands", channel="C0VIP", command="/invite", text="@proactive")
    assert answer["ack"] is None
    assert slack.client.chat_postMessage(channel="C0VIP", text="hello")["ok"]


def test_a_response_url_works_five_times(slack, bot) -> None:
    statuses: list[int] = []

    async def respond_often(ack, respond) -> None:
        await ack()
        for _ in range(6):
            statuses.append((await respond("done")).status_code)

    bot.on_command = respond_often
    slack.command(channel="C0VIP")
    wait_until(lambda: len(statuses) == 6)
    assert statuses == [200] * 5 + [404]
    assert [m["ephemeral"] for m in slack.messages("C0VIP")] == [True] * 5


def test_a_fault_can_strike_at_a_response_url(slack, bot) -> None:
    statuses: list[int] = []

    async def respond_twice(ack, respond) -> None:
        await ack()
        for _ in range(2):
            statuses.append((await respond("done")).status_code)

    fault = {"where": "response_url", "kind": "status", "status": 503, "times": 1}
    slack.post("/control/slack/faults", **fault)
    bot.on_command = respond_twice
    slack.command()
    wait_until(lambda: statuses == [503, 200])


def test_a_response_url_ends_after_half_an_hour(slack, bot) -> None:
    statuses: list[int] = []

    async def respond_late(ack, respond) -> None:
        await ack()
        slack.clock.ahead = 1801
        statuses.append((await respond("done")).status_code)

    bot.on_command = respond_late
    slack.command()
    wait_until(lambda: statuses == [404])


def test_in_channel_answers_are_seen_by_everyone(slack, bot) -> None:
    async def announce(ack, respond) -> None:
        await ack()
        await respond(text="hello", response_type="in_channel")

    bot.on_command = announce
    slack.command()
    wait_until(lambda: slack.messages(user="U0LEO"))


def test_a_message_shortcut_carries_the_message_as_slack_writes_it(slack, bot) -> None:
    parent = slack.post("/people/messages", channel="C0SUPPORT", text="Jane")["ts"]
    text = "jane@example.com says <b> & see https://example.com/a."
    ts = slack.post("/people/messages", channel="C0SUPPORT", text=text, thread_ts=parent)["ts"]
    slack.post("/people/shortcuts", callback_id="notify_message", channel="C0SUPPORT", ts=ts)
    (body,) = bot.bodies
    assert body["type"] == "message_action" and body["message_ts"] == ts
    assert body["message"]["text"] == (
        "<mailto:jane@example.com|jane@example.com> says &lt;b&gt; &amp; "
        "see <https://example.com/a>."
    )
    assert body["message"]["thread_ts"] == parent
    assert body["channel"] == {"id": "C0SUPPORT", "name": "support"}
    assert body["trigger_id"] and body["response_url"]


def test_a_global_shortcut_has_no_channel(slack, bot) -> None:
    slack.post("/people/shortcuts", callback_id="notify_anywhere")
    (body,) = bot.bodies
    assert body["type"] == "shortcut" and "channel" not in body and "response_url" not in body


def test_shortcuts_are_not_offered_on_ephemeral_messages(slack, bot) -> None:
    slack.client.chat_postEphemeral(channel="C0SUPPORT", user="U0ADA", text="psst")
    ts = slack.messages()[0]["ts"]
    pressed = {"callback_id": "notify_message", "channel": "C0SUPPORT", "ts": ts}
    assert slack.post("/people/shortcuts", **pressed)["status"] == 400
    assert slack.post("/people/shortcuts", callback_id="other")["status"] == 400


def test_people_can_post_only_where_slack_allows_it(slack) -> None:
    def post(channel: str, **more: str) -> int:
        body = {"channel": channel, "text": "hello", **more}
        return slack.post("/people/messages", **body).get("status", 200)

    assert post("C0NEWS") == 400 and post("C0NEWS", user="U0LEO") == 200
    assert post("C0ARCHIVE") == 400
    assert post("C0VIP", user="U0GUS") == 400
    assert post("C0SUPPORT", text=" ") == 400
    assert post("C0SUPPORT", thread_ts="1.000001") == 400


def test_an_event_stream_reports_every_change(slack, loop) -> None:
    async def watch() -> list[dict[str, bool]]:
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{slack.url}/people/events?user=U0ADA") as stream,
        ):
            body = {"channel": "C0SUPPORT", "text": "hello"}
            async with session.post(f"{slack.url}/people/messages", json=body) as answer:
                assert answer.status == 200
            return [await asyncio.wait_for(stream.receive_json(), 5)]

    assert loop.run(watch()) == [{"changed": True}]

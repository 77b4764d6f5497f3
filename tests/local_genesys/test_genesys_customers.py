from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from sandbox.local_genesys import LocalGenesys
from tests.conftest import wait_until

from .conftest import MESSAGES, Local


def parties(local: Local, conversation_id: str) -> dict[str, dict[str, Any]]:
    shown = local.call("GET", f"{MESSAGES}/{conversation_id}").json
    return {party["purpose"]: party for party in shown["participants"]}


def test_every_sample_customer_has_a_story_and_an_expectation(local: Local) -> None:
    everyone = local.people("GET", "/customers").json["customers"]
    assert len(everyone) == 15
    assert all(each["story"] and each["expects"] for each in everyone)
    assert not any(each["email"] == "nobody@example.com" for each in everyone)


def test_a_message_arrives_at_a_customer_on_the_page(local: Local) -> None:
    sent = local.send(local.contact_id("jane@example.com")).json
    assert sent["message"]["status"] == "queued"
    wait_until(lambda: local.status_of(sent["id"]) == "delivery-success")
    assert local.customer("jane")["unread"] == 1
    assert local.people("POST", "/customers/jane/read").json["customer"]["unread"] == 0
    shown = local.call("GET", f"{MESSAGES}/{sent['id']}/details").json
    assert shown["status"] == "read"
    assert [each["status"] for each in shown["normalizedReceipts"]] == ["Sent", "Delivered", "Read"]


def test_a_message_waits_for_a_customer_who_is_away(local: Local) -> None:
    sent = local.send(local.contact_id("amir@example.com")).json
    wait_until(lambda: local.status_of(sent["id"]) == "delivery-failed")
    local.people("POST", "/customers/amir/read")
    assert local.status_of(sent["id"]) == "delivery-failed"
    local.people("POST", "/customers/amir/presence", {"present": True})
    assert local.status_of(sent["id"]) == "delivery-success"


def test_an_answer_brings_the_flow_and_then_the_queue(local: Local) -> None:
    sent = local.send(local.contact_id("jane@example.com")).json
    answered = local.people("POST", "/customers/jane/answer", {"text": "Thank you!"}).json
    assert answered["conversation_id"] == sent["conversationId"]
    here = parties(local, sent["conversationId"])
    assert "workflow" in here
    assert here["customer"]["state"] == "connected"
    assert here["customer"]["messages"][0]["messageStatus"] == "received"
    wait_until(lambda: "acd" in parties(local, sent["conversationId"]))
    assert parties(local, sent["conversationId"])["workflow"]["state"] == "disconnected"
    answer = local.call("GET", f"{MESSAGES}/{answered['message_id']}/details").json
    assert answer["direction"] == "inbound"
    assert answer["toAddress"] == local.genesys.deployment_id
    assert answer["normalizedMessage"]["text"] == "Thank you!"


def test_an_answered_conversation_is_open_until_it_is_ended(local: Local) -> None:
    jane = local.contact_id("jane@example.com")
    sent = local.send(jane).json
    local.people("POST", "/customers/jane/answer", {"text": "One"})
    again = local.people("POST", "/customers/jane/answer", {"text": "Two"}).json
    assert again["conversation_id"] == sent["conversationId"]
    assert local.send(jane).status == 409
    assert local.people("POST", "/customers/jane/end").status == 200
    assert local.people("POST", "/customers/jane/end").status == 409
    assert local.send(jane).status == 202


def test_a_customer_who_was_not_written_to_opens_a_new_conversation(local: Local) -> None:
    before = {each["id"] for each in local.customer("jane")["conversations"]}
    answered = local.people("POST", "/customers/jane/answer", {"text": "Hello"}).json
    assert answered["conversation_id"] not in before
    opened = answered["customer"]["conversations"][-1]
    assert [each["direction"] for each in opened["messages"]] == ["inbound"]


def test_a_setting_makes_answers_open_a_new_conversation(local: Local) -> None:
    local.settings(answers_open_new_conversation=True)
    sent = local.send(local.contact_id("jane@example.com")).json
    answered = local.people("POST", "/customers/jane/answer", {"text": "Hello"}).json
    assert answered["conversation_id"] != sent["conversationId"]


def test_a_first_chat_makes_a_customer_reachable(local: Local) -> None:
    nils = local.contact_id("nils@example.com")
    assert local.send(nils).status == 404
    local.people("POST", "/customers/nils/answer", {"text": "I found the chat!"})
    local.people("POST", "/customers/nils/end")
    assert local.send(nils).status == 202


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/customers/nobody/read", {}, 404),
        ("/customers/jane/presence", {"present": "yes"}, 400),
        ("/customers/jane/presence", [], 400),
        ("/customers/jane/answer", {"text": " "}, 400),
        ("/customers/jane/answer", {"text": "a" * 2001}, 400),
    ],
)
def test_a_refused_customer_action_is_explained_in_a_sentence(
    local: Local, path: str, body: object, status: int
) -> None:
    answer = local.people("POST", path, body)
    assert answer.status == status
    assert answer.json["error"].endswith(".")


def test_the_page_is_told_that_something_changed(local: Local) -> None:
    async def follow() -> object:
        base = f"http://127.0.0.1:{local.people_port}"
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{base}/customers/events") as socket,
        ):
            url = f"{base}/customers/amir/presence"
            async with session.post(url, json={"present": True}):
                return await socket.receive_json(timeout=5)

    assert asyncio.run(follow()) == {"changed": True}


def test_a_server_with_open_pages_stops_without_waiting() -> None:
    async def stop_with_a_page_open() -> object:
        genesys = LocalGenesys()
        app = web.Application()
        app.add_routes(genesys.people_routes())
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/customers/events"
        async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
            reading = asyncio.create_task(socket.receive())
            await genesys.hang_up()
            async with asyncio.timeout(5):
                await runner.cleanup()
            return (await reading).type

    assert asyncio.run(stop_with_a_page_open()) is aiohttp.WSMsgType.CLOSE

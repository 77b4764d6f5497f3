from __future__ import annotations

from typing import Any

import pytest

from .conftest import LOOKUP, MESSAGES, SEND, Local

CAREERS_CUSTOMER = "lena@example.com"


def test_a_send_creates_a_message_in_its_own_conversation(local: Local) -> None:
    answer = local.send(local.contact_id("jane@example.com"), "Your parcel is here")
    assert answer.status == 202
    shown = answer.json
    assert shown["message"]["normalizedMessage"]["text"] == "Your parcel is here"
    assert shown["fromAddress"] == local.genesys.deployment_id
    assert shown["message"]["direction"] == "outbound"
    conversation = local.call("GET", f"{MESSAGES}/{shown['conversationId']}").json
    held = {
        party["purpose"]: [message["messageId"] for message in party["messages"]]
        for party in conversation["participants"]
    }
    assert held == {"customer": [], "api": [shown["id"]]}
    assert all(party["state"] == "disconnected" for party in conversation["participants"])


def test_a_message_is_read_by_its_id_and_by_its_conversation(local: Local) -> None:
    sent = local.send(local.contact_id("jane@example.com")).json
    alone = local.call("GET", f"{MESSAGES}/{sent['id']}/details").json
    path = f"{MESSAGES}/{sent['conversationId']}/messages/{sent['id']}"
    assert local.call("GET", path).json["id"] == alone["id"] == sent["id"]
    other = local.customer("jane")["conversations"][0]["id"]
    assert local.call("GET", f"{MESSAGES}/{other}/messages/{sent['id']}").status == 404
    assert local.call("GET", f"{MESSAGES}/nowhere").status == 404
    assert local.call("GET", f"{MESSAGES}/nowhere/details").status == 404


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"fromAddress": ...}, "fromAddress"),
        ({"fromAddress": None}, "fromAddress"),
        ({"toAddressMessengerType": ...}, "toAddressMessengerType"),
        ({"toAddressMessengerType": "webchat"}, "toAddressMessengerType"),
        ({"toAddressMessengerType": "outdated_sdk_version"}, "toAddressMessengerType"),
        ({"externalContactId": ...}, "externalContactId"),
        ({"externalContactId": ""}, "externalContactId"),
        ({"toAddress": "+442079460018"}, "toAddress"),
        ({"textBody": ...}, "textBody"),
        ({"textBody": ""}, "textBody"),
        ({"textBody": "a" * 2001}, "textBody"),
        ({"textBody": ["a"]}, "textBody"),
        ({"messagingTemplate": {"responseId": "a"}}, "messagingTemplate"),
        ({"useExistingActiveConversation": "true"}, "useExistingActiveConversation"),
        ({"queueId": "a"}, "queueId"),
        ({"text": "a"}, "text"),
    ],
)
def test_an_invalid_send_is_400(local: Local, change: dict[str, Any], field: str) -> None:
    body: dict[str, Any] = {
        "fromAddress": local.genesys.deployment_id,
        "externalContactId": local.contact_id("jane@example.com"),
        "toAddressMessengerType": "webmessaging",
        "textBody": "Hello",
        **change,
    }
    answer = local.call("POST", SEND, {k: v for k, v in body.items() if v is not ...})
    assert answer.status == 400
    assert answer.json["details"][0]["fieldName"] == field


def test_two_thousand_characters_of_any_kind_fit(local: Local) -> None:
    assert local.send(local.contact_id("jane@example.com"), "😀" * 2000).status == 202


def test_a_wrong_or_inactive_deployment_is_400(local: Local) -> None:
    jane = local.contact_id("jane@example.com")
    unknown = local.send(jane, fromAddress="nowhere")
    assert (unknown.status, unknown.json["code"]) == (400, "messaging.unknown.deployment")
    local.settings(deployment_status="Inactive")
    inactive = local.send(jane)
    assert (inactive.status, inactive.json["code"]) == (400, "messaging.deployment.not.active")


def test_a_contact_without_a_guest_session_is_404(local: Local) -> None:
    assert local.send("nobody").json["code"] == "contact.not.found"
    for email in ("nils@example.com", CAREERS_CUSTOMER, "mia@example.com"):
        answer = local.send(local.contact_id(email))
        assert (answer.status, answer.json["code"]) == (404, "messaging.guest.session.not.found")


def test_a_merged_contact_is_reached_under_the_id_of_its_chats(local: Local) -> None:
    mia = local.call("POST", LOOKUP, {"type": "Email", "value": "mia@example.com"}).json
    assert local.send(mia["mergeSet"][1]["id"]).status == 202


def test_an_open_conversation_is_409_unless_the_send_may_use_it(local: Local) -> None:
    olga = local.contact_id("olga@example.com")
    refused = local.send(olga)
    assert (refused.status, refused.json["code"]) == (409, "conversation.active")
    sent = local.send(olga, useExistingActiveConversation=True)
    assert sent.status == 202
    still_open = local.customer("olga")["conversations"][-1]
    assert sent.json["conversationId"] == still_open["id"]
    assert still_open["ended_at"] is None


def test_each_send_creates_a_conversation_unless_a_timeline_is_set(local: Local) -> None:
    jane = local.contact_id("jane@example.com")
    ids = {local.send(jane).json["conversationId"] for _ in range(2)}
    assert len(ids) == 2
    local.settings(threading_timeline_minutes=60)
    local.clock.advance(minutes=59)
    assert local.send(jane).json["conversationId"] in ids
    local.clock.advance(minutes=61)
    assert local.send(jane).json["conversationId"] not in ids


def test_only_json_of_limited_size_is_accepted(local: Local) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert local.call("POST", SEND, headers=form, raw=b"a=b").status == 415
    json_type = {"Content-Type": "application/json"}
    for raw in (b"{", b"[]", b'{"a": NaN}', b"\xff", b"[" * 100_000):
        assert local.call("POST", SEND, headers=json_type, raw=raw).status == 400
    too_large = b'{"textBody": "' + b"a" * 300_000 + b'"}'
    assert local.call("POST", SEND, headers=json_type, raw=too_large).status == 413

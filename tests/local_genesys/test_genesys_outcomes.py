"""What happens to a message in the stand-in: delivery, routing of the answer, and crowds."""

from __future__ import annotations

import urllib.request
from typing import Any

import pytest

from tests.conftest import wait_until

from .conftest import MESSAGES, Local

CONTROL = "/control/genesys"


def _sent(local: Local, email: str) -> Any:
    answer = local.send(local.contact_id(email))
    assert answer.status == 202, answer.json
    return answer.json


def _shown(local: Local, conversation_id: str) -> Any:
    return next(one for one in local.found() if one["conversationId"] == conversation_id)


def _delivery(local: Local, conversation_id: str) -> Any:
    parties = _shown(local, conversation_id)["participants"]
    [session] = [p["sessions"][0] for p in parties if p["purpose"] == "api"]
    return session


def _purposes(local: Local, conversation_id: str) -> dict[str, Any]:
    parties = local.call("GET", f"{MESSAGES}/{conversation_id}").json["participants"]
    return {party["purpose"]: party for party in parties}


def test_analytics_has_the_delivery_status_and_when_it_changed(local: Local) -> None:
    sent = _sent(local, "amir@example.com")
    wait_until(lambda: local.status_of(sent["id"]) == "delivery-failed")
    local.clock.advance(minutes=5)
    assert _delivery(local, sent["conversationId"])["deliveryStatus"] == "DeliveryFailed"
    local.people("POST", "/customers/amir/presence", {"present": True})
    session = _delivery(local, sent["conversationId"])
    assert session["deliveryStatus"] == "DeliverySuccess"
    assert session["deliveryStatusChangeDate"] == "2026-03-31T12:05:00.000Z"


def test_analytics_says_that_a_message_went_to_a_phone_if_that_is_ordered(local: Local) -> None:
    local.settings(pushes_reach_phones=True)
    sent = _sent(local, "amir@example.com")
    wait_until(lambda: local.status_of(sent["id"]) == "delivery-failed")
    session = _delivery(local, sent["conversationId"])
    assert (session["deliveryStatus"], session["deliveryPushed"]) == ("DeliveryPushed", True)
    local.people("POST", "/customers/amir/presence", {"present": True})
    assert _delivery(local, sent["conversationId"])["deliveryStatus"] == "DeliverySuccess"


def test_a_message_fails_permanently_with_the_ordered_reason(local: Local) -> None:
    sent = _sent(local, "amir@example.com")
    wait_until(lambda: local.status_of(sent["id"]) == "delivery-failed")
    reason = {"code": "MessageExpired", "message": "Too late."}
    assert local.people("POST", f"{CONTROL}/messages/{sent['id']}/fail", reason).status == 200
    local.people("POST", "/customers/amir/presence", {"present": True})
    read = local.call("GET", f"{MESSAGES}/{sent['id']}/details").json
    assert read["status"] == "failed"
    last = read["normalizedReceipts"][-1]
    assert (last["status"], last["isFinalReceipt"], last["reasons"]) == ("Failed", True, [reason])
    assert _delivery(local, sent["conversationId"])["deliveryStatus"] == "Failed"


def test_a_message_that_fails_on_its_way_stays_failed(local: Local) -> None:
    sent = _sent(local, "jane@example.com")
    local.people("POST", f"{CONTROL}/messages/{sent['id']}/fail", {"code": "ServerError"})
    other = _sent(local, "old@example.com")
    wait_until(lambda: local.status_of(other["id"]) == "delivery-failed")
    assert local.status_of(sent["id"]) == "failed"


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("messages/none/fail", {"code": "ServerError"}, 404),
        ("messages/{id}/fail", {"code": "Boredom"}, 400),
        ("messages/{id}/fail", {}, 400),
        ("customers", {"count": 0}, 400),
        ("customers", {"count": True, "prefix": "BULK"}, 400),
        ("customers", {"count": 10_001}, 400),
        ("customers", {"count": 1, "prefix": "a b"}, 400),
        ("customers", {"count": 1, "present": "yes"}, 400),
        ("notifications", {}, 400),
        ("settings", {"heartbeat_seconds": 0}, 400),
    ],
)
def test_invalid_orders_are_refused(local: Local, path: str, body: Any, status: int) -> None:
    sent = _sent(local, "jane@example.com")
    answer = local.people("POST", f"{CONTROL}/{path.replace('{id}', sent['id'])}", body)
    assert answer.status == status
    assert answer.json["error"]


def test_an_agent_takes_the_conversation_from_the_queue(local: Local) -> None:
    sent = _sent(local, "jane@example.com")
    conversation_id = sent["conversationId"]
    assert local.people("POST", "/customers/jane/agent", {"joins": True}).status == 409
    assert local.people("POST", "/customers/jane/agent", {}).status == 400
    local.people("POST", "/customers/jane/answer", {"text": "Thanks"})
    wait_until(lambda: "acd" in _purposes(local, conversation_id))
    assert _purposes(local, conversation_id)["acd"]["name"] == "Support"
    answer = local.people("POST", "/customers/jane/agent", {"joins": True})
    assert answer.json["conversation_id"] == conversation_id
    parties = _purposes(local, conversation_id)
    assert [name for name, party in parties.items() if party["state"] == "connected"] == [
        "customer",
        "agent",
    ]
    assert parties["agent"]["name"] == "Ada Nowak" and parties["agent"]["user"]["id"]
    local.people("POST", "/customers/jane/agent", {"joins": True})
    listed = local.call("GET", f"{MESSAGES}/{conversation_id}").json["participants"]
    assert [party["purpose"] for party in listed].count("agent") == 1
    shown = {p["purpose"]: p for p in _shown(local, conversation_id)["participants"]}
    assert shown["agent"]["userId"] == parties["agent"]["user"]["id"]


def test_an_agent_who_joins_immediately_keeps_the_conversation(local: Local) -> None:
    """This holds whether or not the flow has already handed the conversation to the queue."""
    local.people("POST", "/customers/jane/answer", {"text": "Hello?"})
    joined = local.people("POST", "/customers/jane/agent", {"joins": True})
    other = local.people("POST", "/customers/wendy/answer", {"text": "Hello?"})
    wait_until(lambda: "acd" in _purposes(local, other.json["conversation_id"]))
    parties = _purposes(local, joined.json["conversation_id"])
    serving = {name for name, party in parties.items() if party["state"] == "connected"}
    assert serving == {"customer", "agent"}


def test_a_crowd_can_be_found_and_written_to(local: Local) -> None:
    answer = local.people("POST", f"{CONTROL}/customers", {"count": 3, "prefix": "bulk"})
    assert answer.json["emails"] == [f"bulk-000{n}@example.com" for n in (1, 2, 3)]
    more = local.people("POST", f"{CONTROL}/customers", {"count": 1, "present": False})
    assert more.json["emails"] == ["bulk-0004@example.com"]
    contact_id = local.contact_id("bulk-0002@example.com")
    predicate = {"dimension": "externalContactId", "value": contact_id}
    query = {"segmentFilters": [{"type": "or", "predicates": [predicate]}]}
    [chat] = local.found(**query)
    assert "conversationEnd" in chat
    sent = local.send(contact_id).json
    wait_until(lambda: local.status_of(sent["id"]) == "delivery-success")
    away = local.send(local.contact_id("bulk-0004@example.com")).json
    wait_until(lambda: local.status_of(away["id"]) == "delivery-failed")


def test_the_link_to_a_conversation_says_what_it_would_open(local: Local) -> None:
    url = f"http://127.0.0.1:{local.machine_port}/directory/#/engage/admin/interactions/x"
    with urllib.request.urlopen(url, timeout=5) as answer:
        assert "opens the conversation" in answer.read().decode()

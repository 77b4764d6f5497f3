"""Hostile text in a customer, message or name pings nobody and formats nothing."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import CANARY, Agent, Product, all_text

HOSTILE = {
    "mentions": "<!channel> <!here> @here @channel <@U0LEO> <#C0SUPPORT>",
    "links": "https://evil.example <https://evil.example|ok> <mailto:a@b.example|a@b.example>",
    "mrkdwn": "*bold* _i_ ~s~ `code` ```block``` > quote :smile:",
    "entities": "&amp; &lt;b&gt; & < >",
    "invisible": "a\u200bb\u2060c\u202egnp.exe\u2069",
    "astral": "𝔘𝔫𝔦 👩‍👩‍👧‍👦 🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "payload": "payload=%7B%7D&payload=x",
    "markup": "</script><img src=x onerror=alert(1)>",
}


def texts_with_type(shown: Any, where: str = "") -> list[tuple[str, str]]:
    """Return each text with the type of the object that it's in."""
    if isinstance(shown, dict):
        found = []
        if isinstance(shown.get("text"), str):
            found.append((shown.get("type", where), shown["text"]))
        return found + [pair for value in shown.values() for pair in texts_with_type(value)]
    if isinstance(shown, list):
        return [pair for value in shown for pair in texts_with_type(value)]
    return []


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_message_reaches_the_customer_as_typed_and_pings_nobody(
    product: Product, ada: Agent, name: str
) -> None:
    text = f"{CANARY} {HOSTILE[name]}"
    ada.opens("jane@example.com")
    assert ada.presses_send(message=text)["result"] == "closed"
    ada.reads("  Sent.")
    assert product.inbox("Jane Doe") == [text]
    for message in (m for m in ada.messages() if m["is_bot"]):
        assert message["pings"] == []
        assert {kind for kind, _ in texts_with_type(message["blocks"])} <= {"text", "plain_text"}


def test_control_characters_never_reach_the_customer(product: Product, ada: Agent) -> None:
    ada.opens("jane@example.com")
    ada.presses_send(message=f"{CANARY} a\x00b\x07c\nd")
    ada.reads("  Sent.")
    assert product.inbox("Jane Doe") == [f"{CANARY} abc\nd"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_customer_field_is_refused_with_a_sentence(
    product: Product, ada: Agent, name: str
) -> None:
    ada.types("")
    ada.sees("Enter an email or phone number")
    answer = ada.presses_send(customer=HOSTILE[name][:300], message=CANARY)
    assert answer["result"] == "errors"
    assert answer["errors"]["customer"]
    ada.changes("customer", HOSTILE[name][:300])
    assert product.agent().types("help")["ack"]["status"] == 200


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_command_opens_the_form(product: Product, ada: Agent, name: str) -> None:
    assert ada.types(f"jane@example.com {HOSTILE[name]}")["ack"]["failure"] is None
    ada.sees("Ready to send")
    assert ada.types(HOSTILE[name])["ack"]["failure"] is None


def test_a_hostile_name_from_genesys_pings_nobody(product: Product, ada: Agent) -> None:
    shown = ada.opens("hostile@example.com")
    assert "<!channel>" in all_text(shown)
    ada.presses_send(message=f"{CANARY} hello")
    ada.reads("  Sent.")
    for message in (m for m in ada.messages() if m["is_bot"]):
        assert message["pings"] == []


def test_a_command_that_slack_escaped_and_linked_means_the_same(
    product: Product, ada: Agent
) -> None:
    product.post("/control/slack/settings", slash_text_escaped=True)
    ada.opens(f"jane@example.com {CANARY}: salt & pepper <3")
    assert ada.presses_send()["result"] == "closed"
    ada.reads("  Sent.")
    assert product.inbox("Jane Doe") == [f"{CANARY}: salt & pepper <3"]

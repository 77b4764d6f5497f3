"""Slack doesn't let the bot post, or is slow or unavailable."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import (
    ARCHIVE,
    CANARY,
    GENERAL,
    NEWS,
    SUPPORT,
    VIP,
    Agent,
    Product,
    all_text,
    wait_until,
)

DM = "D0ADA"
TEXT = f"{CANARY}: your order is ready"


def refuse(product: Product, code: str, where: str) -> None:
    """Let Slack refuse these calls in its usual way, until the faults are cleared."""
    body = {"ok": False, "error": code}
    product.fault("slack", where, "status", status=400, body=body, times=None)


def private(agent: Agent) -> list[dict[str, Any]]:
    """List what only the agent sees where they are."""
    return [message for message in agent.messages() if message["ephemeral"]]


@pytest.mark.parametrize(
    ("channel", "why"),
    [(VIP, "I can't see that channel"), (NEWS, "is restricted in that channel")],
)
def test_where_the_bot_cannot_post_the_agent_gets_the_card_and_the_reason(
    product: Product, channel: str, why: str
) -> None:
    ada = product.agent(channel=channel)
    ada.sends("jane@example.com")
    card = ada.reads("☑️ Sent", channel=DM)
    assert ada.reads(why, channel=DM)["thread_ts"] == card["ts"]
    assert "is in your direct messages with me" in all_text(ada.reads(why)["blocks"])
    assert len([m for m in ada.messages() if m["is_bot"]]) == len(private(ada)) == 1
    assert product.inbox("Jane Doe") == [TEXT]


def test_a_refusal_that_slack_does_not_document_leads_to_a_direct_message(
    product: Product, ada: Agent
) -> None:
    refuse(product, "app_access_denied_for_now", f"chat.postMessage {SUPPORT}")
    ada.sends("jane@example.com")
    ada.reads("☑️ Sent", channel=DM)
    ada.reads("tell your admin: app_access_denied_for_now")
    log = product.folder / "bot.log"
    assert "can't post its card (app_access_denied_for_now)" in log.read_text()


def test_a_public_channel_needs_no_invitation(product: Product) -> None:
    ada = product.agent(channel=GENERAL)
    ada.sends("jane@example.com")
    ada.reads("  Sent.")


def test_without_the_public_scope_the_agent_still_learns_the_outcome(product: Product) -> None:
    product.post("/control/slack/settings", missing_scopes=["chat:write.public"])
    ada = product.agent(channel=GENERAL)
    ada.sends("jane@example.com")
    ada.reads("☑️ Sent", channel=DM)
    ada.reads("I'm not in that channel", channel=DM)


def test_if_not_even_a_direct_message_is_possible_the_agent_is_told_privately(
    product: Product,
) -> None:
    ada = product.agent(channel=VIP)
    ada.opens(f"jane@example.com {TEXT}")
    product.fault(
        "slack",
        "chat.postMessage",
        "status",
        status=400,
        body={"ok": False, "error": "messages_tab_disabled"},
        times=None,
    )
    ada.presses_send()
    notice = ada.reads("  Sent.")
    assert notice["ephemeral"]
    assert sum(CANARY in all_text(message["blocks"]) for message in private(ada)) == 1
    assert product.inbox("Jane Doe") == [TEXT]


def test_a_message_can_be_undone_in_the_private_card(product: Product) -> None:
    ada = product.agent(channel=VIP)
    refuse(product, "messages_tab_disabled", "chat.postMessage U0ADA")
    ada.opens(f"jane@example.com {TEXT}")
    assert ada.presses_send(send_at=str(int(time.time()) + 3600))["result"] == "closed"
    ada.clicks("Cancel")
    ada.reads("cancelled it. It wasn't sent")
    assert product.inbox("Jane Doe") == []


def test_a_card_that_slack_lets_nobody_edit_does_not_keep_the_reply_from_the_agent(
    product: Product, ada: Agent
) -> None:
    ada.sends("jane@example.com")
    ada.reads("  Sent.")
    refuse(product, "posting_to_channel_denied", "chat.update")
    jane = product.customer("Jane Doe")
    product.post(f"/customers/{jane['id']}/answer", text="Thank you")
    assert ada.reads("The customer replied.")["pings"] == ["U0ADA"]


def test_posts_that_slack_keeps_refusing_hold_up_no_other_card(
    new_product: Callable[..., Product],
) -> None:
    """More posts than a process tries at once, before and after a stop and a kill."""
    product = new_product()
    product.fault(
        "slack", f"chat.postMessage {GENERAL}", "status", status=429, retry_after=1, times=None
    )
    refused = product.agent(channel=GENERAL)
    for number in range(20):
        refused.opens("", "Enter an email or phone number")
        typed = {"customer": "amir@example.com", "message": f"{TEXT} {number}"}
        assert refused.presses_send(**typed)["result"] == "closed"
    ada = product.agent()
    ada.sends("jane@example.com")
    ada.reads("  Sent.")
    for cards, end in enumerate((product.stop, product.kill), 2):
        end()
        product.start()
        ada.sends("jane@example.com", f"{TEXT} again ({cards})")
        wait_until(lambda cards=cards: count_cards(ada) == cards, "a card")
        assert not [m for m in refused.messages() if m["is_bot"]]
    product.delete("/control/slack/faults")
    wait_until(lambda: count_cards(refused) == 20, "all the cards")


def count_cards(agent: Agent) -> int:
    return len([message for message in agent.messages() if not message["thread_ts"]])


def test_a_rate_limited_post_is_made_later_and_once(product: Product) -> None:
    ada = product.agent()
    ada.opens(f"jane@example.com {TEXT}")
    product.fault("slack", "chat.postMessage", "status", status=429, retry_after=1, times=1)
    ada.presses_send()
    ada.reads("  Sent.")
    assert len([m for m in ada.messages() if m["thread_ts"] is None]) == 1


def test_no_line_is_lost_if_slack_is_unavailable_for_a_moment(product: Product) -> None:
    ada = product.agent()
    ada.opens(f"jane@example.com {TEXT}")
    # Slack may have posted it before it failed, so the next attempt waits until that's certain.
    product.fault("slack", "chat.*", "status", status=503, times=1)
    ada.presses_send()
    ada.reads("  Sent.")
    ada.reads("Customer found")
    assert product.inbox("Jane Doe") == [TEXT]


def test_if_the_form_opens_too_late_the_text_is_given_back(product: Product) -> None:
    product.post("/control/slack/settings", trigger_seconds=0)
    ada = product.agent()
    ada.types(f"jane@example.com {TEXT}")
    notice = ada.reads("The form took too long to open")
    assert notice["ephemeral"]
    assert TEXT in str(notice["blocks"])


@pytest.mark.parametrize("kind", ["status", "cut_before"])
def test_if_the_form_does_not_open_the_text_is_given_back(
    product: Product, ada: Agent, kind: str
) -> None:
    status = {"status": 503} if kind == "status" else {}
    product.fault("slack", "views.open", kind, times=1, **status)
    ada.types(f"jane@example.com {TEXT}")
    assert TEXT in str(ada.reads("Slack didn't say whether the form opened")["blocks"])


@pytest.mark.parametrize("status", [429, 503])
def test_a_form_that_slack_can_t_update_keeps_what_was_typed(
    product: Product, ada: Agent, status: int
) -> None:
    ada.opens("jane@example.com")
    product.fault("slack", "views.update", "status", status=status, retry_after=0, times=2)
    ada.changes("customer", "amir@example.com")
    ada.sees("Amir Haddad")
    assert ada.presses_send(message=TEXT)["result"] == "closed"
    ada.reads("  Sent.")
    assert product.inbox("Amir Haddad") == [TEXT]


def test_slack_accepts_no_command_in_an_archived_channel(product: Product) -> None:
    with pytest.raises(AssertionError, match="archived"):
        product.agent(channel=ARCHIVE).types("jane@example.com")


def test_an_unexpected_error_is_answered_with_a_reference_that_is_in_the_log(
    product: Product, ada: Agent
) -> None:
    """As when somebody clicks on the card of a request that was erased."""
    ada.opens(f"jane@example.com {TEXT}")
    ada.presses_send(send_at=str(int(time.time()) + 3600))
    ada.reads("Customer found")
    with product.sqlite() as database:
        for table in ("postings", "history", "requests"):
            database.execute(f"DELETE FROM {table}")
    ada.clicks("Cancel")
    told = ada.reads("tell your admin this reference")
    reference = all_text(told["blocks"]).rsplit("reference: ", 1)[1][:8]
    log = product.folder / "bot.log"
    wait_until(lambda: reference in log.read_text() or None, "the reference in the log")

"""Slack doesn't let the bot post, or is slow or unavailable."""

from __future__ import annotations

import pytest

from .conftest import ARCHIVE, CANARY, GENERAL, NEWS, VIP, Agent, Product, wait_for

DM = "D0ADA"
TEXT = f"{CANARY}: your order is ready"


@pytest.mark.parametrize(
    ("channel", "why"),
    [(VIP, "the bot cannot see that channel"), (NEWS, "posting is restricted in that channel")],
)
def test_where_the_bot_cannot_post_the_agent_gets_the_card_and_the_reason(
    product: Product, channel: str, why: str
) -> None:
    ada = product.agent(channel=channel)
    ada.sends("jane@example.com")
    card = ada.reads("Accepted by Genesys Cloud", channel=DM)
    assert ada.reads(why, channel=DM)["thread_ts"] == card["ts"]
    assert not [m for m in ada.messages() if m["is_bot"]]
    assert product.inbox("Jane Doe") == [TEXT]


def test_a_public_channel_needs_no_invitation(product: Product) -> None:
    ada = product.agent(channel=GENERAL)
    ada.sends("jane@example.com")
    ada.reads("Accepted by Genesys Cloud")


def test_without_the_public_scope_the_agent_still_learns_the_outcome(product: Product) -> None:
    product.post("/control/slack/settings", missing_scopes=["chat:write.public"])
    ada = product.agent(channel=GENERAL)
    ada.sends("jane@example.com")
    ada.reads("Accepted by Genesys Cloud", channel=DM)
    ada.reads("the bot is not in that channel", channel=DM)


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
    notice = ada.reads("Genesys Cloud has accepted the message")
    assert notice["ephemeral"]
    assert product.inbox("Jane Doe") == [TEXT]


def test_a_rate_limited_post_is_made_later_and_once(product: Product) -> None:
    ada = product.agent()
    ada.opens(f"jane@example.com {TEXT}")
    product.fault("slack", "chat.postMessage", "status", status=429, retry_after=1, times=1)
    ada.presses_send()
    ada.reads("Genesys Cloud has accepted the message")
    assert len([m for m in ada.messages() if m["thread_ts"] is None]) == 1


def test_no_line_is_lost_if_slack_is_unavailable_for_a_moment(product: Product) -> None:
    ada = product.agent()
    ada.opens(f"jane@example.com {TEXT}")
    # Slack may have posted it before it failed, so the next attempt waits until that's certain.
    product.fault("slack", "chat.*", "status", status=503, times=1)
    ada.presses_send()
    ada.reads("Genesys Cloud has accepted the message")
    ada.reads("Customer found")
    assert product.inbox("Jane Doe") == [TEXT]


def test_if_the_form_opens_too_late_the_text_is_given_back(product: Product) -> None:
    product.post("/control/slack/settings", trigger_seconds=0)
    ada = product.agent()
    ada.types(f"jane@example.com {TEXT}")
    notice = ada.reads("Slack gave the form too little time")
    assert notice["ephemeral"]
    assert TEXT in str(notice["blocks"])


def test_slack_accepts_no_command_in_an_archived_channel(product: Product) -> None:
    with pytest.raises(AssertionError, match="archived"):
        product.agent(channel=ARCHIVE).types("jane@example.com")


def test_an_unexpected_error_is_answered_with_a_reference_that_is_in_the_log(
    product: Product, ada: Agent
) -> None:
    ada.types("jane@example.com")
    ada.sees("Ready to send")
    product.fault(
        "slack",
        "views.update",
        "status",
        status=400,
        body={"ok": False, "error": "fatal_error"},
        times=1,
    )
    ada.changes("customer", "amir@example.com")
    view = ada.sees("tell an administrator this reference")
    reference = str(view["blocks"]).rsplit("reference: ", 1)[1][:8]
    log = product.folder / "bot.log"
    wait_for(lambda: reference in log.read_text() or None, "the reference in the log")

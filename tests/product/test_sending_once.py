"""What the agent sees when Genesys refuses or loses a send, and how often it was sent."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import CANARY, Agent, Product, wait_for, words_of

SEND = "*messages/agentless"
TEXT = f"{CANARY}: your order is ready"


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (400, {"code": "bad.request", "message": "no"}, "code bad.request, reference"),
        (404, {"code": "not.found", "message": "no"}, "code not.found"),
        (409, {"code": "conversation.active", "message": "no"}, "code conversation.active"),
        (413, {"code": "too.large", "message": "no"}, "code too.large"),
        (415, {"code": "unsupported.media.type", "message": "no"}, "code unsupported.media.type"),
    ],
)
def test_a_refused_send_fails_for_certain_and_says_so_once(
    product: Product, ada: Agent, status: int, body: dict[str, str], words: str
) -> None:
    product.fault("genesys", SEND, "status", status=status, body=body)
    ada.sends("jane@example.com")
    card = ada.reads("❌ Failed")
    assert words in words_of(card["blocks"])
    assert "U0ADA" in str(ada.reads("The message did not reach the customer.")["pings"])
    # What may have changed since the modal looked is looked up again, and then decided for good.
    assert len(product.sends()) == (2 if status in (404, 409) else 1)
    assert product.inbox("Jane Doe") == []


def test_a_missing_send_permission_names_itself_and_where_to_grant_it(
    product: Product, ada: Agent
) -> None:
    ada.opens(f"jane@example.com {TEXT}")
    product.set_genesys(missing_permissions=["conversation:message:create"])
    ada.presses_send()
    card = words_of(ada.reads("Failed")["blocks"])
    assert "conversation:message:create" in card
    assert "Admin" in card


def test_a_rate_limited_send_waits_as_told_and_goes_out_once(product: Product, ada: Agent) -> None:
    ada.opens(f"jane@example.com {TEXT}")
    product.fault("genesys", SEND, "status", status=429, retry_after=1, times=1)
    ada.presses_send()
    ada.reads("Accepted by Genesys Cloud")
    assert [call["status"] for call in product.sends()] == [429, 202]
    assert product.inbox("Jane Doe") == [TEXT]


def test_an_expired_token_is_renewed_and_the_message_goes_out_once(
    product: Product, ada: Agent
) -> None:
    ada.opens(f"jane@example.com {TEXT}")
    product.fault("genesys", SEND, "expired_token", times=1)
    ada.presses_send()
    ada.reads("Accepted by Genesys Cloud")
    assert product.inbox("Jane Doe") == [TEXT]


@pytest.mark.parametrize("kind", ["cut_after", "slow_answer"])
def test_a_lost_answer_is_read_back_and_never_sent_again(
    new_product: Callable[..., Product], kind: str
) -> None:
    product = new_product(GENESYS_CLOUD_TIMEOUT="1")
    ada = product.agent()
    product.fault("genesys", SEND, kind, seconds=3.0, times=1)
    ada.sends("jane@example.com", TEXT)
    ada.reads("answer was lost")
    ada.reads("Accepted by Genesys Cloud")
    assert product.inbox("Jane Doe") == [TEXT]
    assert len(product.sends()) == 1


@pytest.mark.parametrize(
    ("kind", "more"),
    [("cut_before", {}), ("status", {"status": 500}), ("status", {"status": 503})],
)
def test_a_send_whose_fate_stays_unknown_is_a_persons_decision(
    product: Product, ada: Agent, kind: str, more: dict[str, int]
) -> None:
    product.fault("genesys", SEND, kind, times=1, **more)
    ada.sends("jane@example.com", TEXT)
    card = ada.reads("Uncertain: it may or may not have been sent")
    buttons = card["blocks"][-1]["elements"]
    assert [button["text"]["text"] for button in buttons] == ["Check again", "Send anyway"]
    assert "gets it twice" in words_of(buttons[1]["confirm"])
    assert len(product.sends()) == 1
    assert product.inbox("Jane Doe") == []


def test_checking_again_finds_what_was_late_and_sends_nothing(product: Product, ada: Agent) -> None:
    product.set_genesys(analytics_delay_seconds=60)
    product.fault("genesys", SEND, "cut_after", times=1)
    ada.sends("jane@example.com", TEXT)
    ada.reads("Uncertain")
    product.set_genesys(analytics_delay_seconds=0)
    ada.clicks("Check again")
    ada.reads("asked to look again")
    ada.reads("Accepted by Genesys Cloud")
    assert product.inbox("Jane Doe") == [TEXT]
    assert len(product.sends()) == 1


def test_checking_again_in_vain_says_so(product: Product, ada: Agent) -> None:
    product.fault("genesys", SEND, "cut_before", times=1)
    ada.sends("jane@example.com", TEXT)
    ada.reads("Uncertain")
    ada.clicks("Check again")
    ada.reads("still not to be found")
    assert len(product.sends()) == 1


def test_sending_anyway_sends_once_more_and_names_who_decided(product: Product, ada: Agent) -> None:
    product.fault("genesys", SEND, "cut_before", times=1)
    ada.sends("jane@example.com", TEXT)
    ada.reads("Uncertain")
    ada.clicks("Send anyway")
    assert "ada" in words_of(ada.reads("decided to send it again")["blocks"])
    ada.reads("Accepted by Genesys Cloud")
    assert product.inbox("Jane Doe") == [TEXT]
    assert len(product.sends()) == 2


def test_a_foreign_click_decides_nothing_and_is_answered(product: Product, ada: Agent) -> None:
    product.fault("genesys", SEND, "cut_before", times=1)
    ada.sends("jane@example.com", TEXT)
    ada.reads("Uncertain")
    gus = product.agent("U0GUS")
    gus.clicks("Send anyway")
    assert gus.reads("Only the agent who asked")["ephemeral"]
    assert len(product.sends()) == 1


def test_a_late_click_decides_nothing_and_is_answered(product: Product, ada: Agent) -> None:
    product.fault("genesys", SEND, "cut_before", times=1)
    ada.sends("jane@example.com", TEXT)
    card = ada.reads("Uncertain")
    button = card["blocks"][-1]["elements"][1]
    user = {"id": ada.user, "name": "ada", "team_id": "T0TEAM"}
    ada.clicks("Send anyway")
    ada.reads("Accepted by Genesys Cloud")
    stale = {
        "type": "block_actions",
        "user": user,
        "team": {"id": "T0TEAM"},
        "trigger_id": "1.2.3",
        "response_url": f"{product.settings['SLACK_API_URL']}answer-to-a-late-click",
        "actions": [{**button, "block_id": "decide", "action_ts": "1.2"}],
        "container": {"type": "message"},
    }
    answer = product.post("/control/slack/deliver", kind="interactive", body=stale)
    assert answer["status"] == 200
    wait_for(lambda: product.calls("slack", "answer-to-a-late-click"), "the click's answer")
    assert len(product.sends()) == 2


def test_when_genesys_is_away_the_modal_says_so_and_the_request_waits(
    new_product: Callable[..., Product],
) -> None:
    product = new_product(GENESYS_CLOUD_API_URL="http://127.0.0.1:9", GENESYS_CLOUD_PATIENCE="1")
    ada = product.agent()
    ada.opens(f"jane@example.com {TEXT}", "Genesys Cloud could not be reached")
    assert ada.presses_send()["result"] == "closed"
    ada.reads("The request waits and goes on when it does")


def test_wrong_genesys_credentials_are_named(new_product: Callable[..., Product]) -> None:
    product = new_product(GENESYS_CLOUD_CLIENT_SECRET="not-the-secret-of-this-client")
    ada = product.agent()
    assert "OAuth client" in words_of(ada.opens(f"jane@example.com {TEXT}", "Cannot be sent"))


def test_a_slow_genesys_never_delays_an_ack(product: Product, ada: Agent) -> None:
    product.fault("genesys", "*details/query", "latency", seconds=4.0, times=2)
    answer = ada.types(f"jane@example.com {TEXT}")
    assert answer["ack"]["failure"] is None
    ada.sees("Looking the customer up")
    assert ada.presses_send()["ack"]["failure"] is None
    ada.reads("Accepted by Genesys Cloud")

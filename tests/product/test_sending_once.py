"""What the agent sees when Genesys refuses or loses a send, and how often the message is sent."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import CANARY, Agent, Product, all_text, wait_until

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
def test_a_refused_send_fails_and_the_agent_is_told_once(
    product: Product, ada: Agent, status: int, body: dict[str, str], words: str
) -> None:
    product.fault("genesys", SEND, "status", status=status, body=body)
    ada.sends("jane@example.com")
    card = ada.reads("❌ Not delivered")
    assert "code" not in all_text(card["blocks"])
    ada.reads(words)  # in the thread
    assert "U0ADA" in str(ada.reads("Not delivered.")["pings"])
    # After these two, the bot looks the customer up again and tries once more; then it's final.
    assert len(product.sends()) == (2 if status in (404, 409) else 1)
    assert product.inbox("Jane Doe") == []


def test_a_missing_send_permission_is_named_in_the_thread(product: Product, ada: Agent) -> None:
    ada.opens(f"jane@example.com {TEXT}")
    product.set_genesys(missing_permissions=["conversation:message:create"])
    ada.presses_send()
    card = all_text(ada.reads("❌ Not delivered")["blocks"])
    assert "conversation:message:create" not in card
    assert "Ask your admin to check my permissions there." in card
    ada.reads("missing conversation:message:create")  # in the thread's last line


def test_a_rate_limited_send_waits_as_long_as_genesys_says_and_goes_out_once(
    product: Product, ada: Agent
) -> None:
    ada.opens(f"jane@example.com {TEXT}")
    product.fault("genesys", SEND, "status", status=429, retry_after=1, times=1)
    ada.presses_send()
    ada.reads("  Sent.")
    assert [call["status"] for call in product.sends()] == [429, 202]
    assert product.inbox("Jane Doe") == [TEXT]


def test_an_expired_token_is_renewed_and_the_message_goes_out_once(
    product: Product, ada: Agent
) -> None:
    ada.opens(f"jane@example.com {TEXT}")
    product.fault("genesys", SEND, "expired_token", times=1)
    ada.presses_send()
    ada.reads("  Sent.")
    assert product.inbox("Jane Doe") == [TEXT]


@pytest.mark.parametrize("kind", ["cut_after", "slow_answer"])
def test_a_send_whose_answer_is_lost_is_looked_for_and_never_repeated(
    new_product: Callable[..., Product], kind: str
) -> None:
    product = new_product(GENESYS_CLOUD_TIMEOUT="1")
    ada = product.agent()
    product.fault("genesys", SEND, kind, seconds=3.0, times=1)
    ada.sends("jane@example.com", TEXT)
    ada.reads("Connection lost")
    ada.reads("  Sent.")
    assert product.inbox("Jane Doe") == [TEXT]
    assert len(product.sends()) == 1


@pytest.mark.parametrize(
    ("kind", "more"),
    [("cut_before", {}), ("status", {"status": 500}), ("status", {"status": 503})],
)
def test_a_person_decides_about_a_send_whose_result_stays_unknown(
    product: Product, ada: Agent, kind: str, more: dict[str, int]
) -> None:
    product.fault("genesys", SEND, kind, times=1, **more)
    ada.sends("jane@example.com", TEXT)
    card = ada.reads("Uncertain: it may or may not have been sent")
    buttons = card["blocks"][-1]["elements"]
    assert [button["text"]["text"] for button in buttons] == [
        "Check again",
        "Send anyway",
        "It was sent",
    ]
    assert "could get it twice" in all_text(buttons[1]["confirm"])
    assert len(product.sends()) == 1
    assert product.inbox("Jane Doe") == []


def test_checking_again_finds_a_message_that_shows_up_late_and_sends_nothing(
    product: Product, ada: Agent
) -> None:
    product.set_genesys(analytics_delay_seconds=60)
    product.fault("genesys", SEND, "cut_after", times=1)
    ada.sends("jane@example.com", TEXT)
    ada.reads("Uncertain")
    product.set_genesys(analytics_delay_seconds=0)
    ada.clicks("Check again")
    ada.reads("asked to check again")
    ada.reads("  Sent.")
    assert product.inbox("Jane Doe") == [TEXT]
    assert len(product.sends()) == 1


def test_checking_again_says_so_if_the_message_is_still_missing(
    product: Product, ada: Agent
) -> None:
    product.fault("genesys", SEND, "cut_before", times=1)
    ada.sends("jane@example.com", TEXT)
    ada.reads("Uncertain")
    ada.clicks("Check again")
    ada.reads("Checked again: still not found")
    assert len(product.sends()) == 1


def test_it_was_sent_settles_the_doubt_without_a_send_and_names_who_confirmed_it(
    product: Product, ada: Agent
) -> None:
    product.fault("genesys", SEND, "cut_before", times=1)
    ada.sends("jane@example.com", TEXT)
    ada.reads("Uncertain")
    ada.clicks("It was sent")
    line = ada.reads("confirmed that it was sent. Tracking stopped.")
    assert "Ada Nowak" in all_text(line["blocks"])
    card = ada.reads("☑️ Sent")
    assert "Tracking stopped." in all_text(card["blocks"])
    buttons = card["blocks"][-1]["elements"]
    assert [one["text"]["text"] for one in buttons] == ["Message again", "Don't contact again"]
    assert len(product.sends()) == 1
    assert product.inbox("Jane Doe") == []


def test_sending_anyway_sends_once_more_and_names_who_decided(product: Product, ada: Agent) -> None:
    product.fault("genesys", SEND, "cut_before", times=1)
    ada.sends("jane@example.com", TEXT)
    ada.reads("Uncertain")
    ada.clicks("Send anyway")
    assert "Ada Nowak" in all_text(ada.reads("resent it")["blocks"])
    ada.reads("  Sent.")
    assert product.inbox("Jane Doe") == [TEXT]
    assert len(product.sends()) == 2


@pytest.mark.slow
@pytest.mark.parametrize("end", [Product.stop, Product.kill])
def test_a_decision_that_is_replayed_after_a_restart_sends_nothing(
    product: Product, ada: Agent, end: Callable[[Product], None]
) -> None:
    """The second send's answer is lost as well, so the card has the same buttons again."""
    product.fault("genesys", SEND, "cut_before", times=2)
    ada.sends("jane@example.com", TEXT)
    ada.reads("Uncertain")
    ada.clicks("Send anyway")
    wait_until(lambda: _count(ada, "then choose above") == 2 or None, "the second doubt")
    end(product)
    product.start()
    product.post("/control/slack/redeliver", count=2)
    ada.reads("is out of date")
    assert len(product.sends()) == 2
    ada.clicks("Send anyway")  # somebody decides on a third one
    ada.reads("  Sent.")
    assert len(product.sends()) == 3
    assert product.inbox("Jane Doe") == [TEXT]


def _count(agent: Agent, sentence: str) -> int:
    return sum(sentence in all_text(message["blocks"] or []) for message in agent.messages())


def test_somebody_elses_click_decides_nothing_and_is_answered(product: Product, ada: Agent) -> None:
    product.fault("genesys", SEND, "cut_before", times=1)
    ada.sends("jane@example.com", TEXT)
    ada.reads("Uncertain")
    ben = product.agent("U0BEN")
    ben.clicks("Send anyway")
    assert ben.reads("or a lead can do this")["ephemeral"]
    assert len(product.sends()) == 1


def test_a_late_click_decides_nothing_and_is_answered(product: Product, ada: Agent) -> None:
    product.fault("genesys", SEND, "cut_before", times=1)
    ada.sends("jane@example.com", TEXT)
    card = ada.reads("Uncertain")
    button = card["blocks"][-1]["elements"][1]
    user = {"id": ada.user, "name": "ada", "team_id": "T0TEAM"}
    ada.clicks("Send anyway")
    ada.reads("  Sent.")
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
    wait_until(lambda: product.calls("slack", "answer-to-a-late-click"), "the click's answer")
    assert len(product.sends()) == 2


def test_while_genesys_is_unavailable_the_form_says_so_and_the_request_waits(
    new_product: Callable[..., Product],
) -> None:
    product = new_product(GENESYS_CLOUD_API_URL="http://127.0.0.1:9", GENESYS_CLOUD_PATIENCE="1")
    ada = product.agent()
    ada.opens(f"jane@example.com {TEXT}", "I can't reach Genesys Cloud")
    assert ada.presses_send()["result"] == "closed"
    ada.reads("Genesys Cloud isn't answering")


def test_wrong_genesys_credentials_are_named(new_product: Callable[..., Product]) -> None:
    product = new_product(GENESYS_CLOUD_CLIENT_SECRET="not-the-secret-of-this-client")
    ada = product.agent()
    form = ada.opens(f"jane@example.com {TEXT}", "Can't be sent")
    assert "I can't sign in to Genesys Cloud. Tell your admin." in all_text(form)
    log = (product.folder / "bot.log").read_text()  # for the admin
    assert "can't look a customer up (BadCredentials(" in log


def test_a_slow_genesys_never_delays_an_ack(product: Product, ada: Agent) -> None:
    product.fault("genesys", "*details/query", "latency", seconds=4.0, times=2)
    answer = ada.types(f"jane@example.com {TEXT}")
    assert answer["ack"]["failure"] is None
    ada.was_shown("Looking them up")
    assert ada.presses_send()["ack"]["failure"] is None
    ada.reads("  Sent.")

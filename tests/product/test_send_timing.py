"""When a message is sent: undo, cancel, send later, deadlines, and waiting out an outage."""

from __future__ import annotations

import re
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from .conftest import CANARY, Agent, Product, all_text, wait_until

TEXT = f"{CANARY}: your order is ready"
ALL_CALLS = "*/api/v2/*"
LOOKUP = "identifierlookup"
IN_PARALLEL = 8
WAITING = 16


def test_undo_within_the_countdown_sends_nothing(new_product: Callable[..., Product]) -> None:
    product = new_product(PROACTIVE_UNDO_SECONDS="5")
    ada = product.agent()
    ada.sends("jane@example.com")
    ada.reads("Undo")
    ada.clicks("Undo")
    assert "Ada Nowak" in all_text(ada.reads("cancelled it. It wasn't sent")["blocks"])
    ada.reads("🚫 Cancelled")
    ada.sends("amir@example.com")  # its countdown ends after the first one's would have
    wait_until(lambda: product.inbox("Amir Haddad"), "the other message", 30)
    assert product.inbox("Jane Doe") == []


@pytest.mark.slow
def test_the_countdown_survives_a_kill_and_then_sends_once(
    new_product: Callable[..., Product],
) -> None:
    product = new_product(PROACTIVE_UNDO_SECONDS="4")
    ada = product.agent()
    ada.sends("jane@example.com")
    ada.reads("⏳ S")
    product.kill()
    assert product.inbox("Jane Doe") == []
    product.start()
    wait_until(lambda: product.inbox("Jane Doe"), "the message", 30)
    assert product.inbox("Jane Doe") == [TEXT]


def test_correcting_a_planned_message_does_not_send_it_immediately(
    product: Product, ada: Agent
) -> None:
    ada.opens(f"jane@example.com {TEXT}")
    at, before = int(time.time()) + 3600, int(time.time()) + 7200
    ada.presses_send(send_at=str(at), send_before=str(before))
    ada.reads("⏳ S")
    ada.clicks("Cancel")
    ada.reads("🚫 Cancelled")
    ada.clicks("Edit and resend")
    view = ada.sees("Ready to send")
    times = [block["element"].get("initial_date_time") for block in view["blocks"][-2:]]
    assert times == [at, before]
    assert ada.presses_send(message=f"{TEXT}, corrected")["result"] == "closed"
    wait_until(lambda: str(ada.messages()).count("⏳ Scheduled") > 1, "the second card")
    assert not product.sends()


def test_a_planned_message_goes_out_at_its_time_and_not_before(
    product: Product, ada: Agent
) -> None:
    ada.opens(f"jane@example.com {TEXT}")
    at = int(time.time()) + 6
    assert ada.presses_send(send_at=str(at))["result"] == "closed"
    ada.reads("⏳ S")
    wait_until(lambda: product.inbox("Jane Doe"), "the message", 30)
    (send,) = product.sends()
    assert _seconds(send["at"]) >= at


def _seconds(stamp: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(stamp).timestamp()


def test_a_planned_message_can_be_cancelled_by_a_lead_but_not_by_others(
    product: Product, ada: Agent
) -> None:
    ada.opens(f"jane@example.com {TEXT}")
    ada.presses_send(send_at=str(int(time.time()) + 3600))
    ada.reads("⏳ S")
    ben = product.agent("U0BEN")
    ben.clicks("Cancel")
    assert ben.reads("or a lead can do this")["ephemeral"]
    leo = product.agent("U0LEO")
    leo.clicks("Cancel")
    assert "Leo Rossi" in all_text(ada.reads("cancelled it. It wasn't sent")["blocks"])
    assert product.inbox("Jane Doe") == []


def test_a_click_that_comes_too_late_is_answered(product: Product, ada: Agent) -> None:
    ada.opens(f"jane@example.com {TEXT}")
    ada.presses_send(send_at=str(int(time.time()) + 3600))
    card = ada.reads("⏳ S")
    block = card["blocks"][-1]
    ada.clicks("Cancel")
    ada.reads("🚫 Cancelled")
    button = block["elements"][0]
    product.post(
        "/people/actions",
        user=ada.user,
        channel=ada.channel,
        ts=card["ts"],
        block_id=block["block_id"],
        action_id=button["action_id"],
        element={"type": "button"},
        stale_block=block,
    )
    assert ada.reads("is out of date")["ephemeral"]


def test_a_message_past_its_deadline_is_never_sent(product: Product, ada: Agent) -> None:
    ada.opens(f"jane@example.com {TEXT}")
    now = int(time.time())
    ada.presses_send(send_at=str(now + 6), send_before=str(now + 7))
    ada.reads("⏳ S")
    product.kill()
    wait_until(lambda: time.time() > now + 7 or None, "its deadline to pass")
    product.start()
    ada.reads("The deadline passed")
    ada.reads("⌛ Expired")
    assert product.sends() == []


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"send_at": -3600}, "send_at"),
        ({"send_at": 200 * 86400}, "send_at"),
        ({"send_before": -60}, "send_before"),
        ({"send_at": 7200, "send_before": 3600}, "send_before"),
    ],
)
def test_impossible_times_are_refused_under_their_field(
    product: Product, ada: Agent, values: dict[str, int], field: str
) -> None:
    ada.opens(f"jane@example.com {TEXT}")
    now = int(time.time())
    answer = ada.presses_send(**{name: str(now + ahead) for name, ahead in values.items()})
    assert field in answer["errors"]
    assert product.sends() == []


def test_requests_wait_while_genesys_is_unavailable_and_then_go_out_in_order(
    new_product: Callable[..., Product],
) -> None:
    """The oldest starts first, but eight are in progress at a time, and any of them may win."""
    product = new_product(GENESYS_CLOUD_PATIENCE="1", quota=6000)
    product.post("/control/genesys/customers", count=WAITING, prefix="bulk")
    product.fault("genesys", ALL_CALLS, "status", status=503, times=None)
    ada = product.agent()
    for number in range(1, WAITING + 1):
        ada.types(f"bulk-{number:04}@example.com {TEXT} {number}")
        ada.sees("You can still send; it goes out once we can check.")
        assert ada.presses_send()["result"] == "closed"
        wait_until(lambda n=number: _cards(ada) == n or None, "its card")
    wait_until(lambda: _waiting(ada) == WAITING or None, "all of them to wait")
    assert product.sends() == []
    product.delete("/control/genesys/calls")
    product.delete("/control/genesys/faults")
    product.fault("genesys", LOOKUP, "latency", seconds=0.4, times=None)
    wait_until(lambda: len(product.sends()) == WAITING or None, "all of them", 60)
    texts = [send["body"]["textBody"] for send in product.sends()]
    assert sorted(texts) == sorted(f"{TEXT} {number}" for number in range(1, WAITING + 1))
    answered = [call for call in product.calls("genesys", LOOKUP) if call["status"] == 200]
    started = [_number(call) for call in answered]  # without the attempts that the outage refused
    for position, number in enumerate(started):
        overtaken = [earlier for earlier in range(1, number) if earlier not in started[:position]]
        assert len(overtaken) < IN_PARALLEL, started


def _number(lookup: dict[str, Any]) -> int:
    found = re.search(r"bulk-(\d+)@", str(lookup["body"]))
    assert found
    return int(found[1])


def _waiting(agent: Agent) -> int:
    said = "  Genesys Cloud isn't answering"  # the line in the thread
    return sum(said in all_text(message["blocks"] or []) for message in agent.messages())


def _cards(agent: Agent) -> int:
    return len([m for m in agent.messages() if m["is_bot"] and m["thread_ts"] is None])


def test_while_the_database_is_locked_the_form_says_so_and_nothing_is_sent(
    product: Product, ada: Agent
) -> None:
    ada.opens(f"jane@example.com {TEXT}")
    with product.sqlite() as locked:
        locked.execute("BEGIN IMMEDIATE")
        answer = ada.presses_send()
        locked.execute("ROLLBACK")
    assert "Nothing was sent" in answer["errors"]["message"]
    assert product.sends() == []
    assert ada.presses_send()["result"] == "closed"
    ada.reads("  Sent.")


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux can limit another process")
def test_while_the_disk_is_full_the_form_says_so_and_later_all_goes_on(
    new_product: Callable[..., Product],
) -> None:
    product = new_product(PROACTIVE_UNDO_SECONDS="2")
    ada = product.agent()
    ada.sends("jane@example.com")
    ada.reads("⏳ S")
    ada.opens(f"amir@example.com {TEXT}")
    with _full_disk(product):
        answer = ada.presses_send()
        full_until = time.time() + 3
        wait_until(lambda: time.time() > full_until or None, "the first message's time to come")
        assert product.sends() == []
    assert "Nothing was sent" in answer["errors"]["message"]
    assert ada.presses_send()["result"] == "closed"
    wait_until(lambda: product.inbox("Amir Haddad"), "the second message", 30)
    wait_until(lambda: product.inbox("Jane Doe"), "the first message", 30)
    assert len(product.sends()) == 2


@contextmanager
def _full_disk(product: Product) -> Iterator[None]:
    """Stop the bot's files from growing, as on a full disk."""
    assert product.bot is not None
    before = resource.prlimit(product.bot.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(product.bot.pid, resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        yield
    finally:
        resource.prlimit(product.bot.pid, resource.RLIMIT_FSIZE, before)

"""What leads and second persons decide, from Slack to the customer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.crash.fork_server import ForkServer

from .conftest import CANARY, Agent, Product, wait_until

TEXT = f"{CANARY}: your order is ready"
RULES = '[approval]\neverything = true\nchannel = "C0OUTCOMES"\n'


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, fork_server: ForkServer) -> Iterator[Product]:
    """Start a bot whose rules want a second person. Each test messages another customer."""
    folder = tmp_path_factory.mktemp("approving")
    file = folder / "rules.toml"
    file.write_text(RULES)
    product = Product(folder, fork_server, PROACTIVE_RULES=str(file))
    product.start()
    yield product
    product.close()


@pytest.fixture
def approving(running: Product) -> Product:
    running.reset()
    return running


def ask(ada: Agent, customer: str = "jane@example.com") -> None:
    """Send a message that needs an approval."""
    ada.opens(f"{customer} {TEXT}", "Needs approval")
    assert ada.presses_send()["result"] == "closed"


def test_a_message_goes_out_after_a_second_person_has_approved_it(approving: Product) -> None:
    ada, leo = approving.agent(), approving.agent("U0LEO")
    ask(ada)
    ada.reads("Every message needs it. Leo Rossi can approve it")
    leo.reads("Waiting for approval", "C0OUTCOMES")
    assert not approving.sends()
    ada.clicks("Approve")
    ada.reads("You can't approve your own message.")
    assert not approving.sends()
    leo.clicks("Approve")
    ada.reads("Leo Rossi approved it.")
    wait_until(lambda: approving.sends(), "a send")
    leo.reads("👍 Approved by Leo Rossi", "C0OUTCOMES")
    ada.reads("  Sent.")
    wait_until(lambda: approving.inbox("Jane Doe") == [TEXT], "the message at the customer's")
    ada.reads("✅ Delivered")
    assert len(approving.sends()) == 1


def test_a_declined_message_never_goes_out_and_its_agent_reads_why(approving: Product) -> None:
    ada, leo = approving.agent(), approving.agent("U0LEO")
    ask(ada, "wendy@example.com")
    ada.reads("Waiting for approval")
    leo.clicks("Decline")
    leo.sees("won't be sent")
    assert leo.presses_send(reason="We don't promise dates.")["result"] == "closed"
    ada.reads("Leo Rossi declined it, so it wasn't sent.")
    ada.reads("We don't promise dates.")
    assert not approving.sends()


def test_where_no_channel_shows_the_card_an_approver_is_asked_directly(
    new_product: Callable[..., Product], tmp_path: Path
) -> None:
    file = tmp_path / "rules.toml"
    file.write_text("[approval]\neverything = true\n")
    product = new_product(PROACTIVE_RULES=str(file), PROACTIVE_SHOW="direct")
    ada, leo = product.agent(), product.agent("U0LEO")
    ask(ada)
    ada.reads("is in our direct messages.")
    leo.channel = wait_until(lambda: find_direct(product, "U0LEO"), "a direct message")
    leo.reads(TEXT)
    leo.clicks("Approve")
    leo.reads("👍 Approved by Leo Rossi")
    wait_until(lambda: product.inbox("Jane Doe") == [TEXT], "the message at the customer's")


def find_direct(product: Product, user: str) -> str:
    """Return the channel of the bot's direct messages to somebody, or ""."""
    channels = product.get(f"/people/workspace?user={user}")["channels"]
    return next((str(one["id"]) for one in channels if one["id"].startswith("D")), "")


def test_an_opt_out_refuses_what_waits_and_tells_the_agent(approving: Product) -> None:
    ada, ben = approving.agent(), approving.agent("U0BEN")
    ask(ada, "mia@example.com")
    ada.reads("Waiting for approval")
    ben.types("opt-out mia@example.com She asked us to stop")
    ben.reads("1 waiting message was cancelled.")
    line = ada.reads("This customer doesn't want to be contacted, so it wasn't sent.")
    assert line["pings"] == ["U0ADA"]
    assert not approving.sends()
    ada.opens("mia@example.com Hello again", "on the do-not-contact list")

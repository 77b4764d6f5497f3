"""What leads and second persons decide, from Slack to the customer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import CANARY, Product, wait_for

TEXT = f"{CANARY}: your order is ready"
RULES = '[approval]\neverything = true\nchannel = "C0OUTCOMES"\n'


@pytest.fixture
def approving(new_product: Callable[..., Product], tmp_path: Path) -> Product:
    """Start a bot whose rules want a second person for every message."""
    file = tmp_path / "rules.toml"
    file.write_text(RULES)
    return new_product(PROACTIVE_RULES=str(file))


def test_a_message_goes_out_after_a_second_person_has_approved_it(approving: Product) -> None:
    ada, leo = approving.agent(), approving.agent("U0LEO")
    ada.sends("jane@example.com", TEXT)
    ada.reads("Every message needs it. A lead other than ada can approve this")
    leo.reads("Waiting for approval", "C0OUTCOMES")
    assert not approving.sends()
    ada.clicks("Approve")
    ada.reads("You can't approve your own message.")
    assert not approving.sends()
    leo.clicks("Approve")
    ada.reads("leo (U0LEO) approved it.")
    wait_for(lambda: approving.sends(), "a send")
    leo.reads("👍 Approved by leo (U0LEO)", "C0OUTCOMES")
    ada.reads("Genesys Cloud has accepted the message.")
    wait_for(lambda: approving.inbox("Jane Doe") == [TEXT], "the message at the customer's")
    ada.reads("✅ Delivered")
    assert len(approving.sends()) == 1


def test_a_declined_message_never_goes_out_and_its_agent_reads_why(approving: Product) -> None:
    ada, leo = approving.agent(), approving.agent("U0LEO")
    ada.sends("jane@example.com", TEXT)
    ada.reads("Waiting for approval")
    leo.clicks("Decline")
    leo.sees("won't be sent")
    assert leo.presses_send(reason="We don't promise dates.")["result"] == "closed"
    ada.reads("leo (U0LEO) declined it, so it wasn't sent.")
    ada.reads("We don't promise dates.")
    assert not approving.sends()


def test_an_opt_out_refuses_what_waits_and_tells_the_agent(approving: Product) -> None:
    ada, ben = approving.agent(), approving.agent("U0BEN")
    ada.sends("jane@example.com", TEXT)
    ada.reads("Waiting for approval")
    ben.types("opt-out jane@example.com She asked us to stop")
    ben.reads("1 waiting message was refused.")
    line = ada.reads("This customer must not be contacted, so it wasn't sent.")
    assert line["pings"] == ["U0ADA"]
    assert not approving.sends()
    ada.opens("jane@example.com Hello again", "This customer must not be contacted")

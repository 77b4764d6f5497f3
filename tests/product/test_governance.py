"""The rules that hold without a rules file, from Slack to the customer."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Iterator

import pytest

from tests.crash.fork_server import ForkServer

from .conftest import CANARY, Agent, Json, Product, all_text, find_ports, wait_until

TEXT = f"{CANARY}: your order is ready"
SEE_WHY = "Not sent. The ✗ says why."
SAME = "this text to this customer"
IN_AN_HOUR = 3600


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, fork_server: ForkServer) -> Iterator[Product]:
    """Start a bot without a rules file. Each test messages other customers."""
    product = Product(tmp_path_factory.mktemp("governed"), fork_server, PROACTIVE_RULES="")
    product.start()
    yield product
    product.close()


@pytest.fixture
def governed(running: Product) -> Product:
    running.reset()
    return running


@pytest.fixture
def second(governed: Product, fork_server: ForkServer) -> Iterator[Json]:
    """Start a second process of the same bot; return its settings."""
    folder = governed.folder / "second"
    folder.mkdir()
    settings = {**governed.settings, **find_ports()}
    bot = fork_server.start_bot(settings, folder)
    bot.wait_until_ready()
    yield settings
    bot.stop()  # a kill would leave work behind for a while
    governed.scan((folder / "bot.log").read_text())


def _links(view: Json) -> list[str]:
    """List the links in a form's evidence."""
    lines = next(b["elements"] for b in view["blocks"] if b["block_id"] == "evidence")
    return [leaf["url"] for line in lines for leaf in line["elements"] if leaf["type"] == "link"]


def _refused(product: Product) -> list[tuple[str, str]]:
    """List the users and teams of the refusals in the audit log."""
    query = "SELECT user_id, team_id FROM audit WHERE action = 'refused click' ORDER BY seq"
    with product.sqlite() as database:
        return database.execute(query).fetchall()


def _read(settings: Json, path: str) -> str:
    url = f"http://127.0.0.1:{settings['OPERATOR_PORT']}{path}"
    with urllib.request.urlopen(url, timeout=10) as answer:
        return str(answer.read().decode())


def test_the_agent_who_loses_sees_who_was_faster_with_a_link_to_their_card(
    governed: Product,
) -> None:
    ada, ben = governed.agent(), governed.agent("U0BEN")
    ada.opens(f"jane@example.com {TEXT}")
    ben.sends("jane@example.com", TEXT)
    card = ben.reads("Message to ")
    refused = ada.presses_send()
    assert refused["result"] == "errors"
    [(field, error)] = refused["errors"].items()
    assert field == "message" and error.startswith("Ben Okafor ") and SAME in error
    assert SAME in all_text(view := ada.sees("The card"))
    assert {link.rpartition("/")[2] for link in _links(view)} == {f"p{card['ts'].replace('.', '')}"}
    wait_until(lambda: governed.inbox("Jane Doe"), "ben's message")
    assert len(governed.sends()) == 1


def test_a_customer_gets_five_messages_a_day_and_a_sixth_only_by_a_lead_s_reason(
    governed: Product,
) -> None:
    ada, leo = governed.agent(), governed.agent("U0LEO")
    for number in range(5):
        ada.opens(f"mia@example.com {TEXT} ({number})")
        assert ada.presses_send()["result"] == "closed"
    wait_until(lambda: len(governed.sends()) == 5, "five sends")
    ada.opens(f"mia@example.com {TEXT} (6)", "Can't be sent")
    sentence = "They've had 5 messages in 24 hours; the limit is 5."
    ada.sees(f"{sentence} A lead can override this.")
    assert ada.presses_send()["errors"] == {"customer": SEE_WHY}
    leo.opens(f"mia@example.com {TEXT} (6)", "Only to override: messages per customer.")
    leo.sees(sentence)
    assert leo.presses_send()["errors"] == {"customer": SEE_WHY}
    assert leo.presses_send(override="She waits for it")["result"] == "closed"
    leo.reads("She waits for it")
    wait_until(lambda: len(governed.inbox("Mia Keller")) == 6, "the sixth message")
    assert len(governed.sends()) == 6


def test_a_pause_holds_in_every_process_from_the_next_message_on_and_shows_everywhere(
    governed: Product, second: Json
) -> None:
    ada, leo = governed.agent(), governed.agent("U0LEO")
    ada.opens(f"jane@example.com {TEXT}, planned")
    at = str(int(time.time()) + IN_AN_HOUR)
    assert ada.presses_send(send_at=at)["result"] == "closed"
    ada.reads("⏳ S")
    leo.types("pause The price list is wrong")
    leo.reads("All sending is paused.")
    processes = (governed.settings, second)
    for settings in processes:  # each for the first time: it keeps these answers for a while
        assert json.loads(_read(settings, "/readyz"))["sending"].startswith("paused by U0LEO")
        assert "proactive_paused 1.0" in _read(settings, "/metrics")
    for settings in processes:
        _listen(governed, settings)
        ada.opens(f"jane@example.com {TEXT}, by {settings['PORT']}", "paused all sending")
        assert ada.presses_send()["result"] == "closed"
    paused = "⏸ Paused by Leo Rossi (The price list is wrong)"
    wait_until(lambda: _count_cards(ada, paused) == 3, "three cards that show the pause")
    assert not governed.sends()
    leo.types("resume")  # in the process that didn't begin it
    wait_until(lambda: len(governed.inbox("Jane Doe")) == 2, "what waited")
    wait_until(lambda: _count_cards(ada, paused) == 0, "cards without the pause")
    assert len(governed.sends()) == 2
    _listen(governed, governed.settings)


def _listen(product: Product, settings: Json) -> None:
    """Let Slack talk to this process."""
    url = f"http://127.0.0.1:{settings['PORT']}/slack/events"
    product.post("/control/slack/settings", events_url=url)


def _count_cards(agent: Agent, sentence: str) -> int:
    return sum(sentence in all_text(one["blocks"] or []) for one in agent.messages())


def test_an_opt_out_refuses_what_is_planned_and_tells_its_agent(governed: Product) -> None:
    ada, ben, leo = governed.agent(), governed.agent("U0BEN"), governed.agent("U0LEO")
    ada.opens(f"wendy@example.com {TEXT}")
    at = str(int(time.time()) + IN_AN_HOUR)
    assert ada.presses_send(send_at=at)["result"] == "closed"
    ada.reads("⏳ S")
    ben.types("opt-out wendy@example.com She asked us to stop")
    ben.reads("1 waiting message was cancelled.")
    line = ada.reads("This customer doesn't want to be contacted, so it wasn't sent.")
    assert line["pings"] == ["U0ADA"]
    leo.opens(f"wendy@example.com {TEXT}", "on the do-not-contact list")
    assert leo.presses_send()["errors"] == {"customer": SEE_WHY}
    assert not governed.sends()


def test_a_guest_and_whoever_is_in_a_shared_channel_are_refused(governed: Product) -> None:
    before = len(_refused(governed))
    _tries_in_vain(governed.agent("U0GUS"), "Guests can't use this.")
    _tries_in_vain(governed.agent(channel="C0ACME"), "This channel is shared")
    assert not governed.calls("slack", "views.open")
    assert not governed.calls("genesys", "identifierlookup")
    wait_until(lambda: len(_refused(governed)) >= before + 6, "six entries in the audit log")
    team = "T0LOCAL"
    assert _refused(governed)[before:] == [("U0GUS", team)] * 3 + [("U0ADA", team)] * 3


def _tries_in_vain(person: Agent, sentence: str) -> None:
    """Let somebody type three commands, and wait until each is refused privately."""
    for typed in (f"jane@example.com {TEXT}", "opt-out jane@example.com x", "pause"):
        person.types(typed)

    def are_refused() -> bool:
        told = [one for one in person.messages() if sentence in one["text"]]
        return len(told) == 3 and all(one["ephemeral"] for one in told)

    wait_until(are_refused, "three private answers")

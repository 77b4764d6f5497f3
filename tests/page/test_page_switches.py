"""Making things go wrong: each switch, the faults that it orders, and the bot's buttons."""

from __future__ import annotations

import os
import re
import signal
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, expect
from slack_sdk.errors import SlackApiError

from sandbox import bot_process
from sandbox.bot_supervisor import BotSupervisor
from sandbox.local_genesys.auth import GRANTED
from sandbox.ports import LOOPBACK, find_free_port
from sandbox.server import Sandbox

from .conftest import EchoBot, ask, become, choose_customer, wait_for_both_sides
from .test_page_customer import Send, bubble, send

__all__ = ["send"]  # a fixture

Json = dict[str, Any]
SENTENCE = re.compile(r"^[A-Z].{40,}\.$")
SEND = "POST /api/v2/conversations/messages/agentless"
SWITCHES: list[tuple[str, str, Json]] = [
    ("Genesys Cloud: Slow", "genesys", {"where": "/api/v2/", "kind": "latency", "seconds": 5}),
    (
        "Genesys Cloud: Rate limits (429)",
        "genesys",
        {"where": "/api/v2/", "kind": "status", "status": 429, "retry_after": 2},
    ),
    (
        "Genesys Cloud: Away (503)",
        "genesys",
        {"where": "/", "kind": "status", "status": 503},
    ),
    (
        "Genesys Cloud: Cut before the work, once",
        "genesys",
        {"where": SEND, "kind": "cut_before", "times": 1},
    ),
    (
        "Genesys Cloud: Cut after the work, once",
        "genesys",
        {"where": SEND, "kind": "cut_after", "times": 1},
    ),
    (
        "Genesys Cloud: Token expired, once",
        "genesys",
        {"where": "/api/v2/", "kind": "expired_token", "times": 1},
    ),
    (
        "Slack: Refuses posts",
        "slack",
        {
            "where": "chat.postMessage",
            "kind": "status",
            "status": 400,
            "body": {"ok": False, "error": "restricted_action"},
        },
    ),
    ("Slack: Posts fail (503)", "slack", {"where": "chat.", "kind": "status", "status": 503}),
    ("Slack: Slow", "slack", {"where": ".", "kind": "latency", "seconds": 2}),
]
STUB = """
    import http.server, os
    class Health(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
        def log_message(self, *words):
            print("asked for", self.path, flush=True)
    address = (os.environ["OPERATOR_HOST"], int(os.environ["OPERATOR_PORT"]))
    http.server.ThreadingHTTPServer(address, Health).serve_forever()
"""


@pytest.fixture
def drawer(page: Page) -> Locator:
    page.get_by_role("button", name="Make things go wrong").click()
    return page.get_by_role("complementary", name="Make things go wrong")


@pytest.fixture
def switchable(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[BotSupervisor]:
    """A running bot that only answers /healthz, which the sandbox can start and stop."""
    stub = tmp_path / "stub.py"
    stub.write_text(textwrap.dedent(STUB), encoding="utf-8")
    monkeypatch.setattr(bot_process, "BOT", (sys.executable, str(stub)))
    bot = BotSupervisor(
        {"OPERATOR_HOST": LOOPBACK, "OPERATOR_PORT": str(find_free_port())}, tmp_path
    )
    sandbox.bot = bot
    bot.start().result()
    yield bot
    sandbox.bot = None
    bot.close()


def standing(sandbox: Sandbox, side: str) -> list[Json]:
    faults: list[Json] = ask(f"{sandbox.page_url}control/{side}/faults")["faults"]
    return faults


def settings(sandbox: Sandbox) -> Json:
    found: Json = ask(f"{sandbox.page_url}control/genesys/settings")["settings"]
    return found


def flip(drawer: Locator, name: str, to: str) -> Locator:
    switch = drawer.get_by_role("switch", name=name, exact=True)
    switch.click()
    expect(switch).to_have_attribute("aria-checked", to)
    return switch


def remark(drawer: Locator, name: str) -> Locator:
    row = drawer.get_by_role("switch", name=name, exact=True).locator("..")
    return row.locator(".fault-remark")


def test_each_switch_orders_its_fault_and_removes_it(drawer: Locator, sandbox: Sandbox) -> None:
    for name, side, fault in SWITCHES:
        flip(drawer, name, "true")
        [ordered] = standing(sandbox, side)
        assert ordered.items() >= fault.items(), name
        flip(drawer, name, "false")
        assert standing(sandbox, side) == [], name


def test_every_switch_says_what_it_does(drawer: Locator) -> None:
    switches = drawer.get_by_role("switch")
    expect(switches).to_have_count(len(SWITCHES) + 2)  # and the two for settings
    for switch in switches.all():
        expect(switch).to_have_accessible_description(SENTENCE)


def test_a_lost_permission_and_late_analytics_are_settings(
    drawer: Locator, sandbox: Sandbox
) -> None:
    choice = drawer.get_by_label("Missing permission")
    offered = choice.locator("option:not([disabled])").evaluate_all(
        "(options) => options.map((one) => one.value)"
    )
    assert set(offered) == {"", *GRANTED}
    choice.select_option("conversation:message:create")
    flip(drawer, "Genesys Cloud: Analytics 30 seconds late", "true")
    assert settings(sandbox)["missing_permissions"] == ["conversation:message:create"]
    assert settings(sandbox)["analytics_delay_seconds"] == 30
    choice.select_option("")
    flip(drawer, "Genesys Cloud: Analytics 30 seconds late", "false")
    assert settings(sandbox)["missing_permissions"] == []
    assert settings(sandbox)["analytics_delay_seconds"] == 0


def test_support_can_be_shared_with_another_organisation(
    page: Page, drawer: Locator, sandbox: Sandbox
) -> None:
    flip(drawer, "Slack: #support is shared with Acme", "true")
    become(page, "Pia Roth (of Acme)")
    expect(page.locator(".rooms .room")).to_have_text(["support", "acme-shared"])
    drawer.get_by_role("button", name="Everything back to normal").click()
    expect(drawer.locator("[aria-checked=true]")).to_have_count(0)
    assert ask(f"{sandbox.page_url}control/slack/settings")["support_is_shared"] is False


def test_what_is_wrong_survives_a_reload_and_ends_with_one_button(
    page: Page, drawer: Locator, sandbox: Sandbox
) -> None:
    flip(drawer, "Slack: Posts fail (503)", "true")
    flip(drawer, "Genesys Cloud: Slow", "true")
    drawer.get_by_label("Missing permission").select_option("externalContacts:contact:view")
    trouble = page.get_by_role("button", name="Make things go wrong")
    expect(trouble).to_contain_text("3 on")
    page.reload()
    wait_for_both_sides(page)
    expect(trouble).to_contain_text("3 on")
    trouble.click()
    for name in ("Slack: Posts fail (503)", "Genesys Cloud: Slow"):
        expect(drawer.get_by_role("switch", name=name)).to_be_checked()
    expect(drawer.get_by_label("Missing permission")).to_have_value("externalContacts:contact:view")
    drawer.get_by_role("button", name="Everything back to normal").click()
    expect(trouble.locator(".badge")).to_be_hidden()
    expect(drawer.locator("[aria-checked=true]")).to_have_count(0)
    assert standing(sandbox, "slack") == standing(sandbox, "genesys") == []
    assert settings(sandbox)["missing_permissions"] == []


def test_a_switch_shows_how_often_it_struck(drawer: Locator, bot: EchoBot) -> None:
    name = "Slack: Refuses posts"
    flip(drawer, name, "true")
    for _ in range(2):
        with pytest.raises(SlackApiError, match="restricted_action"):
            bot.post("hello")
    expect(remark(drawer, name)).to_have_text("Struck 2 times")
    flip(drawer, "Slack: Slow", "true")  # the other faults are ordered again, with their counts
    expect(remark(drawer, name)).to_have_text("Struck 2 times")
    flip(drawer, name, "false")
    expect(remark(drawer, name)).to_be_hidden()


@pytest.mark.parametrize(("when", "arrived"), [("before", 0), ("after", 1)])
def test_a_switch_can_cut_the_connection_for_one_send(
    page: Page, drawer: Locator, send: Send, when: str, arrived: int
) -> None:
    name = f"Genesys Cloud: Cut {when} the work, once"
    flip(drawer, name, "true")
    expect(remark(drawer, name)).to_have_text("Waits for the next send")
    with pytest.raises(OSError):
        send("jane@example.com", "cut off")
    expect(drawer.get_by_role("switch", name=name)).not_to_be_checked()
    expect(remark(drawer, name)).to_have_text("It has struck")
    expect(bubble(page, "cut off")).to_have_count(arrived)
    send("jane@example.com", "the next one")
    expect(bubble(page, "the next one")).to_have_count(1)


def test_a_delay_does_not_hide_a_fault_that_strikes_once(drawer: Locator, sandbox: Sandbox) -> None:
    flip(drawer, "Genesys Cloud: Slow", "true")
    flip(drawer, "Genesys Cloud: Rate limits (429)", "true")
    flip(drawer, "Genesys Cloud: Cut after the work, once", "true")
    kinds = [fault["kind"] for fault in standing(sandbox, "genesys")]
    assert kinds == ["cut_after", "status", "latency"]


def test_a_switch_stays_as_it_is_while_another_is_being_flipped(
    page: Page, drawer: Locator
) -> None:
    """Its fault is removed and ordered again, and the page looks in between."""
    flip(drawer, "Genesys Cloud: Slow", "true")
    slow = drawer.get_by_role("switch", name="Genesys Cloud: Slow", exact=True)
    limits = drawer.get_by_role("switch", name="Genesys Cloud: Rate limits (429)", exact=True)
    held: list[Route] = []

    def hold_first_order(route: Route) -> None:
        if route.request.method == "POST" and not held:
            held.append(route)
        else:
            route.continue_()

    page.route("**/control/genesys/faults", hold_first_order)
    with page.expect_request(lambda request: request.method == "POST"):
        limits.click()
    for _ in range(3):  # when the third has begun, the first two have been drawn
        with page.expect_request("**/control/bot"):
            pass
    assert slow.get_attribute("aria-checked") == "true"
    held[0].continue_()
    expect(limits).to_have_attribute("aria-checked", "true")
    expect(slow).to_have_attribute("aria-checked", "true")
    page.unroute("**/control/genesys/faults")


def test_faults_from_elsewhere_are_counted_and_kept(
    page: Page, drawer: Locator, sandbox: Sandbox
) -> None:
    mine = {"where": "users.info", "kind": "status", "status": 500, "times": 7}
    ask(f"{sandbox.page_url}control/slack/faults", mine)
    expect(drawer).to_contain_text("1 more ordered through the control routes.")
    flip(drawer, "Slack: Slow", "true")
    flip(drawer, "Slack: Slow", "false")
    [kept] = standing(sandbox, "slack")
    assert kept.items() >= mine.items()


def test_the_drawer_opens_and_closes_from_the_keyboard(page: Page) -> None:
    trouble = page.get_by_role("button", name="Make things go wrong")
    trouble.focus()
    page.keyboard.press("Enter")
    drawer = page.get_by_role("complementary", name="Make things go wrong")
    expect(trouble).to_have_attribute("aria-expanded", "true")
    expect(drawer.get_by_role("button", name="Close this panel")).to_be_focused()
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    expect(trouble).to_be_focused()
    choose_customer(page, "amir@example.com")


def test_the_newest_message_stays_in_view_when_the_drawer_opens(page: Page, bot: EchoBot) -> None:
    for number in range(30):
        bot.post(f"message {number}")
    newest = page.get_by_role("article").filter(has_text="message 29")
    expect(newest).to_be_in_viewport()
    page.get_by_role("button", name="Make things go wrong").click()
    expect(newest).to_be_in_viewport()


def test_the_drawer_covers_nothing_that_it_changes(page: Page, drawer: Locator) -> None:
    for width, height in [(1280, 720), (1800, 950)]:
        page.set_viewport_size({"width": width, "height": height})
        for side in (".channel .composer-text", "#customer .answer-text"):
            expect(page.locator(side)).to_be_in_viewport(ratio=1)
            page.locator(side).click(trial=True)  # fails if something is in front of it
    choose_customer(page, "amir@example.com")
    expect(drawer).to_be_visible()


def test_each_switch_says_what_to_expect_before_and_after_send_and_when_it_is_over(
    drawer: Locator,
) -> None:
    stages = ["Before Send", "After Send", "Switched off again"]
    for expected in drawer.locator(".stages").all():
        expect(expected.locator("strong")).to_have_text([f"{stage}: " for stage in stages])
    away = drawer.locator(".fault", has_text="Away (503)").locator(".stages")
    expect(away.get_by_text("Send works")).to_be_hidden()
    flip(drawer, "Genesys Cloud: Away (503)", "true")
    expect(away.get_by_text("Send works")).to_be_visible()


def test_a_sandbox_without_a_bot_of_its_own_says_so(drawer: Locator) -> None:
    expect(drawer).to_contain_text("This sandbox did not start the bot.")
    expect(drawer.get_by_role("button", name="Kill the bot now")).to_have_count(0)


def test_the_page_can_kill_and_start_the_bot(
    page: Page, switchable: BotSupervisor, drawer: Locator
) -> None:
    expect(drawer).to_contain_text("Running since")
    first = switchable.status.pid
    assert first is not None
    drawer.get_by_role("button", name="Kill the bot now (kill -9)").click()
    expect(drawer).to_contain_text("The bot stopped (killed by signal 9). You asked for it.")
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)
    alarm = page.locator("#alarm")
    expect(alarm).to_contain_text("The bot is dead.")
    drawer.get_by_role("button", name="Start it again").click()
    expect(drawer).to_contain_text("Running since")
    expect(alarm).to_be_hidden()
    assert switchable.status.pid != first


def test_a_bot_that_dies_by_itself_is_shown_with_its_last_lines(
    page: Page, switchable: BotSupervisor, drawer: Locator
) -> None:
    assert switchable.status.pid is not None
    os.kill(switchable.status.pid, signal.SIGKILL)
    expect(drawer).to_contain_text("Nobody asked for it.")
    expect(drawer.get_by_label("Its last lines")).to_contain_text("asked for /healthz")
    death = switchable.wait_for_death(1)
    assert death is not None
    assert "killed by signal 9" in str(death)
    page.reload()
    page.locator("#alarm").get_by_role("button", name="Start it again").click()
    expect(page.locator("#alarm")).to_be_hidden()
    assert switchable.wait_for_death(0) is None


def test_back_to_normal_starts_a_dead_bot(switchable: BotSupervisor, drawer: Locator) -> None:
    drawer.get_by_role("button", name="Stop it politely").click()
    expect(drawer).to_contain_text("Dead since")
    drawer.get_by_role("button", name="Everything back to normal").click()
    expect(drawer).to_contain_text("Running since")

"""The Home tab: everybody sees their own messages there, leads the team's, and others nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.request import Request
from bot.rules.rules_file import ApprovalRules, Rules
from bot.slack.lists.home import ALL_WELL, NO_DATABASE, NO_GENESYS
from bot.state import State
from bot.storage.database import Database
from bot.storage.my_requests import PAGE_SIZE
from bot.storage.requests import RequestStore
from bot.storage.tables import requests
from genesys import Identity, IdentityKind
from tests.conftest import wait_until

from ...conftest import Local
from ..conftest import LEAD, SUPPORT, Agent, Bot, find, words

ADA, BEN, GUS = "U0ADA", "U0BEN", "U0GUS"
NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)
Json = dict[str, Any]


class Tab:
    """One person's Home tab."""

    def __init__(self, local: Local, user: str = ADA) -> None:
        self.local, self.user = local, user

    def view(self) -> Json | None:
        view: Json | None = self.local.ask("GET", f"/people/home?user={self.user}")["view"]
        return view

    def opens(self) -> Json:
        """Enter the tab, and return it as it's published then."""
        before = self.view()
        ack = self.local.ask("POST", "/people/home", user=self.user)["ack"]
        assert ack["status"] == 200, ack
        return self.newer_than(before)

    def newer_than(self, before: Json | None) -> Json:
        version = before["hash"] if before else ""
        wait_until(lambda: (view := self.view()) is not None and view["hash"] != version)
        view = self.view()
        assert view is not None
        return view

    def sees(self, sentence: str) -> Json:
        return find(self.view, sentence)

    def clicks(self, label: str, nth: int = 0) -> Json:
        view = self.view()
        assert view is not None
        block, button = [
            (block, one)
            for block in view["blocks"]
            for one in block.get("elements", ())
            if one["type"] == "button" and one["text"]["text"].startswith(label)
        ][nth]
        ids = {"block_id": block["block_id"], "action_id": button["action_id"]}
        act = {"view_id": view["id"], **ids, "element": {"type": "button"}}
        ack: Json = self.local.ask("POST", "/people/actions", user=self.user, **act)["ack"]
        assert ack["status"] == 200
        return view


@pytest.fixture
def tab(local: Local, bot: Bot) -> Tab:
    return Tab(local)


@pytest.fixture
def add(
    requests_store: RequestStore, database: Database, a_request: Callable[..., Request]
) -> Callable[..., None]:
    """Store a request as it is after some time."""

    def add(request_id: str, state: State, agent_id: str = ADA, **values: Any) -> None:
        finished_at = NOW if state in (State.FAILED, State.REPLIED, State.UNCERTAIN) else None
        requests_store.add(
            a_request(request_id=request_id, state=state, agent_id=agent_id, **values), []
        )
        this = requests.c.request_id == request_id
        finished = {"finished_at": finished_at and finished_at.timestamp()}
        with database.transaction() as connection:
            connection.execute(sa.update(requests).where(this).values(finished))

    return add


def shown(view: Json) -> list[str]:
    """List the ids of the requests in the tab."""
    ids = (block["block_id"] for block in view["blocks"])
    return [one.removeprefix("row:") for one in ids if one.startswith("row:")]


def labels(view: Json) -> list[str]:
    elements = (one for block in view["blocks"] for one in block.get("elements", ()))
    return [one["text"]["text"] for one in elements if one["type"] == "button"]


def test_it_opens_with_what_needs_attention_and_says_how_the_bot_is(
    tab: Tab, add: Callable[..., None], local: Local
) -> None:
    add("failed", State.FAILED, customer_name="Jane Doe", reason="Their session is over.")
    add("planned", State.SCHEDULED, send_at=NOW + HOUR)
    view = tab.opens()
    assert shown(view) == ["failed"]
    assert labels(view)[:4] == ["Needs attention (1)", "Planned (1)", "Open", "Recent"]
    assert "Jane Doe" in words(view) and "Their session is over." in words(view)
    assert "jane@example.com" not in words(view)
    assert ALL_WELL in words(view) and "Updated " in words(view)
    assert len(local.calls("slack", "views.publish")) == 1


def test_its_filters_and_pages_are_one_click_away(tab: Tab, add: Callable[..., None]) -> None:
    for number in range(PAGE_SIZE + 1):
        add(f"V{number}", State.SCHEDULED, send_at=NOW + number * HOUR)
    tab.opens()
    first = tab.newer_than(tab.clicks("Planned"))
    assert shown(first) == [f"V{number}" for number in range(PAGE_SIZE)]
    second = tab.newer_than(tab.clicks("Next"))
    assert shown(second) == [f"V{PAGE_SIZE}"] and "Previous" in labels(second)
    again = tab.opens()
    assert shown(again) == shown(second)  # it opens where it was left
    assert shown(tab.newer_than(tab.clicks("Previous"))) == shown(first)


def test_nobody_sees_another_agent_s_messages(tab: Tab, add: Callable[..., None]) -> None:
    add("Ben's", State.FAILED, BEN, customer_name="Amir Khan")
    add("hers", State.FAILED)
    assert shown(tab.opens()) == ["hers"]
    for name in ("Planned", "Open", "Recent"):
        assert "Ben's" not in shown(tab.newer_than(tab.clicks(name)))
    assert "Show team" not in labels(tab.view() or {})


def test_a_lead_can_show_the_team_s(
    tab: Tab, add: Callable[..., None], local: Local, bot: Bot
) -> None:
    add("Ben's", State.FAILED, BEN)
    leo = Tab(local, LEAD)
    assert shown(leo.opens()) == []
    team = leo.newer_than(leo.clicks("Show team"))
    assert shown(team) == ["Ben's"] and "from Ada Agent" in words(team)
    assert shown(leo.newer_than(leo.clicks("Show mine"))) == []


def test_a_button_s_value_that_somebody_made_up_shows_them_no_more_than_they_may_see(
    tab: Tab, add: Callable[..., None], local: Local, bot: Bot
) -> None:
    add("Ben's", State.FAILED, BEN)
    view = tab.opens()
    for value in ("attention:0:team", "x:y:z", "attention:99999999999:mine", "", "recent:-1:team"):
        body = {
            "type": "block_actions",
            "user": {"id": ADA, "team_id": "T0LOCAL"},
            "team": {"id": "T0LOCAL"},
            "view": {**view, "hash": ""},
            "actions": [{"action_id": "home_show:next", "value": value}],
        }
        local.ask("POST", "/control/slack/deliver", kind="interactive", body=body)
        bot.finish()
        assert shown(tab.view() or {}) == []


def test_a_guest_gets_an_empty_tab_that_says_why(
    local: Local, bot: Bot, add: Callable[..., None]
) -> None:
    add("V1", State.FAILED, GUS)
    view = Tab(local, GUS).opens()
    assert "guest" in words(view).lower() and shown(view) == [] and labels(view) == []
    bot.finish()
    assert not [m for m in local.messages("D0GUS", GUS) if m["is_bot"]]


def test_cancelling_shows_the_new_state_at_once(
    tab: Tab, add: Callable[..., None], requests_store: RequestStore
) -> None:
    add("V1", State.SCHEDULED, send_at=NOW + HOUR, planned_at=NOW + HOUR)
    tab.opens()
    tab.newer_than(tab.clicks("Planned"))
    after = tab.newer_than(tab.clicks("Cancel"))
    assert requests_store.load("V1").state is State.CANCELLED
    assert shown(after) == [] and "Nothing is planned." in words(after)


def test_a_message_is_edited_in_place(
    tab: Tab, add: Callable[..., None], ada: Agent, requests_store: RequestStore
) -> None:
    add("V1", State.SCHEDULED, send_at=NOW + HOUR, planned_at=NOW + HOUR)
    tab.opens()
    tab.newer_than(tab.clicks("Planned"))
    tab.clicks("Edit")
    ada.sees("Edit message")
    before = tab.view()
    assert ada.submits(message="Your parcel is ready")["result"] == "closed"
    assert "Your parcel is ready" in words(tab.newer_than(before))
    assert requests_store.load("V1").text == "Your parcel is ready"


@pytest.mark.parametrize(
    ("state", "button", "typed", "after"),
    [
        (State.SCHEDULED, "Edit", {"message": "Another text"}, "Another text"),
        (State.UNAPPROVED, "Decline", {"reason": "Wrong price"}, "Wrong price"),
        (State.UNAPPROVED, "Read it", {}, "⏳ S"),
        (State.REPLIED, "Message again", {"message": "Hello again"}, "Hello again"),
    ],
)
def test_it_shows_at_once_what_was_done_in_a_form_whichever_process_gets_that(
    state: State,
    button: str,
    typed: dict[str, str],
    after: str,
    bot: Bot,
    other_bot: Bot,
    add: Callable[..., None],
    local: Local,
) -> None:
    at = NOW + HOUR if state is State.SCHEDULED else None
    add("V1", state, send_at=at, planned_at=at)
    leo, agent = Tab(local, LEAD), Agent(local, LEAD)
    leo.opens()
    leo.newer_than(leo.clicks("Show team"))
    before = leo.newer_than(leo.clicks("Recent"))
    leo.clicks(button)
    agent.sees("jane@example.com" if button == "Message again" else "j•••@example.com")
    bot.finish()
    local.ask("POST", "/control/slack/settings", events_url=other_bot.url)
    assert agent.submits(**typed)["result"] == "closed"
    view = leo.newer_than(before)
    assert after in words(view) and "Team messages" in words(view)
    other_bot.finish()


def test_a_form_that_was_opened_elsewhere_does_not_change_it(
    tab: Tab, ada: Agent, local: Local, bot: Bot
) -> None:
    before = tab.opens()
    ada.opens("jane@example.com Your order is ready")
    assert ada.submits()["result"] == "closed"
    bot.finish()
    assert (tab.view() or {})["hash"] == before["hash"]


def test_a_customer_whom_nobody_may_message_is_not_offered_again(
    tab: Tab, add: Callable[..., None], bot: Bot
) -> None:
    add("V1", State.REPLIED)
    tab.opens()
    assert "Message again" in labels(tab.newer_than(tab.clicks("Recent")))
    bot.opt_out(Identity(IdentityKind.EMAIL, "jane@example.com"))
    view = tab.newer_than(tab.clicks("Refresh"))
    assert shown(view) == ["V1"] and "Message again" not in labels(view)


def test_a_finished_message_offers_the_form_with_an_empty_text(
    tab: Tab, add: Callable[..., None], ada: Agent
) -> None:
    add("V1", State.REPLIED)
    tab.opens()
    tab.clicks("Message again")
    view = ada.sees("jane@example.com")
    assert "Your order is ready" not in words(view)


def test_an_approver_decides_there_about_others_messages_and_never_about_their_own(
    tab: Tab, add: Callable[..., None], local: Local, requests_store: RequestStore, bot: Bot
) -> None:
    add("hers", State.UNAPPROVED)
    add("Leo's", State.UNAPPROVED, LEAD)
    leo = Tab(local, LEAD)
    view = leo.opens()
    assert shown(view) == ["hers"]
    assert "Approve" not in labels(view) and "Decline" in labels(view)
    before = leo.clicks("Read it")
    agent = Agent(local, LEAD)
    agent.sees("Your order is ready")
    assert agent.submits()["result"] == "closed"
    assert shown(leo.newer_than(before)) == []
    assert requests_store.load("hers").state is State.SCHEDULED
    tab.opens()
    assert not {"Read it", "Decline"} & set(labels(tab.newer_than(tab.clicks("Recent"))))


def test_nobody_approves_a_text_there_before_they_have_read_all_of_it(
    tab: Tab, add: Callable[..., None], local: Local
) -> None:
    text = "Your order is ready. " * 50 + "And it costs nothing."
    add("hers", State.UNAPPROVED, text=text)
    leo = Tab(local, LEAD)
    view = leo.opens()
    assert "costs nothing" not in words(view)
    assert labels(view)[5:9] == ["Read it", "Decline", "Edit", "Cancel"]
    leo.clicks("Read it")
    assert "costs nothing" in words(Agent(local, LEAD).sees("Send this message?"))


def test_an_approver_who_is_no_lead_gets_only_the_approver_s_buttons(
    local: Local, bot: Bot, add: Callable[..., None]
) -> None:
    approval = ApprovalRules(users=[BEN])
    bot.rules = Rules(approval=approval)
    add("hers", State.UNAPPROVED)
    view = Tab(local, BEN).opens()
    assert shown(view) == ["hers"]
    buttons = labels(view)
    assert "Decline" in buttons and "Cancel" not in buttons and "Edit" not in buttons


def test_the_pause_is_said(tab: Tab, bot: Bot) -> None:
    bot.pause()
    assert "⏸ Leo paused all sending: Wrong prices" in words(tab.opens())


def test_two_clicks_at_once_end_with_the_newest_view(
    tab: Tab, add: Callable[..., None], local: Local, bot: Bot
) -> None:
    add("V1", State.FAILED)
    old = tab.opens()
    tab.newer_than(tab.clicks("Recent"))
    body = {
        "type": "block_actions",
        "user": {"id": ADA, "team_id": "T0LOCAL"},
        "team": {"id": "T0LOCAL"},
        "view": old,
        "actions": [{"action_id": "home_show:refresh", "value": "attention:0:mine"}],
    }
    local.ask("POST", "/control/slack/deliver", kind="interactive", body=body)
    bot.finish()
    errors = [call["error"] for call in local.calls("slack", "views.publish")]
    assert errors[-2:] == ["hash_conflict", None]
    assert shown(tab.view() or {}) == ["V1"]


def test_slack_s_first_question_to_the_address_is_answered(local: Local, bot: Bot) -> None:
    asked = {
        "kind": "raw",
        "body": json.dumps({"type": "url_verification", "challenge": "c0ffee", "token": "x"}),
        "headers": {"content-type": "application/json"},
    }
    answer = local.ask("POST", "/control/slack/deliver", **asked)
    assert answer["status"] == 200 and "c0ffee" in answer["body"]


def test_the_messages_tab_publishes_nothing(local: Local, bot: Bot) -> None:
    event = {"type": "app_home_opened", "user": ADA, "tab": "messages", "channel": "D0ADA"}
    body = {"type": "event_callback", "team_id": "T0LOCAL", "event": event}
    sent = {
        "kind": "raw",
        "body": json.dumps(body),
        "headers": {"content-type": "application/json"},
    }
    assert local.ask("POST", "/control/slack/deliver", **sent)["status"] == 200
    bot.finish()
    assert not local.calls("slack", "views.publish")


def test_a_row_links_its_thread_and_asks_slack_for_it_once(
    tab: Tab, add: Callable[..., None], local: Local, ada: Agent
) -> None:
    ts = ada.writes("a card")
    add("V1", State.FAILED, card_channel=SUPPORT, card_ts=ts)
    assert "/archives/C0SUPPORT/" in words(tab.opens())
    assert "/archives/C0SUPPORT/" in words(tab.newer_than(tab.clicks("Refresh")))
    assert len(local.calls("slack", "chat.getPermalink")) == 1


def test_without_a_database_it_says_so_and_offers_to_try_again(
    tab: Tab, add: Callable[..., None], database: Database
) -> None:
    add("V1", State.FAILED)
    with database.transaction() as connection:
        connection.execute(sa.text("ALTER TABLE pause RENAME TO elsewhere"))
    view = tab.opens()
    assert NO_DATABASE in words(view) and labels(view) == ["Refresh"]
    with database.transaction() as connection:
        connection.execute(sa.text("ALTER TABLE elsewhere RENAME TO pause"))
    assert shown(tab.newer_than(tab.clicks("Refresh"))) == ["V1"]


def test_it_opens_at_once_though_genesys_is_slow_and_says_later_that_it_is_away(
    tab: Tab, local: Local
) -> None:
    local.order("genesys", "*", "status", status=503, times=None)
    tab.opens()

    def says_so() -> bool:
        return NO_GENESYS in words(tab.newer_than(tab.clicks("Refresh")))

    wait_until(says_so)
    local.clear_faults()


def test_a_form_that_is_sent_from_it_shows_there_at_once(
    tab: Tab, add: Callable[..., None], ada: Agent
) -> None:
    add("V1", State.REPLIED)
    tab.opens()
    before = tab.newer_than(tab.clicks("Recent"))
    tab.clicks("Message again")
    ada.sees("Ready to send")
    assert ada.submits(message="Hello again")["result"] == "closed"
    assert "Hello again" in words(tab.newer_than(before))

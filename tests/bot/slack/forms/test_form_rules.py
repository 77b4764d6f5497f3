"""The form shows what every rule says, and what may be done about it; Send obeys the rules."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.request import Request
from bot.rules.quiet_hours import next_allowed
from bot.rules.rules_file import read_rules
from bot.slack import retry
from bot.slack.forms import earlier_cards, evidence
from bot.state import State
from bot.storage.audit import Action
from bot.storage.audit_log import AuditLog
from bot.storage.database import Database
from bot.storage.requests import RequestStore
from genesys import Identity, IdentityKind
from tests.conftest import wait_until

from ...conftest import JANE, Local
from ..conftest import LEAD, SLOW, SLOW_MS, Agent, Bot, words
from .test_form import deliver_again, other_channel

TEXT = "Your order is ready"
TOKEN = "Use xoxb-" + "1234567890-1234567890123-" + "a1b2c3d4e5f6g7h8i9j0k1l2"
BEN = "U0BEN"
SEE_WHY = "Not sent. The ✗ says why."  # the form shows it already
SAME = "Ben is already sending this text to this customer."
AT_MOST_ONE = read_rules("[limits]\nper_customer = 1\n")
Add = Callable[..., Request]
Stored = Callable[[], list[Request]]


@pytest.fixture(autouse=True)
def _no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Don't wait for cards, which nobody posts here."""
    monkeypatch.setattr(evidence, "CARD_SECONDS", (0.0,))


@pytest.fixture
def leo(local: Local) -> Agent:
    return Agent(local, LEAD)


@pytest.fixture
def add(requests_store: RequestStore, a_request: Callable[..., Request]) -> Add:
    """Store a request of Ben's."""

    def build(**values: Any) -> Request:
        now = datetime.now(UTC)
        ben = {"request_id": "V0BEN", "agent_id": BEN, "agent_name": "Ben", "created_at": now}
        return requests_store.add(a_request(**{**ben, **values}), [])

    return build


@pytest.fixture
def stored(database: Database, requests_store: RequestStore) -> Stored:
    """List the requests that were stored by the form."""

    def read() -> list[Request]:
        with database.connect() as connection:
            ids = connection.execute(sa.text("SELECT request_id FROM requests")).scalars().all()
        return [requests_store.load(id_) for id_ in ids if not id_.startswith("V0BEN")]

    return read


def sent(**values: Any) -> dict[str, Any]:
    """Return the values of a request that has been sent."""
    return {"state": State.ACCEPTED, "sending_at": datetime.now(UTC), **values}


def fields(agent: Agent) -> dict[str, Any]:
    """Return the blocks of the open form by the name in their block ids."""
    view = agent.view()
    assert view is not None
    return {block["block_id"].partition(":")[0]: block for block in view["blocks"]}


def shown_errors(agent: Agent, local: Local) -> dict[str, str]:
    """Return the errors that still stand under the fields of the open form."""
    view = local.sandbox.local_slack._state.views.shown_to(agent.user)[-1]
    return view.errors


def links(agent: Agent) -> list[str]:
    lines = fields(agent)["evidence"]["elements"]
    return [leaf["url"] for line in lines for leaf in line["elements"] if leaf["type"] == "link"]


def quiet_now() -> Any:
    """Return rules by which it's quiet now, and for at least another hour."""
    now = datetime.now(UTC)
    start, end = now - timedelta(hours=1), now + timedelta(hours=2)
    hours = f'start = "{start:%H:%M}"\nend = "{end:%H:%M}"'
    return read_rules(f"[quiet_hours]\nenabled = true\n{hours}\n")


# What every rule says


def test_the_evidence_counts_what_passes_and_says_when_they_last_chatted(
    bot: Bot, ada: Agent
) -> None:
    ada.opens(f"jane@example.com {TEXT}")
    view = words(ada.view())
    assert re.search(r"✓ \d+ checks passed. Last web chat: \w+.*?\.", view), view


def test_a_warning_says_who_was_there_before_with_a_link_to_their_card(
    bot: Bot, ada: Agent, add: Add
) -> None:
    ts = ada.writes("a card")
    add(**sent(text="Another text", card_channel="C0SUPPORT", card_ts=ts))
    ada.opens(f"jane@example.com {TEXT}")
    ada.sees("Ben sent a message to this customer just now.")
    assert {link.rpartition("/")[2] for link in links(ada)} == {f"p{ts.replace('.', '')}"}


@pytest.mark.parametrize(
    ("channel", "fault"),
    [
        ("D0BEN", None),
        ("C0SUPPORT", {"kind": "status", "status": 503}),
        ("C0SUPPORT", {"kind": "slow_answer", "seconds": 3.0}),
    ],
)
def test_without_a_link_that_this_person_can_open_the_evidence_comes_without_one(
    channel: str,
    fault: dict[str, Any] | None,
    bot: Bot,
    ada: Agent,
    add: Add,
    local: Local,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(earlier_cards, "PATIENCE", 0.3)
    add(**sent(text="Another text", card_channel=channel, card_ts=ada.writes("a card")))
    if fault:
        local.order("slack", "chat.getPermalink", times=None, **fault)
    ada.opens(f"jane@example.com {TEXT}")
    ada.sees("Ben sent a message to this customer just now.")
    assert not links(ada)
    assert len(local.calls("slack", "chat.getPermalink")) == (1 if fault else 0)


def test_the_text_that_is_in_the_form_is_judged(bot: Bot, ada: Agent) -> None:
    ada.opens(f"jane@example.com {TOKEN}", "Can't be sent")
    ada.sees("Remove it. A lead can override this.")


def test_an_agent_who_has_used_up_their_look_ups_is_told_and_delays_nobody(
    bot: Bot, ada: Agent, local: Local, database: Database
) -> None:
    bot.rules = read_rules("[limits]\nlookups = 1\n")
    ada.opens("jane@example.com")
    bot.finish()
    before = len(local.calls("genesys", "/api/"))
    ada.changes("customer", "amir@example.com")
    ada.sees("Not looked up: ")
    ada.sees("You've looked up customers 1 time in 10 minutes; that's the limit.")
    assert len(local.calls("genesys", "/api/")) == before
    Agent(local, BEN).opens("amir@example.com")
    since = datetime.now(UTC) - timedelta(minutes=1)
    counts = [AuditLog(database).count(who, Action.LOOKED_UP, since) for who in ("U0ADA", BEN)]
    assert counts == [1, 1]


def test_the_evidence_says_that_a_second_person_must_approve(bot: Bot, ada: Agent) -> None:
    bot.rules = read_rules("[approval]\neverything = true\n")
    ada.opens(f"jane@example.com {TEXT}", "Needs approval: ")
    ada.sees("Someone else must approve this: every message needs it.")


def test_while_sending_is_paused_the_form_says_so_and_send_stores_the_request(
    bot: Bot, ada: Agent, stored: Stored
) -> None:
    bot.pause()
    ada.opens(f"jane@example.com {TEXT}", "Sending is paused: ")
    ada.sees("paused all sending")
    assert ada.submits()["result"] == "closed"
    assert stored()


# Refused when it's stored


def test_the_agent_who_loses_sees_who_was_faster_with_a_link(
    bot: Bot, ada: Agent, add: Add, stored: Stored, local: Local
) -> None:
    ada.opens(f"jane@example.com {TEXT}")
    ts = ada.writes("a card")
    add(card_channel="C0SUPPORT", card_ts=ts)
    before = len(local.calls("genesys", "/api/"))
    done = ada.submits()
    assert list(done["errors"]) == ["message"]
    assert done["errors"]["message"].startswith(SAME)
    ada.sees("Not sent: ")
    ada.sees(SAME)
    assert links(ada)[0].endswith(ts.replace(".", ""))
    bot.finish()
    assert not stored()  # nor its jobs, which are added in the same transaction
    assert len(local.calls("genesys", "/api/")) == before


def test_the_link_comes_later_if_the_faster_ones_card_is_not_posted_yet(
    bot: Bot, ada: Agent, add: Add, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "CARD_SECONDS", (0.0, *[0.05] * 200))
    ada.opens(f"jane@example.com {TEXT}")
    ts = ada.writes("a card")
    add()
    ada.submits()
    ada.sees(SAME)
    assert not links(ada)
    with database.transaction() as connection:
        posted = sa.text("UPDATE requests SET card_channel = 'C0SUPPORT', card_ts = :ts")
        connection.execute(posted, {"ts": ts})
    wait_until(lambda: links(ada))


def test_a_card_that_is_there_is_looked_for_only_once(
    bot: Bot, ada: Agent, add: Add, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evidence, "CARD_SECONDS", (0.0, 60.0))
    ada.opens(f"jane@example.com {TEXT}")
    add(card_channel="C0SUPPORT", card_ts=ada.writes("a card"))
    begun = time.monotonic()
    ada.submits()
    bot.finish()
    assert links(ada)
    assert time.monotonic() - begun < 9  # ``finish`` waits ten for the second look


def test_a_refusal_stays_under_its_field_while_slack_takes_no_update(
    bot: Bot,
    ada: Agent,
    add: Add,
    local: Local,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retry, "GIVE_UP_SECONDS", 0.5)
    ada.opens(f"jane@example.com {TEXT}")
    add(card_channel="C0SUPPORT", card_ts=ada.writes("a card"))
    local.order("slack", "views.update", "status", times=None, status=503)
    assert ada.submits()["errors"]["message"].startswith(SAME)
    bot.finish()
    assert "a form's evidence can't be shown" in caplog.text
    assert shown_errors(ada, local)["message"].startswith(SAME)
    assert not [one for one in local.messages() if one["ephemeral"]]


def updates(local: Local) -> int:
    return len(local.calls("slack", "views.update"))


def test_an_error_stays_under_its_field_if_the_form_shows_the_stop_already(
    bot: Bot, ada: Agent, add: Add, local: Local
) -> None:
    add(text=TEXT)
    ada.opens(f"jane@example.com {TEXT}", "Can't be sent: ")
    before = updates(local)
    for _ in range(2):
        assert ada.submits()["errors"] == {"message": SEE_WHY}
        bot.finish()
    assert updates(local) == before
    assert shown_errors(ada, local) == {"message": SEE_WHY}
    assert words(ada.view()).count(SAME) == 1


def test_a_refusal_that_the_form_does_not_show_yet_is_told_first_and_once_and_stays_there(
    bot: Bot, ada: Agent, local: Local
) -> None:
    ada.opens("jane@example.com")
    before = updates(local)
    assert ada.submits(message=TOKEN)["errors"]["message"]
    bot.finish()
    shown = ada.sees("Not sent: ")["blocks"]
    [evidence] = [block for block in shown if block["block_id"] == "evidence"]
    assert "Remove it." in words(evidence["elements"][0])
    assert words(shown).count("Remove it.") == 1
    assert updates(local) == before + 1
    assert ada.submits()["errors"]["message"] == SEE_WHY
    bot.finish()
    assert updates(local) == before + 1
    assert "message" in shown_errors(ada, local)


def test_what_is_wrong_with_an_address_is_told_once(bot: Bot, ada: Agent) -> None:
    view = ada.opens("jane@example Hello", "✗ ")
    assert words(view).count("isn't a complete email address") == 1
    assert ada.submits()["errors"] == {"customer": SEE_WHY}


def test_a_text_that_is_too_long_is_stopped_before_send_and_told_once(bot: Bot, ada: Agent) -> None:
    ada.opens(f"jane@example.com {'x' * 2_001}", "Can't be sent: ")
    assert words(ada.view()).count("1 character over the 2,000 limit.") == 1
    assert ada.submits()["errors"] == {"message": SEE_WHY}


def test_a_lead_who_gives_no_reason_keeps_the_error_in_view(
    bot: Bot, leo: Agent, add: Add, local: Local
) -> None:
    bot.rules = AT_MOST_ONE
    add(text="Another text")
    leo.opens(f"jane@example.com {TEXT}", "Blocked, but you can override: ")
    before = updates(local)
    assert leo.submits()["errors"] == {"customer": SEE_WHY}
    bot.finish()
    assert updates(local) == before
    assert "customer" in shown_errors(leo, local)


def test_a_lead_who_cannot_override_everything_is_not_told_to_ask_a_lead(
    bot: Bot, leo: Agent, add: Add
) -> None:
    bot.rules = AT_MOST_ONE
    add(text="Another text")
    shown = words(leo.opens("jane@example.com Hi {{name}}", "Can't be sent: "))
    assert "They've had 1" in shown
    assert "A lead can override this" not in shown


def test_each_finding_stands_once_under_the_field_where_it_belongs(
    bot: Bot, ada: Agent, add: Add
) -> None:
    ada.opens(f"jane@example.com {TEXT}")
    add(text=TOKEN)
    bot.rules = AT_MOST_ONE.model_copy(update={"quiet_hours": quiet_now().quiet_hours})
    done = ada.submits(message=TOKEN)
    assert set(done["errors"]) == {"customer", "message", "send_at"}
    assert done["errors"]["customer"].startswith("They've had 1")
    assert "already sending this text" in done["errors"]["message"]
    assert "Remove it" in done["errors"]["message"]
    assert done["errors"]["send_at"].startswith("It's quiet hours")
    assert words(done["errors"]).count("Remove it") == 1


def test_the_rules_know_the_customer_by_all_their_contacts(
    bot: Bot, ada: Agent, add: Add, stored: Stored
) -> None:
    ada.opens(f"jane@example.com {TEXT}")
    ada.submits()
    [request] = stored()
    assert request.contact_ids
    ada.opens("jane@example.com Another text")
    other = Identity(IdentityKind.EMAIL, "j.doe@work.example")
    add(identity=other, contact_ids=request.contact_ids, text="Another text")
    assert ada.submits()["errors"]["message"].startswith(SAME)
    ada.sees(SAME)


# Overriding


def test_a_lead_may_override_with_a_reason(bot: Bot, leo: Agent, add: Add, stored: Stored) -> None:
    bot.rules = AT_MOST_ONE
    add(text="Another text")
    leo.opens(f"jane@example.com {TEXT}", "Blocked, but you can override: ")
    leo.sees("Only to override: messages per customer. The thread shows the reason.")
    assert fields(leo)["override"]["optional"]
    assert leo.submits()["errors"] == {"customer": SEE_WHY}
    assert leo.submits(override="She asked twice")["result"] == "closed"
    [request] = stored()
    assert request.override_reason == "She asked twice"
    assert request.overridden == ("messages per customer",)


def test_nobody_else_sees_the_field(bot: Bot, ada: Agent, add: Add) -> None:
    bot.rules = AT_MOST_ONE
    add(text="Another text")
    ada.opens(f"jane@example.com {TEXT}", "Can't be sent")
    assert "override" not in fields(ada)


def test_a_reason_never_overrides_a_rule_that_the_lead_has_not_seen(
    bot: Bot, leo: Agent, add: Add, stored: Stored
) -> None:
    bot.rules = AT_MOST_ONE
    add(text="Another text")
    leo.opens(f"jane@example.com {TEXT}", "Only to override: messages per customer.")
    add(request_id="V0BEN2")
    refused = leo.submits(override="She asked twice")
    assert refused["errors"]["message"].startswith(SAME)
    leo.sees("Only to override: same text, messages per customer.")
    assert "initial_value" not in fields(leo)["override"]["element"]
    assert not stored()


def test_a_reason_that_overrides_nothing_is_not_recorded(
    bot: Bot, leo: Agent, add: Add, stored: Stored
) -> None:
    bot.rules = AT_MOST_ONE
    add(text="Another text")
    leo.opens(f"jane@example.com {TEXT}", "Only to override: messages per customer.")
    bot.rules = read_rules("")
    leo.submits(override="She asked twice")
    assert (stored()[0].override_reason, stored()[0].overridden) == ("", ())


def test_a_reason_is_kept_while_the_customer_is_looked_up_again(
    bot: Bot, leo: Agent, add: Add
) -> None:
    bot.rules = AT_MOST_ONE
    add(text="Another text")
    view = leo.opens(f"jane@example.com {TEXT}", "Only to override: messages per customer.")
    block = next(b["block_id"] for b in view["blocks"] if b["block_id"].startswith("override"))
    typed = {"type": "plain_text_input", "value": "She asked twice"}
    leo.local.ask(
        "POST",
        "/people/actions",
        user=LEAD,
        view_id=view["id"],
        block_id="customer",
        action_id="customer",
        element={"type": "plain_text_input", "value": "jane@example.com"},
        values={block: {"override": typed}},
    )
    bot.finish()
    assert fields(leo)["override"]["element"]["initial_value"] == "She asked twice"


def test_genesys_clouds_own_rules_cannot_be_overridden(bot: Bot, leo: Agent) -> None:
    bot.rules = quiet_now()
    leo.opens(f"nils@example.com {TEXT}", "No web chat in the last 90 days")
    assert "override" not in fields(leo)
    leo.changes("customer", "jane@example.com")
    leo.sees("Only to override: quiet hours.")


def test_the_do_not_contact_list_cannot_be_overridden(bot: Bot, leo: Agent) -> None:
    bot.rules = quiet_now()
    leo.opens(f"jane@example.com {TEXT}", "Only to override: quiet hours.")
    bot.opt_out(JANE)
    refused = leo.submits(override="It's urgent")
    assert "on the do-not-contact list" in refused["errors"]["customer"]
    bot.finish()
    assert "on the do-not-contact list" in words(fields(leo)["evidence"])
    assert "override" not in fields(leo)


# Quiet hours


def test_the_next_allowed_time_can_be_chosen_with_a_button(
    bot: Bot, ada: Agent, stored: Stored
) -> None:
    bot.rules = quiet_now()
    opens = next_allowed(datetime.now(UTC), "UTC", bot.rules.quiet_hours)
    ada.opens(
        f"jane@example.com {TEXT}", "It's quiet hours for the customer (UTC, your organisation's"
    )
    button = fields(ada)["offers"]["elements"][0]
    hour = f"{opens.hour % 12 or 12}:{opens:%M %p}"
    assert button["text"]["text"] == f"Send {opens:%a, %b} {opens.day} at {hour} UTC"
    assert ada.submits()["errors"] == {"send_at": SEE_WHY}
    bot.finish()
    ada.presses("send_then")
    ada.sees("Ready to send")
    shown = fields(ada)["send_at"]
    assert shown["block_id"] == f"send_at:{int(opens.timestamp())}"
    assert shown["element"]["initial_date_time"] == int(opens.timestamp())
    assert ada.submits()["result"] == "closed"
    assert stored()[0].planned_at == opens


def test_what_is_wrong_with_a_time_that_the_bot_has_set_stands_under_its_field(
    bot: Bot, ada: Agent
) -> None:
    bot.rules = quiet_now()
    ada.opens(f"jane@example.com {TEXT}", "It's quiet hours")
    ada.presses("send_then")
    ada.sees("Ready to send")
    block = fields(ada)["send_at"]["block_id"]
    wrong = ada.submits(send_at=1_000_000_000)
    assert wrong["errors"] == {block: "That time has passed. Pick a later one or clear it."}
    early = ada.submits(send_at=int(time.time()) + 60)
    assert early["errors"][block].startswith("It's quiet hours")
    bot.finish()
    ada.presses("send_then")  # the same time again, in a field that has another one now
    ada.sees("Ready to send")
    assert ada.submits()["result"] == "closed"


# The buttons


def test_the_form_opens_the_modal_to_opt_a_customer_out(bot: Bot, ada: Agent) -> None:
    form = ada.opens(f"jane@example.com {TEXT}")
    ada.presses("form_opt_out")
    top = ada.sees("Nobody will be able to message ")
    assert "Jane Doe" in words(top)
    assert top["id"] != form["id"]
    assert ada.submits(reason="She asked us to stop")["result"] == "closed"
    told = ada.reads("won't be contacted any more")
    assert told["ephemeral"]
    shown = ada.sees("Can't be sent: ")
    assert shown["id"] == form["id"]
    assert "on the do-not-contact list" in words(fields(ada)["evidence"])
    assert "offers" not in fields(ada)
    assert shown["state"]["values"]["message"]["message"]["value"] == TEXT
    assert ada.submits()["errors"] == {"customer": SEE_WHY}


def test_the_form_under_the_opt_out_still_belongs_to_the_channel_where_it_was_opened(
    bot: Bot, ada: Agent, stored: Stored
) -> None:
    ada.opens(f"jane@example.com {TEXT}")
    ada.presses("form_opt_out")
    ada.sees("Nobody will be able to message ")
    ada.submits(reason="She asked us to stop")
    ada.sees("Can't be sent: ")
    ada.submits(customer="amir@example.com")
    assert [request.place.channel_id for request in stored()] == ["C0SUPPORT"]


def test_an_opt_out_never_draws_over_a_customer_typed_since(
    bot: Bot, ada: Agent, local: Local
) -> None:
    ada.opens(f"jane@example.com {TEXT}")
    ada.presses("form_opt_out")
    ada.sees("Nobody will be able to message ")
    ada.submits(reason="She asked us to stop")
    ada.sees("Can't be sent: ")
    ada.changes("customer", "amir@example.com")
    ada.sees("Amir Haddad")

    def say_more(sent: dict[str, Any]) -> None:
        sent["view"]["state"]["values"]["reason"]["reason"]["value"] = "She asked twice"

    deliver_again(local, -2, say_more)  # it comes with the version before
    bot.finish()
    assert "Amir Haddad" in words(ada.view())


def test_the_button_to_opt_out_never_counts_for_a_customer_typed_since(
    bot: Bot, ada: Agent
) -> None:
    ada.opens(f"jane@example.com {TEXT}")
    ada.presses("form_opt_out", customer="amir@example.com")
    ada.sees("Amir Haddad")
    assert fields(ada)["customer"]


@pytest.mark.parametrize("button", ["form_opt_out", "send_then"])
def test_a_button_of_a_foreign_form_does_nothing(
    button: str, bot: Bot, ada: Agent, local: Local
) -> None:
    bot.rules = quiet_now()
    ada.opens(f"jane@example.com {TEXT}", "It's quiet hours")
    ada.presses(button)
    bot.finish()
    before = [len(local.calls("slack", where)) for where in ("views.push", "views.update")]
    deliver_again(local, -1, other_channel)
    Agent(local, channel="D0ADA").reads("I can't verify this form")
    bot.finish()
    after = [len(local.calls("slack", where)) for where in ("views.push", "views.update")]
    assert after == before


@pytest.mark.parametrize("side", ["slack", "genesys"])
def test_no_ack_of_the_form_waits_for_slack_or_genesys(
    side: str, bot: Bot, ada: Agent, add: Add, local: Local
) -> None:
    bot.rules = quiet_now()
    ada.opens(f"jane@example.com {TEXT}", "It's quiet hours")
    add(card_channel="C0SUPPORT", card_ts=ada.writes("a card"))
    local.order(side, "*", "latency", seconds=SLOW, times=None)
    acks = [ada.submits()["ack"], ada.presses("send_then"), ada.presses("form_opt_out")]
    assert all(ack["ms"] < SLOW_MS for ack in acks)
    local.clear_faults()

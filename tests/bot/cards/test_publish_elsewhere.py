"""Where the bot can't post, the agent still learns everything: directly, or else privately."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import bot.job
from bot.cards.ledger import NOWHERE
from bot.request import Decision, Event, Place
from bot.state import State
from bot.storage.history import NOT_SHOWN

from .conftest import OUTCOMES, REQUEST, SUPPORT, Bench, Build, direct_channel

CHECKING, SENDING = (
    "⏳ Checking the customer…",
    "⏳ Sending…",
)
ACCEPTED, DELIVERED = "☑️ Sent", "✅ Delivered"
TEXT = "Your order is ready"
# Slack documents some of these for chat.postMessage, some for every method, and some nowhere.
FINAL = [
    *("not_in_channel", "channel_not_found", "is_archived", "restricted_action"),
    *("app_access_restricted", "invalid_blocks", "team_not_found", "ekm_access_denied"),
    *("msg_too_long", "message_limit_exceeded", "missing_scope", "no_permission"),
    *("accesslimited", "invalid_arguments", "something_new", "SomethingElse.2"),
]
TEMPORARY: list[dict[str, Any]] = [
    {"kind": "status", "status": 429},
    {"kind": "status", "status": 503},
    *(
        {"kind": "status", "status": 400, "body": {"ok": False, "error": code}}
        for code in ("internal_error", "fatal_error", "ratelimited", "team_added_to_org")
    ),
]
DIRECT = "chat.postMessage U0ADA"


def refuse_always(bench: Bench, code: str, where: str = "chat.postMessage") -> None:
    body = {"ok": False, "error": code}
    bench.local.order("slack", where, "status", status=400, body=body, times=None)


def text(shown: Any) -> str:
    return json.dumps(shown, ensure_ascii=False)


def buttons(message: dict[str, Any]) -> list[str]:
    found = (block for block in message["blocks"] if block["type"] == "actions")
    return [button["text"]["text"] for block in found for button in block["elements"]]


# The direct message


@pytest.mark.parametrize("code", FINAL)
def test_any_refusal_that_is_not_known_to_be_temporary_leads_to_a_direct_message(
    code: str, bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.refuse(code)
    bench.publish()
    direct = direct_channel(bench.local)
    assert bench.shown() == []
    assert bench.shown(direct) == [SENDING, "Only you can see this:"]
    assert bench.stored().card_channel == direct
    assert f"request V0123456789: can't post its card ({code})" in caplog.text


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("not_in_channel", "I'm not in that channel. Run /invite @proactive there"),
        ("missing_scope", "I'm not allowed to post. Ask your admin to reinstall the app"),
        ("app_access_restricted", "a workspace admin has restricted this app"),
        ("something_new", "tell your admin: something_new"),
    ],
)
def test_the_agent_is_told_why_and_where_the_card_is(code: str, why: str, bench: Bench) -> None:
    """In the card's thread, and also where they were: the bot need not be a member there."""
    bench.refuse(code)
    bench.publish()
    bench.publish()
    card, line = bench.local.messages(direct_channel(bench.local))
    assert why[1:] in text(line["blocks"])  # there it may begin the sentence
    assert line["thread_ts"] == card["ts"]
    (told,) = bench.told()
    assert why in text(told["blocks"])
    assert "direct messages" in text(told["blocks"])
    assert f"/p{card['ts'].replace('.', '')}" in text(told["blocks"])  # a link to the card
    assert (told["pings"], TEXT in text(told["blocks"])) == ([], False)


def test_the_agent_is_told_where_the_card_is_even_if_there_is_no_link_to_it(bench: Bench) -> None:
    bench.refuse("not_in_channel")
    bench.local.order("slack", "chat.getPermalink", "status", status=503, times=None)
    bench.publish()
    (told,) = bench.told()
    assert "direct messages" in text(told["blocks"])


def test_why_only_the_agent_sees_it_is_a_whole_sentence(bench: Bench) -> None:
    bench.refuse("restricted_action")
    bench.publish()
    line = bench.local.messages(direct_channel(bench.local))[-1]
    why = "Posting is restricted in that channel. Ask a workspace admin, or use another channel."
    assert f"Only you can see this: {why}" in text(line["blocks"])


@pytest.mark.parametrize("status", [429, 503])
def test_the_agent_is_told_later_where_the_card_is_if_slack_can_t_now(
    status: int, bench: Bench
) -> None:
    bench.refuse("not_in_channel")
    bench.move(State.ACCEPTED)
    bench.local.order("slack", "response_url", "status", status=status, times=2)
    for _ in range(2):
        bench.fail()
        assert bench.shown(direct_channel(bench.local)) == [ACCEPTED, "Sent"]
    bench.publish()
    assert len(bench.told()) == 1
    assert bench.shown(direct_channel(bench.local)) == [ACCEPTED, "Sent", "Only you can see this:"]


@pytest.mark.parametrize("status", [429, 503])
def test_the_agent_is_told_once_where_the_card_is_however_often_its_line_fails(
    status: int, bench: Bench
) -> None:
    bench.refuse("not_in_channel")
    bench.local.order("slack", "chat.postMessage", "latency", seconds=0.0, times=1)  # the card
    bench.local.order("slack", "chat.postMessage", "status", status=status, times=3)
    for _ in range(3):
        bench.fail()
        bench.let_settle()
        assert len(bench.told()) == 1
    bench.publish_until_done()
    assert len(bench.told()) == 1
    assert bench.shown(direct_channel(bench.local)) == [SENDING, "Only you can see this:"]
    assert bench.announced() == []


def test_no_response_url_is_used_after_its_time(bench: Bench, a_request: Build) -> None:
    place = bench.stored().place
    made = datetime.now(UTC) - timedelta(minutes=31)
    bench.store.add(a_request(request_id="V2", place=place, created_at=made), ())
    bench.refuse("not_in_channel")
    bench.publisher.publish(bot.job.publish("V2"))
    assert bench.shown(direct_channel(bench.local)) == [CHECKING, "Only you can see this:"]
    assert bench.told() == []


@pytest.mark.parametrize("fault", TEMPORARY)
def test_a_direct_message_that_slack_can_t_take_now_is_not_given_up(
    fault: dict[str, Any], bench: Bench
) -> None:
    bench.refuse("not_in_channel")
    bench.local.order("slack", DIRECT, times=1, **fault)
    bench.fail()
    assert bench.stored().card_channel == ""
    bench.channel(SUPPORT).is_archived = True
    bench.publish_until_done()
    assert bench.shown(direct_channel(bench.local)) == [SENDING, "Only you can see this:"]


def test_if_the_channel_is_archived_the_news_goes_to_the_agent(bench: Bench) -> None:
    bench.publish()
    bench.move(State.ACCEPTED, State.DELIVERED)
    bench.channel(SUPPORT).is_archived = True
    bench.publish()
    direct = direct_channel(bench.local)
    assert bench.shown(direct) == ["Sent", "Delivered"]
    for message in bench.local.messages(direct):  # there's no card above it
        assert bench.stored().identity.masked in text(message["blocks"])
        assert DELIVERED in text(message["blocks"])


@pytest.mark.parametrize("fault", TEMPORARY)
@pytest.mark.parametrize("place", ["thread", "direct"])
def test_a_line_that_slack_can_t_take_now_is_not_given_up(
    place: str, fault: dict[str, Any], bench: Bench
) -> None:
    bench.publish()
    bench.move(State.ACCEPTED)
    if place == "direct":
        bench.refuse("is_archived")
    bench.local.order("slack", "chat.postMessage", times=1, **fault)
    bench.fail()
    assert bench.line_timestamps()[1:] == [""]
    bench.publish_until_done()
    assert bench.shown() == [ACCEPTED, "Sent"]


# The response URL


def test_if_no_place_takes_the_card_the_agent_is_told_privately_and_can_undo(
    bench: Bench, a_request: Build
) -> None:
    place = bench.stored().place
    bench.store.add(a_request(request_id="V2", place=place), ())
    refuse_always(bench, "messages_tab_disabled")
    bench.publisher.publish(bot.job.publish("V2"))
    (card,) = bench.told()
    assert TEXT in text(card["blocks"])
    assert "My direct messages are switched off." in text(card["blocks"])
    assert buttons(card) == ["Undo"]
    stored = bench.store.load("V2")
    assert (stored.card_channel, stored.card_state) == (NOWHERE, "checking")
    assert bench.announced() == []


def test_later_news_is_told_privately_without_another_copy_of_the_card(
    bench: Bench, a_request: Build
) -> None:
    bench.store.add(a_request(request_id="V2", place=bench.stored().place), ())
    refuse_always(bench, "is_archived")
    steps = (
        (State.SCHEDULED, Event.FOUND),
        (State.SENDING, Event.SENDING),
        (State.UNCERTAIN, Event.UNCERTAIN),
    )
    for state, event in steps:
        bench.publisher.publish(bot.job.publish("V2"))
        assert bench.store.move("V2", state, event)
    for _ in range(2):  # the second time, there's no news
        bench.publisher.publish(bot.job.publish("V2"))
    card, uncertain = bench.told()  # no more for other steps: the URL works only five times
    assert [TEXT in text(one["blocks"]) for one in (card, uncertain)] == [True, False]
    assert [buttons(one) for one in (card, uncertain)] == [
        *(["Undo"], ["Check again", "Send anyway", "It was sent"])
    ]
    assert bench.stored().identity.masked in text(uncertain["blocks"])
    assert bench.store.load("V2").card_state == "uncertain"


def test_each_private_check_brings_the_url_for_its_answer_and_for_the_next_buttons(
    bench: Bench,
) -> None:
    """A response URL works only five times, and each check needs it twice."""
    refuse_always(bench, "is_archived")
    bench.publish()
    assert bench.store.move(REQUEST, State.UNCERTAIN, Event.UNCERTAIN)
    bench.publish()
    for number in range(5):
        url = bench.local.sandbox.local_slack._state.issue_response_url("U0ADA", SUPPORT)
        decision = Decision(REQUEST, number, "U0ADA", "ada", url)
        since = State.UNCERTAIN
        assert bench.store.move(REQUEST, since, Event.CHECK_ASKED, since=since, decision=decision)
        bench.publish()
        bench.store.add_line(REQUEST, Event.STILL_UNCERTAIN)
        bench.publish()
        shown = text([message["blocks"] for message in bench.told()])
        assert f"{REQUEST}:{number + 1}" in shown
        assert shown.count("Checked again") == number + 1


def test_private_news_has_the_buttons_though_its_request_has_just_changed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_always(bench, "is_archived")
    bench.publish()
    assert bench.store.move(REQUEST, State.UNCERTAIN, Event.UNCERTAIN)
    bench.publish()
    bench.store.add_line(REQUEST, Event.STILL_UNCERTAIN)
    read, since = bench.ledger.unposted_lines, State.UNCERTAIN

    def decide_first(request_id: str) -> Any:
        decision = Decision(REQUEST, 0, "U0ADA", "ada")
        bench.store.move(REQUEST, since, Event.CHECK_ASKED, since=since, decision=decision)
        return read(request_id)

    monkeypatch.setattr(bench.publisher, "_has_news", lambda _request: True)
    monkeypatch.setattr(bench.ledger, "unposted_lines", decide_first)
    bench.publish()
    bench.publish()
    assert f"{REQUEST}:1" in text(bench.told()[-1]["blocks"])


def test_even_the_reply_is_told_privately_though_the_url_works_only_five_times(
    bench: Bench, a_request: Build
) -> None:
    bench.store.add(a_request(request_id="V2", place=bench.stored().place), ())
    refuse_always(bench, "is_archived")
    bench.publisher.publish(bot.job.publish("V2"))
    for state, event in (
        (State.SCHEDULED, Event.FOUND),
        (State.SENDING, Event.SENDING),
        *((State(name), Event(name)) for name in ("accepted", "waiting", "delivered", "replied")),
    ):
        assert bench.store.move("V2", state, event)
        bench.publisher.publish(bot.job.publish("V2"))
    told = bench.told()
    assert len(told) == 5
    assert [message["pings"] for message in told] == [[], [], [], [], ["U0ADA"]]


def test_the_card_is_shown_as_usual_as_soon_as_a_place_takes_it(bench: Bench) -> None:
    refuse_always(bench, "is_archived")
    bench.publish()
    assert len(bench.told()) == 1
    bench.local.clear_faults()
    bench.publish()
    assert bench.shown() == []  # there's no news
    bench.move(State.ACCEPTED, State.REPLIED)
    bench.publish()
    assert bench.shown() == ["💬 Customer replied", "Sent", "The customer replied"]
    assert len(bench.told()) == 1


def test_if_no_place_takes_the_card_its_outcome_is_still_told(bench: Bench) -> None:
    refuse_always(bench, "is_archived", f"chat.postMessage {SUPPORT}")
    refuse_always(bench, "is_archived", DIRECT)
    bench.move(State.ACCEPTED, State.REPLIED)
    bench.publish()
    (outcome,) = bench.local.messages(OUTCOMES)
    assert "/archives/" not in text(outcome["blocks"])


def test_a_response_url_that_is_away_is_left_to_the_queue(bench: Bench) -> None:
    refuse_always(bench, "is_archived")
    bench.local.order("slack", "response_url", "status", status=503, times=2)
    for _ in range(2):
        assert str(bench.fail()) == "Slack gave no clear answer (HTTP 503)"
    bench.publish()
    (card,) = bench.told()
    assert text(card["blocks"]).count("Only you can see this") == 1


@pytest.mark.parametrize("url", ["", "{base}/gone", "http://evil.example/1"])
def test_an_agent_who_cannot_be_told_at_all_does_not_keep_the_queue_busy(
    url: str, bench: Bench, a_request: Build, caplog: pytest.LogCaptureFixture
) -> None:
    base = bench.local.settings["SLACK_API_URL"].removesuffix("/api/")
    place = Place("T0TEAM", SUPPORT, "", url.format(base=base))
    bench.store.add(a_request(request_id="V2", place=place), ())
    refuse_always(bench, "is_archived")
    bench.publisher.publish(bot.job.publish("V2"))
    assert bench.store.load("V2").card_state == "checking"
    assert bench.ledger.unposted_lines("V2") == ()
    assert "request V2: can't tell the agent" in caplog.text


def test_a_line_that_no_place_takes_is_told_privately_once(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.publish()
    bench.move(State.ACCEPTED)
    bench.refuse("is_archived", "messages_tab_disabled")
    for _ in range(2):
        bench.publish()
    assert bench.shown() == [ACCEPTED]
    (told,) = bench.told()
    assert "  Sent." in text(told["blocks"])
    assert bench.line_timestamps() == [NOT_SHOWN, NOT_SHOWN]
    assert bench.announced() == []
    for code in ("is_archived", "messages_tab_disabled"):
        assert f"request V0123456789: can't post a line ({code})" in caplog.text


# The token


TOKEN = ["invalid_auth", "account_inactive", "token_revoked", "token_expired", "not_authed"]


@pytest.mark.parametrize("code", TOKEN)
def test_while_slack_does_not_accept_the_token_the_agent_is_told_privately(
    code: str, bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    refuse_always(bench, code, "chat.*")
    bench.publish()
    (card,) = bench.told()
    assert "I can't sign in to Slack" in text(card["blocks"])
    assert f"({code})" in caplog.text


@pytest.mark.parametrize("is_card_there", [False, True])
def test_nothing_is_given_up_because_of_the_token_unless_the_agent_was_told(
    is_card_there: bool, bench: Bench, a_request: Build
) -> None:
    place = Place("T0TEAM", SUPPORT)
    bench.store.add(a_request(request_id="V2", state=State.SENDING, place=place), ())
    publish = bot.job.publish("V2")
    if is_card_there:
        bench.publisher.publish(publish)
    assert bench.store.move("V2", State.ACCEPTED, Event.ACCEPTED)
    refuse_always(bench, "token_revoked", "chat.*")
    for _ in range(2):
        with pytest.raises(bot.job.TryAgain, match="token_revoked"):
            bench.publisher.publish(publish)
    bench.local.clear_faults()
    bench.publisher.publish(publish)
    assert bench.shown()[:2] == [ACCEPTED, "Sent"]
    assert bench.told() == []
    assert bench.ledger.unposted_lines("V2") == ()


def test_an_outcome_is_not_given_up_because_of_the_token(bench: Bench) -> None:
    bench.move(State.ACCEPTED, State.REPLIED)
    body = {"ok": False, "error": "invalid_auth"}
    where = f"chat.postMessage {OUTCOMES}"
    bench.local.order("slack", where, "status", status=400, body=body, times=1)
    assert "invalid_auth" in str(bench.fail())
    bench.publish()
    assert len(bench.shown(OUTCOMES)) == 1


# After a lost answer


@pytest.mark.parametrize("code", ["missing_scope", "not_in_channel", "something_new", "org_login"])
def test_a_history_that_can_t_be_read_does_not_hold_up_the_card(
    code: str, bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.local.order("slack", "chat.postMessage", "cut_before", times=1)
    bench.fail()
    bench.let_settle()
    refuse_always(bench, code, "conversations.history")
    bench.publish()
    assert bench.shown() == [SENDING]
    assert f"can't look for an earlier post ({code})" in caplog.text

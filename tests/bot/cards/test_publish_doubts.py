"""The outcomes channel's one post about an uncertain message, which later tells the end too."""

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.cards.places import Places
from bot.cards.words import STATE_WORDS
from bot.delivery.decisions import Decisions
from bot.request import Decision, Event
from bot.rules.policy import Policy
from bot.rules.rules_file import read_rules
from bot.settings import Show
from bot.state import State
from bot.storage.database import Database
from bot.storage.posts import Erased
from bot.storage.tables import posts, requests

from .conftest import LINK, OUTCOMES, REQUEST, Bench


def test_an_uncertain_message_has_one_post_in_the_outcomes_channel_which_tells_its_end_too(
    bench: Bench,
) -> None:
    uncertain = "❔ Uncertain: it may or may not have been sent"
    bench.store.move(REQUEST, State.UNCERTAIN, Event.UNCERTAIN, link=LINK)
    for _ in range(2):
        bench.publish()
    assert bench.shown(OUTCOMES) == [uncertain]
    since, decision = State.UNCERTAIN, Decision(REQUEST, 0, "U0ADA", "Ada")
    bench.store.move(REQUEST, since, Event.CHECK_ASKED, since=since, decision=decision)
    bench.publish()
    assert bench.shown(OUTCOMES) == [uncertain]
    [pinged] = [message for message in bench.local.messages() if message["pings"]]
    assert pinged["pings"] == ["U0ADA"]
    assert LINK in str(pinged["blocks"])
    decisions = Decisions(bench.store, Policy(lambda: read_rules(""), bench.store, None))
    assert decisions.mark_sent(Decision(REQUEST, 1, "U0LEO", "Leo"))
    [post] = bench.local.messages(OUTCOMES)
    for _ in range(2):
        bench.publish()
    assert bench.shown(OUTCOMES) == ["☑️ Sent"]
    assert bench.shown()[-1] == "Leo confirmed that it was sent. Tracking stopped"
    assert bench.stored().is_over
    assert bench.stored().outcome_ts == post["ts"]
    assert [*bench.posts_of_doubts()] == [post["ts"]]


def _tell_doubt(bench: Bench) -> None:
    bench.store.move(REQUEST, State.UNCERTAIN, Event.UNCERTAIN, link=LINK)
    bench.publish()


def test_the_post_about_an_uncertain_message_says_where_it_stands_until_its_end(
    bench: Bench,
) -> None:
    _tell_doubt(bench)
    for state, words in (
        (State.ACCEPTED, "☑️ Sent"),
        (State.DELIVERED, "✅ Delivered"),
        (State.REPLIED, "💬 Customer replied"),
    ):
        bench.move(state)
        bench.publish()
        assert bench.shown(OUTCOMES) == [words]
    edits = bench.asked("chat.update")
    bench.publish()
    assert bench.asked("chat.update") == edits, "its end is told"


def test_each_send_that_is_uncertain_has_a_post_and_all_of_them_tell_the_end(
    bench: Bench,
) -> None:
    _tell_doubt(bench)
    first = bench.stored()
    decision = Decision(REQUEST, 0, "U0ADA", "Ada")
    bench.store.move(
        REQUEST,
        State.SENDING,
        Event.SEND_DECIDED,
        since=State.UNCERTAIN,
        decision=decision,
        sending_at=first.created_at + timedelta(minutes=1),
    )
    bench.publish()
    assert bench.shown(OUTCOMES) == ["⏳ Sending…"]
    _tell_doubt(bench)
    assert bench.shown(OUTCOMES) == [STATE_WORDS[State.UNCERTAIN]] * 2
    bench.move(State.ACCEPTED, State.REPLIED)
    bench.publish()
    assert bench.shown(OUTCOMES) == [STATE_WORDS[State.REPLIED]] * 2


@pytest.mark.parametrize("method", ["note_outcome", "rename"])
def test_the_post_about_an_uncertain_message_is_edited_again_after_a_kill(
    method: str, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    _tell_doubt(bench)
    bench.move(State.ACCEPTED, State.REPLIED)

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    owner: Any = bench.ledger if method == "note_outcome" else bench.posts
    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(owner, method, die)
        bench.publish()
    bench.publish()
    [post] = bench.local.messages(OUTCOMES)
    assert bench.shown(OUTCOMES) == [STATE_WORDS[State.REPLIED]]
    assert bench.stored().outcome_ts == post["ts"]
    assert bench.asked("chat.postMessage") == 5  # the card, three lines, and this post


def test_an_end_has_a_post_of_its_own_if_the_one_about_the_doubt_cannot_be_edited(
    bench: Bench,
) -> None:
    _tell_doubt(bench)
    bench.move(State.ACCEPTED)
    bench.publish()
    bench.move(State.REPLIED)
    bench.refuse("edit_window_closed", "edit_window_closed", method="chat.update")  # and the card
    for _ in range(2):
        bench.publish()
    assert bench.shown(OUTCOMES) == ["☑️ Sent", STATE_WORDS[State.REPLIED]]


def test_a_post_about_a_doubt_is_not_edited_where_another_company_reads_it(bench: Bench) -> None:
    _tell_doubt(bench)
    shared = Places(Show.CHANNEL, lambda channel: channel == OUTCOMES)
    bench.publisher = bench.publisher_to(lambda _: OUTCOMES, shared)
    bench.move(State.ACCEPTED, State.REPLIED)
    bench.publish()
    assert bench.shown(OUTCOMES) == [STATE_WORDS[State.UNCERTAIN]]


def test_a_post_about_a_doubt_that_was_drawn_before_an_erasure_is_erased(
    bench: Bench, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    _tell_doubt(bench)
    bench.move(State.ACCEPTED)
    update = bench.slack.update

    def erase_and_update(*asked: Any) -> None:
        if asked[0] == OUTCOMES:
            with database.transaction() as connection:
                connection.execute(sa.update(requests).values(erased_at=1.0))
                connection.execute(sa.update(posts).values(erased=Erased.EDITED))
        update(*asked)

    monkeypatch.setattr(bench.slack, "update", erase_and_update)
    bench.publish()
    pending = bench.posts.pending(REQUEST)
    assert [post.channel for post in pending] == [OUTCOMES]


@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
def test_a_post_in_doubt_about_an_uncertain_message_is_settled_also_after_its_decision(
    kind: str, bench: Bench
) -> None:
    """Else an erasure wouldn't know of it."""
    bench.publish()
    bench.store.move(REQUEST, State.UNCERTAIN, Event.UNCERTAIN)
    bench.local.order("slack", "chat.postMessage", "latency", seconds=0.0, times=1)  # the line
    bench.local.order("slack", "chat.postMessage", kind, times=1)
    bench.fail()
    arrived = bench.shown(OUTCOMES)
    assert len(arrived) == (kind == "cut_after")
    decision, since = Decision(REQUEST, 0, "U0ADA", "Ada"), State.UNCERTAIN
    assert bench.store.move(
        REQUEST, State.SCHEDULED, Event.SEND_DECIDED, since=since, decision=decision
    )
    bench.publish_until_done()
    assert bench.announced() == []
    assert bench.shown(OUTCOMES) == [STATE_WORDS[State.SCHEDULED]] * len(arrived)
    noted = [message["ts"] for message in bench.local.messages(OUTCOMES)]
    assert bench.posts_of_doubts() == noted

"""Approvals, pauses and faster requests as Slack shows them, whatever stops an attempt."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

import bot.job
from bot.cards.approval_posts import ApprovalPosts
from bot.cards.card_links import CardLinks
from bot.cards.directory import SlackDirectory
from bot.cards.notes import NoteReader
from bot.cards.places import Places
from bot.cards.publish import Publisher
from bot.job import TryAgain
from bot.request import Decision, Event, Request, Stuck
from bot.rules.access import Access
from bot.rules.approvers import Approvers
from bot.rules.rules_file import DEFAULTS, Rules, read_rules
from bot.settings import Show
from bot.state import State
from bot.storage.database import Database
from bot.storage.facts import ByWhom
from bot.storage.history import History
from bot.storage.keys import Keys
from bot.storage.opt_outs import OptOut, OptOuts
from bot.storage.pause import Pause
from bot.storage.posts import Posts
from bot.storage.tables import history, requests

from .conftest import LINK, OUTCOMES, SUPPORT, Bench, Build, direct_channel

APPROVERS = OUTCOMES  # any channel that isn't the agent's
WAITS = "✋ Waiting for approval"
WHY = "it has a link that isn't to one of our sites"
RULES = read_rules(f'[approval]\nchannel = "{APPROVERS}"\n')
Make = Callable[..., Publisher]


@pytest.fixture
def make(bench: Bench, database: Database, pause: Pause) -> Make:
    """Build the publisher as the bot does, with these rules in force."""

    def build(
        rules: Rules = RULES, show: Show = Show.CHANNEL, leads: frozenset[str] = frozenset()
    ) -> Publisher:
        directory = SlackDirectory(bench.slack)
        access = Access(directory, lambda: rules, leads)
        approvers = Approvers(directory, lambda: rules, access, leads)
        places = Places(show, lambda _channel: False)
        opt_outs = OptOuts(database, lambda _connection, _job: None, Keys(database))
        history = History(database)
        notes = NoteReader(pause, opt_outs, history, approvers, lambda: rules, places).read
        links = CardLinks(bench.store, bench.slack)
        approvals = ApprovalPosts(
            bench.ledger,
            Posts(database),
            bench.slack,
            links,
            notes,
            lambda: rules.approval.channel,
            places,
            approvers,
        )
        bench.publisher = Publisher(
            bench.store,
            bench.ledger,
            bench.slack,
            posts=bench.posts,
            outcomes_channel=lambda _: "",
            approvals=approvals,
            notes=notes,
            places=places,
        )
        return bench.publisher

    return build


@pytest.fixture
def waiting(bench: Bench, a_request: Build, make: Make) -> Request:
    """Store another request, which waits for approval."""
    make()
    until = datetime.now(UTC) + timedelta(days=1)
    request = a_request(
        request_id="V2",
        place=bench.stored().place,
        state=State.UNAPPROVED,
        approval_for=WHY,
        approval_until=until,
        customer_name="Jane Doe",
        created_at=datetime.now(UTC),
    )
    bench.store.add(request, ())
    return request


def publish(bench: Bench) -> None:
    """Publish as the queue does: again after each failure, when attempts have settled."""
    for _ in range(6):
        try:
            return bench.publisher.publish(bot.job.publish("V2"))
        except TryAgain:
            bench.let_settle()
    raise AssertionError("publishing never ends")


def decide(bench: Bench, event: Event, state: State, number: int = 0, **values: Any) -> None:
    decision = Decision("V2", number, "U0LEO", "Leo")
    assert bench.store.move("V2", state, event, decision=decision, **values)


def asked(bench: Bench) -> list[dict[str, Any]]:
    """List the posts in the approvers' channel."""
    return bench.local.messages(APPROVERS)


def buttons(message: dict[str, Any]) -> list[str]:
    return [
        element["action_id"]
        for block in message["blocks"]
        if block["type"] == "actions"
        for element in block["elements"]
    ]


def test_the_approvers_are_told_once_that_a_message_waits(bench: Bench, waiting: Request) -> None:
    for _ in range(2):
        publish(bench)
    [post] = asked(bench)
    assert buttons(post) == ["approve", "decline"]
    said = repr(post["blocks"])
    assert "Jane Doe" in said and "Your order is ready" in said and "jane@" not in said
    assert "A lead other than Ada Agent can approve it" in said
    card_ts = bench.store.load("V2").card_ts
    assert f"/archives/{SUPPORT}/p{card_ts.replace('.', '')}" in said
    assert post["pings"] == []
    assert bench.announced() == []


def test_without_a_channel_in_the_rules_only_the_card_says_so(
    bench: Bench, waiting: Request, make: Make
) -> None:
    make(DEFAULTS)
    publish(bench)
    assert asked(bench) == []
    assert bench.shown() == [WAITS]


@pytest.mark.parametrize("kind", ["cut_before", "cut_after"])
def test_a_lost_answer_neither_doubles_nor_loses_the_post_to_the_approvers(
    kind: str, bench: Bench, waiting: Request
) -> None:
    bench.publisher.publish(bot.job.publish("V2"))
    with bench._database.transaction() as connection:  # as if only the card had been posted
        connection.execute(sa.text("DELETE FROM posts WHERE what LIKE 'approval%'"))
    for message in asked(bench):
        bench.slack.remove(APPROVERS, message["ts"])
    bench.local.order("slack", "chat.postMessage", kind, times=1)
    publish(bench)
    assert len([m for m in asked(bench) if not m.get("deleted")]) == 1


def test_a_channel_that_takes_no_post_holds_nothing_up(bench: Bench, waiting: Request) -> None:
    bench.channel(APPROVERS).posting_restricted = True
    publish(bench)
    assert bench.shown() == [WAITS]
    assert bench.announced() == []


@pytest.mark.parametrize(
    ("event", "state", "said"),
    [
        (Event.APPROVED, State.SCHEDULED, "👍 Approved by Leo"),
        (Event.DECLINED, State.REFUSED, "⛔ Declined by Leo"),
        (Event.CANCELLED, State.CANCELLED, "🚫 Cancelled, not sent"),
    ],
)
def test_after_the_decision_the_post_has_no_buttons_and_says_what_was_decided(
    event: Event, state: State, said: str, bench: Bench, waiting: Request
) -> None:
    publish(bench)
    by = {"approver_id": "U0LEO", "approver_name": "Leo"} if state is State.SCHEDULED else {}
    decide(bench, event, state, **by)
    for _ in range(2):
        publish(bench)
    [post] = asked(bench)
    assert buttons(post) == []
    assert said in repr(post["blocks"])
    assert bench.asked("chat.update") == 2  # the card and the post


def test_a_request_that_waits_a_second_time_is_asked_about_a_second_time(
    bench: Bench, waiting: Request
) -> None:
    publish(bench)
    decide(bench, Event.APPROVED, State.SCHEDULED)
    bench.store.move("V2", State.UNAPPROVED, Event.APPROVAL_LOST, WHY)
    for _ in range(2):
        publish(bench)
    assert [buttons(post) for post in asked(bench)] == [[], ["approve", "decline"]]


def test_where_no_channel_shows_messages_the_approvers_channel_shows_none(
    bench: Bench, waiting: Request, make: Make
) -> None:
    make(RULES, Show.DIRECT)
    publish(bench)
    [post] = asked(bench)
    assert "Jane Doe" not in repr(post) and "Your order is ready" not in repr(post)
    assert buttons(post) == ["review", "decline"]


# Where no channel shows the card.


LEO = frozenset({"U0LEO"})


def read_direct(bench: Bench, user_id: str) -> list[dict[str, Any]]:
    """List what the bot has sent somebody directly."""
    channels = bench.local.ask("GET", f"/people/workspace?user={user_id}")["channels"]
    direct = [one["id"] for one in channels if one["id"].startswith("D")]
    return [m for channel in direct for m in bench.local.messages(channel, user_id)]


@pytest.mark.parametrize(
    ("rules", "leads", "asked_people"),
    [
        ("", LEO, ["U0LEO"]),
        ('[leads]\nusers = ["U0BEN", "U0ADA"]', LEO, ["U0BEN", "U0LEO"]),
        ('[approval]\nusers = ["U0BEN", "U0GUS"]', LEO, ["U0BEN"]),
        ('[approval]\ngroups = ["S0LEADS"]', frozenset(), ["U0LEO"]),
    ],
)
def test_where_no_channel_shows_the_card_each_approver_is_asked_once_directly(
    rules: str,
    leads: frozenset[str],
    asked_people: list[str],
    bench: Bench,
    waiting: Request,
    make: Make,
) -> None:
    make(read_rules(rules), Show.DIRECT, leads)
    for _ in range(2):
        publish(bench)
    for user_id in ("U0ADA", "U0BEN", "U0GUS", "U0LEO"):
        posts = [m for m in read_direct(bench, user_id) if "approve" in buttons(m)]
        if user_id == "U0ADA":  # has the card alone
            assert [buttons(post) for post in posts] == [["approve", "decline", "edit", "cancel"]]
        else:
            assert [buttons(post) for post in posts] == (
                [["approve", "decline"]] if user_id in asked_people else []
            )
            assert all("Your order is ready" in repr(post) for post in posts)
    assert bench.announced() == []


def test_a_direct_question_is_closed_after_the_decision(
    bench: Bench, waiting: Request, make: Make
) -> None:
    make(DEFAULTS, Show.DIRECT, LEO)
    publish(bench)
    decide(bench, Event.APPROVED, State.SCHEDULED, approver_id="U0LEO", approver_name="Leo")
    publish(bench)
    [post] = read_direct(bench, "U0LEO")
    assert buttons(post) == []
    assert "👍 Approved by Leo" in repr(post["blocks"])


def test_approvers_are_asked_directly_about_a_card_that_the_channel_did_not_take(
    bench: Bench, waiting: Request, make: Make
) -> None:
    make(DEFAULTS, leads=LEO)
    bench.refuse("not_in_channel")
    publish(bench)
    assert [buttons(post) for post in read_direct(bench, "U0LEO")] == [["approve", "decline"]]


def test_approvers_are_asked_directly_if_their_channel_takes_no_post_either(
    bench: Bench, waiting: Request, make: Make
) -> None:
    make(RULES, Show.DIRECT, LEO)
    bench.channel(APPROVERS).posting_restricted = True
    for _ in range(2):
        publish(bench)
        bench.channel(APPROVERS).posting_restricted = False  # too late: they've been asked
    assert bench.local.messages(APPROVERS) == []
    assert [buttons(post) for post in read_direct(bench, "U0LEO")] == [["approve", "decline"]]
    assert bench.announced() == []


def test_nobody_is_asked_directly_about_a_card_in_a_channel(
    bench: Bench, waiting: Request, make: Make
) -> None:
    make(DEFAULTS, leads=LEO)
    publish(bench)
    assert read_direct(bench, "U0LEO") == []


def test_where_nobody_can_be_asked_the_card_says_so_and_what_to_do(
    bench: Bench, waiting: Request, make: Make
) -> None:
    make(DEFAULTS, Show.DIRECT)
    publish(bench)
    card = bench.local.messages(direct_channel(bench.local))[0]
    assert "Nobody can approve this here. Ask your admin to set an approval" in repr(card)


@pytest.mark.parametrize(
    ("approvers", "said"),
    [
        ('users = ["U0ADA", "U0LEO", "U0BEN"]', "Leo Rossi or Ben Okafor can approve it"),
        (
            'users = ["U0LEO"]\ngroups = ["S0LEADS"]',
            "Leo Rossi or another approver can approve it",
        ),
        (
            'groups = ["S0LEADS"]',
            "Someone who may approve messages, other than Ada Agent, can approve it",
        ),
    ],
)
def test_the_card_names_the_approvers_of_the_rules_but_never_the_agent(
    approvers: str, said: str, bench: Bench, waiting: Request, make: Make
) -> None:
    make(read_rules(f"[approval]\n{approvers}\n"))
    publish(bench)
    assert said in repr(bench.local.messages())


def test_a_card_is_posted_also_when_slack_names_nobody(
    bench: Bench, waiting: Request, make: Make
) -> None:
    make(read_rules('[approval]\nusers = ["U0LEO"]\n'))
    bench.refuse("internal_error", method="users.info")
    publish(bench)
    assert "Someone who may approve messages" in repr(bench.local.messages())


def test_the_thread_mentions_the_agent_when_somebody_declines(
    bench: Bench, waiting: Request
) -> None:
    decide(bench, Event.DECLINED, State.REFUSED, reason="No dates, please.")
    publish(bench)
    card, line = bench.local.messages()
    assert (card["pings"], line["pings"]) == ([], ["U0ADA"])
    assert "⛔ Declined by Leo" in repr(card["blocks"])
    assert "No dates, please." in repr(card["blocks"])


# The do-not-contact list.


def test_after_an_opt_out_the_customer_s_cards_have_no_button_for_it(
    bench: Bench, waiting: Request, database: Database
) -> None:
    values = {"state": State.REPLIED, "customer_name": "Jane Doe"}
    with database.transaction() as connection:
        connection.execute(sa.update(requests).where(requests.c.request_id == "V2").values(values))
    publish(bench)
    [card] = bench.local.messages()
    assert buttons(card) == ["message_again", "opt_out"]
    jobs: list[bot.job.Job] = []
    opt_outs = OptOuts(database, lambda _connection, job: jobs.append(job), Keys(database))
    by = ByWhom("U0BEN", "Ben", datetime.now(UTC), "They asked us")
    opt_outs.add(OptOut(waiting.identity, (), by, "T0LOCAL"))
    opt_outs.draw_again(waiting.identity)
    assert jobs == [bot.job.publish("V2")]
    publish(bench)
    [card] = bench.local.messages()
    assert buttons(card) == []


# The pause.


def test_a_pause_and_its_end_are_shown_on_every_card_that_waits(
    bench: Bench, waiting: Request, pause: Pause
) -> None:
    publish(bench)
    at = datetime.now(UTC)
    assert pause.begin(ByWhom("U0LEO", "Leo", at, "An incident"), "T0LOCAL")
    pause.mark_all()
    publish(bench)
    card, line = bench.local.messages()
    assert (
        "⏸ Paused by Leo (An incident). Once it's approved, it goes out when sending resumes."
        in repr(card["blocks"])
    )
    assert "Leo: An incident" in repr(line["blocks"])
    assert buttons(card) == ["approve", "decline", "edit", "cancel"]
    assert pause.end("U0LEO", "T0LOCAL")
    pause.mark_all()
    publish(bench)
    card, _, line = bench.local.messages()
    assert "⏸" not in repr(card["blocks"])
    assert "Sending resumed." in repr(line["blocks"])
    assert bench.store.load("V2").stuck is Stuck.NO


# The request that was faster.


def refuse(bench: Bench, faster_id: str) -> None:
    bench.store.move(
        "V2", State.REFUSED, Event.REFUSED, "Ben is already sending this.", link=faster_id
    )


def test_the_agent_who_was_slower_gets_a_link_to_the_faster_card(
    bench: Bench, waiting: Request
) -> None:
    faster = replace(bench.stored(), request_id="V1", agent_id="U0BEN", agent_name="Ben Agent")
    bench.store.add(replace(faster, state=State.SENDING), ())
    bench.publisher.publish(bot.job.publish("V1"))
    refuse(bench, "V1")
    publish(bench)
    line = bench.local.messages()[-1]
    ts = bench.store.load("V1").card_ts.replace(".", "")
    assert f"/archives/{SUPPORT}/p{ts}" in repr(line["blocks"])
    assert "See Ben Agent's " in repr(line["blocks"])


def test_the_line_waits_a_little_for_the_card_of_the_faster_one(
    bench: Bench, waiting: Request, database: Database
) -> None:
    faster = replace(bench.stored(), request_id="V1", agent_id="U0BEN", agent_name="Ben Agent")
    bench.store.add(faster, ())
    refuse(bench, "V1")
    with pytest.raises(TryAgain, match="faster isn't posted yet"):
        bench.publisher.publish(bot.job.publish("V2"))
    assert bench.shown() == ["⛔ Not sent"]
    with database.transaction() as connection:
        before = datetime.now(UTC) - timedelta(minutes=1)
        connection.execute(sa.update(history).values(at=before.timestamp()))
    bench.publisher.publish(bot.job.publish("V2"))
    assert "Ben is already sending this." in repr(bench.local.messages()[-1]["blocks"])
    assert "archives" not in repr(bench.local.messages()[-1]["blocks"])


def test_nobody_gets_a_link_into_somebody_else_s_direct_messages(
    bench: Bench, waiting: Request
) -> None:
    faster = replace(bench.stored(), request_id="V1", agent_id="U0BEN", card_channel="D0BEN")
    bench.store.add(replace(faster, card_ts="1.1"), ())
    refuse(bench, "V1")
    publish(bench)
    assert "archives" not in repr(bench.local.messages()[-1]["blocks"])
    assert bench.asked("chat.getPermalink") == 0


def test_a_request_that_is_gone_has_no_link(bench: Bench, waiting: Request) -> None:
    refuse(bench, "V0GONE")
    publish(bench)
    assert "Ben is already sending this." in repr(bench.local.messages()[-1]["blocks"])
    assert direct_channel(bench.local)


def test_an_uncertain_card_links_the_conversation_that_the_message_may_be_in(
    bench: Bench, make: Make
) -> None:
    make()
    bench.move(State.UNCERTAIN)
    bench.publish()
    card = bench.local.messages(SUPPORT)[0]
    assert LINK in str(card["blocks"])

"""The digest: exactly one for each period, across restarts and processes."""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from threading import Barrier

import pytest
import sqlalchemy as sa

from bot.cards.client import SlackClient
from bot.cards.digest import NO_CHANNEL, Digest
from bot.cards.digest_view import CHART, show_digest
from bot.request import Request
from bot.rules.digest_period import latest_due
from bot.rules.rule_sections import DigestRules, Every
from bot.rules.rules_file import DEFAULTS, Rules
from bot.state import State
from bot.storage.audit import Action, Entry
from bot.storage.audit_chain import Head
from bot.storage.audit_log import AuditLog
from bot.storage.database import Database
from bot.storage.digest_figures import Counts, Figures
from bot.storage.requests import RequestStore
from bot.storage.tables import digests
from tests.bot.conftest import Local

from .conftest import ANYWHERE, answer_once

CHANNEL = "C0OUTCOMES"
DAILY = DigestRules(every=Every.DAY, at="00:00", chart=False)
RULES = DEFAULTS.model_copy(update={"digest": DAILY})
PERIOD = latest_due(datetime(2026, 11, 26, 9, tzinfo=UTC), RULES.digest, "UTC")


class Bots:
    """Processes that each look for the digest, at a time that they agree on."""

    def __init__(self, database: Database, slack: SlackClient, local: Local) -> None:
        self.now = datetime.now(UTC)
        self.rules: Rules = RULES
        self.channel = CHANNEL
        self._database, self._slack, self._local = database, slack, local
        self.first, self.second = self.build(), self.build()

    def build(self) -> Digest:
        return Digest(
            self._database,
            AuditLog(self._database),
            self._slack,
            lambda: self.channel,
            ANYWHERE,
            lambda: self.rules,
            lambda: self.now,
        )

    def posts(self, channel: str = CHANNEL) -> list[str]:
        return [message["text"] for message in self._local.messages(channel)]

    def let_settle(self) -> None:
        with self._database.transaction() as connection:
            before = (datetime.now(UTC) - timedelta(seconds=30)).timestamp()
            connection.execute(sa.update(digests).values(since=before))


@pytest.fixture
def bots(database: Database, slack: SlackClient, local: Local) -> Iterator[Bots]:
    yield Bots(database, slack, local)


def test_two_processes_post_one_digest_for_each_period(bots: Bots) -> None:
    for one in (bots.first, bots.second, bots.first, bots.build()):
        one.post_due()
    assert len(bots.posts()) == 1
    bots.now += timedelta(days=1)
    bots.second.post_due()
    bots.first.post_due()
    assert len(bots.posts()) == 2


def test_of_processes_that_look_at_the_same_moment_one_posts_it(
    database_url: str, connect: Callable[[str], Database], slack: SlackClient, local: Local
) -> None:
    both = [Bots(connect(database_url), slack, local) for _ in range(2)]
    today = both[0].now

    def look(bots: Bots) -> None:
        begin.wait()
        bots.first.post_due()

    with ThreadPoolExecutor(2) as threads:
        for day in range(5):
            begin = Barrier(2)
            for one in both:
                one.now = today + timedelta(days=day)
            list(threads.map(look, both))
            assert len(both[0].posts()) == day + 1
    assert len(local.calls("slack", "chat.postMessage")) == 5, "a second one would be removed"


def test_a_process_that_dies_before_it_notes_its_digest_leaves_one(
    bots: Bots, database: Database
) -> None:
    bots.first.post_due()
    with database.transaction() as connection:
        connection.execute(sa.update(digests).values(ts=""))
    bots.second.post_due()
    assert len(bots.posts()) == 1
    with database.connect() as connection:
        assert connection.execute(sa.select(digests.c.ts)).scalar_one()


def test_what_it_says_is_counted_from_the_day_before(
    bots: Bots, requests_store: RequestStore, a_request: Callable[..., Request], database: Database
) -> None:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    requests_store.add(a_request(state=State.DELIVERED, sending_at=yesterday), [])
    AuditLog(database).append(Entry(Action.PAUSED))
    bots.first.post_due()
    [said] = bots.posts()
    assert "1 sent, 1 delivered, 0 replied, 0 failed, 0 uncertain, 0 still open." in said
    assert "Ada" not in said


def test_a_lost_answer_does_not_repeat_it(bots: Bots, local: Local) -> None:
    local.order("slack", "chat.postMessage", "cut_after", times=1)
    bots.first.post_due()
    assert len(bots.posts()) == 1
    bots.second.post_due()  # the attempt may still be under way, but the post is found
    bots.let_settle()
    bots.build().post_due()
    assert len(bots.posts()) == 1


def test_a_process_that_dies_before_it_posts_leaves_it_to_another(bots: Bots, local: Local) -> None:
    local.order("slack", "chat.postMessage", "cut_before", times=1)
    bots.first.post_due()
    bots.second.post_due()
    assert not bots.posts()
    bots.let_settle()
    bots.second.post_due()
    assert len(bots.posts()) == 1


def test_it_stays_in_the_channel_of_the_first_attempt(bots: Bots, local: Local) -> None:
    local.order("slack", "chat.postMessage", "cut_after", times=1)
    bots.first.post_due()
    bots.channel = "C0SUPPORT"
    bots.let_settle()
    bots.second.post_due()
    assert (len(bots.posts()), bots.posts("C0SUPPORT")) == (1, [])


def test_a_workspace_with_charts_gets_one_below_the_table(bots: Bots, local: Local) -> None:
    bots.rules = RULES.model_copy(update={"digest": DAILY.model_copy(update={"chart": True})})
    bots.first.post_due()
    [message] = local.messages(CHANNEL)
    assert [block["type"] for block in message["blocks"]] == ["rich_text", CHART]
    bots.second.post_due()
    assert len(bots.posts()) == 1


def test_a_workspace_without_charts_gets_it_without_one(bots: Bots, local: Local) -> None:
    bots.rules = RULES.model_copy(update={"digest": DAILY.model_copy(update={"chart": True})})
    answer_once(local, "chat.postMessage", "invalid_blocks")
    bots.first.post_due()
    [message] = local.messages(CHANNEL)
    assert [block["type"] for block in message["blocks"]] == ["rich_text"]
    bots.second.post_due()
    assert len(bots.posts()) == 1


def test_a_channel_that_refuses_it_is_asked_once(
    bots: Bots, local: Local, caplog: pytest.LogCaptureFixture
) -> None:
    answer_once(local, "chat.postMessage", "is_archived")
    with caplog.at_level(logging.WARNING):
        bots.first.post_due()
    assert "that channel is archived. Use another one (is_archived)" in caplog.text
    bots.second.post_due()
    assert not bots.posts()


def test_without_a_channel_the_log_says_so_once_and_a_later_choice_gets_it(
    bots: Bots, caplog: pytest.LogCaptureFixture
) -> None:
    bots.channel = ""
    with caplog.at_level(logging.WARNING):
        bots.first.post_due()
        bots.first.post_due()
    assert [record.message for record in caplog.records] == [NO_CHANNEL]
    bots.channel = CHANNEL
    bots.first.post_due()
    assert len(bots.posts()) == 1


def test_a_digest_that_is_off_is_not_posted(bots: Bots) -> None:
    bots.rules = DEFAULTS
    bots.first.post_due()
    assert not bots.posts()


def test_the_chart_has_the_parts_of_the_table_and_the_head_is_in_full() -> None:
    assert PERIOD is not None
    counts = Counts(delivered=9, replied=3, failed=1, open=1)
    figures = Figures(counts, (("A", 4), ("B", 3), ("C", 2), ("D", 1)), 12.0, 5400.0)
    head = Head(7, "ab" * 32, 0.0)
    post = show_digest(PERIOD, figures, head, has_chart=True)
    shown = str(post.payload)
    assert post.text.startswith("Messages on Wed, Nov 25: 10 sent, 9 delivered,")
    assert "Median time to delivery 12 s, to the reply 1.5 h." in shown
    assert "Failed because of: A (4), B (3), C (2), others (1)." in shown
    assert f"7:{'ab' * 32}" in shown
    chart = post.payload[1]
    assert chart["type"] == CHART
    assert chart["chart"]["axis_config"]["categories"] == [
        point["label"] for point in chart["chart"]["series"][0]["data"]
    ]
    assert "████" in shown
    [title] = post.payload[0]["elements"][0]["elements"]
    assert title["style"] == {"bold": True}


def test_even_one_of_a_thousand_has_a_bar_and_none_has_none() -> None:
    assert PERIOD is not None
    post = show_digest(PERIOD, Figures(Counts(delivered=1_000, failed=1)), Head())
    rows = post.payload[0]["elements"][1]["elements"][0]["text"].splitlines()
    assert [row.split(" ", 1)[0] for row in rows if row.endswith("▏")] == ["Failed"]
    assert next(row for row in rows if row.startswith("Uncertain")).endswith(" 0")


def test_what_nobody_follows_any_more_is_in_the_table_and_the_chart() -> None:
    assert PERIOD is not None
    post = show_digest(PERIOD, Figures(Counts(open=1, untracked=4)), Head(), has_chart=True)
    assert "5 sent" in post.text and "1 still open" in post.text
    rows = post.payload[0]["elements"][1]["elements"][0]["text"].splitlines()
    assert [row.split(" ")[0] for row in rows][-2:] == ["Still", "Tracking"]
    assert rows[-1].startswith("Tracking stopped 4 █")
    assert post.payload[1]["chart"]["axis_config"]["categories"][-1] == "Tracking stopped"


def test_the_ten_most_used_templates_have_all_figures_of_the_whole() -> None:
    by_name = {
        "": Counts(delivered=1, failed=2),
        "Delayed": Counts(delivered=1_000, replied=30, failed=4, uncertain=5, open=6),
        f"Long {'x' * 80}": Counts(delivered=20),
    }
    none = "0 replied, 0 failed, 0 uncertain, 0 still open."
    assert say_templates(by_name) == [
        "By template:",
        "Delayed: 1,006 sent, 1,000 delivered, 30 replied, 4 failed, 5 uncertain, 6 still open.",
        f"Long {'x' * 18}…: 20 sent, 20 delivered, {none}",
        "(none): 1 sent, 1 delivered, 0 replied, 2 failed, 0 uncertain, 0 still open.",
    ]
    many = say_templates({f"Template {number}": Counts(open=number) for number in range(12)})
    assert many[1].startswith("Template 11: 11 sent, 0 delivered,")
    assert (len(many), many[-1]) == (12, "and 2 more")
    assert say_templates({"": Counts(delivered=9)}) == []


def say_templates(by_name: dict[str, Counts]) -> list[str]:
    """List what a digest says below its table."""
    assert PERIOD is not None
    post = show_digest(PERIOD, Figures(Counts(), templates=by_name), Head())
    return [one["elements"][0]["text"] for one in post.payload[0]["elements"][2:]]


@pytest.mark.parametrize(
    ("until_delivery", "until_reply", "said"),
    [
        (89.0, None, "Median time to delivery 89 s."),
        (None, 90.0, "Median time to the reply 2 min."),
        (9_180.0, 7_200.0, "Median time to delivery 2.5 h, to the reply 2.0 h."),
    ],
)
def test_what_is_known_of_the_times_is_said(
    until_delivery: float | None, until_reply: float | None, said: str
) -> None:
    assert PERIOD is not None
    figures = Figures(Counts(), (), until_delivery, until_reply)
    assert f"'{said}'" in str(show_digest(PERIOD, figures, Head()).payload)


def test_a_digest_of_a_week_says_its_first_and_last_day() -> None:
    assert PERIOD is not None
    week = replace(PERIOD, first=date(2026, 11, 19))
    figures = Figures(Counts(delivered=1_234), (), None, None)
    said = show_digest(week, figures, Head()).text
    assert said.startswith("Messages from Thu, Nov 19 to Wed, Nov 25: 1,234 sent, 1,234 delivered,")

"""After an erasure Slack shows nothing private of a request, and no publish brings it back."""

from __future__ import annotations

import json
from typing import Any

import pytest
import sqlalchemy as sa

from bot.cards.erase_posts import PostEraser
from bot.cards.errors import SlackTokenRefused
from bot.cards.post_names import CARD, OUTCOME
from bot.job import Job, JobKind, TryAgain
from bot.request import Event
from bot.state import State
from bot.storage.database import Database
from bot.storage.erasure import Ended, Erasure
from bot.storage.keys import Keys
from bot.storage.posts import Posts
from bot.storage.requests import RequestStore
from bot.storage.tables import posts

from .conftest import OUTCOMES, REQUEST, SUPPORT, Bench, direct_channel

NAME, TEXT, ADDRESS = "Jane Quillfeather", "Your order is ready", "jane@example.com"
ERASE = Job(JobKind.ERASE, REQUEST)


class Erasing:
    """A bench whose request has a card, lines and an outcome, and can be erased."""

    def __init__(self, bench: Bench, database: Database, store: RequestStore) -> None:
        self.bench, self.local, self.posts = bench, bench.local, Posts(database)
        self.jobs: list[Job] = []
        self.erasure = Erasure(database, lambda _, job: self.jobs.append(job), Keys(database))
        self.eraser = PostEraser(store, self.posts, bench.slack, outcomes_channel=OUTCOMES)

    def finish(self) -> None:
        """Publish all that there is about the request, up to the customer's reply."""
        self.bench.store.move(
            REQUEST, State.ACCEPTED, Event.ACCEPTED, f"{NAME} has it", customer_name=NAME
        )
        self.bench.publish()
        self.bench.move(State.REPLIED)
        self.bench.publish()

    def erase_rows(self) -> Ended | None:
        return self.erasure.erase(REQUEST)

    def erase(self) -> None:
        self.erase_rows()
        self.eraser.erase(ERASE)

    def results(self) -> list[str]:
        return [post.erased for post in self.posts.of([REQUEST])]

    def shown(self) -> str:
        """Return all that Slack shows of the bot's, to anybody."""
        channels = (SUPPORT, OUTCOMES, direct_channel(self.local))
        shown = [self.local.messages(channel) for channel in channels]
        return json.dumps(shown, ensure_ascii=False)

    def private(self) -> list[str]:
        shown = self.shown()
        return [word for word in (NAME, TEXT, ADDRESS, "apps.example.com") if word in shown]


@pytest.fixture
def erasing(bench: Bench, database: Database, requests_store: RequestStore) -> Erasing:
    erasing = Erasing(bench, database, requests_store)
    erasing.finish()
    assert erasing.private() == [NAME, TEXT, "apps.example.com"]
    return erasing


def test_every_post_is_edited_down_to_what_names_nobody(erasing: Erasing) -> None:
    before = [len(erasing.local.messages(channel)) for channel in (SUPPORT, OUTCOMES)]
    erasing.erase()
    assert erasing.results() == ["edited"] * 4  # the card, two lines, and the outcome
    assert erasing.private() == []
    assert [len(erasing.local.messages(one)) for one in (SUPPORT, OUTCOMES)] == before
    assert "j•••@example.com" in erasing.shown()


def test_an_edited_post_keeps_a_rich_text_block_and_pings_nobody(erasing: Erasing) -> None:
    """Slack answers block_mismatch to an edit that takes the rich text away."""
    erasing.erase()
    messages = [*erasing.local.messages(), *erasing.local.messages(OUTCOMES)]
    kinds = [[block["type"] for block in message["blocks"]] for message in messages]
    assert kinds == [["rich_text"]] * 4
    assert [message["pings"] for message in messages[1:]] == [[]] * 3


def test_lines_in_a_direct_message_are_noted_where_they_are(
    bench: Bench, database: Database, requests_store: RequestStore
) -> None:
    erasing = Erasing(bench, database, requests_store)
    bench.publish()
    bench.channel(SUPPORT).is_archived = True
    bench.move(State.ACCEPTED)
    bench.publish()
    direct = direct_channel(bench.local)
    assert [post.channel for post in erasing.posts.of([REQUEST])] == [SUPPORT, direct]
    bench.channel(SUPPORT).is_archived = False
    erasing.erase()
    assert erasing.results() == ["edited", "edited"]
    assert erasing.private() == []


@pytest.mark.parametrize("code", ["edit_window_closed", "block_mismatch", "cant_update_message"])
def test_what_cannot_be_edited_is_deleted(code: str, erasing: Erasing) -> None:
    erasing.bench.refuse(code, method="chat.update")
    erasing.erase()
    assert sorted(erasing.results()) == ["deleted", "edited", "edited", "edited"]
    assert erasing.private() == []


def test_what_can_be_neither_edited_nor_deleted_is_left_with_the_code(erasing: Erasing) -> None:
    erasing.bench.refuse("edit_window_closed", method="chat.update")
    erasing.bench.refuse("cant_delete_message", method="chat.delete")
    erasing.erase()
    assert sorted(erasing.results()) == [*["edited"] * 3, "left: edit_window_closed"]
    (left,) = [post for post in erasing.posts.of([REQUEST]) if post.code]
    assert left.code == "edit_window_closed"
    calls = erasing.bench.asked("chat.update")
    erasing.eraser.erase(ERASE)
    assert erasing.bench.asked("chat.update") == calls


@pytest.mark.parametrize("methods", [["chat.update"], ["chat.update", "chat.delete"]])
def test_a_post_that_is_gone_already_is_done(methods: list[str], erasing: Erasing) -> None:
    codes = ["message_not_found"] if len(methods) == 1 else ["is_inactive", "message_not_found"]
    for method, code in zip(methods, codes, strict=True):
        erasing.bench.refuse(code, method=method)
    erasing.erase()
    assert sorted(erasing.results()) == ["deleted", "edited", "edited", "edited"]


def test_a_rate_limit_releases_the_place_and_the_rest_follows(
    erasing: Erasing, monkeypatch: pytest.MonkeyPatch
) -> None:
    erasing.erase_rows()
    update = erasing.bench.slack.update

    def update_then_limit(*arguments: Any) -> None:
        update(*arguments)
        erasing.local.order("slack", "chat.update", "status", status=429, retry_after=7, times=1)
        monkeypatch.undo()

    monkeypatch.setattr(erasing.bench.slack, "update", update_then_limit)
    with pytest.raises(TryAgain) as limited:
        erasing.eraser.erase(ERASE)
    assert limited.value.after == 7
    assert sorted(erasing.results()) == ["edited", *["pending"] * 3]
    calls = erasing.bench.asked("chat.update")
    erasing.eraser.erase(ERASE)
    assert erasing.results() == ["edited"] * 4
    assert erasing.bench.asked("chat.update") == calls + 3


def test_a_token_that_slack_does_not_accept_leaves_the_posts_for_later(erasing: Erasing) -> None:
    erasing.erase_rows()
    erasing.bench.refuse("invalid_auth", method="chat.update")
    with pytest.raises(TryAgain):
        erasing.eraser.erase(ERASE)
    assert erasing.results() == ["pending"] * 4
    erasing.bench.refuse("invalid_auth", method="chat.update")
    with pytest.raises(SlackTokenRefused):
        erasing.eraser.erase_posts(REQUEST)


def test_a_later_publish_brings_nothing_back(erasing: Erasing) -> None:
    erasing.erase()
    before = erasing.shown()
    erasing.bench.publish()
    assert erasing.private() == []
    assert erasing.shown() == before


def test_a_publish_that_was_under_way_draws_the_card_again(
    bench: Bench, database: Database, requests_store: RequestStore, monkeypatch: Any
) -> None:
    """It had read the request before it was erased."""
    erasing = Erasing(bench, database, requests_store)
    bench.publish()
    bench.store.move(REQUEST, State.ACCEPTED, Event.ACCEPTED, customer_name=NAME)
    update, erased = bench.slack.update, list[bool]()

    def update_late(*arguments: Any) -> None:
        if not erased:
            erased.append(True)
            erasing.erase()
        update(*arguments)

    monkeypatch.setattr(bench.slack, "update", update_late)
    bench.publish()
    monkeypatch.undo()
    assert erased
    erasing.eraser.erase(ERASE)
    assert erasing.private() == []


def test_a_line_that_was_on_its_way_is_edited_too(
    bench: Bench, database: Database, requests_store: RequestStore, monkeypatch: Any
) -> None:
    erasing = Erasing(bench, database, requests_store)
    bench.publish()
    bench.store.move(REQUEST, State.ACCEPTED, Event.ACCEPTED, f"{NAME} has it")
    post, erased = bench.slack.post, list[bool]()

    def post_late(*arguments: Any) -> tuple[str, str]:
        if not erased:
            erased.append(True)
            erasing.erase()
        return post(*arguments)

    monkeypatch.setattr(bench.slack, "post", post_late)
    bench.publish()
    monkeypatch.undo()
    assert erasing.private() == [NAME]
    assert erasing.posts.pending_requests() == (REQUEST,)  # so the repair adds a job
    erasing.eraser.erase(ERASE)
    assert erasing.private() == []


def test_an_unsent_request_that_is_erased_says_so_to_its_agent(
    bench: Bench, database: Database, requests_store: RequestStore, a_request: Any
) -> None:
    erasing = Erasing(bench, database, requests_store)
    request = a_request(request_id="V2", place=bench.stored().place)
    requests_store.add(request, ())
    bench.publisher.publish(Job(JobKind.PUBLISH, "V2"))
    assert erasing.erasure.erase("V2") == Ended("V2", was_unsent=True)
    for job in sorted(erasing.jobs, key=lambda job: job.kind, reverse=True):
        handle = erasing.eraser.erase if job.kind is JobKind.ERASE else bench.publisher.publish
        handle(job)
    card, line = bench.local.messages()
    assert "Not sent" in json.dumps(card)
    assert "customer's data was erased" in json.dumps(line)
    assert erasing.private() == []


def test_an_outcome_of_release_0_1_is_edited_in_the_channel_that_is_set(
    erasing: Erasing, database: Database
) -> None:
    with database.transaction() as connection:
        connection.execute(sa.delete(posts).where(posts.c.what == OUTCOME))
    erasing.erase()
    assert erasing.results() == ["edited"] * 4
    assert erasing.private() == []


def test_a_repeated_post_is_noted_once(bench: Bench, database: Database) -> None:
    bench.publish()
    stored = bench.stored()
    assert bench.ledger.note_card(REQUEST, SUPPORT, stored.card_ts, "sending")
    assert [post.what for post in Posts(database).of([REQUEST])] == [CARD]


def test_a_process_that_dies_between_two_posts_leaves_the_rest_to_the_next(
    erasing: Erasing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    erasing.erase_rows()
    monkeypatch.setattr(erasing.posts, "note_erased", die)  # Slack has taken the edit
    with pytest.raises(KeyboardInterrupt):
        erasing.eraser.erase(ERASE)
    monkeypatch.undo()
    assert erasing.results() == ["pending"] * 4
    erasing.eraser.erase(ERASE)
    assert erasing.results() == ["edited"] * 4
    assert erasing.private() == []

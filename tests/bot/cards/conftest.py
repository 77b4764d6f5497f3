"""What the cards' tests share: a client that does in Slack what the bot's own can't."""

import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from slack_sdk.web import WebClient

import bot.job
from bot.cards import post_once
from bot.cards.approval_posts import ApprovalPosts
from bot.cards.card_links import CardLinks
from bot.cards.card_state import NO_NOTES
from bot.cards.client import SlackClient
from bot.cards.directory import SlackDirectory
from bot.cards.ledger import Ledger
from bot.cards.places import Places
from bot.cards.post_names import UNCERTAIN
from bot.cards.publish import Publisher
from bot.job import TryAgain
from bot.request import Event, Place, Request
from bot.rules.access import Access
from bot.rules.approvers import Approvers
from bot.rules.rules_file import DEFAULTS
from bot.settings import Show
from bot.state import FOLLOWABLE, State
from bot.storage.database import Database
from bot.storage.posts import Posts
from bot.storage.requests import RequestStore
from bot.storage.tables import history, postings, posts
from tests.bot.conftest import Local

Build = Callable[..., Request]
REQUEST, SUPPORT = "V0123456789", "C0SUPPORT"
OUTCOMES = "C0NEWS"
LINK = "https://apps.example.com/1"
ANYWHERE = Places(Show.CHANNEL, lambda _channel: False)

HISTORY_SCOPES = ["channels:history", "groups:history", "im:history", "mpim:history"]


@pytest.fixture(autouse=True)
def patient() -> Iterator[None]:
    """Let a post begin late, because these tests share a machine that may pause for seconds."""
    with pytest.MonkeyPatch.context() as patches:
        patches.setattr(post_once, "BEGINS_WITHIN", 20.0)
        yield


@pytest.fixture(scope="session")
def web(stand_ins: Local) -> WebClient:
    settings = stand_ins.sandbox.bot_environment(Path())
    return WebClient(
        settings["SLACK_BOT_TOKEN"],
        settings["SLACK_API_URL"],
        ssl=ssl.create_default_context(),
        retry_handlers=[],
    )


def answer_once(local: Local, method: str, code: str, status: int = 200) -> None:
    """Let Slack do nothing and answer once with ``ok`` false and this code."""
    body = {"ok": False, "error": code}
    # The stand-in sends 400 as Slack's own way to refuse: HTTP 200 with ``ok`` false.
    status = 400 if status == 200 else status
    local.order("slack", method, "status", status=status, body=body, times=1)


def direct_channel(local: Local) -> str:
    """Return the channel of the bot's direct messages to Ada."""
    shown = local.ask("GET", "/people/workspace?user=U0ADA")
    return next(str(one["id"]) for one in shown["channels"] if one["id"].startswith("D"))


def build_publisher(
    store: RequestStore,
    ledger: Ledger,
    posts: Posts,
    slack: SlackClient,
    channel: Callable[[str], str] = lambda _: "",
    places: Places = ANYWHERE,
) -> Publisher:
    """Return a publisher by the default rules, whose cards have no notes.

    ``channel`` returns the outcomes channel.
    """
    directory = SlackDirectory(slack)
    access = Access(directory, lambda: DEFAULTS, frozenset())
    approvals = ApprovalPosts(
        ledger,
        posts,
        slack,
        CardLinks(store, slack),
        lambda _: NO_NOTES,
        lambda: "",
        places,
        Approvers(directory, lambda: DEFAULTS, access),
    )
    return Publisher(
        store,
        ledger,
        slack,
        posts=posts,
        outcomes_channel=channel,
        places=places,
        approvals=approvals,
        notes=lambda _: NO_NOTES,
    )


class Bench:
    """Publishes one request, and does what happens to it meanwhile."""

    def __init__(
        self, store: RequestStore, database: Database, local: Local, slack: SlackClient
    ) -> None:
        self.store, self.local, self.slack = store, local, slack
        self.ledger, self.posts, self._database = Ledger(database), Posts(database), database
        self.channel(OUTCOMES).posting_restricted = False
        self.publisher = self.publisher_to(lambda _: OUTCOMES)

    def publisher_to(self, channel: Callable[[str], str], places: Places = ANYWHERE) -> Publisher:
        """Return a publisher that posts outcomes to the channel which this returns."""
        return build_publisher(self.store, self.ledger, self.posts, self.slack, channel, places)

    def channel(self, channel_id: str) -> Any:
        return self.local.sandbox.local_slack._state.workspace.channels[channel_id]

    def publish(self) -> None:
        self.publisher.publish(bot.job.publish(REQUEST))

    def fail(self) -> TryAgain:
        """Publish, and return why it has to be tried again."""
        with pytest.raises(TryAgain) as failure:
            self.publish()
        return failure.value

    def publish_until_done(self) -> None:
        """Publish as the queue does: again after each failure, when attempts have settled."""
        for _ in range(10):
            try:
                return self.publish()
            except TryAgain:
                self.let_settle()
        raise AssertionError("publishing never ends")

    def let_settle(self) -> None:
        """Let the time pass in which an earlier attempt may still arrive."""
        with self._database.transaction() as connection:
            before = datetime.now(UTC) - timedelta(seconds=30)
            connection.execute(sa.update(postings).values(since=before.timestamp()))

    def move(self, *states: State) -> None:
        """Move the request as its outcomes do: it's followed until it's over."""
        for state in states:
            later = datetime.now(UTC) + timedelta(hours=1) if state in FOLLOWABLE else None
            event = Event(state.value)
            assert self.store.move(REQUEST, state, event, link=LINK, next_look_at=later)

    def stored(self) -> Request:
        return self.store.load(REQUEST)

    def line_timestamps(self) -> list[str]:
        with self._database.connect() as connection:
            rows = connection.execute(sa.select(history.c.posted_ts).order_by(history.c.line_id))
            return [row.posted_ts for row in rows]

    def announced(self) -> list[str]:
        with self._database.connect() as connection:
            return [row.what for row in connection.execute(sa.select(postings.c.what))]

    def posts_of_doubts(self) -> list[str]:
        """List the ts of the noted posts which say that the request is uncertain."""
        noted = sa.select(posts.c.ts).where(posts.c.what.startswith(UNCERTAIN))
        with self._database.connect() as connection:
            return list(connection.execute(noted).scalars())

    def shown(self, channel: str = SUPPORT, *, privately: bool = False) -> list[str]:
        """List a channel's posts, each in the words of its notification."""
        return [
            message["text"].removeprefix("Message to j•••@example.com: ").removesuffix(".")
            for message in self.local.messages(channel)
            if message["ephemeral"] is privately
        ]

    def told(self) -> list[dict[str, Any]]:
        """List what only the agent sees where they were."""
        return [message for message in self.local.messages() if message["ephemeral"]]

    def refuse(self, *codes: str, method: str = "chat.postMessage") -> None:
        """Let Slack refuse the next calls, each with the next code."""
        for code in codes:
            answer_once(self.local, method, code)

    def asked(self, method: str) -> int:
        return len(self.local.calls("slack", method))


@pytest.fixture
def bench(
    requests_store: RequestStore,
    database: Database,
    local: Local,
    slack: SlackClient,
    a_request: Build,
) -> Bench:
    url = local.sandbox.local_slack._state.issue_response_url("U0ADA", SUPPORT)
    place = Place("T0TEAM", SUPPORT, "", url)
    request = a_request(state=State.SENDING, place=place, created_at=datetime.now(UTC))
    requests_store.add(request, ())
    return Bench(requests_store, database, local, slack)

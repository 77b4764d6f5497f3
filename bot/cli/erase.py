"""``python -m bot erase``: erases everything about a customer, even while the bot is running."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import TypeVar

import sqlalchemy as sa
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from bot.cards.client import SlackClient
from bot.cards.erase_posts import PostEraser
from bot.cards.errors import SlackError, SlackRateLimited, SlackTokenRefused
from bot.cli.existing_database import open_existing
from bot.job import Job
from bot.language import speak
from bot.rules.address import BadAddress, read_identity
from bot.settings import ErasureSettings
from bot.storage.database import Database
from bot.storage.erase_customer import CustomerErasure
from bot.storage.erasure import SENDS_FOR, Ended, Erasure
from bot.storage.facts import read_opt_out
from bot.storage.keys import Keys
from bot.storage.open import UnusableDatabase, explained
from bot.storage.opt_outs import OptOuts
from bot.storage.posts import Erased, Posts, StoredPost
from bot.storage.requests import RequestStore
from bot.storage.wipe import wipe
from genesys import Identity

DONE, LEFT, REFUSED = 0, 1, 2  # exit statuses
_LONGEST_WAIT = SENDS_FOR + timedelta(seconds=5)  # for a message that's being sent just now
_BETWEEN_LOOKS = 1.0
_POST_SECONDS = 10.0  # for posts that the bot is making just now
_FILE_SECONDS = 10.0  # for those who read the database
_SLACK_ATTEMPTS = 3
_BUSY_SECONDS = 30.0  # for a bot that writes all the time

Result = TypeVar("Result")


def run_erase(address: str, settings: ErasureSettings) -> int:
    """Erase what's stored about a customer and in Slack; return the process's exit status."""
    speak(settings.language)  # the posts that are edited are in it
    try:
        identity = read_identity(address, settings.default_country)
    except BadAddress as error:
        sys.stderr.write(f"{error}\n")
        return REFUSED
    url = settings.database_url
    try:
        with open_existing(url) as database, explained(url):
            return _Run(database, settings).erase(identity)
    except UnusableDatabase as problem:
        sys.stderr.write(f"{problem}\n")
        return REFUSED


class _Run:
    """One run of the command, and what came of it. The bot may work meanwhile."""

    def __init__(self, database: Database, settings: ErasureSettings) -> None:
        keys = Keys(database)
        self._database = database
        self._erasure = Erasure(database, _leave_to_the_bot, keys)
        self._customers = CustomerErasure(database, keys)
        self._opt_outs = OptOuts(database, _leave_to_the_bot, keys)
        self._posts = Posts(database)
        requests = RequestStore(database, _leave_to_the_bot, keys)
        self._eraser = PostEraser(
            requests,
            self._posts,
            SlackClient(settings.slack_bot_token, settings.slack_api_url),
            outcomes_channel=settings.outcomes_channel,
        )
        self._ended: list[Ended] = []
        self._sending = 0
        self._is_opted_out = False
        self._slack_problem = ""

    def erase(self, identity: Identity) -> int:
        """Erase everything about a customer and say what was done; return the exit status."""
        customer_keys = self._erase_rows(identity)
        salts = _patiently(lambda: self._customers.destroy_salts(customer_keys))
        with self._database.connect() as connection:
            self._is_opted_out = read_opt_out(connection, sorted(customer_keys)) is not None
        request_ids = {one.request_id for one in self._ended}
        request_ids.update(self._posts.pending_requests())  # of a run that was interrupted
        self._erase_all_posts(request_ids)
        is_wiped = self._wipe()
        posts = self._posts.of(sorted(request_ids))
        for line in (
            *self._describe_rows(salts),
            *self._describe_posts(posts),
            _describe_file(self._database, is_wiped=is_wiped),
        ):
            sys.stdout.write(f"{line}\n")
        is_done = is_wiped and not self._sending and not any(map(_is_left, posts))
        return DONE if is_done else LEFT

    def _erase_rows(self, identity: Identity) -> frozenset[str]:
        """Erase until nothing is found any more; wait for a message that's being sent."""
        deadline = time.monotonic() + _LONGEST_WAIT.total_seconds()
        customer_keys: frozenset[str] = frozenset()
        while True:
            traces = self._customers.find(identity)
            customer_keys |= traces.customer_keys
            keys = tuple(sorted(traces.customer_keys))
            _patiently(partial(self._opt_outs.extend_to, keys))
            for request_id in traces.request_ids:
                ended = _patiently(partial(self._erasure.erase, request_id))
                self._ended += [ended] if ended else []
            self._sending = len(self._customers.find(identity).request_ids)
            if not self._sending or time.monotonic() > deadline:
                return customer_keys
            time.sleep(_BETWEEN_LOOKS)

    def _erase_all_posts(self, request_ids: set[str]) -> None:
        """Erase the posts, also those that the bot was making meanwhile."""
        deadline = time.monotonic() + _POST_SECONDS
        left = request_ids
        while True:
            for request_id in sorted(left):
                self._erase_posts(request_id)
            left = request_ids.intersection(self._posts.pending_requests())
            if not left or self._slack_problem or time.monotonic() > deadline:
                return
            time.sleep(_BETWEEN_LOOKS)

    def _erase_posts(self, request_id: str) -> None:
        attempts = 0
        while not self._slack_problem:
            try:
                return _patiently(lambda: self._eraser.erase_posts(request_id))
            except SlackRateLimited as limit:
                time.sleep(limit.retry_after or _BETWEEN_LOOKS)
            except SlackError as error:
                attempts += 1
                if isinstance(error, SlackTokenRefused) or attempts == _SLACK_ATTEMPTS:
                    self._slack_problem = str(error)
                else:
                    time.sleep(_BETWEEN_LOOKS)
        return None

    def _wipe(self) -> bool:
        """Rewrite the file, then wait a little for those who still read an older state of it."""
        deadline = time.monotonic() + _FILE_SECONDS
        is_wiped = _patiently(lambda: wipe(self._database, rewrite=True))
        while not is_wiped and time.monotonic() < deadline:
            time.sleep(_BETWEEN_LOOKS)
            is_wiped = _patiently(lambda: wipe(self._database, rewrite=False))
        return is_wiped

    def _describe_rows(self, salts: int) -> Iterator[str]:
        if not self._ended and not salts and not self._sending:
            yield "Nothing is stored about this customer."
        if self._ended:
            yield f"Requests erased: {len(self._ended)}."
        if unsent := sum(one.was_unsent for one in self._ended):
            yield (
                f"Of these, {unsent} had not been sent. They won't be. "
                "The running bot tells the agents within a few minutes."
            )
        if self._ended or salts:
            yield "The audit log no longer tells which entries are about this customer."
        if self._sending:
            yield f"Being sent just now, so not erased: {self._sending}. Run this again later."
        if self._is_opted_out:
            yield "The customer is on the do-not-contact list, and stays there."
        else:
            yield "The customer isn't on the do-not-contact list."

    def _describe_posts(self, posts: Sequence[StoredPost]) -> Iterator[str]:
        if not posts:
            return
        left = [post for post in posts if _is_left(post)]
        edited = sum(post.erased == Erased.EDITED for post in posts)
        deleted = len(posts) - len(left) - edited
        yield f"Posts in Slack: {edited} edited, {deleted} deleted, {len(left)} left."
        for post in left:
            why = post.code or f"{self._slack_problem or 'not done'}; the bot tries again"
            yield f"  left: channel {post.channel}, message {post.ts} ({why})"


def _is_left(post: StoredPost) -> bool:
    return post.erased not in (Erased.EDITED, Erased.DELETED)


def _describe_file(database: Database, *, is_wiped: bool) -> str:
    if database.is_postgresql:
        return "PostgreSQL keeps old copies for a while: docs/data-protection.md says where."
    if is_wiped:
        return "No copy is left in the files of the database."
    return (
        "Not yet gone from the files of the database: a program still reads an older state of it. "
        "A running bot finishes this when that program has ended. Or run this again."
    )


def _leave_to_the_bot(_connection: sa.Connection, _job: Job) -> None:
    """Add no job: the bot's repair gives one to each request that needs it, in a few minutes."""


def _patiently(do: Callable[[], Result]) -> Result:
    """Try again while the bot keeps the database busy."""
    return Retrying(
        retry=retry_if_exception_type(sa.exc.OperationalError),
        wait=wait_fixed(0.1),
        stop=stop_after_delay(_BUSY_SECONDS),
        reraise=True,
    )(do)

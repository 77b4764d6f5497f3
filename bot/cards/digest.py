"""Posts the digest into the outcomes channel for all channels, once for each period."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime

from bot.cards.client import SlackClient, Spot
from bot.cards.digest_ledger import DigestLedger
from bot.cards.digest_view import show_digest
from bot.cards.errors import SlackError, SlackRefused, SlackTokenRefused
from bot.cards.places import Places
from bot.cards.post_once import Posted, PostOnce
from bot.cards.refusals import log_refusal
from bot.cards.tries import AlreadyPosted, NotSettled
from bot.clock import utc_now
from bot.job import TryAgain
from bot.jobs.periodic import Periodic
from bot.rules.digest_period import Period, latest_due
from bot.rules.rules_file import Rules
from bot.storage.audit_log import AuditLog
from bot.storage.database import Database
from bot.storage.digest_figures import read_figures
from bot.storage.history import NOT_SHOWN

log = logging.getLogger(__name__)

EVERY_SECONDS = 5.0
AGAIN_SECONDS = 60.0  # after Slack gave no clear answer
DIGEST = "digest"  # prefix of these posts' names
_NO_CHART = "invalid_blocks"  # from a workspace that doesn't have charts yet
NO_CHANNEL = (
    'no digest is posted, because no outcomes channel is chosen for all channels: type "outcomes '
    'here all" after the command in one, or set [digest] every = "off"'
)


class Digest:
    """Looks every few seconds whether a digest is due; every process may run one."""

    def __init__(
        self,
        database: Database,
        audit: AuditLog,
        slack: SlackClient,
        channel: Callable[[], str],
        places: Places,
        rules: Callable[[], Rules],
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """``channel`` returns the outcomes channel for all channels, or ""."""
        self._database = database
        self._audit = audit
        self._slack = slack
        self._channel = channel
        self._places = places
        self._rules = rules
        self._clock = clock
        self._ledger = DigestLedger(database)
        self._once = PostOnce(self._ledger, slack)
        self._try_again_at = 0.0  # by the monotonic clock
        self._said_for = ""  # the period of which the log says that it can't be posted
        self._periodic = Periodic("digest", EVERY_SECONDS, self.post_due)

    def start(self) -> None:
        """Look every few seconds from now on."""
        self._periodic.start()

    def stop(self) -> None:
        """Look no more."""
        self._periodic.stop()

    def post_due(self) -> None:
        """Post the latest digest that's due, unless it's posted; raise SQLAlchemyError."""
        rules = self._rules()
        period = latest_due(self._clock(), rules.digest, rules.timezone)
        if (
            period is None
            or time.monotonic() < self._try_again_at
            or self._ledger.is_posted(period.name)
        ):
            return
        channel = self._channel()
        if not channel:
            self._say_once(period, NO_CHANNEL)
            return
        channel = self._ledger.claim(period.name, channel)
        try:
            if self._places.is_shared(channel):
                self._say_once(period, "the outcomes channel is shared: no digest is posted")
                return
            self._post(period, channel, has_chart=rules.digest.chart)
        except (AlreadyPosted, NotSettled):
            pass  # another process does it, or an earlier attempt may still arrive
        except (SlackError, TryAgain) as error:
            self._try_again_at = time.monotonic() + AGAIN_SECONDS
            self._say_once(period, f"the digest can't be posted yet: {error}")

    def _post(self, period: Period, channel: str, *, has_chart: bool) -> None:
        try:
            posted = self._post_once(period, channel, has_chart=has_chart)
        except SlackTokenRefused:
            raise
        except SlackRefused as refusal:
            log.warning("no digest is posted: %s", log_refusal(refusal))
            self._ledger.note(period.name, NOT_SHOWN)
            return
        if not self._ledger.note(period.name, posted.ts):
            self._slack.remove(posted.channel, posted.ts)

    def _post_once(self, period: Period, channel: str, *, has_chart: bool) -> Posted:
        """Post it, and without its chart if that's what Slack refuses. Then it has done nothing."""
        figures, head = read_figures(self._database, period.start, period.end), self._audit.head()
        spot = Spot(channel)
        try:
            post = show_digest(period, figures, head, has_chart=has_chart)
            return self._once.post(DIGEST, period.name, spot, post)
        except SlackRefused as refusal:
            if not has_chart or refusal.code != _NO_CHART:
                raise
        post = show_digest(period, figures, head)
        return self._once.post(DIGEST, period.name, spot, post)

    def _say_once(self, period: Period, sentence: str) -> None:
        if self._said_for != period.name:
            log.warning("%s", sentence)
            self._said_for = period.name

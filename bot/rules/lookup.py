"""Step 3: who is it, and may a message go out? Asks Genesys and lets the rules decide.

Promises: every question is answered by a Verdict, also when Genesys does not answer; what was
just asked is not asked again, unless a message has gone to that customer since. Does not: speak
Slack, or send.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.rules.verdict import Finding, Level, Rule, Verdict, decide
from bot.text import explain
from genesys import (
    CheckedDeployment,
    Customer,
    CutOff,
    GenesysCloud,
    GenesysError,
    Identity,
    KnownCustomers,
    RateBudgetExhausted,
    RateLimited,
    TimedOut,
    Unavailable,
    Unreachable,
    find_customer,
)

FRESH_SECONDS = 120.0  # of a verdict, in the modal and at the send
PASSING = (Unreachable, TimedOut, CutOff, Unavailable, RateLimited, RateBudgetExhausted)
DEPLOYMENT_FRESH_SECONDS = 300.0
KNOWN_SECONDS = 300.0  # for so long an address is taken to belong to the contact that had it
MOST_KNOWN = 1_000


def passes(error: GenesysError) -> bool:
    """Tell whether an error is of the kind that passes by itself: a request may wait for that."""
    return isinstance(error, PASSING)


@dataclass(frozen=True)
class _Kept:
    """A verdict, and when its questions were begun to be asked: by our clock, and for people."""

    verdict: Verdict
    asked: float
    asked_at: datetime


class Lookup:
    """Asks Genesys the questions of the rules, and keeps the answers while they are fresh."""

    def __init__(
        self,
        cloud: GenesysCloud,
        *,
        deployment_id: str,
        history_days: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cloud = cloud
        self._deployment_id = deployment_id
        self._history_days = history_days
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[tuple[Identity, str, bool], _Kept] = {}
        self._sent: dict[str, float] = {}  # when something was last sent, by contact id
        self._known = KnownCustomers(seconds=KNOWN_SECONDS, most=MOST_KNOWN, clock=clock)
        self._deployment = CheckedDeployment(
            cloud, deployment_id, fresh_seconds=DEPLOYMENT_FRESH_SECONDS, clock=clock
        )

    def start(self) -> None:
        """Begin to sign in and to look at the deployment, so that no agent has to wait for it.

        Returns at once. Nobody hears of a failure: the first look-up simply asks again.
        """
        self._deployment.begin()

    def recent(self, identity: Identity, chosen: str, into_open: bool) -> Verdict | None:
        """Return the verdict given to this question in the last two minutes, if any."""
        kept = self._fresh(identity, chosen, into_open)
        return kept.verdict if kept else None

    def check(self, identity: Identity, chosen: str, into_open: bool) -> Verdict:
        """Look the customer up and decide; blocks while Genesys answers, never raises for it.

        ``chosen`` is the contact id that the agent picked among several, or "".
        """
        asked, asked_at = self._clock(), datetime.now(UTC)
        try:
            verdict = self._ask(identity, chosen, into_open, asked_at)
        except GenesysError as error:
            if passes(error):
                sentence = f"{error.what} You may press Send all the same: the request then waits."
                return Verdict(identity, None, (Finding(Rule.GENESYS, Level.WARN, sentence),))
            return Verdict(identity, None, (Finding(Rule.GENESYS, Level.BLOCK, explain(error)),))
        self._keep((identity, chosen, into_open), _Kept(verdict, asked, asked_at))
        return verdict

    def check_to_send(
        self, identity: Identity, chosen: str, into_open: bool
    ) -> tuple[Verdict, datetime]:
        """Return the verdict that a send may rest on, and the time from which it counts.

        One that lets the message go and is still fresh is not asked for again; any other is.
        """
        kept = self._fresh(identity, chosen, into_open)
        if kept and kept.verdict.customer and not kept.verdict.blocks:
            return kept.verdict, kept.asked_at
        asked_at = datetime.now(UTC)
        return self.check(identity, chosen, into_open), asked_at

    def note_send(self, contact_ids: Iterable[str]) -> None:
        """Let nothing that was asked until now speak for these contacts: a message went to them.

        It may have opened a conversation, under whatever address they are looked up next.
        """
        with self._lock:
            self._sent |= dict.fromkeys(contact_ids, self._clock())
            self._drop_outdated()

    def forget(self, contact_ids: Iterable[str]) -> None:
        """Forget who these contacts are, as well: Genesys has refused a message to them."""
        ids = tuple(contact_ids)
        self.note_send(ids)
        self._known.forget(ids)

    def _ask(self, identity: Identity, chosen: str, into_open: bool, now: datetime) -> Verdict:
        finish_reading = self._deployment.begin()  # asked for beside the look-up, not after it
        found = find_customer(
            self._cloud,
            identity,
            deployment_id=self._deployment_id,
            history_days=self._history_days,
            now=now,
            chosen_contact_id=chosen or None,
            known=self._known.get(identity, chosen),
        )
        if isinstance(found, Customer):
            self._known.add(found, chosen)
        return decide(
            found,
            finish_reading() if isinstance(found, Customer) else None,
            deployment_id=self._deployment_id,
            into_open=into_open,
            now=now,
            history_days=self._history_days,
        )

    def _fresh(self, identity: Identity, chosen: str, into_open: bool) -> _Kept | None:
        with self._lock:
            kept = self._kept.get((identity, chosen, into_open))
        return kept if kept and self._clock() - kept.asked < FRESH_SECONDS else None

    def _keep(self, question: tuple[Identity, str, bool], kept: _Kept) -> None:
        with self._lock:
            self._kept[question] = kept
            self._drop_outdated()

    def _drop_outdated(self) -> None:
        """Drop what is no longer fresh, and what was asked before a message went out."""
        oldest = self._clock() - FRESH_SECONDS
        self._sent = {id_: at for id_, at in self._sent.items() if at > oldest}
        self._kept = {
            question: kept
            for question, kept in self._kept.items()
            if kept.asked > oldest and not self._was_written_to(kept)
        }

    def _was_written_to(self, kept: _Kept) -> bool:
        customer = kept.verdict.customer
        contact_ids = customer.contact_ids if customer else ()
        return any(self._sent.get(id_, float("-inf")) >= kept.asked for id_ in contact_ids)

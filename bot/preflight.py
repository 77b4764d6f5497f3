"""Step 3: who is it, and may a message go out? Asks Genesys and lets the rules decide.

Promises: every question is answered by a Verdict, also when Genesys does not answer; what was
just asked is not asked again. Does not: speak Slack, or send.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from bot.verdict import Finding, Level, Rule, Verdict, decide
from bot.wording import explain
from genesys import (
    Customer,
    CutOff,
    Deployment,
    DeploymentStatus,
    GenesysCloud,
    GenesysError,
    Identity,
    MissingPermission,
    RateBudgetExhausted,
    RateLimited,
    TimedOut,
    Unavailable,
    Unreachable,
    find_customer,
    read_deployment,
)

FRESH_SECONDS = 120.0
PASSING = (Unreachable, TimedOut, CutOff, Unavailable, RateLimited, RateBudgetExhausted)
DEPLOYMENT_FRESH_SECONDS = 300.0


def passes(error: GenesysError) -> bool:
    """Tell whether an error is of the kind that passes by itself: a request may wait for that."""
    return isinstance(error, PASSING)


class Preflight:
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
        self._kept: dict[tuple[Identity, str, bool], tuple[float, Verdict]] = {}
        self._deployment: tuple[float, Deployment | None] | None = None

    def recent(self, identity: Identity, chosen: str, into_open: bool) -> Verdict | None:
        """Return the verdict given to this question in the last two minutes, if any."""
        with self._lock:
            kept = self._kept.get((identity, chosen, into_open))
        fresh = kept and self._clock() - kept[0] < FRESH_SECONDS
        return kept[1] if kept and fresh else None

    def check(self, identity: Identity, chosen: str, into_open: bool) -> Verdict:
        """Look the customer up and decide; blocks while Genesys answers, never raises for it.

        ``chosen`` is the contact id that the agent picked among several, or "".
        """
        try:
            verdict = self._ask(identity, chosen, into_open)
        except GenesysError as error:
            if passes(error):
                sentence = f"{error.what} You may press Send all the same: the request then waits."
                return Verdict(identity, None, (Finding(Rule.GENESYS, Level.WARN, sentence),))
            return Verdict(identity, None, (Finding(Rule.GENESYS, Level.BLOCK, explain(error)),))
        with self._lock:
            now = self._clock()
            self._kept = {
                question: kept
                for question, kept in self._kept.items()
                if now - kept[0] < FRESH_SECONDS
            }
            self._kept[(identity, chosen, into_open)] = (now, verdict)
        return verdict

    def _ask(self, identity: Identity, chosen: str, into_open: bool) -> Verdict:
        now = datetime.now(UTC)
        found = find_customer(
            self._cloud,
            identity,
            deployment_id=self._deployment_id,
            history_days=self._history_days,
            now=now,
            chosen_contact_id=chosen or None,
        )
        return decide(
            found,
            self._read_deployment() if isinstance(found, Customer) else None,
            deployment_id=self._deployment_id,
            into_open=into_open,
            now=now,
            history_days=self._history_days,
        )

    def _read_deployment(self) -> Deployment | None:
        with self._lock:
            kept = self._deployment
        if kept and self._clock() - kept[0] < DEPLOYMENT_FRESH_SECONDS:
            return kept[1]
        try:
            deployment: Deployment | None = read_deployment(self._cloud, self._deployment_id)
        except MissingPermission:
            deployment = None
        else:
            deployment = deployment or Deployment(self._deployment_id, "", DeploymentStatus.UNKNOWN)
        with self._lock:
            self._deployment = (self._clock(), deployment)
        return deployment

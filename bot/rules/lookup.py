"""Step 3: find the customer in Genesys Cloud and decide whether we may message them.

Promises: every question gets a Verdict, even while Genesys Cloud doesn't answer. A recent answer is
reused, unless we have messaged that customer since.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.language import _
from bot.request import Stuck
from bot.rules.verdict import Finding, Level, Rule, Verdict, decide
from bot.text import say_error, say_what
from genesys import (
    Cached,
    CachedDeployment,
    Customer,
    CutOff,
    GenesysCloud,
    GenesysError,
    Identity,
    KnownCustomers,
    RateLimited,
    RateLimitExhausted,
    TimedOut,
    Unavailable,
    Unreachable,
    find_customer,
    read_messenger,
)

log = logging.getLogger(__name__)

FRESH_SECONDS = 60.0  # how long a verdict is good, in the form and for a send
DEPLOYMENT_FRESH_SECONDS = 60.0
KNOWN_SECONDS = 60.0  # how long an address counts as the same contact's
MOST_KNOWN = 1_000
SESSION_PATIENCE = 2.0  # seconds: an agent waits, and can do without
_PASSING = (Unreachable, TimedOut, CutOff, Unavailable, RateLimited, RateLimitExhausted)
_BUSY = (RateLimited, RateLimitExhausted)

_Question = tuple[Identity, str, bool]


def why_stuck(error: GenesysError) -> Stuck:
    """Return why a request waits after a temporary error."""
    return Stuck.QUOTA if isinstance(error, _BUSY) else Stuck.UNAVAILABLE


def passes(error: GenesysError) -> bool:
    """Return whether the error is temporary, so that a request may wait for its end."""
    return isinstance(error, _PASSING)


@dataclass(frozen=True)
class _Answer:
    """A verdict and when we began to ask for it: by the monotonic clock, and as a time."""

    verdict: Verdict
    asked: float
    asked_at: datetime


class Lookup:
    """Asks Genesys Cloud what the rules need, and caches the verdicts; thread-safe."""

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
        self._answers: dict[_Question, _Answer] = {}
        self._sent: dict[str, float] = {}  # when we last messaged a contact, by its id
        self._known = KnownCustomers(seconds=KNOWN_SECONDS, most=MOST_KNOWN, clock=clock)
        self._deployment = CachedDeployment(
            cloud, deployment_id, fresh_seconds=DEPLOYMENT_FRESH_SECONDS, clock=clock
        )
        self._session = Cached(
            self._read_session, fresh_seconds=DEPLOYMENT_FRESH_SECONDS, clock=clock
        )

    def start(self) -> None:
        """Sign in and read the deployment in the background, so that no agent waits for it.

        A failure isn't reported; the first lookup asks again.
        """
        self._deployment.start_reading()
        self._session.start_reading()

    def recent(self, identity: Identity, chosen: str, into_open: bool) -> Verdict | None:
        """Return the verdict on this question if it's at most a minute old, else None."""
        answer = self._recent_answer((identity, chosen, into_open))
        return answer.verdict if answer else None

    def check(self, identity: Identity, chosen: str, into_open: bool) -> Verdict:
        """Look the customer up and decide. Blocks, but never raises GenesysError.

        ``chosen`` is the contact id that the agent picked among several, or "".
        """
        asked, asked_at = self._clock(), datetime.now(UTC)
        try:
            verdict = self._ask(identity, chosen, into_open, asked_at)
        except GenesysError as error:
            if passes(error):
                advice = _("You can still send; it goes out once we can check.")
                sentence = f"{say_what(error)} {advice}"
                warning = Finding(Rule.GENESYS, Level.WARN, sentence)
                return Verdict(identity, None, (warning,), why_stuck(error))
            log.warning("can't look a customer up (%r): %s", error, error.hint or error.fix)
            finding = Finding(Rule.GENESYS, Level.BLOCK, say_error(error))
            verdict = Verdict(identity, None, (finding,))
        with self._lock:
            self._answers[identity, chosen, into_open] = _Answer(verdict, asked, asked_at)
            self._drop_outdated()
        return verdict

    def check_before_send(
        self, identity: Identity, chosen: str, into_open: bool
    ) -> tuple[Verdict, datetime]:
        """Return the verdict for a send, and since when it holds.

        A recent verdict is reused only if it allows the message.
        """
        answer = self._recent_answer((identity, chosen, into_open))
        if answer and answer.verdict.customer and not answer.verdict.blocks:
            return answer.verdict, answer.asked_at
        asked_at = datetime.now(UTC)
        return self.check(identity, chosen, into_open), asked_at

    def note_send(self, contact_ids: Iterable[str]) -> None:
        """Stop reusing verdicts on these contacts, because we have just messaged them.

        The message may have opened a conversation, whichever address leads to the contact.
        """
        with self._lock:
            self._sent |= dict.fromkeys(contact_ids, self._clock())
            self._drop_outdated()

    def forget(self, contact_ids: Iterable[str]) -> None:
        """Also forget which addresses these contacts have: Genesys refused a message to them."""
        ids = tuple(contact_ids)
        self.note_send(ids)
        self._known.forget(ids)

    def _ask(self, identity: Identity, chosen: str, into_open: bool, now: datetime) -> Verdict:
        # Both are read while we look the customer up.
        wait_for_deployment = self._deployment.start_reading()
        wait_for_session = self._session.start_reading(patience=SESSION_PATIENCE)
        found = find_customer(
            self._cloud,
            identity,
            deployment_id=self._deployment_id,
            history_days=self._history_days,
            now=now,
            chosen_contact_id=chosen or None,
            known=self._known.get(identity, chosen),
        )
        deployment = session = None
        if isinstance(found, Customer):
            self._known.add(found, chosen)
            deployment = wait_for_deployment()
            with suppress(TimeoutError):  # its answer is for the next look-up, then
                session = wait_for_session()
        return decide(
            found,
            deployment,
            deployment_id=self._deployment_id,
            into_open=into_open,
            now=now,
            history_days=self._history_days,
            session=session,
        )

    def _read_session(self) -> timedelta | None:
        """Read how long guest sessions last; None if Genesys Cloud doesn't say."""
        try:
            return read_messenger(
                self._cloud, self._deployment_id, patience=SESSION_PATIENCE
            ).session
        except GenesysError as error:
            log.info("unknown how long guest sessions last (%r)", error)
            return None

    def _recent_answer(self, question: _Question) -> _Answer | None:
        with self._lock:
            answer = self._answers.get(question)
        return answer if answer and self._clock() - answer.asked < FRESH_SECONDS else None

    def _drop_outdated(self) -> None:
        """Drop what is too old, and verdicts that were asked for before a message went out."""
        oldest = self._clock() - FRESH_SECONDS
        self._sent = {id_: at for id_, at in self._sent.items() if at > oldest}
        self._answers = {
            question: answer
            for question, answer in self._answers.items()
            if answer.asked > oldest and not self._was_messaged_since(answer)
        }

    def _was_messaged_since(self, answer: _Answer) -> bool:
        customer = answer.verdict.customer
        contact_ids = customer.contact_ids if customer else ()
        return any(self._sent.get(id_, float("-inf")) >= answer.asked for id_ in contact_ids)

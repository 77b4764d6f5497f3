"""What a lookup asks Genesys Cloud, what it remembers, and for how long."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import genesys
from bot.request import Stuck
from bot.rules.lookup import (
    DEPLOYMENT_FRESH_SECONDS,
    FRESH_SECONDS,
    KNOWN_SECONDS,
    Lookup,
    passes,
)
from bot.rules.verdict import Finding, Level, Rule, Verdict
from genesys import (
    Connection,
    CutOff,
    GenesysCloud,
    GenesysError,
    Identity,
    IdentityKind,
    LocalRateLimiter,
    NoContact,
    RateLimited,
    RateLimitExhausted,
    Several,
    TimedOut,
    Unavailable,
    Unreachable,
)
from tests.clock import Clock
from tests.conftest import wait_until

from ..conftest import Local

JANE = Identity(IdentityKind.EMAIL, "jane@example.com")
JANES_PHONE = Identity(IdentityKind.PHONE, "+442079460018")
OLGA = Identity(IdentityKind.EMAIL, "olga@example.com")
PAT = Identity(IdentityKind.EMAIL, "pat@example.com")
NOBODY = Identity(IdentityKind.EMAIL, "nobody@example.com")
OTTO = Identity(IdentityKind.EMAIL, "old@example.com")
LOOKUP, HISTORY = "identifierlookup", "details/query"
DEPLOYMENT, SESSION = "deployments", "configurations"


def is_error(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, GenesysError)


class Desk:
    """A Lookup at the local Genesys Cloud, and the calls that it made there."""

    def __init__(self, local: Local) -> None:
        self.local, self.clock = local, Clock()
        settings = local.settings
        self.cloud = GenesysCloud(
            Connection(
                settings["GENESYS_CLOUD_CLIENT_ID"],
                settings["GENESYS_CLOUD_CLIENT_SECRET"],
                api_url=settings["GENESYS_CLOUD_API_URL"],
                patience=0.3,
            ),
            LocalRateLimiter(100_000),
        )
        self.lookup = Lookup(
            self.cloud,
            deployment_id=settings["GENESYS_CLOUD_DEPLOYMENT_ID"],
            history_days=90,
            clock=self.clock,
        )

    def asked(self) -> list[str]:
        """Name the API calls since the last time, in order."""
        paths = [call["path"] for call in self.local.calls("genesys", "/api/")]
        self.local.ask("DELETE", "/control/genesys/calls")
        names = (LOOKUP, HISTORY, SESSION, DEPLOYMENT)
        return [next((name for name in names if name in path), path) for path in paths]

    def checks(self, identity: Identity = JANE, into_open: bool = False) -> list[str]:
        """Check as the form does; return the calls."""
        assert self.lookup.check(identity, "", into_open).customer
        return self.asked()

    def checks_before_send(self, identity: Identity = JANE, into_open: bool = False) -> list[str]:
        assert self.lookup.check_before_send(identity, "", into_open)[0].customer
        return self.asked()

    def contact_ids(self, identity: Identity = JANE) -> tuple[str, ...]:
        verdict = self.lookup.recent(identity, "", False)
        assert verdict and verdict.customer
        return verdict.customer.contact_ids


@pytest.fixture
def desk(local: Local) -> Iterator[Desk]:
    desk = Desk(local)
    yield desk
    desk.cloud.close()


def test_the_deployment_is_read_while_the_customer_is_looked_up(desk: Desk) -> None:
    """Neither call makes an agent wait for the other."""
    desk.local.order("genesys", f"*{LOOKUP}*", "latency", seconds=0.5)
    asked = desk.checks()
    assert sorted(asked) == sorted([LOOKUP, HISTORY, DEPLOYMENT, SESSION])
    assert asked.index(DEPLOYMENT) < asked.index(HISTORY)
    assert asked.index(SESSION) < asked.index(HISTORY)


def test_a_start_reads_the_deployment_before_anyone_asks(desk: Desk) -> None:
    desk.lookup.start()
    wait_until(lambda: len(desk.local.calls("genesys", DEPLOYMENT)) == 2)
    desk.asked()
    assert desk.checks() == [LOOKUP, HISTORY]


def test_a_start_that_fails_is_silent_and_a_lookup_reads_the_deployment(desk: Desk) -> None:
    desk.local.order("genesys", "*/oauth/token", "status", status=503)
    desk.lookup.start()
    wait_until(lambda: desk.local.calls("genesys", "oauth"))
    desk.local.clear_faults()
    wait_until(lambda: desk.lookup.check(JANE, "", False).customer)
    assert DEPLOYMENT in desk.asked()


def test_the_deployment_is_read_again_after_five_minutes(desk: Desk) -> None:
    desk.checks()
    desk.clock.now += DEPLOYMENT_FRESH_SECONDS - 1
    assert DEPLOYMENT not in desk.checks()
    desk.clock.now += 1
    assert DEPLOYMENT in desk.checks()


def test_without_the_deployment_there_is_no_verdict(desk: Desk) -> None:
    deployment_id = desk.local.settings["GENESYS_CLOUD_DEPLOYMENT_ID"]
    desk.local.order("genesys", f"*{DEPLOYMENT}/{deployment_id}", "status", status=503)
    assert desk.lookup.check(JANE, "", False).is_away


def _session(verdict: Verdict) -> list[Finding]:
    return [one for one in verdict.findings if one.rule is Rule.SESSION]


def test_the_form_says_that_a_guest_session_has_expired(desk: Desk) -> None:
    verdict = desk.lookup.check(OTTO, "", False)
    (finding,) = _session(verdict)
    assert finding.level is Level.WARN
    assert "probably expired 49 days ago" in finding.sentence
    assert verdict.customer and not verdict.blocks
    (finding,) = _session(desk.lookup.check(JANE, "", False))
    assert finding.level is Level.PASS


@pytest.mark.parametrize("status", [403, 404, 503])
def test_if_nobody_tells_how_long_sessions_last_the_form_does_not_speak_of_them(
    desk: Desk, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.rules.lookup.SESSION_PATIENCE", 0.1)  # no retry outlives the test
    desk.local.order("genesys", f"*{SESSION}", "status", status=status)
    verdict = desk.lookup.check(OTTO, "", False)
    assert verdict.customer and not verdict.blocks and not _session(verdict)
    desk.asked()
    assert SESSION not in desk.checks()  # it isn't asked again for each customer


def test_a_slow_answer_about_sessions_does_not_hold_up_the_verdict(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.rules.lookup.SESSION_PATIENCE", 0.1)
    desk.local.order("genesys", f"*{SESSION}", "latency", seconds=1.0, times=1)
    began = time.monotonic()
    verdict = desk.lookup.check(OTTO, "", False)
    assert time.monotonic() - began < 1.0
    assert verdict.customer and not verdict.blocks and not _session(verdict)
    wait_until(lambda: _session(desk.lookup.check(OTTO, "", False)))  # it's used when it's there
    assert len(desk.local.calls("genesys", SESSION)) == 1


def test_without_a_customer_the_deployment_does_not_matter(desk: Desk) -> None:
    desk.local.order("genesys", f"*{DEPLOYMENT}*", "status", status=404)  # not tried again
    verdict = desk.lookup.check(NOBODY, "", False)
    assert verdict.found == NoContact(NOBODY)


def test_a_deployment_that_the_bot_may_not_read_is_a_warning(desk: Desk) -> None:
    permission = "webDeployments:deployment:view"
    desk.local.ask("POST", "/control/genesys/settings", missing_permissions=[permission])
    verdict = desk.lookup.check(JANE, "", False)
    assert not verdict.blocks
    (finding,) = [one for one in verdict.findings if one.rule is Rule.DEPLOYMENT]
    assert finding.level is Level.WARN
    assert permission not in finding.sentence


def test_while_genesys_does_not_answer_the_agent_may_send_anyway(desk: Desk) -> None:
    desk.local.order("genesys", f"*{LOOKUP}*", "status", status=503)
    verdict = desk.lookup.check(JANE, "", False)
    sentence = (
        "Genesys Cloud is having problems. You can still send; it goes out once we can check."
    )
    finding = Finding(Rule.GENESYS, Level.WARN, sentence)
    assert verdict == Verdict(JANE, None, (finding,), Stuck.UNAVAILABLE)
    assert desk.lookup.recent(JANE, "", False) is None
    desk.local.clear_faults()
    assert desk.lookup.check(JANE, "", False).customer


def test_a_lasting_refusal_blocks_and_says_why(desk: Desk) -> None:
    permission = "externalContacts:contact:view"
    desk.local.ask("POST", "/control/genesys/settings", missing_permissions=[permission])
    verdict = desk.lookup.check(JANE, "", False)
    (finding,) = verdict.findings
    assert (verdict.found, finding.rule, finding.level) == (None, Rule.GENESYS, Level.BLOCK)
    assert finding.sentence == (
        "I'm not allowed to do this in Genesys Cloud. Ask your admin to check my permissions there."
    )
    assert not verdict.is_away
    assert desk.lookup.recent(JANE, "", False) == verdict


def test_a_message_that_waits_because_of_the_quota_says_so(desk: Desk) -> None:
    desk.local.order("genesys", f"*{LOOKUP}*", "status", status=429)
    verdict = desk.lookup.check(JANE, "", False)
    assert verdict.stuck is Stuck.QUOTA
    assert verdict.findings[0].sentence.startswith("Genesys Cloud is busy. You can still send")


PASSING = {Unreachable, TimedOut, CutOff, Unavailable, RateLimited, RateLimitExhausted}


@pytest.mark.parametrize(
    "kind", [one for one in map(vars(genesys).get, genesys.__all__) if is_error(one)]
)
def test_a_request_waits_for_the_end_of_a_temporary_error_only(kind: type[GenesysError]) -> None:
    assert passes(kind()) is (kind in PASSING)


def test_a_chosen_contact_is_looked_up_and_remembered_as_chosen(desk: Desk) -> None:
    several = desk.lookup.check(PAT, "", False).found
    assert isinstance(several, Several)
    first, second = (candidate.contact_id for candidate in several.candidates)
    customer = desk.lookup.check(PAT, first, False).customer
    assert customer and customer.contact_id == first
    desk.asked()
    desk.clock.now += 1
    desk.lookup.note_send([first])
    assert desk.lookup.check(PAT, first, False).customer
    assert desk.asked() == [HISTORY]
    customer = desk.lookup.check(PAT, second, False).customer
    assert customer and customer.contact_id == second


def test_a_verdict_is_recent_for_a_minute(desk: Desk) -> None:
    assert FRESH_SECONDS == 60
    verdict = desk.lookup.check(JANE, "", False)
    desk.clock.now += 59.9
    assert desk.lookup.recent(JANE, "", False) is verdict
    desk.clock.now += 0.1
    assert desk.lookup.recent(JANE, "", False) is None


def test_a_verdict_holds_since_it_was_asked_for(desk: Desk) -> None:
    desk.local.order("genesys", f"*{HISTORY}", "slow_answer", seconds=0.2)
    before = datetime.now(UTC)
    _, checked_at = desk.lookup.check_before_send(JANE, "", False)
    assert before <= checked_at <= datetime.now(UTC) - timedelta(seconds=0.2)
    assert desk.lookup.check_before_send(JANE, "", False)[1] - checked_at < timedelta(seconds=0.1)


def test_a_recent_verdict_is_enough_for_a_send_and_tells_since_when_it_holds(desk: Desk) -> None:
    before = datetime.now(UTC)
    desk.checks()
    after = datetime.now(UTC)
    desk.clock.now += FRESH_SECONDS - 1
    verdict, checked_at = desk.lookup.check_before_send(JANE, "", False)
    assert verdict.customer and desk.asked() == []
    assert before <= checked_at <= after
    desk.clock.now += 1
    assert HISTORY in desk.checks_before_send()


def test_a_verdict_that_blocks_is_checked_again_before_the_send(desk: Desk) -> None:
    assert desk.lookup.check(OLGA, "", False).blocks
    desk.asked()
    customer = desk.local.customer("olga@example.com")
    desk.local.ask("POST", f"/customers/{customer['id']}/end")
    desk.local.ask("DELETE", "/control/genesys/calls")
    verdict, _ = desk.lookup.check_before_send(OLGA, "", False)
    assert not verdict.blocks
    assert desk.asked() == [HISTORY]


def test_a_verdict_on_another_question_is_not_reused(desk: Desk) -> None:
    desk.checks()
    assert desk.checks_before_send(into_open=True) == [HISTORY]
    assert LOOKUP in desk.checks_before_send(JANES_PHONE)


def test_after_a_send_no_older_verdict_on_that_customer_is_reused(desk: Desk) -> None:
    for identity in (JANE, JANES_PHONE, OLGA):
        desk.checks(identity, into_open=True)
    desk.checks(JANE)
    desk.lookup.note_send(desk.contact_ids())
    assert desk.lookup.recent(JANE, "", False) is None
    assert desk.checks_before_send() == [HISTORY]  # who it is stays known
    assert desk.checks_before_send(JANES_PHONE, into_open=True) == [HISTORY]
    assert desk.checks_before_send(OLGA, into_open=True) == []


def test_a_lookup_that_began_before_a_send_is_not_reused_after_it(desk: Desk) -> None:
    desk.checks()
    ids = desk.contact_ids()
    desk.local.order("genesys", f"*{HISTORY}", "slow_answer", seconds=0.4)
    check = threading.Thread(target=desk.lookup.check, args=(JANE, "", False))
    check.start()
    wait_until(lambda: desk.local.calls("genesys", HISTORY))
    desk.lookup.note_send(ids)
    check.join()
    assert desk.lookup.recent(JANE, "", False) is None


def test_for_a_known_customer_only_the_history_is_read(desk: Desk) -> None:
    desk.checks()
    jane = desk.contact_ids()
    desk.clock.now += KNOWN_SECONDS - 0.1
    desk.lookup.note_send(jane)  # else the whole verdict would still be good
    assert desk.checks() == [HISTORY]
    desk.clock.now += 0.1
    desk.lookup.note_send(jane)
    assert LOOKUP in desk.checks()


def test_after_a_refusal_the_customer_is_identified_again(desk: Desk) -> None:
    desk.checks()
    desk.lookup.forget(desk.contact_ids())
    assert desk.checks_before_send() == [LOOKUP, HISTORY]


def test_old_sends_and_verdicts_are_dropped(desk: Desk) -> None:
    for number in range(50):
        desk.lookup.note_send([f"contact-{number}"])
        desk.clock.now += FRESH_SECONDS / 10
    assert len(desk.lookup._sent) == 10
    desk.checks()
    desk.clock.now += FRESH_SECONDS
    desk.checks(JANES_PHONE)
    assert len(desk.lookup._answers) == 1

"""What the preflight asks Genesys for, what it takes as known, and when it no longer does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from bot.rules.lookup import (
    DEPLOYMENT_FRESH_SECONDS,
    FRESH_SECONDS,
    KNOWN_SECONDS,
    Lookup,
)
from bot.rules.verdict import Rule
from genesys import Connection, GenesysCloud, Identity, IdentityKind, LocalBudget

from .conftest import Local, wait_until

JANE = Identity(IdentityKind.EMAIL, "jane@example.com")
JANES_PHONE = Identity(IdentityKind.PHONE, "+442079460018")
OLGA = Identity(IdentityKind.EMAIL, "olga@example.com")
LOOKUP, HISTORY, DEPLOYMENT = "identifierlookup", "details/query", "deployments"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Desk:
    """A preflight at the local Genesys Cloud, and what it asked there."""

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
            LocalBudget(100_000),
        )
        self.preflight = Lookup(
            self.cloud,
            deployment_id=settings["GENESYS_CLOUD_DEPLOYMENT_ID"],
            history_days=90,
            clock=self.clock,
        )

    def asked(self) -> list[str]:
        """Name the calls of the API since the last time, in the order in which they came."""
        paths = [call["path"] for call in self.local.calls("genesys", "/api/")]
        self.local.ask("DELETE", "/control/genesys/calls")
        names = (LOOKUP, HISTORY, DEPLOYMENT)
        return [next((name for name in names if name in path), path) for path in paths]

    def checks(self, identity: Identity = JANE, into_open: bool = False) -> list[str]:
        """Check as the modal does; return what was asked."""
        assert self.preflight.check(identity, "", into_open).customer
        return self.asked()

    def checks_to_send(self, identity: Identity = JANE, into_open: bool = False) -> list[str]:
        assert self.preflight.check_to_send(identity, "", into_open)[0].customer
        return self.asked()

    def contact_ids(self, identity: Identity = JANE) -> tuple[str, ...]:
        verdict = self.preflight.recent(identity, "", False)
        assert verdict and verdict.customer
        return verdict.customer.contact_ids


@pytest.fixture
def desk(local: Local) -> Iterator[Desk]:
    desk = Desk(local)
    yield desk
    desk.cloud.close()


def test_the_deployment_is_asked_for_beside_the_look_up(desk: Desk) -> None:
    """Both calls are on their way at once, so that neither makes an agent wait for the other."""
    desk.local.order("genesys", f"*{DEPLOYMENT}*", "latency", seconds=0.3)
    asked = desk.checks()
    assert sorted(asked) == sorted([LOOKUP, HISTORY, DEPLOYMENT])
    assert asked.index(DEPLOYMENT) < asked.index(HISTORY)


def test_a_started_preflight_has_asked_for_the_deployment_already(desk: Desk) -> None:
    desk.preflight.start()
    wait_until(lambda: desk.local.calls("genesys", DEPLOYMENT))
    desk.asked()
    assert desk.checks() == [LOOKUP, HISTORY]


def test_a_start_without_genesys_is_silent_and_made_good_by_the_first_look_up(desk: Desk) -> None:
    desk.local.order("genesys", "*/oauth/token", "status", status=503)
    desk.preflight.start()
    wait_until(lambda: desk.local.calls("genesys", "oauth"))
    desk.local.clear_faults()
    assert desk.preflight.check(JANE, "", False).customer
    assert DEPLOYMENT in desk.asked()


def test_a_deployment_is_asked_for_again_after_minutes(desk: Desk) -> None:
    desk.checks()
    desk.clock.now += DEPLOYMENT_FRESH_SECONDS - 1
    assert DEPLOYMENT not in desk.checks()
    desk.clock.now += 1
    assert DEPLOYMENT in desk.checks()


def test_a_deployment_that_does_not_answer_leaves_the_verdict_open(desk: Desk) -> None:
    desk.local.order("genesys", f"*{DEPLOYMENT}*", "status", status=503)
    assert desk.preflight.check(JANE, "", False).is_away


def test_a_deployment_that_may_not_be_read_is_a_warning(desk: Desk) -> None:
    permission = "webDeployments:deployment:view"
    desk.local.ask("POST", "/control/genesys/settings", missing_permissions=[permission])
    verdict = desk.preflight.check(JANE, "", False)
    assert not verdict.blocks
    assert any(permission in f.sentence for f in verdict.findings if f.rule is Rule.DEPLOYMENT)


def test_a_fresh_verdict_is_enough_to_send_and_its_time_is_told(desk: Desk) -> None:
    before = datetime.now(UTC)
    desk.checks()
    after = datetime.now(UTC)
    desk.clock.now += FRESH_SECONDS - 1
    verdict, checked_at = desk.preflight.check_to_send(JANE, "", False)
    assert verdict.customer and desk.asked() == []
    assert before <= checked_at <= after
    desk.clock.now += 1
    assert HISTORY in desk.checks_to_send()


def test_a_verdict_that_blocks_is_asked_for_anew_before_the_send(desk: Desk) -> None:
    assert desk.preflight.check(OLGA, "", False).blocks
    desk.asked()
    customer = desk.local.customer("olga@example.com")
    desk.local.ask("POST", f"/customers/{customer['id']}/end")
    desk.local.ask("DELETE", "/control/genesys/calls")
    verdict, _ = desk.preflight.check_to_send(OLGA, "", False)
    assert not verdict.blocks
    assert desk.asked() == [HISTORY]


def test_a_verdict_on_another_question_is_not_enough(desk: Desk) -> None:
    desk.checks()
    assert desk.checks_to_send(into_open=True) == [HISTORY]
    assert LOOKUP in desk.checks_to_send(JANES_PHONE)


def test_after_a_send_nothing_older_speaks_for_that_customer(desk: Desk) -> None:
    for identity in (JANE, JANES_PHONE, OLGA):
        desk.checks(identity, into_open=True)
    desk.checks(JANE)
    desk.preflight.note_send(desk.contact_ids())
    assert desk.preflight.recent(JANE, "", False) is None
    assert desk.checks_to_send() == [HISTORY]  # who it is stays known
    assert desk.checks_to_send(JANES_PHONE, into_open=True) == [HISTORY]
    assert desk.checks_to_send(OLGA, into_open=True) == []


def test_a_look_up_during_a_send_does_not_speak_for_the_time_after_it(desk: Desk) -> None:
    desk.checks()
    ids = desk.contact_ids()
    desk.local.order("genesys", f"*{HISTORY}", "slow_answer", seconds=0.4)
    check = threading.Thread(target=desk.preflight.check, args=(JANE, "", False))
    check.start()
    wait_until(lambda: desk.local.calls("genesys", HISTORY))
    desk.preflight.note_send(ids)
    check.join()
    assert desk.preflight.recent(JANE, "", False) is None


def test_a_repeat_customer_is_asked_only_for_its_history(desk: Desk) -> None:
    desk.checks()
    desk.clock.now += FRESH_SECONDS
    assert desk.checks() == [HISTORY]
    desk.clock.now += KNOWN_SECONDS - FRESH_SECONDS
    assert LOOKUP in desk.checks()


def test_a_refused_customer_is_looked_up_completely(desk: Desk) -> None:
    desk.checks()
    desk.preflight.forget(desk.contact_ids())
    assert desk.checks_to_send() == [LOOKUP, HISTORY]


def test_marks_and_verdicts_do_not_pile_up(desk: Desk) -> None:
    for number in range(50):
        desk.preflight.note_send([f"contact-{number}"])
        desk.clock.now += FRESH_SECONDS / 10
    assert len(desk.preflight._sent) <= 10
    desk.checks()
    desk.clock.now += FRESH_SECONDS
    desk.checks(JANES_PHONE)
    assert len(desk.preflight._kept) == 1

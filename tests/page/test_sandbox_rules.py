"""The rules that the sandbox gives its bot."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.rules.address import Identity, IdentityKind
from bot.rules.quiet_hours import is_quiet, zone_of
from bot.rules.rules_file import DEFAULTS, Rules, read_rules
from sandbox.local_genesys.sample_customers import SAMPLE_CUSTOMERS
from sandbox.local_slack.sample_workspace import list_groups
from sandbox.sample_rules import LASTS, write_rules

DAYS = [datetime(2026, 1, 15, tzinfo=UTC), datetime(2026, 7, 15, tzinfo=UTC)]
MINUTE = timedelta(minutes=1)


def rules_at(folder: Path, now: datetime) -> Rules:
    return read_rules(write_rules(folder, now).read_text(encoding="utf-8"))


def test_its_leads_are_the_members_of_the_sample_user_group(tmp_path: Path) -> None:
    leads = rules_at(tmp_path, DAYS[0]).leads
    (group,) = (one for one in list_groups() if one.id in leads.groups)
    assert group.users == ["U0LEO"] and not leads.users


def test_a_link_needs_approval_and_access_is_as_by_default(tmp_path: Path) -> None:
    rules = rules_at(tmp_path, DAYS[0])
    assert rules.content.links == "approve"
    assert rules.access == DEFAULTS.access and rules.approval == DEFAULTS.approval


@pytest.mark.parametrize("day", DAYS, ids=["winter", "summer"])
@pytest.mark.parametrize("hour", range(24))
def test_only_one_customer_has_quiet_hours_whenever_the_sandbox_starts(
    tmp_path: Path, day: datetime, hour: int
) -> None:
    start = day + timedelta(hours=hour, minutes=59, seconds=59)
    rules = rules_at(tmp_path, start)
    numbers = {one.key: one.phone for one in SAMPLE_CUSTOMERS if one.phone}
    for now in (start, start + LASTS / 2, start + LASTS - MINUTE):
        quiet = {
            key
            for key, number in numbers.items()
            if is_quiet(now, zone_of_number(number, rules, now), rules.quiet_hours)
        }
        assert quiet == {"yuki"}, now
        for zone in (rules.timezone, "Europe/London", "America/Los_Angeles"):
            assert not is_quiet(now, zone, rules.quiet_hours), (zone, now)


def zone_of_number(number: str, rules: Rules, now: datetime) -> str:
    return zone_of(Identity(IdentityKind.PHONE, number), rules.timezone, now).name

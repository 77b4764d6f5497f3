"""The doctor says if a digest is wanted but has no channel."""

from pathlib import Path

import pytest

from bot.cli.check_digest import check_digest
from bot.cli.result import Severity
from bot.cli.rules import check_rules
from bot.rules.rules_file import DEFAULTS, read_rules
from bot.settings import Settings, read_settings
from bot.storage.database import Database
from bot.storage.outcome_channels import Choice, OutcomeChannels

from ..conftest import Local

RULES = read_rules('[digest]\nevery = "week"\n')


@pytest.fixture
def settings(local: Local, file: Path, tmp_path: Path) -> Settings:
    environment = local.sandbox.bot_environment(tmp_path)
    environment |= {"PROACTIVE_DATABASE_URL": f"sqlite:///{file}", "PROACTIVE_OUTCOMES_CHANNEL": ""}
    return read_settings(environment)


def test_a_digest_without_a_channel_is_warned_of_until_one_is_chosen(
    settings: Settings, database: Database
) -> None:
    assert list(check_digest(settings, DEFAULTS)) == []
    [found] = check_digest(settings, RULES)
    assert found.severity is Severity.WARNING
    assert "outcomes here all" in found.fix
    OutcomeChannels(database, "").choose(Choice("", "C0NEWS", "U0LEO", "T"))
    [found] = check_digest(settings, RULES)
    assert (found.severity, found.what) == (Severity.OK, "it's posted in the channel C0NEWS")


def test_the_check_of_the_rules_says_that_a_digest_needs_a_channel(tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text('[digest]\nevery = "day"\n')
    status, lines = check_rules(str(file))
    assert status == 0
    assert "outcomes channel" in lines[1]

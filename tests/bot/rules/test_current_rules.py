"""A changed rules file takes effect when it's read again; a wrong one changes nothing."""

import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.rules.current_rules import CurrentRules
from bot.rules.rules_file import DEFAULTS, BadRules

WRONG = '[access]\nusers = ["canary@example.com"]\nguest = true\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "rules.toml"
    file.write_text("[limits]\nper_customer = 1\n")
    return file


def test_without_a_file_the_defaults_are_in_force() -> None:
    current = CurrentRules(None)
    assert current.rules is DEFAULTS
    assert current.reload() == []
    assert current.rules is DEFAULTS


def test_a_change_takes_effect_when_the_file_is_read_again(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    current = CurrentRules(file)
    first = current.rules
    assert first.limits.per_customer == 1
    file.write_text("[limits]\nper_customer = 2\n")
    assert current.rules is first
    assert current.reload() == []
    assert current.rules.limits.per_customer == 2
    assert current.version == current.rules.version != first.version
    assert [record.getMessage() for record in caplog.records] == [
        f"rules in force: version {first.version}",
        f"rules in force: version {current.version}",
    ]


def test_a_wrong_file_keeps_the_old_rules_and_every_mistake_is_logged(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    current = CurrentRules(file)
    before = current.rules
    file.write_text(WRONG)
    found = current.reload()
    assert [problem.line for problem in found] == [2, 3]
    assert current.rules is before
    assert [record.getMessage() for record in caplog.records] == [
        *(f"rules file, line {one.line}: {one.sentence}" for one in found),
        f"the rules file is wrong: version {before.version} stays in force",
    ]
    assert "canary" not in caplog.text


def test_a_file_that_has_gone_keeps_the_old_rules(file: Path) -> None:
    current = CurrentRules(file)
    before = current.rules
    file.unlink()
    (problem,) = current.reload()
    assert "can't be read (No such file or directory): check PROACTIVE_RULES." in problem.sentence
    assert current.rules is before


def test_a_wrong_file_is_refused_at_the_start(file: Path, tmp_path: Path) -> None:
    file.write_text(WRONG)
    with pytest.raises(BadRules):
        CurrentRules(file)
    for unreadable in (tmp_path, tmp_path / "nothing.toml"):
        with pytest.raises(BadRules, match="can't be read"):
            CurrentRules(unreadable)


def test_a_reader_never_sees_half_of_a_change(file: Path) -> None:
    current = CurrentRules(file)
    counts = {}
    for count in (3, 4):
        text = f"[limits]\nper_customer = {count}\nper_agent = {count}\n"
        file.write_text(text)
        current.reload()
        counts[current.version] = count

    def change(count: int) -> None:
        other = file.with_suffix(f".{count}")
        other.write_text(f"[limits]\nper_customer = {count}\nper_agent = {count}\n")
        other.replace(file)
        current.reload()

    with ThreadPoolExecutor(4) as pool:
        changes = [pool.submit(change, 3 + number % 2) for number in range(40)]
        for _ in range(2_000):
            rules = current.rules
            assert rules.limits.per_customer == rules.limits.per_agent == counts[rules.version]
        for one in changes:
            one.exception()

"""A lead checks a rules file before the bot reads it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from bot.cli.rules import check_rules, describe_rules

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "docs" / "rules.example.toml"
WRONG = '[access]\nguest = true\n\n[limits]\nlookups = "many"\n'


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bot", "rules", *words],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_valid_file_is_told_with_its_version() -> None:
    status, (line,) = check_rules(str(EXAMPLE))
    assert status == 0
    assert line.startswith(f"{EXAMPLE}: valid, version ")
    assert len(line.rpartition(" ")[2]) == 12


def test_every_mistake_is_a_line_that_editors_can_follow(tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(WRONG)
    assert check_rules(str(file)) == (
        1,
        [
            f"{file}:2: access.guest isn't a setting: did you mean guests?",
            f"{file}:5: limits.lookups must be a whole number from 0 to 100,000; "
            "0 switches the rule off.",
        ],
    )


@pytest.mark.parametrize("name", ["nothing.toml", "."])
def test_a_file_that_cannot_be_read_is_told_from_one_that_is_wrong(
    tmp_path: Path, name: str
) -> None:
    status, (line,) = check_rules(str(tmp_path / name))
    assert status == 2
    assert "can't be read (" in line


def test_the_command_needs_no_setting_and_says_it_with_its_status(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(WRONG)
    done = run(tmp_path, "check", "rules.toml")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("rules.toml:2: access.guest isn't a setting")
    done = run(tmp_path, "check", "nothing.toml")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "nothing.toml: can't be read (No such file or directory)\n"


def test_the_schema_is_json_that_editors_can_use(tmp_path: Path) -> None:
    done = run(tmp_path, "schema")
    assert (done.returncode, done.stderr) == (0, "")
    schema = json.loads(done.stdout)
    assert done.stdout == describe_rules() + "\n"
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["properties"]["timezone"]["description"].startswith("The organisation's")


@pytest.mark.parametrize("words", [["rules", "schema"], ["manifest"], ["surfaces"]])
def test_whoever_has_seen_enough_of_any_command_may_close_the_pipe(
    words: list[str], tmp_path: Path
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as closed:
        done = subprocess.run(
            [sys.executable, "-m", "bot", *words],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
            stdout=closed,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, "")

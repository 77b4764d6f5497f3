"""The rules file decides as soon as the bot is told to read it again, without a restart."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

from .conftest import Product, find_ports, wait_until
from .test_startup import run_bot

WRONG = '[access]\nguest = true\nusers = ["canary"]\n'


def _hang_up(product: Product) -> None:
    assert product.bot is not None
    os.kill(product.bot.pid, signal.SIGHUP)


def _wait_for_line(product: Product, words: str) -> str:
    def look() -> str:
        lines = (product.folder / "bot.log").read_text().splitlines()
        return next((line for line in lines if words in line), "")

    return wait_until(look, f"the line {words!r}")


def _version(line: str) -> str:
    return line.partition("version ")[2].split()[0]


def test_a_hang_up_makes_the_bot_read_its_rules_again(
    new_product: Callable[..., Product], tmp_path: Path
) -> None:
    file = tmp_path / "rules.toml"
    file.write_text("[limits]\nper_customer = 3\n")
    product = new_product(PROACTIVE_RULES=str(file))
    first = _version(_wait_for_line(product, "rules in force: version"))
    assert first != "defaults"

    file.write_text(WRONG)
    _hang_up(product)
    _wait_for_line(product, "rules file, line 2: access.guest isn't a setting")
    _wait_for_line(product, "rules file, line 3: item 1 of access.users")
    _wait_for_line(product, f"the rules file is wrong: version {first} stays in force")

    file.write_text("[limits]\nper_customer = 4\n")
    _hang_up(product)
    lines = (product.folder / "bot.log").read_text

    def second() -> str:
        versions = [_version(line) for line in lines().splitlines() if "in force: " in line]
        return next((version for version in versions if version != first), "")

    assert len(wait_until(second, "the new version")) == 12
    product.stop()  # it still ends when it's told to, and its log has nothing of the file in it


def test_a_wrong_rules_file_is_refused_at_the_start(product: Product, tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(WRONG)
    settings = {**product.settings, **find_ports(), "PROACTIVE_RULES": str(file)}
    done = run_bot(tmp_path, "run", **settings)
    assert done.returncode == 2
    assert f"{file}:2: access.guest isn't a setting: did you mean guests?" in done.stderr
    assert f"{file}:3: item 1 of access.users" in done.stderr
    assert "Traceback" not in done.stderr
    assert "canary" not in done.stderr

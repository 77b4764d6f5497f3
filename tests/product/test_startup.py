"""Starting the bot, and what it says about a wrong set-up."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Product, find_ports

ROOT = Path(__file__).parents[2]


def run_bot(folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return run_python(folder, "-m", "bot", *words, **settings)


def run_python(folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(ROOT), **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_all_missing_settings_are_named_together_without_a_traceback(tmp_path: Path) -> None:
    done = run_bot(tmp_path, "run")
    assert done.returncode == 2
    for name in (
        "SLACK_BOT_TOKEN",
        "SLACK_SIGNING_SECRET",
        "GENESYS_CLOUD_CLIENT_ID",
        "GENESYS_CLOUD_CLIENT_SECRET",
        "GENESYS_CLOUD_DEPLOYMENT_ID",
    ):
        assert name in done.stderr
    assert "Traceback" not in done.stderr


WRONG = {
    "PORT": ("http", "PORT must be a whole number"),
    "SLACK_BOT_TOKEN": ("xoxp-1", "SLACK_BOT_TOKEN must start with xoxb-"),
    "SLACK_API_URL": ("https://slack.com/api", "SLACK_API_URL must end with /"),
    "GENESYS_CLOUD_REGION": ("mars-1", "GENESYS_CLOUD_REGION isn't one of"),
    "PROACTIVE_DATABASE_URL": ("sqlite://", "must name a file"),
    "PROACTIVE_COMMAND": ("proactive", "PROACTIVE_COMMAND must be a slash"),
}


def test_the_bot_says_how_to_fix_each_wrong_setting(product: Product, tmp_path: Path) -> None:
    wrong = {name: value for name, (value, _) in WRONG.items()}
    done = run_bot(tmp_path, "run", **{**product.settings, **wrong})
    assert done.returncode == 2
    assert [words for _, words in WRONG.values() if words not in done.stderr] == []
    assert done.stderr.count("\n  - ") == len(WRONG)
    assert "Traceback" not in done.stderr


def test_the_bot_says_that_a_file_can_not_be_its_database(product: Product, tmp_path: Path) -> None:
    own = {
        **find_ports(),
        "PROACTIVE_DATABASE_URL": "sqlite:////proc/nowhere/x.sqlite",
    }
    done = run_bot(tmp_path, "run", **{**product.settings, **own})
    assert done.returncode == 2
    assert "can't be used as a database" in done.stderr
    assert "Traceback" not in done.stderr


BROKEN = """
import sys

from bot.__main__ import main
from {module} import {owner}

def fail(*_):
    raise RuntimeError("canary")

{owner}.{method} = fail
sys.argv[1:] = ["run"]
sys.exit(main())
"""


@pytest.mark.parametrize(
    ("module", "owner", "method", "said"),
    [
        ("bot.jobs.queue", "JobQueue", "start", "canary"),
        ("bot.jobs.workers", "Workers", "take_over", "heartbeat: ended by an"),
    ],
)
def test_a_bot_that_an_error_ends_says_so_with_its_exit_status(
    module: str, owner: str, method: str, said: str, product: Product, tmp_path: Path
) -> None:
    """A supervisor that restarts what has failed must see that it has."""
    own = {
        **find_ports(),
        "PROACTIVE_DATABASE_URL": f"sqlite:///{tmp_path}/own.sqlite",
        "PROACTIVE_HEARTBEAT_SECONDS": "1",
    }
    script = BROKEN.format(module=module, owner=owner, method=method)
    done = run_python(tmp_path, "-c", script, **{**product.settings, **own})
    assert done.returncode == 3, done.stderr
    assert said in done.stderr


def test_a_port_in_use_is_reported(product: Product, tmp_path: Path) -> None:
    done = run_bot(tmp_path, "run", **product.settings)
    assert done.returncode == 2
    assert "can't be used" in done.stderr


def test_doctor_confirms_a_good_setup_beside_a_running_bot(
    product: Product, tmp_path: Path
) -> None:
    done = run_bot(tmp_path, "doctor", **product.settings)
    assert done.returncode == 0, done.stdout + done.stderr
    assert not [word for word in ("WARNING", "WRONG") if word in done.stdout]
    assert "ok      Database: " in done.stdout


def test_doctor_names_each_problem(product: Product, tmp_path: Path) -> None:
    wrong = {"SLACK_BOT_TOKEN": "xoxb-wrong", "GENESYS_CLOUD_CLIENT_SECRET": "wrong"}
    done = run_bot(tmp_path, "doctor", **{**product.settings, **wrong})
    assert done.returncode == 2
    assert "invalid_auth" in done.stdout
    assert "WRONG   Genesys Cloud" in done.stdout


def test_the_default_database_is_found_from_any_folder(
    new_product: Callable[..., Product], tmp_path: Path
) -> None:
    new_product(PROACTIVE_DATABASE_URL="", XDG_DATA_HOME=str(tmp_path / "data"))
    assert (tmp_path / "data" / "proactive" / "proactive.sqlite").exists()


def test_the_command_name_can_be_changed(new_product: Callable[..., Product]) -> None:
    product = new_product(PROACTIVE_COMMAND="/notify")
    answer = product.agent().types("help")
    assert answer["ack"]["failure"] == "dispatch_failed"

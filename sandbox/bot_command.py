"""Runs a command of the bot about a sandbox: ``python -m sandbox.bot_command FOLDER audit``.

The running sandbox leaves its bot's settings in its data folder. With them, and with none of this
machine's own, the command can't reach another database or another Slack by mistake.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from sandbox.bot_process import BOT, build_environment

SETTINGS = "settings.json"
_COMMANDS = ("audit --format text", "audit verify", "erase jane@example.com")


def save_settings(settings: Mapping[str, str], folder: Path) -> None:
    """Leave the bot's settings in the data folder, for this user only."""
    file = folder / SETTINGS
    file.touch(mode=0o600)
    file.write_text(json.dumps(settings, indent=2), encoding="utf-8")


def suggest_commands(folder: Path) -> list[str]:
    """Return commands, ready to type, that look into the bot's data or erase a customer."""
    run = shlex.join([sys.executable, "-m", "sandbox.bot_command", str(folder)])
    return [f"{run} {command}" for command in _COMMANDS]


def main(words: Sequence[str]) -> int:
    """Run the command in place of this program; return 2 if the settings aren't there."""
    if len(words) < 2:
        sys.stderr.write("Name the sandbox's data folder and a command of the bot.\n")
        return 2
    file = Path(words[0]) / SETTINGS
    try:
        settings = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        sys.stderr.write(f"{file} can't be read ({error.strerror}): is the sandbox running?\n")
        return 2
    os.execve(sys.executable, [*BOT, *words[1:]], build_environment(settings))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

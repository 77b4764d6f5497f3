"""Starts the sandbox: ``python -m sandbox``.

The stand-ins and the real bot run until Ctrl-C or SIGTERM. If the bot can't start, the sandbox
stops too. If it dies later, the terminal and the page say so, and the page can start it again.
Nothing is kept unless ``--data`` names a folder.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import webbrowser
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from sandbox.bot_command import save_settings, suggest_commands
from sandbox.bot_process import BotFailed, read_manifest
from sandbox.bot_supervisor import BotSupervisor
from sandbox.ports import LOOPBACK, find_free_port
from sandbox.sample_rules import write_rules
from sandbox.server import Sandbox

DEFAULT_PORT = 4321


def main(words: Sequence[str] | None = None) -> int:
    """Run the sandbox until it's told to stop, and return the exit status."""
    options = _parse(words)
    signal.signal(signal.SIGTERM, _stop_on_signal)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs ignore it
    try:
        with ExitStack() as closing:
            _run(options, closing)
    except KeyboardInterrupt:
        print("\nThe sandbox has stopped.")
        return 0
    except BotFailed as failure:
        print(f"{failure}\nThe sandbox has stopped, too.", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"The sandbox can't start: {error}.", file=sys.stderr)
        return 1
    return 0


def _parse(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="Run the real bot between a local Slack and a local Genesys Cloud.",
    )
    parser.add_argument("--port", type=_port, help=f"the page's port (default: {DEFAULT_PORT})")
    parser.add_argument("--socket", action="store_true", help="use Socket Mode instead of HTTP")
    direct = "post cards in the agents' direct messages only (PROACTIVE_SHOW=direct)"
    parser.add_argument("--direct", action="store_true", help=direct)
    language = "of what agents read, as in PROACTIVE_LANGUAGE"
    parser.add_argument("--language", metavar="CODE", help=language)
    parser.add_argument("--no-browser", action="store_true", help="don't open the browser")
    parser.add_argument("--data", type=Path, help="keep the bot's data in this folder")
    return parser.parse_args(words)


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 65_535:
        raise argparse.ArgumentTypeError("must be a number from 1 to 65535")
    return int(text)


def _run(options: argparse.Namespace, closing: ExitStack) -> None:
    """Start the servers and the bot, print the page's address, and report a bot that dies."""
    folder = _data_folder(options.data, closing)
    bot_port = find_free_port()
    manifest = read_manifest("" if options.socket else f"http://{LOOPBACK}:{bot_port}", folder)
    sandbox = Sandbox(
        manifest,
        page_ports=(options.port,) if options.port else (DEFAULT_PORT, 0),
        bot_port=bot_port,
        socket_mode=options.socket,
    )
    sandbox.start()
    closing.callback(sandbox.stop)
    rules = write_rules(folder, datetime.now(UTC))
    settings = {**sandbox.bot_environment(folder), "PROACTIVE_RULES": str(rules)}
    if options.direct:
        settings["PROACTIVE_SHOW"] = "direct"
    if options.language:
        settings["PROACTIVE_LANGUAGE"] = options.language
    save_settings(settings, folder)
    sandbox.bot = bot = BotSupervisor(settings, folder)
    closing.callback(bot.close)
    bot.start().result()
    print(f"The sandbox is ready: {sandbox.page_url}")
    print("Slack is on the left of the page, the customer on the right. Ctrl-C stops everything.")
    print("Look into its data, or erase a customer, with these commands in another terminal:")
    print(*(f"  {command}" for command in suggest_commands(folder)), sep="\n", flush=True)
    if not options.no_browser and _has_display():
        webbrowser.open(sandbox.page_url)
    while True:
        death = bot.wait_for_death(1.0)
        if death is not None:
            print(f"{death}\nThe page is still up and can start it again.", file=sys.stderr)


def _data_folder(wanted: Path | None, closing: ExitStack) -> Path:
    if wanted is not None:
        wanted.mkdir(parents=True, exist_ok=True)
        return wanted.resolve()
    return Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="proactive-sandbox-")))


def _has_display() -> bool:
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _stop_on_signal(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())

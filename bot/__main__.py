"""The bot's commands: ``python -m bot run | sandbox | doctor | manifest | surfaces``.

A bad set-up is answered by one list of everything that's wrong, each with its fix.
"""

from __future__ import annotations

import argparse
import os
import sys

from dotenv import find_dotenv, load_dotenv


def main() -> int:
    """Run one of the bot's commands and return the process's exit status."""
    arguments = _parse(sys.argv[1:])
    load_dotenv(find_dotenv(usecwd=True))
    if arguments.do == "sandbox":
        os.execv(sys.executable, [sys.executable, "-m", "sandbox", *arguments.rest])
    if arguments.do == "manifest":
        return _print_manifest(arguments.command, arguments.url)
    if arguments.do == "surfaces":
        return _print_surfaces()
    return _with_settings(arguments.do)


def _parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="proactive", description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="do", required=True, metavar="command")
    commands.add_parser("run", help="run the bot with the settings of the environment or .env")
    sandbox = commands.add_parser("sandbox", help="try everything on this machine, no account")
    sandbox.add_argument("rest", nargs=argparse.REMAINDER, help="options of the sandbox")
    commands.add_parser("doctor", help="check settings, Slack and Genesys Cloud, and say the fix")
    manifest = commands.add_parser("manifest", help="print the Slack app manifest as YAML")
    manifest.add_argument("--url", default="", help="public address for HTTP; none: Socket Mode")
    manifest.add_argument("--command", default="/proactive", help="the slash command's name")
    commands.add_parser("surfaces", help="print every view and message as JSON lines")
    return parser.parse_args(words)


def _with_settings(do: str) -> int:
    # Imported here so that the other commands start quickly.
    from bot.log import start_logging
    from bot.settings import BadSettings, read_settings

    try:
        settings = read_settings(os.environ)
        os.environ.pop("SLACK_BOT_TOKEN", None)  # Bolt would read it, and warn that we do, too
        start_logging(settings.log_level)
        if do == "doctor":
            from bot.cli.doctor import examine

            return examine(settings)
        from bot.app import run

        run(settings)
    except BadSettings as bad:
        print("The bot cannot start. Please mend this:", file=sys.stderr)
        for problem in bad.problems:
            print(f"  - {problem}", file=sys.stderr)
        print(
            "What each setting means: .env.example; try without any: make sandbox", file=sys.stderr
        )
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _print_manifest(command: str, url: str) -> int:
    from bot.cli.manifest import print_manifest

    print(print_manifest(command, url), end="")
    return 0


def _print_surfaces() -> int:
    from bot.cli.surfaces import print_surfaces

    print_surfaces()
    return 0


if __name__ == "__main__":
    sys.exit(main())

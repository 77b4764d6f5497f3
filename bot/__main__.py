"""The bot's commands: ``python -m bot COMMAND``; ``--help`` lists them.

A bad set-up is answered by one list of everything that's wrong, each with its fix.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.settings import ErasureSettings


def main() -> int:
    """Run one of the bot's commands and return the process's exit status."""
    arguments = _parse(sys.argv[1:])
    try:
        status = _run_command(arguments)
        sys.stdout.flush()  # so that a closed pipe is noticed here
    except BrokenPipeError:
        if arguments.do == "run":  # for a server, that's an error
            raise
        # https://docs.python.org/3/library/signal.html#note-on-sigpipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return status


def _run_command(arguments: argparse.Namespace) -> int:
    if arguments.do == "sandbox":
        os.execv(sys.executable, [sys.executable, "-m", "sandbox", *arguments.rest])
    if arguments.do == "manifest":
        return _print_manifest(arguments.command, arguments.url)
    if arguments.do == "surfaces":
        return _print_surfaces()
    if arguments.do == "rules":
        return _check_rules(arguments.file) if arguments.rules == "check" else _print_schema()
    if arguments.do in ("audit", "erase"):
        return _with_database(arguments)
    return _with_settings(arguments.do, as_json=arguments.do == "doctor" and arguments.json)


def _parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="proactive", description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="do", required=True, metavar="command")
    commands.add_parser("run", help="run the bot with the settings of the environment or .env")
    sandbox = commands.add_parser("sandbox", help="try everything on this machine, no account")
    sandbox.add_argument("rest", nargs=argparse.REMAINDER, help="options of the sandbox")
    doctor = commands.add_parser("doctor", help="check whether the bot can work, and say the fix")
    doctor.add_argument("--json", action="store_true", help="print the findings as JSON")
    manifest = commands.add_parser("manifest", help="print the Slack app manifest as YAML")
    manifest.add_argument("--url", default="", help="public address for HTTP; none: Socket Mode")
    manifest.add_argument("--command", default="/proactive", help="the slash command's name")
    commands.add_parser("surfaces", help="print every view and message as JSON lines")
    _add_rules(commands.add_parser("rules", help="check a rules file, or print its schema"))
    erase = commands.add_parser("erase", help="erase everything about a customer")
    erase.add_argument("address", help="an email address or phone number of the customer")
    _add_audit(commands.add_parser("audit", help="print who did what, or verify the record"))
    return parser.parse_args(words)


def _add_rules(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="rules", required=True, metavar="what")
    check = commands.add_parser("check", help="say what's wrong with a rules file, line by line")
    check.add_argument("file", help="the rules file, such as rules.toml")
    commands.add_parser("schema", help="print the JSON Schema that helps editors")


def _add_audit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--since", default="", metavar="TIME", help="a date or a time, in UTC")
    until = "up to this time, or to the end of this date"
    parser.add_argument("--until", default="", metavar="TIME", help=until)
    parser.add_argument("--customer", default="", metavar="ADDRESS", help="about this customer")
    parser.add_argument("--agent", default="", metavar="USER_ID", help="what this person did")
    formats = ("jsonl", "csv", "text")
    parser.add_argument("--format", choices=formats, default="jsonl", help="text: for people")
    commands = parser.add_subparsers(dest="audit", metavar="[verify]")
    verify = commands.add_parser("verify", help="find what was changed, removed or inserted")
    verify.add_argument("--head", default="", metavar="SEQ:HASH", help="an entry as published")


def _with_database(arguments: argparse.Namespace) -> int:
    # Imported here so that the other commands start quickly.
    from bot.env_file import BadEnvFile, load_env_file
    from bot.settings import BadSettings, read_database_settings, read_erasure_settings

    try:
        load_env_file()
        if arguments.do == "erase":
            return _erase(arguments.address, read_erasure_settings(os.environ))
        settings = read_database_settings(os.environ)
    except BadEnvFile as bad:
        return _refuse([str(bad)], as_json=False)
    except BadSettings as bad:
        return _refuse(bad.problems, as_json=False)
    from bot.cli.audit import run_audit

    return run_audit(arguments, settings)


def _erase(address: str, settings: ErasureSettings) -> int:
    _do_without_home()
    from bot.cli.erase import run_erase
    from bot.log import start_logging

    start_logging("ERROR")  # the report says it all
    return run_erase(address, settings)


def _with_settings(do: str, *, as_json: bool) -> int:
    # Imported here so that the other commands start quickly.
    from bot.env_file import BadEnvFile, load_env_file

    try:
        load_env_file()
    except BadEnvFile as bad:
        return _refuse([str(bad)], as_json=as_json)

    # Imported after that, because aiohttp reads SSL_CERT_FILE once, when it's imported.
    from bot.log import start_logging
    from bot.settings import BadSettings, read_settings

    try:
        settings = read_settings(os.environ)
        _do_without_home()
        os.environ.pop("SLACK_BOT_TOKEN", None)  # Bolt would read it, and warn that we do, too
        start_logging(settings.log_level)
        if do == "doctor":
            from bot.cli.doctor import run_checks

            return run_checks(settings, as_json=as_json)
        from bot.app import run

        run(settings)
    except BadSettings as bad:
        return _refuse(bad.problems, as_json=as_json)
    except KeyboardInterrupt:
        return 130
    return 0


def _do_without_home() -> None:
    """Name a home folder if this user has none: Slack's SDK can't be imported without one."""
    if os.path.expanduser("~") == "~":  # noqa: PTH111 -- a Path would raise
        os.environ.setdefault("HOME", "/nonexistent")


def _refuse(problems: list[str], *, as_json: bool) -> int:
    if as_json:
        _do_without_home()
        from bot.cli.doctor import report_problems

        return report_problems(problems)
    print("The bot can't start. Fix this:", file=sys.stderr)
    for problem in problems:
        print(f"  - {problem}", file=sys.stderr)
    print("What each setting means: .env.example; try without any: make sandbox", file=sys.stderr)
    return 2


def _print_manifest(command: str, url: str) -> int:
    from bot.cli.manifest import manifest_as_yaml

    print(manifest_as_yaml(command, url), end="")
    return 0


def _check_rules(file: str) -> int:
    from bot.cli.rules import check_rules

    status, lines = check_rules(file)
    print("\n".join(lines), file=sys.stderr if status == 2 else sys.stdout)
    return status


def _print_schema() -> int:
    from bot.cli.rules import describe_rules

    print(describe_rules())
    return 0


def _print_surfaces() -> int:
    _do_without_home()
    from bot.cli.surfaces import print_surfaces

    print_surfaces()
    return 0


if __name__ == "__main__":
    sys.exit(main())

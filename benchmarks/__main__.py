"""``python -m benchmarks [NAME …]``: measure, compare with the targets, and report."""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.report import Report
from benchmarks.stage import Run

# Each is a module here with ``measure(run: Run) -> Report``.
NAMES = (
    "ack",
    "send_to_card",
    "submissions",
    "startup",
    "genesys_calls",
    "evidence",
    "home",
    "digest",
    "quota",
    "idle",
    "growth",
    "audit",
    "kills",
    "memory",
)
LONG = ("memory",)  # only by name


def main() -> int:
    """Run the named benchmarks, or all but the long ones; return how many targets were missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure the bot.")
    parser.add_argument("names", nargs="*", choices=[[], *NAMES], metavar="NAME")
    parser.add_argument("--before", type=Path, help="a checkout of an older release, to compare")
    parser.add_argument("--rounds", type=int, default=0, help="instead of each one's own number")
    parser.add_argument("--smoke", action="store_true", help="only see whether they still work")
    parser.add_argument("--out", type=Path, help="a page whose sections the reports replace")
    options = parser.parse_args()
    missed = 0
    with Run(smoke=options.smoke, rounds=options.rounds, before=options.before) as run:
        for name in options.names or [name for name in NAMES if name not in LONG]:
            begun = datetime.now(UTC)
            report = measure(name, run)
            missed += sum(not goal.met for goal in report.goals)
            text = f"{report.as_markdown()}\n_{_describe(begun)}_\n"
            print(text, flush=True)
            if options.out:
                replace_section(options.out, name, text)
    return 0 if options.smoke else missed


def measure(name: str, run: Run) -> Report:
    """Run one benchmark."""
    report: Report = importlib.import_module(f"benchmarks.{name}").measure(run)
    return report


def replace_section(page: Path, name: str, text: str) -> None:
    """Write a report between its marks in a page, or with new marks at the page's end."""
    begin, end = f"<!-- {name}: written by make bench -->", f"<!-- end of {name} -->"
    section = f"{begin}\n{text}{end}"
    written = page.read_text(encoding="utf-8") if page.exists() else ""
    marked = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if marked.search(written):
        written = marked.sub(lambda _: section, written)
    else:
        written += f"\n{section}\n"
    page.write_text(written, encoding="utf-8")


def _describe(begun: datetime) -> str:
    seconds = (datetime.now(UTC) - begun).total_seconds()
    machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    return f"{machine}, {begun:%Y-%m-%d %H:%M} UTC, {seconds:.0f} s"


if __name__ == "__main__":
    sys.exit(main())

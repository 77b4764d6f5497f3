"""``python -m benchmarks [NAME …] [--smoke] [--rounds N] [--out FILE]``: measure and report."""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

# In the order of the goals. Each is a module here with ``measure(smoke: bool, rounds: int)``.
NAMES = (
    "ack",
    "modal",
    "socket_mode",
    "submission",
    "start",
    "weight",
    "send_path",
    "quota",
    "page",
    "rate",
    "engine",
)


def main() -> int:
    """Run the named benchmarks, or all, one after another; return how many goals were missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure the bot.")
    parser.add_argument("names", nargs="*", choices=[[], *NAMES], metavar="NAME")
    parser.add_argument("--smoke", action="store_true", help="small numbers, goals mean nothing")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, help="a file to add the reports to")
    options = parser.parse_args()
    missed = 0
    for name in options.names or NAMES:
        begun = datetime.now(UTC)
        benchmark = importlib.import_module(f"benchmarks.{name}")
        report = benchmark.measure(options.smoke, 1 if options.smoke else options.rounds)
        missed += sum(not goal.met for goal in report.goals)
        seconds = (datetime.now(UTC) - begun).total_seconds()
        text = f"{report.as_markdown()}\n_{_here()}, {begun:%Y-%m-%d %H:%M} UTC, {seconds:.0f} s_\n"
        print(text, flush=True)
        if options.out:
            with options.out.open("a", encoding="utf-8") as out:
                out.write(text + "\n")
    return 0 if options.smoke else missed


def _here() -> str:
    return f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"


if __name__ == "__main__":
    sys.exit(main())

"""Count how many small mistakes the fast tests notice.

``python -m tests.mutate --modules 'genesys/*' --sample 15 --seed 1 --workers 2 --out FILE``
"""

from __future__ import annotations

import argparse
import queue
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

from tests.mutate.checkout import Baseline, BrokenTests, Checkout
from tests.mutate.equivalents import Entry, Equivalents
from tests.mutate.mutants import Change, Mutant, apply, find_mutants, locate, shuffle
from tests.test_architecture import PURE

ROOT = Path(__file__).resolve().parents[2]
EQUIVALENT = Path(__file__).with_name("equivalent.txt")
# Percent to be caught; the first pattern counts. Modules that aren't named have no goal.
GOALS = {
    "genesys/*": 90,
    **{f"bot/{name}.py": 90 for name in PURE},
    "bot/delivery/*": 85,
    "bot/cards/publish.py": 85,
    "bot/slack/forms/*": 85,
    "bot/slack/buttons/*": 85,
}


Samples = dict[str, list[tuple[Mutant, Change]]]


@dataclass
class Result:
    """What became of the sample of one module."""

    module: str
    tried: int = 0
    equivalent: int = 0
    survivors: list[tuple[Mutant, Change]] = field(default_factory=list)

    @property
    def caught(self) -> int:
        return self.tried - len(self.survivors)

    @property
    def goal(self) -> int | None:
        return next((goal for name, goal in GOALS.items() if fnmatch(self.module, name)), None)


def find_judges(module: str, root: Path) -> list[str]:
    """Return the tests that judge a module: its package's folder, or the files on its level."""
    parts = Path(module).parts
    if parts[0] == "bot" and len(parts) == 2:
        return sorted(str(file.relative_to(root)) for file in root.glob("tests/bot/test_*.py"))
    return [str(Path("tests", *(parts[:2] if parts[0] == "bot" else parts[:1])))]


def sample(
    module: str, source: str, seed: int, size: int, known: Equivalents
) -> tuple[list[tuple[Mutant, Change]], int]:
    """Pick mutants of a module, and count the known equivalents that were passed over."""
    picked: list[tuple[Mutant, Change]] = []
    equivalent = 0
    for mutant in shuffle(find_mutants(module, source), seed):
        if len(picked) == size:
            break
        change = apply(mutant, source)
        if change and known.match(mutant, change):
            equivalent += 1
        elif change:
            picked.append((mutant, change))
    return picked, equivalent


def unused_entries(module: str, source: str, known: Equivalents) -> set[Entry]:
    """Return the entries of the list that match no mutant any more."""
    entries = known.of(module)
    operators = {operator for _, operator, _ in entries}
    used: set[Entry] = set()
    for mutant in find_mutants(module, source):
        if mutant.operator in operators and (change := apply(mutant, source)):
            used |= known.match(mutant, change)
    return entries - used


class Trial:
    """Tries the mutants of some modules in copies of the checkout."""

    def __init__(self, folder: Path, workers: int) -> None:
        first = Checkout(folder / "0")
        first.root.mkdir(parents=True)
        first.copy_from(ROOT)
        self._folder, self._workers = folder, workers
        self._first = first
        self._free: queue.Queue[Checkout] = queue.Queue()
        self._baselines: dict[str, Baseline] = {}

    def modules(self, patterns: list[str]) -> list[str]:
        root = self._first.root
        names = (
            str(file.relative_to(root))
            for package in ("bot", "genesys")
            for file in sorted((root / package).rglob("*.py"))
        )
        return [name for name in names if any(fnmatch(name, each) for each in patterns)]

    def read(self, module: str) -> str:
        return self._first.read(module)

    def prepare(self, modules: list[str]) -> list[str]:
        """Run the tests without a mutant, and return the modules whose tests pass."""
        sets = {module: find_judges(module, self._first.root) for module in modules}
        broken = set()
        for tests in {" ".join(tests): tests for tests in sets.values()}.values():
            begun = time.monotonic()
            try:
                baseline = self._first.measure(tests)
            except BrokenTests as error:
                _say(f"{tests[0]} … fails without a mutant:\n{error}")
                broken.add(tests[0])
                continue
            _say(f"{tests[0]}: {len(baseline.seconds)} tests, {time.monotonic() - begun:.0f} s")
            self._baselines |= {name: baseline for name, own in sets.items() if own == tests}
        self._free.put(self._first)
        for number in range(1, self._workers):
            self._free.put(self._first.copy_to(self._folder / str(number)))
        return [module for module in modules if module in self._baselines]

    def survives(self, mutant: Mutant, change: Change) -> bool:
        baseline = self._baselines[mutant.module]
        checkout = self._free.get()
        try:
            begun = time.monotonic()
            place = locate(mutant, checkout.read(mutant.module))
            tests = baseline.tests_for(mutant.module, place)
            caught_by = checkout.catch(mutant, change, tests)
        finally:
            self._free.put(checkout)
        took = time.monotonic() - begun
        fate = f"caught by {caught_by}" if caught_by else "SURVIVED"
        _say(f"{describe(mutant, change)}  {fate}, {took:.0f} s, {len(tests)} tests")
        return not caught_by


def describe(mutant: Mutant, change: Change) -> str:
    return f"{mutant.module}:{change.line} {mutant.operator}: `{change.before}` -> `{change.after}`"


def report(results: list[Result], options: argparse.Namespace) -> str:
    """Write the results as Markdown."""
    lines = [
        f"Up to {options.sample} mutants of each module, seed {options.seed}.",
        "",
        "| module | mutants | caught | percent | goal | equivalent |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for result in results:
        lines.append(
            f"| {result.module} | {result.tried} | {result.caught} | "
            f"{_percent(result.caught, result.tried)} | {result.goal or ''} | "
            f"{result.equivalent or ''} |"
        )
    tried, caught = sum(r.tried for r in results), sum(r.caught for r in results)
    equivalent = sum(result.equivalent for result in results)
    lines += [f"| all | {tried} | {caught} | {_percent(caught, tried)} | | {equivalent or ''} |"]
    survivors = [survivor for result in results for survivor in result.survivors]
    if survivors:
        lines += ["", "Not caught:", ""]
        lines += [f"- {describe(*survivor)}" for survivor in survivors]
    return "\n".join(lines) + "\n"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else ""


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make mutate", description=__doc__)
    parser.add_argument("--sample", type=int, default=15, help="mutants of each module")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--modules", nargs="+", default=["*"], help="such as 'bot/rules/*'")
    parser.add_argument("--workers", type=int, default=1, help="one copy of the checkout each")
    parser.add_argument("--out", type=Path, help="write the table here too")
    return parser.parse_args()


def main() -> int:
    options = _arguments()
    known = Equivalents.read(EQUIVALENT)
    with tempfile.TemporaryDirectory(prefix="mutate-") as folder:
        Path(folder).chmod(0o755)
        trial = Trial(Path(folder), options.workers)
        results = {name: Result(name) for name in trial.modules(options.modules)}
        samples: Samples = {}
        for module, result in results.items():
            source = trial.read(module)
            for entry in unused_entries(module, source, known):
                _say(f"{EQUIVALENT.name}: no mutant like this: {':'.join(entry)}")
            picked, result.equivalent = sample(module, source, options.seed, options.sample, known)
            samples[module] = picked
        ready = trial.prepare([module for module, picked in samples.items() if picked])
        judge(trial, [results[module] for module in ready], samples, options.workers)
    text = report([result for result in results.values() if result.tried], options)
    print(text)
    if options.out:
        options.out.write_text(text)
    return 0 if len(ready) == sum(map(bool, samples.values())) else 1


def judge(trial: Trial, results: list[Result], samples: Samples, workers: int) -> None:
    """Try the samples and write down what survives."""
    with ThreadPoolExecutor(workers) as pool:
        try:
            tries = [
                (result, pool.submit(trial.survives, *each), each)
                for result in results
                for each in samples[result.module]
            ]
            for result, survived, each in tries:
                result.survivors += [each] if survived.result() else []
                result.tried += 1
        finally:  # Ctrl-C ends it after the mutants in hand
            pool.shutdown(cancel_futures=True)


if __name__ == "__main__":
    sys.exit(main())

"""Run tests in a copy of the checkout, with a mutant in it. The working tree isn't touched."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.mutate.mutants import Change, Mutant, Place

_LONGEST_BASELINE = 900.0
# A test counts as hung after this time and so many times what it took without a mutant; a run too.
_PATIENCE = 15.0
_SLOWER = 5.0
_END_WHEN_HUNG = ("-o", "faulthandler_exit_on_timeout=true", "-o")
_NO_TESTS = 5  # pytest's exit code


class BrokenTests(Exception):
    """The tests fail without any mutant, so they can't judge one."""


@dataclass(frozen=True)
class Baseline:
    """What the tests of a folder did without a mutant: how long each took, and what it ran."""

    seconds: dict[str, float]
    lines: dict[str, dict[int, list[str]]]

    def tests_for(self, module: str, place: Place) -> dict[str, float]:
        """Return the tests that can notice a change, the likely ones first, and their seconds.

        That's those that run the mutant and those in the module's own file, which may run it in
        another process; all, if it runs on import or if no test was seen to run it.
        """
        lines = self.lines.get(module, {})
        near = {test for line in place.lines for test in lines.get(line, ())}
        knows = near or {test for tests in lines.values() for test in tests}
        own = f"/test_{Path(module).stem}"

        def rank(test: str) -> tuple[bool, bool, float]:
            return (test not in knows, own not in test, self.seconds[test])

        needed = set(self.seconds)
        if near and not place.on_import:
            needed = near | {test for test in needed if own in test}
        return {test: self.seconds[test] for test in sorted(needed, key=rank)}


class Checkout:
    """One copy, for one worker. The bytecode lies in a folder that they share."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "checkout"
        self._bytecode = folder.parent / "bytecode"
        self._temporary = folder / "tmp"
        self._list = folder / "tests.json"
        self._notes = folder / "notes.json"

    def copy_from(self, tree: Path) -> None:
        """Copy what git knows or would add."""
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
            cwd=tree,
            capture_output=True,
            text=True,
            check=True,
        )
        for name in set(filter(None, listed.stdout.split("\0"))):
            if (tree / name).is_file() and not name.startswith(".venv"):
                target = self.root / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(tree / name, target)
        self.root.parent.chmod(0o755)  # PostgreSQL's user reaches its data below

    def copy_to(self, folder: Path) -> Checkout:
        """Make another copy, bytecode included."""
        other = Checkout(folder)
        shutil.copytree(self.root, other.root)
        shutil.copytree(self._compiled(self.root), self._compiled(other.root))
        folder.chmod(0o755)
        return other

    def read(self, module: str) -> str:
        return (self.root / module).read_text()

    def measure(self, tests: list[str]) -> Baseline:
        """Run tests without a mutant. Raise BrokenTests if one fails."""
        environment = {"MUTATE_NOTES": str(self._notes), "PYTHONDONTWRITEBYTECODE": ""}
        code, output = self._run(tests, environment, _LONGEST_BASELINE)
        if code != 0:
            raise BrokenTests(output[-4000:])
        notes = json.loads(self._notes.read_text())
        lines = {
            module: {int(line): tests for line, tests in found.items()}
            for module, found in notes["lines"].items()
        }
        return Baseline(notes["seconds"], lines)

    def catch(self, mutant: Mutant, change: Change, tests: dict[str, float]) -> str:
        """Run tests, which took so many seconds, over a mutant; return who noticed it, or ""."""
        module = self.root / mutant.module
        original = module.read_text()
        # A change within the same second and of the same length would load the old bytecode.
        for stale in self._compiled(module.parent).glob(f"{module.stem}.*.pyc"):
            stale.unlink()
        self._list.write_text(json.dumps(list(tests)))
        environment = {"MUTATE_TESTS": str(self._list), "PYTHONDONTWRITEBYTECODE": "1"}
        files = list(dict.fromkeys(test.split("::")[0] for test in tests))
        longest = _PATIENCE + _SLOWER * max(tests.values())
        module.write_text(change.source)
        try:
            code, output = self._run(
                [*_END_WHEN_HUNG, f"faulthandler_timeout={longest}", *files],
                environment,
                _PATIENCE + _SLOWER * sum(tests.values()),
            )
        finally:
            module.write_text(original)
        if code == _NO_TESTS:
            raise BrokenTests(output[-4000:])
        failed = re.search(r"^(?:FAILED|ERROR) (?:.*/)?(.+?)(?: - .*)?$", output, re.MULTILINE)
        return "" if code == 0 else failed[1] if failed else "a timeout"

    def _environment(self) -> dict[str, str]:
        return {
            "PYTHONPATH": str(self.root),
            "PYTHONPYCACHEPREFIX": str(self._bytecode),
            "TMPDIR": str(self._temporary),
        }

    def _compiled(self, path: Path) -> Path:
        return self._bytecode / path.relative_to(path.anchor)

    def _run(self, tests: list[str], more: dict[str, str], timeout: float) -> tuple[int, str]:
        shutil.rmtree(self._temporary, ignore_errors=True)
        self._temporary.mkdir()
        self._temporary.chmod(0o755)
        options = ("-x", "-q", "-n", "0", "-m", "not slow", "-p", "no:cacheprovider")
        plugin = ("-p", "tests.mutate.pick_tests", "--hypothesis-seed=0")
        with (self._temporary / "output").open("w+") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "pytest", *options, *plugin, *tests],
                cwd=self.root,
                env=os.environ | self._environment() | more,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            try:
                code = process.wait(timeout)
            except subprocess.TimeoutExpired:
                code = -signal.SIGKILL
            finally:  # what the tests started ends with them
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            output.seek(0)
            return code, output.read()

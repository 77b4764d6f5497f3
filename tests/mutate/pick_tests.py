"""A pytest plugin: note which test runs which line, or run only the tests that a file lists.

``MUTATE_NOTES`` names the JSON file to write: ``{"seconds": {test: s}, "lines": {module: {line:
[tests]}}}``. ``MUTATE_TESTS`` names the JSON list of the tests to run, in that order.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import coverage
import pytest

_NOTES = os.environ.get("MUTATE_NOTES", "")
_TESTS = os.environ.get("MUTATE_TESTS", "")


class _Notes:
    def __init__(self, file: str) -> None:
        self._file = Path(file)
        self._seconds: dict[str, float] = {}
        self._coverage = coverage.Coverage(
            data_file=None, config_file=False, include=["bot/*", "genesys/*"]
        )
        self._coverage.start()  # before the first import of the bot

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self._coverage.switch_context(item.nodeid)
        result = yield
        self._coverage.switch_context("")
        return result

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        before = self._seconds.get(report.nodeid, 0.0)
        self._seconds[report.nodeid] = before + report.duration

    def pytest_sessionfinish(self) -> None:
        self._coverage.stop()
        data = self._coverage.get_data()
        lines = {
            str(Path(file).relative_to(Path.cwd())): {
                line: [test for test in tests if test]
                for line, tests in data.contexts_by_lineno(file).items()
            }
            for file in data.measured_files()
        }
        self._file.write_text(json.dumps({"seconds": self._seconds, "lines": lines}))


class _Picked:
    def __init__(self, file: str) -> None:
        self._place = {test: place for place, test in enumerate(json.loads(Path(file).read_text()))}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        others = [item for item in items if item.nodeid not in self._place]
        config.hook.pytest_deselected(items=others)
        picked = [item for item in items if item.nodeid in self._place]
        items[:] = sorted(picked, key=lambda item: self._place[item.nodeid])


def pytest_configure(config: pytest.Config) -> None:
    if _TESTS:
        config.pluginmanager.register(_Picked(_TESTS))


def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    if _NOTES:
        early_config.pluginmanager.register(_Notes(_NOTES))

"""Every benchmark still runs: with small numbers, and no judgement on time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.__main__ import NAMES, measure, replace_section
from benchmarks.baseline import has_node
from benchmarks.stage import Run


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    with Run(smoke=True) as run:
        yield run


# Each takes ten seconds or so, for a program that changes seldom.
SLOW = ("ack", "startup", "kills", "quota")


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in NAMES],
)
def test_a_benchmark_measures_what_it_names(name: str, run: Run) -> None:
    report = measure(name, run)
    assert report.rows, "no figures"
    assert all(len(row) == len(report.columns) for row in report.rows)
    assert all(cell.strip() for row in report.rows for cell in row)
    assert report.goals or (name == "ack" and not has_node()), "no target is judged"


def test_a_report_replaces_its_own_section_of_a_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Benchmarks\n")
    replace_section(page, "ack", "slow\n")
    replace_section(page, "idle", "little\n")
    replace_section(page, "ack", "fast\n")
    text = page.read_text()
    assert text.startswith("# Benchmarks\n")
    assert "slow" not in text
    assert text.index("fast") < text.index("little")

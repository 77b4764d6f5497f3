"""Every benchmark still runs: with small numbers, and without a judgement on time."""

from __future__ import annotations

import importlib

import pytest

from benchmarks.__main__ import NAMES
from benchmarks.report import Report


@pytest.mark.parametrize("name", NAMES)
def test_a_benchmark_measures_what_it_names(name: str) -> None:
    benchmark = importlib.import_module(f"benchmarks.{name}")
    report: Report = benchmark.measure(smoke=True, rounds=1)
    assert report.rows, "no figures"
    assert all(len(row) == len(report.columns) for row in report.rows)
    assert report.goals, "no goal"
    assert all(cell.strip() for row in report.rows for cell in row)

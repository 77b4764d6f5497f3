"""A very short soak. `make soak` runs a long one; docs/soak.md has the results."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash.soak import soak


@pytest.mark.parametrize(
    ("kind", "processes"),
    [("sqlite", 1), pytest.param("postgresql", 2, marks=pytest.mark.slow)],
)
def test_random_kills_and_faults_lose_nothing_and_send_nothing_twice(
    tmp_path: Path, request: pytest.FixtureRequest, kind: str, processes: int
) -> None:
    url = str(request.getfixturevalue(kind)) if kind == "postgresql" else ""
    results = soak(
        tmp_path, requests=12, kills=3, processes=processes, database_url=url, seed=processes
    )
    assert results["kills"] == 3
    assert results["ended by themselves"] == 0
    assert (results["duplicates"], results["lost"]) == (0, 0)

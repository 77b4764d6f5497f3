"""What an old release left behind, a new one finishes."""

from __future__ import annotations

from pathlib import Path

from tests.crash.team import Team
from tests.product.conftest import CANARY, wait_for


def test_a_new_release_finishes_what_the_old_one_left_behind(tmp_path: Path) -> None:
    team = Team(tmp_path)
    try:
        team.start_bot(0, point="before look-up")
        assert team.ask("jane@example.com", f"{CANARY} from the old one")
        wait_for(lambda: not team.living() or None, "the kill")
        team.settings["OTHER_RELEASE"] = "yes"
        team.start_bot(0)
        team.settle()
        assert team.inbox("Jane Doe") == [f"{CANARY} from the old one"]
    finally:
        team.close()

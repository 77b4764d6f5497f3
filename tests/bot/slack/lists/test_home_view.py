"""What a Home tab's buttons and metadata mean, also when somebody has made them up."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from bot.slack.lists.home import ALL_WELL, NO_GENESYS, say_health
from bot.slack.lists.home_view import (
    HomeContent,
    HomeState,
    build_home,
    read_state,
)
from bot.slack.lists.request_rows import Reader, Rows
from bot.storage.facts import ByWhom
from bot.storage.my_requests import MOST_COUNTED, Filter

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize("which", Filter)
@pytest.mark.parametrize("is_team", [False, True])
def test_a_state_is_read_as_it_was_written(which: Filter, is_team: bool) -> None:
    state = HomeState(which, 17, is_team)
    assert read_state(state.write()) == state


@pytest.mark.parametrize(
    "written",
    ["", "x", "open", "open:", "open:-1:mine", "open:1e3:mine", "open:99999:mine", "::", "list"],
)
def test_anything_else_is_the_state_in_which_it_opens(written: str) -> None:
    assert read_state(written) == HomeState()


def test_a_button_says_how_many_there_are_as_far_as_they_are_counted() -> None:
    counts = {Filter.ATTENTION: 2, Filter.PLANNED: MOST_COUNTED + 1}
    content = HomeContent(
        HomeState(), Reader("U0ADA"), Rows(), False, counts, health=ALL_WELL, updated_at=NOW
    )
    shown = json.dumps(build_home(content))
    assert "Needs attention (2)" in shown and f"Planned ({MOST_COUNTED}+)" in shown
    assert "Next" not in shown and "Previous" not in shown and "Show team" not in shown


def test_the_line_about_the_bot_says_first_that_sending_is_paused() -> None:
    leo = ByWhom("U0LEO", "Leo", NOW, "")
    assert say_health("no answer", leo) == "⏸ Leo paused all sending."
    assert say_health("no answer", None) == NO_GENESYS
    assert say_health("ok", None) == ALL_WELL

"""Clicks on cards during a soak: late ones, doubled ones, and those of people who decide."""

from __future__ import annotations

import random

from bot.cards.card import CANCEL, CHECK_AGAIN, SEND_ANYWAY
from bot.request import State
from tests.crash.team import Team
from tests.product.conftest import SUPPORT

_RECENT = 12  # requests among which an undo may still come in time


class Clicks:
    """Clicks on what a card shows or did show a moment ago."""

    def __init__(self, team: Team, dice: random.Random) -> None:
        self._team = team
        self._dice = dice
        self.clicked = 0

    def click(self) -> None:
        """Decide about an uncertain request if there is one, else undo a recent one."""
        rows = [row for row in self._team.books().rows if row.card_ts]
        uncertain = [row for row in rows if row.state == State.UNCERTAIN]
        if uncertain:
            row = self._dice.choice(uncertain)
            action = self._dice.choice((CHECK_AGAIN, SEND_ANYWAY))
        elif rows:
            rows.sort(key=lambda row: float(row.created_at))
            row, action = self._dice.choice(rows[-_RECENT:]), CANCEL
        else:
            return
        if action == SEND_ANYWAY:
            self._team.asked.sent_anyway[row.request_id] += 1
        self._press(row.card_ts, row.request_id, action)
        if self._dice.random() < 0.5:  # a double click
            self._team.post("/control/slack/redeliver", count=2, at_once=True)
            self.clicked += 2

    def _press(self, ts: str, request_id: str, action: str) -> None:
        button = {
            "type": "button",
            "action_id": action,
            "text": {"type": "plain_text", "text": action},
            "value": request_id,
        }
        self._team.post(
            "/people/actions",
            user="U0LEO",  # who asked for it, or a lead
            channel=SUPPORT,
            ts=ts,
            block_id="decide",
            action_id=action,
            element={"type": "button"},
            stale_block={"type": "actions", "block_id": "decide", "elements": [button]},
        )
        self.clicked += 1

"""Clicks on cards during a soak: late ones, double ones, and decisions about uncertain sends."""

from __future__ import annotations

import random
from typing import Any

from bot.cards.card_buttons import CANCEL, CHECK_AGAIN, SEND_ANYWAY
from bot.state import State
from tests.crash.cluster import Cluster
from tests.product.conftest import SUPPORT

_RECENT = 12  # how many of the newest requests may still be in time for an undo


class Clicks:
    """Clicks on what a card shows, or showed a moment ago."""

    def __init__(self, cluster: Cluster, rng: random.Random) -> None:
        self._cluster = cluster
        self._rng = rng
        self.clicked = 0

    def click(self) -> None:
        """Decide about an uncertain request if there is one, else undo a recent one."""
        rows = [row for row in self._cluster.read_records().rows if row.card_ts]
        uncertain = [row for row in rows if row.state == State.UNCERTAIN]
        if uncertain:
            row = self._rng.choice(uncertain)
            action = self._rng.choice((CHECK_AGAIN, SEND_ANYWAY))
        elif rows:
            rows.sort(key=lambda row: float(row.created_at))
            row, action = self._rng.choice(rows[-_RECENT:]), CANCEL
        else:
            return
        if action == SEND_ANYWAY:
            self._cluster.submitted.sent_anyway[row.request_id] += 1
        press(self._cluster, row, action)
        self.clicked += 1
        if self._rng.random() < 0.5:  # a double click
            self._cluster.post("/control/slack/redeliver", count=2, at_once=True)
            self.clicked += 2


def press(cluster: Cluster, row: Any, action: str) -> None:
    """Press a button as the card of this row has it, or had it a moment ago."""
    button = {
        "type": "button",
        "action_id": action,
        "text": {"type": "plain_text", "text": action},
        "value": f"{row.request_id}:{row.decisions}",
    }
    cluster.post(
        "/people/actions",
        user="U0LEO",  # the agent who asked, or a lead
        channel=SUPPORT,
        ts=row.card_ts,
        block_id="decide",
        action_id=action,
        element={"type": "button"},
        stale_block={"type": "actions", "block_id": "decide", "elements": [button]},
    )

"""Several bots on one database between the two stand-ins, to be killed and judged.

`Team` starts, kills and replaces bots and plays the agents; `judge` compares what was asked for
with what Genesys and Slack have in the end.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any
from unittest.mock import patch

import sqlalchemy as sa

from bot.request import WATCHED, State
from bot.tables import history, open_database, postings, requests
from sandbox import bot_process
from sandbox.bot_process import BotFailed, BotProcess
from sandbox.server import find_free_port
from tests.product.conftest import CANARY, SUPPORT, Agent, Product, wait_for, words_of

Json = dict[str, Any]
DYING_BOT = (sys.executable, "-m", "tests.crash.dying_bot")
SETTLED = WATCHED | {
    State.REFUSED,
    State.FAILED,
    State.UNCERTAIN,
    State.REPLIED,
    State.EXPIRED,
    State.CANCELLED,
}


class Team(Product):
    """A product with ``count`` bots; the first is Slack's until it is dead."""

    def __init__(
        self, folder: Path, *, count: int = 1, database_url: str = "", **more: str
    ) -> None:
        settings = {"PROACTIVE_DATABASE_URL": database_url} if database_url else {}
        super().__init__(folder, LOG_LEVEL="INFO", **settings, **more)
        self.bots: list[BotProcess | None] = [None] * count
        self.ports = [self.sandbox.bot_port, *(find_free_port() for _ in range(count - 1))]
        self.asked: dict[str, str] = {}  # message text -> request id, once acknowledged

    def start_bot(self, number: int, *, point: str = "", hit: int = 1) -> None:
        """Start one bot, which kills itself at the ``hit``-th time that it reaches ``point``."""
        folder = self.folder / f"bot{number}"
        folder.mkdir(exist_ok=True)
        settings = {**self.settings, "PORT": str(self.ports[number])}
        settings |= {"CRASH_POINT": point, "CRASH_HIT": str(hit)} if point else {}
        with patch.object(bot_process, "BOT", DYING_BOT):
            bot = BotProcess(settings, folder, keep_log=True)
        self.bots[number] = bot
        try:
            bot.wait_until_ready()
        except BotFailed:
            self.bots[number] = None
            if not point:  # one that is to die may die of what an earlier one left behind
                raise
        self.route()

    def kill_bot(self, number: int) -> None:
        bot = self.bots[number]
        if bot is not None:
            bot.kill()
        self.bots[number] = None
        self.route()

    def living(self) -> list[int]:
        """Return the numbers of the bots that run, forgetting those that have died."""
        for number, bot in enumerate(self.bots):
            try:
                if bot is not None:
                    bot.check()
            except BotFailed:
                self.bots[number] = None
        return [number for number, bot in enumerate(self.bots) if bot is not None]

    def route(self, number: int | None = None) -> None:
        """Let Slack speak to this bot, or to the first that lives."""
        alive = self.living()
        if alive:
            port = self.ports[alive[0] if number is None else number]
            url = f"http://127.0.0.1:{port}/slack/events"
            self.post("/control/slack/settings", events_url=url)

    def ask(self, address: str, text: str) -> bool:
        """Ask for a message as an agent does; tell whether Slack got the acknowledgement."""
        agent = Agent(self, "U0ADA", SUPPORT)
        self._close_modals(agent)
        agent.types(f"{address} {text}")
        try:
            view = wait_for(agent.view, "the modal", 5)
        except AssertionError:
            return False  # the bot died before it could open one: nothing was asked for
        done = self.post(
            f"/people/views/{view['id']}/submit", user=agent.user, values=agent.fills()
        )
        if done["result"] == "closed":
            self.asked[text] = view["id"]
        return bool(done["result"] == "closed")

    def _close_modals(self, agent: Agent) -> None:
        while (view := agent.view()) is not None:
            self.post(f"/people/views/{view['id']}/close", user=agent.user)

    def database(self) -> sa.Engine:
        return open_database(self.settings["PROACTIVE_DATABASE_URL"])

    def settle(self, patience: float = 60.0) -> None:
        """Wait until every request is final or uncertain, or watched, and Slack shows it."""
        engine = self.database()

        def settled() -> bool:
            with engine.connect() as connection:
                rows = connection.execute(sa.select(requests)).all()
                unposted = connection.execute(
                    sa.select(sa.func.count()).where(history.c.posted_ts == "")
                ).scalar_one()
                doubtful = connection.execute(
                    sa.select(sa.func.count()).select_from(postings)
                ).scalar_one()
            states = {row.request_id: (row.state, row.card_state) for row in rows}
            lost = set(self.asked.values()) - set(states)
            assert not lost, f"acknowledged and lost: {lost}"
            self.left = Counter(state for state, _ in states.values())
            self.left.update({"unposted": unposted, "doubtful": doubtful})
            shown = all(state == card for state, card in states.values())
            return shown and not unposted and all(State(s) in SETTLED for s, _ in states.values())

        try:
            wait_for(settled, "every request to settle", patience)
        except AssertionError:
            raise AssertionError(f"not settled: {dict(self.left)}") from None
        finally:
            engine.dispose()

    def judge(self) -> Counter[str]:
        """Check every promise over all that was asked for; return how many stand in each state."""
        got: Counter[str] = Counter()
        for customer in self.get("/customers")["customers"]:
            for conversation in customer["conversations"]:
                got.update(
                    message["text"]
                    for message in conversation["messages"]
                    if message["direction"] == "outbound" and CANARY in message["text"]
                )
        twice = {text: times for text, times in got.items() if times > 1}
        assert not twice, f"sent more than once: {twice}"
        engine = self.database()
        with engine.connect() as connection:
            rows = connection.execute(sa.select(requests)).all()
            lines = Counter(
                row.request_id
                for row in connection.execute(sa.select(history))
                if row.posted_ts not in ("", "-")
            )
        engine.dispose()
        messages = [m for m in self.get(f"/people/channels/{SUPPORT}/messages")["messages"]]
        for row in rows:
            sent = row.state in {*WATCHED, State.REPLIED}
            assert got[row.text] == (1 if sent else got[row.text]), f"{row.state} but not sent"
            if row.state in (State.REFUSED, State.EXPIRED, State.CANCELLED):
                assert not got[row.text], f"{row.state} but sent"
            cards = [
                m
                for m in messages
                if m["is_bot"]
                and m["thread_ts"] is None
                and row.text in words_of(m["blocks"] or [])
            ]
            assert [card["ts"] for card in cards] == [row.card_ts], f"cards: {len(cards)}"
            replies = [m for m in messages if m["thread_ts"] == row.card_ts]
            assert len(replies) == lines[row.request_id], "thread lines repeated or lost"
        return Counter(row.state for row in rows)

    def close(self) -> None:
        for bot in self.bots:
            if bot is not None:
                bot.stop()
        for log in self.folder.glob("bot*/bot.log"):
            self.scan(log.read_text())
        super().close()

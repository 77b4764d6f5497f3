"""Several bots on one database between the two stand-ins, to be killed and judged.

`Team` starts, kills and replaces bots and plays the agents; what became of it all `judge` finds.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.storage.database import Database
from bot.storage.tables import requests
from sandbox.server import find_free_port
from tests.crash.judge import (
    SENT,
    Asked,
    Books,
    describe,
    find_faults,
    gather,
    look_at_genesys,
    read_books,
)
from tests.crash.nursery import Bot, BotEnded, Nursery
from tests.product.conftest import OUTCOMES, SUPPORT, Agent, Product, wait_for

Json = dict[str, Any]
HASTEN_EVERY = 3.0
MODAL_SECONDS = 4.0  # Slack lets it open for three


class Team(Product):
    """A product with ``count`` bots; the first is Slack's until it is dead."""

    def __init__(
        self, folder: Path, *, count: int = 1, database_url: str = "", **more: str
    ) -> None:
        settings = {"PROACTIVE_DATABASE_URL": database_url} if database_url else {}
        self.nursery = Nursery()  # reads the modules while the rest starts
        super().__init__(folder, LOG_LEVEL="INFO", **settings, **more)
        self.bots: list[Bot | None] = [None] * count
        self.ports = [self.sandbox.bot_port, *(find_free_port() for _ in range(count - 1))]
        self.asked = Asked()
        # A member, so that it can read back what it may have posted there.
        self.post("/people/commands", channel=OUTCOMES, command="/invite", text="@proactive")

    def launch_bot(self, number: int, *, point: str = "", hit: int = 1) -> Bot:
        """Start one bot, which kills itself at the ``hit``-th time that it reaches ``point``."""
        folder = self.folder / f"bot{number}"
        folder.mkdir(exist_ok=True)
        settings = {**self.settings, "PORT": str(self.ports[number])}
        settings |= {"CRASH_POINT": point, "CRASH_HIT": str(hit)} if point else {}
        bot = self.bots[number] = self.nursery.bear(settings, folder)
        return bot

    def start_bot(self, number: int, *, point: str = "", hit: int = 1) -> None:
        """Launch a bot and wait for it; one that is to die may do so before it is ready."""
        try:
            self.launch_bot(number, point=point, hit=hit).wait_until_ready()
        except BotEnded:
            self.bots[number] = None
            assert point, f"the bot ended: {self.log(number)[-2000:]}"
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
            if bot is not None and not bot.is_alive():
                self.bots[number] = None
        return [number for number, bot in enumerate(self.bots) if bot is not None]

    def route(self, number: int | None = None) -> None:
        """Let Slack speak to this bot, or to the first that lives."""
        alive = self.living() if number is None else [number]
        if alive:
            url = f"http://127.0.0.1:{self.ports[alive[0]]}/slack/events"
            self.post("/control/slack/settings", events_url=url)

    def log(self, number: int) -> str:
        return (self.folder / f"bot{number}" / "bot.log").read_text()

    def ask(self, address: str, text: str, user: str = "U0ADA", **values: str) -> bool:
        """Ask for a message as an agent does; tell whether Slack got the acknowledgement."""
        view = self.open_modal(Agent(self, user, SUPPORT), f"{address} {text}")
        return view is not None and self.submit(view, text, user, **values)

    def open_modal(self, agent: Agent, typed: str) -> Json | None:
        """Open the modal; None when the bot died, or was too late, before it could."""
        while (view := agent.view()) is not None:
            self.post(f"/people/views/{view['id']}/close", user=agent.user)
        if (agent.types(typed)["ack"] or {}).get("failure"):
            return None
        deadline = time.monotonic() + MODAL_SECONDS
        while (view := agent.view()) is None:
            if time.monotonic() > deadline or not self.living():
                return None
            time.sleep(0.01)
        return view

    def submit(self, view: Json, text: str, user: str, **values: str) -> bool:
        """Press Send; tell whether the modal closed, which is Slack's acknowledgement."""
        filled = Agent(self, user, SUPPORT).fills(**values) if values else {}
        done = self.post(f"/people/views/{view['id']}/submit", user=user, values=filled)
        if done["result"] == "closed":
            self.asked.ids[text] = view["id"]
        return bool(done["result"] == "closed")

    def database(self) -> sa.Engine:
        return Database(self.settings["PROACTIVE_DATABASE_URL"]).engine

    def books(self) -> Books:
        engine = self.database()
        try:
            return read_books(engine)
        finally:
            engine.dispose()

    def settle(self, patience: float = 60.0) -> None:
        """Wait until every request is final, uncertain or watched, and Slack shows it.

        Meanwhile time passes quickly for the watch: the next look at a message is always soon.
        """
        engine, hasten_at = self.database(), 0.0
        books = Books((), (), 0)

        def settled() -> bool:
            nonlocal hasten_at, books
            if time.monotonic() > hasten_at:
                _hasten_looks(engine)
                hasten_at = time.monotonic() + HASTEN_EVERY
            books = read_books(engine)
            return not books.restless() and not self._unseen_news(books)

        try:
            wait_for(settled, "every request to settle", patience)
        except AssertionError:
            left = {**books.restless(), "unseen": self._unseen_news(books)}
            raise AssertionError(f"not settled: {left}\n{self._dossiers(books)}") from None
        finally:
            engine.dispose()

    def _unseen_news(self, books: Books) -> int:
        """Count the requests of which Genesys knows more than the bot has seen so far."""
        if books.restless():
            return 0
        answered = look_at_genesys(self)[1]
        return sum(
            row.state in SENT and answered.get(row.text, False) != (row.state == "replied")
            for row in books.rows
        )

    def judge(self) -> Counter[str]:
        """Check every promise over all that was asked for; return how many stand in each state."""
        evidence = gather(self)
        faults = find_faults(evidence, self.asked)
        if faults:
            wrong = {fault.split(":")[0].split(" ")[0] for fault in faults}
            raise AssertionError("\n".join([*faults[:20], *self._describe(sorted(wrong)[:3])]))
        return Counter(row.state for row in evidence.books.rows)

    def _dossiers(self, books: Books) -> str:
        restless = [id for id in (row.request_id for row in books.rows) if books.of(id).restless()]
        return "\n".join(self._describe(restless[:3]))

    def _describe(self, ids: list[str]) -> list[str]:
        engine = self.database()
        try:
            calls = self.get("/control/slack/calls")["calls"]
            return [
                "\n".join([f"--- {id}", describe(engine, id), *map(str, _about(id, calls))])
                for id in ids
            ]
        finally:
            engine.dispose()

    def each_bot(self, do: Callable[[Bot], object]) -> None:
        for bot in self.bots:
            if bot is not None:
                do(bot)

    def close(self) -> None:
        self.each_bot(Bot.stop)
        self.nursery.close()
        for log in self.folder.glob("bot*/bot.log"):
            self.scan(log.read_text())
        super().close()


def _about(request_id: str, calls: list[Json]) -> list[Json]:
    return [call for call in calls if request_id in str(call["arguments"])]


def _hasten_looks(engine: sa.Engine) -> None:
    looked = requests.c.next_look_at
    with engine.begin() as connection:
        connection.execute(
            sa.update(requests).where(looked.is_not(None)).values(next_look_at=time.time())
        )

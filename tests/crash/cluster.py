"""Several bots on one database between the two stand-ins, for tests that kill them.

`Cluster` starts, kills and replaces bots, does what the agents do, and checks the outcome with
`checks`.
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
from sandbox.ports import find_free_port
from tests.crash.checks import (
    SENT,
    Records,
    Submitted,
    describe,
    find_violations,
    read_genesys,
    read_records,
    take_snapshot,
)
from tests.crash.fork_server import Bot, BotEnded, ForkServer
from tests.product.conftest import OUTCOMES, SUPPORT, Agent, Product, wait_until

Json = dict[str, Any]
LOOK_NOW_EVERY = 3.0
# Two people make all requests of a run.
RULES = "[limits]\nper_agent = 0\nlookups = 0\n"
FORM_SECONDS = 4.0  # Slack gives the bot three to open it


class Cluster(Product):
    """A product with ``count`` bots; Slack talks to the first of them that's alive."""

    def __init__(
        self, folder: Path, *, count: int = 1, database_url: str = "", **more: str
    ) -> None:
        settings = {"PROACTIVE_RULES": str(folder / "rules.toml")}
        settings |= {"PROACTIVE_DATABASE_URL": database_url} if database_url else {}
        self.set_rules(folder=folder)
        self.fork_server = ForkServer()  # loads the modules while the rest starts
        super().__init__(folder, LOG_LEVEL="INFO", **settings, **more)
        self.bots: list[Bot | None] = [None] * count
        self.ports = [self.sandbox.bot_port, *(find_free_port() for _ in range(count - 1))]
        self.submitted = Submitted()
        # The bot must be a member to read back what it may have posted there.
        self.post("/people/commands", channel=OUTCOMES, command="/invite", text="@proactive")

    def set_rules(self, more: str = "", folder: Path | None = None) -> None:
        """Write the rules for the bots that start from now on."""
        (folder or self.folder).joinpath("rules.toml").write_text(RULES + more)

    def launch_bot(self, number: int, *, point: str = "", hit: int = 1) -> Bot:
        """Start one bot, which kills itself the ``hit``-th time that it reaches ``point``."""
        folder = self.folder / f"bot{number}"
        folder.mkdir(exist_ok=True)
        settings = {
            **self.settings,
            "PORT": str(self.ports[number]),
            "OPERATOR_PORT": str(find_free_port()),
        }
        settings |= {"CRASH_POINT": point, "CRASH_HIT": str(hit)} if point else {}
        bot = self.bots[number] = self.fork_server.start_bot(settings, folder)
        return bot

    def start_bot(self, number: int, *, point: str = "", hit: int = 1) -> None:
        """Launch a bot and wait for it; one with a crash point may die before it's ready."""
        try:
            self.launch_bot(number, point=point, hit=hit).wait_until_ready()
        except BotEnded:
            self.bots[number] = None
            assert point, f"the bot ended: {self.log(number)[-2000:]}"
        self.route_slack()

    def kill_bot(self, number: int) -> None:
        bot = self.bots[number]
        if bot is not None:
            bot.kill()
        self.bots[number] = None
        self.route_slack()

    def running(self) -> list[int]:
        """Return the numbers of the running bots, and forget those that have died."""
        for number, bot in enumerate(self.bots):
            if bot is not None and not bot.is_alive():
                self.bots[number] = None
        return [number for number, bot in enumerate(self.bots) if bot is not None]

    def route_slack(self, number: int | None = None) -> None:
        """Let Slack talk to this bot, or to the first that's running."""
        alive = self.running() if number is None else [number]
        if alive:
            url = f"http://127.0.0.1:{self.ports[alive[0]]}/slack/events"
            self.post("/control/slack/settings", events_url=url)

    def log(self, number: int) -> str:
        return (self.folder / f"bot{number}" / "bot.log").read_text()

    def request_message(self, address: str, text: str, user: str = "U0ADA", **values: str) -> bool:
        """Request a message as an agent does; return whether Slack got the acknowledgement."""
        view = self.open_form(Agent(self, user, SUPPORT), f"{address} {text}")
        return view is not None and self.submit(view, text, user, **values)

    def open_form(self, agent: Agent, typed: str) -> Json | None:
        """Open the form; return None if the bot died first, or was too late."""
        while (view := agent.view()) is not None:
            self.post(f"/people/views/{view['id']}/close", user=agent.user)
        if (agent.types(typed)["ack"] or {}).get("failure"):
            return None
        deadline = time.monotonic() + FORM_SECONDS
        while (view := agent.view()) is None:
            if time.monotonic() > deadline or not self.running():
                return None
            time.sleep(0.01)
        return view

    def submit(self, view: Json, text: str, user: str, **values: str) -> bool:
        """Press Send; return whether the form closed, which is Slack's acknowledgement."""
        filled = Agent(self, user, SUPPORT).fills(**values) if values else {}
        done = self.post(f"/people/views/{view['id']}/submit", user=user, values=filled)
        if done["result"] == "closed":
            self.submitted.ids[text] = view["id"]
        return bool(done["result"] == "closed")

    def database(self) -> sa.Engine:
        return Database(self.settings["PROACTIVE_DATABASE_URL"]).engine

    def read_records(self) -> Records:
        engine = self.database()
        try:
            return read_records(engine)
        finally:
            engine.dispose()

    def wait_until_settled(self, patience: float = 60.0) -> None:
        """Wait until every request is final, uncertain or followed, and Slack shows it.

        Meanwhile the next look at each followed message is moved forward, so that nobody waits.
        """
        engine, look_now_at = self.database(), 0.0
        records = Records((), (), 0)

        def settled() -> bool:
            nonlocal look_now_at, records
            if time.monotonic() > look_now_at:
                _make_looks_due(engine)
                look_now_at = time.monotonic() + LOOK_NOW_EVERY
            records = read_records(engine)
            return not records.unsettled() and not self._unseen_news(records)

        try:
            wait_until(settled, "every request to settle", patience)
        except AssertionError:
            left = {**records.unsettled(), "unseen": self._unseen_news(records)}
            details = self._describe_unsettled(records)
            raise AssertionError(f"not settled: {left}\n{details}") from None
        finally:
            engine.dispose()

    def _unseen_news(self, records: Records) -> int:
        """Count the requests of which Genesys knows more than the bot has seen so far."""
        if records.unsettled():
            return 0
        answered = read_genesys(self)[1]
        return sum(
            row.state in SENT and answered.get(row.text, False) != (row.state == "replied")
            for row in records.rows
        )

    def check_promises(self) -> Counter[str]:
        """Check every promise for every request; return how many requests are in each state."""
        snapshot = take_snapshot(self)
        violations = find_violations(snapshot, self.submitted)
        if violations:
            wrong = {violation.split(":")[0].split(" ")[0] for violation in violations}
            raise AssertionError("\n".join([*violations[:20], *self._describe(sorted(wrong)[:3])]))
        return Counter(row.state for row in snapshot.records.rows)

    def _describe_unsettled(self, records: Records) -> str:
        ids = (row.request_id for row in records.rows)
        unsettled = [id for id in ids if records.of(id).unsettled()]
        return "\n".join(self._describe(unsettled[:3]))

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

    def for_each_bot(self, do: Callable[[Bot], object]) -> None:
        for bot in self.bots:
            if bot is not None:
                do(bot)

    def close(self) -> None:
        self.for_each_bot(Bot.stop)
        self.fork_server.close()
        for log in self.folder.glob("bot*/bot.log"):
            self.scan(log.read_text())
        super().close()


def _about(request_id: str, calls: list[Json]) -> list[Json]:
    return [call for call in calls if request_id in str(call["arguments"])]


def _make_looks_due(engine: sa.Engine) -> None:
    planned = requests.c.next_look_at
    with engine.begin() as connection:
        connection.execute(
            sa.update(requests).where(planned.is_not(None)).values(next_look_at=time.time())
        )

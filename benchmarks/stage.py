"""A bot between its stand-ins, and the run that says which bots are measured and how long."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.bot import SQLITE, THIS, Bot, Release, start_bot
from benchmarks.connections import IsRight
from benchmarks.load import Ack, is_empty, run_at
from benchmarks.postgresql import PostgreSQLMissing, postgresql
from benchmarks.process import LOAD_CORES, on_cores
from benchmarks.quick_genesys import QuickGenesys
from benchmarks.quick_slack import QuickSlack
from benchmarks.records import Records
from benchmarks.slack_requests import AGENT, Press, commands, submissions
from benchmarks.stand_in import Json

PATIENCE = 60.0
_NO_UNDO = {"PROACTIVE_UNDO_SECONDS": "0"}

NewDatabase = Callable[[], str]


class Stage:
    """A bot with a Slack, a Genesys Cloud and a database of its own."""

    def __init__(
        self,
        folder: Path,
        release: Release,
        slack: QuickSlack,
        genesys: QuickGenesys,
        database: str,
        settings: Mapping[str, str],
    ) -> None:
        """Start the bot, and wait until it's ready."""
        self.slack = slack
        self.genesys = genesys
        self._folder = folder
        self._release = release
        self._settings = settings
        self._forms: dict[str, Json] = {}
        self.bot = self._start(database)
        self.records = Records(self.bot.database_url)

    def _start(self, database: str) -> Bot:
        bot = start_bot(
            self._folder,
            slack_url=self.slack.url,
            genesys_url=self.genesys.url,
            release=self._release,
            database=database,
            settings=self._settings,
        )
        try:
            bot.wait_until_ready()
        except BaseException:
            bot.kill()
            raise
        return bot

    def stop_bot(self) -> None:
        """Stop the bot."""
        self.bot.stop()

    def start_bot(self) -> None:
        """Start the bot again, on the same database."""
        self.bot = self._start(self.bot.database_url)

    def close(self) -> None:
        """Stop the bot for good."""
        self.records.close()
        self.bot.stop()

    def form(self, agent: str = AGENT) -> Json:
        """Return the form as this release opens it for an agent."""
        if agent not in self._forms:
            self._forms[agent] = open_form(self.bot, self.slack, agent=agent)
        return self._forms[agent]

    def press(
        self, presses: Sequence[Press], rate: float, is_right: IsRight = is_empty
    ) -> list[Ack]:
        """Press Send so often a second; return the acks in the order of the presses."""
        forms = {agent: self.form(agent) for agent in {press.agent for press in presses}}
        requests = [
            signed
            for press in presses
            for signed in submissions(self.bot.secret, forms[press.agent], [press])
        ]
        return run_at(self.bot.address, requests, rate, is_right)

    def wait_until_done(self, sent: int, patience: float = PATIENCE) -> None:
        """Wait until so many messages are sent and answered, and no job is left."""

        def is_done() -> bool:
            return self.records.count_in("replied") >= sent and not self.records.count_jobs()

        self.bot.wait_until(is_done, f"{sent} messages are sent and answered", patience, 0.1)


def open_form(bot: Bot, slack: QuickSlack, text: str = "", agent: str = AGENT) -> Json:
    """Type the slash command; return the form that the bot opens."""
    opened = slack.count("views.open")
    run_at(bot.address, commands(bot.secret, 1, text, agent), 1)
    bot.wait_until(lambda: slack.count("views.open") > opened, "the form opens")
    return slack.opened_view()


@contextmanager
def open_stage(
    release: Release, database: str, genesys_ms: float, settings: Mapping[str, str]
) -> Iterator[Stage]:
    """Start a bot and its stand-ins; everything ends with the block."""
    with ExitStack() as closing:
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="benchmark-")))
        slack = closing.enter_context(QuickSlack(folder))
        genesys = closing.enter_context(QuickGenesys(folder, genesys_ms))
        stage = Stage(folder, release, slack, genesys, database, settings)
        closing.callback(stage.close)
        yield stage


class Run:
    """One run of the benchmarks: which releases, how many rounds, or only whether they still work.

    A smoke run has small numbers, no PostgreSQL, and one bot for all benchmarks that allow it.
    """

    def __init__(self, *, smoke: bool = False, rounds: int = 0, before: Path | None = None) -> None:
        """Make it; ``rounds`` is 0 for each benchmark's own, ``before`` an older checkout."""
        self.smoke = smoke
        self.releases = [THIS]
        if before is not None:
            self.releases.append(Release("the bot before", before.resolve()))
        self._rounds = rounds
        self._shared: dict[Release, Stage] = {}
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        self._closing.enter_context(on_cores(LOAD_CORES))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.close()

    def rounds(self, usual: int) -> int:
        """Return how many rounds a benchmark makes that usually makes so many."""
        return 1 if self.smoke else self._rounds or usual

    @contextmanager
    def stage(
        self,
        release: Release,
        database: str = SQLITE,
        *,
        genesys_ms: float = 0,
        settings: Mapping[str, str] | None = None,
    ) -> Iterator[Stage]:
        """Lend a bot between its stand-ins; in a smoke run the same one each time."""
        if not self.smoke:
            with open_stage(release, database, genesys_ms, settings or {}) as stage:
                yield stage
            return
        if release not in self._shared:
            shared = open_stage(release, SQLITE, 0, _NO_UNDO)
            self._shared[release] = self._closing.enter_context(shared)
        self._shared[release].genesys.set_delay(genesys_ms)
        yield self._shared[release]

    @contextmanager
    def databases(self) -> Iterator[Mapping[str, NewDatabase]]:
        """Lend functions that return a new database, by the kind's name."""
        kinds: dict[str, NewDatabase] = {"SQLite": lambda: SQLITE}
        with ExitStack() as closing:
            if not self.smoke:
                try:
                    kinds["PostgreSQL"] = closing.enter_context(postgresql())
                except PostgreSQLMissing as missing:
                    print(missing)
            yield kinds

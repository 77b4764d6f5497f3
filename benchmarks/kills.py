"""How soon the jobs of a killed process go on in another one.

One process takes presses of Send, and Genesys doesn't answer its look-ups. Another one joins, and
the first is killed at a random moment; from then on Genesys answers at once. What counts is the
time from the kill until each message is at Genesys. The survivor is the next one to be killed.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from benchmarks.bot import SQLITE, THIS, Bot, Release, start_bot
from benchmarks.load import run_at
from benchmarks.process import wait_for
from benchmarks.quick_genesys import LOOKUP, QuickGenesys
from benchmarks.quick_slack import QuickSlack
from benchmarks.report import Report, show
from benchmarks.slack_requests import Press, new_presses, submissions
from benchmarks.stage import Run, open_form
from benchmarks.targets import RESUMED

KILLS, PRESSES = 5, 6
SILENCE_MS = 110_000
PATIENCE = 180.0
_SETTINGS = {
    "PROACTIVE_UNDO_SECONDS": "0",
    "GENESYS_CLOUD_TIMEOUT": "120",  # the killed process has to wait until it's killed
    "GENESYS_CLOUD_PATIENCE": "120",
}


def measure(run: Run) -> Report:
    """Kill all releases on all databases side by side: nearly all of the time is waiting."""
    kills, presses = (1, 2) if run.smoke else (run.rounds(KILLS), PRESSES)
    settings = _SETTINGS | ({"PROACTIVE_HEARTBEAT_SECONDS": "1"} if run.smoke else {})
    with ExitStack() as closing:
        root = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="benchmark-")))
        databases = closing.enter_context(run.databases())
        slack = closing.enter_context(QuickSlack(root))
        chains = {
            (release, kind): closing.enter_context(
                _Chain(root / f"{number}-{kind}", release, new(), slack, settings)
            )
            for kind, new in databases.items()
            for number, release in enumerate(run.releases)
        }
        for _ in range(kills):
            for chain in chains.values():
                chain.prepare(presses)
            time.sleep(0 if run.smoke else random.uniform(0, 5))
            for chain in chains.values():
                chain.kill()
            for chain in chains.values():
                chain.wait()
    return Report(
        "Kills: when the jobs of a killed process go on",
        ("bot", "kills", "jobs", "median, s", "longest, s"),
        tuple(
            (
                f"{release.name}, {kind}",
                str(kills),
                str(len(chain.seconds)),
                show(median(chain.seconds)),
                show(max(chain.seconds)),
            )
            for (release, kind), chain in chains.items()
        ),
        tuple(
            RESUMED.judge(max(chain.seconds), kind)
            for (release, kind), chain in chains.items()
            if release == THIS
        ),
        ("Every message was sent once.",),
    )


class _Chain:
    """One database, and the processes that come and go there."""

    def __init__(
        self,
        folder: Path,
        release: Release,
        database: str,
        slack: QuickSlack,
        settings: dict[str, str],
    ) -> None:
        folder.mkdir()
        if database == SQLITE:
            database = f"sqlite:///{folder / 'bot.sqlite'}"
        self._folder = folder
        self._release = release
        self._database = database
        self._slack = slack
        self._settings = settings
        self._started = 0
        self._texts: set[str] = set()
        self._killed_at = 0.0
        self.seconds: list[float] = []  # from a kill until each of its messages was sent

    def __enter__(self) -> _Chain:
        self._genesys = QuickGenesys(self._folder)
        self._bot = self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bot.kill()
        self._genesys.stop()

    def _start(self) -> Bot:
        self._started += 1
        bot = start_bot(
            self._folder / str(self._started),
            slack_url=self._slack.url,
            genesys_url=self._genesys.url,
            release=self._release,
            database=self._database,
            settings=self._settings,
        )
        bot.wait_until_ready()
        return bot

    def prepare(self, count: int) -> None:
        """Press Send, wait until the process has begun all jobs, and start the next process."""
        calls = len(self._genesys.calls())
        self._genesys.set_delay(SILENCE_MS)
        presses = new_presses(count)
        self._press(presses)
        self._texts = {press.text for press in presses}
        self._bot.wait_until(
            lambda: self._genesys.calls(calls).count(LOOKUP) >= count, "all look-ups have begun"
        )
        self._next = self._start()

    def _press(self, presses: Sequence[Press]) -> None:
        form = open_form(self._bot, self._slack)
        run_at(self._bot.address, submissions(self._bot.secret, form, presses), 20)

    def kill(self) -> None:
        """Kill the process that has the jobs."""
        self._sent_before = self._genesys.count_sent()
        self._bot.kill()
        self._killed_at = time.monotonic()
        self._bot = self._next
        self._genesys.set_delay(0)

    def wait(self) -> None:
        """Wait until all its messages are sent, and note when each of them was."""
        wait_for(
            lambda: self._genesys.count_sent() >= self._sent_before + len(self._texts),
            "the killed process's messages are sent",
            PATIENCE,
            0.2,
        )
        sent = self._genesys.sent(self._sent_before)
        assert sorted(text for _, text in sent) == sorted(self._texts), "not each one once"
        self.seconds += [at - self._killed_at for at, _ in sent]

"""The bot's database, read from outside: of any release that has the first one's tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import sqlalchemy as sa

from benchmarks.slack_requests import Press


class Records:
    """Reads what the bot has stored; close it after use."""

    def __init__(self, database_url: str) -> None:
        """Make it; it connects when it's asked."""
        url = sa.make_url(database_url)
        if url.get_backend_name() == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
        self.engine = sa.create_engine(url)
        self.jobs = "workflow_status"
        if self.engine.dialect.name == "postgresql":
            self.jobs = f"dbos.{self.jobs}"

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()

    def count_in(self, state: str) -> int:
        """Count the requests in a state."""
        return self._count("requests WHERE state = :value", state)

    def count_jobs(self) -> int:
        """Count the jobs that wait or run."""
        return self._count(f"{self.jobs} WHERE status IN ('ENQUEUED', 'DELAYED', 'PENDING')")

    def _count(self, rows: str, value: str = "") -> int:
        with self.engine.connect() as connection:
            found = connection.execute(sa.text(f"SELECT count(*) FROM {rows}"), {"value": value})
            return int(found.scalar_one())

    def count_trouble(self, presses: Sequence[Press], sent: Sequence[str]) -> tuple[int, int]:
        """Return how many of these presses are lost, and how many were sent twice."""
        with self.engine.connect() as connection:
            stored = set(connection.execute(sa.text("SELECT text FROM requests")).scalars())
        times = Counter(sent)
        lost = sum(press.text not in stored or not times[press.text] for press in presses)
        return lost, sum(times[press.text] > 1 for press in presses)

"""Every target of the benchmarks."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.report import Figure, Goal, show


@dataclass(frozen=True)
class Target:
    """A limit on one quantity."""

    quantity: str
    limit: float
    unit: str = ""
    at_least: bool = False

    def judge(self, measured: Figure | float, where: str = "") -> Goal:
        """Compare what was measured with the limit; a figure counts by its median."""
        value = measured.median if isinstance(measured, Figure) else measured
        met = value >= self.limit if self.at_least else value <= self.limit
        relation = "at least" if self.at_least else "at most"
        name = f"{self.quantity}, {where}" if where else self.quantity
        said = str(measured) if isinstance(measured, Figure) else show(value)
        return Goal(
            f"{name}: {relation} {self.limit:g} {self.unit}".rstrip(),
            f"{said} {self.unit}".rstrip(),
            met,
        )


_NODE = "times @slack/bolt's"
ACK_P50 = {50: Target("p50 at 50/s", 1.0, _NODE), 200: Target("p50 at 200/s", 1.2, _NODE)}
ACK_P99 = {50: Target("p99 at 50/s", 1.5, _NODE), 200: Target("p99 at 200/s", 1.5, _NODE)}
ACK_THROUGHPUT = Target("forms opened a second", 1.2, _NODE, at_least=True)

CARD_P50 = Target("p50", 300, "ms")
CARD_P95 = Target("p95", 600, "ms")

SUBMISSION_P99 = Target("p99 of the ack", 150, "ms")
SUBMISSION_TROUBLE = Target("refused, lost or sent twice", 0)

STARTUP_ACK = Target("first ack", 1.5, "times a bare AsyncApp's with DBOS")
STARTUP_DELIVERY = Target("first delivery", 2, "s")

IDLE = {
    "SQLite": Target("idle on SQLite", 4, "% of a core"),
    "PostgreSQL": Target("idle on PostgreSQL", 5, "% of a core"),
}
GROWTH = Target("the time of every periodic query with a million old requests", 1.5, "times")

MEMORY_IDLE = Target("idle", 130, "MB")
MEMORY_LOADED = Target("after all notifications", 200, "MB")

CALLS_FIRST = Target("a first send", 3, "calls")
CALLS_LOOKED_UP = Target("right after the form's look-up", 1, "calls")

QUOTA_USED = Target("used of the quota", 95, "%", at_least=True)
QUOTA_REFUSED = Target("calls answered with 429", 0)

AUDIT_VERIFY = Target("verifying a million entries", 60, "s")
AUDIT_MEMORY = Target("memory for a million entries", 1.2, "times that for ten thousand")

RESUMED = Target("the last job of a killed worker goes on after", 30, "s")

EVIDENCE_CALLS = Target("more Genesys calls with history and templates", 0)
EVIDENCE_TIME = Target("from the command to the evidence, p50", 1.25, "times that without")

HOME_P95 = Target("from opening the Home tab to its view, p95", 500, "ms")

DIGEST = Target("the figures of a million messages", 15, "s")  # as long as a statement may take

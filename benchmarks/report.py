"""What a benchmark says: rows of figures, and how each goal fared.

Promises: a figure of several rounds is shown as its median with the least and the most. Does not:
measure, or judge a smoke run (its numbers are too small to mean anything).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True)
class Figure:
    """One quantity, measured once in each round."""

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle of the rounds."""
        return median(self.rounds)

    def __str__(self) -> str:
        """Show the median, and the least and the most where there was more than one round."""
        middle = _short(self.median)
        if len(self.rounds) == 1:
            return middle
        return f"{middle} ({_short(min(self.rounds))}–{_short(max(self.rounds))})"


@dataclass(frozen=True)
class Goal:
    """One goal of the project, what was measured, and whether that meets it."""

    sentence: str
    measured: str
    met: bool


@dataclass(frozen=True)
class Report:
    """The result of one benchmark; ``rows`` are aligned with ``columns``."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    goals: tuple[Goal, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def as_markdown(self) -> str:
        """Write the report as a section of a page."""
        lines = [f"## {self.title}", "", _row(self.columns), _row("---" for _ in self.columns)]
        lines += [_row(row) for row in self.rows]
        if self.goals:
            lines += ["", "| goal | measured | met |", "|---|---|---|"]
            lines += [
                _row((g.sentence, g.measured, "yes" if g.met else "**no**")) for g in self.goals
            ]
        for note in self.notes:
            lines += ["", note]
        return "\n".join(lines) + "\n"


def alternate(
    contestants: Mapping[str, Callable[[], Mapping[str, float]]], rounds: int
) -> dict[str, dict[str, Figure]]:
    """Measure the contestants in turn, ``rounds`` times: A B C A B C: all meet the same day.

    A contestant is a function that measures once and returns its quantities by name.
    """
    seen: dict[str, dict[str, list[float]]] = {name: {} for name in contestants}
    for _ in range(rounds):
        for name, measure in contestants.items():
            for quantity, value in measure().items():
                seen[name].setdefault(quantity, []).append(value)
    return {
        name: {quantity: Figure(tuple(values)) for quantity, values in quantities.items()}
        for name, quantities in seen.items()
    }


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which ``share`` (0 to 1) of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _short(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"

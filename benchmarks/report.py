"""What a benchmark reports: figures in rows, and whether each target is met."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Figure:
    """One quantity, measured once in each round."""

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        """Return the middle of the rounds."""
        return median(self.rounds)

    def over(self, other: Figure) -> Figure:
        """Divide round by round, because rounds differ more than programs do."""
        return Figure(tuple(a / b for a, b in zip(self.rounds, other.rounds, strict=True)))

    def __str__(self) -> str:
        """Show the median, with the least and the most of several rounds in brackets."""
        middle = show(self.median)
        if len(self.rounds) == 1:
            return middle
        return f"{middle} ({show(min(self.rounds))}–{show(max(self.rounds))})"


Found = Mapping[str, Mapping[str, Figure]]  # by what was measured, then by quantity


@dataclass(frozen=True)
class Goal:
    """A target, what was measured, and whether that meets it."""

    sentence: str
    measured: str
    met: bool


@dataclass(frozen=True)
class Report:
    """The result of one benchmark; ``rows`` are aligned with ``columns``."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    goals: tuple[Goal, ...]
    notes: tuple[str, ...] = ()

    def as_markdown(self) -> str:
        """Write the report as a section of a page."""
        lines = [f"### {self.title}", "", _row(self.columns), _row("---" for _ in self.columns)]
        lines += [_row(row) for row in self.rows]
        if self.goals:
            lines += ["", "| goal | measured | met |", "|---|---|---|"]
            lines += [
                _row((one.sentence, one.measured, "yes" if one.met else "**no**"))
                for one in self.goals
            ]
        for note in self.notes:
            lines += ["", note]
        return "\n".join(lines) + "\n"


def alternate(measurements: Mapping[str, Callable[[], Mapping[str, float]]], rounds: int) -> Found:
    """Measure everything in turn, A B A B, so that all meet the same moods of the machine."""
    seen: dict[str, dict[str, list[float]]] = {name: {} for name in measurements}
    for _ in range(rounds):
        for name, measure in measurements.items():
            for quantity, value in measure().items():
                seen[name].setdefault(quantity, []).append(value)
    return {
        name: {quantity: Figure(tuple(values)) for quantity, values in quantities.items()}
        for name, quantities in seen.items()
    }


def table(found: Found, quantities: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Make a row of each thing measured, with its quantities in this order."""
    return tuple(
        (name, *(str(figures.get(quantity, "–")) for quantity in quantities))
        for name, figures in found.items()
    )


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which ``share`` (0 to 1) of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def show(value: float) -> str:
    """Show a number with about three digits."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"

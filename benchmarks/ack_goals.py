"""Item 1's goals for the ack, judged on what ``ack`` has measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from benchmarks.contestants import BARE, BOT, NODE, RAW, at_most, ratio
from benchmarks.report import Figure, Goal

HELP, WAITING, DELIVERING = "the bot, help", "the bot, Genesys silent", "the bot, delivering"
RATES = (50, 200)
MOST = "most a second"
LOAD = 200  # look-ups that wait, and requests that are being delivered

Found = Mapping[str, Mapping[str, Figure]]


def goals_at_rest(found: Found) -> Iterator[Goal]:
    """Judge the bot beside the others."""
    to_bare = _ratios(found, BOT, BARE, 50)
    yield Goal(
        "p50 at most a twentieth of the bare AsyncApp's (0.05)",
        _at_each_rate(to_bare),
        at_most(to_bare, 0.05),
    )
    if NODE in found:
        for part in (50, 99):
            to_node = _ratios(found, BOT, NODE, part)
            yield Goal(
                f"p{part} not behind @slack/bolt's (at most 1)",
                _at_each_rate(to_node),
                at_most(to_node, 1.0),
            )
        most = ratio(found[BOT][MOST], found[NODE][MOST])
        yield Goal("throughput not behind @slack/bolt's (at least 1)", f"{most}", most.median >= 1)
    to_raw = ratio(found[HELP][MOST], found[RAW][MOST])
    yield Goal(
        "at least 0.4 of the raw ASGI app's throughput on the ack alone",
        f"{to_raw}",
        to_raw.median >= 0.4,
    )


def goals_under_load(found: Found) -> Iterator[Goal]:
    """Judge the bot beside itself at rest."""
    for name, sentence in (
        (WAITING, "while Genesys takes 30 s to answer"),
        (DELIVERING, f"while {LOAD} requests are being delivered"),
    ):
        worse = _ratios(found, name, BOT, 99)
        yield Goal(
            f"{sentence}: p99 no worse than 1.5 times", _at_each_rate(worse), at_most(worse, 1.5)
        )


def _ratios(found: Found, ours: str, theirs: str, part: int) -> list[Figure]:
    names = [name_of(part, rate) for rate in RATES]
    return [ratio(found[ours][each], found[theirs][each]) for each in names]


def _at_each_rate(figures: list[Figure]) -> str:
    return "; ".join(f"{figure} at {rate}/s" for figure, rate in zip(figures, RATES, strict=True))


def name_of(part: int, rate: int) -> str:
    """Name a percentile at a rate."""
    return f"p{part} at {rate}/s"


def quantities() -> tuple[str, ...]:
    """Name all that is measured, in the order of the columns."""
    return (*(name_of(part, rate) for rate in RATES for part in (50, 99)), MOST)

"""Draws a digest: a table with bars, and a chart where the workspace takes one. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from slack_sdk.models.blocks import Block

from bot.cards.blocks import Json, literal, preformatted, rich_text, section
from bot.cards.post import Post
from bot.rules.digest_period import Period
from bot.storage.audit_chain import Head
from bot.storage.digest_figures import Counts, Figures
from bot.text import clip, visible

CHART = "data_visualization"
_BAR_LENGTH = 20
_MOST_REASONS, _MOST_TEMPLATES, _NAME_LENGTH = 3, 10, 24


def show_digest(period: Period, figures: Figures, head: Head, *, has_chart: bool = False) -> Post:
    """Draw a digest. Its fallback text has the most important figures."""
    counts, when = figures.counts, _show_days(period)
    said = (
        f"Messages {when}: {counts.sent:,} sent, {counts.delivered:,} delivered, "
        f"{counts.replied:,} replied, {counts.failed:,} failed, {counts.uncertain:,} uncertain, "
        f"{counts.open:,} still open."
    )
    lines = [section(literal(line)) for line in _more_lines(figures, head)]
    title = section(literal(f"Messages {when}", bold=True))
    elements = [title, preformatted(_draw_table(counts)), *lines]
    if by_template := _draw_templates(figures):
        elements += [section(literal("By template:")), preformatted(by_template)]
    blocks: list[Block] = [rich_text(*elements)]
    if has_chart:
        blocks.append(_Chart(counts, when))
    return Post(said, blocks)


def _show_days(period: Period) -> str:
    first, last = _show_day(period.first), _show_day(period.last)
    return f"on {last}" if first == last else f"from {first} to {last}"


def _show_day(day: date) -> str:
    return f"{day:%a, %b} {day.day}"


def _parts(counts: Counts) -> Iterator[tuple[str, int]]:
    yield "Delivered", counts.delivered
    yield "Replied", counts.replied
    yield "Failed", counts.failed
    yield "Uncertain", counts.uncertain
    yield "Still open", counts.open


def _draw_table(counts: Counts) -> str:
    longest = max(counts.sent, counts.failed, counts.uncertain, 1)
    rows = [("Sent", counts.sent), *_parts(counts)]
    width = max(len(f"{count:,}") for _, count in rows)
    return "\n".join(
        f"{name:<10} {f'{count:,}':>{width}} {_draw_bar(count / longest)}".rstrip()
        for name, count in rows
    )


def _draw_bar(share: float) -> str:
    """Draw a bar in eighths of a character, so that even a small share is seen."""
    eighths = max(round(share * _BAR_LENGTH * 8), 1) if share else 0
    rest = " ▏▎▍▌▋▊▉"[eighths % 8].strip()
    return "█" * (eighths // 8) + rest


def _more_lines(figures: Figures, head: Head) -> Iterator[str]:
    waits = [
        f"to {what} {_show_wait(seconds)}"
        for what, seconds in (
            ("delivery", figures.until_delivery),
            ("the reply", figures.until_reply),
        )
        if seconds is not None
    ]
    if waits:
        yield f"Median time {', '.join(waits)}."
    if figures.reasons:
        shown = [f"{code} ({count:,})" for code, count in figures.reasons[:_MOST_REASONS]]
        left = sum(count for _, count in figures.reasons[_MOST_REASONS:])
        more = [f"others ({left:,})"] if left else []
        yield f"Failed because of: {', '.join(shown + more)}."
    if head.seq:
        yield f"Audit log: {head}"


def _show_wait(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def _draw_templates(figures: Figures) -> str:
    """List the most used templates; nothing if no message was made from one."""
    named = {name: counts for name, counts in figures.templates.items() if name}
    if not named:
        return ""
    ordered = sorted(figures.templates.items(), key=lambda one: (-one[1].sent, one[0]))
    rows: list[tuple[str, ...]] = [("", "Sent", "Delivered", "Replied", "Failed")]
    for name, counts in ordered[:_MOST_TEMPLATES]:
        shown = clip(" ".join(visible(name).split()), _NAME_LENGTH) or "(none)"
        numbers = (counts.sent, counts.delivered, counts.replied, counts.failed)
        rows.append((shown, *(f"{count:,}" for count in numbers)))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    drawn = [
        "  ".join(
            [f"{row[0]:<{widths[0]}}", *(f"{row[n]:>{widths[n]}}" for n in range(1, 5))]
        ).rstrip()
        for row in rows
    ]
    if len(ordered) > _MOST_TEMPLATES:
        drawn.append(f"and {len(ordered) - _MOST_TEMPLATES} more")
    return "\n".join(drawn)


class _Chart(Block):
    """One series with the same parts as the table. The SDK has no model of this block.

    https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block
    """

    def __init__(self, counts: Counts, when: str) -> None:
        super().__init__(type=CHART)
        self.attributes = {"type", "title", "chart"}
        self.title = clip(f"Messages {when}", 50)
        parts = list(_parts(counts))
        data: list[Json] = [{"label": name, "value": count} for name, count in parts]
        self.chart: Json = {
            "type": "bar",
            "series": [{"name": "Messages", "data": data}],
            "axis_config": {"categories": [name for name, _ in parts]},
        }

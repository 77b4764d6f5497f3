"""Draws a digest: a table with bars, and a chart where the workspace takes one. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from slack_sdk.models.blocks import Block

from bot.cards.blocks import Json, literal, preformatted, rich_text, section
from bot.cards.post import Post
from bot.language import _, ngettext, say_list, say_number, say_tenths, say_weekday
from bot.rules.digest_period import Period
from bot.storage.audit_chain import Head
from bot.storage.digest_figures import Counts, Figures
from bot.text import clip, visible

CHART = "data_visualization"
_BAR_LENGTH = 20
_LABEL_LENGTH = 20  # of a chart's labels
_MOST_REASONS, _MOST_TEMPLATES, _NAME_LENGTH = 3, 10, 24


def show_digest(period: Period, figures: Figures, head: Head, *, has_chart: bool = False) -> Post:
    """Draw a digest. Its fallback text has the most important figures."""
    counts, title = figures.counts, _say_title(period)
    lines = [section(literal(line)) for line in _more_lines(figures, head)]
    elements = [section(literal(title, bold=True)), preformatted(_draw_table(counts)), *lines]
    elements += [section(literal(line)) for line in _list_templates(figures)]
    blocks: list[Block] = [rich_text(*elements)]
    if has_chart:
        blocks.append(_Chart(counts, title))
    return Post(_say_counts(title, counts), blocks)


def _say_title(period: Period) -> str:
    first, last = say_weekday(period.first), say_weekday(period.last)
    if first == last:
        return _("Messages on {day}").format(day=last)
    return _("Messages from {first} to {last}").format(first=first, last=last)


def _say_counts(title: str, counts: Counts) -> str:
    sentence = _(
        "{title}: {sent} sent, {delivered} delivered, {replied} replied, {failed} failed, "
        "{uncertain} uncertain, {open} still open."
    )
    return sentence.format(
        title=title,
        sent=say_number(counts.sent),
        delivered=say_number(counts.delivered),
        replied=say_number(counts.replied),
        failed=say_number(counts.failed),
        uncertain=say_number(counts.uncertain),
        open=say_number(counts.open),
    )


def _parts(counts: Counts) -> Iterator[tuple[str, int]]:
    yield _("Delivered"), counts.delivered
    yield _("Replied"), counts.replied
    yield _("Failed"), counts.failed
    yield _("Uncertain"), counts.uncertain
    yield _("Still open"), counts.open
    if counts.untracked:
        yield _("Tracking stopped"), counts.untracked


def _draw_table(counts: Counts) -> str:
    longest = max(counts.sent, counts.failed, counts.uncertain, 1)
    rows = [(_("Sent"), counts.sent), *_parts(counts)]
    name_width = max(len(name) for name, _count in rows)
    width = max(len(say_number(count)) for _name, count in rows)
    return "\n".join(
        f"{name:<{name_width}} {say_number(count):>{width}} {_draw_bar(count / longest)}".rstrip()
        for name, count in rows
    )


def _draw_bar(share: float) -> str:
    """Draw a bar in eighths of a character, so that even a small share is seen."""
    eighths = max(round(share * _BAR_LENGTH * 8), 1) if share else 0
    rest = " ▏▎▍▌▋▊▉"[eighths % 8].strip()
    return "█" * (eighths // 8) + rest


def _more_lines(figures: Figures, head: Head) -> Iterator[str]:
    if waits := _say_waits(figures.until_delivery, figures.until_reply):
        yield waits
    if figures.reasons:
        shown = [f"{code} ({say_number(count)})" for code, count in figures.reasons[:_MOST_REASONS]]
        left = sum(count for _code, count in figures.reasons[_MOST_REASONS:])
        more = [_("others ({count})").format(count=say_number(left))] if left else []
        yield _("Failed because of: {reasons}.").format(reasons=say_list(shown + more))
    if head.seq:
        yield _("Audit log: {head}").format(head=head)


def _say_waits(until_delivery: float | None, until_reply: float | None) -> str:
    delivery = "" if until_delivery is None else _show_wait(until_delivery)
    reply = "" if until_reply is None else _show_wait(until_reply)
    sentence = ""
    if delivery and reply:
        sentence = _("Median time to delivery {delivery}, to the reply {reply}.")
    elif delivery:
        sentence = _("Median time to delivery {delivery}.")
    elif reply:
        sentence = _("Median time to the reply {reply}.")
    return sentence.format(delivery=delivery, reply=reply)


def _show_wait(seconds: float) -> str:
    if seconds < 90:
        return _("{seconds} s").format(seconds=say_number(round(seconds)))
    if seconds < 90 * 60:
        return _("{minutes} min").format(minutes=say_number(round(seconds / 60)))
    return _("{hours} h").format(hours=say_tenths(seconds / 3600))


def _list_templates(figures: Figures) -> Iterator[str]:
    """List the most used templates in sentences, which a phone can show, unlike a wide table."""
    if not any(figures.templates):
        return
    yield _("By template:")
    ordered = sorted(figures.templates.items(), key=lambda one: (-one[1].sent, one[0]))
    for name, counts in ordered[:_MOST_TEMPLATES]:
        shown = clip(" ".join(visible(name).split()), _NAME_LENGTH) or _("(none)")
        yield _say_counts(shown, counts)
    if left := len(ordered[_MOST_TEMPLATES:]):
        more = ngettext("and {count} more", "and {count} more", left)
        yield more.format(count=say_number(left))


class _Chart(Block):
    """One series with the same parts as the table. The SDK has no model of this block.

    https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block
    """

    def __init__(self, counts: Counts, title: str) -> None:
        super().__init__(type=CHART)
        self.attributes = {"type", "title", "chart"}
        self.title = clip(title, 50)
        parts = [(clip(name, _LABEL_LENGTH), count) for name, count in _parts(counts)]
        data: list[Json] = [{"label": name, "value": count} for name, count in parts]
        self.chart: Json = {
            "type": "bar",
            "series": [{"name": clip(_("Messages"), _LABEL_LENGTH), "data": data}],
            "axis_config": {"categories": [name for name, _count in parts]},
        }

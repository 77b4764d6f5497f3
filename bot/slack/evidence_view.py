"""Draws the evidence: who the customer is, what each rule says, and what the form offers. Pure.

What passes of our own rules is named in one line, so that the message field stays in view. Each
warning and each block has its sentence.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.cards.blocks import Block, literal, plain, section
from bot.rules.verdict import Finding, Level, Rule, Verdict
from bot.slack.form_input import name_for
from bot.text import clip, show_name, visible
from genesys import Identity, Several

EVIDENCE = "evidence"
OFFERS = "offers"  # the block of the buttons below the evidence
SEND_THEN, OPT_OUT = "send_then", "form_opt_out"
_BUTTON_LENGTH, _VALUE_LENGTH = 75, 2_000  # Slack's limits
_LEVEL_WORDS = {Level.PASS: "✓ OK", Level.WARN: "⚠ Note", Level.BLOCK: "✗ Stop"}
_ABOUT_THE_CUSTOMER = frozenset(
    {
        *(Rule.CONTACT, Rule.HISTORY, Rule.SESSION, Rule.DEPLOYMENT, Rule.CONVERSATION),
        Rule.GENESYS,
    }
)


@dataclass(frozen=True)
class Note:
    """A sentence that stands in place of the evidence."""

    sentence: str = field(repr=False)


@dataclass(frozen=True)
class Review:
    """A verdict by all rules, and what it means for the person who sees the form.

    ``may_override``: they're a lead, and may send it all the same. ``several``: the contacts to
    choose from. ``links``: the URLs of other requests' cards, by request id.
    """

    verdict: Verdict
    may_override: bool = False
    several: Several | None = None
    links: Mapping[str, str] = field(default_factory=dict)


def draw_evidence(shown: Note | Review) -> list[Block]:
    """Draw the evidence, with the buttons that belong to it."""
    if isinstance(shown, Note):
        return [_rich_text([section(literal(shown.sentence, italic=True))])]
    lines = [section(*_headline(shown.verdict)), *_list_findings(shown)]
    buttons = list(_list_buttons(shown.verdict))
    offers = {"type": "actions", "block_id": OFFERS, "elements": buttons}
    return [_rich_text(lines), *([offers] if buttons else [])]


def read_opt_out(value: str, identity: Identity) -> tuple[str, ...] | None:
    """Return the contact ids that the button to opt a customer out has.

    None if the button was drawn for another customer.
    """
    drawn_for, _, contact_ids = value.partition("|")
    if drawn_for != name_for(OPT_OUT, identity):
        return None
    return tuple(contact_ids.split()) if contact_ids else ()


def _rich_text(lines: list[Block]) -> Block:
    return {"type": "rich_text", "block_id": EVIDENCE, "elements": lines}


def _headline(verdict: Verdict) -> list[Block]:
    address, customer = verdict.identity.value, verdict.customer
    word = "Can't be sent" if verdict.blocks else "Ready to send"
    if verdict.is_away:
        word = "Not checked yet"
    if any(finding.rule is Rule.LOOKUPS for finding in verdict.blocks):
        word = "Not looked up"  # a message would still be checked before it goes out
    if customer is None:
        return [literal(f"{word}: ", bold=True), literal(address)]
    return [
        literal(f"{word}: ", bold=True),
        literal(show_name(customer.name), bold=True),
        literal(f" · {address} · {customer.contact_type.value.lower()} contact"),
    ]


def _list_findings(review: Review) -> Iterator[Block]:
    folded = []
    for finding in review.verdict.findings:
        if finding.level is Level.PASS and finding.rule not in _ABOUT_THE_CUSTOMER:
            folded.append(finding.rule.value)
        else:
            yield _finding(finding, review.links)
    if folded:
        count = "1 more check" if len(folded) == 1 else f"{len(folded)} more checks"
        yield section(
            literal(f"{_LEVEL_WORDS[Level.PASS]}: "),
            literal(f"{count} passed ({', '.join(folded)})."),
        )


def _finding(finding: Finding, links: Mapping[str, str]) -> Block:
    level = literal(f"{_LEVEL_WORDS[finding.level]}: ", bold=finding.level is not Level.PASS)
    nodes = [level, literal(visible(finding.sentence))]
    link = links.get(finding.earlier.request_id) if finding.earlier else None
    if link:
        nodes += [literal(" "), {"type": "link", "url": link, "text": "The card"}]
    return section(*nodes)


def _list_buttons(verdict: Verdict) -> Iterator[Block]:
    times = [one.next_time for one in verdict.blocks if one.next_time]
    if times:
        opens = max(times)
        value = str(int(opens.timestamp()))
        yield _button(SEND_THEN, f"Send {_show_time(opens)}", value)
    if any(one.rule is Rule.OPT_OUT and one.level is Level.PASS for one in verdict.findings):
        contact_ids = verdict.customer.contact_ids if verdict.customer else ()
        value = f"{name_for(OPT_OUT, verdict.identity)}|{' '.join(contact_ids)}"
        if len(value) > _VALUE_LENGTH:  # one contact leads to all of them, at the next look-up
            value = value[:_VALUE_LENGTH].rpartition(" ")[0]
        yield _button(OPT_OUT, "Don't contact this customer", value)


def _button(action_id: str, text: str, value: str) -> Block:
    shown = plain(clip(text, _BUTTON_LENGTH))
    return {"type": "button", "action_id": action_id, "text": shown, "value": value}


def _show_time(at: datetime) -> str:
    """Say a time where the customer is, such as "Fri, Nov 27, 8:00 AM (Europe/Berlin)"."""
    clock = f"{at.hour % 12 or 12}:{at:%M %p}"
    return f"{at:%a, %b} {at.day}, {clock} ({at.tzinfo})"

"""Draws the evidence: who the customer is, what the rules say, and what the form offers. Pure.

What stops the message comes first, then each warning. What passes is counted in one line, so that
the message field stays in view.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from slack_sdk.models.blocks import ActionsBlock, Block, ButtonElement, RichTextElement

from bot.cards.blocks import (
    DAY_AND_TIME,
    date_node,
    fill,
    link,
    literal,
    plain,
    rich_text,
    section,
)
from bot.language import _, ngettext, say_moment, say_number
from bot.rules.quiet_hours import say_zone
from bot.rules.verdict import Finding, Level, Rule, Verdict
from bot.slack.forms.earlier_view import draw_earlier
from bot.slack.forms.form_input import name_for
from bot.storage.facts import Earlier
from bot.text import clip, show_name, visible
from genesys import Identity, Several

EVIDENCE = "evidence"
OFFERS = "offers"  # the block of the buttons below the evidence
SEND_THEN, OPT_OUT = "send_then", "form_opt_out"
_BUTTON_LENGTH, _VALUE_LENGTH = 75, 2_000  # Slack's limits


@dataclass(frozen=True)
class Note:
    """A sentence that stands in place of the evidence; ``is_marked``: it's still to be said."""

    sentence: str = field(repr=False)
    is_marked: bool = False


@dataclass(frozen=True)
class Review:
    """A verdict by all rules, and what it means for the person who sees the form.

    ``is_lead``: they may override some rules. ``several``: the contacts to choose from. ``links``:
    the URLs of other requests' cards, by request id. ``refused``: why the message wasn't sent when
    they pressed Send just now. ``to_do``: what's left to do before Send.
    """

    verdict: Verdict
    is_lead: bool = False
    several: Several | None = None
    links: Mapping[str, str] = field(default_factory=dict)
    refused: tuple[Finding, ...] = ()
    earlier: tuple[Earlier, ...] = ()
    to_do: str = field(default="", repr=False)

    @property
    def may_override(self) -> bool:
        """Return whether they may send it anyway."""
        return self.is_lead and self.verdict.may_override


def draw_evidence(shown: Note | Review) -> list[Block]:
    """Draw the evidence, with the buttons that belong to it."""
    if isinstance(shown, Note):
        said = _(shown.sentence) if shown.is_marked else shown.sentence
        return [rich_text(section(literal(said, italic=True)), block_id=EVIDENCE)]
    evidence = rich_text(*_draw_lines(shown), block_id=EVIDENCE)
    buttons = list(_list_buttons(shown.verdict))
    offers = [ActionsBlock(block_id=OFFERS, elements=buttons)] if buttons else []
    return [evidence, *offers]


def read_opt_out(value: str, identity: Identity) -> tuple[str, ...] | None:
    """Return the contact ids that the button to opt a customer out has.

    None if the button was drawn for another customer.
    """
    drawn_for, __, contact_ids = value.partition("|")
    if drawn_for != name_for(OPT_OUT, identity):
        return None
    return tuple(contact_ids.split()) if contact_ids else ()


def _draw_lines(review: Review) -> Iterator[RichTextElement]:
    verdict, stops = review.verdict, _list_stops(review)
    if stops and review.refused:
        yield _draw_stop(stops.pop(0), review)
    yield section(*_headline(review))
    for stop in stops:
        yield _draw_stop(stop, review)
    if review.to_do:
        yield section(literal(visible(review.to_do)))
    for warning in _list_warnings(verdict):
        yield _finding("⚠", warning, warning.sentence, review.links)
    passes = [finding for finding in verdict.findings if finding.level is Level.PASS]
    if passes:
        passed = ngettext("✓ {count} check passed.", "✓ {count} checks passed.", len(passes))
        passed = passed.format(count=say_number(len(passes)))
        history = (visible(one.sentence) for one in passes if one.rule is Rule.HISTORY)
        yield section(literal(" ".join((passed, *history))))
    yield from draw_earlier(review.earlier, review.links)


def _list_stops(review: Review) -> list[Finding]:
    """Return what stops the message; first what stopped it when they pressed Send just now."""
    refused = {finding.rule for finding in review.refused}
    stops = sorted(review.verdict.blocks, key=lambda stop: stop.rule not in refused)
    return stops or list(review.refused[:1])


def _draw_stop(stop: Finding, review: Review) -> RichTextElement:
    """Draw what stops the message."""
    is_why = stop.rule in {finding.rule for finding in review.refused}
    sentence = stop.reason if review.is_lead else stop.sentence
    return _finding(_("Not sent:") if is_why else "✗", stop, sentence, review.links)


def _headline(review: Review) -> list[RichTextElement]:
    verdict, word = review.verdict, _in_a_word(review)
    address, customer = verdict.identity.value, verdict.customer
    if customer is None:
        return [literal(f"{word}: ", bold=True), literal(address)]
    return [
        literal(f"{word}: ", bold=True),
        literal(show_name(customer.name), bold=True),
        literal(f" · {address}"),
    ]


def _in_a_word(review: Review) -> str:
    """Say what would happen to the message if the agent pressed Send now."""
    verdict = review.verdict
    if any(finding.rule is Rule.LOOKUPS for finding in verdict.blocks):
        return _("Not looked up")  # a message would still be checked before it goes out
    if verdict.blocks and review.may_override:
        return _("Blocked, but you can override")
    if verdict.blocks:
        return _("Can't be sent")
    if review.to_do:
        return _("Not ready yet")
    if verdict.is_away:
        return _("Not checked yet")
    warnings = [finding for finding in verdict.findings if finding.level is Level.WARN]
    if any(one.needs_approval or one.rule is Rule.APPROVAL for one in warnings):
        return _("Needs approval")
    if any(one.rule is Rule.PAUSE for one in warnings):
        return _("Sending is paused")
    return _("Ready to send")


def _list_warnings(verdict: Verdict) -> Iterator[Finding]:
    """Yield the warnings, without those that only repeat what another finding says."""
    warnings = [finding for finding in verdict.findings if finding.level is Level.WARN]
    stopped_by = {stop.earlier.request_id for stop in verdict.blocks if stop.earlier}
    says_approval = any(warning.needs_approval for warning in warnings)
    for warning in warnings:
        same = warning.earlier is not None and warning.earlier.request_id in stopped_by
        if not same and not (says_approval and warning.rule is Rule.APPROVAL):
            yield warning


def _finding(
    word: str, finding: Finding, sentence: str, links: Mapping[str, str]
) -> RichTextElement:
    nodes = [literal(f"{word} ", bold=True), literal(visible(sentence))]
    if finding.next_time:
        nodes += _when_it_passes(finding.next_time)
    url = links.get(finding.earlier.request_id) if finding.earlier else None
    if url:
        nodes += [literal(" "), link(url, _("The card"))]
    return section(*nodes)


def _when_it_passes(at: datetime) -> list[RichTextElement]:
    """Say a time where the customer is and where the reader is."""
    sentence = " " + _("They end {there} ({here} your time).")
    here = date_node(at.astimezone(UTC), DAY_AND_TIME)
    return fill(sentence, there=_show_time(at), here=here)


def _list_buttons(verdict: Verdict) -> Iterator[ButtonElement]:
    times = [one.next_time for one in verdict.blocks if one.next_time]
    if times and all(one.next_time or one.may_override for one in verdict.blocks):
        opens = max(times)
        value = str(int(opens.timestamp()))
        yield _button(SEND_THEN, _("Send {when}").format(when=_show_time(opens)), value)
    if any(one.rule is Rule.OPT_OUT and one.level is Level.PASS for one in verdict.findings):
        contact_ids = verdict.customer.contact_ids if verdict.customer else ()
        value = f"{name_for(OPT_OUT, verdict.identity)}|{' '.join(contact_ids)}"
        if len(value) > _VALUE_LENGTH:  # one contact leads to all of them, at the next look-up
            value = value[:_VALUE_LENGTH].rpartition(" ")[0]
        yield _button(OPT_OUT, _("Don't contact this customer"), value)


def _button(action_id: str, text: str, value: str) -> ButtonElement:
    shown = plain(clip(text, _BUTTON_LENGTH))
    return ButtonElement(action_id=action_id, text=shown, value=value)


def _show_time(at: datetime) -> str:
    """Say a time where the customer is, such as "Fri, Nov 27 at 8:00 AM Berlin time"."""
    return _("{moment} {zone}").format(moment=say_moment(at), zone=say_zone(str(at.tzinfo)))

"""The surfaces about what was before and what came of it: earlier messages, replies, digests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from bot.cards.card import show_card, show_news, show_notice
from bot.cards.digest_view import show_digest
from bot.cards.line import show_line
from bot.cli.card_surfaces import sample_request
from bot.cli.sample_texts import HOSTILE, LONGEST, NAMES, NOW, PLACE, Surface
from bot.delivery.outcomes import REPLY_LENGTH
from bot.language import _
from bot.request import Event, HistoryLine, Stuck
from bot.rules.digest_period import Period
from bot.rules.verdict import Verdict
from bot.slack.commands.outcome_commands import LEADS_ONLY, NOT_A_CHANNEL, SHARED
from bot.slack.commands.outcome_words import (
    MOST_SHOWN,
    Order,
    say_default,
    say_here,
    say_off,
    say_unknown,
    say_where,
)
from bot.slack.forms.evidence_view import Review
from bot.slack.forms.form_input import make_draft
from bot.slack.forms.form_view import build_form
from bot.state import State
from bot.storage.audit_chain import Head
from bot.storage.digest_figures import Counts, Figures
from bot.storage.facts import Earlier
from bot.text import clip
from genesys import Candidate, ContactType, Identity, IdentityKind, Several

_LINK = "https://workspace.slack.com/archives/C0SUPPORT/p1790000000000100"
_JANE = Identity(IdentityKind.EMAIL, "jane@example.com")


def history_surfaces() -> Iterator[Surface]:
    """Yield all of them."""
    yield from _earlier()
    yield from _candidates()
    yield from _replies()
    yield from _waiting()
    yield from _outcomes()
    yield from _digests()


def _earlier() -> Iterator[Surface]:
    draft = make_draft(PLACE, "jane@example.com", "Your order is ready", None)
    for name in NAMES:
        for state in State:
            one = Earlier("V1", "U0BEN", name, state, NOW, "C0SUPPORT", "1.1")
            messages = (one, replace(one, request_id="V2"), replace(one, request_id="V3"))
            review = Review(Verdict(_JANE, None, ()), links={"V1": _LINK}, earlier=messages)
            yield "form earlier messages", "modal", build_form(draft, review)


def _candidates() -> Iterator[Surface]:
    draft = make_draft(PLACE, "pat@example.com", "", None)
    for hint in ("Acme", HOSTILE, "x" * 99):
        for days, searched in ((None, 0), (None, 31), (0, 31), (99_999, 31)):
            candidates = tuple(
                Candidate(f"{number:036}", "Pat", ContactType.CURATED, hint, (), days)
                for number in range(12)
            )
            several = Several(_JANE, candidates, searched)
            yield "form candidates", "modal", build_form(draft, Verdict(_JANE, several, ()))


def _replies() -> Iterator[Surface]:
    request = sample_request(State.REPLIED, "Your order is ready", "Jane")
    for said in ("Thank you!", HOSTILE, clip(LONGEST, REPLY_LENGTH)):
        line = HistoryLine(1, Event.REPLIED, NOW, "It's in the Support queue.", _LINK, said=said)
        yield "line replied", "message", show_line(line, request).payload
        yield "news with a reply", "message", show_news(request, [line]).payload


def _waiting() -> Iterator[Surface]:
    request = sample_request(State.SCHEDULED, "Your order is ready", "Jane")
    waiting = replace(
        request, stuck=Stuck.CONVERSATION, after_conversation=NOW + timedelta(hours=24)
    )
    yield "card waiting for a conversation's end", "message", show_card(waiting).payload


def _outcomes() -> Iterator[Surface]:
    unknown = say_unknown("/proactive", "here")
    posts = [show_notice(one) for one in (_(LEADS_ONLY), _(NOT_A_CHANNEL), _(SHARED), unknown)]
    here = Order("", is_for_all=False)
    for order in (here, replace(here, is_for_all=True), replace(here, source="C0SUPPORT")):
        posts += [say_here(name, order) for name in ("leo", HOSTILE[:80])]
        for left in ("", "C0NEWS"):
            posts += [say_off("/proactive", order, left), say_default(order, left)]
    for one in ("", "C0NEWS"):
        for count in (0, 1, MOST_SHOWN + 1):
            sources = [f"C0{number}" for number in range(count)]
            posts.append(say_where("/proactive", "C0SUPPORT", one, one, sources))
    for post in posts:
        yield "outcomes", "message", post.payload


def _digests() -> Iterator[Surface]:
    day = date(2026, 11, 25)
    for first in (day, day - timedelta(days=6)):
        period = Period(first, day, NOW, NOW)
        for count in (0, 1, 9_999_999):
            counts = Counts(count, count, count, count, count, count)
            names = ["", "Delayed", *(f"{number} {HOSTILE}" for number in range(20))]
            figures = Figures(
                counts,
                tuple((f"{'C' * 39}{number}", count) for number in range(5)),
                float(count),
                float(count),
                dict.fromkeys(names if count else [], counts),
            )
            for has_chart in (False, True):
                head = Head(count, "ab" * 32, 0.0)
                post = show_digest(period, figures, head, has_chart=has_chart)
                name = "digest with a chart" if has_chart else "digest"
                yield name, "message", post.payload

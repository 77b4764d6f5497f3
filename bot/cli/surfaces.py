"""``python -m bot surfaces``: prints every view and message that the bot can produce.

Each line is a JSON object, ``{"name", "surface", "payload"}``. The real code draws them from every
state and from hostile values, so that a validator of Slack's rules can check them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from bot.cli.card_surfaces import card_surfaces, message_surfaces, small_forms
from bot.cli.form_surfaces import form_surfaces
from bot.cli.history_surfaces import history_surfaces
from bot.cli.home_surfaces import home_surfaces
from bot.cli.sample_texts import HOSTILE, LONGEST, NAMES, NOW, PLACE, Surface
from bot.cli.template_surfaces import template_surfaces
from bot.rules.verdict import Finding, Level, Rule, Verdict, decide
from bot.slack.forms.form_input import Draft, check_times, make_draft
from bot.slack.forms.form_view import ASK_FOR_CUSTOMER, LOOKING_UP, build_form
from genesys import (
    Candidate,
    ContactType,
    Conversation,
    Customer,
    Deployment,
    DeploymentStatus,
    Found,
    Identity,
    IdentityKind,
    MatchedBy,
    NoContact,
    Several,
)

_DEPLOYMENT = "0f0e0d0c-1111-4222-8333-444455556666"


def print_surfaces() -> None:
    """Write all of them to standard output."""
    for name, surface, payload in surfaces():
        line = json.dumps({"name": name, "surface": surface, "payload": payload})
        sys.stdout.write(line + "\n")


def surfaces() -> Iterator[Surface]:
    """Yield the name, the kind and the payload of every view and message."""
    yield from _forms()
    yield from form_surfaces()
    yield from template_surfaces()
    yield from card_surfaces()
    yield from message_surfaces()
    yield from small_forms()
    yield from history_surfaces()
    yield from home_surfaces()


def _forms() -> Iterator[Surface]:
    place = replace(PLACE, thread_ts="1790000000.000100")
    for typed in ("", "jane@example.com", "not an address", HOSTILE, LONGEST):
        for text in ("", "Your order is ready", HOSTILE, LONGEST):
            draft = make_draft(place, typed, text, None)
            for shown in (ASK_FOR_CUSTOMER, LOOKING_UP):
                yield f"form {typed[:8]!r} {text[:8]!r}", "modal", build_form(draft, shown)
    draft = make_draft(PLACE, "jane@example.com", "Your order is ready", None)
    planned = replace(draft, send_at=NOW, send_before=NOW + timedelta(hours=1))
    yield "form planned", "modal", build_form(planned)
    wrong_times = check_times(planned, NOW + timedelta(hours=2))
    yield "form too late", "modal", build_form(planned, LOOKING_UP, None, wrong_times)
    for index, verdict in enumerate(_verdicts()):
        for into_open in (False, True):
            chosen = replace(draft, into_open=into_open)
            yield f"form verdict {index}", "modal", build_form(chosen, verdict)
    yield from _choices(draft)


def _choices(draft: Draft) -> Iterator[Surface]:
    several = _several()
    for candidate in ("", several.candidates[0].contact_id):
        chosen = replace(draft, chosen_contact_id=candidate)
        for shown in _verdicts():
            yield "form choice", "modal", build_form(chosen, shown, several)


def _verdicts() -> Iterator[Verdict]:
    statuses = [(status, None) for status in (None, *DeploymentStatus)]
    sessions = [(DeploymentStatus.ACTIVE, timedelta(days=days)) for days in (1, 2, 9)]
    for found in _findings():
        for status, session in (*statuses, *sessions):
            deployment = status and Deployment(_DEPLOYMENT, "Shop", status)
            for into_open in (False, True):
                yield decide(
                    found,
                    deployment,
                    deployment_id=_DEPLOYMENT,
                    into_open=into_open,
                    now=NOW,
                    history_days=90,
                    session=session,
                )
    unavailable = Finding(Rule.GENESYS, Level.BLOCK, f"Genesys Cloud does not answer. {HOSTILE}")
    yield Verdict(Identity(IdentityKind.EMAIL, "jane@example.com"), None, (unavailable,))


def _findings() -> Iterator[Found]:
    identity = Identity(IdentityKind.EMAIL, "jane@example.com")
    yield NoContact(identity)
    yield _several()
    ended = _conversation(NOW - timedelta(days=2), _DEPLOYMENT)
    elsewhere = _conversation(NOW - timedelta(days=9), "99999999-1111-4222-8333-444455556666")
    still_open = replace(ended, ended_at=None)
    for name in NAMES:
        for latest in (None, ended, elsewhere, still_open):
            yield Customer(
                contact_id="a" * 36,
                send_to_id="a" * 36,
                name=name,
                contact_type=ContactType.CURATED,
                identity=identity,
                matched_by=MatchedBy.IDENTIFIER,
                contact_ids=("a" * 36,),
                latest=latest,
                open=latest if latest is still_open else None,
            )


def _conversation(started_at: datetime, deployment_id: str) -> Conversation:
    return Conversation(
        conversation_id="c" * 36,
        started_at=started_at,
        ended_at=started_at + timedelta(hours=1),
        deployment_id=deployment_id,
        customer_wrote=True,
        contact_id="a" * 36,
    )


def _several() -> Several:
    candidates = tuple(
        Candidate(f"{number:036}", name, ContactType.IDENTIFIED, hint)
        for number, (name, hint) in enumerate(
            zip(NAMES * 6, (HOSTILE, "", "x" * 99) * 8, strict=True)
        )
    )
    return Several(Identity(IdentityKind.EMAIL, "pat@example.com"), candidates)

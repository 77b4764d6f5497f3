"""The cards, lines, answers and small forms among the surfaces."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from bot.cards.card import (
    show_approval,
    show_card,
    show_elsewhere,
    show_given_back,
    show_news,
    show_notice,
    show_outcome,
)
from bot.cards.card_state import Notes
from bot.cards.line import show_line
from bot.cli.sample_texts import HOSTILE, LONGEST, NAMES, NOW, PLACE, Surface
from bot.language import _
from bot.request import Event, HistoryLine, Request, Stuck
from bot.slack.buttons.approval_view import build_approval, build_decline
from bot.slack.buttons.approvals import NO_APPROVER, OWN_MESSAGE
from bot.slack.commands.command import show_help
from bot.slack.commands.lead_commands import OPT_OUT, PAUSE, say_usage
from bot.slack.commands.pause_words import say_paused, say_paused_before, say_resumed
from bot.slack.forms.opt_out import build_opt_out_form
from bot.state import UNSENT, State
from bot.storage.facts import ByWhom
from genesys import Identity, IdentityKind

_CARD_LINK = "https://workspace.slack.com/archives/C0SUPPORT/p1790000000000100"
_GENESYS_LINK = "https://apps.mypurecloud.com/directory/#/engage/admin/interactions/1"
_LONG_ADDRESS = f"{'j' * 64}@{'long.' * 36}example.com"


def card_surfaces() -> Iterator[Surface]:
    """Yield every card, and what else shows where a request stands."""
    for state in State:
        for text in ("Your order is ready", HOSTILE, LONGEST):
            for name in NAMES:
                request = sample_request(state, text, name)
                yield from _about(request, text)
                if state in UNSENT or state is State.SENDING:
                    yield from _held(request)


def sample_request(state: State, text: str, name: str) -> Request:
    """Return a request in a state."""
    return Request(
        request_id="V0123456789",
        place=PLACE,
        agent_id="U0ADA",
        agent_name=name,
        identity=Identity(IdentityKind.PHONE, "+442079460018"),
        text=text,
        into_open_conversation=False,
        chosen_contact_id="",
        created_at=NOW,
        state=state,
        reason=text if state in (State.REFUSED, State.FAILED) else "",
        customer_name=name,
        approval_for="it has a link that isn't to one of our sites" if text != LONGEST else text,
        approval_until=NOW + timedelta(days=1),
    )


def _about(request: Request, text: str) -> Iterator[Surface]:
    state, name = request.state.value, request.agent_name
    planned = replace(request, send_at=NOW, planned_at=NOW, send_before=NOW + timedelta(hours=1))
    paused = replace(planned, stuck=Stuck.PAUSED)
    erased = replace(planned, erased_at=NOW, text="", reason="", customer_name="")
    notes = Notes(ByWhom("U0LEO", name, NOW, text), f"{name[:80]} or another approver")
    drawn = {
        "card": show_card(request),
        "card that says where to look": show_card(request, Notes(look_at=_GENESYS_LINK)),
        "planned card": show_card(planned),
        "paused card": show_card(paused, notes),
        "paused card, nobody known": show_card(paused),
        "erased card": show_card(erased),
        "erased outcome": show_outcome(erased, _CARD_LINK),
        "news": show_news(request, []),
        "paused news": show_news(paused, [], state),
    }
    for link in ("", _CARD_LINK):
        drawn |= {
            f"outcome {link}": show_outcome(request, link),
            f"elsewhere {link}": show_elsewhere(request, text, link),
            f"elsewhere as always {link}": show_elsewhere(request, "", link),
            f"approval {link}": show_approval(paused, notes, link),
            f"approval without text {link}": show_approval(request, notes, link, is_public=False),
        }
    declined = Notes(declined_by=name[:80], is_opted_out=True, approvers="")
    drawn["declined card"] = show_card(request, declined)
    drawn["approval declined"] = show_approval(request, declined, _CARD_LINK)
    approved = replace(request, approver_id="U0LEO", approver_name=name)
    drawn["approval given"] = show_approval(approved, notes, _CARD_LINK)
    for kind, post in drawn.items():
        yield f"{kind.partition(' https')[0].strip()} {state}", "message", post.payload


def _held(request: Request) -> Iterator[Surface]:
    """Yield what shows a request that something holds up."""
    for stuck in filter(None, Stuck):
        held = replace(request, stuck=stuck, send_at=NOW, after_conversation=NOW)
        planned = replace(held, planned_at=NOW, send_before=NOW + timedelta(hours=1))
        for kind, one in (("held", held), ("planned, held", planned)):
            what = f"{stuck.value} {request.state.value}"
            yield f"card {kind} {what}", "message", show_card(one).payload
            yield f"news {kind} {what}", "message", show_news(one, []).payload


def message_surfaces() -> Iterator[Surface]:
    """Yield the lines of threads, and the bot's answers."""
    for event in Event:
        for detail in ("", "Ada", NOW.isoformat(), HOSTILE, LONGEST):
            request = sample_request(State.UNCERTAIN, "", detail)
            for link in ("", _GENESYS_LINK):
                line = HistoryLine(1, event, NOW, detail, link, user_id="U0LEO")
                yield f"line {event.value}", "message", show_line(line, request).payload
                erased = show_line(line, request, is_erased=True)
                yield f"erased line {event.value}", "message", erased.payload
    for name in ("Leo", HOSTILE):
        faster = HistoryLine(1, Event.REFUSED, NOW, "Too late.", _CARD_LINK, whose=name)
        yield "line refused, faster", "message", show_line(faster, request).payload
    for unknown in ("", "status", HOSTILE):
        yield "help", "message", show_help("/proactive", unknown, has_templates=True).payload
    for sentence in _answers():
        yield "notice", "message", show_notice(sentence).payload
    for typed in ("", HOSTILE, LONGEST):
        yield "given back", "message", show_given_back("Nothing was sent.", typed).payload


def _answers() -> Iterator[str]:
    yield "Only Ada or a lead can do this."
    for count in (0, 1, 3):
        yield say_paused("/proactive resume", count)
        yield say_resumed(count)
    yield f"{_(NO_APPROVER)} leo or another approver can approve it."
    yield _(OWN_MESSAGE)
    yield say_usage("/proactive", PAUSE)
    yield say_usage("/proactive", OPT_OUT)
    for name, reason in (("leo", ""), (HOSTILE, HOSTILE[:200])):
        before = ByWhom("U0LEO", name, NOW, reason)
        for user_id, other in (("U0LEO", "Wrong prices"), ("U0MIA", reason)):
            by = ByWhom(user_id, name, NOW + timedelta(hours=2), other)
            yield say_paused_before(before, by)


def small_forms() -> Iterator[Surface]:
    """Yield the modals that ask for a reason or an approval."""
    contact_ids = tuple(f"{number:036}" for number in range(200))
    for value in ("jane@example.com", _LONG_ADDRESS):
        identity = Identity(IdentityKind.EMAIL, value)
        for ids in ((), contact_ids):
            name = "Jane Doe" if ids else ""
            yield "opt-out form", "modal", build_opt_out_form(identity, ids, PLACE, None, name)
    for text in ("Your order is ready", HOSTILE, LONGEST):
        for name in NAMES:
            request = sample_request(State.UNAPPROVED, text, name)
            yield "decline form", "modal", build_decline(request, PLACE)
            yield "approval form", "modal", build_approval(request, PLACE)

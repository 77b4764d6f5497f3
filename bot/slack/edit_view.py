"""The form in which a message is edited that hasn't gone out. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from bot.cards.blocks import Block, literal, plain, section
from bot.request import Place, Request
from bot.rules.verdict import Finding, Rule
from bot.slack.form_input import (
    MESSAGE,
    SEND_AT,
    SEND_AT_LABEL,
    SEND_BEFORE,
    SEND_BEFORE_LABEL,
)
from bot.slack.interaction import View
from bot.slack.reason_form import write_metadata
from bot.text import sendable, show_name, visible

EDIT_FORM = "edit_message"
INPUT_LENGTH = 3_000  # Slack's limit
_ABOUT_WHEN = "The customer's quiet hours and your rules are checked again when you save."

Values = dict[str, Any]


def build_edit(request: Request, place: Place) -> View:
    """Build the form; ``place``: where somebody clicked, which says where to answer."""
    fixed = (EDIT_FORM, request.request_id, str(request.decisions), place.response_url)
    masked = request.identity.masked
    who = f"{show_name(request.customer_name)} ({masked})" if request.customer_name else masked
    text: Block = {
        "type": "plain_text_input",
        "multiline": True,
        "max_length": INPUT_LENGTH,
        "focus_on_load": True,
        "initial_value": request.text[:INPUT_LENGTH],
    }
    hint = "Up to 2,000 characters. The customer sees exactly this text."
    return {
        "type": "modal",
        "callback_id": EDIT_FORM,
        "title": plain("Edit message"),
        "submit": plain("Save"),
        "close": plain("Don't save"),
        "private_metadata": write_metadata(fixed),
        "blocks": [
            {
                "type": "rich_text",
                "block_id": "customer",
                "elements": [section(literal("Message to "), literal(who, bold=True))],
            },
            _input(MESSAGE, "Message", text, hint),
            _input(
                SEND_AT,
                SEND_AT_LABEL,
                _time(request.planned_at),
                f"Leave empty to send now. {_ABOUT_WHEN}",
                is_optional=True,
            ),
            _input(
                SEND_BEFORE,
                SEND_BEFORE_LABEL,
                _time(request.send_before),
                "If it can't go out by then, it's cancelled.",
                is_optional=True,
            ),
        ],
    }


def read_text(view: View) -> str:
    """Return the message that somebody typed."""
    return sendable(_value(view, MESSAGE).get("value") or "")


def read_time(view: View, name: str) -> datetime | None:
    """Return the time in one of the fields."""
    seconds = _value(view, name).get("selected_date_time")
    return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) else None


def place_findings(findings: Iterable[Finding]) -> dict[str, str]:
    """Return what the rules say, each under its field, by the field's block id."""
    errors: dict[str, str] = {}
    for finding in findings:
        block = SEND_AT if finding.rule is Rule.QUIET_HOURS else MESSAGE
        errors[block] = f"{errors.get(block, '')} {visible(finding.sentence)}".strip()
    return errors


def _value(view: View, name: str) -> Values:
    found = view["state"]["values"].get(name, {}).get(name)
    return found if isinstance(found, dict) else {}


def _time(at: datetime | None) -> Block:
    chosen = {"initial_date_time": int(at.timestamp())} if at is not None else {}
    return {"type": "datetimepicker", **chosen}


def _input(name: str, label: str, element: Block, hint: str, *, is_optional: bool = False) -> Block:
    return {
        "type": "input",
        "block_id": name,
        "label": plain(label),
        "element": {"action_id": name, **element},
        "hint": plain(hint),
        "optional": is_optional,
    }

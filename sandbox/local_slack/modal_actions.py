"""Submits and closes modals, and applies the bot's answer.

If the bot doesn't acknowledge a submission in time, the modal stays open with the same view id, so
that the person can try again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from . import payloads
from .actions import ActionError, Actions
from .config import JSON
from .delivery import Ack
from .errors import SlackError
from .forms import FormError, fill_in, list_refusals
from .state import State
from .views import TROUBLE, View


class Outcome(StrEnum):
    """What happened to the modal."""

    CLOSED = "closed"
    ERRORS = "errors"
    UPDATED = "updated"
    PUSHED = "pushed"
    CLEARED = "cleared"
    TROUBLE = "trouble"


@dataclass(frozen=True)
class Submitted:
    """The outcome of a submission; `ack` is None if Slack's client didn't send it."""

    result: Outcome
    ack: Ack | None = None
    errors: dict[str, str] = field(default_factory=dict)
    problem: str | None = None


class ModalActions:
    """Submits and closes modals."""

    def __init__(self, state: State, actions: Actions) -> None:
        self._state = state
        self._actions = actions

    async def submit(self, view: View, values: Any) -> Submitted:
        """Fill in and submit a modal.

        A modal that a submission has closed can be submitted again, because a person may press
        the button twice before the first answer arrives.
        """
        if not view.is_open and not view.closed_by_submission:
            raise ActionError("This modal is closed.")
        if not view.definition.get("submit"):
            raise ActionError("This modal has no submit button.")
        blocks = view.definition["blocks"]
        try:
            view.values = fill_in(blocks, view.values, values)
        except FormError as error:
            raise ActionError(str(error)) from error
        refusals = list_refusals(blocks, view.values)
        if refusals:
            self._show(view, errors=refusals)
            return Submitted(Outcome.ERRORS, errors=refusals)
        self._show(view)
        ack = await self._actions.interact(payloads.view_submission(self._state, view))
        if ack.failure:
            return self._trouble(view, ack, ack.failure)
        try:
            return self._obey(view, ack)
        except SlackError as refusal:
            details = "; ".join(refusal.details) or refusal.error
            return self._trouble(view, ack, details)

    async def close(self, view: View, *, whole_stack: bool) -> Ack | None:
        """Close one view (its close button) or the whole stack (the cross)."""
        if not view.is_open:
            raise ActionError("This modal is closed.")
        cleared = whole_stack or bool(view.definition.get("clear_on_close"))
        closing = list(self._state.views.stack(view)) if cleared else [view]
        for other in closing:
            self._state.views.close(other)
        reported = closing[0]
        if not reported.definition.get("notify_on_close"):
            return None
        payload = payloads.view_closed(self._state, reported, is_cleared=cleared)
        return await self._actions.interact(payload)

    def _obey(self, view: View, ack: Ack) -> Submitted:
        if ack.body in ("", {}):
            self._state.views.close(view, by_submission=True)
            return Submitted(Outcome.CLOSED, ack)
        if not isinstance(ack.body, dict):
            raise SlackError("invalid_response", ["the answer is not a JSON object"])
        match ack.body:
            case {"response_action": "errors", "errors": dict(errors), **rest} if not rest:
                self._require_inputs(view, errors)
                self._show(view, errors=errors)
                return Submitted(Outcome.ERRORS, ack, errors)
            case {"response_action": "update", "view": dict(definition), **rest} if not rest:
                self._state.views.update(view, definition)
                return Submitted(Outcome.UPDATED, ack)
            case {"response_action": "push", "view": dict(definition), **rest} if not rest:
                self._state.views.push(view, definition)
                return Submitted(Outcome.PUSHED, ack)
            case {"response_action": "clear", **rest} if not rest:
                for other in list(self._state.views.stack(view)):
                    self._state.views.close(other, by_submission=True)
                return Submitted(Outcome.CLEARED, ack)
        raise SlackError("invalid_response", ["unknown response_action, or fields missing"])

    def _require_inputs(self, view: View, errors: JSON) -> None:
        inputs = {
            block["block_id"] for block in view.definition["blocks"] if block["type"] == "input"
        }
        if not errors or not all(isinstance(text, str) and text for text in errors.values()):
            raise SlackError("invalid_response", ["errors must name blocks and say something"])
        if not inputs.issuperset(errors):
            raise SlackError("invalid_response", ["errors must be under input blocks"])

    def _trouble(self, view: View, ack: Ack, problem: str) -> Submitted:
        self._show(view, trouble=TROUBLE)
        return Submitted(Outcome.TROUBLE, ack, problem=problem)

    def _show(
        self, view: View, *, errors: dict[str, str] | None = None, trouble: str | None = None
    ) -> None:
        view.errors, view.trouble = errors or {}, trouble
        self._state.watchers.tell()

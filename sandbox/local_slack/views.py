"""Modals: what a view may contain, and the stacks of open views. `homes.py` has the Home tabs.

An update keeps a view's id and changes its hash. What a person typed survives an update if
block_id and action_id stay the same. A stack has at most three views.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .blocks import Surface, check_blocks
from .elements import plain_text
from .errors import SlackError
from .forms import keep_values
from .shapes import BlockFault, boolean, items, one_of, shape, string
from .stored_blocks import complete_blocks, spell_out

LARGEST_VIEW = 250 * 1024
DEEPEST_STACK = 3
TROUBLE = "We had some trouble connecting. Try again?"

_VIEW = shape(
    {"type": one_of("modal"), "title": plain_text(24), "blocks": items(lambda _v, _p: iter(()))},
    {
        "submit": plain_text(24),
        "close": plain_text(24),
        "private_metadata": string(0, 3000),
        "callback_id": string(0, 255),
        "external_id": string(0, 255),
        "clear_on_close": boolean,
        "notify_on_close": boolean,
    },
)


@dataclass
class View:
    """A modal or a Home tab: its definition, and what the person has filled in."""

    id: str
    user: str
    definition: dict[str, Any]
    hash: str
    root_id: str
    previous_id: str | None
    values: dict[str, dict[str, Any]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    trouble: str | None = None
    is_open: bool = True
    closed_by_submission: bool = False

    @property
    def external_id(self) -> str:
        """The app's own id for the view, or ""."""
        return str(self.definition.get("external_id") or "")


def check_view(view: Any, pointer: str = "/view") -> Iterator[BlockFault]:
    """List everything in a modal that Slack would refuse."""
    yield from _VIEW(view, pointer)
    blocks = view.get("blocks") if isinstance(view, dict) else None
    if not isinstance(blocks, list):
        return
    yield from check_blocks(blocks, Surface.MODAL, f"{pointer}/blocks")
    has_input = any(isinstance(block, dict) and block.get("type") == "input" for block in blocks)
    if has_input and not view.get("submit"):
        yield BlockFault(f"{pointer}/submit", "submit is required when an input block is present")


class Views:
    """The views of all people, in the order in which they were opened."""

    def __init__(self, clock: Callable[[], float], changed: Callable[[], None]) -> None:
        self._clock = clock
        self._changed = changed
        self._views: dict[str, View] = {}
        self._open: dict[str, View] = {}

    def open(self, user: str, definition: dict[str, Any]) -> View:
        """Open a view as the root of a new stack. Raises SlackError."""
        return self._add(user, definition, None)

    def push(self, below: View, definition: dict[str, Any]) -> View:
        """Put a view on top of an open one. Raises SlackError."""
        if len(list(self.stack(below))) >= DEEPEST_STACK:
            raise SlackError("push_limit_reached")
        return self._add(below.user, definition, below)

    def update(self, view: View, definition: dict[str, Any]) -> View:
        """Replace what an open view shows. Raises SlackError."""
        self._require_valid(definition, view)
        view.definition = complete_view(definition)
        view.values = keep_values(view.definition["blocks"], view.values)
        view.hash, view.errors, view.trouble = new_hash(self._clock()), {}, None
        self._changed()
        return view

    def close(self, view: View, *, by_submission: bool = False) -> None:
        """Close one view."""
        view.is_open, view.closed_by_submission = False, by_submission
        self._open.pop(view.id, None)
        self._changed()

    def find(self, view_id: str) -> View | None:
        """Find an open or closed view by id."""
        return self._views.get(view_id)

    def find_external(self, external_id: str) -> View | None:
        """Find an open view by the app's own id."""
        return next((v for v in self._open.values() if v.external_id == external_id), None)

    def stack(self, view: View) -> Iterator[View]:
        """List the open views of a view's stack, starting with the root."""
        return (other for other in self._open.values() if other.root_id == view.root_id)

    def shown_to(self, user: str) -> list[View]:
        """List a person's open views, newest last."""
        return [view for view in self._open.values() if view.user == user]

    def _add(self, user: str, definition: dict[str, Any], below: View | None) -> View:
        self._require_valid(definition, None)
        view_id = f"V{secrets.token_hex(5).upper()}"
        view = View(
            id=view_id,
            user=user,
            definition=complete_view(definition),
            hash=new_hash(self._clock()),
            root_id=below.root_id if below else view_id,
            previous_id=below.id if below else None,
        )
        view.values = keep_values(view.definition["blocks"], {})
        self._views[view_id] = self._open[view_id] = view
        self._changed()
        return view

    def _require_valid(self, definition: dict[str, Any], replaced: View | None) -> None:
        require_valid(definition, check_view)
        external_id = definition.get("external_id")
        twin = self.find_external(external_id) if external_id else None
        if twin is not None and twin is not replaced:
            raise SlackError("duplicate_external_id")


def require_valid(definition: dict[str, Any], check: Callable[[Any], Iterator[BlockFault]]) -> None:
    """Raise the SlackError with which Slack refuses a view that's too large or has faults."""
    if len(json.dumps(definition).encode()) > LARGEST_VIEW:
        raise SlackError("view_too_large")
    faults = list(check(definition))
    if faults:
        raise SlackError("invalid_arguments", [str(fault) for fault in faults])


def new_hash(now: float) -> str:
    """Make the version of a view that's shown from now on."""
    return f"{int(now)}.{secrets.token_hex(4)}"


def complete_view(definition: dict[str, Any]) -> dict[str, Any]:
    """Return a view as Slack stores it, with generated ids and explicit defaults."""
    return {**spell_out(definition), "blocks": complete_blocks(definition["blocks"])}

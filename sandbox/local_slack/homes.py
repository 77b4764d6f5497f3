"""Home tabs: what one may contain, and the one that each person has.

The app publishes a view for one person at any time; it replaces the one before, keeps its id and
changes its hash.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from typing import Any

from .blocks import Surface, check_blocks
from .errors import SlackError
from .forms import keep_values
from .shapes import BlockFault, items, one_of, shape, string
from .views import View, complete_view, new_hash, require_valid

_HOME = shape(
    {"type": one_of("home"), "blocks": items(lambda _v, _p: iter(()))},
    {
        "private_metadata": string(0, 3000),
        "callback_id": string(0, 255),
        "external_id": string(0, 255),
    },
)


def check_home(view: Any, pointer: str = "/view") -> Iterator[BlockFault]:
    """List everything in a Home tab that Slack would refuse."""
    yield from _HOME(view, pointer)
    blocks = view.get("blocks") if isinstance(view, dict) else None
    if isinstance(blocks, list):
        yield from check_blocks(blocks, Surface.HOME, f"{pointer}/blocks")


class Homes:
    """The Home tabs that the app has published, by person."""

    def __init__(self, clock: Callable[[], float], changed: Callable[[], None]) -> None:
        self._clock = clock
        self._changed = changed
        self._homes: dict[str, View] = {}

    def publish(self, user: str, definition: dict[str, Any], version: str = "") -> View:
        """Show a person another Home tab, if ``version`` is "" or the hash of the one before.

        Raises SlackError.
        """
        require_valid(definition, check_home)
        before = self._homes.get(user)
        if version and before is not None and version != before.hash:
            raise SlackError("hash_conflict")
        view_id = before.id if before else f"V{secrets.token_hex(5).upper()}"
        shown = complete_view(definition)
        view = View(view_id, user, shown, new_hash(self._clock()), view_id, None)
        view.values = keep_values(shown["blocks"], before.values if before else {})
        self._homes[user] = view
        self._changed()
        return view

    def of(self, user: str) -> View | None:
        """Return a person's Home tab, if the app has published one."""
        return self._homes.get(user)

"""A form that's open in Slack: its version, and what it shows."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bot.slack.view_state import View, list_blocks

_NEWEST_SECONDS = 3.0  # no agent types another customer sooner, so theirs is the newest change
# Slack adds fields of its own to the blocks that it delivers, so only these are compared.
_SHOWN = ("block_id", "action_id", "text", "url", "timestamp", "value")
_TYPED = "initial_option"


def _new_mark() -> str:
    return secrets.token_hex(16)


@dataclass
class OpenForm:
    """A form that's open in Slack, whose it is, and its version (Slack's ``hash``) as we know it.

    ``mark``: the external id that the next update gives it. If that's unclear because the answer
    was lost, the mark tells whether Slack did it. ``newest_until``: by the monotonic clock.
    ``shown``: what's known to be shown in it.
    """

    view_id: str
    user_id: str
    version: str = ""
    mark: str = field(default_factory=_new_mark)
    is_unclear: bool = False
    newest_until: float = field(default_factory=lambda: time.monotonic() + _NEWEST_SECONDS)
    shown: tuple[str, ...] = field(default=(), repr=False)

    def note_update(self, view: View, version: str) -> None:
        """Note that the form shows another view now."""
        self.version, self.shown = version, read_shown(view)
        self.mark, self.is_unclear = _new_mark(), False


def read_shown(view: View) -> tuple[str, ...]:
    """Return the texts, links, buttons and choices of a view, without what a person typed."""
    return tuple(_list_shown(list_blocks(view)))


def _list_shown(found: Any) -> Iterator[str]:
    if isinstance(found, list):
        for one in found:
            yield from _list_shown(one)
    elif isinstance(found, dict):
        for key in sorted(found):
            if isinstance(found[key], dict | list) and key != _TYPED:
                yield from _list_shown(found[key])
            elif key in _SHOWN:
                yield f"{key}={found[key]}"

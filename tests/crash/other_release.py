"""The bot as another release: it registers one more kind of work, so that its code differs.

The engine's default version is a hash of what is registered: with ``become_other`` it is another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.jobs.queue import Engine

_register = Engine.register


def _new_work(_request_id: str, _turn: int) -> None:
    """Do nothing: it is there to make this release differ."""


def _register_more(self: Engine, works: Mapping[str, Callable[[str, int], None]]) -> None:
    _register(self, {**works, f"new {'+'.join(works)}": _new_work})


def become_other() -> None:
    """Make this process another release, before the bot in it starts."""
    Engine.register = _register_more  # type: ignore[method-assign]

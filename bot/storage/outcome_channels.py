"""Where outcomes are posted: leads choose a channel, for what's asked for in one or everywhere."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from bot.storage.audit import Action, Entry, append
from bot.storage.database import Database
from bot.storage.tables import outcome_channels

EVERYWHERE = ""  # the source of whatever is asked for in a channel without a choice of its own
NOWHERE = ""  # the target of outcomes that nobody wants posted
_AS_ALL, _AS_SET = "the channel for all", "the channel of the settings"  # in the audit log


@dataclass(frozen=True)
class Choice:
    """Who wants the outcomes of what's asked for in ``source`` posted in ``channel``."""

    source: str
    channel: str
    user_id: str
    team_id: str


class OutcomeChannels:
    """Reads and stores the choices. ``default``: the channel of the settings, or ""."""

    def __init__(self, database: Database, default: str) -> None:
        self._database = database
        self._default = default

    def choose(self, choice: Choice) -> None:
        """Store a choice instead of the one before, and record it in the audit log."""
        table = outcome_channels
        detail = {"from": choice.source or "every channel", "to": choice.channel or "nowhere"}
        with self._database.transaction(is_urgent=True) as connection:
            connection.execute(sa.delete(table).where(table.c.source_channel == choice.source))
            connection.execute(
                sa.insert(table).values(source_channel=choice.source, channel=choice.channel)
            )
            entry = Entry(Action.OUTCOMES_SET, choice.user_id, choice.team_id, detail=detail)
            append(connection, entry)

    def take_back(self, choice: Choice) -> bool:
        """Delete the choice for its ``source``, so that the general one counts; False: none is.

        That's recorded in the audit log.
        """
        table, source = outcome_channels, choice.source
        to = _AS_ALL if source else _AS_SET
        entry = Entry(
            Action.OUTCOMES_SET,
            choice.user_id,
            choice.team_id,
            detail={"from": source or "every channel", "to": to},
        )
        with self._database.transaction(is_urgent=True) as connection:
            deleted = connection.execute(sa.delete(table).where(table.c.source_channel == source))
            if deleted.rowcount:
                append(connection, entry)
        return bool(deleted.rowcount)

    def find(self, source: str = EVERYWHERE) -> str:
        """Return the channel for what's asked for in ``source``, or "" for none."""
        chosen = self._read(source, EVERYWHERE)
        return chosen.get(source, chosen.get(EVERYWHERE, self._default))

    def is_chosen(self, source: str, channel: str) -> bool:
        """Return whether somebody has chosen exactly this for ``source`` already."""
        return self._read(source).get(source) == channel

    def sources(self, channel: str) -> tuple[str, ...]:
        """Return the other channels whose own outcomes are posted in this one."""
        chosen = self._read().items()
        return tuple(
            sorted(
                source
                for source, target in chosen
                if target == channel and source not in (EVERYWHERE, channel)
            )
        )

    def all(self) -> tuple[str, ...]:
        """Return every channel in which outcomes may be posted, each once."""
        chosen = {EVERYWHERE: self._default, **self._read()}
        return tuple(sorted(set(chosen.values()) - {NOWHERE}))

    def _read(self, *sources: str) -> dict[str, str]:
        """Read the choices for these sources, or all."""
        found = sa.select(outcome_channels)
        if sources:
            found = found.where(outcome_channels.c.source_channel.in_(sources))
        with self._database.connect() as connection:
            return {row.source_channel: row.channel for row in connection.execute(found)}

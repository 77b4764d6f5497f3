"""Puts customers on the do-not-contact list and takes them off it, with all their addresses.

The address itself counts at once. Genesys Cloud is asked for the customer's contacts afterwards, so
an outage there never keeps anybody off the list.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from typing import TypeVar

from bot.rules.lookup import Lookup
from bot.storage.facts import ByWhom
from bot.storage.opt_outs import OptOut, OptOuts
from bot.text import show_name
from genesys import Customer, Identity, Several

T = TypeVar("T")

_AWAY = (
    " I couldn't look the customer up in Genesys Cloud, so for now only this address counts. "
    "Repeat this later for their other addresses."
)


class DoNotContact:
    """``lookups`` and ``records``: threads for what waits for Genesys and for the database."""

    def __init__(
        self, opt_outs: OptOuts, lookup: Lookup, *, lookups: Executor, records: Executor
    ) -> None:
        self._opt_outs = opt_outs
        self._lookup = lookup
        self._lookups = lookups
        self._records = records

    async def opt_out(self, wanted: OptOut) -> str:
        """Put a customer on the list; return what to tell the person who wants it."""
        before = await self._record(self._opt_outs.find, wanted.identity, wanted.contact_ids)
        refused = 0 if before else await self._record(self._opt_outs.add, wanted)
        contact_ids = await self._find_contacts(wanted)
        if contact_ids:
            refused += await self._record(self._opt_outs.extend, wanted.identity, contact_ids)
        away = _AWAY if contact_ids is None else ""
        return f"{_opted_out(wanted.identity, before)} {_refused(refused)}{away}"

    async def opt_in(self, wanted: OptOut) -> str:
        """Take a customer off the list; return what to tell the lead who wants it."""
        contact_ids = await self._find_contacts(wanted)
        all_of_them = replace(wanted, contact_ids=contact_ids or wanted.contact_ids)
        away = _AWAY if contact_ids is None else ""
        if await self._record(self._opt_outs.remove, all_of_them):
            return f"{wanted.identity.masked} may be contacted again."
        return f"{wanted.identity.masked} isn't on the do-not-contact list.{away}"

    async def _find_contacts(self, wanted: OptOut) -> tuple[str, ...] | None:
        """Return the ids of all contacts with this address; None if Genesys doesn't say."""
        if wanted.contact_ids:
            return wanted.contact_ids
        check = partial(self._lookup.check, wanted.identity, "", False)
        found = (await asyncio.get_running_loop().run_in_executor(self._lookups, check)).found
        if isinstance(found, Customer):
            return found.contact_ids
        if isinstance(found, Several):
            return tuple(candidate.contact_id for candidate in found.candidates)
        return None if found is None else ()

    async def _record(self, work: Callable[..., T], *arguments: object) -> T:
        return await asyncio.get_running_loop().run_in_executor(
            self._records, partial(work, *arguments)
        )


def _opted_out(identity: Identity, before: ByWhom | None) -> str:
    if before is None:
        return f"{identity.masked} won't be contacted any more."
    who, day = show_name(before.user_name), before.at.strftime("%Y-%m-%d")
    return f"{identity.masked} is on the do-not-contact list already, put there by {who} on {day}."


def _refused(count: int) -> str:
    if not count:
        return "No message was waiting."
    return f"{count} waiting message{' was' if count == 1 else 's were'} refused."

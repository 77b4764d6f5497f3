"""Puts customers on the do-not-contact list and takes them off it, with all their addresses.

The address itself counts at once. Genesys Cloud is asked for the customer's contacts afterwards, so
an outage there never keeps anybody off the list.
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar

from bot.cards.card import show_given_back, show_notice
from bot.cards.post import Post
from bot.rules.lookup import Lookup
from bot.slack.threads import in_thread
from bot.storage.facts import ByWhom
from bot.storage.opt_outs import OptOut, OptOuts
from bot.text import ago, show_name
from genesys import Customer, Identity, IdentityKind, Several

T = TypeVar("T")

_AWAY = (
    " I couldn't look them up in Genesys Cloud, so for now only this address counts. "
    "Repeat this later for their other ones."
)


@dataclass(frozen=True)
class _Found:
    """Whom Genesys Cloud knows by an address; ``contact_ids`` is None if it doesn't answer."""

    contact_ids: tuple[str, ...] | None
    name: str = field(default="", repr=False)


class DoNotContact:
    """``lookups`` and ``records``: threads for what waits for Genesys and for the database.

    What it says shows a customer's whole address, so it's only for who has typed or opened that.
    """

    def __init__(
        self,
        opt_outs: OptOuts,
        lookup: Lookup,
        *,
        command: str,
        lookups: Executor,
        records: Executor,
    ) -> None:
        self._opt_outs = opt_outs
        self._lookup = lookup
        self._command = command
        self._lookups = lookups
        self._records = records

    async def opt_out(self, wanted: OptOut, name: str = "", request_id: str = "") -> Post:
        """Put a customer on the list; return what to tell the person who wants it.

        ``name``: the customer's, if it's known. ``request_id``: on whose card this was asked for.
        """
        before = await in_thread(
            self._records, self._opt_outs.find, wanted.identity, wanted.contact_ids
        )
        refused = 0 if before else await in_thread(self._records, self._opt_outs.add, wanted)
        if request_id:
            await in_thread(self._records, self._opt_outs.draw_again, request_id)
        found = await self._find_contacts(wanted)
        if found.contact_ids:
            refused += await in_thread(
                self._records, self._opt_outs.extend, wanted.identity, found.contact_ids
            )
        away = _AWAY if found.contact_ids is None else ""
        who = say_whom(wanted.identity, found.name or name)
        said = f"{_opted_out(who, before)} {_refused(refused)}{away}"
        if found.contact_ids == ():
            undo = f"{self._command} opt-in {wanted.identity.value} reason"
            return show_given_back(f"{said} {_unknown(wanted.identity)}", undo)
        return show_notice(said)

    async def opt_in(self, wanted: OptOut) -> str:
        """Take a customer off the list; return what to tell the lead who wants it."""
        found = await self._find_contacts(wanted)
        all_of_them = replace(wanted, contact_ids=found.contact_ids or wanted.contact_ids)
        away = _AWAY if found.contact_ids is None else ""
        if await in_thread(self._records, self._opt_outs.remove, all_of_them):
            return f"{wanted.identity.masked} can be contacted again."
        return f"{wanted.identity.masked} isn't on the do-not-contact list.{away}"

    async def _find_contacts(self, wanted: OptOut) -> _Found:
        """Return the ids of all contacts with this address, and whose it is."""
        if wanted.contact_ids:
            return _Found(wanted.contact_ids)
        verdict = await in_thread(self._lookups, self._lookup.check, wanted.identity, "", False)
        found = verdict.found
        if isinstance(found, Customer):
            return _Found(found.contact_ids, found.name)
        if isinstance(found, Several):
            return _Found(tuple(candidate.contact_id for candidate in found.candidates))
        return _Found(None if found is None else ())


def say_whom(identity: Identity, name: str) -> str:
    """Name a customer in full, for somebody who knows the address already."""
    return f"{show_name(name)} ({identity.value})" if name else identity.value


def _opted_out(whom: str, before: ByWhom | None) -> str:
    if before is None:
        return f"{whom} won't be contacted any more."
    who, when = show_name(before.user_name), ago(datetime.now(UTC) - before.at)
    return f"{whom} is already on the do-not-contact list ({who}, {when})."


def _unknown(identity: Identity) -> str:
    what = "address" if identity.kind is IdentityKind.EMAIL else "number"
    return f"No contact has this {what}; it's on the list anyway. Wrong? A lead can undo it:"


def _refused(count: int) -> str:
    if not count:
        return "No message was waiting."
    return f"{count} waiting message{' was' if count == 1 else 's were'} cancelled."

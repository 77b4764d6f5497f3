"""Puts customers on the do-not-contact list and takes them off it, with all their addresses.

The address itself counts at once. Genesys Cloud is asked for the customer's contacts afterwards, so
an outage there never keeps anybody off the list.
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from bot.cards.card import show_given_back, show_notice
from bot.cards.post import Post
from bot.language import N_, _, ngettext, say_number
from bot.rules.lookup import Lookup
from bot.slack.threads import in_thread
from bot.storage.facts import ByWhom
from bot.storage.opt_outs import OptOut, OptOuts
from bot.text import ago, show_name
from genesys import Customer, Identity, IdentityKind, Several

_AWAY = N_(
    "I couldn't look them up in Genesys Cloud, so for now only this address counts. "
    "Repeat this later for their other ones."
)
_UNKNOWN = {
    IdentityKind.EMAIL: N_(
        "No contact has this address; it's on the list anyway. Wrong? A lead can undo it:"
    ),
    IdentityKind.PHONE: N_(
        "No contact has this number; it's on the list anyway. Wrong? A lead can undo it:"
    ),
}


@dataclass(frozen=True)
class _Found:
    """Whom Genesys Cloud knows by an address; ``contact_ids`` is None if it doesn't answer."""

    contact_ids: tuple[str, ...] | None
    name: str = field(default="", repr=False)


class DoNotContact:
    """Changes the do-not-contact list, and says what that did.

    What it says shows a customer's whole address, so only whoever typed or opened it may see it.
    """

    def __init__(
        self,
        opt_outs: OptOuts,
        lookup: Lookup,
        *,
        command: str,
        genesys_threads: Executor,
        database_threads: Executor,
    ) -> None:
        self._opt_outs = opt_outs
        self._lookup = lookup
        self._command = command
        self._genesys_threads = genesys_threads
        self._database_threads = database_threads

    async def opt_out(self, wanted: OptOut, name: str = "") -> Post:
        """Put a customer on the list; return what to tell the person who wants it.

        ``name``: the customer's, if it's known.
        """
        before = await in_thread(
            self._database_threads, self._opt_outs.find, wanted.identity, wanted.contact_ids
        )
        refused = (
            0 if before else await in_thread(self._database_threads, self._opt_outs.add, wanted)
        )
        found = await self._find_contacts(wanted)
        if found.contact_ids:
            refused += await in_thread(
                self._database_threads, self._opt_outs.extend, wanted.identity, found.contact_ids
            )
        await self._draw_again(wanted, found)
        who = say_whom(wanted.identity, found.name or name)
        said = f"{_opted_out(who, before)} {_refused(refused)}"
        if found.contact_ids is None:
            return show_notice(f"{said} {_(_AWAY)}")
        if not found.contact_ids:
            undo = f"{self._command} opt-in {wanted.identity.value} " + _("reason")
            return show_given_back(f"{said} {_(_UNKNOWN[wanted.identity.kind])}", undo)
        return show_notice(said)

    async def opt_in(self, wanted: OptOut) -> str:
        """Take a customer off the list; return what to tell the lead who wants it."""
        found = await self._find_contacts(wanted)
        all_of_them = replace(wanted, contact_ids=found.contact_ids or wanted.contact_ids)
        masked = wanted.identity.masked
        if await in_thread(self._database_threads, self._opt_outs.remove, all_of_them):
            await self._draw_again(wanted, found)
            return _("{address} can be contacted again.").format(address=masked)
        said = _("{address} isn't on the do-not-contact list.").format(address=masked)
        return f"{said} {_(_AWAY)}" if found.contact_ids is None else said

    async def _draw_again(self, wanted: OptOut, found: _Found) -> None:
        ids = found.contact_ids or wanted.contact_ids
        await in_thread(self._database_threads, self._opt_outs.draw_again, wanted.identity, ids)

    async def _find_contacts(self, wanted: OptOut) -> _Found:
        """Return the ids of all contacts with this address, and whose it is."""
        if wanted.contact_ids:
            return _Found(wanted.contact_ids)
        verdict = await in_thread(
            self._genesys_threads, self._lookup.check, wanted.identity, "", False
        )
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
        return _("{customer} won't be contacted any more.").format(customer=whom)
    sentence = _("{customer} is already on the do-not-contact list ({who}, {when}).")
    when = ago(datetime.now(UTC) - before.at)
    return sentence.format(customer=whom, who=show_name(before.user_name), when=when)


def _refused(count: int) -> str:
    if not count:
        return _("No message was waiting.")
    sentence = ngettext(
        "{count} waiting message was cancelled.", "{count} waiting messages were cancelled.", count
    )
    return sentence.format(count=say_number(count))

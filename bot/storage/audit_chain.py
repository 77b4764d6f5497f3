"""The chain of the audit log: each entry's hash covers the hash of the entry before it.

Whoever changes, removes or inserts an entry would have to write all later ones again. Nothing here
can tell that the last entries were cut off, or that all were written again, unless somebody kept
the number and hash of an entry elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

MOST_FAULTS = 20  # that are kept; the others are only counted
START = ""  # what the first entry has for the hash of the entry before it
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), default=repr)
_HEAD = re.compile(r"([1-9][0-9]{0,17}):([0-9a-f]{64})")


@dataclass(frozen=True)
class StoredEntry:
    """A row of the audit log; ``at`` in seconds since 1970, ``detail`` a JSON object."""

    seq: int
    at: float
    action: str
    user_id: str
    team_id: str
    request_id: str
    subject: str
    detail: str
    prev: str
    hash: str


@dataclass(frozen=True)
class Head:
    """The number and the hash of an entry; all zero and empty before the first one."""

    seq: int = 0
    hash: str = START
    at: float = field(default=0.0, compare=False)

    def __str__(self) -> str:
        """Write it as people publish it, such as ``1234:9f86d0…``."""
        return f"{self.seq}:{self.hash}"


class Kind(StrEnum):
    """What's wrong at a place of the log."""

    CHANGED = "changed"
    MISSING = "missing"
    INSERTED = "inserted"
    REPLACED = "replaced"
    CUT_OFF = "cut off"
    REWRITTEN = "rewritten"


@dataclass(frozen=True)
class Fault:
    """What's wrong with the entries from ``first`` to ``last``."""

    kind: Kind
    first: int
    last: int

    def __str__(self) -> str:
        """Say what's wrong in a sentence."""
        first, last = self.first, self.last
        is_one = first == last
        where = f"Entry {last}" if is_one else f"Entries {first} to {last}"
        have, are = ("has", "is") if is_one else ("have", "are")
        follows = (
            f"Entry {last} doesn't follow entry {first}: entry {first} has been replaced, "
            "or entries between the two are missing."
        )
        return {
            Kind.CHANGED: f"{where} {have} been changed.",
            Kind.MISSING: f"{where} {are} missing.",
            Kind.INSERTED: f"{where} {have} been inserted.",
            Kind.REPLACED: follows
            if first
            else f"Entry {last} isn't the first one: entries before it are missing.",
            Kind.CUT_OFF: f"{where} {are} missing at the end of the log.",
            Kind.REWRITTEN: f"{where} isn't the one whose hash was published: "
            "it or an earlier one has been written again.",
        }[self.kind]


@dataclass(frozen=True)
class Verification:
    """What was found in a log: its size, its head, and the first of its faults."""

    entry_count: int
    head: Head
    fault_count: int
    faults: tuple[Fault, ...]


def read_head(text: str) -> Head:
    """Read ``SEQ:HASH``; raise ValueError."""
    found = _HEAD.fullmatch(text.strip().lower())
    if found is None:
        raise ValueError(text)
    return Head(int(found[1]), found[2])


def write_detail(detail: object) -> str:
    """Write a JSON value in the only form that this log has for it."""
    return _canonical.encode(detail)


def hash_of(entry: StoredEntry) -> str:
    """Return the hash of an entry: SHA-256 over a JSON list of all fields but ``hash`` itself.

    ``seq`` isn't among them. The chain gives the order, so an entry that was inserted is one fault,
    and not a fault of every entry after it.
    """
    fields = (
        *(entry.at, entry.action, entry.user_id, entry.team_id),
        *(entry.request_id, entry.subject, entry.detail, entry.prev),
    )
    return hashlib.sha256(write_detail(fields).encode()).hexdigest()


def verify(entries: Iterable[StoredEntry], known: Head | None = None) -> Verification:
    """Check a log, whose entries come in the order of ``seq``.

    ``known`` is an entry as it was published. Memory use doesn't depend on the number of entries.
    """
    head, entry_count, fault_count = Head(), 0, 0
    faults: list[Fault] = []

    def counted() -> Iterator[StoredEntry]:
        nonlocal head, entry_count
        for entry in entries:
            head, entry_count = Head(entry.seq, entry.hash, entry.at), entry_count + 1
            yield entry

    for fault in _find_faults(counted(), known):
        fault_count += 1
        if fault_count <= MOST_FAULTS:
            faults.append(fault)
    return Verification(entry_count, head, fault_count, tuple(faults))


def _find_faults(entries: Iterable[StoredEntry], known: Head | None) -> Iterator[Fault]:
    before_last, last = None, Head()
    doubts: list[Fault] = []  # about the last entry, until the next one tells if it was inserted
    for entry in entries:
        if before_last and entry.seq == last.seq + 1 and entry.prev == before_last.hash:
            rewritten = [fault for fault in doubts if fault.kind is Kind.REWRITTEN]
            doubts = [Fault(Kind.INSERTED, last.seq, last.seq), *rewritten]
        yield from doubts
        doubts = []
        for fault in _compare(entry, last, before_last.hash if before_last else None):
            if fault.kind is Kind.MISSING:
                yield fault
            else:
                doubts.append(fault)
        if known and entry.seq == known.seq and entry.hash != known.hash:
            doubts.append(Fault(Kind.REWRITTEN, entry.seq, entry.seq))
        before_last, last = last, Head(entry.seq, entry.hash)
    yield from doubts
    if known and last.seq < known.seq:
        yield Fault(Kind.CUT_OFF, last.seq + 1, known.seq)


def _compare(entry: StoredEntry, last: Head, before_last: str | None) -> Iterator[Fault]:
    """Yield what's wrong with an entry and with its place after the last one.

    ``before_last``: a hash. An entry that has it for ``prev`` shows that the last was inserted.
    """
    is_changed = hash_of(entry) != entry.hash
    if entry.seq > last.seq + 1:
        yield Fault(Kind.MISSING, last.seq + 1, entry.seq - 1)
    if is_changed:
        yield Fault(Kind.CHANGED, entry.seq, entry.seq)
    elif entry.seq <= last.seq:  # the first entry has the number 1
        yield Fault(Kind.INSERTED, entry.seq, entry.seq)
    elif entry.seq == last.seq + 1 and entry.prev not in (last.hash, before_last):
        yield Fault(Kind.REPLACED, last.seq, entry.seq)

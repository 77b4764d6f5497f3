"""The chain tells what was changed, removed or inserted, and where."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.storage.audit_chain import (
    MOST_FAULTS,
    START,
    Fault,
    Head,
    Kind,
    StoredEntry,
    hash_of,
    read_head,
    verify,
    write_detail,
)

NAMES = [field.name for field in fields(StoredEntry)]
CONTENT = st.tuples(
    st.floats(0, 4e9),
    *([st.text(max_size=5)] * 5),
    st.dictionaries(st.text(max_size=3), st.integers() | st.booleans() | st.text(max_size=3)),
)
LOGS = st.lists(CONTENT, min_size=1, max_size=8)


def chain(contents: Sequence[tuple[Any, ...]], prev: str = START) -> list[StoredEntry]:
    """Make a log that is whole."""
    log: list[StoredEntry] = []
    for seq, (at, action, user_id, team_id, request_id, subject, detail) in enumerate(contents, 1):
        names = (action, user_id, team_id, request_id, subject)
        entry = StoredEntry(seq, at, *names, write_detail(detail), prev, "")
        log.append(replace(entry, hash=hash_of(entry)))
        prev = log[-1].hash
    return log


def log_of(length: int) -> list[StoredEntry]:
    return chain([(1.5 * seq, "sent", "U0ADA", "T0", f"V{seq}", "", {}) for seq in range(length)])


def renumber(log: Sequence[StoredEntry]) -> list[StoredEntry]:
    return [replace(entry, seq=seq) for seq, entry in enumerate(log, 1)]


def faults(log: Sequence[StoredEntry], known: Head | None = None) -> list[Fault]:
    return list(verify(log, known).faults)


def head_of(log: Sequence[StoredEntry]) -> Head:
    return Head(log[-1].seq, log[-1].hash)


@given(LOGS)
def test_a_whole_log_has_no_fault_and_a_head(contents: list[tuple[Any, ...]]) -> None:
    log = chain(contents)
    found = verify(iter(log), head_of(log))
    assert (found.faults, found.fault_count, found.entry_count) == ((), 0, len(log))
    assert found.head == head_of(log)


def test_an_empty_log_is_whole() -> None:
    assert verify([]).head == Head(0, START)
    assert faults([]) == []


@given(LOGS, st.data())
def test_a_changed_field_is_found_where_it_is(
    contents: list[tuple[Any, ...]], data: st.DataObject
) -> None:
    log = chain(contents)
    place = data.draw(st.integers(0, len(log) - 1))
    name = data.draw(st.sampled_from([name for name in NAMES if name != "seq"]))
    before = getattr(log[place], name)
    value = before + 1.0 if name == "at" else before + "x"
    if name == "at" and value == before:
        return
    log[place] = replace(log[place], **{name: value})
    assert faults(log)[0] == Fault(Kind.CHANGED, place + 1, place + 1)


@given(LOGS, st.data())
def test_a_removed_entry_is_found_unless_it_was_the_last(
    contents: list[tuple[Any, ...]], data: st.DataObject
) -> None:
    log = chain(contents)
    head = head_of(log)
    place = data.draw(st.integers(0, len(log) - 1))
    del log[place]
    if place < len(log):
        assert faults(log) == [Fault(Kind.MISSING, place + 1, place + 1)]
        assert faults(renumber(log)) == [Fault(Kind.REPLACED, place, place + 1)]
    else:
        assert faults(log) == []
        assert faults(log, head) == [Fault(Kind.CUT_OFF, place + 1, place + 1)]


@given(LOGS, st.data())
def test_an_inserted_entry_is_found_unless_it_is_the_last(
    contents: list[tuple[Any, ...]], data: st.DataObject
) -> None:
    log = chain(contents)
    place = data.draw(st.integers(0, len(log) - 1))
    prev = log[place].prev
    false = StoredEntry(0, 9.0, "sent", "U0EVE", "", "", "", "{}", prev, "")
    log.insert(place, replace(false, hash=hash_of(false)))
    expected = Fault(Kind.INSERTED, place + 1, place + 1)
    assert faults(renumber(log)) == [expected]
    log = renumber(log[:place] + log[place + 1 :] + [replace(log[place], prev=log[-1].hash)])
    log[-1] = replace(log[-1], hash=hash_of(log[-1]))
    assert faults(log) == []  # who may add entries may add false ones


@given(st.integers(2, 9), st.data())
def test_swapped_entries_are_found_where_they_are(length: int, data: st.DataObject) -> None:
    log = log_of(length)
    one, other = sorted(data.draw(st.permutations(range(length)))[:2])
    log[one], log[other] = log[other], log[one]
    found = faults(renumber(log))
    assert found
    assert one <= found[0].first <= found[-1].last <= other + 2


def test_an_entry_that_was_written_again_with_its_hash_breaks_the_chain_after_it() -> None:
    log = log_of(5)
    log[2] = replace(log[2], user_id="U0EVE")
    log[2] = replace(log[2], hash=hash_of(log[2]))
    assert faults(log) == [Fault(Kind.REPLACED, 3, 4)]


def test_a_log_that_was_written_again_as_a_whole_is_found_only_with_a_published_entry() -> None:
    log = log_of(5)
    again = chain([(9.0, "sent", "U0EVE", "T0", "", "", {})] * 5)
    assert faults(again) == []
    assert faults(again, head_of(log[:3])) == [Fault(Kind.REWRITTEN, 3, 3)]


def test_a_published_entry_stays_good_while_the_log_grows() -> None:
    log = log_of(5)
    assert all(faults(log, head_of(log[:length])) == [] for length in range(1, 6))


def test_entries_before_the_first_are_noticed() -> None:
    log = log_of(4)
    zero = replace(log[0], seq=0)
    assert Fault(Kind.INSERTED, 0, 0) in faults([zero, *log])
    later = [replace(entry, seq=entry.seq + 10) for entry in log]
    assert faults(later) == [Fault(Kind.MISSING, 1, 10)]


def test_a_value_of_another_kind_is_a_changed_one() -> None:
    log = log_of(2)
    wrong: Any = b"\xff"  # SQLite stores anything in any column
    log[0] = replace(log[0], detail=wrong)
    assert faults(log) == [Fault(Kind.CHANGED, 1, 1)]


def test_many_faults_are_counted_and_the_first_are_kept() -> None:
    log = [replace(entry, user_id="U0EVE") for entry in log_of(MOST_FAULTS + 5)]
    found = verify(log)
    assert found.fault_count == MOST_FAULTS + 5
    assert [fault.first for fault in found.faults] == list(range(1, MOST_FAULTS + 1))


def test_the_hash_of_an_entry_stays_the_same_in_all_releases() -> None:
    entry = StoredEntry(1, 1.5, "sent", "U0ADA", "T0", "V1", "s", '{"text":"ä"}', START, "")
    text = r'[1.5,"sent","U0ADA","T0","V1","s","{\"text\":\"\u00e4\"}",""]'
    assert write_detail([1.5, "sent", "U0ADA", "T0", "V1", "s", '{"text":"ä"}', ""]) == text
    assert hash_of(entry) == hashlib.sha256(text.encode()).hexdigest()
    assert hash_of(entry) == "f4f9ddb898a6ba2598259f7574ec121f80b04c50ff076232c825f00bd9e426f6"


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (Fault(Kind.CHANGED, 7, 7), "Entry 7 has been changed."),
        (Fault(Kind.MISSING, 7, 7), "Entry 7 is missing."),
        (Fault(Kind.MISSING, 7, 9), "Entries 7 to 9 are missing."),
        (Fault(Kind.INSERTED, 7, 7), "Entry 7 has been inserted."),
        (
            Fault(Kind.REPLACED, 7, 8),
            "Entry 8 doesn't follow entry 7: entry 7 has been replaced, "
            "or entries between the two are missing.",
        ),
        (
            Fault(Kind.REPLACED, 0, 1),
            "Entry 1 isn't the first one: entries before it are missing.",
        ),
        (Fault(Kind.CUT_OFF, 7, 9), "Entries 7 to 9 are missing at the end of the log."),
        (
            Fault(Kind.REWRITTEN, 7, 7),
            "Entry 7 isn't the one whose hash was published: "
            "it or an earlier one has been written again.",
        ),
    ],
)
def test_a_fault_is_said_in_a_sentence(fault: Fault, sentence: str) -> None:
    assert str(fault) == sentence


@given(st.integers(1, 10**15), st.binary(min_size=32, max_size=32))
def test_a_published_head_can_be_read_again(seq: int, digest: bytes) -> None:
    head = Head(seq, digest.hex())
    assert read_head(f" {str(head).upper()}\n") == head


@pytest.mark.parametrize("text", ["", "7", "7:", "0:" + "a" * 64, "7:" + "a" * 63, "x:" + "a" * 64])
def test_anything_else_is_no_head(text: str) -> None:
    with pytest.raises(ValueError):
        read_head(text)

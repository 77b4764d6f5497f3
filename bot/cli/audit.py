"""``python -m bot audit``: prints the audit log or verifies it, even while the bot is running."""

from __future__ import annotations

import json
import re
import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from defusedcsv import csv

from bot.cli.audit_text import describe
from bot.cli.existing_database import open_existing
from bot.rules.address import BadAddress, read_identity
from bot.settings import DatabaseSettings
from bot.storage.audit_chain import Head, StoredEntry, Verification, read_head
from bot.storage.audit_log import AuditLog, Selection
from bot.storage.database import Database
from bot.storage.erase_customer import CustomerErasure
from bot.storage.keys import Keys
from bot.storage.open import UnusableDatabase, explained

INTACT, FAULTY, REFUSED = 0, 1, 2  # exit statuses
_DAY = timedelta(days=1)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_COLUMNS = tuple(StoredEntry.__dataclass_fields__)


class BadOption(ValueError):
    """An option can't be read; the text says which, and what to type."""


def run_audit(arguments: Namespace, settings: DatabaseSettings) -> int:
    """Print or verify the log, and return the process's exit status."""
    try:
        if arguments.audit == "verify":
            return _verify(settings.database_url, arguments.head)
        return _print_entries(arguments, settings)
    except (BadOption, UnusableDatabase) as problem:
        sys.stderr.write(f"{problem}\n")
        return REFUSED


def _verify(url: str, published: str) -> int:
    known = _read_head(published) if published else None
    with open_existing(url) as database, explained(url):
        found = AuditLog(database).verify(known)
    for line in _report(found, known):
        sys.stdout.write(f"{line}\n")
    return FAULTY if found.fault_count else INTACT


def _report(found: Verification, known: Head | None) -> Iterator[str]:
    yield from map(str, found.faults)
    if found.fault_count:
        if others := found.fault_count - len(found.faults):
            yield f"{others:,} more places are wrong."
        yield f"Of {_count(found)}, not all are as they were added."
        return
    yield f"{_count(found)}: intact."
    yield f"Head: {found.head} ({_show_time(found.head.at)})" if found.head.seq else "Head: none"
    if known is None:
        yield (
            "Give the head that you keep elsewhere with --head: without it, nobody can tell "
            "whether the last entries were cut off, or all were written again."
        )


def _count(found: Verification) -> str:
    return "1 entry" if found.entry_count == 1 else f"{found.entry_count:,} entries"


def _print_entries(arguments: Namespace, settings: DatabaseSettings) -> int:
    since = _read_time("--since", arguments.since)
    until = _read_time("--until", arguments.until, is_end=True)
    selection = Selection(since, until, _read_user_id(arguments.agent))
    identity = None
    if arguments.customer:
        try:
            identity = read_identity(arguments.customer, settings.default_country)
        except BadAddress as error:
            raise BadOption(f"--customer: {error}") from None
    url = settings.database_url
    with open_existing(url) as database:
        if identity:
            with explained(url), database.connect() as connection:
                keys = Keys(database)
                customer_keys = CustomerErasure(database, keys).find(identity).customer_keys
                subjects = keys.find_subjects(connection, customer_keys)
            selection = replace(
                selection, customer_keys=tuple(sorted(customer_keys)), subjects=subjects
            )
        _WRITERS[arguments.format](_explained_entries(database, url, selection))
    return INTACT


def _explained_entries(database: Database, url: str, selection: Selection) -> Iterator[StoredEntry]:
    with explained(url):
        yield from AuditLog(database).entries(selection)


def _write_json_lines(entries: Iterable[StoredEntry]) -> None:
    for entry in entries:
        row = {**vars(entry), "at": _show_time(entry.at), "detail": _read_detail(entry.detail)}
        sys.stdout.write(json.dumps(row, default=repr) + "\n")


def _write_csv(entries: Iterable[StoredEntry]) -> None:
    writer = csv.writer(sys.stdout)
    writer.writerow(_COLUMNS)
    for entry in entries:
        writer.writerow({**vars(entry), "at": _show_time(entry.at)}.values())


def _write_text(entries: Iterable[StoredEntry]) -> None:
    for entry in entries:
        detail = _read_detail(entry.detail)
        said = describe(entry.action, entry.user_id, entry.request_id, detail)
        sys.stdout.write(f"{_show_time(entry.at)[:16].replace('T', ' ')} {said}\n")


_WRITERS = {"jsonl": _write_json_lines, "csv": _write_csv, "text": _write_text}


def _show_time(at: float) -> str:
    """Write a time as text; a value that isn't one, because somebody changed it, as it is."""
    try:
        return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds")
    except (OSError, OverflowError, TypeError, ValueError):
        return repr(at)


def _read_detail(text: str) -> Any:
    """Read a detail; return it as it is if it isn't JSON any more."""
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        return text


def _read_time(option: str, text: str, *, is_end: bool = False) -> datetime | None:
    """Read a date or a time; ``is_end``: a date means the end of that day. Raises BadOption."""
    if not text:
        return None
    try:
        time = datetime.fromisoformat(text)
        if time.tzinfo is None:
            time = time.replace(tzinfo=UTC)
        time = time.astimezone(UTC)
        return time + _DAY if is_end and _DATE.fullmatch(text) else time
    except (ValueError, OverflowError):
        raise BadOption(
            f"{option} must be a date or a time in UTC, such as 2026-11-26 or 2026-11-26T14:30."
        ) from None


def _read_user_id(text: str) -> str:
    if text and not re.fullmatch(r"[UW][A-Z0-9]+", text):
        raise BadOption("--agent must be a Slack user id, such as U0123456789.")
    return text


def _read_head(text: str) -> Head:
    try:
        return read_head(text)
    except ValueError:
        raise BadOption(
            "--head must be the number and the hash of an entry, such as 1234:9f86d081…, "
            "as the bot or an earlier check published it."
        ) from None

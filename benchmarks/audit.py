"""How long verifying and exporting the audit log takes, and how much memory.

Each is the bot's own command in a process of its own. What it prints is thrown away.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from benchmarks.bot import SQLITE
from benchmarks.old_requests import settle
from benchmarks.process import SERVER_CORES, on_cores, plain_environment
from benchmarks.report import Report, show
from benchmarks.stage import Run
from benchmarks.targets import AUDIT_MEMORY, AUDIT_VERIFY
from bot.storage.audit_chain import StoredEntry, hash_of, write_detail
from bot.storage.audit_log import AuditLog
from bot.storage.audit_tables import audit
from bot.storage.database import Database
from bot.storage.migrations import migrate

SIZES = (10_000, 1_000_000)
_BATCH = 10_000
_BEGAN = 1_790_000_000.0
_COMMANDS = {
    "verify": ("verify",),
    "export as JSON lines": ("--format", "jsonl"),
    "export as CSV": ("--format", "csv"),
}
_VERIFY = "verify"

Figures = dict[str, list[tuple[float, float]]]  # by command, for each size: seconds, MB


def measure(run: Run) -> Report:
    """Time the commands at each size, on both databases."""
    sizes = (20, 40) if run.smoke else SIZES
    rows: list[tuple[str, ...]] = []
    goals = []
    with run.databases() as databases:
        for kind, new_database in databases.items():
            found = _measure_once(new_database(), sizes)
            for name, figures in found.items():
                cells = [show(value) for figure in figures for value in figure]
                rows.append((kind, name, *cells))
            goals.append(AUDIT_VERIFY.judge(found[_VERIFY][-1][0], kind))
            growth = max(figures[-1][1] / figures[0][1] for figures in found.values())
            goals.append(AUDIT_MEMORY.judge(growth, kind))
    columns = (f"{size:,} entries, {unit}" for size in sizes for unit in ("s", "MB"))
    return Report(
        "Verifying and exporting the audit log",
        ("database", "command", *columns),
        tuple(rows),
        tuple(goals),
        ("Seconds from the start of the process to its end; its largest resident memory.",),
    )


def _measure_once(url: str, sizes: tuple[int, ...]) -> Figures:
    found: Figures = {}
    with ExitStack() as closing:
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="benchmark-")))
        address = f"sqlite:///{folder}/bot.sqlite" if url == SQLITE else url
        database = Database(address)
        closing.callback(database.close)
        migrate(database)
        for size in sizes:
            _fill(database, size)
            settle(database.engine)
            for name, words in _COMMANDS.items():
                found.setdefault(name, []).append(_time(folder, address, words))
    return found


def _fill(database: Database, size: int) -> None:
    """Add entries until there are so many."""
    rows: list[dict[str, Any]] = []
    for entry in _more_entries(database, size):
        rows.append(vars(entry))
        if len(rows) == _BATCH or entry.seq == size:
            with database.transaction() as connection:
                connection.execute(sa.insert(audit), rows)
            rows = []


def _more_entries(database: Database, size: int) -> Iterator[StoredEntry]:
    head = AuditLog(database).head()
    prev = head.hash
    for seq in range(head.seq + 1, size + 1):
        detail = write_detail({"state": "sending", "rules": "0123456789ab", "text": "d" * 64})
        entry = StoredEntry(
            seq=seq,
            at=_BEGAN + seq,
            action="sent",
            user_id=f"U0BENCH{seq % 500}",
            team_id="T0BENCH",
            request_id=f"V0BENCH{seq // 5}",
            subject=f"{seq // 10:064x}",
            detail=detail,
            prev=prev,
            hash="",
        )
        prev = hash_of(entry)
        yield replace(entry, hash=prev)


def _time(folder: Path, url: str, words: tuple[str, ...]) -> tuple[float, float]:
    """Run a command; return its seconds and its largest memory in MB."""
    environment = {**plain_environment(), "PROACTIVE_DATABASE_URL": url}
    command = [sys.executable, "-m", "bot", "audit", *words]
    largest = 0.0
    with on_cores(SERVER_CORES):
        begun = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL)
    while process.poll() is None:
        largest = max(largest, _peak_mb(process.pid))
        time.sleep(0.01)
    seconds = time.perf_counter() - begun
    assert process.returncode == 0, f"audit {' '.join(words)}: status {process.returncode}"
    return seconds, largest


def _peak_mb(pid: int) -> float:
    """Return the largest memory that a process has had so far, or 0 if it has just ended."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    peaks = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return int(peaks[0]) * 1024 / 1_000_000 if peaks else 0.0

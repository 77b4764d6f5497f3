"""What a check of the doctor found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How bad it is. WRONG: the bot can't work. WARNING: it works, but something will be missing.

    SKIPPED: it couldn't be checked.
    """

    OK = "ok"
    SKIPPED = "skipped"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True)
class Result:
    """One finding in a sentence; whatever isn't OK has a fix."""

    name: str
    severity: Severity
    what: str
    fix: str = ""


def ok(name: str, what: str) -> Result:
    """Say that something is as it should be."""
    return Result(name, Severity.OK, what)


def skipped(name: str, what: str, fix: str) -> Result:
    """Say that something couldn't be checked, and what would help."""
    return Result(name, Severity.SKIPPED, what, fix)


def warning(name: str, what: str, fix: str) -> Result:
    """Say that the bot works, but something will be missing."""
    return Result(name, Severity.WARNING, what, fix)


def wrong(name: str, what: str, fix: str) -> Result:
    """Say that the bot can't work."""
    return Result(name, Severity.WRONG, what, fix)

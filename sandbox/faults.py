"""Faults that a test or the page can order from a stand-in.

A fault says where it strikes ("POST /api/v2/conversations/messages/agentless", or
"chat.postMessage"), what goes wrong, and how often. Both stand-ins use these rules, and each
writes refusals in its own vendor's format.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from aiohttp import web


class FaultKind(StrEnum):
    """What goes wrong."""

    LATENCY = "latency"  # wait, then work and answer as usual
    STATUS = "status"  # refuse with this HTTP status; do no work
    CUT_BEFORE = "cut_before"  # close the connection; do no work
    CUT_AFTER = "cut_after"  # do the work, then close the connection without an answer
    EXPIRED_TOKEN = "expired_token"  # refuse as if the token had expired; do no work
    SLOW_ANSWER = "slow_answer"  # do the work, then wait before answering


class FaultError(ValueError):
    """The JSON isn't a fault; the text names the field and says what it should be."""


_FIELDS = frozenset({"where", "kind", "status", "retry_after", "body", "seconds", "times"})
_NEEDS_SECONDS = frozenset({FaultKind.LATENCY, FaultKind.SLOW_ANSWER})
_LONGEST_WAIT = 600.0


@dataclass(frozen=True)
class Fault:
    """Where to strike, what goes wrong, and how often (`times` None: until cleared)."""

    where: str
    kind: FaultKind
    status: int | None = None
    retry_after: float | None = None
    body: Mapping[str, Any] | None = field(default=None, hash=False)
    seconds: float = 0.0
    times: int | None = None

    @classmethod
    def parse(cls, raw: object) -> Fault:
        """Read a fault from decoded JSON. Raises FaultError, which names the wrong field."""
        if not isinstance(raw, Mapping):
            raise FaultError("A fault is a JSON object.")
        unknown = sorted(str(name) for name in raw if name not in _FIELDS)
        if unknown:
            raise FaultError(f"Unknown field: {', '.join(unknown)}.")
        kind = _parse_kind(raw.get("kind"))
        status = _parse_whole(raw.get("status"), "status", 400, 599)
        if kind is FaultKind.STATUS and status is None:
            raise FaultError("status: this kind needs an HTTP status from 400 to 599.")
        seconds = _parse_number(raw.get("seconds"), "seconds")
        if kind in _NEEDS_SECONDS and seconds is None:
            raise FaultError(f"seconds: {kind} needs to know how long to wait.")
        body = raw.get("body")
        if body is not None and not isinstance(body, Mapping):
            raise FaultError("body: must be a JSON object or null.")
        return cls(
            where=_parse_where(raw.get("where")),
            kind=kind,
            status=status,
            retry_after=_parse_number(raw.get("retry_after"), "retry_after"),
            body=body,
            seconds=seconds or 0.0,
            times=_parse_whole(raw.get("times"), "times", 1, 1_000_000),
        )

    def covers(self, place: str) -> bool:
        """Return whether the fault strikes at `place`.

        `where` is a glob for the whole place if it has wildcards, else any part of the place.
        """
        if any(sign in self.where for sign in "*?["):
            return fnmatchcase(place, self.where)
        return self.where in place

    def as_json(self) -> dict[str, Any]:
        """Return the fault in the form in which it was ordered."""
        return {
            "where": self.where,
            "kind": self.kind.value,
            "status": self.status,
            "retry_after": self.retry_after,
            "body": None if self.body is None else dict(self.body),
            "seconds": self.seconds,
            "times": self.times,
        }


def _parse_where(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise FaultError("where: must name a place, for example 'POST /api/v2/*'.")
    return value


def _parse_kind(value: object) -> FaultKind:
    if isinstance(value, str) and value in set(FaultKind):
        return FaultKind(value)
    raise FaultError(f"kind: must be one of {', '.join(FaultKind)}.")


def _parse_whole(value: object, name: str, least: int, most: int) -> int | None:
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
        return value
    raise FaultError(f"{name}: must be a whole number from {least} to {most}, or null.")


def _parse_number(value: object, name: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = float(value)
        if math.isfinite(number) and 0 <= number <= _LONGEST_WAIT:
            return number
    raise FaultError(f"{name}: must be a number from 0 to {_LONGEST_WAIT:g}, or null.")


@dataclass
class _Standing:
    fault: Fault
    left: int | None


class Faults:
    """The active faults, oldest first; each match uses up one of a fault's `times`."""

    def __init__(self) -> None:
        self._standing: list[_Standing] = []

    def add(self, fault: Fault) -> None:
        """Add a fault after those that are already active."""
        self._standing.append(_Standing(fault, fault.times))

    def match(self, where: str) -> Fault | None:
        """Return the oldest fault that strikes at `where` and count it down, or return None."""
        for standing in self._standing:
            if not standing.fault.covers(where):
                continue
            if standing.left is not None:
                standing.left -= 1
                if standing.left == 0:
                    self._standing.remove(standing)
            return standing.fault
        return None

    def clear(self) -> None:
        """Remove every fault."""
        self._standing.clear()

    def as_json(self) -> list[dict[str, Any]]:
        """List the active faults; `times` is how often each will still strike."""
        return [{**standing.fault.as_json(), "times": standing.left} for standing in self._standing]


async def serve_with_fault(
    request: web.Request,
    fault: Fault | None,
    work: Callable[[], Awaitable[web.StreamResponse]],
    refuse: Callable[[Fault], web.StreamResponse],
) -> web.StreamResponse:
    """Run `work` under a fault (None: as usual).

    `refuse` builds the stand-in's own refusal for STATUS and EXPIRED_TOKEN, with a Retry-After
    header if the fault has one. A cut closes the TCP connection after the request has been read,
    so that the caller sees a dropped connection and not a failed write. Nobody receives the
    response that is returned after a cut.
    """
    if fault is None:
        return await work()
    match fault.kind:
        case FaultKind.STATUS | FaultKind.EXPIRED_TOKEN:
            return refuse(fault)
        case FaultKind.CUT_BEFORE:
            await request.read()
            return cut(request)
        case FaultKind.CUT_AFTER:
            await work()
            return cut(request)
        case FaultKind.LATENCY:
            await asyncio.sleep(fault.seconds)
            return await work()
        case FaultKind.SLOW_ANSWER:
            answer = await work()
            await asyncio.sleep(fault.seconds)
            return answer


def cut(request: web.Request) -> web.Response:
    """Close the request's TCP connection; return a response that aiohttp will drop."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=499)

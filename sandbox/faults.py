"""Faults that a test, or the page, orders from a stand-in.

A fault says where it strikes ("POST /api/v2/conversations/messages/agentless", or
"chat.postMessage"), what goes wrong, and how often. Both stand-ins share these rules.
The first half knows no web server; `serve_with_fault` at the end applies a fault to an
aiohttp handler. What a refusal looks like belongs to each stand-in, which renders its own.
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
    STATUS = "status"  # refuse with this HTTP status, no work done
    CUT_BEFORE = "cut_before"  # close the connection, no work done
    CUT_AFTER = "cut_after"  # do the work, then close the connection unanswered
    EXPIRED_TOKEN = "expired_token"  # refuse as if the token had ended, no work done
    SLOW_ANSWER = "slow_answer"  # do the work, then wait before answering


class FaultError(ValueError):
    """The JSON is not a fault; the text says which field and what it should be."""


_FIELDS = frozenset({"where", "kind", "status", "retry_after", "body", "seconds", "times"})
_NEEDS_SECONDS = frozenset({FaultKind.LATENCY, FaultKind.SLOW_ANSWER})
_LONGEST_WAIT = 600.0


@dataclass(frozen=True)
class Fault:
    """One order: where, what, how often (`times` None: until cleared)."""

    where: str
    kind: FaultKind
    status: int | None = None
    retry_after: float | None = None
    body: Mapping[str, Any] | None = field(default=None, hash=False)
    seconds: float = 0.0
    times: int | None = None

    @classmethod
    def parse(cls, raw: object) -> Fault:
        """Read a fault from decoded JSON; raise FaultError naming the field that is wrong."""
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
        """Say whether the fault strikes here: a glob over the whole place, else a part of it."""
        if any(sign in self.where for sign in "*?["):
            return fnmatchcase(place, self.where)
        return self.where in place

    def as_json(self) -> dict[str, Any]:
        """Give the fault in the form in which it was ordered."""
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
    """The faults now in force, oldest first; each match uses up one of its `times`."""

    def __init__(self) -> None:
        self._standing: list[_Standing] = []

    def add(self, fault: Fault) -> None:
        """Put a fault in force behind those already there."""
        self._standing.append(_Standing(fault, fault.times))

    def match(self, where: str) -> Fault | None:
        """Take the oldest fault that strikes at `where`, counting it down; None: all is well."""
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
        """Lift every fault."""
        self._standing.clear()

    def as_json(self) -> list[dict[str, Any]]:
        """List the faults in force, `times` being what is left of each."""
        return [{**standing.fault.as_json(), "times": standing.left} for standing in self._standing]


async def serve_with_fault(
    request: web.Request,
    fault: Fault | None,
    work: Callable[[], Awaitable[web.StreamResponse]],
    refuse: Callable[[Fault], web.StreamResponse],
) -> web.StreamResponse:
    """Run `work` under a fault (None: as usual).

    `refuse` renders the stand-in's own refusal for STATUS and EXPIRED_TOKEN, with the
    Retry-After header when the fault has one. A cut closes the TCP connection once the
    request has been read, so that the caller sees a dropped connection, not a failed write;
    the response returned after a cut never reaches anyone.
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
    """Close the request's TCP connection at once; give a response for aiohttp to drop."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=499)

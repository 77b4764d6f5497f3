"""Load over HTTP: signed requests that were made beforehand, at a rate or as many as possible.

A latency counts from the moment the request was due, even if the generator or the server was late.
"""

from __future__ import annotations

import contextlib
import gc
import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.connections import PATIENCE, Address, Connections, IsRight
from benchmarks.process import LOAD_CORES, on_cores


@dataclass(frozen=True, order=True)
class Ack:
    """When a request was due (monotonic), and how many seconds later it was answered."""

    due: float
    seconds: float


def is_empty(body: bytes) -> bool:
    """Return whether an answer has no body, as the acks of commands and submissions."""
    return not body


def run_at(
    address: Address, requests: Sequence[bytes], rate: float, is_right: IsRight = is_empty
) -> list[Ack]:
    """Send ``rate`` requests a second; return their acks in the order of the requests.

    Open loop: a server that is late gets the next request on another connection.
    """
    with Connections(address, is_right, 8) as connections, _undisturbed():
        start = time.monotonic() + 0.01
        acks: list[Ack] = []
        sent, count = 0, len(requests)
        while len(acks) < count:
            now = time.monotonic()
            while sent < count and start + sent / rate <= now:
                connections.send(requests[sent], start + sent / rate)
                sent += 1
            until = start + sent / rate - now if sent < count else PATIENCE
            for due in connections.answers(until):
                acks.append(Ack(due, time.monotonic() - due))
    return sorted(acks)


def run_flat_out(
    address: Address,
    requests: Sequence[bytes],
    seconds: float,
    *,
    at_once: int = 16,
    is_right: IsRight = is_empty,
) -> int:
    """Keep so many requests under way until the time or the requests run out; return the acks."""
    with Connections(address, is_right, at_once) as connections, _undisturbed():
        waiting = iter(requests)
        start = now = time.monotonic()
        acked = under_way = 0
        for request in itertools.islice(waiting, at_once):
            connections.send(request, now)
            under_way += 1
        while under_way:
            for _ in connections.answers(PATIENCE):
                now = time.monotonic()
                acked += 1
                request = next(waiting, b"") if now - start < seconds else b""
                if request:
                    connections.send(request, now)
                else:
                    under_way -= 1
        return acked


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Stay off the server's core, and let no garbage collection count as somebody's latency."""
    gc.collect()
    gc.disable()
    try:
        with on_cores(LOAD_CORES):
            yield
    finally:
        gc.enable()

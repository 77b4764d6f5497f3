"""What /metrics says about requests. No label holds a private value."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector, CollectorRegistry
from sqlalchemy.exc import SQLAlchemyError

from bot.ops.refused_requests import Reason, RefusedRequests
from bot.state import FINAL, State
from bot.storage.pause import Pause
from bot.storage.requests import RequestStore

log = logging.getLogger(__name__)

COUNT_EVERY_SECONDS = 15.0


class _Requests(Collector):
    """The requests' figures. However often it's asked, it reads the database once in 15 seconds."""

    def __init__(self, requests: RequestStore, pause: Pause, clock: Callable[[], float]) -> None:
        self._requests = requests
        self._pause = pause
        self._clock = clock
        self._counting = threading.Lock()
        self._counted_at = float("-inf")
        self._counts: Mapping[State, int] | None = None
        self._is_paused = False

    def collect(self) -> Iterator[Metric]:
        """Return the figures. Final states have a counter only: counting old rows costs too much.

        While the database doesn't answer, the figures that come from it are missing.
        """
        open_requests = GaugeMetricFamily(
            "proactive_requests",
            "Requests in this state that something may still happen to, over all processes.",
            labels=["state"],
        )
        counts = self._count_open()
        for state in State:
            if counts is not None and state not in FINAL:
                open_requests.add_metric([state.value], counts.get(state, 0))
        yield open_requests
        paused = GaugeMetricFamily("proactive_paused", "1 while a lead has paused all sending.")
        if counts is not None:
            paused.add_metric([], float(self._is_paused))
        yield paused
        transitions = CounterMetricFamily(
            "proactive_transitions",
            "Requests that came into this state since this process started.",
            labels=["state"],
        )
        for state in State:
            transitions.add_metric([state.value], self._requests.moves[state])
        yield transitions

    def _count_open(self) -> Mapping[State, int] | None:
        with self._counting:
            if self._clock() - self._counted_at >= COUNT_EVERY_SECONDS:
                try:
                    self._counts = self._requests.count_open()
                    self._is_paused = self._pause.read() is not None
                except SQLAlchemyError as error:
                    log.warning("can't count the requests (%s)", type(error).__name__)
                    self._counts = None
                self._counted_at = self._clock()
            return self._counts


class _Refused(Collector):
    """The HTTP requests that this process refused."""

    def __init__(self, refused: RefusedRequests) -> None:
        self._refused = refused

    def collect(self) -> Iterator[Metric]:
        """Return one counter with a sample for each reason."""
        refused = CounterMetricFamily(
            "proactive_refused_http_requests",
            "HTTP requests that were refused for this reason since this process started.",
            labels=["reason"],
        )
        for reason in Reason:
            refused.add_metric([reason.value], self._refused.counts[reason])
        yield refused


def build_metrics(
    requests: RequestStore,
    pause: Pause,
    refused: RefusedRequests,
    clock: Callable[[], float] = time.monotonic,
) -> CollectorRegistry:
    """Return a registry of this bot's own figures."""
    registry = CollectorRegistry()
    registry.register(_Requests(requests, pause, clock))
    registry.register(_Refused(refused))
    return registry

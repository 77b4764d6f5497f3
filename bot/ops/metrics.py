"""What /metrics says about requests. No label holds a private value."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector, CollectorRegistry

from bot.request import FINAL, State
from bot.storage.requests import RequestStore


class _Requests(Collector):
    def __init__(self, requests: RequestStore) -> None:
        self._requests = requests

    def collect(self) -> Iterator[Metric]:
        """Read the figures. Final states have a counter only: counting old rows costs too much."""
        open_requests = GaugeMetricFamily(
            "proactive_requests",
            "Requests in this state that something may still happen to, over all processes.",
            labels=["state"],
        )
        counts = self._requests.count_open()
        for state in State:
            if state not in FINAL:
                open_requests.add_metric([state.value], counts.get(state, 0))
        yield open_requests
        transitions = CounterMetricFamily(
            "proactive_transitions",
            "Requests that came into this state since this process started.",
            labels=["state"],
        )
        for state in State:
            transitions.add_metric([state.value], self._requests.moves[state])
        yield transitions


def build_metrics(requests: RequestStore) -> CollectorRegistry:
    """Return a registry of this bot's own figures."""
    registry = CollectorRegistry()
    registry.register(_Requests(requests))
    return registry

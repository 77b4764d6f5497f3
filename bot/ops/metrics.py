"""What /metrics says: how many requests stand in each state, read from the store when asked.

Promises: figures that survive a restart, and no private value in a label.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector, CollectorRegistry

from bot.request import State
from bot.storage.requests import RequestStore


class _Requests(Collector):
    def __init__(self, store: RequestStore) -> None:
        self._store = store

    def collect(self) -> Iterator[GaugeMetricFamily]:
        counted = self._store.count_states()
        family = GaugeMetricFamily(
            "proactive_requests", "Requests that stand in this state.", labels=["state"]
        )
        for state in State:
            family.add_metric([state.value], counted.get(state, 0))
        yield family


def build_metrics(store: RequestStore) -> CollectorRegistry:
    """Return a registry of this bot's own figures."""
    registry = CollectorRegistry()
    registry.register(_Requests(store))
    return registry

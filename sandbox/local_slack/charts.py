"""The data_visualization block's charts, with their limits.

Slack documents the fields, 1 to 6 segments or series, and the title's length. The other figures are
from public clients.
https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .shapes import BlockFault, Fields, Rule, as_list, by_type, every, items, number, shape, string

CHART = "data_visualization"
MOST_CHARTS = 2  # in one message
TITLE: Rule = string(1, 50)
_MOST_GROUPS, _MOST_POINTS = 6, 20
_LABEL, _AXIS_LABEL = string(1, 20), string(1, 50)
_POINT = shape({"label": _LABEL, "value": number})
_SERIES = shape({"name": _LABEL, "data": items(_POINT, 1, _MOST_POINTS)})
_AXES = shape(
    {"categories": items(_LABEL, 1, _MOST_POINTS)}, {"x_label": _AXIS_LABEL, "y_label": _AXIS_LABEL}
)


def _list_of(value: Any, name: str) -> list[Any]:
    return as_list(value.get(name)) if isinstance(value, dict) else []


def _names(found: list[Any], name: str) -> list[str]:
    return [str(one.get(name)) for one in found if isinstance(one, dict)]


def _series_fit(chart: Any, pointer: str) -> Iterator[BlockFault]:
    """Require series with different names, each with one value for each category."""
    series = _list_of(chart, "series")
    names = _names(series, "name")
    if len(set(names)) < len(names):
        yield BlockFault(f"{pointer}/series", "the names of the series must differ")
    categories = sorted(map(str, _list_of(chart.get("axis_config"), "categories")))
    for index, one in enumerate(series):
        if sorted(_names(_list_of(one, "data"), "label")) != categories:
            place = f"{pointer}/series/{index}/data"
            yield BlockFault(place, "there must be one value for each category")


def _chart(fields: Fields) -> Rule:
    return shape({"type": string(), **fields})


_BY_AXES = every(
    _chart({"series": items(_SERIES, 1, _MOST_GROUPS), "axis_config": _AXES}), _series_fit
)
CHARTS: Rule = by_type(
    {
        "pie": _chart({"segments": items(_POINT, 1, _MOST_GROUPS)}),
        "bar": _BY_AXES,
        "area": _BY_AXES,
        "line": _BY_AXES,
    }
)

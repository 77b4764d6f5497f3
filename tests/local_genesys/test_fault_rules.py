from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.faults import Fault, FaultError, FaultKind, Faults

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
FIELDS = ["where", "kind", "status", "retry_after", "body", "seconds", "times", "extra"]


def fault(**fields: Any) -> Fault:
    return Fault.parse({"where": "POST /api", "kind": "cut_before", **fields})


@pytest.mark.parametrize(
    ("raw", "names"),
    [
        ([], "object"),
        ({"kind": "latency", "seconds": 1}, "where"),
        ({"where": " ", "kind": "latency", "seconds": 1}, "where"),
        ({"where": "x", "kind": "earthquake"}, "kind"),
        ({"where": "x", "kind": "status"}, "status"),
        ({"where": "x", "kind": "status", "status": 200}, "status"),
        ({"where": "x", "kind": "status", "status": True}, "status"),
        ({"where": "x", "kind": "latency"}, "seconds"),
        ({"where": "x", "kind": "slow_answer"}, "seconds"),
        ({"where": "x", "kind": "slow_answer", "seconds": -1}, "seconds"),
        ({"where": "x", "kind": "cut_after", "times": 0}, "times"),
        ({"where": "x", "kind": "cut_after", "times": 1.5}, "times"),
        ({"where": "x", "kind": "status", "status": 429, "retry_after": "soon"}, "retry_after"),
        ({"where": "x", "kind": "status", "status": 429, "body": "no"}, "body"),
        ({"where": "x", "kind": "cut_after", "sometimes": 1}, "sometimes"),
    ],
)
def test_refusing_a_fault_names_the_wrong_field(raw: object, names: str) -> None:
    with pytest.raises(FaultError, match=names):
        Fault.parse(raw)


@given(st.dictionaries(st.sampled_from(FIELDS), JSON) | JSON)
def test_the_parser_reads_or_refuses_any_json(raw: object) -> None:
    try:
        parsed = Fault.parse(raw)
    except FaultError:
        return
    assert Fault.parse(parsed.as_json()) == parsed


@pytest.mark.parametrize(
    ("where", "place", "strikes"),
    [
        ("agentless", "POST /api/v2/conversations/messages/agentless", True),
        ("POST /api/v2", "POST /api/v2/x", True),
        ("GET /api/v2", "POST /api/v2/x", False),
        ("POST /api/*/details/query", "POST /api/v2/analytics/details/query", True),
        ("/api/*", "POST /api/v2/x", False),
        ("chat.postMessage", "chat.postMessage", True),
    ],
)
def test_a_place_is_part_of_the_call_or_a_glob_for_all_of_it(
    where: str, place: str, strikes: bool
) -> None:
    assert fault(where=where).covers(place) is strikes


def test_a_fault_strikes_as_often_as_ordered() -> None:
    faults = Faults()
    faults.add(fault(times=2))
    struck = [faults.match("POST /api") is not None for _ in range(3)]
    assert struck == [True, True, False]


def test_a_fault_without_times_stays_until_cleared() -> None:
    faults = Faults()
    faults.add(fault())
    assert all(faults.match("POST /api") for _ in range(5))
    faults.clear()
    assert faults.match("POST /api") is None


def test_the_oldest_fault_that_fits_strikes_first() -> None:
    faults = Faults()
    faults.add(fault(where="elsewhere"))
    faults.add(fault(kind="status", status=503, times=1))
    faults.add(fault(times=1))
    kinds = [struck.kind for _ in range(2) if (struck := faults.match("POST /api"))]
    assert kinds == [FaultKind.STATUS, FaultKind.CUT_BEFORE]
    assert [standing["where"] for standing in faults.as_json()] == ["elsewhere"]

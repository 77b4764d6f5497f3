from __future__ import annotations

from typing import Any

import pytest

from .conftest import Local

LIBRARIES = "/api/v2/responsemanagement/libraries"
RESPONSES = "/api/v2/responsemanagement/responses"


def library_id(local: Local, name: str) -> str:
    libraries = local.call("GET", LIBRARIES).json["entities"]
    found: str = next(one["id"] for one in libraries if one["name"] == name)
    return found


def responses(local: Local, **query: Any) -> Any:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    return local.call("GET", f"{RESPONSES}?{asked}")


def test_a_library_lists_its_responses_and_their_placeholders(local: Local) -> None:
    orders = library_id(local, "Orders")
    listed = responses(local, libraryId=orders, expand="substitutionsSchema").json
    assert (listed["total"], listed["pageCount"], listed["pageSize"]) == (3, 1, 25)
    delayed = listed["entities"][0]
    assert delayed["texts"][0]["contentType"] == "text/plain"
    assert [one["id"] for one in delayed["substitutions"]] == ["ORDER", "DAY"]
    assert delayed["substitutionsSchema"]["required"] == ["ORDER", "DAY"]
    plain = responses(local, libraryId=orders).json["entities"][0]
    assert "substitutionsSchema" not in plain


def test_an_unknown_library_has_no_responses(local: Local) -> None:
    assert responses(local, libraryId="nobody").json["entities"] == []


def test_long_lists_come_in_pages(local: Local) -> None:
    assert local.people("POST", "/control/genesys/responses", {"count": 1_000}).status == 200
    bulk = library_id(local, "Bulk library 0")
    pages = [
        responses(local, libraryId=bulk, pageSize=40, pageNumber=number).json
        for number in (1, 2, 3, 4)
    ]
    assert [len(page["entities"]) for page in pages] == [40, 40, 20, 0]
    assert ["nextUri" in page for page in pages] == [True, True, False, False]


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"libraryId": "x", "pageSize": 101},
        {"libraryId": "x", "pageNumber": 0},
        {"libraryId": "x", "expand": "texts"},
        {"libraryId": "x", "other": "1"},
    ],
)
def test_a_wrong_query_is_refused(query: dict[str, Any], local: Local) -> None:
    assert responses(local, **query).status == 400


@pytest.mark.parametrize(
    ("path", "permission"),
    [
        (LIBRARIES, "responses:library:view"),
        (f"{RESPONSES}?libraryId=x", "responses:response:view"),
    ],
)
def test_each_list_needs_its_permission(path: str, permission: str, local: Local) -> None:
    local.settings(missing_permissions=[permission])
    assert local.call("GET", path).status == 403


@pytest.mark.parametrize("count", [0, 10_001, "5"])
def test_only_a_sensible_number_of_responses_is_added(count: object, local: Local) -> None:
    assert local.people("POST", "/control/genesys/responses", {"count": count}).status == 400

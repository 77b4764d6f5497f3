"""Response Management, read only: libraries, and the texts in them."""

from __future__ import annotations

from typing import Any, Final

from sandbox.local_genesys.errors import bad_request, invalid_value
from sandbox.local_genesys.records import Response
from sandbox.local_genesys.sample_customers import fixed_id
from sandbox.local_genesys.sample_responses import SAMPLE_RESPONSES
from sandbox.local_genesys.shapes import check_query
from sandbox.local_genesys.state import World

_PATH: Final = "/api/v2/responsemanagement"
_LARGEST_PAGE: Final = 100
_PAGING: Final[dict[str, frozenset[str] | None]] = {"pageNumber": None, "pageSize": None}
_USUAL_PAGE: Final = 25


def seed_responses(world: World) -> None:
    """Add the sample texts."""
    world.responses.update({one.id: one for one in SAMPLE_RESPONSES})


def add_responses(world: World, count: int) -> None:
    """Add many texts, as large organisations have them."""
    for number in range(count):
        response = Response(
            id=fixed_id(f"response/bulk/{number}"),
            name=f"Bulk {number:05}",
            library=f"Bulk library {number % 10}",
            text=f"Hello {{{{CUSTOMER_NAME}}}}, this is text number {number}. " + "More. " * 50,
        )
        world.responses[response.id] = response


def list_libraries(world: World, query: dict[str, str]) -> dict[str, Any]:
    """Answer GET /responsemanagement/libraries."""
    allowed = {**_PAGING, "messagingTemplateFilter": frozenset({"whatsapp"}), "libraryPrefix": None}
    check_query(query, allowed)
    names = sorted({one.library for one in world.responses.values()})
    libraries = [
        {
            "id": _library_id(name),
            "name": name,
            "version": 1,
            "selfUri": f"{_PATH}/libraries/{_library_id(name)}",
        }
        for name in names
        if name.startswith(query.get("libraryPrefix", ""))
    ]
    return _page(libraries, query, f"{_PATH}/libraries")


def list_responses(world: World, query: dict[str, str]) -> dict[str, Any]:
    """Answer GET /responsemanagement/responses; an unknown library has none."""
    allowed = {**_PAGING, "libraryId": None, "expand": frozenset({"substitutionsSchema"})}
    check_query(query, allowed)
    library_id = query.get("libraryId", "")
    if not library_id:
        raise bad_request("libraryId is required.", "libraryId")
    found = [one for one in world.responses.values() if _library_id(one.library) == library_id]
    shown = [_as_json(one, with_schema="expand" in query) for one in found]
    return _page(shown, query, f"{_PATH}/responses")


def _library_id(name: str) -> str:
    return fixed_id(f"library/{name}")


def _page(entities: list[dict[str, Any]], query: dict[str, str], path: str) -> dict[str, Any]:
    size = _number(query, "pageSize", _USUAL_PAGE, _LARGEST_PAGE)
    number = _number(query, "pageNumber", 1, 1_000_000)
    pages = max(1, -(-len(entities) // size))
    shown: dict[str, Any] = {
        "entities": entities[(number - 1) * size : number * size],
        "pageSize": size,
        "pageNumber": number,
        "total": len(entities),
        "pageCount": pages,
        "selfUri": f"{path}?pageSize={size}&pageNumber={number}",
    }
    if number < pages:
        shown["nextUri"] = f"{path}?pageSize={size}&pageNumber={number + 1}"
    return shown


def _number(query: dict[str, str], name: str, usual: int, most: int) -> int:
    given = query.get(name, str(usual))
    if not (given.isascii() and given.isdigit() and 1 <= int(given) <= most):
        raise invalid_value(name, given, "Integer", f"1 to {most}")
    return int(given)


def _as_json(response: Response, *, with_schema: bool) -> dict[str, Any]:
    text = {"content": response.text, "contentType": response.content_type, "type": "body"}
    shown: dict[str, Any] = {
        "id": response.id,
        "name": response.name,
        "version": response.version,
        "libraries": [{"id": _library_id(response.library), "name": response.library}],
        "texts": [text],
        "substitutions": [
            {"id": name, "description": description, "defaultValue": default}
            for name, description, default in response.substitutions
        ],
        "selfUri": f"{_PATH}/responses/{response.id}",
    }
    if response.response_type:
        shown["responseType"] = response.response_type
    if response.interaction_type:
        shown["interactionType"] = response.interaction_type
    if with_schema and response.substitutions:
        shown["substitutionsSchema"] = {
            "type": "object",
            "required": list(response.required),
            "properties": {name: {"type": "string"} for name, _, _ in response.substitutions},
        }
    return shown

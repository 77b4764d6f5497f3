"""Read the plain texts that an organisation keeps in Response Management.

Needs responses:library:view and responses:response:view, in the division of each library.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from genesys.client import GenesysCloud
from genesys.rate_limit import Priority
from genesys.shape import Json, count, identifier, nested, nested_list, text, texts

LIBRARIES = "/api/v2/responsemanagement/libraries"
RESPONSES = "/api/v2/responsemanagement/responses"
PAGE_SIZE = 100
MOST_PAGES = 1_000  # of one list; more is a mistake in the answer
_SAMPLED = 3  # libraries
_PATIENCE = 60.0  # seconds for one page: nobody waits for it
_STANDARD = ("", "Standard")  # absent in the API; the other types aren't texts for a chat
_OTHER_CHANNELS = ("email", "twitter")


@dataclass(frozen=True)
class Substitution:
    """A placeholder that an organisation has described."""

    name: str
    description: str = ""
    default: str = field(default="", repr=False)
    is_required: bool = True


@dataclass(frozen=True)
class LibraryResponse:
    """A response of which a plain text can be sent to a chat."""

    response_id: str
    version: str
    name: str = field(repr=False)
    text: str = field(repr=False)
    substitutions: tuple[Substitution, ...] = field(default=(), repr=False)


def read_responses(cloud: GenesysCloud) -> tuple[LibraryResponse, ...]:
    """Read all responses with a plain text, each once. Raises GenesysError.

    One call reads up to 100 responses. They have low priority, so that nobody who looks a customer
    up waits for them.
    """
    found: dict[str, LibraryResponse] = {}
    for library in _entities(cloud, LIBRARIES, {}):
        of_library = {"libraryId": identifier(library, "id"), "expand": "substitutionsSchema"}
        for read in _entities(cloud, RESPONSES, of_library):
            response = _response(read)
            if response is not None:
                found.setdefault(response.response_id, response)
    return tuple(found.values())


def sample_responses(cloud: GenesysCloud) -> tuple[LibraryResponse, ...]:
    """Read the plain texts in the first page of each of the first libraries. Raises GenesysError.

    Needs few calls; whoever may read these may probably read all.
    """
    libraries = cloud.call("GET", LIBRARIES)
    found = []
    for library in nested_list(libraries, "entities")[:_SAMPLED]:
        page = cloud.call("GET", RESPONSES, query={"libraryId": identifier(library, "id")})
        found += [_response(read) for read in nested_list(page, "entities")]
    return tuple(one for one in found if one is not None)


def _entities(cloud: GenesysCloud, path: str, query: Mapping[str, str]) -> Iterator[Json]:
    """Yield what a list has, page by page."""
    for number in range(1, MOST_PAGES + 1):
        page = cloud.call(
            "GET",
            path,
            query={**query, "pageNumber": str(number), "pageSize": str(PAGE_SIZE)},
            priority=Priority.BACKGROUND,
            patience=_PATIENCE,
        )
        entities = nested_list(page, "entities")
        yield from entities
        pages = count(page, "pageCount")
        if not entities or (number >= pages if pages else len(entities) < PAGE_SIZE):
            return


def _response(read: Json) -> LibraryResponse | None:
    """Return a response if it's a plain text for a chat."""
    is_standard = text(read, "responseType") in _STANDARD
    if not is_standard or text(read, "interactionType") in _OTHER_CHANNELS:
        return None
    bodies = [
        text(one, "content")
        for one in nested_list(read, "texts")
        if text(one, "contentType") == "text/plain" and text(one, "type") in ("", "body")
    ]
    if not bodies or not bodies[0].strip():
        return None
    return LibraryResponse(
        response_id=identifier(read, "id"),
        version=str(count(read, "version")),
        name=text(read, "name"),
        text=bodies[0],
        substitutions=_substitutions(read),
    )


def _substitutions(read: Json) -> tuple[Substitution, ...]:
    """Return the described placeholders. If the schema names none as required, all are."""
    required = texts(nested(read, "substitutionsSchema"), "required")
    return tuple(
        Substitution(
            name=identifier(one, "id"),
            description=text(one, "description"),
            default=text(one, "defaultValue"),
            is_required=not required or one["id"] in required,
        )
        for one in nested_list(read, "substitutions")
    )

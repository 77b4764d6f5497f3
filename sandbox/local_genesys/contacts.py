"""External contacts: lookup by identifier, by contact details, and by id."""

from __future__ import annotations

from typing import Any, Final

from sandbox.local_genesys import assumptions
from sandbox.local_genesys.errors import ApiError, bad_request
from sandbox.local_genesys.records import Contact
from sandbox.local_genesys.sample_customers import fixed_id
from sandbox.local_genesys.shapes import Anything, Record, Text, check_query
from sandbox.local_genesys.state import World

IDENTIFIER: Final = Record(
    {
        "division": Anything(),
        "type": Text(
            choices=frozenset(
                {
                    "SocialLine",
                    "SocialFacebook",
                    "SocialTwitter",
                    "SocialWhatsapp",
                    "SocialInstagram",
                    "SocialWhatsappBsuid",
                    "AppleOpaqueId",
                    "Email",
                    "Phone",
                    "Cookie",
                    "ExternalId",
                    "SocialInstagramHandle",
                }
            )
        ),
        "value": Text(longest=255),
        "dateCreated": Text(),
        "externalSource": Anything(),
    },
    required=frozenset({"type", "value"}),
)
_LOOKUP_EXPANDS: Final = frozenset(
    {"externalOrganization", "identifiers", "externalSources", "division"}
)
_CONTACT_EXPANDS: Final = _LOOKUP_EXPANDS | {"externalDataSources"}
_PAGES_EXPANDS: Final = frozenset(
    {"contacts.externalOrganization", "externalDataSources", "division"}
)
_MOST_WHITE_PAGES = 25


def look_up_identifier(world: World, body: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
    """Find the contact that claims an identifier. Raises ApiError 404 if none does."""
    check_query(query, {"expand": _LOOKUP_EXPANDS})
    kind, value = body["type"], body["value"].strip()
    if not value:
        raise bad_request("value must not be blank.", "value")
    if kind == "Phone" and not value.startswith("+"):
        raise ApiError(
            422,
            "invalid.value",
            "Phone identifiers need the country code and a leading '+'.",
            field_name="value",
        )
    for contact in world.contacts.values():
        claimed = {"Email": contact.email, "Phone": contact.phone}.get(kind)
        if contact.claims_details and claimed == value:
            return _as_json(_canonical(world, contact), query)
    raise _no_contact()


def look_up_details(world: World, query: dict[str, str]) -> dict[str, Any]:
    """Find the curated contacts with this email address or phone number."""
    check_query(query, {"lookupVal": None, "expand": _PAGES_EXPANDS, "divisionId": None})
    value = query.get("lookupVal", "").strip()
    if not value:
        raise bad_request("lookupVal is required.", "lookupVal")
    found = [
        contact
        for contact in world.contacts.values()
        if contact.contact_type == "Curated" and value.lower() in {contact.email, contact.phone}
    ]
    with_organization = {"expand": query.get("expand", "").replace("contacts.", "")}
    return {
        "contacts": [_as_json(contact, with_organization) for contact in found[:_MOST_WHITE_PAGES]]
    }


def read_contact(world: World, contact_id: str, query: dict[str, str]) -> dict[str, Any]:
    """Return a contact by id; a merged id returns the canonical contact."""
    check_query(query, {"expand": _CONTACT_EXPANDS})
    contact = world.contacts.get(contact_id)
    if contact is None:
        raise _no_contact()
    return _as_json(_canonical(world, contact), query)


def _no_contact() -> ApiError:
    return ApiError(404, assumptions.CONTACT_NOT_FOUND, "No contact was found.")


def _canonical(world: World, contact: Contact) -> Contact:
    return world.contacts[contact.canonical_id] if contact.canonical_id else contact


def _as_json(contact: Contact, query: dict[str, str]) -> dict[str, Any]:
    expand = set(query.get("expand", "").split(","))
    shown: dict[str, Any] = {
        "id": contact.id,
        "type": contact.contact_type,
        "division": {"id": fixed_id("division/home"), "name": "Home"},
        "selfUri": f"/api/v2/externalcontacts/contacts/{contact.id}",
    }
    if contact.first_name:
        shown["firstName"] = contact.first_name
    if contact.last_name:
        shown["lastName"] = contact.last_name
    if contact.email:
        shown["personalEmail"] = contact.email
    if contact.phone:
        shown["cellPhone"] = {"display": contact.phone, "e164": contact.phone}
    if contact.organization:
        organization = {"id": fixed_id(f"organization/{contact.organization}")}
        if "externalOrganization" in expand:
            organization["name"] = contact.organization
        shown["externalOrganization"] = organization
    if contact.merge_set and contact.canonical_id:
        shown["canonicalContact"] = _reference(contact.canonical_id)
        shown["mergeSet"] = [_reference(contact_id) for contact_id in contact.merge_set]
    if "identifiers" in expand and contact.claims_details:
        claimed = (("Email", contact.email), ("Phone", contact.phone))
        shown["identifiers"] = [{"type": kind, "value": value} for kind, value in claimed if value]
    return shown


def _reference(contact_id: str) -> dict[str, str]:
    return {"id": contact_id, "selfUri": f"/api/v2/externalcontacts/contacts/{contact_id}"}

from __future__ import annotations

from typing import Any

import pytest

from .conftest import LOOKUP, Local

PAGES = "/api/v2/externalcontacts/reversewhitepageslookup"
CONTACTS = "/api/v2/externalcontacts/contacts"


def look_up(local: Local, kind: str, value: str) -> Any:
    return local.call("POST", LOOKUP, {"type": kind, "value": value})


@pytest.mark.parametrize(
    ("kind", "value", "name"),
    [
        ("Email", "jane@example.com", "Jane"),
        ("Phone", "+442079460018", "Jane"),
        ("Phone", "+14155550132", "Sam"),
        ("Email", "hostile@example.com", "<!channel>"),
    ],
)
def test_a_claimed_identifier_finds_its_contact(
    local: Local, kind: str, value: str, name: str
) -> None:
    answer = look_up(local, kind, value)
    assert (answer.status, answer.json["firstName"]) == (200, name)
    assert "mergeSet" not in answer.json


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("Email", "nobody@example.com"),
        ("Email", "Jane@Example.com"),
        ("Email", "pat@example.com"),
        ("Email", "wendy@example.com"),
        ("Phone", "+14155550199"),
        ("Cookie", "jane@example.com"),
    ],
)
def test_an_unclaimed_identifier_is_404(local: Local, kind: str, value: str) -> None:
    answer = look_up(local, kind, value)
    assert (answer.status, answer.json["code"]) == (404, "contact.not.found")


def test_a_phone_without_its_country_code_is_422(local: Local) -> None:
    assert look_up(local, "Phone", "02079460018").status == 422


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"value": "jane@example.com"}, "type"),
        ({"type": "Email"}, "value"),
        ({"type": "Email", "value": None}, "value"),
        ({"type": "Email", "value": " "}, "value"),
        ({"type": "email", "value": "jane@example.com"}, "type"),
        ({"type": "Email", "value": 7}, "value"),
        ({"type": "Email", "value": "a" * 256}, "value"),
        ({"type": "Email", "value": "a", "email": "a"}, "email"),
    ],
)
def test_an_invalid_lookup_is_400(local: Local, body: object, field: str) -> None:
    answer = local.call("POST", LOOKUP, body)
    assert answer.status == 400
    assert answer.json["details"][0]["fieldName"] == field


def test_identifiers_come_only_when_asked_for(local: Local) -> None:
    body = {"type": "Email", "value": "jane@example.com"}
    assert "identifiers" not in local.call("POST", LOOKUP, body).json
    expanded = local.call("POST", f"{LOOKUP}?expand=identifiers,division", body).json
    assert {"type": "Phone", "value": "+442079460018"} in expanded["identifiers"]
    assert local.call("POST", f"{LOOKUP}?expand=everything", body).status == 400


def test_any_id_of_a_merge_set_returns_the_canonical_contact(local: Local) -> None:
    mia = look_up(local, "Email", "mia@example.com").json
    ids = [reference["id"] for reference in mia["mergeSet"]]
    assert mia["canonicalContact"]["id"] == mia["id"] == ids[0]
    assert len(ids) == 2
    assert local.call("GET", f"{CONTACTS}/{ids[1]}").json["id"] == mia["id"]


def test_an_unknown_contact_id_is_404(local: Local) -> None:
    assert local.call("GET", f"{CONTACTS}/nobody").status == 404


def test_contact_details_find_everyone_who_shares_them(local: Local) -> None:
    path = f"{PAGES}?lookupVal=pat@example.com&expand=contacts.externalOrganization"
    found = local.call("GET", path).json["contacts"]
    organizations = {contact["externalOrganization"]["name"] for contact in found}
    assert organizations == {"Novak Bakery", "Moreau Garage"}
    one = local.call("GET", f"{PAGES}?lookupVal=Wendy@example.com").json["contacts"]
    assert [contact["firstName"] for contact in one] == ["Wendy"]
    assert local.call("GET", f"{PAGES}?lookupVal=nobody@example.com").json == {"contacts": []}


def test_a_details_lookup_needs_its_value(local: Local) -> None:
    assert local.call("GET", PAGES).status == 400
    assert local.call("GET", f"{PAGES}?lookupVal=a&email=b").status == 400

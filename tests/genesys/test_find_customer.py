"""Finding the customer behind an address or number, with as few calls as possible."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from genesys import (
    ContactType,
    Customer,
    Found,
    GenesysCloud,
    Identity,
    IdentityKind,
    MatchedBy,
    NoContact,
    Several,
    UnexpectedAnswer,
    find_customer,
)

Find = Callable[..., Found]
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LOOKUP, WHITE_PAGES, QUERY = "lookup", "white pages", "query"
OURS, OTHER = "our-deployment", "other-deployment"


def _identity(value: str) -> Identity:
    return Identity(IdentityKind.EMAIL if "@" in value else IdentityKind.PHONE, value)


@pytest.fixture
def find(local: Any, cloud: GenesysCloud) -> Find:
    """Look somebody up in the local Genesys Cloud."""

    def find(value: str, **more: Any) -> Found:
        deployment_id = local.genesys.deployment_id
        now = datetime.now(UTC)
        return find_customer(cloud, _identity(value), deployment_id=deployment_id, now=now, **more)

    return find


def _steps(calls: list[str]) -> list[str]:
    names = {"identifierlookup": LOOKUP, "reversewhitepages": WHITE_PAGES, "details/query": QUERY}
    return [next((names[part] for part in names if part in path), path) for path in calls]


def _asked(local: Any) -> list[str]:
    return _steps([call["path"] for call in local.calls()])


@pytest.mark.parametrize(
    ("value", "name", "queries"),
    [
        ("jane@example.com", "Jane Doe", 1),
        ("+442079460018", "Jane Doe", 1),
        ("+14155550132", "Sam Lee", 1),
        ("old@example.com", "Otto Lind", 3),
        ("hostile@example.com", "<!channel> *Bold* & <script>", 1),
    ],
)
def test_a_customer_is_found_with_their_history(
    local: Any, find: Find, value: str, name: str, queries: int
) -> None:
    found = find(value)
    assert isinstance(found, Customer)
    assert found.name == name
    assert found.contact_type is ContactType.CURATED
    assert found.matched_by is MatchedBy.IDENTIFIER
    assert found.send_to_id == found.contact_id
    assert found.latest is not None
    assert found.latest.deployment_id == local.genesys.deployment_id
    assert found.latest.customer_wrote
    assert found.open is None
    assert _asked(local) == [LOOKUP, *[QUERY] * queries]


def test_the_latest_conversation_is_the_newest(local: Any, find: Find) -> None:
    found = find("jane@example.com")
    assert isinstance(found, Customer) and found.latest is not None
    shown = local.customer("jane@example.com")["conversations"][-1]
    assert found.latest.conversation_id == shown["id"]
    assert found.latest.started_at == datetime.fromisoformat(shown["started_at"])
    assert found.latest.ended_at == datetime.fromisoformat(shown["ended_at"])


def test_an_open_conversation_is_found(find: Find) -> None:
    found = find("olga@example.com")
    assert isinstance(found, Customer)
    assert found.open is not None and found.open.is_open
    assert found.open == found.latest


def test_a_merged_contact_is_messaged_under_the_id_of_its_history(local: Any, find: Find) -> None:
    found = find("mia@example.com")
    assert isinstance(found, Customer) and found.latest is not None
    assert found.contact_ids[0] == found.contact_id
    assert len(found.contact_ids) == 2
    assert found.send_to_id == found.contact_ids[1] == found.latest.contact_id


def test_a_contact_without_web_messaging_has_no_latest_conversation(local: Any, find: Find) -> None:
    found = find("nils@example.com")
    assert isinstance(found, Customer)
    assert found.latest is None
    assert _asked(local) == [LOOKUP, QUERY, QUERY, QUERY]


def test_history_on_another_deployment_is_found(local: Any, find: Find) -> None:
    found = find("lena@example.com")
    assert isinstance(found, Customer) and found.latest is not None
    assert found.latest.deployment_id not in (None, local.genesys.deployment_id)


def test_an_address_that_nobody_has_finds_no_contact(local: Any, find: Find) -> None:
    nobody = _identity("nobody@example.com")
    assert find(nobody.value) == NoContact(nobody)
    assert _asked(local) == [LOOKUP, WHITE_PAGES]


def test_an_unclaimed_address_is_found_in_the_contacts_details(local: Any, find: Find) -> None:
    found = find("wendy@example.com")
    assert isinstance(found, Customer)
    assert found.matched_by is MatchedBy.CONTACT_DETAILS
    assert _asked(local) == [LOOKUP, WHITE_PAGES, QUERY]


def test_several_contacts_are_candidates_and_the_chosen_one_is_found(
    local: Any, find: Find
) -> None:
    several = find("pat@example.com")
    assert isinstance(several, Several)
    assert [one.hint for one in several.candidates] == ["Novak Bakery", "Moreau Garage"]
    chosen = several.candidates[0]
    local.ask("DELETE", "/control/genesys/calls")
    found = find("pat@example.com", chosen_contact_id=chosen.contact_id)
    assert isinstance(found, Customer)
    assert (found.contact_id, found.name) == (chosen.contact_id, chosen.name)
    assert _asked(local) == [f"/api/v2/externalcontacts/contacts/{chosen.contact_id}", QUERY]


def test_a_chosen_contact_that_is_gone_is_no_contact(find: Find) -> None:
    gone = "00000000-0000-4000-8000-000000000000"
    assert isinstance(find("pat@example.com", chosen_contact_id=gone), NoContact)


def test_names_stay_out_of_logs(find: Find) -> None:
    assert "Jane" not in repr(find("jane@example.com"))
    assert "Pat" not in repr(find("pat@example.com"))


def test_addresses_stay_out_of_logs(find: Find, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        find("wendy@example.com")
    assert "wendy" not in caplog.text


def test_less_history_takes_fewer_calls(local: Any, find: Find) -> None:
    found = find("old@example.com", history_days=30)
    assert isinstance(found, Customer) and found.latest is None
    assert _asked(local) == [LOOKUP, QUERY]


class Scripted:
    """Answers lookups from a table of contacts and queries from a list of conversations."""

    def __init__(self, raw: Any) -> None:
        self.raw = raw
        self.contacts: dict[str, dict[str, Any]] = {}
        self.white_pages: list[dict[str, Any]] = []
        self.conversations: list[dict[str, Any]] = []
        raw.api = self._answer

    def _answer(self, asked: Any) -> Any:
        if "identifierlookup" in asked.path:
            found = self.contacts.get(asked.json["value"])
            return self.raw.reply(found) if found else self.raw.reply({}, 404)
        if "reversewhitepages" in asked.path:
            return self.raw.reply({"contacts": self.white_pages})
        return self.raw.reply(self._matching(asked.json))

    def _matching(self, query: dict[str, Any]) -> dict[str, Any]:
        start, end = map(datetime.fromisoformat, query["interval"].split("/"))
        clauses = query["segmentFilters"][0]["clauses"]
        ids = {predicate["value"] for predicate in clauses[0]["predicates"]}
        hits = [
            one
            for one in self.conversations
            if start <= datetime.fromisoformat(one["conversationStart"]) < end
            and one["participants"][0]["externalContactId"] in ids
        ]
        hits.sort(key=lambda one: str(one["conversationStart"]), reverse=True)
        size, page = query["paging"]["pageSize"], query["paging"]["pageNumber"]
        return {"conversations": hits[(page - 1) * size : page * size], "totalHits": len(hits)}

    def asked(self) -> list[str]:
        return _steps([asked.path for asked in self.raw.requests("/api/")])


def _chat(
    name: str, days_ago: float, deployment: str = OURS, contact: str = "c1", is_open: bool = False
) -> dict[str, Any]:
    started = NOW - timedelta(days=days_ago)
    session = {"messageType": "webmessaging", "direction": "inbound", "addressTo": deployment}
    end = {} if is_open else {"conversationEnd": (started + timedelta(hours=1)).isoformat()}
    return {
        "conversationId": name,
        "conversationStart": started.isoformat(),
        **end,
        "participants": [
            {"purpose": "customer", "externalContactId": contact, "sessions": [session]}
        ],
    }


@pytest.fixture
def scripted(raw: Any) -> Scripted:
    """A Genesys whose contacts and conversations the test defines."""
    return Scripted(raw)


@pytest.fixture
def look(scripted: Scripted, connect: Callable[..., GenesysCloud]) -> Find:
    """Look somebody up in the scripted Genesys."""
    session = connect(scripted.raw.url)

    def look(value: str = "j@example.com", **more: Any) -> Found:
        return find_customer(session, _identity(value), deployment_id=OURS, now=NOW, **more)

    return look


def test_an_address_is_looked_up_in_lower_case_first_then_as_typed(
    scripted: Scripted, look: Find
) -> None:
    scripted.contacts["Jane@Example.com"] = {"id": "c1"}
    found = look("Jane@Example.com", history_days=1)
    assert isinstance(found, Customer)
    assert found.identity.value == "Jane@Example.com"
    tried = [asked.json for asked in scripted.raw.requests("identifierlookup")]
    assert tried == [
        {"type": "Email", "value": "jane@example.com"},
        {"type": "Email", "value": "Jane@Example.com"},
    ]


def test_records_of_one_merge_set_count_as_one_person(scripted: Scripted, look: Find) -> None:
    family = {"canonicalContact": {"id": "c1"}, "mergeSet": [{"id": "c0"}, {"id": "c1"}]}
    scripted.white_pages = [{"id": "c0", **family}, {"id": "c1", **family}]
    scripted.conversations = [_chat("old", 3, contact="c0")]
    found = look()
    assert isinstance(found, Customer)
    assert found.contact_ids == ("c1", "c0")
    assert (found.contact_id, found.send_to_id) == ("c1", "c0")


def test_a_candidate_without_an_organisation_shows_another_address_masked(
    scripted: Scripted, look: Find
) -> None:
    scripted.white_pages = [
        {
            "id": "c1",
            "firstName": "Pat",
            "workEmail": "j@example.com",
            "otherEmail": "pat@b.example",
        },
        {"id": "c2", "lastName": "Doe", "cellPhone": {"e164": "+442079460018"}},
        {"id": "c3", "type": "Imported"},
    ]
    several = look()
    assert isinstance(several, Several)
    assert [one.hint for one in several.candidates] == ["p•••@b.example", "+44•••••0018", ""]
    assert [one.name for one in several.candidates] == ["Pat", "Doe", ""]
    assert several.candidates[2].contact_type is ContactType.UNKNOWN


def test_a_conversation_on_our_deployment_beats_a_newer_one_elsewhere(
    scripted: Scripted, look: Find
) -> None:
    scripted.contacts["j@example.com"] = {"id": "c1"}
    scripted.conversations = [_chat("elsewhere", 1, OTHER), _chat("here", 40), _chat("older", 41)]
    found = look()
    assert isinstance(found, Customer) and found.latest is not None
    assert found.latest.conversation_id == "here"
    assert scripted.asked() == [LOOKUP, QUERY, QUERY]


def test_an_open_conversation_counts_on_any_deployment(scripted: Scripted, look: Find) -> None:
    scripted.contacts["j@example.com"] = {"id": "c1"}
    scripted.conversations = [_chat("open", 2, OTHER, is_open=True), _chat("here", 40)]
    found = look()
    assert isinstance(found, Customer) and found.latest is not None and found.open is not None
    assert (found.latest.conversation_id, found.open.conversation_id) == ("here", "open")


@pytest.mark.parametrize(("elsewhere", "queries"), [(99, 1), (100, 2), (250, 3)])
def test_more_pages_are_read_only_until_one_shows_our_deployment(
    scripted: Scripted, look: Find, elsewhere: int, queries: int
) -> None:
    scripted.contacts["j@example.com"] = {"id": "c1"}
    scripted.conversations = [_chat(f"n{n}", 1 + n / 1000, OTHER) for n in range(elsewhere)]
    scripted.conversations += [_chat("here", 20), *(_chat(f"o{n}", 21) for n in range(200))]
    found = look()
    assert isinstance(found, Customer) and found.latest is not None
    assert found.latest.conversation_id == "here"
    assert scripted.asked() == [LOOKUP, *[QUERY] * queries]


def test_exactly_one_full_page_needs_no_second(scripted: Scripted, look: Find) -> None:
    scripted.contacts["j@example.com"] = {"id": "c1"}
    scripted.conversations = [_chat(f"n{n}", 1 + n / 1000, OTHER) for n in range(100)]
    look(history_days=30)
    assert scripted.asked() == [LOOKUP, QUERY]


def test_the_largest_merge_set_is_searched_completely(scripted: Scripted, look: Find) -> None:
    family = [{"id": f"c{number}"} for number in range(52)]
    scripted.contacts["j@example.com"] = {
        "id": "c0",
        "canonicalContact": {"id": "c0"},
        "mergeSet": family,
    }
    scripted.conversations = [_chat("newer", 1, contact="c51"), _chat("older", 2, contact="c1")]
    found = look()
    assert isinstance(found, Customer) and found.latest is not None
    assert found.latest.conversation_id == "newer"
    assert scripted.asked() == [LOOKUP, QUERY, QUERY]


@pytest.mark.parametrize(
    "contact", [{}, {"id": 7}, {"id": "c1", "mergeSet": ["c2"]}, {"id": "c1", "firstName": {}}]
)
def test_a_malformed_contact_is_unexpected(
    scripted: Scripted, look: Find, contact: dict[str, Any]
) -> None:
    scripted.contacts["j@example.com"] = contact or {"type": "Curated"}
    with pytest.raises(UnexpectedAnswer):
        look()


def test_for_a_known_customer_only_the_history_of_the_merge_set_is_read(
    scripted: Scripted, look: Find
) -> None:
    family = [{"id": "c0"}, {"id": "c1"}]
    scripted.contacts["j@example.com"] = {"id": "c1", "firstName": "J", "mergeSet": family}
    scripted.conversations = [_chat("old", 3, contact="c1")]
    known = look()
    assert isinstance(known, Customer) and known.send_to_id == "c1"
    scripted.conversations.append(_chat("new", 1, contact="c0", is_open=True))
    scripted.raw.asked.clear()
    again = look(known=known)
    assert scripted.asked() == [QUERY]
    assert isinstance(again, Customer) and again.latest is not None and again.open is not None
    assert (again.latest.conversation_id, again.send_to_id) == ("new", "c0")
    assert (again.name, again.contact_ids) == (known.name, known.contact_ids)


def test_a_known_customer_whose_history_is_gone_is_looked_up_again(
    scripted: Scripted, look: Find
) -> None:
    scripted.contacts["j@example.com"] = {"id": "c1"}
    scripted.conversations = [_chat("old", 3)]
    known = look()
    assert isinstance(known, Customer)
    # Merged since then: the conversations have another id.
    scripted.contacts["j@example.com"] = {"id": "c9", "mergeSet": [{"id": "c1"}, {"id": "c9"}]}
    scripted.conversations = [_chat("old", 3, contact="c9")]
    scripted.raw.asked.clear()
    again = look(known=known, history_days=30)
    assert isinstance(again, Customer) and again.latest is not None
    assert again.contact_ids == ("c9", "c1")
    assert scripted.asked() == [QUERY, LOOKUP, QUERY]


def test_the_history_reaches_back_90_days_unless_the_caller_says_otherwise(
    scripted: Scripted, look: Find
) -> None:
    scripted.contacts["j@example.com"] = {"id": "c1"}
    look()
    intervals = [asked.json["interval"] for asked in scripted.raw.requests("details/query")]
    earliest = min(datetime.fromisoformat(interval.split("/")[0]) for interval in intervals)
    assert earliest == NOW - timedelta(days=90)

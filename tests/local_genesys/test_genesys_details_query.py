from __future__ import annotations

from typing import Any

import pytest

from .conftest import Local

WEB = [
    {"dimension": "mediaType", "value": "message"},
    {"dimension": "messageType", "value": "webmessaging"},
]


def of_contacts(*contact_ids: str) -> list[dict[str, Any]]:
    """Build the filter that the adapter uses: web messaging of any of these contacts."""
    ids = [{"dimension": "externalContactId", "value": each} for each in contact_ids]
    clause = {"type": "or", "predicates": ids}
    return [{"type": "and", "predicates": WEB, "clauses": [clause]}]


def conversation(*predicates: dict[str, Any], kind: str = "and") -> list[dict[str, Any]]:
    return [{"type": kind, "predicates": list(predicates)}]


def predicate(dimension: str, value: str | None = None, operator: str = "matches") -> Any:
    shown = {"dimension": dimension, "operator": operator}
    return shown if value is None else {**shown, "value": value}


@pytest.mark.parametrize(
    "interval",
    [
        "",
        "P1D",
        "2026-03-01T00:00:00Z",
        "2026-03-01/2026-03-02",
        "2026-03-01T00:00:00Z/yesterday",
        "2026-13-01T00:00:00Z/2026-12-02T00:00:00Z",
        "2026-03-02T00:00:00Z/2026-03-01T00:00:00Z",
        "2026-03-01T00:00:00Z/2026-03-01T00:00:00Z",
        "2026-03-01T00:00:00Z/2026-03-02T00:00:00Z/2026-03-03T00:00:00Z",
        "0001-01-01T00:00:00+23:59/0001-01-02T00:00:00Z",
        "2026-02-28T00:00:00Z/2026-03-31T00:00:01Z",
    ],
)
def test_a_wrong_interval_is_400(local: Local, interval: str) -> None:
    answer = local.query(interval=interval)
    assert answer.status == 400
    assert answer.json["details"][0]["fieldName"] == "interval"


@pytest.mark.parametrize(
    "interval",
    [
        "2026-02-28T00:00:00Z/2026-03-31T00:00:00Z",
        "2026-02-28T00:00:00.000Z/2026-03-31T00:00:00.000Z",
        "2026-03-01T00:00/2026-03-02T00:00",
        "2026-03-01T01:00:00+01:00/2026-04-01T01:00:00+01:00",
    ],
)
def test_an_interval_of_at_most_31_days_is_taken(local: Local, interval: str) -> None:
    assert local.query(interval=interval).status == 200


@pytest.mark.parametrize(
    "body",
    [
        {"interval": None},
        {"size": 10},
        {"order": "newest"},
        {"orderBy": "created"},
        {"paging": {"pageSize": 25}},
        {"paging": {"pageSize": 101, "pageNumber": 1}},
        {"paging": {"pageSize": 0, "pageNumber": 1}},
        {"paging": {"pageSize": 25, "pageNumber": 0}},
        {"paging": {"pageSize": "25", "pageNumber": 1}},
        {"paging": {"pageSize": True, "pageNumber": 1}},
        {"segmentFilters": {}},
        {"segmentFilters": [{"type": "and"}]},
        {"segmentFilters": [{"type": "not", "predicates": WEB}]},
        {"segmentFilters": [{"predicates": WEB}]},
        {"segmentFilters": conversation({"dimension": "email", "value": "a"})},
        {"segmentFilters": conversation({"dimension": "mediaType", "operator": "eq"})},
        {"segmentFilters": conversation({"dimension": "mediaType"})},
        {"segmentFilters": conversation({"value": "message"})},
        {"segmentFilters": conversation({"dimension": "mediaType", "value": 1})},
        {"segmentFilters": conversation(predicate("conversationId", "a"))},
        {"conversationFilters": conversation(predicate("mediaType", "message"))},
        {
            "segmentFilters": [
                {"type": "and", "clauses": [{"type": "or", "predicates": WEB, "clauses": []}]}
            ]
        },
    ],
)
def test_an_invalid_query_is_400(local: Local, body: dict[str, Any]) -> None:
    answer = local.query(**body)
    assert (answer.status, answer.json["code"]) != (400, "local.stand.in.limit")
    assert answer.status == 400


@pytest.mark.parametrize(
    "body",
    [
        {"segmentFilters": conversation(predicate("wrapUpCode", "a"))},
        {"segmentFilters": conversation(predicate("segmentEnd", "2026-03-01T00:00:00Z"))},
        {"segmentFilters": conversation({"metric": "tSegmentDuration", "range": {"gt": 1}})},
        {"conversationFilters": conversation(predicate("externalTag", "a"))},
        {"aggregations": [{"dimension": "mediaType"}]},
        {"surveyFilters": [{}]},
    ],
)
def test_an_unsupported_query_is_refused_as_a_limit_of_the_stand_in(
    local: Local, body: dict[str, Any]
) -> None:
    answer = local.query(**body)
    assert (answer.status, answer.json["code"]) == (400, "local.stand.in.limit")
    assert "stand-in" in answer.json["message"]


def test_a_contact_has_its_web_conversations_newest_first(local: Local) -> None:
    jane = local.contact_id("jane@example.com")
    found = local.found(segmentFilters=of_contacts(jane), order="desc")
    starts = [each["conversationStart"] for each in found]
    assert len(starts) == 2  # the third began before the interval
    assert starts == sorted(starts, reverse=True)
    assert starts[0] == "2026-03-29T12:00:00.000Z"


def test_a_conversation_shows_who_came_over_which_deployment(local: Local) -> None:
    jane = local.contact_id("jane@example.com")
    newest = local.found(segmentFilters=of_contacts(jane), order="desc")[0]
    assert newest["conversationEnd"] == "2026-03-29T12:12:00.000Z"
    assert newest["originatingDirection"] == "inbound"
    assert newest["customerParticipation"] is True
    customer = next(p for p in newest["participants"] if p["purpose"] == "customer")
    assert customer["externalContactId"] == jane
    session = customer["sessions"][0]
    assert session["addressTo"] == local.genesys.deployment_id
    assert session["remote"] == session["addressFrom"]
    assert (session["mediaType"], session["messageType"]) == ("message", "webmessaging")


def test_an_open_conversation_has_no_end(local: Local) -> None:
    olga = local.contact_id("olga@example.com")
    still_open = conversation(predicate("conversationEnd", operator="notExists"))
    found = local.found(segmentFilters=of_contacts(olga), conversationFilters=still_open)
    assert len(found) == 1
    assert "conversationEnd" not in found[0]
    ended = conversation(predicate("conversationEnd", operator="exists"))
    others = local.found(segmentFilters=of_contacts(olga), conversationFilters=ended)
    assert [each["conversationId"] for each in others] != [found[0]["conversationId"]]


def test_a_text_message_is_not_web_messaging(local: Local) -> None:
    nils = local.contact_id("nils@example.com")
    assert local.found(segmentFilters=of_contacts(nils)) == []
    any_kind = local.found(segmentFilters=conversation(predicate("externalContactId", nils)))
    assert len(any_kind) == 1


def test_history_stays_under_the_id_before_the_merge(local: Local) -> None:
    mia = local.contact_id("mia@example.com")
    assert local.found(segmentFilters=of_contacts(mia)) == []
    ids = local.call("GET", f"/api/v2/externalcontacts/contacts/{mia}").json["mergeSet"]
    found = local.found(segmentFilters=of_contacts(*[each["id"] for each in ids]))
    assert len(found) == 1
    by_canonical = conversation(predicate("canonicalExternalContactId", mia))
    assert local.found(segmentFilters=by_canonical) == found


def test_one_segment_must_meet_a_whole_filter(local: Local) -> None:
    jane = local.contact_id("jane@example.com")
    contact = predicate("externalContactId", jane)
    agent = predicate("purpose", "agent")
    together = local.found(segmentFilters=conversation(contact, agent))
    apart = local.found(segmentFilters=conversation(contact) + conversation(agent))
    either = local.found(segmentFilters=conversation(contact, agent, kind="or"))
    assert together == []
    assert len(apart) == 2
    assert len(either) > 2


def test_values_compare_with_their_case(local: Local) -> None:
    assert local.found(segmentFilters=conversation(predicate("messageType", "webmessaging")))
    assert not local.found(segmentFilters=conversation(predicate("messageType", "WebMessaging")))


@pytest.mark.parametrize(
    ("interval", "is_there"),
    [
        ("2026-03-29T23:00:00Z/2026-03-29T23:30:00Z", True),
        ("2026-03-28T00:00:00Z/2026-03-29T00:00:01Z", True),
        ("2026-03-28T00:00:00Z/2026-03-29T00:00:00Z", False),
        ("2026-03-30T00:00:00Z/2026-03-31T00:00:00Z", False),
    ],
)
def test_a_conversation_belongs_to_the_days_that_an_interval_touches(
    local: Local, interval: str, is_there: bool
) -> None:
    jane = local.contact_id("jane@example.com")
    assert bool(local.found(segmentFilters=of_contacts(jane), interval=interval)) is is_there


def test_an_old_chat_is_in_the_third_window(local: Local) -> None:
    old = local.contact_id("old@example.com")
    windows = [local.interval(31 * n + 30, 31 * n - 0.5 if n == 0 else 31 * n) for n in range(3)]
    hits = [local.query(segmentFilters=of_contacts(old), interval=each).json for each in windows]
    assert [each["totalHits"] for each in hits] == [0, 0, 1]
    assert "conversations" not in hits[0]


def test_pages_split_the_hits_without_overlap(local: Local) -> None:
    pages = [
        local.query(order="desc", paging={"pageSize": 5, "pageNumber": number}).json
        for number in (1, 2, 3, 4)
    ]
    ids = [c["conversationId"] for page in pages for c in page.get("conversations", [])]
    assert len(ids) == len(set(ids)) == pages[0]["totalHits"]
    assert "conversations" not in pages[3]


def test_sorting_by_end_puts_open_conversations_last(local: Local) -> None:
    found = local.found(orderBy="conversationEnd")
    ends = [each.get("conversationEnd", "open") for each in found]
    assert ends == sorted(ends)
    assert ends[-1] == "open"


def test_analytics_lags_behind_what_happened(local: Local) -> None:
    jane = local.contact_id("jane@example.com")
    local.settings(analytics_delay_seconds=60)
    sent = local.send(jane).json
    outbound = conversation(predicate("originatingDirection", "outbound"))
    assert local.found(conversationFilters=outbound) == []
    local.clock.advance(seconds=61)
    found = local.found(conversationFilters=outbound)
    assert [each["conversationId"] for each in found] == [sent["conversationId"]]
    local.people("POST", "/customers/jane/answer", {"text": "Hello back"})
    assert local.found(conversationFilters=outbound)[0]["customerParticipation"] is False
    local.clock.advance(seconds=61)
    assert local.found(conversationFilters=outbound)[0]["customerParticipation"] is True

"""What the OAuth client may do, by permission and division, and what time it is there."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from genesys import (
    PERMISSIONS,
    GenesysCloud,
    Grants,
    Permission,
    Unavailable,
    read_clock,
    read_grants,
    try_permission,
)
from genesys.access import READ_HISTORY, Grant

Connect = Callable[..., GenesysCloud]
IDS = [permission.names[0] for permission in PERMISSIONS]
SEND = next(one for one in PERMISSIONS if "conversation:message:create" in one.names)


def _subject(*grants: tuple[str, str, str, str, list[str]]) -> dict[str, Any]:
    return {
        "grants": [
            {
                "division": {"id": division, "name": name},
                "role": {
                    "name": "A role",
                    "policies": [{"domain": domain, "entityName": entity, "actions": actions}],
                },
            }
            for division, name, domain, entity, actions in grants
        ]
    }


@pytest.mark.parametrize("permission", PERMISSIONS, ids=IDS)
def test_every_permission_is_listed_with_its_divisions(
    permission: Permission, cloud: GenesysCloud, local: Any
) -> None:
    grants = read_grants(cloud)
    assert grants is not None
    assert grants.divisions_of(permission) == {"Home"}
    local.set(missing_permissions=[permission.names[0]])
    grants = read_grants(cloud)
    assert grants is not None
    assert not grants.divisions_of(permission)


def test_three_permissions_are_required_and_only_the_deployment_belongs_to_no_customer() -> None:
    assert [one.is_required for one in PERMISSIONS] == [True, True, True, False, False]
    assert [one.is_for_customers for one in PERMISSIONS] == [True, True, True, True, False]


@pytest.mark.parametrize("permission", PERMISSIONS, ids=IDS)
def test_a_harmless_call_tells_whether_a_permission_is_there(
    permission: Permission, cloud: GenesysCloud, local: Any
) -> None:
    messages = local.ask("GET", "/customers")
    assert try_permission(cloud, permission)
    local.set(missing_permissions=[permission.names[0]])
    assert not try_permission(cloud, permission)
    assert local.ask("GET", "/customers") == messages  # it changed nothing


def test_the_send_permission_is_tried_with_a_call_that_can_send_nothing(
    raw: Any, connect: Connect
) -> None:
    raw.api = lambda _: raw.reply({"code": "bad.request"}, 400)
    assert try_permission(connect(raw.url), SEND)
    [asked] = raw.requests("agentless")
    assert asked.body == b"{}"


@pytest.mark.parametrize("permission", PERMISSIONS, ids=IDS)
def test_only_a_try_of_the_send_permission_is_never_repeated(
    permission: Permission, raw: Any, connect: Connect
) -> None:
    raw.api = lambda _: raw.reply({}, 503 if len(raw.requests("/api/")) == 1 else 200)
    cloud = connect(raw.url)
    if permission is SEND:
        with pytest.raises(Unavailable):
            try_permission(cloud, permission)
    else:
        assert try_permission(cloud, permission)
    assert len(raw.requests("/api/")) == (1 if permission is SEND else 2)


def test_the_permission_for_conversations_is_tried_with_the_smallest_page(
    raw: Any, connect: Connect
) -> None:
    raw.api = lambda _: raw.reply({})
    assert try_permission(connect(raw.url), READ_HISTORY)
    [asked] = raw.requests("details/query")
    assert json.loads(asked.body)["paging"] == {"pageSize": 1, "pageNumber": 1}


def test_an_outage_is_not_taken_for_a_permission(raw: Any, connect: Connect) -> None:
    raw.api = lambda _: raw.reply({}, 500)
    for permission in PERMISSIONS:
        with pytest.raises(Unavailable):
            try_permission(connect(raw.url), permission)


def test_a_permission_may_be_granted_for_all_of_something(raw: Any, connect: Connect) -> None:
    raw.api = lambda _: raw.reply(
        _subject(
            ("d1", "Home", "conversation", "message", ["*"]),
            ("d2", "Sales", "Conversation", "*", ["view", "create"]),
            ("*", "", "conversation", "message", ["create"]),
            ("d3", "", "conversation", "message", ["create"]),
            ("d4", "Ops", "conversation", "email", ["create"]),
            ("d5", "Ops", "conversation", "message", ["view"]),
        )
    )
    grants = read_grants(connect(raw.url))
    assert grants is not None
    assert grants.divisions_of(SEND) == {"Home", "Sales", "*", "d3"}
    assert "includeFullRoles=true" in raw.requests("subjects/me")[0].path


@pytest.mark.parametrize("answer", [{}, {"grants": []}, {"grants": [{"role": {"name": "A role"}}]}])
def test_roles_without_policies_tell_nothing(raw: Any, connect: Connect, answer: Any) -> None:
    raw.api = lambda _: raw.reply(answer)
    assert read_grants(connect(raw.url)) is None


def test_grants_tell_in_which_divisions_a_permission_is_granted() -> None:
    grants = Grants((Grant("conversation:message:create", "Home"),))
    assert grants.divisions_of(SEND) == {"Home"}


def test_genesys_clouds_time_is_read(cloud: GenesysCloud) -> None:
    theirs = read_clock(cloud)
    assert theirs is not None
    assert abs(datetime.now(UTC) - theirs) < timedelta(seconds=5)


@pytest.mark.parametrize("date", ["", "yesterday"])
def test_an_answer_without_a_date_tells_no_time(raw: Any, connect: Connect, date: str) -> None:
    raw.api = lambda _: raw.reply({}, headers={"Date": date} if date else {})
    assert read_clock(connect(raw.url)) is None

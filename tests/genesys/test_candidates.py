"""Several contacts with one address: what tells them apart."""

from datetime import UTC, datetime
from typing import Any

from genesys import GenesysCloud, Identity, IdentityKind, Several, find_customer

DETAILS = "conversations/details/query"
PAT = Identity(IdentityKind.EMAIL, "pat@example.com")


def _find(local: Any, cloud: GenesysCloud) -> Several:
    found = find_customer(
        cloud, PAT, deployment_id=local.genesys.deployment_id, now=datetime.now(UTC)
    )
    assert isinstance(found, Several)
    return found


def test_candidates_show_when_each_last_chatted_for_one_call_about_all(
    local: Any, cloud: GenesysCloud
) -> None:
    found = _find(local, cloud)
    assert len(found.candidates) > 1
    assert any(one.chatted is not None for one in found.candidates)
    assert found.searched_days == 31
    assert len(local.calls(DETAILS)) == 1


def test_a_query_that_fails_leaves_the_choice_as_it_is(local: Any, cloud: GenesysCloud) -> None:
    local.set(missing_permissions=["analytics:conversationDetail:view"])
    found = _find(local, cloud)
    assert len(found.candidates) > 1
    assert {one.chatted for one in found.candidates} == {None}
    assert found.searched_days == 0

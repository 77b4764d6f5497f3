"""Several contacts with one address: what tells them apart."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from genesys import (
    Candidate,
    ContactType,
    GenesysCloud,
    Identity,
    IdentityKind,
    Several,
    find_customer,
)
from genesys.candidates import add_latest_chats, to_several
from genesys.details import MOST_IDS
from genesys.rate_limit import Priority

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


@pytest.mark.parametrize(("ids", "days"), [(MOST_IDS - 1, 31), (MOST_IDS, 0)])
def test_when_not_all_ids_fit_in_one_call_it_is_not_said_who_never_chatted(
    ids: int, days: int, local: Any, cloud: GenesysCloud
) -> None:
    made_up = tuple(str(uuid4()) for _ in range(ids))
    one = Candidate(made_up[0], "Pat", ContactType.IDENTIFIED, "", made_up)
    several = add_latest_chats(
        cloud,
        Several(PAT, (one,)),
        now=datetime.now(UTC),
        window_days=31,
        deployment_id=local.genesys.deployment_id,
        priority=Priority.INTERACTIVE,
    )
    assert several.searched_days == days


def test_a_merged_candidate_is_chosen_by_the_contact_that_stays() -> None:
    merged = {"id": "old", "canonicalContact": {"id": "new"}, "mergeSet": [{"id": "other"}]}
    [one] = to_several([merged | {"type": "Identified"}], PAT).candidates
    assert (one.contact_id, one.contact_ids) == ("new", ("new", "other", "old"))


def test_a_query_that_fails_leaves_the_choice_as_it_is(local: Any, cloud: GenesysCloud) -> None:
    local.set(missing_permissions=["analytics:conversationDetail:view"])
    found = _find(local, cloud)
    assert len(found.candidates) > 1
    assert {one.chatted for one in found.candidates} == {None}
    assert found.searched_days == 0

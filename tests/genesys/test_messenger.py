"""What a deployment's configuration says about reaching its customers."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from genesys import (
    GenesysCloud,
    Messenger,
    MissingPermission,
    NotFound,
    UnexpectedAnswer,
    read_messenger,
    resolves_identities,
)

Connect = Callable[..., GenesysCloud]
USUAL = Messenger(
    is_enabled=True,
    has_conversations=True,
    session=timedelta(days=30),
    is_read_only_after_end=False,
    has_text_in_push=False,
)


def test_the_usual_configuration_lets_customers_answer(cloud: GenesysCloud, local: Any) -> None:
    assert read_messenger(cloud, local.genesys.deployment_id) == USUAL


@pytest.mark.parametrize(
    ("setting", "value", "field", "expected"),
    [
        ("messenger_enabled", False, "is_enabled", False),
        ("conversations_enabled", False, "has_conversations", False),
        ("session_duration_seconds", 3600, "session", timedelta(hours=1)),
        ("disconnect_type", "ReadOnly", "is_read_only_after_end", True),
        ("disconnect_type", "", "is_read_only_after_end", False),
        ("push_content", "IncludeMessagesContent", "has_text_in_push", True),
        ("push_content", "ExcludeMessagesContent", "has_text_in_push", False),
    ],
)
def test_each_setting_that_matters_is_read(
    setting: str, value: object, field: str, expected: object, cloud: GenesysCloud, local: Any
) -> None:
    local.set(**{setting: value})
    messenger = read_messenger(cloud, local.genesys.deployment_id)
    assert getattr(messenger, field) == expected


def test_the_configuration_needs_no_permission(cloud: GenesysCloud, local: Any) -> None:
    local.set(missing_permissions=["webDeployments:deployment:view"])
    assert read_messenger(cloud, local.genesys.deployment_id) == USUAL
    with pytest.raises(NotFound):
        read_messenger(cloud, "00000000-0000-4000-8000-000000000000")


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"configurationVersion": {"messenger": {"enabled": None, "apps": {}}}},
        {"configurationVersion": {"messenger": {"apps": {"conversations": {"notifications": {}}}}}},
    ],
)
def test_what_genesys_leaves_out_raises_no_alarm(raw: Any, connect: Connect, answer: Any) -> None:
    raw.api = lambda _: raw.reply(answer)
    assert read_messenger(connect(raw.url), "d") == Messenger(True, True, None, False, False)


@pytest.mark.parametrize("seconds", [0, -5, 10**18])
def test_an_absurd_duration_breaks_nothing(raw: Any, connect: Connect, seconds: int) -> None:
    app = {"conversations": {"sessionDurationSeconds": seconds}}
    raw.api = lambda _: raw.reply({"configurationVersion": {"messenger": {"apps": app}}})
    session = read_messenger(connect(raw.url), "d").session
    assert session is None or session == timedelta(seconds=10**9)


@pytest.mark.parametrize("is_on", [True, False])
def test_identity_resolution_is_read(is_on: bool, cloud: GenesysCloud, local: Any) -> None:
    local.set(resolves_identities=is_on)
    assert resolves_identities(cloud, local.genesys.deployment_id) is is_on


def test_identity_resolution_needs_two_permissions(cloud: GenesysCloud, local: Any) -> None:
    for name in ("deployment", "identityResolution"):
        permission = f"webDeployments:{name}:view"
        local.set(missing_permissions=[permission])
        with pytest.raises(MissingPermission) as caught:
            resolves_identities(cloud, local.genesys.deployment_id)
        assert permission in caught.value.hint


def test_an_answer_without_identity_resolution_is_no_answer(raw: Any, connect: Connect) -> None:
    raw.api = lambda _: raw.reply({})
    with pytest.raises(UnexpectedAnswer) as caught:
        resolves_identities(connect(raw.url), "d")
    assert caught.value.hint.startswith("It doesn't say whether it resolves identities.")

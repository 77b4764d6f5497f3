import threading
from typing import Any

import pytest

from genesys import (
    BadRequest,
    CheckedDeployment,
    Deployment,
    DeploymentStatus,
    GenesysCloud,
    read_deployment,
)


@pytest.mark.parametrize("status", ["Active", "Inactive", "Pending", "Error", "Deleting"])
def test_a_deployment_tells_its_status(local: Any, cloud: GenesysCloud, status: str) -> None:
    local.set(deployment_status=status)
    found = read_deployment(cloud, local.genesys.deployment_id)
    assert found is not None
    assert found.deployment_id == local.genesys.deployment_id
    assert found.name
    assert found.status is DeploymentStatus(status)


@pytest.mark.parametrize("deployment_id", ["00000000-0000-4000-8000-000000000000", "a/b?c#d"])
def test_an_unknown_deployment_is_none(local: Any, cloud: GenesysCloud, deployment_id: str) -> None:
    assert read_deployment(cloud, deployment_id) is None


def test_a_status_newer_than_the_code_is_unknown(raw: Any, connect: Any) -> None:
    raw.api = lambda _: raw.reply({"id": "d", "name": "Web", "status": "Hibernating"})
    assert read_deployment(connect(raw.url), "d") == Deployment(
        "d", "Web", DeploymentStatus.UNKNOWN
    )


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def _checked(cloud: GenesysCloud, deployment_id: str, clock: Clock) -> CheckedDeployment:
    return CheckedDeployment(cloud, deployment_id, fresh_seconds=300.0, clock=clock)


def test_a_checked_deployment_is_read_once_for_all_until_it_is_old(raw: Any, connect: Any) -> None:
    let_go = threading.Event()

    def answer(_: Any) -> Any:
        let_go.wait(5)
        return raw.reply({"id": "d", "name": "Web", "status": "Active"})

    raw.api, clock = answer, Clock()
    checked = _checked(connect(raw.url), "d", clock)
    waiting = [checked.begin() for _ in range(5)]  # returns although nobody has answered yet
    let_go.set()
    assert {finish() for finish in waiting} == {Deployment("d", "Web", DeploymentStatus.ACTIVE)}
    checked.begin()()
    assert len(raw.requests("deployments")) == 1
    clock.now += 300
    checked.begin()()
    assert len(raw.requests("deployments")) == 2


def test_a_failed_check_is_told_to_who_began_it_and_made_again_for_who_joined(
    raw: Any, connect: Any
) -> None:
    begun, let_go = threading.Event(), threading.Event()

    def answer(_: Any) -> Any:
        if begun.is_set():
            return raw.reply({"id": "d", "status": "Active"})
        begun.set()
        let_go.wait(5)
        return raw.reply({}, 400)

    raw.api = answer
    checked = _checked(connect(raw.url), "d", Clock())
    first, joined = checked.begin(), checked.begin()
    let_go.set()
    with pytest.raises(BadRequest):
        first()
    found = joined()
    assert found is not None and found.status is DeploymentStatus.ACTIVE


def test_a_check_that_is_not_permitted_or_finds_nothing_is_an_answer(
    local: Any, cloud: GenesysCloud
) -> None:
    nowhere = "00000000-0000-4000-8000-000000000000"
    missing = _checked(cloud, nowhere, Clock())
    assert missing.begin()() == Deployment(nowhere, "", DeploymentStatus.UNKNOWN)
    local.set(missing_permissions=["webDeployments:deployment:view"])
    assert _checked(cloud, local.genesys.deployment_id, Clock()).begin()() is None

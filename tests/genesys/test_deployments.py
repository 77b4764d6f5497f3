"""Reading the deployment, and caching it."""

import threading
from typing import Any

import pytest

from genesys import (
    BadRequest,
    CachedDeployment,
    Deployment,
    DeploymentStatus,
    GenesysCloud,
    read_deployment,
)
from tests.clock import Clock


@pytest.mark.parametrize("status", ["Active", "Inactive", "Pending", "Error", "Deleting"])
def test_a_deployment_has_a_status(local: Any, cloud: GenesysCloud, status: str) -> None:
    local.set(deployment_status=status)
    found = read_deployment(cloud, local.genesys.deployment_id)
    assert found is not None
    assert found.deployment_id == local.genesys.deployment_id
    assert found.name
    assert found.status is DeploymentStatus(status)


@pytest.mark.parametrize("deployment_id", ["00000000-0000-4000-8000-000000000000", "a/b?c#d"])
def test_an_unknown_deployment_is_none(local: Any, cloud: GenesysCloud, deployment_id: str) -> None:
    assert read_deployment(cloud, deployment_id) is None


def test_a_status_that_is_not_listed_is_unknown(raw: Any, connect: Any) -> None:
    raw.api = lambda _: raw.reply({"id": "d", "name": "Web", "status": "Hibernating"})
    assert read_deployment(connect(raw.url), "d") == Deployment(
        "d", "Web", DeploymentStatus.UNKNOWN
    )


def _cached(cloud: GenesysCloud, deployment_id: str, clock: Clock) -> CachedDeployment:
    return CachedDeployment(cloud, deployment_id, fresh_seconds=300.0, clock=clock)


def test_a_cached_deployment_is_read_once_for_all_callers_until_it_is_old(
    raw: Any, connect: Any
) -> None:
    let_go = threading.Event()

    def answer(_: Any) -> Any:
        let_go.wait(5)
        return raw.reply({"id": "d", "name": "Web", "status": "Active"})

    raw.api, clock = answer, Clock()
    cached = _cached(connect(raw.url), "d", clock)
    waiting = [cached.start_reading() for _ in range(5)]  # returns before the answer
    let_go.set()
    assert {finish() for finish in waiting} == {Deployment("d", "Web", DeploymentStatus.ACTIVE)}
    cached.start_reading()()
    assert len(raw.requests("deployments")) == 1
    clock.now += 300
    cached.start_reading()()
    assert len(raw.requests("deployments")) == 2


def test_a_failed_read_fails_for_its_caller_and_is_repeated_for_those_who_joined(
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
    cached = _cached(connect(raw.url), "d", Clock())
    first, joined = cached.start_reading(), cached.start_reading()
    let_go.set()
    with pytest.raises(BadRequest):
        first()
    found = joined()
    assert found is not None and found.status is DeploymentStatus.ACTIVE


def test_a_missing_permission_or_deployment_is_a_result(local: Any, cloud: GenesysCloud) -> None:
    nowhere = "00000000-0000-4000-8000-000000000000"
    missing = _cached(cloud, nowhere, Clock())
    assert missing.start_reading()() == Deployment(nowhere, "", DeploymentStatus.UNKNOWN)
    local.set(missing_permissions=["webDeployments:deployment:view"])
    assert _cached(cloud, local.genesys.deployment_id, Clock()).start_reading()() is None

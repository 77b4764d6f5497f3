from typing import Any

import pytest

from genesys import Deployment, DeploymentStatus, GenesysCloud, read_deployment


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

"""The web messaging deployment that messages are sent from."""

from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote

from genesys.client import GenesysCloud
from genesys.errors import NotFound
from genesys.shape import Json, text


class DeploymentStatus(StrEnum):
    """WebDeployment.status; UNKNOWN for a value that is newer than this list."""

    ACTIVE = "Active"
    INACTIVE = "Inactive"
    PENDING = "Pending"
    ERROR = "Error"
    DELETING = "Deleting"
    UNKNOWN = "Unknown"

    @classmethod
    def _missing_(cls, _value: object) -> "DeploymentStatus":
        return cls.UNKNOWN


@dataclass(frozen=True)
class Deployment:
    """A web messaging deployment; only an active one takes messages."""

    deployment_id: str
    name: str
    status: DeploymentStatus


def read_deployment(cloud: GenesysCloud, deployment_id: str) -> Deployment | None:
    """Read a deployment; None when there is no such one.

    Needs webDeployments:deployment:view, so it may raise MissingPermission.
    """
    path = f"/api/v2/webdeployments/deployments/{quote(deployment_id, safe='')}"
    try:
        return _deployment(cloud.call("GET", path), deployment_id)
    except NotFound:
        return None


def _deployment(read: Json, deployment_id: str) -> Deployment:
    return Deployment(deployment_id, text(read, "name"), DeploymentStatus(text(read, "status")))

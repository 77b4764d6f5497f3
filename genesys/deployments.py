"""Read the web messaging deployment that messages are sent from, and cache it."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote

from genesys.cached import Cached
from genesys.client import GenesysCloud
from genesys.errors import MissingPermission, NotFound
from genesys.shape import Json, text

_log = logging.getLogger(__name__)


class DeploymentStatus(StrEnum):
    """WebDeployment.status; UNKNOWN for a value that isn't listed here."""

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
    """A web messaging deployment; only an active one accepts messages."""

    deployment_id: str
    name: str
    status: DeploymentStatus


def deployment_path(deployment_id: str, part: str = "") -> str:
    """Return the path of a deployment, or of a `part` of it that begins with a slash."""
    return f"/api/v2/webdeployments/deployments/{quote(deployment_id, safe='')}{part}"


def read_deployment(cloud: GenesysCloud, deployment_id: str) -> Deployment | None:
    """Read a deployment, or return None if it doesn't exist.

    Needs webDeployments:deployment:view. Raises GenesysError.
    """
    try:
        return _deployment(cloud.call("GET", deployment_path(deployment_id)), deployment_id)
    except NotFound:
        return None


class CachedDeployment(Cached[Deployment | None]):
    """A deployment that is read in the background and kept for `fresh_seconds`; thread-safe.

    It's None if the bot may not read it, and has status UNKNOWN if it doesn't exist.
    """

    def __init__(
        self,
        cloud: GenesysCloud,
        deployment_id: str,
        *,
        fresh_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        def read() -> Deployment | None:
            try:
                found = read_deployment(cloud, deployment_id)
            except MissingPermission as fault:
                _log.info("can't read the deployment (%r): %s", fault, fault.hint)
                return None
            return found or Deployment(deployment_id, "", DeploymentStatus.UNKNOWN)

        super().__init__(read, fresh_seconds=fresh_seconds, clock=clock)


def _deployment(read: Json, deployment_id: str) -> Deployment:
    return Deployment(deployment_id, text(read, "name"), DeploymentStatus(text(read, "status")))

"""Read the web messaging deployment that messages are sent from, and cache it."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote

from genesys.client import GenesysCloud
from genesys.errors import GenesysError, MissingPermission, NotFound
from genesys.shape import Json, text


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


def read_deployment(cloud: GenesysCloud, deployment_id: str) -> Deployment | None:
    """Read a deployment, or return None if it doesn't exist.

    Needs webDeployments:deployment:view. Raises GenesysError.
    """
    path = f"/api/v2/webdeployments/deployments/{quote(deployment_id, safe='')}"
    try:
        return _deployment(cloud.call("GET", path), deployment_id)
    except NotFound:
        return None


class CachedDeployment:
    """A deployment that is read in the background and kept for `fresh_seconds`; thread-safe.

    Callers that ask at the same time share one call. `clock` is in seconds.
    """

    def __init__(
        self,
        cloud: GenesysCloud,
        deployment_id: str,
        *,
        fresh_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cloud = cloud
        self._deployment_id = deployment_id
        self._fresh_seconds = fresh_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._worker = ThreadPoolExecutor(1, "deployment")
        self._reading: Future[Deployment | None] | None = None
        self._started_at = 0.0

    def start_reading(self) -> Callable[[], Deployment | None]:
        """Start to read it, unless it's cached; return a function that waits for the result.

        The result is None if the bot may not read it. A deployment that doesn't exist has status
        UNKNOWN. The function raises GenesysError; calling it is optional.
        """
        reading, is_ours = self._shared_reading()

        def wait() -> Deployment | None:
            try:
                return reading.result()
            except GenesysError:
                if is_ours:
                    raise
            # An earlier caller's call failed; the next one may work.
            return self._shared_reading()[0].result()

        return wait

    def _shared_reading(self) -> tuple[Future[Deployment | None], bool]:
        """Return the call to wait for, and whether we have just started it."""
        with self._lock:
            if self._reading and (not self._reading.done() or self._is_fresh(self._reading)):
                return self._reading, False
            self._started_at = self._clock()
            self._reading = self._worker.submit(self._read)
            return self._reading, True

    def _is_fresh(self, done: Future[Deployment | None]) -> bool:
        return done.exception() is None and self._clock() - self._started_at < self._fresh_seconds

    def _read(self) -> Deployment | None:
        try:
            found = read_deployment(self._cloud, self._deployment_id)
        except MissingPermission:
            return None
        return found or Deployment(self._deployment_id, "", DeploymentStatus.UNKNOWN)


def _deployment(read: Json, deployment_id: str) -> Deployment:
    return Deployment(deployment_id, text(read, "name"), DeploymentStatus(text(read, "status")))

"""The web messaging deployment that messages are sent from."""

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


class CheckedDeployment:
    """One deployment as it was some minutes ago at most, read beside the caller's other calls.

    Thread-safe: all who ask meanwhile share one call. `fresh_seconds` is how old an answer may
    become, `clock` is in seconds.
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
        self._begun = 0.0

    def begin(self) -> Callable[[], Deployment | None]:
        """Read it in the background unless that was done; return what waits for the answer.

        The answer is None when it may not be read; one that is not there has status UNKNOWN.
        Waiting may raise GenesysError, and is not needed.
        """
        reading, is_ours = self._shared_reading()

        def finish() -> Deployment | None:
            try:
                return reading.result()
            except GenesysError:
                if is_ours:
                    raise
            # Somebody else had asked, and in worse times perhaps.
            return self._shared_reading()[0].result()

        return finish

    def _shared_reading(self) -> tuple[Future[Deployment | None], bool]:
        """Return the reading to wait for, and whether this call has begun it."""
        with self._lock:
            if self._reading and (not self._reading.done() or self._is_good(self._reading)):
                return self._reading, False
            self._begun = self._clock()
            self._reading = self._worker.submit(self._read)
            return self._reading, True

    def _is_good(self, done: Future[Deployment | None]) -> bool:
        return done.exception() is None and self._clock() - self._begun < self._fresh_seconds

    def _read(self) -> Deployment | None:
        try:
            found = read_deployment(self._cloud, self._deployment_id)
        except MissingPermission:
            return None
        return found or Deployment(self._deployment_id, "", DeploymentStatus.UNKNOWN)


def _deployment(read: Json, deployment_id: str) -> Deployment:
    return Deployment(deployment_id, text(read, "name"), DeploymentStatus(text(read, "status")))

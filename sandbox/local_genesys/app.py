"""LocalGenesys: one stand-in of Genesys Cloud, wired together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from aiohttp import web

from sandbox.local_genesys.auth import CLIENT_ID, CLIENT_SECRET
from sandbox.local_genesys.cast import MAIN_DEPLOYMENT_ID, seed_deployments
from sandbox.local_genesys.control import ControlRoutes
from sandbox.local_genesys.limits import RateLimits
from sandbox.local_genesys.machine import build_machine_app
from sandbox.local_genesys.people import PeopleRoutes
from sandbox.local_genesys.seeding import seed_cast as write_cast
from sandbox.local_genesys.state import World, utcnow


class LocalGenesys:
    """A stand-in of Genesys Cloud in memory, as strict as its contract.

    `machine_app` is what the bot talks to; `people_routes` are the customers' side and the
    control routes, for a page or a test. Serve both from one event loop; from other threads use
    HTTP only. `step_seconds` is the pause between the states of a message on its way.
    """

    client_id = CLIENT_ID
    client_secret = CLIENT_SECRET
    deployment_id = MAIN_DEPLOYMENT_ID

    def __init__(
        self,
        clock: Callable[[], datetime] = utcnow,
        *,
        seed_cast: bool = True,
        step_seconds: float = 0.2,
    ) -> None:
        self._world = World(clock, step_seconds)
        self._seed_cast = seed_cast
        self._limits = RateLimits(self._world)
        self._people = PeopleRoutes(self._world)
        self._control = ControlRoutes(self._world, self.reset)
        self.reset()

    def machine_app(self) -> web.Application:
        """Build the application with /oauth/token and /api/v2."""
        return build_machine_app(self._world, self._limits)

    def people_routes(self) -> list[web.RouteDef]:
        """List the routes under /customers and /control/genesys."""
        return [*self._people.routes(), *self._control.routes()]

    def reset(self) -> None:
        """Start again: the cast as at the beginning, no faults, no tokens, default settings."""
        self._world.forget()
        self._limits.clear()
        seed_deployments(self._world)
        if self._seed_cast:
            write_cast(self._world)
        self._world.changes.announce()

    async def hang_up(self) -> None:
        """Close all sockets; call it before the servers that mount them stop."""
        self._world.channels.hang_up()
        await self._people.hang_up()

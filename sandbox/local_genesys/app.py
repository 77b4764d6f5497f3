"""LocalGenesys puts the stand-in for Genesys Cloud together."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from aiohttp import web

from sandbox.local_genesys.auth import CLIENT_ID, CLIENT_SECRET
from sandbox.local_genesys.control import ControlRoutes
from sandbox.local_genesys.machine_app import build_machine_app
from sandbox.local_genesys.people import PeopleRoutes
from sandbox.local_genesys.rate_limits import RateLimits
from sandbox.local_genesys.responses import seed_responses
from sandbox.local_genesys.sample_customers import MAIN_DEPLOYMENT_ID, seed_deployments
from sandbox.local_genesys.seeding import seed_customers as write_customers
from sandbox.local_genesys.state import World, utcnow


class LocalGenesys:
    """A stand-in for Genesys Cloud, in memory and as strict as the published API.

    The bot talks to `machine_app`. Pages and tests use `people_routes`: the customers' side and
    the control routes. Serve both from one event loop, and use only HTTP from other threads.
    A message changes its state every `step_seconds`.
    """

    client_id = CLIENT_ID
    client_secret = CLIENT_SECRET
    deployment_id = MAIN_DEPLOYMENT_ID

    def __init__(
        self,
        clock: Callable[[], datetime] = utcnow,
        *,
        seed_customers: bool = True,
        step_seconds: float = 0.2,
    ) -> None:
        self._world = World(clock, step_seconds)
        self._seed_customers = seed_customers
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
        """Go back to the sample customers, no faults, no tokens and the default settings."""
        self._world.forget()
        self._limits.clear()
        seed_deployments(self._world)
        seed_responses(self._world)
        if self._seed_customers:
            write_customers(self._world)
        self._world.changes.announce()

    async def hang_up(self) -> None:
        """Close all sockets; call it before you stop the servers."""
        self._world.channels.hang_up()
        await self._people.hang_up()

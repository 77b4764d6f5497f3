"""Puts the local Slack together: what the bot talks to, and what people and tests talk to."""

from __future__ import annotations

import time
from collections.abc import Callable

from aiohttp import web

from .acts import Acts
from .config import SlackConfig
from .control import Control
from .deliver import Delivery
from .modal_acts import ModalActs
from .people import People
from .responses import serve_response_url
from .socket_mode import SocketMode
from .state import State
from .web_api import WebApi


class LocalSlack:
    """A stand-in for one Slack workspace with one installed app.

    Both halves must run in the same event loop; call `reset` in that loop, or over HTTP.
    Set `machine_url` once the address of `machine_app` is known, so that a response_url
    works before the bot's first call to the Web API. With `page_url` set, permalinks lead there.
    """

    def __init__(self, config: SlackConfig, clock: Callable[[], float] = time.time) -> None:
        self._state = State(config, clock)
        self._sockets = SocketMode(self._state)
        self._delivery = Delivery(self._state, self._sockets)
        self._web_api = WebApi(self._state, self._sockets)
        acts = Acts(self._state, self._delivery)
        self._people = People(self._state, acts, ModalActs(self._state, acts))
        self._control = Control(self._state, self._delivery, self._sockets)

    @property
    def machine_url(self) -> str:
        """Where the bot reaches `machine_app`: http://host:port, no slash at the end."""
        return self._state.machine_url

    @machine_url.setter
    def machine_url(self, url: str) -> None:
        self._state.machine_url = url.rstrip("/")

    @property
    def page_url(self) -> str:
        """Where browsers reach `people_routes`: the beginning of every link to a message."""
        return self._state.team_url

    @page_url.setter
    def page_url(self, url: str) -> None:
        self._state.team_url = f"{url.rstrip('/')}/"

    def machine_app(self) -> web.Application:
        """Give the side that the bot talks to: Web API, response URLs, Socket Mode."""
        app = web.Application()
        app.add_routes(
            [
                web.get("/api/{method}", self._web_api.serve),
                web.post("/api/{method}", self._web_api.serve),
                web.post("/commands-response/{key}", self._serve_response_url),
                web.get("/link/", self._sockets.serve),
                web.get("/link", self._sockets.serve),
            ]
        )
        app.on_shutdown.append(self._close)
        return app

    def people_routes(self) -> list[web.RouteDef]:
        """Give the routes for people and tests: /people/, /archives/ and /control/slack/."""
        return [*self._people.routes(), *self._control.routes()]

    def reset(self) -> None:
        """Forget everything that happened."""
        self._state.reset()

    async def _serve_response_url(self, request: web.Request) -> web.Response:
        return await serve_response_url(self._state, request)

    async def _close(self, _app: web.Application) -> None:
        await self._sockets.close()
        await self._people.close()
        await self._delivery.close()

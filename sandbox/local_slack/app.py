"""LocalSlack puts the stand-in for Slack together: the bot's side and the people's side."""

from __future__ import annotations

import time
from collections.abc import Callable

from aiohttp import web

from .actions import Actions
from .config import SlackConfig
from .control import Control
from .delivery import Delivery
from .modal_actions import ModalActions
from .people import People
from .responses import serve_response_url
from .socket_mode import SocketMode
from .state import State
from .web_api import WebApi


class LocalSlack:
    """A stand-in for one Slack workspace with one installed app.

    Serve `machine_app` and `people_routes` from one event loop; call `reset` in that loop or over
    HTTP. Set `machine_url` when the address of `machine_app` is known, so that a response_url
    works before the bot's first call to the Web API. Permalinks start with `page_url`.
    """

    def __init__(self, config: SlackConfig, clock: Callable[[], float] = time.time) -> None:
        self._state = State(config, clock)
        self._sockets = SocketMode(self._state)
        self._delivery = Delivery(self._state, self._sockets)
        self._web_api = WebApi(self._state, self._sockets)
        actions = Actions(self._state, self._delivery)
        self._people = People(self._state, actions, ModalActions(self._state, actions))
        self._control = Control(self._state, self._delivery, self._sockets)

    @property
    def machine_url(self) -> str:
        """The address of `machine_app` for the bot: http://host:port, no slash at the end."""
        return self._state.machine_url

    @machine_url.setter
    def machine_url(self, url: str) -> None:
        self._state.machine_url = url.rstrip("/")

    @property
    def page_url(self) -> str:
        """The address of `people_routes` for browsers, with which every permalink starts."""
        return self._state.team_url

    @page_url.setter
    def page_url(self, url: str) -> None:
        self._state.team_url = f"{url.rstrip('/')}/"

    def machine_app(self) -> web.Application:
        """Build the application for the bot: Web API, response URLs, Socket Mode."""
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
        """List the routes for people and tests: /people/, /archives/ and /control/slack/."""
        return [*self._people.routes(), *self._control.routes()]

    def reset(self) -> None:
        """Forget everything that happened."""
        self._state.reset()

    async def _serve_response_url(self, request: web.Request) -> web.StreamResponse:
        return await serve_response_url(self._state, request)

    async def _close(self, _app: web.Application) -> None:
        await self._sockets.close()
        await self._people.close()
        await self._delivery.close()

"""The sandbox's three servers: a local Slack, a local Genesys Cloud, and the page to use both.

They listen on 127.0.0.1 only, run in one event loop on a background thread, and keep everything in
memory. `sandbox.__main__` starts the bot; this module tells it which settings the bot needs.
"""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from sandbox.bot_control import BotControl, bot_routes
from sandbox.guard import add_page_headers, refuse_strangers
from sandbox.local_genesys import LocalGenesys
from sandbox.local_slack import LocalSlack, SlackConfig
from sandbox.page_files import page_routes
from sandbox.ports import LOOPBACK, find_free_port

_LAST_ANSWERS_SECONDS = 1.0


class Sandbox:
    """The stand-ins and their page.

    `manifest` is the bot's Slack app manifest. The page takes the first free port of `page_ports`;
    0 means any. The bot's port is chosen here because Slack must know where to send. With
    `socket_mode` the bot gets an app-level token and connects to us instead. Set `bot` at any time
    to let the page start and stop the bot.
    """

    def __init__(
        self,
        manifest: Mapping[str, Any],
        *,
        page_ports: Sequence[int] = (0,),
        bot_port: int = 0,
        socket_mode: bool = False,
        genesys: LocalGenesys | None = None,
    ) -> None:
        self.bot_port = bot_port or find_free_port()
        self.operator_port = find_free_port()
        self.bot_url = f"http://{LOOPBACK}:{self.bot_port}"
        self.page_url = self.slack_api_url = self.genesys_url = ""  # known after `start`
        self.bot: BotControl | None = None
        self._page_ports = page_ports
        self._socket_mode = socket_mode
        self._slack_config = SlackConfig(
            bot_token=f"xoxb-local-{secrets.token_hex(12)}",
            app_token=f"xapp-local-{secrets.token_hex(12)}",
            signing_secret=secrets.token_hex(16),
            events_url=f"{self.bot_url}/slack/events",
            manifest=dict(manifest),
        )
        self.local_slack = LocalSlack(self._slack_config)
        self.local_genesys = genesys or LocalGenesys()
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)
        self._started: Future[None] = Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()

    def start(self) -> None:
        """Start the three servers. Raises OSError if none of the page's ports is free."""
        self._thread.start()
        self._started.result()

    def stop(self) -> None:
        """Stop the servers and wait until they have stopped; calling it again does nothing."""
        if self._loop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def bot_environment(self, data_folder: Path) -> dict[str, str]:
        """Return the settings that the bot needs to use these servers and `data_folder`."""
        slack = self._slack_config
        return {
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_SIGNING_SECRET": slack.signing_secret,
            "SLACK_APP_TOKEN": slack.app_token if self._socket_mode else "",
            "SLACK_API_URL": self.slack_api_url,
            "GENESYS_CLOUD_CLIENT_ID": self.local_genesys.client_id,
            "GENESYS_CLOUD_CLIENT_SECRET": self.local_genesys.client_secret,
            "GENESYS_CLOUD_DEPLOYMENT_ID": self.local_genesys.deployment_id,
            "GENESYS_CLOUD_API_URL": self.genesys_url,
            "HOST": LOOPBACK,
            "PORT": str(self.bot_port),
            "OPERATOR_HOST": LOOPBACK,
            "OPERATOR_PORT": str(self.operator_port),
            "PROACTIVE_OUTCOMES_CHANNEL": "C0OUTCOMES",
            "PROACTIVE_DATABASE_URL": f"sqlite:///{data_folder.resolve() / 'proactive.sqlite'}",
            # After a kill, the restarted bot soon knows that the old process is dead, and goes on.
            "PROACTIVE_HEARTBEAT_SECONDS": "1",
        }

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        async with AsyncExitStack() as closing:
            try:
                slack_url = await _open_site(closing, self.local_slack.machine_app())
                self.genesys_url = await _open_site(closing, self.local_genesys.machine_app())
                page_url = await _open_site(closing, self._page_app(), self._page_ports)
            except OSError as error:
                self._started.set_exception(error)
                return
            closing.push_async_callback(self.local_genesys.hang_up)
            self.local_slack.machine_url = slack_url
            self.slack_api_url = f"{slack_url}/api/"
            self.page_url = self.local_slack.page_url = f"{page_url}/"
            self._started.set_result(None)
            await self._stopping.wait()

    def _page_app(self) -> web.Application:
        app = web.Application()
        app.on_response_prepare.append(add_page_headers)
        app.add_routes(self.local_slack.people_routes())
        app.add_routes(self.local_genesys.people_routes())
        app.add_routes(bot_routes(lambda: self.bot))
        app.add_routes(page_routes())
        return app


async def _open_site(
    closing: AsyncExitStack, app: web.Application, ports: Sequence[int] = (0,)
) -> str:
    """Serve an application on loopback behind the guard; return its URL without a final slash."""
    app.middlewares.insert(0, refuse_strangers)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_LAST_ANSWERS_SECONDS)
    await runner.setup()
    closing.push_async_callback(runner.cleanup)
    for port in ports:
        try:
            await web.TCPSite(runner, LOOPBACK, port).start()
            break
        except OSError:
            if port == ports[-1]:
                raise
    return f"http://{LOOPBACK}:{runner.addresses[0][1]}"

"""The composition root: the only place that builds the parts and wires them together.

It opens the door first: commands are acknowledged while ``parts`` (with ``core``), nine tenths of
all code, are loaded in a thread. Promises: a bot that starts answers Slack before it has spoken
to Genesys; one that stops takes no more work and leaves what is unfinished to its next start; one
that cannot start says so to whoever was acknowledged. Does not: anything else.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import aiohttp
import uvicorn
import uvloop
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette

from bot.ops.web import Web
from bot.settings import BadSettings, Settings
from bot.slack.errors import ErrorHandler
from bot.slack.http import SlackRequests
from bot.slack.reception import Reception
from bot.slack.signature import Signatures

if TYPE_CHECKING:
    from bot.parts import Parts

log = logging.getLogger(__name__)

SLACK_TIMEOUT = 5  # seconds; an ack must be out within 3, but a modal's update may take longer
SWITCH_SECONDS = 0.0005  # so long may another thread keep the loop, and an ack, from running


def run(settings: Settings) -> None:
    """Run the bot until it is told to stop; raise BadSettings when it cannot start."""
    listening = _listen(settings.host, settings.port)
    sys.setswitchinterval(SWITCH_SECONDS)
    # The server takes the signals while it runs and raises them again afterwards: by then all is
    # closed, and the process should end with the status of one that did what it was told.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    error = uvloop.run(_serve(settings, listening))
    if isinstance(error, BadSettings):
        raise error
    if error is not None:
        log.critical("the bot could not start", exc_info=error)
    log.info("stopped")
    logging.shutdown()
    os._exit(1 if error else 0)  # a thread may still wait for Genesys: its work goes on later


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise BadSettings(
            [f"HOST and PORT: {host}:{port} cannot be used ({error.strerror})."]
        ) from None


async def _serve(settings: Settings, listening: socket.socket) -> BaseException | None:
    """Serve until told to stop; return what kept the parts from opening, if anything."""
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=100),
        timeout=aiohttp.ClientTimeout(total=SLACK_TIMEOUT),
    ) as session:
        client = AsyncWebClient(
            token=settings.slack_bot_token,
            base_url=settings.slack_api_url,
            session=session,
            timeout=SLACK_TIMEOUT,
            retry_handlers=[],  # a modal's call that was lost is not worth repeating
        )
        bot = _Bot(settings, client)
        await bot.serve(listening)
        return bot.error


class _Bot:
    """The door, which is there at once, and what is behind it, which opens later."""

    error: BaseException | None = None

    def __init__(self, settings: Settings, client: AsyncWebClient) -> None:
        self._settings, self._client = settings, client
        self._last_resort = ErrorHandler(client)
        self._reception = _bolt(settings, client, self._last_resort)
        slack = None
        if not settings.uses_socket_mode:
            slack = SlackRequests(self._reception, Signatures(settings.slack_signing_secret))
        self._web = Web(slack, self._life)
        self._server = uvicorn.Server(
            uvicorn.Config(
                self._web,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,  # nobody asks from where a signed request came
                ws="none",
                timeout_graceful_shutdown=5,
            )
        )

    async def serve(self, listening: socket.socket) -> None:
        """Serve until told to stop."""
        await self._server.serve(sockets=[listening])

    @contextlib.asynccontextmanager
    async def _life(self, _: Starlette) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as edge:
            opening = asyncio.create_task(self._open(edge))
            opening.add_done_callback(self._note_opened)
            yield
            log.info("stopping: no new work is taken")
            await asyncio.wait([opening])
        await self._last_resort.finish()
        if not self.error:
            await asyncio.to_thread(opening.result().close)

    async def _open(self, edge: contextlib.AsyncExitStack) -> Parts:
        """Load and launch the parts, and let everybody in."""
        parts = await asyncio.to_thread(self._load)
        # What is there now stays. The collector, off since the first import, leaves it alone: to
        # go through all of it takes a tenth of a second, in which nobody is answered.
        gc.freeze()
        gc.enable()
        self._web.open(parts.pages)
        self._reception.open(parts.listeners)
        await edge.enter_async_context(parts.connect(self._reception))
        log.info("ready; listening for Slack (%s)", _transport(self._settings))
        return parts

    def _load(self) -> Parts:
        from bot.parts import Parts  # here, because this is what takes long

        return Parts(self._settings, self._client, self._last_resort)

    def _note_opened(self, opening: asyncio.Task[Parts]) -> None:
        self.error = opening.exception()
        if self.error:
            self._reception.give_up(self.error)
            self._server.should_exit = True


def _bolt(settings: Settings, client: AsyncWebClient, last_resort: ErrorHandler) -> Reception:
    """Build the Bolt app; requests were verified at the edge, and one workspace is authorised."""

    async def authorize(context: AsyncBoltContext) -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=context.enterprise_id,
            team_id=context.team_id,
            bot_token=settings.slack_bot_token,
        )

    return Reception(
        last_resort,
        name="proactive",
        logger=logging.getLogger("slack_bolt"),  # else Bolt's take the root's level, and log bodies
        client=AsyncWebClient(
            base_url=settings.slack_api_url, session=client.session, retry_handlers=[]
        ),
        authorize=authorize,  # Bolt's own would call auth.test before the first ack
        request_verification_enabled=False,
        ssl_check_enabled=False,
        url_verification_enabled=False,
        ignoring_self_events_enabled=False,
        attaching_function_token_enabled=False,
    )


def _transport(settings: Settings) -> str:
    if settings.uses_socket_mode:
        return "Socket Mode"
    return f"HTTP on {settings.host}:{settings.port}"

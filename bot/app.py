"""The composition root: the only place that builds the parts and wires them together (with core).

Promises: a bot that starts answers Slack before it has spoken to Genesys; one that stops takes no
more work and leaves what is unfinished to its next start. Does not: anything else.
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
from concurrent.futures import ThreadPoolExecutor

import aiohttp
import uvicorn
import uvloop
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.types import ASGIApp

from bot.buttons import Buttons
from bot.command import Command
from bot.core import Core
from bot.health import Health
from bot.last_resort import LastResort
from bot.metrics import build_metrics
from bot.modal import Modal
from bot.reception import Reception
from bot.settings import BadSettings, Settings
from bot.signature import Signatures
from bot.slack_http import SlackRequests
from bot.socket_mode import keep_socket
from bot.turns import go_first
from bot.web import build_web
from genesys import OutdatedSdk

log = logging.getLogger(__name__)

SLACK_TIMEOUT = 5  # seconds; an ack must be out within 3, but a modal's update may take longer
LOOKUPS_AT_ONCE = 32
SWITCH_SECONDS = 0.0005  # so long may another thread keep the loop, and an ack, from running
RECORDS_AT_ONCE = 8


def run(settings: Settings) -> None:
    """Run the bot until it is told to stop; raise BadSettings when it cannot start."""
    listening = _listen(settings.host, settings.port)
    try:
        core = Core(settings)
    except OutdatedSdk as error:
        raise BadSettings([str(error)]) from None
    sys.setswitchinterval(SWITCH_SECONDS)
    # The server takes the signals while it runs and raises them again afterwards: by then all is
    # closed, and the process should end with the status of one that did what it was told.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    uvloop.run(_serve(settings, core, listening))
    log.info("stopped")
    logging.shutdown()
    os._exit(0)  # a thread may still wait for Genesys: its work goes on at the next start


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise BadSettings(
            [f"HOST and PORT: {host}:{port} cannot be used ({error.strerror})."]
        ) from None


async def _serve(settings: Settings, core: Core, listening: socket.socket) -> None:
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=core.tls, limit=100),
        timeout=aiohttp.ClientTimeout(total=SLACK_TIMEOUT),
    ) as session:
        client = AsyncWebClient(
            token=settings.slack_bot_token,
            base_url=settings.slack_api_url,
            session=session,
            ssl=core.tls,
            timeout=SLACK_TIMEOUT,
            retry_handlers=[],  # a modal's call that was lost is not worth repeating
        )
        web = await _build(settings, core, client)
        server = uvicorn.Server(
            uvicorn.Config(
                web,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,  # nobody asks from where a signed request came
                ws="none",
                timeout_graceful_shutdown=5,
            )
        )
        await server.serve(sockets=[listening])


async def _build(settings: Settings, core: Core, client: AsyncWebClient) -> ASGIApp:
    """Wire the listeners to the core and return the web application around them."""
    lookups = ThreadPoolExecutor(LOOKUPS_AT_ONCE, "lookup")
    records = ThreadPoolExecutor(RECORDS_AT_ONCE, "record", go_first)
    last_resort = LastResort(client)
    modal = Modal(
        client,
        core.preflight,
        core.delivery,
        last_resort,
        lookups=lookups,
        records=records,
        default_country=settings.default_country,
    )
    command = Command(
        modal,
        last_resort,
        command=settings.command,
        default_country=settings.default_country,
    )
    buttons = Buttons(
        core.store,
        core.delivery,
        core.receipts,
        modal,
        last_resort,
        records=records,
        default_country=settings.default_country,
        leads=settings.leads,
    )
    reception = Reception({**command.listeners(), **modal.listeners(), **buttons.listeners()})
    app = _bolt(settings, client, reception)
    last_resort.guard(app)
    health = Health(core.store, client, core.cloud, records)

    edge: contextlib.AbstractAsyncContextManager[None] = contextlib.nullcontext()
    if settings.uses_socket_mode:
        edge = keep_socket(settings.slack_app_token, app, client, health)

    @contextlib.asynccontextmanager
    async def life(_: Starlette) -> AsyncIterator[None]:
        await asyncio.to_thread(core.launch)
        # What is there now stays. The collector, off since the first import, leaves it alone: to
        # go through all of it takes a tenth of a second, in which nobody is answered.
        gc.freeze()
        gc.enable()
        async with edge:
            log.info("ready; listening for Slack (%s)", _transport(settings))
            yield
            log.info("stopping: no new work is taken")
        await last_resort.finish()
        await asyncio.to_thread(core.close)
        lookups.shutdown(wait=False, cancel_futures=True)
        records.shutdown(wait=False)

    slack = None
    if not settings.uses_socket_mode:
        slack = SlackRequests(app, Signatures(settings.slack_signing_secret))
    return build_web(slack, health, build_metrics(core.store), life)


def _bolt(settings: Settings, client: AsyncWebClient, reception: Reception) -> AsyncApp:
    """Build the Bolt app; requests were verified at the edge, and one workspace is authorised."""

    async def authorize(context: AsyncBoltContext) -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=context.enterprise_id,
            team_id=context.team_id,
            bot_token=settings.slack_bot_token,
        )

    return AsyncApp(
        name="proactive",
        logger=logging.getLogger("slack_bolt"),  # else Bolt's take the root's level, and log bodies
        client=AsyncWebClient(
            base_url=settings.slack_api_url, session=client.session, retry_handlers=[]
        ),
        before_authorize=reception,
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

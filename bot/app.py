"""The composition root: the only place that builds the parts and wires them together.

Promises: a bot that starts answers Slack before it has spoken to Genesys; one that stops takes no
more work and leaves what is unfinished to its next start. Does not: anything else.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import ssl
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import aiohttp
import sqlalchemy as sa
import uvicorn
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.context.async_context import AsyncBoltContext
from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette

from bot.buttons import Buttons
from bot.command import Command
from bot.delivery import Delivery
from bot.engine import Engine
from bot.health import Health
from bot.last_resort import LastResort
from bot.metrics import build_metrics
from bot.modal import Modal
from bot.preflight import Preflight
from bot.settings import BadSettings, Settings
from bot.signature import Signatures
from bot.slot import Slot, take_slot
from bot.store import Store, open_database
from bot.thread import Thread, slack_for_posting
from bot.web import build_web
from genesys import Connection, GenesysCloud, OutdatedSdk, check_sdk

log = logging.getLogger(__name__)

SLACK_TIMEOUT = 5  # seconds; an ack must be out within 3, but a modal's update may take longer
LOOKUPS_AT_ONCE = 32
RECORDS_AT_ONCE = 8


class Core:
    """The parts that do not speak HTTP: the store, the engine, Genesys, and the durable work."""

    def __init__(self, settings: Settings) -> None:
        check_sdk()
        self.slot, self.database = _open(settings.database_url)
        self.store = Store(self.database)
        self.engine = Engine(settings.database_url, self.database, self.slot.name)
        self.cloud = connect_genesys(settings)
        self.preflight = Preflight(
            self.cloud,
            deployment_id=settings.genesys_deployment_id,
            history_days=settings.history_days,
        )
        self.delivery = Delivery(
            self.store,
            self.engine,
            self.preflight,
            self.cloud,
            deployment_id=settings.genesys_deployment_id,
            read_back_seconds=settings.read_back_seconds,
        )
        posting = slack_for_posting(settings.slack_bot_token, settings.slack_api_url)
        self.engine.register(self.delivery.works())
        self.engine.register(Thread(self.store, posting).works())

    def close(self) -> None:
        """Stop the engine and let go of everything."""
        self.engine.close()
        self.cloud.close()
        self.database.dispose()
        self.slot.release()


def connect_genesys(settings: Settings) -> GenesysCloud:
    """Build the session to Genesys Cloud; nothing is sent yet."""
    return GenesysCloud(
        Connection(
            client_id=settings.genesys_client_id,
            client_secret=settings.genesys_client_secret,
            region=settings.genesys_region,
            api_url=settings.genesys_api_url,
            read_timeout=float(settings.genesys_timeout),
            patience=float(settings.genesys_patience),
            calls_per_minute=settings.calls_per_minute,
        )
    )


def _open(database_url: str) -> tuple[Slot, sa.Engine]:
    """Open the database file; raise BadSettings when it cannot be used."""
    file = Path(sa.make_url(database_url).database or "")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        slot = take_slot(file)
        database = open_database(database_url)
        with database.connect():
            return slot, database
    except (OSError, sa.exc.SQLAlchemyError) as error:
        reason = error.strerror if isinstance(error, OSError) else type(error).__name__
        raise BadSettings(
            [f"PROACTIVE_DATABASE_URL: {file} cannot be opened as a database ({reason})."]
        ) from None


def run(settings: Settings) -> None:
    """Run the bot until it is told to stop; raise BadSettings when it cannot start."""
    listening = _listen(settings.host, settings.port)
    try:
        core = Core(settings)
    except OutdatedSdk as error:
        raise BadSettings([str(error)]) from None
    # The server takes the signals while it runs and raises them again afterwards: by then all is
    # closed, and the process should end with the status of one that did what it was told.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    asyncio.run(_serve(settings, core, listening))
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
    tls = ssl.create_default_context()
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=tls, limit=100),
        timeout=aiohttp.ClientTimeout(total=SLACK_TIMEOUT),
    ) as session:
        client = AsyncWebClient(
            token=settings.slack_bot_token,
            base_url=settings.slack_api_url,
            session=session,
            ssl=tls,
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
                timeout_graceful_shutdown=5,
            )
        )
        await server.serve(sockets=[listening])


async def _build(settings: Settings, core: Core, client: AsyncWebClient) -> Starlette:
    """Wire the listeners to the core and return the web application around them."""
    lookups = ThreadPoolExecutor(LOOKUPS_AT_ONCE, "lookup")
    records = ThreadPoolExecutor(RECORDS_AT_ONCE, "record")
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
        modal,
        last_resort,
        records=records,
        default_country=settings.default_country,
    )
    app = _bolt(settings, client)
    last_resort.guard(app)
    for listens in (command, modal, buttons):  # Bolt tries them in this order
        listens.listen(app)
    health = Health(core.store, client, core.cloud, records)

    @contextlib.asynccontextmanager
    async def life(_: Starlette) -> AsyncIterator[None]:
        await asyncio.to_thread(core.engine.launch)
        async with _socket_mode(settings, app, client, health):
            log.info("ready; listening for Slack (%s)", _transport(settings))
            yield
            log.info("stopping: no new work is taken")
        await last_resort.finish()
        await asyncio.to_thread(core.close)
        lookups.shutdown(wait=False, cancel_futures=True)
        records.shutdown(wait=False)

    signatures = None if settings.uses_socket_mode else Signatures(settings.slack_signing_secret)
    return build_web(app, signatures, health, build_metrics(core.store), life)


def _bolt(settings: Settings, client: AsyncWebClient) -> AsyncApp:
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
        client=AsyncWebClient(base_url=settings.slack_api_url, session=client.session),
        authorize=authorize,  # Bolt's own would call auth.test before the first ack
        request_verification_enabled=False,
        ssl_check_enabled=False,
        url_verification_enabled=False,
        ignoring_self_events_enabled=False,
        attaching_function_token_enabled=False,
    )


@contextlib.asynccontextmanager
async def _socket_mode(
    settings: Settings, app: AsyncApp, client: AsyncWebClient, health: Health
) -> AsyncIterator[None]:
    """Keep a websocket to Slack open, when an app-level token asks for it."""
    if not settings.uses_socket_mode:
        yield
        return
    handler = AsyncSocketModeHandler(app, settings.slack_app_token, web_client=client)
    health.watch(handler.client)
    connecting = asyncio.create_task(_connect(handler))
    watching = asyncio.create_task(health.keep_watching())
    yield
    for task in (connecting, watching):
        task.cancel()
    await handler.close_async()  # type: ignore[no-untyped-call]


async def _connect(handler: AsyncSocketModeHandler) -> None:
    """Open the first connection, however long Slack is away; later ones Bolt renews itself."""
    wait = 1.0
    while True:
        try:
            await handler.connect_async()  # type: ignore[no-untyped-call]
            return
        except (TimeoutError, SlackClientError, aiohttp.ClientError, OSError) as error:
            log.warning("no socket to Slack yet (%s); trying again", type(error).__name__)
            await asyncio.sleep(wait)
            wait = min(wait * 2, 30.0)


def _transport(settings: Settings) -> str:
    if settings.uses_socket_mode:
        return "Socket Mode"
    return f"HTTP on {settings.host}:{settings.port}"

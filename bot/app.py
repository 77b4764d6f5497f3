"""The process: it listens, serves until it's told to stop, and cleans up."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator

import aiohttp
import uvicorn
import uvloop
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette

from bot.ops.http import build_web
from bot.ops.metrics import build_metrics
from bot.settings import BadSettings, Settings
from bot.slack.http import SlackEdge
from bot.slack.socket_mode import keep_socket
from bot.wiring import Backend, Frontend

log = logging.getLogger(__name__)

SLACK_TIMEOUT = 5  # seconds; an ack must be out within 3, but the form's update may take longer


def run(settings: Settings) -> None:
    """Run the bot until it's told to stop; raise BadSettings when it cannot start."""
    # Bound before the parts are built: a command typed meanwhile waits and isn't refused.
    listening = _listen(settings.host, settings.port)
    backend = Backend(settings)
    # The server takes the signals while it runs and raises them again afterwards.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    uvloop.run(_serve(settings, backend, listening))
    log.info("stopped")
    logging.shutdown()
    # A stopped bot ends within ten seconds: a thread that waits for Genesys would hold it longer.
    os._exit(0)


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise BadSettings(
            [f"HOST and PORT: {host}:{port} cannot be used ({error.strerror})."]
        ) from None


async def _serve(settings: Settings, backend: Backend, listening: socket.socket) -> None:
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=100),
        timeout=aiohttp.ClientTimeout(total=SLACK_TIMEOUT),
    ) as session:
        client = AsyncWebClient(
            token=settings.slack_bot_token,
            base_url=settings.slack_api_url,
            session=session,  # shared: one per call takes longer than the call itself
            timeout=SLACK_TIMEOUT,
            retry_handlers=[],  # by the time of a retry the trigger has expired
        )
        frontend = Frontend(settings, backend, client)

        @contextlib.asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            await asyncio.to_thread(backend.start)
            gc.freeze()  # no ack waits while the collector goes through all that was loaded
            socket_mode = keep_socket(
                frontend.app, settings.slack_app_token, client, frontend.health
            )
            async with socket_mode if settings.uses_socket_mode else contextlib.nullcontext():
                log.info("ready; listening for Slack (%s)", _transport(settings))
                yield
                log.info("stopping: no new work is taken")
            await frontend.stop()
            await asyncio.to_thread(backend.stop)

        slack = None
        if not settings.uses_socket_mode:
            slack = SlackEdge(frontend.app, settings.slack_signing_secret)
        web = build_web(slack, frontend.health, build_metrics(backend.requests), lifespan)
        await _server(web).serve(sockets=[listening])


def _server(web: Starlette) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            web,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # nobody asks where a signed request came from
            ws="none",
            timeout_graceful_shutdown=5,
        )
    )


def _transport(settings: Settings) -> str:
    if settings.uses_socket_mode:
        return "Socket Mode"
    return f"HTTP on {settings.host}:{settings.port}"

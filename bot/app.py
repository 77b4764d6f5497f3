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

import uvicorn
import uvloop
from starlette.applications import Starlette

from bot.language import speak
from bot.ops.audit_reports import AuditReports
from bot.ops.connections import Connections
from bot.ops.http import Web, build_operator_pages
from bot.ops.listen import listen
from bot.ops.metrics import build_metrics
from bot.ops.refused_requests import RefusedRequests
from bot.settings import BadSettings, Settings
from bot.slack.http import SlackEdge
from bot.slack.session import build_client, open_session
from bot.slack.socket_mode import keep_socket
from bot.wiring import Backend
from bot.wiring_slack import Frontend

log = logging.getLogger(__name__)

FAILED = 3  # the exit status; uvicorn ends a failed start with the same one
BACKLOG = 128  # connections that wait to be accepted; all of them may be in one step of the loop


def run(settings: Settings) -> None:
    """Run the bot until it's told to stop; raise BadSettings when it can't start."""
    speak(settings.language)
    # The ports are bound first, so that a command waits and isn't refused while the rest is built.
    listening = [
        _listen("OPERATOR_HOST", settings.operator_host, "OPERATOR_PORT", settings.operator_port)
    ]
    if not settings.uses_socket_mode:
        listening.append(_listen("HOST", settings.host, "PORT", settings.port))
    backend = Backend(settings)
    # The server takes the signals while it runs and raises them again afterwards.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    has_failed = uvloop.run(_serve(settings, backend, listening))
    log.info("stopped")
    logging.shutdown()
    # A stopped bot ends within ten seconds: a thread that waits for Genesys would hold it longer.
    os._exit(FAILED if has_failed else 0)


def _listen(host_name: str, host: str, port_name: str, port: int) -> socket.socket:
    try:
        return listen(host, port)
    except OSError as error:
        raise BadSettings(
            [f"{host_name} and {port_name}: {host}:{port} can't be used ({error.strerror})."]
        ) from None


async def _serve(settings: Settings, backend: Backend, listening: list[socket.socket]) -> bool:
    """Serve until the bot is told to stop; return whether it failed instead."""
    _reload_on_hangup(backend)
    refused = RefusedRequests()
    reports = AuditReports(backend.audit, refused)
    async with open_session() as session:
        client = build_client(settings.slack_bot_token, settings.slack_api_url, session)
        frontend = Frontend(settings, backend, client)

        @contextlib.asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            await asyncio.to_thread(backend.start)
            reports.start()
            # The promise is a quick ack: a full collection of all that was loaded takes 80 ms.
            gc.freeze()
            socket_mode = keep_socket(
                frontend.app, settings.slack_app_token, client, frontend.health
            )
            async with socket_mode if settings.uses_socket_mode else contextlib.nullcontext():
                log.info("ready; listening for Slack (%s)", _transport(settings))
                yield
                log.info("stopping: no new work is taken")
            await frontend.stop()
            await asyncio.to_thread(reports.stop)
            await asyncio.to_thread(backend.stop)

        slack = None
        if not settings.uses_socket_mode:
            slack = SlackEdge(frontend.app, settings.slack_signing_secret, refused)
        pages = build_operator_pages(
            frontend.health, build_metrics(backend.requests, backend.pause, refused), lifespan
        )
        web = Web(slack, pages, settings.operator_port, refused)
        await _server(web, Connections(refused)).serve(sockets=listening)
        return backend.workers.has_failed


def _reload_on_hangup(backend: Backend) -> None:
    """Read the rules file again on SIGHUP, in a thread of its own."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, loop.run_in_executor, None, backend.reload_rules)


def _server(web: Web, connections: Connections) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            web,
            http=connections.protocol(),
            backlog=BACKLOG,
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
    host = settings.host.strip("[]")
    host = f"[{host}]" if ":" in host else host
    return f"HTTP on {host}:{settings.port}"

"""Everything behind the edge, wired together: the core, and who listens to Slack.

Part of the composition root, and the slow one: ``app`` loads it in a thread while commands are
already acknowledged. Does not: serve anything.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from slack_sdk.web.async_client import AsyncWebClient

from bot.arenas import limit_arenas
from bot.core import Core
from bot.ops.health import Health
from bot.ops.metrics import build_metrics
from bot.ops.pages import build_pages
from bot.settings import BadSettings, Settings
from bot.slack.buttons import Buttons
from bot.slack.command import Command
from bot.slack.errors import ErrorHandler
from bot.slack.form import Form
from bot.slack.reception import Call, Listener, Reception
from bot.slack.socket_mode import keep_socket
from bot.turns import go_first
from genesys import OutdatedSdk

LOOKUPS_AT_ONCE = 32
RECORDS_AT_ONCE = 8
NICENESS = 10  # of what nobody in Slack waits for; look-ups and records have the edge's own


def _give_way() -> None:
    """Let this thread, and all that it starts, run after the event loop's: an ack goes first."""
    if sys.platform == "linux":  # elsewhere it would be the whole process
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)


class Parts:
    """Built and launched once in a process; ``close`` ends it."""

    def __init__(
        self,
        settings: Settings,
        client: AsyncWebClient,
        last_resort: ErrorHandler,
    ) -> None:
        """Build and launch all; raises BadSettings."""
        limit_arenas()
        _give_way()
        try:
            self._core = core = Core(settings)
        except OutdatedSdk as error:
            raise BadSettings([str(error)]) from None
        self._lookups = ThreadPoolExecutor(LOOKUPS_AT_ONCE, "lookup")
        self._records = ThreadPoolExecutor(RECORDS_AT_ONCE, "record", go_first)
        modal = Form(
            client,
            core.preflight,
            core.delivery,
            last_resort,
            lookups=self._lookups,
            records=self._records,
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
            records=self._records,
            default_country=settings.default_country,
            leads=settings.leads,
        )
        self.listeners: Mapping[Call, Listener] = {
            **command.listeners(),
            **modal.listeners(),
            **buttons.listeners(),
        }
        self._health = Health(core.store, client, core.cloud, self._records)
        self.pages = build_pages(self._health, build_metrics(core.store))
        self._settings, self._client = settings, client
        core.launch()

    def connect(self, reception: Reception) -> contextlib.AbstractAsyncContextManager[None]:
        """Return the websocket to Slack, to be kept open; over HTTP there is none."""
        if not self._settings.uses_socket_mode:
            return contextlib.nullcontext()
        return keep_socket(self._settings.slack_app_token, reception, self._client, self._health)

    def close(self) -> None:
        """Stop taking work, wait a little for what is under way, and let go of everything."""
        self._core.close()
        self._lookups.shutdown(wait=False, cancel_futures=True)
        self._records.shutdown(wait=False)

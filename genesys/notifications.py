"""Genesys's notifications, which tell us to look at a conversation sooner.

One channel with one websocket, read in a thread of its own. Events are lost while it isn't
connected, so nothing may depend on it: polling (news.py) finds everything, only later. After any
fault we open a new channel, with a growing pause. Only a missing permission switches it off.
"""

import asyncio
import json
import logging
import random
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from urllib.parse import quote

import aiohttp

from genesys.client import GenesysCloud
from genesys.errors import GenesysError, MissingPermission
from genesys.http_client import proxy_for
from genesys.rate_limit import Priority
from genesys.shape import Json, identifier, nested, nested_list, text, texts

_CHANNELS = "/api/v2/notifications/channels"
_UNDELIVERED = "v2.webmessaging.deployments.{}.undelivered.messages"
_BEGINNINGS = tuple(
    f"v2.detail.events.conversation.{{}}.{part}.start" for part in ("customer", "flow", "acd")
)
_MOST_TOPICS = 1000  # per channel
_MOST_CONVERSATIONS = (_MOST_TOPICS - 1) // len(_BEGINNINGS)
_LIFE = 23 * 3600.0  # a channel ends after 24 hours
_SILENCE = 90.0  # a heartbeat comes about every 30 seconds
_SETTLING = 10.0  # between two subscriptions, because each costs a call
_LONGEST_PAUSE = 300.0
_STEADY = 60.0  # a connection that lasted longer than this was a good one
_HANDSHAKE = 15.0
_TICK = 0.5
_ENDING = ("v2.system.socket_closing", "v2.system.no_longer_subscribed", "v2.system.token_rev")
_log = logging.getLogger(__name__)


class _NotAllowedError(Exception):
    """Genesys refuses the channel or every topic; the argument says what is missing."""


class Notifications:
    """The channel of one deployment.

    Calls `on_news` in the channel's thread with the id of a conversation in which something
    happened. It need not be one we subscribed to: undelivered messages come for the whole
    deployment. `on_news` should be quick; an error in it is logged and ends nothing. `pause`,
    `life`, `silence` and `settling` are in seconds.
    """

    def __init__(
        self,
        cloud: GenesysCloud,
        deployment_id: str,
        on_news: Callable[[str], None],
        *,
        pause: float = 1.0,
        life: float = _LIFE,
        silence: float = _SILENCE,
        settling: float = _SETTLING,
    ) -> None:
        self._cloud = cloud
        self._deployment_id = deployment_id
        self._on_news = on_news
        self._pause = pause
        self._life = life
        self._silence = silence
        self._settling = settling
        self._wanted: tuple[str, ...] = ()
        self._warned: set[str] = set()
        self._closing = threading.Event()
        self._main: tuple[asyncio.AbstractEventLoop, asyncio.Task[None]] | None = None
        self._thread = threading.Thread(target=self._work, name="notifications", daemon=True)

    def start(self) -> None:
        """Open the channel in the background. Call it once."""
        self._thread.start()

    def subscribe(self, conversation_ids: Iterable[str]) -> None:
        """Subscribe to these conversations and no others, up to a channel's limit (333)."""
        self._wanted = tuple(dict.fromkeys(conversation_ids))[:_MOST_CONVERSATIONS]

    def close(self) -> None:
        """Stop, without waiting for a running call."""
        self._closing.set()
        if self._main is not None:
            loop, task = self._main
            with suppress(RuntimeError):  # it has just stopped itself
                loop.call_soon_threadsafe(task.cancel)
        if self._thread.ident is not None:
            self._thread.join(timeout=2.0)

    def _work(self) -> None:
        with suppress(asyncio.CancelledError):
            asyncio.run(self._keep_open())

    async def _keep_open(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._main = asyncio.get_running_loop(), task
        failures = 0
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None)) as session:
            while not self._closing.is_set():
                began = time.monotonic()
                try:
                    await self._follow_channel(session)
                except _NotAllowedError as refusal:
                    self._warn_once(f"Genesys Cloud notifications stay off: {refusal}")
                    return
                except (GenesysError, aiohttp.ClientError, TimeoutError, OSError) as fault:
                    _log.info("Genesys Cloud notifications failed: %s", type(fault).__name__)
                failures = 0 if time.monotonic() - began > _STEADY else failures + 1
                await asyncio.sleep(pause_after(failures, self._pause) * random.uniform(0.5, 1.0))

    async def _follow_channel(self, session: aiohttp.ClientSession) -> None:
        """Open a channel and read it until it ends, breaks, goes silent or gets too old."""
        channel = self._open_channel()
        url = identifier(channel, "connectUri")
        async with asyncio.timeout(_HANDSHAKE):
            socket = await session.ws_connect(
                url, proxy=proxy_for(url), timeout=aiohttp.ClientWSTimeout(ws_close=1.0)
            )
        async with socket:
            await self._read(socket, identifier(channel, "id"))

    async def _read(self, socket: aiohttp.ClientWebSocketResponse, channel_id: str) -> None:
        subscribed = self._subscribe(channel_id)
        began = heard = settled = time.monotonic()
        while (now := time.monotonic()) - began < self._life and now - heard < self._silence:
            if now - settled >= self._settling and not subscribed.issuperset(self._wanted):
                subscribed, settled = self._subscribe(channel_id), now
            try:
                frame = await socket.receive(timeout=_TICK)
            except TimeoutError:
                continue
            heard = time.monotonic()
            if frame.type is not aiohttp.WSMsgType.TEXT or not self._handle(frame.data):
                return

    def _handle(self, frame: str) -> bool:
        """Handle a frame; return False if the channel is about to end."""
        try:
            event = json.loads(frame)
        except (ValueError, RecursionError):
            return True
        if not isinstance(event, dict):
            return True
        topic = text(event, "topicName")
        if topic.startswith(_ENDING):
            return False
        conversation_id = text(nested(event, "eventBody"), "conversationId")
        if conversation_id and topic.startswith(("v2.webmessaging.", "v2.detail.events.")):
            # The loop logs an error in on_news, and we read on.
            asyncio.get_running_loop().call_soon(self._on_news, conversation_id)
        return True

    def _open_channel(self) -> Json:
        try:
            return self._cloud.call("POST", _CHANNELS, priority=Priority.BACKGROUND)
        except MissingPermission as refusal:
            raise _NotAllowedError(refusal.hint) from refusal

    def _subscribe(self, channel_id: str) -> frozenset[str]:
        """Replace the channel's topics with what is wanted now, and return what that was.

        With ignoreErrors, Genesys refuses topics one by one. Without it, one refused topic would
        fail the whole call.
        """
        wanted = self._wanted
        topics = [_UNDELIVERED.format(self._deployment_id)]
        topics += [topic.format(one) for one in wanted for topic in _BEGINNINGS]
        path = f"{_CHANNELS}/{quote(channel_id, safe='')}/subscriptions"
        answer = self._cloud.call(
            "PUT",
            path,
            body=[{"id": topic} for topic in topics],
            query={"ignoreErrors": "true"},
            priority=Priority.BACKGROUND,
        )
        self._check_refusals(nested_list(answer, "entities"))
        return frozenset(wanted)

    def _check_refusals(self, topics: list[Json]) -> None:
        rejected = [topic for topic in topics if text(topic, "state") == "Rejected"]
        missing = sorted({name for one in rejected for name in texts(one, "missingPermissions")})
        why = f"the role lacks {', '.join(missing)}." if missing else "the topics are refused."
        # Without conversations we only asked for one of the four kinds of topics.
        if rejected and len(rejected) == len(topics) and self._wanted:
            raise _NotAllowedError(why)
        if rejected:
            self._warn_once(f"Genesys Cloud sends only some notifications: {why}")

    def _warn_once(self, sentence: str) -> None:
        if sentence not in self._warned:
            self._warned.add(sentence)
            _log.warning("%s Polling still finds all outcomes.", sentence)


def pause_after(failures: int, first: float) -> float:
    """Return how many seconds to wait for the next channel: longer after each failure in a row."""
    return min(_LONGEST_PAUSE, first * 2.0 ** min(failures, 20))

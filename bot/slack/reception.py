"""Where a request of Slack's meets its listener: Bolt's app, with a table in front of its search.

Bolt builds for each request a Web API client and whatever a listener might ask for, and tries its
listeners in turn; that took longer than all else before an ack. Here the listener is found in a
table and gets Bolt's ack; what nobody in the table listens to goes Bolt's way. Both edges, HTTP
and Socket Mode, end here. Promises: a command is acknowledged even before there are listeners,
and done when there are. Does not: know what the listeners do.
https://docs.slack.dev/tools/bolt-python/concepts/acknowledge
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncBoltRequest
from slack_bolt.response import BoltResponse
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.slack.errors import ErrorHandler

Body = dict[str, Any]
Listener = Callable[[AsyncAck, Body], Awaitable[None]]


class Call(NamedTuple):
    """What a listener listens to: a kind of request, and its name."""

    kind: str
    name: str


def command(name: str) -> Call:
    """Return the call of a slash command, such as "/proactive"."""
    return Call("command", name)


def submission(callback_id: str) -> Call:
    """Return the call of a modal's Send."""
    return Call("view_submission", callback_id)


def action(action_id: str) -> Call:
    """Return the call of a button, or of an input that tells of changes."""
    return Call("block_actions", action_id)


def message_shortcut(callback_id: str) -> Call:
    """Return the call of a shortcut in a message's menu."""
    return Call("message_action", callback_id)


def read_call(body: Body) -> Call:
    """Read what a request calls for; its name is "" where there is none."""
    if "command" in body:
        return command(str(body["command"]))
    kind, named = str(body.get("type", "")), body
    if kind == "block_actions":
        actions = body.get("actions") or [{}]
        return Call(kind, str(actions[0].get("action_id", "")))
    if kind == "view_submission":
        named = body.get("view") or {}
    return Call(kind, str(named.get("callback_id", "")))


class Reception(AsyncApp):
    """The Bolt app; until ``open`` tells who listens, requests wait, commands after their ack."""

    def __init__(self, last_resort: ErrorHandler, **bolt: Any) -> None:
        """Make it; ``bolt`` are Bolt's own arguments."""
        super().__init__(**bolt)
        self._last_resort = last_resort
        self._table: asyncio.Future[Mapping[Call, Listener]]
        self._table = asyncio.get_running_loop().create_future()

    def open(self, listeners: Mapping[Call, Listener]) -> None:
        """Let these listen from now on."""
        self._table.set_result(listeners)

    def give_up(self, error: BaseException) -> None:
        """Answer whoever waits that the bot could not start."""
        if not self._table.done():
            self._table.set_exception(error)
            self._table.exception()  # seen, even if nobody waits

    async def receive(self, body: Body) -> BoltResponse:
        """Let the listener of a parsed request ack, and return its answer as soon as it returns."""
        if not self._table.done() and "command" in body:
            # Its ack needs no words, and must not wait for a start that may take 3 seconds.
            self._last_resort.start(self._catch_up(body), body)
            return BoltResponse(status=200)
        answer = await self._last_resort.attend(self._hear(body), body)
        return answer or await super().async_dispatch(
            AsyncBoltRequest(body=body, mode="socket_mode")
        )

    async def async_dispatch(self, req: AsyncBoltRequest) -> BoltResponse:
        """Take a request from Bolt's adapters; they hand over parsed ones in Socket Mode."""
        return await self.receive(req.body)

    async def _hear(self, body: Body) -> BoltResponse | None:
        table = await (self._table if self._table.done() else asyncio.shield(self._table))
        listener = table.get(read_call(body))
        if listener is None:
            return None
        ack = AsyncAck()  # type: ignore[no-untyped-call]
        await listener(ack, body)
        return ack.response

    async def _catch_up(self, body: Body) -> None:
        """Do what a command asked that has had its ack; words go to its answer address."""
        answer = await self._hear(body)
        if answer is not None and answer.body:
            words = json.loads(answer.body)
            await AsyncWebhookClient(body["response_url"]).send_dict(words)

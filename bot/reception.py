"""Where a request of Slack's meets its listener: one look into a table.

Bolt tries its listeners in turn, and builds for each everything that one might ask for; that took
longer than all else before an ack. This is a middleware of Bolt's, before its search: the ack, the
errors and what nobody listens to stay Bolt's. Does not: know what the listeners do.
https://docs.slack.dev/tools/bolt-python/concepts/global-middleware
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple

from slack_bolt.async_app import AsyncAck, AsyncBoltRequest
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.response import BoltResponse

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


class Reception(AsyncMiddleware):
    """Hands each request to its listener; without one Bolt goes on."""

    def __init__(self, listeners: Mapping[Call, Listener]) -> None:
        self._listeners = listeners

    async def async_process(
        self,
        *,
        req: AsyncBoltRequest,
        resp: BoltResponse,  # noqa: ARG002 -- Bolt gives it
        next: Callable[[], Awaitable[BoltResponse]],
    ) -> BoltResponse | None:
        """Let the listener ack, and return its answer as soon as it returns."""
        listener = self._listeners.get(read_call(req.body))
        if listener is None:
            return await next()
        ack = req.context.ack
        await listener(ack, req.body)
        return ack.response

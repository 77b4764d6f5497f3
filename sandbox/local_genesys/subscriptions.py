"""The notification service: channels, their subscriptions, and the socket with the events."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any, Final

from aiohttp import WSMsgType, web

from sandbox.local_genesys.auth import granted_permissions
from sandbox.local_genesys.channels import MOST_TOPICS, Channel, Frame, permission_for
from sandbox.local_genesys.errors import ApiError, generic_error, missing_permissions
from sandbox.local_genesys.shapes import Anything, ListOf, Record, Text, check_query
from sandbox.local_genesys.state import World, as_iso

TOPICS: Final = ListOf(
    Record(
        {
            "id": Text(),
            "state": Text(choices=frozenset({"Permitted", "Rejected"})),
            "rejectionReason": Text(),
            "missingPermissions": Anything(),
            "selfUri": Text(),
        },
        required=frozenset({"id"}),
    )
)
_TRUTH = frozenset({"true", "false"})
_METADATA = "channel.metadata"


def open_channel(world: World, host: str) -> dict[str, Any]:
    """Answer POST /notifications/channels."""
    channel = world.channels.open(world.clock())
    return {
        "id": channel.id,
        "connectUri": f"ws://{host}/channels/{channel.id}",
        "expires": as_iso(channel.ends_at),
    }


def list_topics(world: World, channel_id: str) -> dict[str, Any]:
    """Answer GET /notifications/channels/{channelId}/subscriptions."""
    channel = _find(world, channel_id)
    return {"entities": [{"id": topic, "state": "Permitted"} for topic in channel.topics]}


def clear_topics(world: World, channel_id: str) -> dict[str, Any]:
    """Answer DELETE /notifications/channels/{channelId}/subscriptions."""
    _find(world, channel_id).topics.clear()
    return {}


def subscribe(
    world: World,
    channel_id: str,
    body: list[dict[str, Any]],
    query: dict[str, str],
    *,
    replacing: bool,
) -> dict[str, Any]:
    """Answer POST (adds) and PUT (replaces) of a channel's subscriptions.

    Without ignoreErrors, one topic that isn't allowed makes the whole call fail.
    """
    check_query(query, {"ignoreErrors": _TRUTH})
    channel = _find(world, channel_id)
    judged = [_judge(world, topic["id"]) for topic in body]
    if query.get("ignoreErrors") != "true":
        for topic in judged:
            _refuse_rejected(topic)
    before = [] if replacing else channel.topics
    permitted = [topic["id"] for topic in judged if topic["state"] == "Permitted"]
    topics = list(dict.fromkeys([*before, *permitted]))
    if len(topics) > MOST_TOPICS:
        raise ApiError(
            400,
            "notification.subscription.too.many.subscriptions",
            f"A channel may have at most {MOST_TOPICS} subscriptions.",
        )
    channel.topics = topics
    return {"entities": judged}


def _judge(world: World, topic: str) -> dict[str, Any]:
    needed = permission_for(topic)
    if needed is None:
        return {"id": topic, "state": "Rejected", "rejectionReason": "The topic is not valid."}
    if needed not in granted_permissions(world):
        return {"id": topic, "state": "Rejected", "missingPermissions": [needed]}
    return {"id": topic, "state": "Permitted"}


def _refuse_rejected(topic: dict[str, Any]) -> None:
    if "rejectionReason" in topic:
        raise ApiError(400, "notification.invalid.topic", f"Invalid topic: {topic['id']}")
    if "missingPermissions" in topic:
        raise missing_permissions(tuple(topic["missingPermissions"]), any_of=False)


def _find(world: World, channel_id: str) -> Channel:
    channel = world.channels.find(channel_id, world.clock())
    if channel is None:
        raise generic_error(404)
    return channel


async def stream(world: World, request: web.Request) -> web.StreamResponse:
    """Serve a channel's socket until either side hangs up; a second socket ends the first."""
    channel = world.channels.find(request.match_info["channel_id"], world.clock())
    if channel is None:
        raise web.HTTPNotFound
    if channel.frames is not None:
        channel.frames.put_nowait(None)
    frames = channel.frames = asyncio.Queue[Frame | None]()
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    teller = asyncio.create_task(_tell(world, socket, frames))
    try:
        async for message in socket:
            if message.type is WSMsgType.TEXT and _is_ping(message.data):
                channel.send(_METADATA, {"message": "pong"})
    finally:
        teller.cancel()
        if channel.frames is frames:
            channel.frames = None
    return socket


async def _tell(
    world: World, socket: web.WebSocketResponse, frames: asyncio.Queue[Frame | None]
) -> None:
    """Send the frames, and a heartbeat if nothing was sent for a while."""
    with contextlib.suppress(ConnectionError):
        while not socket.closed:
            try:
                frame = await asyncio.wait_for(frames.get(), world.settings.heartbeat_seconds)
            except TimeoutError:
                frame = {
                    "topicName": _METADATA,
                    "eventBody": {"message": "WebSocket Heartbeat"},
                }
            if frame is None:
                await socket.close()
            else:
                await socket.send_json(frame)


def _is_ping(text: str) -> bool:
    try:
        said = json.loads(text)
    except ValueError:
        return False
    return isinstance(said, dict) and said.get("message") == "ping"

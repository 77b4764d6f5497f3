"""The people's side over HTTP: what they see, and what they do (used by the page and tests).

Every act answers `{"ok": true, "ack": {...}, ...}`; what Slack's client would not let a
person do is HTTP 400 with `{"ok": false, "error": sentence}`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from .acts import ActError, Acts, find_channel, find_message, find_user
from .config import JSON
from .deliver import Ack
from .modal_acts import ModalActs
from .payloads import render_view
from .pings import list_pings
from .state import State
from .views import View
from .workspace import BOT_USER, DEFAULT_USER, TEAM_ID, TEAM_NAME, Message

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class People:
    """The routes under /people."""

    def __init__(self, state: State, acts: Acts, modal_acts: ModalActs) -> None:
        self._state = state
        self._acts = acts
        self._modal_acts = modal_acts
        self._streams: set[web.WebSocketResponse] = set()

    def routes(self) -> list[web.RouteDef]:
        """List the routes."""
        return [
            web.get("/people/workspace", _answered(self._show_workspace)),
            web.get("/people/channels/{id}/messages", _answered(self._list_messages)),
            web.get("/people/views", _answered(self._list_views)),
            web.get("/people/events", self._stream_changes),
            web.post("/people/commands", _answered(self._run_command)),
            web.post("/people/messages", _answered(self._post_message)),
            web.post("/people/shortcuts", _answered(self._press_shortcut)),
            web.post("/people/views/{id}/submit", _answered(self._submit_view)),
            web.post("/people/views/{id}/close", _answered(self._close_view)),
            web.post("/people/actions", _answered(self._act)),
            web.post("/people/options", _answered(self._ask_options)),
        ]

    async def close(self) -> None:
        """End every open stream of changes."""
        for stream in list(self._streams):
            await stream.close()

    async def _show_workspace(self, request: web.Request) -> JSON:
        user = find_user(self._state, request.query.get("user", DEFAULT_USER))
        manifest, workspace = self._state.manifest, self._state.workspace
        channels = (c for c in workspace.channels.values() if user.id in c.members)
        return {
            "stand_in": True,
            "team": {"id": TEAM_ID, "name": TEAM_NAME},
            "me": user.id,
            "bot": {"id": BOT_USER, "name": manifest.bot_name, "app_name": manifest.name},
            "users": [
                {"id": u.id, "name": u.name, "real_name": u.real_name, "is_bot": u.is_bot}
                | {"is_guest": u.is_guest, "is_admin": u.is_admin}
                for u in workspace.users.values()
            ],
            "channels": [
                {
                    "id": channel.id,
                    "name": channel.name or manifest.bot_name,
                    "is_private": channel.is_private,
                    "is_archived": channel.is_archived,
                    "is_im": channel.dm_with is not None,
                    "posting_restricted": channel.posting_restricted,
                    "bot_is_member": BOT_USER in channel.members,
                }
                for channel in channels
            ],
            "commands": [vars(command) for command in manifest.commands],
            "shortcuts": [vars(shortcut) for shortcut in manifest.shortcuts],
        }

    async def _list_messages(self, request: web.Request) -> JSON:
        user = find_user(self._state, request.query.get("user", DEFAULT_USER)).id
        channel = find_channel(self._state, user, request.match_info["id"])
        visible = (
            message
            for message in self._state.workspace.messages(channel.id)
            if message.ephemeral_to in (None, user)
        )
        return {"messages": [self._render(message) for message in visible]}

    def _render(self, message: Message) -> JSON:
        user = self._state.workspace.users[message.user]
        return {
            "ts": message.ts,
            "user": user.id,
            "name": message.username or user.real_name,
            "is_bot": user.is_bot,
            "text": message.text,
            "mrkdwn": message.is_mrkdwn,
            "blocks": message.blocks,
            "thread_ts": message.thread_ts,
            "reply_count": len(self._state.workspace.replies(message)),
            "edited": message.edited_ts is not None,
            "ephemeral": message.ephemeral_to is not None,
            "pings": list_pings(message),
            "metadata": message.metadata,
        }

    async def _list_views(self, request: web.Request) -> JSON:
        user = find_user(self._state, request.query.get("user", DEFAULT_USER)).id
        return {
            "views": [
                {**render_view(view), "errors": view.errors, "trouble": view.trouble}
                for view in self._state.views.shown_to(user)
            ]
        }

    async def _run_command(self, request: web.Request) -> JSON:
        body = await self._read(request, "channel", "command")
        text = _text(body, "text")
        ack = await self._acts.run_command(body["user"], body["channel"], body["command"], text)
        return _acked(ack)

    async def _post_message(self, request: web.Request) -> JSON:
        body = await self._read(request, "channel", "text")
        thread_ts = _text(body, "thread_ts") or None
        message = self._acts.post(body["user"], body["channel"], body["text"], thread_ts)
        return {**_acked(None), "ts": message.ts}

    async def _press_shortcut(self, request: web.Request) -> JSON:
        body = await self._read(request, "callback_id")
        channel, ts = _text(body, "channel"), _text(body, "ts")
        ack = await self._acts.press_shortcut(body["user"], body["callback_id"], channel, ts)
        return _acked(ack)

    async def _submit_view(self, request: web.Request) -> JSON:
        body = await self._read(request)
        view = self._find_view(body["user"], request.match_info["id"])
        done = await self._modal_acts.submit(view, body.get("values", {}))
        answer = {"result": done.result.value, "errors": done.errors, "problem": done.problem}
        return {**_acked(done.ack), **answer}

    async def _close_view(self, request: web.Request) -> JSON:
        body = await self._read(request)
        view = self._find_view(body["user"], request.match_info["id"])
        return _acked(await self._modal_acts.close(view, whole_stack=bool(body.get("clear"))))

    async def _act(self, request: web.Request) -> JSON:
        body = await self._read(request, "block_id", "action_id")
        source = self._find_source(body)
        return _acked(await self._acts.act(body["user"], source, body))

    async def _ask_options(self, request: web.Request) -> JSON:
        body = await self._read(request, "block_id", "action_id")
        asked = {name: body[name] for name in ("block_id", "action_id")}
        asked["value"] = _text(body, "value")
        source = self._find_source(body)
        ack, options = await self._acts.ask_options(body["user"], source, asked)
        return {**_acked(ack), "options": options}

    async def _stream_changes(self, request: web.Request) -> web.StreamResponse:
        stream = web.WebSocketResponse(heartbeat=30)
        await stream.prepare(request)
        self._streams.add(stream)
        change = self._state.watchers.join()
        sender = asyncio.create_task(_tell_changes(stream, change))
        try:
            async for _ in stream:
                pass  # a watcher has nothing to say; reading notices that it left
        finally:
            sender.cancel()
            self._state.watchers.leave(change)
            self._streams.discard(stream)
        return stream

    async def _read(self, request: web.Request, *needed: str) -> JSON:
        body = await read_object(request)
        body.setdefault("user", DEFAULT_USER)
        for name in ("user", *needed):
            if not isinstance(body.get(name), str) or not body[name]:
                raise ActError(f"{name} is missing.")
        find_user(self._state, body["user"])
        return body

    def _find_view(self, user: str, view_id: str) -> View:
        view = self._state.views.find(view_id)
        if view is None or view.user != user:
            raise ActError("There is no such modal.")
        return view

    def _find_source(self, body: JSON) -> View | Message:
        if body.get("view_id"):
            view = self._find_view(body["user"], _text(body, "view_id"))
            if not view.is_open:
                raise ActError("This modal is closed.")
            return view
        return find_message(self._state, body["user"], _text(body, "channel"), _text(body, "ts"))


async def read_object(request: web.Request) -> JSON:
    """Read a request's JSON object. Raises ActError."""
    try:
        body: Any = json.loads(await request.text() or "{}")
    except ValueError:
        raise ActError("The request is not JSON.") from None
    if not isinstance(body, dict):
        raise ActError("The request is not a JSON object.")
    return body


async def _tell_changes(stream: web.WebSocketResponse, change: asyncio.Event) -> None:
    while not stream.closed:
        await change.wait()
        change.clear()
        await stream.send_json({"changed": True})


def _answered(work: Callable[[web.Request], Awaitable[JSON]]) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return web.json_response({"ok": True, **await work(request)})
        except ActError as error:
            return web.json_response({"ok": False, "error": str(error)}, status=400)

    return handle


def _acked(ack: Ack | None) -> JSON:
    return {"ack": ack.as_json() if ack else None}


def _text(body: JSON, name: str) -> str:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise ActError(f"{name} must be text.")
    return value or ""

"""The people's side over HTTP: what they see and do, for the page and for tests.

An action returns `{"ok": true, "ack": {...}, ...}`, or HTTP 400 with `{"ok": false, "error":
sentence}` if Slack's client wouldn't let a person take it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from .actions import ActionError, Actions, find_message, find_user
from .config import JSON
from .delivery import Ack
from .modal_actions import ModalActions
from .state import State
from .views import View
from .visible_state import list_messages, list_views, show_home, show_workspace
from .workspace import DEFAULT_USER, Message

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class People:
    """The routes under /people, and the permalinks of messages."""

    def __init__(self, state: State, actions: Actions, modal_actions: ModalActions) -> None:
        self._state = state
        self._actions = actions
        self._modal_actions = modal_actions
        self._streams: set[web.WebSocketResponse] = set()

    def routes(self) -> list[web.RouteDef]:
        """List the routes."""
        return [
            web.get("/people/workspace", _answered(self._show_workspace)),
            web.get("/people/channels/{id}/messages", _answered(self._list_messages)),
            web.get("/people/views", _answered(self._list_views)),
            web.get("/people/home", _answered(self._show_home)),
            web.post("/people/home", _answered(self._open_home)),
            web.get("/people/events", self._stream_changes),
            web.get("/archives/{channel}/{name}", self._follow_link),
            web.post("/people/commands", _answered(self._run_command)),
            web.post("/people/messages", _answered(self._post_message)),
            web.post("/people/shortcuts", _answered(self._press_shortcut)),
            web.post("/people/views/{id}/submit", _answered(self._submit_view)),
            web.post("/people/views/{id}/close", _answered(self._close_view)),
            web.post("/people/actions", _answered(self._act)),
            web.post("/people/options", _answered(self._ask_options)),
        ]

    async def close(self) -> None:
        """Close every stream of changes."""
        for stream in list(self._streams):
            await stream.close()

    async def _show_workspace(self, request: web.Request) -> JSON:
        return show_workspace(self._state, _asker(request))

    async def _list_messages(self, request: web.Request) -> JSON:
        channel, since = request.match_info["id"], request.query.get("since")
        return list_messages(self._state, _asker(request), channel, since)

    async def _list_views(self, request: web.Request) -> JSON:
        return list_views(self._state, _asker(request))

    async def _show_home(self, request: web.Request) -> JSON:
        return show_home(self._state, _asker(request))

    async def _open_home(self, request: web.Request) -> JSON:
        body = await self._read(request)
        ack = await self._actions.open_home(body["user"])
        return {**_acked(ack), **show_home(self._state, body["user"])}

    async def _follow_link(self, request: web.Request) -> web.StreamResponse:
        """Redirect the browser from a message's permalink to the page, which shows the message."""
        channel, name = request.match_info["channel"], request.match_info["name"]
        ts = f"{name[1:-6]}.{name[-6:]}"
        message = self._state.workspace.message(channel, ts)
        if message is None or not name.startswith("p"):
            raise web.HTTPNotFound(text="There is no such message.")
        shown = {"channel": channel, "message": ts}
        if message.is_reply:
            shown["thread_ts"] = str(message.thread_ts)
        raise web.HTTPFound(f"/?{urlencode(shown)}")

    async def _run_command(self, request: web.Request) -> JSON:
        body = await self._read(request, "channel", "command")
        text = _text(body, "text")
        ack = await self._actions.run_command(body["user"], body["channel"], body["command"], text)
        return _acked(ack)

    async def _post_message(self, request: web.Request) -> JSON:
        body = await self._read(request, "channel", "text")
        thread_ts = _text(body, "thread_ts") or None
        message = self._actions.post(body["user"], body["channel"], body["text"], thread_ts)
        return {**_acked(None), "ts": message.ts}

    async def _press_shortcut(self, request: web.Request) -> JSON:
        body = await self._read(request, "callback_id")
        channel, ts = _text(body, "channel"), _text(body, "ts")
        ack = await self._actions.press_shortcut(body["user"], body["callback_id"], channel, ts)
        return _acked(ack)

    async def _submit_view(self, request: web.Request) -> JSON:
        body = await self._read(request)
        view = self._find_view(body["user"], request.match_info["id"])
        done = await self._modal_actions.submit(view, body.get("values", {}))
        answer = {"result": done.result.value, "errors": done.errors, "problem": done.problem}
        return {**_acked(done.ack), **answer}

    async def _close_view(self, request: web.Request) -> JSON:
        body = await self._read(request)
        view = self._find_view(body["user"], request.match_info["id"])
        return _acked(await self._modal_actions.close(view, whole_stack=bool(body.get("clear"))))

    async def _act(self, request: web.Request) -> JSON:
        body = await self._read(request, "block_id", "action_id")
        source = self._find_source(body)
        return _acked(await self._actions.send_block_action(body["user"], source, body))

    async def _ask_options(self, request: web.Request) -> JSON:
        body = await self._read(request, "block_id", "action_id")
        asked = {name: body[name] for name in ("block_id", "action_id")}
        asked["value"] = _text(body, "value")
        source = self._find_source(body)
        ack, options = await self._actions.ask_options(body["user"], source, asked)
        return {**_acked(ack), "options": options}

    async def _stream_changes(self, request: web.Request) -> web.StreamResponse:
        stream = web.WebSocketResponse(heartbeat=30)
        await stream.prepare(request)
        self._streams.add(stream)
        change = self._state.watchers.join()
        sender = asyncio.create_task(_tell_changes(stream, change))
        try:
            async for _ in stream:
                pass  # ignore messages; reading notices when the watcher leaves
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
                raise ActionError(f"{name} is missing.")
        find_user(self._state, body["user"])
        return body

    def _find_view(self, user: str, view_id: str) -> View:
        view = self._state.views.find(view_id)
        if view is None or view.user != user:
            raise ActionError("There is no such modal.")
        return view

    def _find_shown(self, user: str, view_id: str) -> View:
        """Find an open modal, or the person's Home tab."""
        home = self._state.homes.of(user)
        if home is not None and home.id == view_id:
            return home
        view = self._find_view(user, view_id)
        if not view.is_open:
            raise ActionError("This modal is closed.")
        return view

    def _find_source(self, body: JSON) -> View | Message:
        if body.get("view_id"):
            return self._find_shown(body["user"], _text(body, "view_id"))
        return find_message(self._state, body["user"], _text(body, "channel"), _text(body, "ts"))


async def read_object(request: web.Request) -> JSON:
    """Read a request's JSON object. Raises ActionError."""
    try:
        body: Any = json.loads(await request.text() or "{}")
    except ValueError:
        raise ActionError("The request is not JSON.") from None
    if not isinstance(body, dict):
        raise ActionError("The request is not a JSON object.")
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
        except ActionError as error:
            return web.json_response({"ok": False, "error": str(error)}, status=400)

    return handle


def _asker(request: web.Request) -> str:
    return request.query.get("user", DEFAULT_USER)


def _acked(ack: Ack | None) -> JSON:
    return {"ack": ack.as_json() if ack else None}


def _text(body: JSON, name: str) -> str:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise ActionError(f"{name} must be text.")
    return value or ""

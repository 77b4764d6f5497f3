"""The control routes for tests: faults, settings, logs, forged and repeated requests."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

from sandbox.faults import Fault, FaultError

from .actions import ActionError
from .config import JSON
from .delivery import Delivery
from .people import read_object
from .people_control import change_people
from .sample_workspace import share_support
from .socket_mode import SocketMode
from .state import Settings, State

MOST_REPEATS = 100
_NUMBER = re.compile(r"-?\d{1,12}\Z", re.ASCII)
_ACTIONS = frozenset({"drop_socket", "refresh_socket"})
_KINDS: dict[str, type | tuple[type, ...]] = {
    "events_url": str,
    "strict_rates": bool,
    "slash_text_escaped": bool,
    "org_wide": bool,
    "support_is_shared": bool,
    "ack_seconds": (int, float),
    "trigger_seconds": (int, float),
    "missing_scopes": list,
}


class Control:
    """The routes under /control/slack."""

    def __init__(self, state: State, delivery: Delivery, sockets: SocketMode) -> None:
        self._state = state
        self._delivery = delivery
        self._sockets = sockets

    def routes(self) -> list[web.RouteDef]:
        """List the routes."""
        return [
            web.post("/control/slack/reset", _answered(self._reset)),
            web.get("/control/slack/faults", _answered(self._list_faults)),
            web.post("/control/slack/faults", _answered(self._add_fault)),
            web.delete("/control/slack/faults", _answered(self._clear_faults)),
            web.get("/control/slack/calls", _answered(self._list_calls)),
            web.delete("/control/slack/calls", _answered(self._clear_calls)),
            web.get("/control/slack/settings", _answered(self._show_settings)),
            web.post("/control/slack/settings", _answered(self._change_settings)),
            web.post("/control/slack/people", _answered(self._change_people)),
            web.post("/control/slack/deliver", _answered(self._deliver)),
            web.get("/control/slack/deliveries", _answered(self._list_deliveries)),
            web.post("/control/slack/redeliver", _answered(self._redeliver)),
        ]

    async def _reset(self, _request: web.Request) -> JSON:
        self._state.reset()
        return {}

    async def _list_faults(self, _request: web.Request) -> JSON:
        return {"faults": self._state.faults.as_json()}

    async def _add_fault(self, request: web.Request) -> JSON:
        self._state.faults.add(Fault.parse(await read_object(request)))
        return await self._list_faults(request)

    async def _clear_faults(self, request: web.Request) -> JSON:
        self._state.faults.clear()
        return await self._list_faults(request)

    async def _list_calls(self, request: web.Request) -> JSON:
        """List the calls in the log: later than ?after=number, and of one ?method=, if given."""
        after = request.query.get("after", "-1")
        if not _NUMBER.match(after):
            raise ActionError("after must be the number of a call.")
        return {"calls": self._state.calls.since(int(after), request.query.get("method"))}

    async def _clear_calls(self, request: web.Request) -> JSON:
        self._state.calls.clear()
        return await self._list_calls(request)

    async def _show_settings(self, _request: web.Request) -> JSON:
        settings = vars(self._state.settings)
        missing = sorted(self._state.settings.missing_scopes)
        return {**settings, "missing_scopes": missing, "sockets": self._sockets.count}

    async def _change_settings(self, request: web.Request) -> JSON:
        wanted = await read_object(request)
        for name, value in wanted.items():
            kind = bool if name in _ACTIONS else _KINDS.get(name)
            if kind is None:
                raise ActionError(f"There is no setting {name}.")
            if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
                raise ActionError(f"{name} has the wrong kind of value.")
        changed = {name: value for name, value in wanted.items() if name not in _ACTIONS}
        if "missing_scopes" in changed:
            changed["missing_scopes"] = frozenset(map(str, changed["missing_scopes"]))
        self._state.settings = Settings(**{**vars(self._state.settings), **changed})
        if "support_is_shared" in changed:
            share_support(self._state.workspace, shared=changed["support_is_shared"])
        if wanted.get("drop_socket"):
            self._sockets.drop()
        if wanted.get("refresh_socket"):
            await self._sockets.ask_to_refresh()
        return await self._show_settings(request)

    async def _change_people(self, request: web.Request) -> JSON:
        """Change people, channels or user groups; see `change_people`."""
        change_people(self._state.workspace, await read_object(request))
        return {}

    async def _deliver(self, request: web.Request) -> JSON:
        """Send the bot a request that a test has made up.

        `kind`: raw (body is text), command (body has the form's fields), interactive (body is the
        payload), envelope (body is {type, payload, envelope_id?}, sent over a socket). `headers`
        replace the real ones, including the signature.
        """
        wanted = await read_object(request)
        kind, body, headers = wanted.get("kind"), wanted.get("body"), wanted.get("headers") or {}
        if kind == "envelope" and isinstance(body, dict):
            async with asyncio.timeout(self._state.settings.ack_seconds):
                answer = await self._sockets.deliver(
                    str(body.get("type")), body.get("payload") or {}, body.get("envelope_id")
                )
            return {"body": answer}
        answer = await self._delivery.send_raw(_encode(kind, body), headers)
        return {"status": answer.status, "body": answer.body, "headers": answer.headers}

    async def _list_deliveries(self, _request: web.Request) -> JSON:
        return {"deliveries": self._state.deliveries.as_json()}

    async def _redeliver(self, request: web.Request) -> JSON:
        """Send the bot a command or interaction again, and don't apply its acks.

        `which`: "last", or the number of a delivery (below 0: from the end). `count`: how often,
        one after another, or all at the same time with `at_once`.
        """
        wanted = await read_object(request)
        which, count = wanted.get("which", "last"), wanted.get("count", 1)
        number = -1 if which == "last" else which
        for value in (number, count):
            if isinstance(value, bool) or not isinstance(value, int):
                raise ActionError('which must be "last" or a number, count a number.')
        if not 1 <= count <= MOST_REPEATS:
            raise ActionError(f"count must be from 1 to {MOST_REPEATS}.")
        sent = self._state.deliveries.find(number)
        if sent is None:
            raise ActionError("There is no such delivery.")
        if wanted.get("at_once"):
            acks = await asyncio.gather(*(self._delivery.repeat(sent) for _ in range(count)))
        else:
            acks = [await self._delivery.repeat(sent) for _ in range(count)]
        return {"delivery": sent.as_json(), "acks": [ack.as_json() for ack in acks]}


def _encode(kind: Any, body: Any) -> str:
    if kind == "raw" and isinstance(body, str):
        return body
    if kind == "command" and isinstance(body, dict):
        return urlencode(body)
    if kind == "interactive" and isinstance(body, dict):
        return urlencode({"payload": json.dumps(body)})
    raise ActionError("kind must be raw, command, interactive or envelope, with a fitting body.")


def _answered(
    work: Callable[[web.Request], Awaitable[JSON]],
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return web.json_response({"ok": True, **await work(request)})
        except (ActionError, FaultError) as error:
            return web.json_response({"ok": False, "error": str(error)}, status=400)
        except (aiohttp.ClientError, ConnectionError, TimeoutError) as error:
            problem = f"The bot did not answer: {type(error).__name__}."
            return web.json_response({"ok": False, "error": problem}, status=502)

    return handle

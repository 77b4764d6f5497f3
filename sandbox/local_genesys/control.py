"""The control routes, which tests and the page's switches use to change the stand-in."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from aiohttp import web

from sandbox.faults import Fault, FaultError
from sandbox.local_genesys.auth import GRANTED
from sandbox.local_genesys.conversations import fail_message
from sandbox.local_genesys.deployments import STATUSES
from sandbox.local_genesys.messages import REASON_CODES
from sandbox.local_genesys.messenger import DISCONNECT_TYPES, PUSH_CONTENTS
from sandbox.local_genesys.people import read_object, refuse
from sandbox.local_genesys.records import Direction
from sandbox.local_genesys.responses import add_responses
from sandbox.local_genesys.seeding import add_crowd
from sandbox.local_genesys.state import World

_LARGEST_CROWD = 10_000
_PREFIX = re.compile(r"[a-z0-9]{1,20}")


class ControlRoutes:
    """The routes under /control/genesys."""

    def __init__(self, world: World, reset: Callable[[], None]) -> None:
        self._world = world
        self._reset_all = reset

    def routes(self) -> list[web.RouteDef]:
        """List the routes to mount."""
        return [
            web.post("/control/genesys/reset", self._reset),
            web.get("/control/genesys/faults", self._faults),
            web.post("/control/genesys/faults", self._add_fault),
            web.delete("/control/genesys/faults", self._clear_faults),
            web.get("/control/genesys/calls", self._calls),
            web.delete("/control/genesys/calls", self._forget_calls),
            web.get("/control/genesys/settings", self._settings),
            web.post("/control/genesys/settings", self._change_settings),
            web.post("/control/genesys/customers", self._add_customers),
            web.post("/control/genesys/responses", self._add_responses),
            web.post("/control/genesys/messages/{id}/fail", self._fail_message),
            web.get("/control/genesys/notifications", self._channels),
            web.post("/control/genesys/notifications", self._disturb_channels),
        ]

    async def _reset(self, _: web.Request) -> web.Response:
        self._reset_all()
        return web.json_response({"ok": True})

    async def _faults(self, _: web.Request) -> web.Response:
        return web.json_response({"faults": self._world.faults.as_json()})

    async def _add_fault(self, request: web.Request) -> web.Response:
        try:
            fault = Fault.parse(await read_object(request))
        except FaultError as error:
            raise refuse(web.HTTPBadRequest, str(error)) from None
        self._world.faults.add(fault)
        return web.json_response({"ok": True, "faults": self._world.faults.as_json()})

    async def _clear_faults(self, _: web.Request) -> web.Response:
        self._world.faults.clear()
        return web.json_response({"ok": True})

    async def _calls(self, _: web.Request) -> web.Response:
        return web.json_response({"calls": list(self._world.calls)})

    async def _forget_calls(self, _: web.Request) -> web.Response:
        self._world.calls.clear()
        return web.json_response({"ok": True})

    async def _settings(self, _: web.Request) -> web.Response:
        return web.json_response({"settings": self._settings_as_json()})

    async def _change_settings(self, request: web.Request) -> web.Response:
        wanted = await read_object(request)
        parsed: dict[str, Any] = {}
        for name, value in wanted.items():
            if name not in _PARSERS:
                known = ", ".join(_PARSERS)
                raise refuse(web.HTTPBadRequest, f"Unknown setting: {name}. Known: {known}.")
            try:
                parsed[name] = _PARSERS[name](value)
            except ValueError as error:
                raise refuse(web.HTTPBadRequest, f"{name}: {error}") from None
        self._world.settings = replace(self._world.settings, **parsed)
        self._world.changes.announce()
        return web.json_response({"ok": True, "settings": self._settings_as_json()})

    async def _add_customers(self, request: web.Request) -> web.Response:
        wanted = {"prefix": "bulk", "present": True, **await read_object(request)}
        count, prefix, present = wanted.get("count"), wanted["prefix"], wanted["present"]
        if not isinstance(count, int) or not 1 <= count <= _LARGEST_CROWD:
            raise refuse(web.HTTPBadRequest, f"count must be 1 to {_LARGEST_CROWD}.")
        if not isinstance(prefix, str) or not _PREFIX.fullmatch(prefix):
            raise refuse(web.HTTPBadRequest, "prefix must be lower-case letters and digits.")
        if not isinstance(present, bool):
            raise refuse(web.HTTPBadRequest, "present must be true or false.")
        crowd = add_crowd(self._world, count, prefix, present=present)
        self._world.changes.announce()
        return web.json_response({"ok": True, "emails": [customer.email for customer in crowd]})

    async def _add_responses(self, request: web.Request) -> web.Response:
        count = (await read_object(request)).get("count")
        if not isinstance(count, int) or not 1 <= count <= _LARGEST_CROWD:
            raise refuse(web.HTTPBadRequest, f"count must be 1 to {_LARGEST_CROWD}.")
        add_responses(self._world, count)
        return web.json_response({"ok": True})

    async def _fail_message(self, request: web.Request) -> web.Response:
        message = self._world.messages.get(request.match_info["id"])
        if message is None or message.direction is not Direction.OUTBOUND:
            raise refuse(web.HTTPNotFound, "There is no such message to a customer.")
        reason = await read_object(request)
        code, sentence = reason.get("code"), reason.get("message", "")
        if not isinstance(code, str) or not isinstance(sentence, str):
            raise refuse(web.HTTPBadRequest, "code and message must be texts.")
        if code not in REASON_CODES:
            known = ", ".join(sorted(REASON_CODES))
            raise refuse(web.HTTPBadRequest, f"Unknown code: {code}. Known: {known}.")
        fail_message(self._world, message, code, sentence)
        return web.json_response({"ok": True})

    async def _channels(self, _: web.Request) -> web.Response:
        channels = [
            {"id": one.id, "topics": one.topics, "connected": one.is_connected}
            for one in self._world.channels.all()
        ]
        return web.json_response({"channels": channels})

    async def _disturb_channels(self, request: web.Request) -> web.Response:
        match await read_object(request):
            case {"closing": True}:
                self._world.channels.announce_closing()
            case {"drop": True}:
                self._world.channels.hang_up()
            case _:
                raise refuse(web.HTTPBadRequest, "Say closing: true or drop: true.")
        return web.json_response({"ok": True})

    def _settings_as_json(self) -> dict[str, Any]:
        settings = asdict(self._world.settings)
        settings["missing_permissions"] = sorted(self._world.settings.missing_permissions)
        return settings


def _seconds(value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = float(value)
        if math.isfinite(number) and number >= 0:
            return number
    raise ValueError("must be a number, zero or more.")


def _some_seconds(value: object) -> float:
    number = _seconds(value)
    if number == 0:
        raise ValueError("must be more than zero.")
    return number


def _whole(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise ValueError("must be a whole number, one or more.")


def _permissions(value: object) -> frozenset[str]:
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        unknown = sorted(set(value) - GRANTED)
        if not unknown:
            return frozenset(value)
        raise ValueError(f"the client never had {', '.join(unknown)}.")
    raise ValueError("must be a list of permission names.")


def _one_of(choices: frozenset[str]) -> Callable[[object], str]:
    def parse(value: object) -> str:
        if isinstance(value, str) and value in choices:
            return value
        raise ValueError(f"must be one of {', '.join(map(repr, sorted(choices)))}.")

    return parse


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError("must be true or false.")


_PARSERS: dict[str, Callable[[object], Any]] = {
    "analytics_delay_seconds": _seconds,
    "calls_per_minute": _whole,
    "token_seconds": _whole,
    "missing_permissions": _permissions,
    "deployment_status": _one_of(STATUSES),
    "threading_timeline_minutes": _seconds,
    "answers_open_new_conversation": _flag,
    "heartbeat_seconds": _some_seconds,
    "session_duration_seconds": _whole,
    "messenger_enabled": _flag,
    "conversations_enabled": _flag,
    "disconnect_type": _one_of(DISCONNECT_TYPES),
    "push_content": _one_of(PUSH_CONTENTS),
    "pushes_reach_phones": _flag,
    "resolves_identities": _flag,
}

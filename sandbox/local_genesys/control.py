"""The control routes: what tests, and the page's switches, may do to the stand-in."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from aiohttp import web

from sandbox.faults import Fault, FaultError
from sandbox.local_genesys.auth import GRANTED
from sandbox.local_genesys.deployments import STATUSES
from sandbox.local_genesys.people import read_object, refuse
from sandbox.local_genesys.state import World


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


def _status(value: object) -> str:
    if isinstance(value, str) and value in STATUSES:
        return value
    raise ValueError(f"must be one of {', '.join(sorted(STATUSES))}.")


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise ValueError("must be true or false.")


_PARSERS: dict[str, Callable[[object], Any]] = {
    "analytics_delay_seconds": _seconds,
    "calls_per_minute": _whole,
    "token_seconds": _whole,
    "missing_permissions": _permissions,
    "deployment_status": _status,
    "threading_timeline_minutes": _seconds,
    "answers_open_new_conversation": _flag,
}

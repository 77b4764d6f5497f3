"""Answers /api/{method}: checks token, rate, scopes and arguments, then calls the method.

As in Slack, a refusal is HTTP 200 with `{"ok": false, "error": ...}`, and a rate limit is HTTP 429
with Retry-After. Faults that a test has ordered strike first.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from sandbox.faults import Fault, FaultKind, serve_with_fault

from . import chat, conversations, history, identities, user_groups
from .arguments import METHODS, Method, TokenKind, read_arguments
from .config import JSON
from .errors import SlackError
from .payloads import render_view
from .socket_mode import SocketMode
from .state import State
from .triggers import Trigger
from .views import View

Work = Callable[[State, Mapping[str, Any]], JSON]

_FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data", ""})
_NO_BODY = "application/octet-stream"  # aiohttp's name for "the request did not say"


def open_view(state: State, arguments: Mapping[str, Any]) -> JSON:
    """Open a modal (views.open)."""
    trigger = _find_trigger(state, arguments)
    view = state.views.open(trigger.user, arguments["view"])
    trigger.used = True
    return {"view": render_view(view)}


def push_view(state: State, arguments: Mapping[str, Any]) -> JSON:
    """Open a modal on top of the one in which the person acted (views.push)."""
    trigger = _find_trigger(state, arguments)
    below = state.views.find(trigger.view_id or "")
    if below is None or not below.is_open:
        raise SlackError("not_found")
    view = state.views.push(below, arguments["view"])
    trigger.used = True
    return {"view": render_view(view)}


def update_view(state: State, arguments: Mapping[str, Any]) -> JSON:
    """Replace what an open modal shows (views.update)."""
    view_id, external_id = arguments.get("view_id"), arguments.get("external_id")
    if not view_id and not external_id:
        raise SlackError("invalid_arguments", ["[ERROR] view_id or external_id is required"])
    found: View | None = (
        state.views.find(view_id) if view_id else state.views.find_external(external_id or "")
    )
    if found is None or not found.is_open:
        raise SlackError("not_found")
    if arguments.get("hash") not in (None, "", found.hash):
        raise SlackError("hash_conflict")
    return {"view": render_view(state.views.update(found, arguments["view"]))}


def publish_view(state: State, arguments: Mapping[str, Any]) -> JSON:
    """Show a person another Home tab (views.publish)."""
    if not state.manifest.home_tab:
        raise SlackError("not_enabled")
    user_id = str(arguments["user_id"])
    user = state.workspace.users.get(user_id)
    if user is None or user.is_bot:
        raise SlackError("invalid_arguments", ["[ERROR] invalid `user_id`"])
    version = arguments.get("hash") or ""
    return {"view": render_view(state.homes.publish(user_id, arguments["view"], version))}


def _find_trigger(state: State, arguments: Mapping[str, Any]) -> Trigger:
    trigger_id = arguments.get("trigger_id") or arguments.get("interactivity_pointer")
    if not trigger_id:
        raise SlackError("invalid_arguments", ["[ERROR] missing required field: trigger_id"])
    return state.triggers.find(str(trigger_id), state.settings.trigger_seconds)


_WORK: dict[str, Work] = {
    "auth.test": identities.test_auth,
    "bots.info": identities.read_bot,
    "chat.delete": chat.delete_message,
    "chat.getPermalink": chat.get_permalink,
    "chat.postEphemeral": chat.post_ephemeral,
    "chat.postMessage": chat.post_message,
    "chat.update": chat.update_message,
    "conversations.history": history.read_history,
    "conversations.info": conversations.read_conversation,
    "conversations.open": conversations.open_conversation,
    "conversations.replies": history.read_replies,
    "team.info": identities.read_team,
    "usergroups.list": user_groups.list_groups,
    "usergroups.users.list": user_groups.list_members,
    "users.info": identities.read_user,
    "views.open": open_view,
    "views.publish": publish_view,
    "views.push": push_view,
    "views.update": update_view,
}


class WebApi:
    """Serves the Web API."""

    def __init__(self, state: State, sockets: SocketMode) -> None:
        self._state = state
        self._sockets = sockets

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one call."""
        self._state.machine_url = f"{request.scheme}://{request.host}"
        method = request.match_info["method"]
        fault = self._state.faults.match(await _place(request, method))
        if fault is not None and fault.kind is FaultKind.CUT_BEFORE:
            self._log(method, {}, fault.kind.value)

        async def work() -> web.StreamResponse:
            return await self._answer(request, method)

        def refuse(fault: Fault) -> web.StreamResponse:
            return self._refuse_by(fault, method)

        return await serve_with_fault(request, fault, work, refuse)

    async def _answer(self, request: web.Request, method: str) -> web.StreamResponse:
        raw: JSON = {}
        try:
            if method not in METHODS:
                raise SlackError("unknown_method")
            raw = await _read_fields(request, METHODS[method])
            answer = {"ok": True, **self._perform(request, method, raw)}
        except SlackError as refusal:
            return self._refuse(method, raw, refusal)
        self._log(method, raw, None)
        return _json(answer, 200, {"X-OAuth-Scopes": ",".join(sorted(self._state.scopes))})

    def _perform(self, request: web.Request, name: str, raw: JSON) -> JSON:
        method = METHODS[name]
        self._require_token(request, method, raw)
        self._require_rate(name, method)
        if method.scopes and not self._state.scopes.intersection(method.scopes):
            raise SlackError("missing_scope", needed=",".join(method.scopes))
        arguments = read_arguments(method, raw)
        if name == "apps.connections.open":
            if request.method != "POST":
                raise SlackError("insecure_request")
            return {"url": self._sockets.issue_url(f"ws://{request.host}")}
        return _WORK[name](self._state, arguments)

    def _require_token(self, request: web.Request, method: Method, raw: JSON) -> None:
        config = self._state.config
        given = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        given = given or str(raw.get("token") or "")
        tokens = {TokenKind.BOT: config.bot_token, TokenKind.APP: config.app_token}
        if not given:
            raise SlackError("not_authed")
        if given not in filter(None, tokens.values()):
            raise SlackError("invalid_auth")
        if given != tokens[method.token]:
            raise SlackError("not_allowed_token_type")

    def _require_rate(self, name: str, method: Method) -> None:
        strict = self._state.settings.strict_rates
        wait = self._state.rates.count_call(name, method.tier, strict=strict)
        if wait is not None:
            raise SlackError("ratelimited", retry_after=wait)

    def _refuse(self, method: str, raw: JSON, refusal: SlackError) -> web.Response:
        self._log(method, raw, refusal.error)
        answer: JSON = {"ok": False, "error": refusal.error}
        if refusal.error == "unknown_method":
            answer["req_method"] = method
        if refusal.needed:
            answer |= {"needed": refusal.needed, "provided": ",".join(sorted(self._state.scopes))}
        if refusal.details:
            answer["response_metadata"] = {"messages": list(refusal.details)}
        if refusal.retry_after is None:
            return _json(answer)
        return _json(answer, 429, {"Retry-After": str(refusal.retry_after)})

    def _refuse_by(self, fault: Fault, method: str) -> web.Response:
        # Slack's errors come with HTTP 200, so a fault with status 400 means one of them.
        error = {429: "ratelimited", 503: "service_unavailable"}.get(fault.status or 0)
        if fault.kind is FaultKind.EXPIRED_TOKEN:
            error = "token_expired"
        answer = dict(fault.body or {"ok": False, "error": error or "internal_error"})
        self._log(method, {}, str(answer.get("error")))
        status = 200 if fault.status in (None, 400) else fault.status
        wait = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
        return _json(answer, status or 200, wait)

    def _log(self, method: str, raw: JSON, error: str | None) -> None:
        self._state.calls.add(self._state.clock(), method, raw, error)


async def _place(request: web.Request, method: str) -> str:
    """Name a call for faults: its method, and its channel after a space if there's one."""
    try:
        fields = await _read_fields(request, METHODS[method])
    except (KeyError, SlackError):
        return method
    return f"{method} {fields['channel']}" if fields.get("channel") else method


async def _read_fields(request: web.Request, method: Method) -> JSON:
    fields: JSON = dict(request.query)
    if request.content_type == "application/json":
        if not method.takes_json:
            raise SlackError("invalid_arguments", ["[ERROR] this method does not take JSON"])
        try:
            decoded = json.loads(await request.text() or "{}")
        except ValueError:
            raise SlackError("invalid_json") from None
        if not isinstance(decoded, dict):
            raise SlackError("json_not_object")
        decoded.pop("token", None)  # with JSON, Slack only reads the header's token
        return fields | decoded
    if request.content_type in _FORMS:
        return fields | dict(await request.post())
    if request.content_type == _NO_BODY and not await request.read():
        return fields
    raise SlackError("invalid_post_type")


def _json(
    answer: JSON, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    sent = {"x-slack-req-id": secrets.token_hex(16), **(headers or {})}
    return web.json_response(answer, status=status, headers=sent)

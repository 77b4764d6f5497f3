"""The bot's responses to an action: the body of its ack, or a post to the response_url.

Both have the same fields (`response_type`, `replace_original`, `delete_original`, `thread_ts`),
are ephemeral by default, and bypass the channel's posting rules.
"""

from __future__ import annotations

import json
from typing import Any

from aiohttp import web

from sandbox.faults import Fault, serve_with_fault

from .config import JSON
from .content import read_content
from .errors import SlackError
from .state import State
from .workspace import BOT_USER, Message

_FIELDS = frozenset(
    {
        *("text", "blocks", "attachments", "response_type", "replace_original"),
        *("delete_original", "thread_ts", "metadata", "mrkdwn", "parse", "link_names"),
        *("unfurl_links", "unfurl_media"),
    }
)
_NOT_FOUND = frozenset({"no_service", "used_url", "expired_url"})


def post_response(state: State, user: str, channel: str, body: Any, source: Message | None) -> None:
    """Show the bot's response to an action of `user` in `channel`.

    Only `source`, the message that the action was on, can be replaced or deleted. Raises
    SlackError for what Slack would refuse.
    """
    said = {"text": body} if isinstance(body, str) else body
    if not isinstance(said, dict):
        raise SlackError("invalid_payload")
    unknown = sorted(set(said) - _FIELDS)
    if unknown:
        raise SlackError("invalid_payload", [f"[ERROR] unknown field: {', '.join(unknown)}"])
    if said.get("delete_original"):
        if source is not None:
            state.workspace.remove(source)
        return
    content = read_content(said)
    if said.get("replace_original") and source is not None:
        content.put_on(source)
        state.workspace.changed()
        return
    kind = said.get("response_type", "ephemeral")
    if kind not in ("ephemeral", "in_channel"):
        raise SlackError("invalid_payload", ["[ERROR] response_type must be ephemeral/in_channel"])
    message = Message(state.workspace.next_ts(), channel, BOT_USER, "")
    message.thread_ts = said.get("thread_ts")
    message.ephemeral_to = user if kind == "ephemeral" else None
    state.workspace.add(content.put_on(message))


async def serve_response_url(state: State, request: web.Request) -> web.StreamResponse:
    """Answer a post to a response_url; faults know all of them as "response_url"."""
    fault = state.faults.match("response_url")
    return await serve_with_fault(request, fault, lambda: _respond(state, request), _refuse)


def _refuse(fault: Fault) -> web.Response:
    wait = {} if fault.retry_after is None else {"Retry-After": f"{fault.retry_after:g}"}
    return web.Response(status=fault.status or 404, headers=wait)


async def _respond(state: State, request: web.Request) -> web.Response:
    answer: JSON = {"ok": True}
    status = 200
    try:
        found = state.use_response_url(request.match_info["key"])
        body = json.loads(await request.text())
        post_response(state, found.user, found.channel, body, found.source)
    except SlackError as refusal:
        status = 404 if refusal.error in _NOT_FOUND else 400
        answer = {"ok": False, "error": refusal.error}
        if refusal.details:
            answer["response_metadata"] = {"messages": list(refusal.details)}
    except ValueError:
        status, answer = 400, {"ok": False, "error": "invalid_payload"}
    state.calls.add(state.clock(), "response_url", {}, answer.get("error"))
    if status == 200:
        return web.Response(text="ok")
    return web.json_response(answer, status=status)

"""The table of supported Web API methods: arguments, scopes and rate tiers.

`read_arguments` refuses arguments that are missing, unknown or of the wrong kind. Slack ignores
unknown arguments; the stand-in refuses them, so that a typo makes a test fail.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .errors import SlackError


class Kind(StrEnum):
    """The kind of value that an argument takes."""

    TEXT = "string"
    FLAG = "boolean"
    OBJECT = "object"
    LIST = "array"
    NUMBER = "number"


class Tier(StrEnum):
    """Slack's rate tiers; a special tier is described with the method."""

    TWO = "t2"
    THREE = "t3"
    FOUR = "t4"
    SPECIAL = "t5"


class TokenKind(StrEnum):
    """The token that a method needs."""

    BOT = "bot"
    APP = "app"


@dataclass(frozen=True)
class Argument:
    """One argument; `values` lists the allowed values, if there is a fixed list."""

    kind: Kind = Kind.TEXT
    required: bool = False
    values: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Method:
    """One method, which needs any one of `scopes`."""

    arguments: Mapping[str, Argument]
    tier: Tier
    scopes: tuple[str, ...] = ()
    takes_json: bool = True
    token: TokenKind = TokenKind.BOT


_TEXT = Argument()
_FLAG = Argument(Kind.FLAG)
_LIST = Argument(Kind.LIST)
_OBJECT = Argument(Kind.OBJECT)
_NUMBER = Argument(Kind.NUMBER)
_NEEDED = Argument(required=True)
_CONTENT = {
    "text": _TEXT,
    "blocks": _LIST,
    "attachments": _LIST,
    "markdown_text": _TEXT,
    "metadata": _OBJECT,
    "as_user": _FLAG,
    "link_names": _FLAG,
}
_LOOKS = {"icon_emoji": _TEXT, "icon_url": _TEXT, "username": _TEXT}
_PARSE = Argument(values=frozenset({"", "none", "full", "mrkdwn", "false"}))
_PAGES = {
    "channel": _NEEDED,
    "oldest": _TEXT,
    "latest": _TEXT,
    "inclusive": _FLAG,
    "limit": _NUMBER,
    "cursor": _TEXT,
    "include_all_metadata": _FLAG,
}
_HISTORY_SCOPES = ("channels:history", "groups:history", "im:history", "mpim:history")
_VIEW = {"view": Argument(Kind.OBJECT, required=True)}
_TRIGGER = {"trigger_id": _TEXT, "interactivity_pointer": _TEXT}

METHODS: dict[str, Method] = {
    "apps.connections.open": Method({}, Tier.THREE, token=TokenKind.APP),
    "auth.test": Method({}, Tier.SPECIAL),
    "bots.info": Method({"bot": _TEXT}, Tier.THREE, ("users:read",), takes_json=False),
    "chat.delete": Method(
        {"channel": _NEEDED, "ts": _NEEDED, "as_user": _FLAG}, Tier.THREE, ("chat:write",)
    ),
    "chat.getPermalink": Method(
        {"channel": _NEEDED, "message_ts": _NEEDED}, Tier.SPECIAL, takes_json=False
    ),
    "chat.postEphemeral": Method(
        {
            **_CONTENT,
            **_LOOKS,
            "channel": _NEEDED,
            "user": _NEEDED,
            "thread_ts": _TEXT,
            "parse": _PARSE,
        },
        Tier.FOUR,
        ("chat:write",),
    ),
    "chat.postMessage": Method(
        {
            **_CONTENT,
            **_LOOKS,
            "channel": _NEEDED,
            "thread_ts": _TEXT,
            "parse": _PARSE,
            "mrkdwn": _FLAG,
            "reply_broadcast": _FLAG,
            "unfurl_links": _FLAG,
            "unfurl_media": _FLAG,
            "current_draft_last_updated_ts": _TEXT,
        },
        Tier.SPECIAL,
        ("chat:write",),
    ),
    "chat.update": Method(
        {
            **_CONTENT,
            "channel": _NEEDED,
            "ts": _NEEDED,
            "parse": Argument(values=frozenset({"", "none", "full", "client"})),
            "reply_broadcast": _FLAG,
            "unfurled_attachments": _LIST,
            "file_ids": _LIST,
        },
        Tier.THREE,
        ("chat:write",),
    ),
    "conversations.history": Method(_PAGES, Tier.THREE, _HISTORY_SCOPES),
    "conversations.info": Method(
        {"channel": _NEEDED, "include_locale": _FLAG, "include_num_members": _FLAG},
        Tier.THREE,
        ("channels:read", "groups:read", "im:read", "mpim:read"),
        takes_json=False,
    ),
    "conversations.open": Method(
        {"channel": _TEXT, "users": _TEXT, "return_im": _FLAG, "prevent_creation": _FLAG},
        Tier.THREE,
        ("channels:manage", "groups:write", "im:write", "mpim:write"),
    ),
    "conversations.replies": Method(
        {**_PAGES, "ts": _NEEDED}, Tier.THREE, _HISTORY_SCOPES, takes_json=False
    ),
    "team.info": Method({"team": _TEXT, "domain": _TEXT}, Tier.THREE, ("team:read",)),
    "usergroups.list": Method(
        {f"include_{what}": _FLAG for what in ("count", "disabled", "users")},
        Tier.TWO,
        ("usergroups:read",),
        takes_json=False,
    ),
    "usergroups.users.list": Method(
        {"usergroup": _NEEDED, "include_disabled": _FLAG},
        Tier.TWO,
        ("usergroups:read",),
        takes_json=False,
    ),
    "users.info": Method(
        {"user": _NEEDED, "include_locale": _FLAG}, Tier.FOUR, ("users:read",), takes_json=False
    ),
    "views.open": Method({**_VIEW, **_TRIGGER}, Tier.FOUR),
    "views.publish": Method(
        {**_VIEW, "user_id": _NEEDED, "hash": _TEXT, "interactivity_pointer": _TEXT}, Tier.FOUR
    ),
    "views.push": Method({**_VIEW, **_TRIGGER}, Tier.FOUR),
    "views.update": Method(
        {**_VIEW, "view_id": _TEXT, "external_id": _TEXT, "hash": _TEXT}, Tier.FOUR
    ),
}

# Bolt sends team_id with every call; the token is read before the arguments.
_ALWAYS_ALLOWED = frozenset({"team_id", "token"})
_FLAGS = {"true": True, "1": True, "false": False, "0": False}
_WHOLE = re.compile(r"\d{1,9}\Z", re.ASCII)
_UNREADABLE = {
    "blocks": "invalid_blocks_format",
    "metadata": "invalid_metadata_format",
    "attachments": "invalid_attachments",
}


def read_arguments(method: Method, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Read a call's arguments; null counts as absent. Raises SlackError."""
    given = {name: value for name, value in raw.items() if value is not None}
    problems = [
        f"[ERROR] missing required field: {name}"
        for name, argument in method.arguments.items()
        if argument.required and given.get(name) in (None, "")
    ]
    problems += [
        f"[ERROR] unknown argument: {name}"
        for name in given
        if name not in method.arguments and name not in _ALWAYS_ALLOWED
    ]
    values = {}
    for name, value in given.items():
        argument = method.arguments.get(name)
        if argument is None:
            continue
        values[name] = _read(name, argument.kind, value)
        if argument.values and str(values[name]) not in argument.values:
            problems.append(f"[ERROR] {name} must be one of {', '.join(sorted(argument.values))}")
    if problems:
        raise SlackError("invalid_arguments", problems)
    return values


def _read(name: str, kind: Kind, value: Any) -> Any:
    if kind is Kind.FLAG:
        found = value if isinstance(value, bool) else _FLAGS.get(str(value).lower())
        if found is not None:
            return found
    elif kind is Kind.TEXT:
        if isinstance(value, str):
            return value
    elif kind is Kind.NUMBER:
        if not isinstance(value, bool) and _WHOLE.match(str(value)):
            return int(value)
    else:
        expected = dict if kind is Kind.OBJECT else list
        decoded = _decode(value)
        if isinstance(decoded, expected):
            return decoded
        if name in _UNREADABLE:
            raise SlackError(_UNREADABLE[name], [f"[ERROR] {name} is not a JSON {kind}"])
    raise SlackError("invalid_arguments", [f"[ERROR] {name} must be a {kind}"])


def _decode(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return None

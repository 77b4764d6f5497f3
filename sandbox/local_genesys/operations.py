"""The table of supported operations: path, permissions, body and function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from sandbox.local_genesys import assumptions
from sandbox.local_genesys.analytics import QUERY, query_details
from sandbox.local_genesys.contacts import (
    IDENTIFIER,
    look_up_details,
    look_up_identifier,
    read_contact,
)
from sandbox.local_genesys.deployments import list_deployments, read_deployment
from sandbox.local_genesys.messages import read_conversation, read_message, read_message_of
from sandbox.local_genesys.messenger import read_configuration, read_identity_resolution
from sandbox.local_genesys.organization import read_subject, read_token_info
from sandbox.local_genesys.responses import list_libraries, list_responses
from sandbox.local_genesys.sending import SEND, send_agentless
from sandbox.local_genesys.shapes import Shape, check_query
from sandbox.local_genesys.state import World
from sandbox.local_genesys.subscriptions import (
    TOPICS,
    clear_topics,
    list_topics,
    open_channel,
    subscribe,
)


@dataclass(frozen=True)
class Call:
    """One authenticated call, whose body has the operation's shape."""

    token: str
    path: dict[str, str]
    query: dict[str, str]
    body: Any
    host: str


@dataclass(frozen=True)
class Operation:
    """One operation; it needs one of the permissions in `any_of`, and all in `all_of`."""

    method: str
    path: str
    any_of: tuple[str, ...]
    work: Callable[[World, Call], dict[str, Any]]
    body: Shape | None = None
    status: int = 200
    all_of: tuple[str, ...] = ()


def _send(world: World, call: Call) -> dict[str, Any]:
    check_query(call.query, {})
    return send_agentless(world, call.body)


def _query(world: World, call: Call) -> dict[str, Any]:
    check_query(call.query, {})
    return query_details(world, call.body)


def _read_conversation(world: World, call: Call) -> dict[str, Any]:
    check_query(call.query, {})
    return read_conversation(world, call.path["conversation_id"])


def _read_message(world: World, call: Call) -> dict[str, Any]:
    check_query(call.query, {})
    return read_message(world, call.path["message_id"])


def _read_message_of(world: World, call: Call) -> dict[str, Any]:
    check_query(call.query, {})
    return read_message_of(world, call.path["conversation_id"], call.path["message_id"])


def _open_channel(world: World, call: Call) -> dict[str, Any]:
    check_query(call.query, {})
    return open_channel(world, call.host)


def _list_topics(world: World, call: Call) -> dict[str, Any]:
    check_query(call.query, {})
    return list_topics(world, call.path["channel_id"])


def _clear_topics(world: World, call: Call) -> dict[str, Any]:
    check_query(call.query, {})
    return clear_topics(world, call.path["channel_id"])


def _subscribe(world: World, call: Call, *, replacing: bool) -> dict[str, Any]:
    channel_id = call.path["channel_id"]
    return subscribe(world, channel_id, call.body, call.query, replacing=replacing)


_CONTACT_VIEW = ("externalContacts:contact:view",)
_MESSAGE_VIEW = ("conversation:message:view", "conversation:webmessaging:view")
_DEPLOYMENT_VIEW = ("webDeployments:deployment:view",)
_DETAIL_VIEW = ("analytics:conversationDetail:view", "analytics:agentConversationDetail:view")
_MESSAGES = "/api/v2/conversations/messages"
_CONTACTS = "/api/v2/externalcontacts"
_CHANNELS = "/api/v2/notifications/channels"
_SUBSCRIPTIONS = f"{_CHANNELS}/{{channel_id}}/subscriptions"
_DEPLOYMENTS = "/api/v2/webdeployments/deployments"
_TEXTS = "/api/v2/responsemanagement"

OPERATIONS: Final[tuple[Operation, ...]] = (
    Operation(
        "POST",
        f"{_CONTACTS}/identifierlookup/contacts",
        _CONTACT_VIEW,
        lambda world, call: look_up_identifier(world, call.body, call.query),
        body=IDENTIFIER,
    ),
    Operation(
        "GET",
        f"{_CONTACTS}/reversewhitepageslookup",
        _CONTACT_VIEW,
        lambda world, call: look_up_details(world, call.query),
    ),
    Operation(
        "GET",
        f"{_CONTACTS}/contacts/{{contact_id}}",
        ("relate:contact:view", *_CONTACT_VIEW),
        lambda world, call: read_contact(world, call.path["contact_id"], call.query),
    ),
    Operation(
        "POST",
        "/api/v2/analytics/conversations/details/query",
        _DETAIL_VIEW,
        _query,
        body=QUERY,
    ),
    Operation(
        "POST",
        f"{_MESSAGES}/agentless",
        ("conversation:message:create",),
        _send,
        body=SEND,
        status=assumptions.SEND_ANSWER_STATUS,
    ),
    Operation("GET", f"{_MESSAGES}/{{conversation_id}}", (), _read_conversation),
    Operation("GET", f"{_MESSAGES}/{{message_id}}/details", _MESSAGE_VIEW, _read_message),
    Operation(
        "GET",
        f"{_MESSAGES}/{{conversation_id}}/messages/{{message_id}}",
        _MESSAGE_VIEW,
        _read_message_of,
    ),
    Operation(
        "GET",
        f"{_DEPLOYMENTS}/{{deployment_id}}",
        _DEPLOYMENT_VIEW,
        lambda world, call: read_deployment(world, call.path["deployment_id"], call.query),
    ),
    Operation(
        "GET",
        _DEPLOYMENTS,
        _DEPLOYMENT_VIEW,
        lambda world, call: list_deployments(world, call.query),
    ),
    Operation(
        "GET",
        f"{_DEPLOYMENTS}/{{deployment_id}}/configurations",
        (),
        lambda world, call: read_configuration(world, call.path["deployment_id"], call.query),
    ),
    Operation(
        "GET",
        f"{_DEPLOYMENTS}/{{deployment_id}}/identityresolution",
        (),
        lambda world, call: read_identity_resolution(world, call.path["deployment_id"], call.query),
        all_of=(*_DEPLOYMENT_VIEW, "webDeployments:identityResolution:view"),
    ),
    Operation(
        "GET",
        f"{_TEXTS}/libraries",
        ("responses:library:view",),
        lambda world, call: list_libraries(world, call.query),
    ),
    Operation(
        "GET",
        f"{_TEXTS}/responses",
        ("responses:response:view",),
        lambda world, call: list_responses(world, call.query),
    ),
    Operation("POST", _CHANNELS, (), _open_channel),
    Operation("GET", _SUBSCRIPTIONS, (), _list_topics),
    Operation("POST", _SUBSCRIPTIONS, (), partial(_subscribe, replacing=False), body=TOPICS),
    Operation("PUT", _SUBSCRIPTIONS, (), partial(_subscribe, replacing=True), body=TOPICS),
    Operation("DELETE", _SUBSCRIPTIONS, (), _clear_topics),
    Operation(
        "GET",
        "/api/v2/tokens/me",
        (),
        lambda world, call: read_token_info(world, call.token, call.query),
    ),
    Operation(
        "GET",
        "/api/v2/authorization/subjects/me",
        (),
        lambda world, call: read_subject(world, call.query),
    ),
)

"""The customers' side: who they are, what they received, and what they do on the web page."""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

from aiohttp import WSCloseCode, web

from sandbox.local_genesys import assumptions
from sandbox.local_genesys.conversations import (
    answer,
    come_or_go,
    end_conversation,
    messages_to,
    read_messages,
)
from sandbox.local_genesys.deployments import find_deployment
from sandbox.local_genesys.records import Conversation, Customer, MessageStatus
from sandbox.local_genesys.routing import let_agent_join
from sandbox.local_genesys.sample_customers import MAIN_DEPLOYMENT_ID
from sandbox.local_genesys.state import World, as_iso


class PeopleRoutes:
    """The routes under /customers, for the page and for tests."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._sockets: set[web.WebSocketResponse] = set()

    def routes(self) -> list[web.RouteDef]:
        """List the routes to mount."""
        return [
            web.get("/customers", self._list),
            web.get("/customers/events", self._events),
            web.post("/customers/{id}/presence", self._presence),
            web.post("/customers/{id}/read", self._read),
            web.post("/customers/{id}/answer", self._answer),
            web.post("/customers/{id}/end", self._end),
            web.post("/customers/{id}/agent", self._agent),
        ]

    async def hang_up(self) -> None:
        """Close the pages' sockets, so that the server can stop without waiting for them."""
        for socket in list(self._sockets):
            await socket.close(code=WSCloseCode.GOING_AWAY)

    async def _list(self, _: web.Request) -> web.Response:
        deployment = find_deployment(self._world, MAIN_DEPLOYMENT_ID)
        shown = None
        if deployment is not None:
            shown = {"id": deployment.id, "name": deployment.name, "status": deployment.status}
        customers = [self._as_json(customer) for customer in self._world.customers.values()]
        return web.json_response({"customers": customers, "deployment": shown})

    async def _presence(self, request: web.Request) -> web.Response:
        customer, present = self._customer(request), (await read_object(request)).get("present")
        if not isinstance(present, bool):
            raise refuse(web.HTTPBadRequest, "present must be true or false.")
        come_or_go(self._world, customer, present)
        return self._done(customer)

    async def _read(self, request: web.Request) -> web.Response:
        customer = self._customer(request)
        read_messages(self._world, customer)
        return self._done(customer)

    async def _answer(self, request: web.Request) -> web.Response:
        customer, text = self._customer(request), (await read_object(request)).get("text")
        if not isinstance(text, str) or not text.strip():
            raise refuse(web.HTTPBadRequest, "text must say something.")
        if len(text) > assumptions.LONGEST_TEXT:
            longest = assumptions.LONGEST_TEXT
            raise refuse(web.HTTPBadRequest, f"text may have at most {longest} characters.")
        message = answer(self._world, customer, text)
        return self._done(customer, message_id=message.id, conversation_id=message.conversation_id)

    async def _end(self, request: web.Request) -> web.Response:
        customer = self._customer(request)
        if not end_conversation(self._world, customer):
            raise refuse(web.HTTPConflict, "This customer has no open conversation to end.")
        return self._done(customer)

    async def _agent(self, request: web.Request) -> web.Response:
        customer, joins = self._customer(request), (await read_object(request)).get("joins")
        if joins is not True:
            raise refuse(web.HTTPBadRequest, "joins must be true; agents leave by ending.")
        conversation = let_agent_join(self._world, customer)
        if conversation is None:
            raise refuse(web.HTTPConflict, "This customer has no open conversation to join.")
        return self._done(customer, conversation_id=conversation.id)

    async def _events(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(heartbeat=30)
        await socket.prepare(request)
        self._sockets.add(socket)
        with self._world.changes.follow() as changed:
            teller = asyncio.create_task(_tell(socket, changed))
            try:
                async for _ in socket:
                    pass  # ignore messages; reading notices when the page leaves
            finally:
                teller.cancel()
                self._sockets.discard(socket)
        return socket

    def _customer(self, request: web.Request) -> Customer:
        customer = self._world.customers.get(request.match_info["id"])
        if customer is None:
            raise refuse(web.HTTPNotFound, "There is no such customer in the sandbox.")
        return customer

    def _done(self, customer: Customer, **more: str) -> web.Response:
        return web.json_response({"ok": True, "customer": self._as_json(customer), **more})

    def _as_json(self, customer: Customer) -> dict[str, Any]:
        conversations = [
            conversation
            for conversation in self._world.conversations_of(customer.contact_id)
            if conversation.deployment_id
        ]
        conversations.sort(key=lambda conversation: conversation.started_at)
        arrived = [
            message
            for message in messages_to(self._world, customer)
            if message.status is MessageStatus.DELIVERED
        ]
        return {
            "id": customer.id,
            "name": customer.name,
            "email": customer.email,
            "phone": customer.phone,
            "story": customer.story,
            "expects": customer.expects,
            "present": customer.present,
            "unread": len(arrived),
            "conversations": [_conversation_as_json(each) for each in conversations],
        }


async def _tell(socket: web.WebSocketResponse, changed: asyncio.Event) -> None:
    with contextlib.suppress(ConnectionError):
        while not socket.closed:
            await changed.wait()
            changed.clear()
            await socket.send_json({"changed": True})


def _conversation_as_json(conversation: Conversation) -> dict[str, Any]:
    return {
        "id": conversation.id,
        "started_at": as_iso(conversation.started_at),
        "ended_at": None if conversation.ended_at is None else as_iso(conversation.ended_at),
        "deployment_id": conversation.deployment_id,
        "messages": [
            {
                "id": message.id,
                "direction": message.direction.value,
                "text": message.text,
                "at": as_iso(message.at),
                "status": message.status.value,
            }
            for message in conversation.messages
        ],
    }


async def read_object(request: web.Request) -> dict[str, Any]:
    """Read a JSON object from a request of the page or of a test."""
    try:
        body = json.loads(await request.read() or b"{}")
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise refuse(web.HTTPBadRequest, "The body must be a JSON object.")
    return body


def refuse(kind: type[web.HTTPException], sentence: str) -> web.HTTPException:
    """Build a refusal whose body is {"error": sentence}, to be raised."""
    return kind(text=json.dumps({"error": sentence}), content_type="application/json")

"""Routes a conversation to a flow, then to a queue, and to an agent who joins.

Each change is published on the conversation's notification topics.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from sandbox.local_genesys.records import Conversation, Customer, Direction, Message, Participant
from sandbox.local_genesys.sample_customers import fixed_id
from sandbox.local_genesys.state import World

FLOW_ID = fixed_id("flow")
FLOW_NAME = "Web messaging flow"
QUEUE_ID = fixed_id("queue")
QUEUE_NAME = "Support"
AGENT_ID = fixed_id("user/agent")
AGENT_NAME = "Ada Nowak"
SERVING = ("workflow", "acd", "agent")
_EVENTS = {"customer": "customer", "workflow": "flow", "acd": "acd", "agent": "user"}


def serve(world: World, customer: Customer, conversation: Conversation) -> None:
    """Give a conversation that nobody serves to the flow, and a step later to the queue."""
    if _serving(conversation):
        return
    flow = _join(world, customer, conversation, "workflow")

    def hand_to_queue() -> None:
        if conversation.ended_at is None and flow.ended_at is None:
            _step_back(world, conversation)
            _join(world, customer, conversation, "acd")

    after_a_step(world, hand_to_queue)


def let_agent_join(world: World, customer: Customer) -> Conversation | None:
    """Give the customer's open conversation to an agent; return None if there is none."""
    known = world.web_conversations(customer.contact_id, customer.deployment_id)
    still_open = [conversation for conversation in known if conversation.is_open]
    if not still_open:
        return None
    conversation = still_open[-1]
    if all(party.purpose != "agent" for party in _serving(conversation)):
        _step_back(world, conversation)
        _join(world, customer, conversation, "agent")
    return conversation


def _serving(conversation: Conversation) -> list[Participant]:
    return [
        party
        for party in conversation.participants
        if party.purpose in SERVING and party.ended_at is None
    ]


def _step_back(world: World, conversation: Conversation) -> None:
    for party in _serving(conversation):
        party.ended_at = world.clock()


def _join(
    world: World, customer: Customer, conversation: Conversation, purpose: str
) -> Participant:
    names = {"workflow": FLOW_NAME, "acd": QUEUE_NAME, "agent": AGENT_NAME}
    party = Participant(
        purpose=purpose,
        direction=Direction.INBOUND,
        started_at=world.clock(),
        address_from=customer.address,
        address_to=customer.deployment_id,
        name=names[purpose],
        flow_id=FLOW_ID if purpose == "workflow" else None,
        queue_id=QUEUE_ID if purpose == "acd" else None,
        user_id=AGENT_ID if purpose == "agent" else None,
    )
    conversation.participants.append(party)
    announce_start(world, conversation, party)
    world.changes.announce()
    return party


def announce_start(world: World, conversation: Conversation, party: Participant) -> None:
    """Publish that a party's session has started."""
    kind = _EVENTS[party.purpose]
    body: dict[str, Any] = {
        "eventTime": _milliseconds(world),
        "conversationId": conversation.id,
        "participantId": party.id,
        "sessionId": party.session_id,
        "mediaType": "MESSAGE",
        "messageType": "WEBMESSAGING",
        "provider": "PureCloud Messaging",
        "direction": party.direction.value.upper(),
        "addressFrom": party.address_from,
        "addressTo": party.address_to,
    }
    own = (
        ("externalContactId", party.contact_id),
        ("flowId", party.flow_id),
        ("queueId", party.queue_id),
        ("userId", party.user_id),
    )
    body.update({name: value for name, value in own if value is not None})
    if party.flow_id is not None:
        body["flowType"] = "INBOUNDSHORTMESSAGE"
    world.channels.publish(f"v2.detail.events.conversation.{conversation.id}.{kind}.start", body)


def announce_undelivered(world: World, customer: Customer, message: Message) -> None:
    """Publish on the deployment's topic that the customer wasn't there to get a message."""
    now = _milliseconds(world)
    world.channels.publish(
        f"v2.webmessaging.deployments.{customer.deployment_id}.undelivered.messages",
        {
            "conversationId": message.conversation_id,
            "deploymentId": customer.deployment_id,
            "participantId": message.participant_id,
            "externalContactId": customer.contact_id,
            "messages": [{"id": message.id, "eventTimeMs": now}],
            "eventTimeMs": now,
        },
    )


def after_a_step(world: World, do: Callable[[], None]) -> None:
    """Call `do` on the running event loop after `World.step_seconds`."""
    asyncio.get_running_loop().call_later(world.step_seconds, do)


def _milliseconds(world: World) -> int:
    return int(world.clock().timestamp() * 1000)

"""Starts and continues conversations: a customer's chat, an agentless message, a reply.

A message to a customer moves queued -> sent -> delivery-success, or delivery-failed while they're
away. It takes a step every `World.step_seconds` on the running event loop. routing.py decides who
gets a customer's message.
"""

from __future__ import annotations

import uuid

from sandbox.local_genesys.records import (
    Conversation,
    Customer,
    Direction,
    Message,
    MessageStatus,
    Participant,
)
from sandbox.local_genesys.routing import (
    after_a_step,
    announce_start,
    announce_undelivered,
    serve,
)
from sandbox.local_genesys.state import World


def send_to_customer(
    world: World, customer: Customer, text: str, into: Conversation | None
) -> Message:
    """Accept an agentless message into `into` or a new conversation, and start delivering it."""
    now = world.clock()
    if into is None:
        into = Conversation(
            id=str(uuid.uuid4()),
            deployment_id=customer.deployment_id,
            contact_id=customer.contact_id,
            initiator="api",
            direction=Direction.OUTBOUND,
            started_at=now,
            ended_at=now,
        )
        guest = _customer_party(world, customer, Direction.OUTBOUND)
        guest.ended_at = now
        into.participants.append(guest)
        announce_start(world, into, guest)
    if into.ended_at is not None:
        into.ended_at = now
    sender = Participant(
        purpose="api",
        direction=Direction.OUTBOUND,
        started_at=now,
        ended_at=now,
        address_from=customer.deployment_id,
        address_to=customer.address,
    )
    into.participants.append(sender)
    message = _add_message(world, into, sender, text, MessageStatus.QUEUED)
    world.add_conversation(into)
    after_a_step(world, lambda: _leave(world, customer, message))
    return message


def _leave(world: World, customer: Customer, message: Message) -> None:
    if message.status is not MessageStatus.QUEUED:
        return
    _move(world, message, MessageStatus.SENT)
    after_a_step(world, lambda: _arrive(world, customer, message))


def _arrive(world: World, customer: Customer, message: Message) -> None:
    if message.status is not MessageStatus.SENT:
        return
    reached = MessageStatus.DELIVERED if customer.present else MessageStatus.UNDELIVERED
    _move(world, message, reached)
    if reached is MessageStatus.UNDELIVERED:
        announce_undelivered(world, customer, message)


def fail_message(world: World, message: Message, code: str, sentence: str) -> None:
    """Make a message to a customer fail permanently, with one of Genesys Cloud's reasons."""
    message.failure = code, sentence
    _move(world, message, MessageStatus.FAILED)


def come_or_go(world: World, customer: Customer, present: bool) -> None:
    """Set whether the customer is on the page; if they come, waiting messages arrive."""
    customer.present = present
    if present:
        for message in messages_to(world, customer):
            if message.status is MessageStatus.UNDELIVERED:
                _move(world, message, MessageStatus.DELIVERED)
    world.changes.announce()


def read_messages(world: World, customer: Customer) -> int:
    """Mark what has arrived as read if the customer is on the page; return how many messages."""
    if not customer.present:
        return 0
    arrived = [m for m in messages_to(world, customer) if m.status is MessageStatus.DELIVERED]
    for message in arrived:
        _move(world, message, MessageStatus.READ)
    return len(arrived)


def messages_to(world: World, customer: Customer) -> list[Message]:
    """List the outbound messages of a customer's web messaging conversations."""
    return [
        message
        for conversation in world.conversations_of(customer.contact_id)
        if conversation.deployment_id
        for message in conversation.messages
        if message.direction is Direction.OUTBOUND
    ]


def answer(world: World, customer: Customer, text: str) -> Message:
    """Add a customer's message to the open conversation, one to continue, or a new one."""
    now = world.clock()
    conversation = _conversation_to_continue(world, customer)
    if conversation is None:
        conversation = Conversation(
            id=str(uuid.uuid4()),
            deployment_id=customer.deployment_id,
            contact_id=customer.contact_id,
            initiator="customer",
            direction=Direction.INBOUND,
            started_at=now,
        )
        guest = _customer_party(world, customer, Direction.INBOUND)
        conversation.participants.append(guest)
        announce_start(world, conversation, guest)
    conversation.ended_at = None
    conversation.customer.ended_at = None
    message = _add_message(world, conversation, conversation.customer, text, MessageStatus.RECEIVED)
    world.add_conversation(conversation)
    come_or_go(world, customer, present=True)
    read_messages(world, customer)
    serve(world, customer, conversation)
    return message


def _conversation_to_continue(world: World, customer: Customer) -> Conversation | None:
    known = world.web_conversations(customer.contact_id, customer.deployment_id)
    still_open = [conversation for conversation in known if conversation.is_open]
    if still_open:
        return still_open[-1]
    if not known or world.settings.answers_open_new_conversation:
        return None
    latest = known[-1]
    unanswered = latest.initiator == "api" and not latest.customer_wrote_by(world.clock())
    return latest if unanswered or world.within_timeline(latest) else None


def end_conversation(world: World, customer: Customer) -> bool:
    """End the customer's open conversation; return False if there is none."""
    known = world.web_conversations(customer.contact_id, customer.deployment_id)
    still_open = [conversation for conversation in known if conversation.is_open]
    now = world.clock()
    for conversation in still_open:
        conversation.ended_at = now
        for party in conversation.participants:
            party.ended_at = party.ended_at or now
    if still_open:
        world.changes.announce()
    return bool(still_open)


def _customer_party(world: World, customer: Customer, direction: Direction) -> Participant:
    inbound = direction is Direction.INBOUND
    return Participant(
        purpose="customer",
        direction=direction,
        started_at=world.clock(),
        address_from=customer.address if inbound else customer.deployment_id,
        address_to=customer.deployment_id if inbound else customer.address,
        contact_id=customer.contact_id,
        name=customer.name,
    )


def _add_message(
    world: World, conversation: Conversation, writer: Participant, text: str, first: MessageStatus
) -> Message:
    inbound = first is MessageStatus.RECEIVED
    now = world.clock()
    message = Message(
        id=str(uuid.uuid4()),
        conversation_id=conversation.id,
        participant_id=writer.id,
        direction=Direction.INBOUND if inbound else Direction.OUTBOUND,
        text=text,
        at=now,
        history=[(first, now)],
    )
    conversation.messages.append(message)
    world.changes.announce()
    return message


def _move(world: World, message: Message, status: MessageStatus) -> None:
    message.history.append((status, world.clock()))
    world.changes.announce()

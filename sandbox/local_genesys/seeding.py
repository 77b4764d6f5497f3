"""Adds customers to the world: contacts, guest sessions and past chats."""

from __future__ import annotations

from datetime import datetime, timedelta

from sandbox.local_genesys.records import (
    WEB_MESSAGING,
    Contact,
    Conversation,
    Customer,
    Direction,
    Message,
    MessageStatus,
    Participant,
)
from sandbox.local_genesys.routing import (
    AGENT_ID,
    AGENT_NAME,
    FLOW_ID,
    FLOW_NAME,
    QUEUE_ID,
    QUEUE_NAME,
)
from sandbox.local_genesys.sample_customers import (
    SAMPLE_CUSTOMERS,
    Chat,
    SampleCustomer,
    build_customer,
    fixed_id,
)
from sandbox.local_genesys.state import World

COMPANY_NUMBER = "+12025550143"
CUSTOMER_NUMBER = "+12025550178"


def seed_customers(world: World) -> None:
    """Add the sample customers, with the history that their stories tell."""
    for member in SAMPLE_CUSTOMERS:
        _add(world, member)


def add_crowd(world: World, count: int, prefix: str, *, present: bool) -> list[Customer]:
    """Add customers who chatted yesterday, numbered `prefix`-0001 and on after existing ones."""
    taken = sum(customer_id.startswith(f"{prefix}-") for customer_id in world.customers)
    numbers = range(taken + 1, taken + count + 1)
    return [_add(world, _passer_by(number, prefix, present)) for number in numbers]


def _passer_by(number: int, prefix: str, present: bool) -> SampleCustomer:
    key = f"{prefix}-{number:04}"
    return SampleCustomer(
        key=key,
        first_name=prefix.capitalize(),
        last_name=f"{number:04}",
        email=f"{key}@example.com",
        present=present,
        story="One of a crowd. Chatted yesterday.",
        expects="The message is sent.",
        chats=(Chat(24),),
    )


def _add(world: World, member: SampleCustomer) -> Customer:
    for contact in _contacts(member):
        world.contacts[contact.id] = contact
    customer = build_customer(member)
    world.add_customer(customer)
    for number, chat in enumerate(member.chats):
        world.add_conversation(_conversation(world, customer, chat, number))
    return customer


def _contacts(member: SampleCustomer) -> list[Contact]:
    own_id = fixed_id(f"contact/{member.key}")
    visitor_id = fixed_id(f"visitor/{member.key}")
    family = (own_id, visitor_id) if member.merged_into_new else ()
    contact = Contact(
        id=own_id,
        contact_type=member.contact_type,
        first_name=member.first_name,
        last_name=member.last_name,
        email=member.email,
        phone=member.phone,
        claims_details=member.claims_details,
        organization=member.organization,
        canonical_id=own_id if family else None,
        merge_set=family,
    )
    if not family:
        return [contact]
    visitor = Contact(
        id=visitor_id, contact_type="Ephemeral", canonical_id=own_id, merge_set=family
    )
    return [contact, visitor]


def _conversation(world: World, customer: Customer, chat: Chat, number: int) -> Conversation:
    started = world.clock() - timedelta(hours=chat.hours_ago)
    ended = None if chat.minutes is None else started + timedelta(minutes=chat.minutes)
    served = started + timedelta(minutes=1)
    key = f"{customer.id}/{number}"
    conversation = Conversation(
        id=fixed_id(f"conversation/{key}"),
        deployment_id=chat.deployment_id,
        contact_id=customer.contact_id,
        initiator="customer",
        direction=Direction.INBOUND,
        started_at=started,
        ended_at=ended,
    )
    parties = (
        ("customer", customer.name, started, ended),
        ("workflow", FLOW_NAME, started, served),
        ("acd", QUEUE_NAME, started, served),
        ("agent", AGENT_NAME, served, ended),
    )
    for purpose, name, since, until in parties:
        party = _party(customer, chat, purpose, since, key)
        party.name, party.ended_at = name, until
        conversation.participants.append(party)
    _add_lines(conversation, chat, key)
    return conversation


def _party(customer: Customer, chat: Chat, purpose: str, since: datetime, key: str) -> Participant:
    is_web = chat.deployment_id is not None
    return Participant(
        purpose=purpose,
        direction=Direction.INBOUND,
        started_at=since,
        address_from=customer.address if is_web else CUSTOMER_NUMBER,
        address_to=chat.deployment_id or COMPANY_NUMBER,
        message_type=WEB_MESSAGING if is_web else "sms",
        id=fixed_id(f"participant/{key}/{purpose}"),
        session_id=fixed_id(f"session/{key}/{purpose}"),
        contact_id=customer.contact_id if purpose == "customer" else None,
        flow_id=FLOW_ID if purpose == "workflow" else None,
        queue_id=QUEUE_ID if purpose == "acd" else None,
        user_id=AGENT_ID if purpose == "agent" else None,
    )


def _add_lines(conversation: Conversation, chat: Chat, key: str) -> None:
    writers = [p for p in conversation.participants if p.purpose in {"customer", "agent"}]
    for index, line in enumerate(chat.lines):
        by_customer = index % 2 == 0
        status = MessageStatus.RECEIVED if by_customer else MessageStatus.READ
        at = conversation.started_at + timedelta(minutes=1.5 * index)
        conversation.messages.append(
            Message(
                id=fixed_id(f"message/{key}/{index}"),
                conversation_id=conversation.id,
                participant_id=writers[index % 2].id,
                direction=Direction.INBOUND if by_customer else Direction.OUTBOUND,
                text=line,
                at=at,
                history=[(status, at)],
            )
        )

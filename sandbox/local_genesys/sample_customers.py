"""The sandbox's customers: one for each answer that the bot can give.

Ids are derived from names, so they're the same on every run. All addresses are reserved for
documentation, except a number in Japan that nobody can have. nobody@example.com is left out so
that people can look up an unknown customer.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Final

from sandbox.local_genesys.records import Customer, Deployment
from sandbox.local_genesys.state import World


def fixed_id(name: str) -> str:
    """Return the id for a name, which is the same on every run."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"local-genesys/{name}"))


MAIN_DEPLOYMENT_ID: Final = fixed_id("deployment/website")
CAREERS_DEPLOYMENT_ID: Final = fixed_id("deployment/careers")


@dataclass(frozen=True)
class Chat:
    """A conversation from before the sandbox started."""

    hours_ago: float
    lines: tuple[str, ...] = ("Hello, is anybody there?", "Yes, how can I help?")
    minutes: float | None = 12.0  # None: still open
    deployment_id: str | None = MAIN_DEPLOYMENT_ID  # None: a text message (SMS)


@dataclass(frozen=True)
class SampleCustomer:
    """A customer: who they are, what happened before, and what the bot should do."""

    key: str
    first_name: str
    last_name: str
    story: str
    expects: str
    email: str | None = None
    phone: str | None = None
    present: bool = False
    chats: tuple[Chat, ...] = ()
    organization: str | None = None
    contact_type: str = "Curated"
    claims_details: bool = True
    merged_into_new: bool = False  # chats keep the id from before the merge


SAMPLE_CUSTOMERS: Final[tuple[SampleCustomer, ...]] = (
    SampleCustomer(
        key="jane",
        first_name="Jane",
        last_name="Doe",
        email="jane@example.com",
        phone="+442079460018",
        present=True,
        story="Chatted about a parcel two days ago. She's on the page now.",
        expects="The message is sent and arrives immediately.",
        chats=(
            Chat(24 * 40, ("Do you deliver on Saturdays?", "We do.")),
            Chat(24 * 9, ("Can I change my address?", "Done!", "Thank you.")),
            Chat(48, ("My parcel has not arrived.", "We are looking into it.")),
        ),
    ),
    SampleCustomer(
        key="amir",
        first_name="Amir",
        last_name="Haddad",
        email="amir@example.com",
        story="Chatted last week and has left the page since.",
        expects="The message is sent and waits until he's back on the page.",
        chats=(Chat(24 * 7, ("Is the blue one in stock?", "From Monday on.")),),
    ),
    SampleCustomer(
        key="olga",
        first_name="Olga",
        last_name="Ivanova",
        email="olga@example.com",
        present=True,
        story="Is chatting with an agent right now.",
        expects="Refused, or sent into the open conversation if the agent chooses that.",
        chats=(
            Chat(24 * 20),
            Chat(1, ("I was charged twice.", "Let me check that for you."), None),
        ),
    ),
    SampleCustomer(
        key="nils",
        first_name="Nils",
        last_name="Berg",
        email="nils@example.com",
        story="A known customer who once wrote a text message but never used the web chat.",
        expects="Refused: there's no web messaging conversation to continue.",
        chats=(Chat(24 * 5, ("Please call me back.",), deployment_id=None),),
    ),
    SampleCustomer(
        key="mia",
        first_name="Mia",
        last_name="Keller",
        email="mia@example.com",
        present=True,
        story="Chatted as a visitor; later an agent merged the visitor into her contact.",
        expects="The chat is found under the visitor's old id, and the message is sent.",
        chats=(Chat(24 * 4, ("Hi, it is Mia.", "Hello Mia, what is it about?")),),
        merged_into_new=True,
    ),
    SampleCustomer(
        key="pat-bakery",
        first_name="Pat",
        last_name="Novak",
        email="pat@example.com",
        present=True,
        organization="Novak Bakery",
        story="Shares an address with the other Pat. This one has used the web chat.",
        expects="The agent is asked which Pat to message. This one gets the message.",
        chats=(Chat(24 * 3, ("Do you sell flour?", "By the sack.")),),
        claims_details=False,
    ),
    SampleCustomer(
        key="pat-garage",
        first_name="Pat",
        last_name="Moreau",
        email="pat@example.com",
        organization="Moreau Garage",
        story="Shares an address with the other Pat and never used the web chat.",
        expects="The agent is asked which Pat to message. This one is refused.",
        claims_details=False,
    ),
    SampleCustomer(
        key="wendy",
        first_name="Wendy",
        last_name="Okafor",
        email="wendy@example.com",
        present=True,
        story="Her address is in her contact details, but it was never claimed as an identifier.",
        expects="Found by her contact details, and the message is sent.",
        chats=(Chat(24 * 6, ("Where is the manual?", "Here is the link.")),),
        claims_details=False,
    ),
    SampleCustomer(
        key="lena",
        first_name="Lena",
        last_name="Schmidt",
        email="lena@example.com",
        story="Only chatted on the careers site, which is another deployment.",
        expects="Refused: her web messaging history belongs to another deployment.",
        chats=(
            Chat(24 * 2, ("Is the job still open?", "It is."), deployment_id=CAREERS_DEPLOYMENT_ID),
        ),
    ),
    SampleCustomer(
        key="old",
        first_name="Otto",
        last_name="Lind",
        email="old@example.com",
        story="His last chat was 80 days ago.",
        expects="Found in the oldest part of the history, with a note that his guest session has "
        "expired. The message is sent all the same.",
        chats=(Chat(24 * 80, ("Goodbye for now.", "See you!")),),
    ),
    SampleCustomer(
        key="sam",
        first_name="Sam",
        last_name="Lee",
        phone="+14155550132",
        present=True,
        story="Only known by phone number. Chatted yesterday.",
        expects="Found by the phone number, and the message is sent.",
        chats=(Chat(24, ("I would rather not give an address.", "That is fine.")),),
    ),
    SampleCustomer(
        key="yuki",
        first_name="Yuki",
        last_name="Mori",
        phone="+81300000123",
        story="Lives in Japan, where the sandbox's rules have quiet hours now.",
        expects="The form offers the next allowed time. Only a lead may send earlier.",
        chats=(Chat(24 * 3, ("Do you deliver to Japan?", "It takes a week.")),),
    ),
    SampleCustomer(
        key="tara",
        first_name="Tara",
        last_name="Obi",
        email="tara@example.com",
        present=True,
        story="Gets many messages. Nobody has written to her in this hour yet.",
        expects="After five messages within an hour, the sixth is refused. A lead may override it.",
        chats=(Chat(24 * 2, ("Please tell me about every step.", "We will.")),),
    ),
    SampleCustomer(
        key="nora",
        first_name="Nora",
        last_name="Vogt",
        email="nora@example.com",
        present=True,
        story="Has asked on the phone not to be written to any more. Nobody has noted it yet.",
        expects="Once an agent notes it with opt-out, every message to her is refused, also by "
        "leads.",
        chats=(Chat(24 * 8, ("Stop the newsletter, please.", "It's stopped.")),),
    ),
    SampleCustomer(
        key="hostile",
        first_name="<!channel>",
        last_name="*Bold* & <script>",
        email="hostile@example.com",
        present=True,
        story="Has a name full of characters that mean something to Slack and to browsers.",
        expects="The name is shown as it is. Nobody is notified and nothing is formatted.",
        chats=(Chat(24 * 2, ("<!here> *hi* <script>alert(1)</script>", "Hello.")),),
    ),
)


def deployments() -> tuple[Deployment, ...]:
    """Return the sandbox's deployments; the bot sends from the first one."""
    return (
        Deployment(MAIN_DEPLOYMENT_ID, "Company website"),
        Deployment(CAREERS_DEPLOYMENT_ID, "Careers site"),
    )


def build_customer(member: SampleCustomer) -> Customer:
    """Build the visitor of the web page from a sample customer."""
    chats = [chat.deployment_id for chat in member.chats if chat.deployment_id]
    return Customer(
        id=member.key,
        contact_id=fixed_id(f"{'visitor' if member.merged_into_new else 'contact'}/{member.key}"),
        name=f"{member.first_name} {member.last_name}".strip(),
        email=member.email,
        phone=member.phone,
        story=member.story,
        expects=member.expects,
        deployment_id=chats[-1] if chats else MAIN_DEPLOYMENT_ID,
        present=member.present,
    )


def seed_deployments(world: World) -> None:
    """Add the deployments to the world."""
    world.deployments.update({deployment.id: deployment for deployment in deployments()})

"""The people, channels and user groups that the workspace starts with."""

from __future__ import annotations

from .workspace import BOT_USER, OTHER_TEAM_ID, SLACKBOT, Channel, User, UserGroup, Workspace

SUPPORT_CHANNEL = "C0SUPPORT"
OUTSIDER = "U0PIA"
LEADS_GROUP = "S0LEADS"
_STAFF = frozenset({"U0ADA", "U0BEN", "U0LEO"})
_GUEST = "U0GUS"


def list_users(bot_name: str) -> tuple[User, ...]:
    """List two agents, a lead, a guest, a person of another organisation, and the bots."""
    return (
        User("U0ADA", "ada", "Ada Nowak", "ada@agents.example.com", "Ada Nowak"),
        User("U0BEN", "ben", "Ben Okafor", "ben@agents.example.com"),  # who has chosen no name
        User(
            "U0LEO", "leo", "Leonardo Rossi", "leo@agents.example.com", "Leo Rossi", is_admin=True
        ),
        User(
            _GUEST,
            "gus",
            "Gus Lind",
            "gus@guests.example.com",
            "Gus Lind",
            is_restricted=True,
            is_ultra_restricted=True,
        ),
        User(OUTSIDER, "pia", "Pia Roth", "pia@acme.example.com", "Pia Roth", OTHER_TEAM_ID),
        User(BOT_USER, bot_name.lower().replace(" ", "-"), bot_name, is_bot=True),
        User(SLACKBOT, "slackbot", "Slackbot", is_bot=True),
    )


def list_channels() -> tuple[Channel, ...]:
    """List the channels, and the bot's direct message with each person of the workspace."""
    with_bot = {*_STAFF, BOT_USER}
    return (
        Channel(SUPPORT_CHANNEL, "support", {*with_bot, _GUEST}),
        Channel("C0GENERAL", "general-help", {*_STAFF}),
        Channel("C0OUTCOMES", "outcomes", {*with_bot}),
        Channel("C0VIP", "vip", {*_STAFF}, is_private=True),
        Channel("C0NEWS", "announcements", {*with_bot}, posting_restricted=True),
        Channel("C0ACME", "acme-shared", {*with_bot, OUTSIDER}, is_ext_shared=True),
        Channel("C0ARCHIVE", "archive", {*with_bot}, is_archived=True),
        *(
            Channel(f"D0{user[2:]}", "", {user, BOT_USER}, is_private=True, dm_with=user)
            for user in (*sorted(_STAFF), _GUEST)
        ),
    )


def list_groups() -> tuple[UserGroup, ...]:
    """List the user groups."""
    return (
        UserGroup(LEADS_GROUP, "support-leads", "Support leads", ["U0LEO"]),
        UserGroup("S0FORMER", "former-leads", "Former leads", ["U0BEN"], is_disabled=True),
    )


def share_support(workspace: Workspace, *, shared: bool) -> None:
    """Share #support with the other organisation, or end that; its messages stay."""
    channel = workspace.channels[SUPPORT_CHANNEL]
    channel.is_ext_shared = shared
    change = channel.members.add if shared else channel.members.discard
    change(OUTSIDER)
    workspace.changed()

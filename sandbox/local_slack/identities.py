"""Who is who: auth.test, bots.info, team.info and users.info."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .config import JSON
from .errors import SlackError
from .state import State
from .workspace import (
    APP_ID,
    BOT_ID,
    BOT_USER,
    ENTERPRISE_ID,
    ENTERPRISE_NAME,
    TEAM_DOMAIN,
    TEAM_ID,
    TEAM_NAME,
    User,
)

Arguments = Mapping[str, Any]


def test_auth(state: State, _arguments: Arguments) -> JSON:
    """Return whom the token belongs to (auth.test)."""
    org_wide = state.settings.org_wide
    return {
        "url": state.team_url,
        "team": TEAM_NAME,
        "user": state.workspace.users[BOT_USER].name,
        "team_id": TEAM_ID,
        "user_id": BOT_USER,
        "bot_id": BOT_ID,
        "app_id": APP_ID,
        "app_name": state.manifest.name,
        "is_enterprise_install": org_wide,
        **({"enterprise_id": ENTERPRISE_ID} if org_wide else {}),
    }


def read_bot(state: State, arguments: Arguments) -> JSON:
    """Describe a bot (bots.info); the id is that of the bot, not of its user."""
    if not arguments.get("bot"):
        raise SlackError("missing_argument")
    if arguments["bot"] != BOT_ID:
        raise SlackError("bot_not_found")
    return {
        "bot": {
            "id": BOT_ID,
            "deleted": False,
            "name": state.manifest.bot_name,
            "updated": 0,
            "app_id": APP_ID,
            "user_id": BOT_USER,
            "icons": {},
        }
    }


def read_team(_state: State, arguments: Arguments) -> JSON:
    """Describe the workspace (team.info)."""
    if arguments.get("team") not in (None, "", TEAM_ID):
        raise SlackError("team_not_found")
    return {
        "team": {
            "id": TEAM_ID,
            "name": TEAM_NAME,
            "domain": TEAM_DOMAIN,
            "email_domain": "",
            "icon": {"image_default": True},
        }
    }


def read_user(state: State, arguments: Arguments) -> JSON:
    """Describe a person (users.info), with the email address only with users:read.email.

    `is_stranger` is there only for people of another organisation, and a deactivated account has
    neither flags nor a time zone.
    """
    user = state.workspace.users.get(arguments["user"])
    if user is None:
        raise SlackError("user_not_found")
    shown: JSON = {
        "id": user.id,
        "team_id": user.team_id,
        "name": user.name,
        "real_name": user.real_name,
        "deleted": user.is_deleted,
        "profile": _profile(state, user),
        "is_bot": user.is_bot,
        "is_app_user": False,
        "updated": 0,
    }
    if not user.is_deleted:
        shown |= _account(user)
    if user.is_outsider:
        # https://api.slack.com/apis/channels-between-orgs: there's a stranger flag, and no locale.
        shown["is_stranger"] = not _shares_channel(state, user)
    elif arguments.get("include_locale"):
        shown["locale"] = "en-GB"
    if state.settings.org_wide and not user.is_outsider:
        shown["enterprise_user"] = _enterprise_user(user)
    return {"user": shown}


def _profile(state: State, user: User) -> JSON:
    profile = {
        "real_name": user.real_name,
        "display_name": user.display_name,
        "team": user.team_id,
    }
    if "users:read.email" in state.scopes and user.email and not user.is_outsider:
        profile["email"] = user.email
    return profile


def _account(user: User) -> JSON:
    return {
        "tz": user.tz,
        "tz_label": "Greenwich Mean Time",
        "tz_offset": user.tz_offset,
        "is_admin": user.is_admin,
        "is_owner": False,
        "is_primary_owner": False,
        "is_restricted": user.is_restricted or user.is_ultra_restricted,
        "is_ultra_restricted": user.is_ultra_restricted,
        "is_email_confirmed": True,
    }


def _shares_channel(state: State, user: User) -> bool:
    return any(
        channel.is_ext_shared and user.id in channel.members
        for channel in state.workspace.channels.values()
    )


def _enterprise_user(user: User) -> JSON:
    return {
        "id": user.id,
        "enterprise_id": ENTERPRISE_ID,
        "enterprise_name": ENTERPRISE_NAME,
        "is_admin": False,
        "is_owner": False,
        "teams": [TEAM_ID],
    }

"""Events, which Slack tells the app whatever it does about them."""

from __future__ import annotations

import secrets

from .config import JSON
from .payloads import VERIFICATION_TOKEN, render_view
from .state import State
from .workspace import APP_ID, BOT_USER, ENTERPRISE_ID, TEAM_ID


def app_home_opened(state: State, user_id: str) -> JSON:
    """Build the event that a person has entered the app's Home tab."""
    home, now = state.homes.of(user_id), state.clock()
    direct = state.workspace.direct_channel(user_id)
    event: JSON = {
        "type": "app_home_opened",
        "user": user_id,
        "channel": direct.id if direct else "",
        "tab": "home",
        "event_ts": f"{now:.6f}",
    }
    if home is not None:
        event["view"] = render_view(home)
    org_wide = state.settings.org_wide
    installed = {
        "enterprise_id": ENTERPRISE_ID if org_wide else None,
        "team_id": None if org_wide else TEAM_ID,
        "user_id": BOT_USER,
        "is_bot": True,
        "is_enterprise_install": org_wide,
    }
    return {
        "token": VERIFICATION_TOKEN,
        "team_id": TEAM_ID,
        "api_app_id": APP_ID,
        "event": event,
        "type": "event_callback",
        "event_id": f"Ev{secrets.token_hex(5).upper()}",
        "event_time": int(now),
        "authorizations": [installed],
        "is_ext_shared_channel": False,
    }

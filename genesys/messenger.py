"""Read how a deployment's active configuration treats its customers.

It tells whether they see messages, whether they can answer, and how long their guest session
lasts.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from genesys.client import GenesysCloud
from genesys.deployments import deployment_path
from genesys.errors import UnexpectedAnswer
from genesys.shape import Json, count, flag, nested, text

_READ_ONLY = "ReadOnly"
_WITH_TEXT = "IncludeMessagesContent"
_LONGEST = 10**9  # seconds, about 30 years


@dataclass(frozen=True)
class Messenger:
    """The settings of a deployment's Messenger that matter for messaging a customer first.

    `session`: how long a guest session lasts after its last activity; None if that isn't told.
    `is_read_only_after_end`: a customer whose conversation was ended can't answer there.
    """

    is_enabled: bool
    has_conversations: bool
    session: timedelta | None
    is_read_only_after_end: bool
    has_text_in_push: bool


def read_messenger(
    cloud: GenesysCloud, deployment_id: str, *, patience: float | None = None
) -> Messenger:
    """Read the active configuration of a deployment. Needs no permission. Raises GenesysError.

    A switch that the answer leaves out counts as on.
    """
    path = deployment_path(deployment_id, "/configurations")
    answer = cloud.call("GET", path, patience=patience)
    messenger = nested(nested(answer, "configurationVersion"), "messenger")
    chat = nested(nested(messenger, "apps"), "conversations")
    disconnect, push = nested(chat, "conversationDisconnect"), nested(chat, "notifications")
    seconds = min(count(chat, "sessionDurationSeconds"), _LONGEST)
    return Messenger(
        is_enabled=_is_on(messenger, "enabled"),
        has_conversations=_is_on(chat, "enabled"),
        session=timedelta(seconds=seconds) if seconds > 0 else None,
        is_read_only_after_end=flag(disconnect, "enabled")
        and text(disconnect, "type") == _READ_ONLY,
        has_text_in_push=flag(push, "enabled")
        and text(push, "notificationContentType") == _WITH_TEXT,
    )


def resolves_identities(cloud: GenesysCloud, deployment_id: str) -> bool:
    """Return whether the deployment links its visitors to contacts.

    Needs webDeployments:deployment:view and webDeployments:identityResolution:view. Raises
    GenesysError.
    """
    path = deployment_path(deployment_id, "/identityresolution")
    found: Any = cloud.call("GET", path).get("resolveIdentities")
    if not isinstance(found, bool):
        raise UnexpectedAnswer.because("It doesn't say whether it resolves identities.")
    return found


def _is_on(settings: Json, name: str) -> bool:
    return flag(settings, name) or settings.get(name) is None

"""``python -m bot doctor``: checks the settings with Slack and Genesys Cloud.

It sends and changes nothing. Every check that fails says what to do.
"""

from __future__ import annotations

import ssl
import sys
from collections.abc import Callable

from bot.cards.client import SlackClient
from bot.cards.errors import SlackError, SlackRefused
from bot.cli.manifest import SCOPES
from bot.settings import Settings
from bot.wiring import connection_to
from genesys import (
    DeploymentStatus,
    GenesysCloud,
    GenesysError,
    check_access,
    check_sdk,
    read_deployment,
)


class _CheckFailed(Exception):
    """A check failed; the text says what to do."""


def examine(settings: Settings) -> int:
    """Print the result of every check; return the exit status: 0, or 1 when a check failed."""
    tls = ssl.create_default_context()
    slack = SlackClient(settings.slack_bot_token, settings.slack_api_url, tls)
    cloud = GenesysCloud(connection_to(settings))
    checks: list[tuple[str, Callable[[], str]]] = [
        ("Genesys SDK", _check_sdk),
        ("Slack", lambda: _check_slack(slack)),
        ("Genesys Cloud", lambda: _check_genesys(cloud)),
        ("Deployment", lambda: _check_deployment(cloud, settings.genesys_deployment_id)),
    ]
    failed = False
    for name, check in checks:
        try:
            result = f"ok    {name}: {check()}"
        except (_CheckFailed, GenesysError) as failure:
            failed = True
            result = f"WRONG {name}: {failure}"
        sys.stdout.write(result + "\n")
    cloud.close()
    return 1 if failed else 0


def _check_sdk() -> str:
    check_sdk()
    return "recent enough for web messaging"


def _check_slack(slack: SlackClient) -> str:
    try:
        workspace = slack.check_token()
    except SlackRefused as refusal:
        raise _CheckFailed(
            f"Slack refuses the bot token ({refusal.code}). Copy it again."
        ) from None
    except SlackError as error:
        raise _CheckFailed(f"{error}. Check SLACK_API_URL.") from None
    missing = sorted(set(SCOPES) - workspace.scopes) if workspace.scopes else []
    if missing:
        raise _CheckFailed(f"the app lacks {', '.join(missing)}. Add them and reinstall the app.")
    return f"workspace {workspace.name}"


def _check_genesys(cloud: GenesysCloud) -> str:
    return f"organisation {check_access(cloud)}"


def _check_deployment(cloud: GenesysCloud, deployment_id: str) -> str:
    deployment = read_deployment(cloud, deployment_id)
    if deployment is None:
        raise _CheckFailed(
            "no deployment has this id. Copy GENESYS_CLOUD_DEPLOYMENT_ID from Admin, "
            "Messenger Deployments."
        )
    if deployment.status is not DeploymentStatus.ACTIVE:
        raise _CheckFailed(f"it is {deployment.status.value}. Activate it in Genesys Cloud.")
    return f"{deployment.name or deployment_id} is active"

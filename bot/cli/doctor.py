"""``python -m bot doctor``: asks Slack and Genesys Cloud whether the set-up works.

Promises: nothing is sent and nothing changed; every check says what is the case and what to do.
"""

from __future__ import annotations

import ssl
import sys
from collections.abc import Callable

from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import WebClient

from bot.cards.client import SlackClient
from bot.cli.manifest import SCOPES
from bot.core import connection_to
from bot.settings import Settings
from genesys import (
    DeploymentStatus,
    GenesysCloud,
    GenesysError,
    check_access,
    check_sdk,
    read_deployment,
)


class _Ailment(Exception):
    """A check did not pass; the text says what to do."""


def examine(settings: Settings) -> int:
    """Check Slack, Genesys Cloud and the deployment; return 0 when all is well, else 1."""
    tls = ssl.create_default_context()
    slack = SlackClient(settings.slack_bot_token, settings.slack_api_url, tls).client
    cloud = GenesysCloud(connection_to(settings))
    checks: list[tuple[str, Callable[[], str]]] = [
        ("Genesys SDK", _check_sdk),
        ("Slack", lambda: _check_slack(slack)),
        ("Genesys Cloud", lambda: _check_genesys(cloud)),
        ("Deployment", lambda: _check_deployment(cloud, settings.genesys_deployment_id)),
    ]
    ailing = 0
    for name, check in checks:
        try:
            answer = f"ok    {name}: {check()}"
        except (_Ailment, GenesysError) as ailment:
            ailing += 1
            answer = f"WRONG {name}: {ailment}"
        sys.stdout.write(answer + "\n")
    cloud.close()
    return 1 if ailing else 0


def _check_sdk() -> str:
    check_sdk()
    return "recent enough for web messaging"


def _check_slack(client: WebClient) -> str:
    try:
        answer = client.auth_test()
    except SlackApiError as error:
        code = error.response.get("error")
        raise _Ailment(f"the bot token is refused ({code}). Copy it again.") from None
    except (SlackClientError, OSError) as error:
        raise _Ailment(f"no answer ({type(error).__name__}). Check SLACK_API_URL.") from None
    granted = {
        scope.strip() for scope in (answer.headers or {}).get("x-oauth-scopes", "").split(",")
    }
    missing = sorted(set(SCOPES) - granted) if granted != {""} else []
    if missing:
        raise _Ailment(f"the app lacks {', '.join(missing)}. Add them and reinstall the app.")
    return f"workspace {answer.get('team')}"


def _check_genesys(cloud: GenesysCloud) -> str:
    return f"organisation {check_access(cloud)}"


def _check_deployment(cloud: GenesysCloud, deployment_id: str) -> str:
    deployment = read_deployment(cloud, deployment_id)
    if deployment is None:
        raise _Ailment(
            "there is none with this id. Copy GENESYS_CLOUD_DEPLOYMENT_ID from Admin, "
            "Messenger Deployments."
        )
    if deployment.status is not DeploymentStatus.ACTIVE:
        raise _Ailment(f"it is {deployment.status.value}. Activate it in Genesys Cloud.")
    return f"{deployment.name or deployment_id} is active"

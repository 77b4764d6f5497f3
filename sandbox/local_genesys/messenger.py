"""The active configuration of a web messaging deployment, and whether it resolves identities."""

from __future__ import annotations

from typing import Any, Final

from sandbox.local_genesys.deployments import deployment_as_json, find_deployment
from sandbox.local_genesys.errors import generic_error
from sandbox.local_genesys.records import Deployment
from sandbox.local_genesys.shapes import check_query
from sandbox.local_genesys.state import World

OFF: Final = ""
DISCONNECT_TYPES: Final = frozenset({OFF, "Send", "ReadOnly"})
PUSH_CONTENTS: Final = frozenset({OFF, "IncludeMessagesContent", "ExcludeMessagesContent"})


def read_configuration(world: World, deployment_id: str, query: dict[str, str]) -> dict[str, Any]:
    """Answer GET /webdeployments/deployments/{id}/configurations."""
    check_query(query, {"type": None, "expand": None})
    deployment = _find(world, deployment_id)
    shown = deployment_as_json(deployment)
    return {
        "configurationVersion": {
            **shown["configuration"],
            "status": "Active",
            "messenger": {
                "enabled": world.settings.messenger_enabled,
                "apps": {"conversations": _conversations_app(world)},
            },
        },
        "deployment": shown,
    }


def read_identity_resolution(
    world: World, deployment_id: str, query: dict[str, str]
) -> dict[str, Any]:
    """Answer GET /webdeployments/deployments/{id}/identityresolution."""
    check_query(query, {})
    deployment = _find(world, deployment_id)
    return {
        "resolveIdentities": world.settings.resolves_identities,
        "selfUri": f"/api/v2/webdeployments/deployments/{deployment.id}/identityresolution",
    }


def _find(world: World, deployment_id: str) -> Deployment:
    deployment = find_deployment(world, deployment_id)
    if deployment is None:
        raise generic_error(404)
    return deployment


def _conversations_app(world: World) -> dict[str, Any]:
    settings = world.settings
    app: dict[str, Any] = {
        "enabled": settings.conversations_enabled,
        "conversationDisconnect": {"enabled": settings.disconnect_type != OFF},
        "conversationClear": {"enabled": False},
        "notifications": {"enabled": settings.push_content != OFF},
        "sessionDurationSeconds": settings.session_duration_seconds,
    }
    if settings.disconnect_type != OFF:
        app["conversationDisconnect"]["type"] = settings.disconnect_type
    if settings.push_content != OFF:
        app["notifications"]["notificationContentType"] = settings.push_content
    return app

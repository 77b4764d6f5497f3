"""Web messaging deployments, read only."""

from __future__ import annotations

from typing import Any, Final

from sandbox.local_genesys.errors import generic_error, invalid_value
from sandbox.local_genesys.records import Deployment
from sandbox.local_genesys.routing import FLOW_ID, FLOW_NAME
from sandbox.local_genesys.sample_customers import MAIN_DEPLOYMENT_ID, fixed_id
from sandbox.local_genesys.shapes import check_query
from sandbox.local_genesys.state import World

STATUSES: Final = frozenset({"Pending", "Active", "Inactive", "Error", "Deleting"})
_MOST_ENTITIES = 300
_LIST_EXPANDS: Final = frozenset({"Configuration", "SupportedContent", "identityresolution"})
_ONE_EXPANDS: Final = frozenset({"supportedContent", "flowDetails"})


def find_deployment(world: World, deployment_id: str) -> Deployment | None:
    """Return a deployment with its current status, or None for an unknown id."""
    deployment = world.deployments.get(deployment_id)
    if deployment is None or deployment.id != MAIN_DEPLOYMENT_ID:
        return deployment
    return Deployment(deployment.id, deployment.name, world.settings.deployment_status)


def read_deployment(world: World, deployment_id: str, query: dict[str, str]) -> dict[str, Any]:
    """Answer GET /webdeployments/deployments/{id}."""
    check_query(query, {"expand": _ONE_EXPANDS})
    deployment = find_deployment(world, deployment_id)
    if deployment is None:
        raise generic_error(404)
    return deployment_as_json(deployment)


def list_deployments(world: World, query: dict[str, str]) -> dict[str, Any]:
    """Answer GET /webdeployments/deployments, always with one page."""
    check_query(query, {"pageSize": None, "before": None, "after": None, "expand": _LIST_EXPANDS})
    size = query.get("pageSize", str(_MOST_ENTITIES))
    if not (size.isascii() and size.isdigit() and 1 <= int(size) <= _MOST_ENTITIES):
        raise invalid_value("pageSize", size, "Integer", f"1 to {_MOST_ENTITIES}")
    found = [find_deployment(world, deployment_id) for deployment_id in world.deployments]
    shown = [deployment_as_json(each) for each in found if each is not None]
    return {
        "entities": shown[: int(size)],
        "total": len(shown),
        "selfUri": "/api/v2/webdeployments/deployments",
    }


def deployment_as_json(deployment: Deployment) -> dict[str, Any]:
    """Return a deployment as Genesys Cloud does."""
    return {
        "id": deployment.id,
        "name": deployment.name,
        "description": "A web messaging deployment of the local stand-in.",
        "allowAllDomains": True,
        "status": deployment.status,
        "flow": {"id": FLOW_ID, "name": FLOW_NAME},
        "configuration": {
            "id": fixed_id(f"configuration/{deployment.id}"),
            "name": "Messenger",
            "version": "1",
        },
        "selfUri": f"/api/v2/webdeployments/deployments/{deployment.id}",
    }

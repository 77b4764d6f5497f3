"""Who the caller is: its token, organization and roles."""

from __future__ import annotations

from typing import Any

from sandbox.local_genesys.auth import CLIENT_ID, granted_permissions
from sandbox.local_genesys.sample_customers import fixed_id
from sandbox.local_genesys.shapes import check_query
from sandbox.local_genesys.state import World, as_iso

ORGANIZATION_NAME = "Local Genesys Cloud (stand-in)"
_TRUTH = frozenset({"true", "false"})
_ROLE_ID = fixed_id("role/proactive")
_HOME_ID = fixed_id("division/home")


def read_token_info(world: World, token: str, query: dict[str, str]) -> dict[str, Any]:
    """Answer GET /tokens/me."""
    check_query(query, {"preserveIdleTTL": _TRUTH})
    organization = {"id": fixed_id("organization"), "name": ORGANIZATION_NAME}
    return {
        "organization": organization,
        "homeOrganization": organization,
        "authorizedScope": [],
        "dateTokenIdles": as_iso(world.tokens[token]),
        "OAuthClient": {
            "id": CLIENT_ID,
            "name": "Proactive bot",
            "authorizedGrantType": "CLIENT-CREDENTIALS",
            "roleDivisions": [{"roleId": _ROLE_ID, "divisionId": _HOME_ID}],
            "state": "active",
            "organization": organization,
        },
    }


def read_subject(world: World, query: dict[str, str]) -> dict[str, Any]:
    """Answer GET /authorization/subjects/me, with policies if includeFullRoles is set."""
    check_query(query, {"includeDuplicates": _TRUTH, "includeFullRoles": _TRUTH})
    role: dict[str, Any] = {"id": _ROLE_ID, "name": "Proactive bot"}
    if query.get("includeFullRoles") == "true":
        role["policies"] = [
            {"domain": domain, "entityName": entity, "actions": [action]}
            for domain, entity, action in (
                permission.split(":") for permission in sorted(granted_permissions(world))
            )
        ]
    return {
        "id": CLIENT_ID,
        "name": "Proactive bot",
        "grants": [
            {
                "subjectId": CLIENT_ID,
                "division": {
                    "id": _HOME_ID,
                    "name": "Home",
                    "description": "The home division.",
                    "homeDivision": True,
                },
                "role": role,
            }
        ],
        "version": 1,
        "selfUri": "/api/v2/authorization/subjects/me",
    }

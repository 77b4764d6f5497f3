"""Check what the OAuth client may do: its organisation and its permissions."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from genesys.client import GenesysCloud
from genesys.deployments import deployment_path
from genesys.errors import BadRequest, Conflict, MissingPermission, NotFound
from genesys.shape import Json, nested, nested_list, text, texts

TOKENS_ME = "/api/v2/tokens/me"
_GRANTS = "/api/v2/authorization/subjects/me"
_NOBODY = "00000000-0000-4000-8000-000000000000"  # an id that nothing has
ANY_DIVISION = "*"  # as the id of a division, and here as its name, too
_ANY = "*"  # as a domain, entity or action in a policy


@dataclass(frozen=True)
class Permission:
    """A permission that the adapter uses; one of `names` is enough.

    Without one that `is_required`, nothing can be sent. `is_for_customers`: it's needed in the
    division of each customer.
    """

    names: tuple[str, ...]
    purpose: str
    is_required: bool
    is_for_customers: bool = True


FIND_CUSTOMERS = Permission(("externalContacts:contact:view",), "finding the customer", True)
READ_HISTORY = Permission(
    ("analytics:conversationDetail:view",), "seeing their conversations and replies", True
)
SEND = Permission(("conversation:message:create",), "sending", True)
READ_MESSAGES = Permission(
    ("conversation:message:view", "conversation:webmessaging:view"),
    "finding a message whose answer was lost, why a message failed, and what a customer replied",
    False,
)
READ_DEPLOYMENT = Permission(
    ("webDeployments:deployment:view",),
    "checking that the deployment is active",
    False,
    is_for_customers=False,
)
PERMISSIONS = (FIND_CUSTOMERS, READ_HISTORY, SEND, READ_MESSAGES, READ_DEPLOYMENT)


@dataclass(frozen=True)
class Grant:
    """A permission in a division, each part of which may be "*" for all."""

    permission: str
    division: str


@dataclass(frozen=True)
class Grants:
    """All that the OAuth client's roles grant."""

    grants: tuple[Grant, ...]

    def divisions_of(self, permission: Permission) -> frozenset[str]:
        """Return the names of the divisions in which it's granted, or ANY_DIVISION."""
        return frozenset(
            one.division
            for one in self.grants
            if any(_covers(one.permission, name) for name in permission.names)
        )


def check_access(cloud: GenesysCloud) -> str:
    """Return the name of the organisation that the credentials belong to.

    GET /tokens/me needs no permission, so it only fails if Genesys Cloud can't be reached or
    refuses the sign-in. Raises GenesysError.
    """
    return text(nested(cloud.call("GET", TOKENS_ME), "organization"), "name")


def read_grants(cloud: GenesysCloud) -> Grants | None:
    """Read the permissions of the OAuth client; None if Genesys Cloud doesn't list them.

    A policy with a condition counts as granted. Needs no permission. Raises GenesysError.
    """
    answer = cloud.call("GET", _GRANTS, query={"includeFullRoles": "true"})
    grants = tuple(_grants(nested_list(answer, "grants")))
    return Grants(grants) if grants else None


def try_permission(cloud: GenesysCloud, permission: Permission) -> bool:
    """Find out by one call that changes nothing whether the client has a permission.

    The call asks for something that doesn't exist, or (to send) lacks all that a message needs.
    Genesys Cloud refuses it in any case, with 403 if the permission is missing. Raises
    GenesysError if the answer says neither.
    """
    method, path, body = _harmless(permission)
    try:
        cloud.call(method, path, body=body, repeatable=permission is not SEND)
    except MissingPermission:
        return False
    except (NotFound, BadRequest, Conflict):
        return True
    return True


def _grants(grants: Iterable[Json]) -> Iterator[Grant]:
    for grant in grants:
        division = nested(grant, "division")
        name = text(division, "name") or text(division, "id")
        if text(division, "id") == ANY_DIVISION:
            name = ANY_DIVISION
        for policy in nested_list(nested(grant, "role"), "policies"):
            for action in texts(policy, "actions"):
                permission = f"{text(policy, 'domain')}:{text(policy, 'entityName')}:{action}"
                yield Grant(permission, name)


def _covers(granted: str, wanted: str) -> bool:
    parts = zip(granted.casefold().split(":"), wanted.casefold().split(":"), strict=False)
    return all(one in (other, _ANY) for one, other in parts)


def _harmless(permission: Permission) -> tuple[str, str, Json | None]:
    """Build a call that needs the permission and changes nothing."""
    now = datetime.now(UTC).replace(microsecond=0, tzinfo=None)
    interval = f"{(now - timedelta(minutes=1)).isoformat()}.000Z/{now.isoformat()}.000Z"
    calls: dict[Permission, tuple[str, str, Json | None]] = {
        FIND_CUSTOMERS: (
            "POST",
            "/api/v2/externalcontacts/identifierlookup/contacts",
            {"type": "Email", "value": "nobody@example.invalid"},
        ),
        READ_HISTORY: (
            "POST",
            "/api/v2/analytics/conversations/details/query",
            {"interval": interval, "paging": {"pageSize": 1, "pageNumber": 1}},
        ),
        SEND: ("POST", "/api/v2/conversations/messages/agentless", {}),
        READ_MESSAGES: ("GET", f"/api/v2/conversations/messages/{_NOBODY}/details", None),
        READ_DEPLOYMENT: ("GET", deployment_path(_NOBODY), None),
    }
    return calls[permission]

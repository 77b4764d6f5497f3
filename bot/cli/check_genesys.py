"""Checks what the bot needs of Genesys Cloud. It sends and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from bot.cli.check_clock import check_clock
from bot.cli.result import Result, ok, skipped, warning, wrong
from bot.text import how_long
from genesys import (
    ANY_DIVISION,
    CLOCK_SKEW,
    PERMISSIONS,
    DeploymentStatus,
    GenesysCloud,
    GenesysError,
    Grants,
    Messenger,
    MissingPermission,
    NotFound,
    Permission,
    check_access,
    read_clock,
    read_deployment,
    read_grants,
    read_messenger,
    resolves_identities,
    try_permission,
)

_NAME, _DEPLOYMENT, _IDENTITIES = "Genesys Cloud", "Deployment", "Identity resolution"
_CONFIGURE = "Admin, Message, Messenger Configurations"
_AGAIN = "Run the doctor again"


def check_genesys(
    cloud: GenesysCloud, deployment_id: str, clock: Callable[[], datetime]
) -> Iterator[Result]:
    """Check the sign-in, the clock, each permission, and the deployment with its settings."""
    try:
        organisation = check_access(cloud)
    except GenesysError as error:
        yield _failed(_NAME, error)
        what = "they couldn't be checked without a sign-in."
        yield skipped("Deployment and permissions", what, f"{_AGAIN} when the sign-in works.")
        return
    yield ok(_NAME, f"organisation {organisation}")
    checks: tuple[tuple[str, Callable[[], Iterable[Result]]], ...] = (
        ("Clock and Genesys Cloud", lambda: _check_clock(cloud, clock)),
        ("Permissions", lambda: _check_permissions(cloud)),
        (_DEPLOYMENT, lambda: _check_deployment(cloud, deployment_id)),
        ("Messenger", lambda: _check_messenger(read_messenger(cloud, deployment_id))),
        (_IDENTITIES, lambda: _check_identities(cloud, deployment_id)),
    )
    for name, check in checks:
        try:
            yield from check()
        except NotFound:
            what = "it couldn't be checked without the deployment."
            yield skipped(name, what, f"{_AGAIN} when the deployment is found.")
        except GenesysError as error:
            yield _failed(name, error)


def _failed(name: str, error: GenesysError) -> Result:
    code = f" (code {error.code})" if error.code else ""
    return wrong(name, f"{error.what.removesuffix('.')}{code}.", error.hint or error.fix)


def _check_clock(cloud: GenesysCloud, clock: Callable[[], datetime]) -> Iterator[Result]:
    before = clock()
    theirs = read_clock(cloud)
    yield check_clock("Genesys Cloud", before, theirs, clock(), tolerance=CLOCK_SKEW)


def _check_permissions(cloud: GenesysCloud) -> Iterator[Result]:
    """Read what the roles grant, or, if Genesys Cloud doesn't tell, try each permission."""
    try:
        grants = read_grants(cloud)
    except GenesysError as error:
        if error.transient:
            raise
        grants = None
    for permission in PERMISSIONS:
        name = f"Permission {' or '.join(permission.names)}"
        if grants is not None:
            yield judge_permission(name, permission, grants)
        elif try_permission(cloud, permission):
            yield ok(name, "granted; its divisions couldn't be checked")
        else:
            yield _missing(name, permission)


def judge_permission(name: str, permission: Permission, grants: Grants) -> Result:
    """Say in which divisions a permission is granted, and where others are and it isn't."""
    divisions = grants.divisions_of(permission)
    if not divisions:
        return _missing(name, permission)
    all_divisions = frozenset[str]().union(
        *(grants.divisions_of(other) for other in PERMISSIONS if other.is_for_customers)
    )
    if permission.is_for_customers and ANY_DIVISION not in divisions and all_divisions - divisions:
        what = (
            f"granted in {_listed(divisions)}, but unlike others not in "
            f"{_listed(all_divisions - divisions)}. Customers there can't be messaged."
        )
        return warning(name, what, "Give the OAuth client the role in these divisions, too.")
    return ok(name, f"granted in {_listed(divisions)}")


def _missing(name: str, permission: Permission) -> Result:
    what = f"the OAuth client's roles lack it. It's needed for {permission.purpose}."
    fix = (
        "Add it to a role under Admin, Roles/Permissions, and give that role to the OAuth client "
        "in the divisions of your customers."
    )
    return wrong(name, what, fix) if permission.is_required else warning(name, what, fix)


def _listed(divisions: Iterable[str]) -> str:
    return ", ".join(sorted("all divisions" if one == ANY_DIVISION else one for one in divisions))


def _check_deployment(cloud: GenesysCloud, deployment_id: str) -> Iterator[Result]:
    try:
        deployment = read_deployment(cloud, deployment_id)
    except MissingPermission as refusal:
        yield skipped(_DEPLOYMENT, refusal.what, refusal.hint)
        return
    if deployment is None:
        what = "the OAuth client sees no deployment with this id."
        fix = (
            "Copy GENESYS_CLOUD_DEPLOYMENT_ID from Admin, Message, Messenger Deployments, or give "
            "the client its role in the deployment's division."
        )
        yield wrong(_DEPLOYMENT, what, fix)
    elif deployment.status is not DeploymentStatus.ACTIVE:
        what = f"{deployment.name or deployment_id} is {deployment.status.value}."
        yield wrong(_DEPLOYMENT, what, "Activate it in Admin, Message, Messenger Deployments.")
    else:
        yield ok(_DEPLOYMENT, f"{deployment.name or deployment_id} is active")


def _check_messenger(messenger: Messenger) -> Iterator[Result]:
    """Check whether customers see the messages and can answer them."""
    if not messenger.is_enabled:
        what = "it's switched off in the deployment's configuration, so no customer sees a message."
        yield wrong("Messenger", what, f"Switch it on in {_CONFIGURE}.")
    elif not messenger.has_conversations:
        what = "conversations are switched off in its configuration, so no customer sees a message."
        yield wrong("Messenger", what, f"Switch them on in {_CONFIGURE}.")
    else:
        yield ok("Messenger", "it's on, with conversations")
    if messenger.is_read_only_after_end:
        what = "a customer whose conversation was ended can't answer before they begin a new one."
        fix = f"Let a disconnect leave the conversation open for answers, in {_CONFIGURE}."
        yield warning("Replies", what, fix)
    else:
        yield ok("Replies", "customers can answer")
    if messenger.has_text_in_push:
        what = "they show the message's text, which may be read on a locked phone."
        yield warning("Push notifications", what, f"Leave the content out, in {_CONFIGURE}.")
    else:
        yield ok("Push notifications", "they don't show a message's text")
    if messenger.session is None:
        what = "Genesys Cloud doesn't say how long they last, so the form can't warn of their end."
        yield skipped("Guest sessions", what, f"See how long they last in {_CONFIGURE}.")
    else:
        lasting = f"they last {how_long(messenger.session)} after the last message"
        yield ok("Guest sessions", lasting)


def _check_identities(cloud: GenesysCloud, deployment_id: str) -> Iterator[Result]:
    try:
        is_on = resolves_identities(cloud, deployment_id)
    except MissingPermission as refusal:
        yield skipped(_IDENTITIES, refusal.what, refusal.hint)
        return
    if is_on:
        yield ok(_IDENTITIES, "visitors are linked to contacts")
        return
    what = (
        "it's off for this deployment, so visitors are linked to no contact, and probably nobody "
        "can be found by email address or phone number."
    )
    yield warning(_IDENTITIES, what, "Turn it on for the deployment in Genesys Cloud.")

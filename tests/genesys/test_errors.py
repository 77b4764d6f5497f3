"""Every documented refusal becomes our error and keeps what Genesys said."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

import genesys
from genesys import (
    BadRequest,
    Conflict,
    GenesysCloud,
    GenesysError,
    MissingPermission,
    NotFound,
    RateLimited,
    TimedOut,
    TooLarge,
    Unavailable,
    UnexpectedAnswer,
    UnsupportedMedia,
)
from genesys.refusals import Answer, refused

Connect = Callable[..., GenesysCloud]
ME = "/api/v2/tokens/me"
KINDS = [
    kind
    for kind in (getattr(genesys, name) for name in genesys.__all__)
    if isinstance(kind, type) and issubclass(kind, GenesysError)
]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequest),
        (403, MissingPermission),
        (404, NotFound),
        (408, TimedOut),
        (409, Conflict),
        (413, TooLarge),
        (415, UnsupportedMedia),
        (422, BadRequest),
        (429, RateLimited),
        (500, Unavailable),
        (501, Unavailable),
        (502, Unavailable),
        (503, Unavailable),
        (504, Unavailable),
        (300, UnexpectedAnswer),
        (307, UnexpectedAnswer),
    ],
)
def test_a_refusal_keeps_what_genesys_said(
    raw: Any, connect: Connect, status: int, kind: type[GenesysError]
) -> None:
    body = {"code": "some.code", "message": "Canary 4711", "status": status}
    raw.api = lambda _: raw.reply(body, status, {"ININ-Correlation-Id": "ref-1"})
    with pytest.raises(kind) as caught:
        connect(raw.url).call("GET", ME, patience=0.1)
    fault = caught.value
    assert type(fault) is kind
    assert (fault.status, fault.code) == (status, "some.code")
    assert (fault.vendor_message, fault.correlation_id) == ("Canary 4711", "ref-1")
    assert fault.__context__ is None, "a logged traceback must not show the SDK's exception"
    assert "Canary" not in str(fault) + repr(fault)


def test_a_gateways_error_page_is_handled(raw: Any, connect: Connect) -> None:
    raw.api = lambda _: raw.reply(b"<html>Bad Gateway</html>", 502, {"Content-Type": "text/html"})
    with pytest.raises(Unavailable) as caught:
        connect(raw.url).call("GET", ME, patience=0.1)
    assert (caught.value.status, caught.value.code) == (502, None)


@pytest.mark.parametrize(
    "body",
    [
        {
            "message": "Unable to perform the requested action. You are missing the following"
            " permission(s): conversation:message:create, conversation:message:view"
        },
        {
            "messageWithParams": "missing: {permissions}",
            "messageParams": {
                "permissions": "[conversation:message:create, conversation:message:view]"
            },
        },
    ],
)
def test_a_403_names_the_permissions_and_where_to_grant_them(
    raw: Any, connect: Connect, body: dict[str, Any]
) -> None:
    raw.api = lambda _: raw.reply({"code": "missing.permissions", **body}, 403)
    with pytest.raises(MissingPermission) as caught:
        connect(raw.url).call("GET", ME)
    fault = caught.value
    assert fault.permissions == ("conversation:message:create", "conversation:message:view")
    assert "conversation:message:create" in fault.hint
    assert "Roles/Permissions" in fault.hint
    assert "conversation:message:create" not in str(fault)


def test_the_local_genesys_names_a_missing_permission(local: Any, cloud: GenesysCloud) -> None:
    local.set(missing_permissions=["webDeployments:deployment:view"])
    with pytest.raises(MissingPermission) as caught:
        genesys.read_deployment(cloud, local.genesys.deployment_id)
    assert caught.value.permissions == ("webDeployments:deployment:view",)


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_says_what_happened_and_what_to_do(kind: type[GenesysError]) -> None:
    fault = kind()
    assert fault.what.endswith(".")
    assert fault.fix.endswith(".")
    assert str(fault) == f"{fault.what} {fault.fix}"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("copied", [copy.copy, lambda one: pickle.loads(pickle.dumps(one))])
def test_every_error_survives_copying_and_pickling(
    kind: type[GenesysError], copied: Callable[[GenesysError], GenesysError]
) -> None:
    fault = kind("It broke.", "Mend it.", status=418, code="tea", correlation_id="ref")
    fault.definite = not fault.definite
    assert vars(copied(fault)) == vars(fault)
    assert str(copied(fault)) == "It broke. Mend it."


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (399, UnexpectedAnswer),
        (400, BadRequest),
        (499, BadRequest),
        (500, Unavailable),
        (599, Unavailable),
        (600, UnexpectedAnswer),
    ],
)
def test_a_status_that_is_not_documented_is_judged_by_its_hundred(
    status: int, kind: type[GenesysError]
) -> None:
    assert type(refused(Answer(status, {}, {}))) is kind

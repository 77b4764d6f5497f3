from __future__ import annotations

import pytest

from sandbox.local_genesys.sample_customers import MAIN_DEPLOYMENT_ID

from .conftest import LOOKUP, MESSAGES, QUERY, SEND, Local

DEPLOYMENTS = "/api/v2/webdeployments/deployments"
RESOLUTION = f"{DEPLOYMENTS}/{MAIN_DEPLOYMENT_ID}/identityresolution"
JANE = {"type": "Email", "value": "jane@example.com"}


def test_a_token_is_given_for_client_credentials(local: Local) -> None:
    local.settings(token_seconds=600)
    answer = local.grant()
    assert answer.status == 200
    assert answer.json["expires_in"] == 600
    assert answer.json["token_type"] == "bearer"
    assert local.call("GET", "/api/v2/tokens/me", token=answer.json["access_token"]).status == 200


def test_a_wrong_secret_or_grant_is_refused(local: Local) -> None:
    assert local.grant(secret="wrong").json["error"] == "invalid_client"
    assert local.grant(secret="wröng").status == 401
    assert local.grant(grant_type="password").json["error"] == "unsupported_grant_type"
    assert local.grant(**{"Content-Type": "application/json"}).status == 400
    assert local.grant(Authorization="Bearer x").status == 401


def test_a_call_without_a_good_token_is_401(local: Local) -> None:
    absent = local.request(local.machine_port, "GET", "/api/v2/tokens/me")
    assert (absent.status, absent.json["code"]) == (401, "authentication.required")
    wrong = local.call("GET", "/api/v2/tokens/me", token="wrong")
    assert (wrong.status, wrong.json["code"]) == (401, "bad.credentials")


def test_a_token_expires_after_its_time(local: Local) -> None:
    local.settings(token_seconds=300)
    token = local.new_token()
    local.clock.advance(seconds=299)
    assert local.call("GET", "/api/v2/tokens/me", token=token).status == 200
    local.clock.advance(seconds=1)
    assert local.call("GET", "/api/v2/tokens/me", token=token).status == 401


def test_every_answer_carries_its_correlation_id(local: Local) -> None:
    for answer in (
        local.grant(),
        local.call("GET", "/api/v2/tokens/me"),
        local.call("GET", "/api/v2/nowhere"),
        local.call("DELETE", SEND),
    ):
        assert answer.headers["inin-correlation-id"]
        if answer.status >= 400:
            assert answer.json["contextId"] == answer.headers["inin-correlation-id"]
            assert answer.json["status"] == answer.status
    calls = local.people("GET", "/control/genesys/calls").json["calls"]
    assert calls[-1]["correlation_id"] == answer.headers["inin-correlation-id"]


def test_the_headers_count_the_calls_in_a_tokens_window(local: Local) -> None:
    local.settings(calls_per_minute=2)
    first = local.call("GET", "/api/v2/tokens/me")
    assert first.headers["inin-ratelimit-allowed"] == "2"
    assert first.headers["inin-ratelimit-count"] == "1"
    assert first.headers["inin-ratelimit-reset"] == "60"
    local.clock.advance(seconds=20)
    assert local.call("GET", "/api/v2/tokens/me").headers["inin-ratelimit-count"] == "2"
    third = local.call("GET", "/api/v2/tokens/me")
    assert (third.status, third.json["code"]) == (429, "too.many.requests")
    assert third.headers["retry-after"] == "40"
    assert "[40] seconds" in third.json["message"]


def test_another_token_and_the_next_minute_have_their_own_window(local: Local) -> None:
    local.settings(calls_per_minute=1)
    assert local.call("GET", "/api/v2/tokens/me").status == 200
    assert local.call("GET", "/api/v2/tokens/me", token=local.new_token()).status == 200
    assert local.call("GET", "/api/v2/tokens/me").status == 429
    local.clock.advance(seconds=60)
    assert local.call("GET", "/api/v2/tokens/me").status == 200


@pytest.mark.parametrize(
    ("permission", "method", "path", "body"),
    [
        ("externalContacts:contact:view", "POST", LOOKUP, JANE),
        ("analytics:conversationDetail:view", "POST", QUERY, {}),
        ("conversation:message:create", "POST", SEND, {}),
        ("conversation:message:view", "GET", f"{MESSAGES}/some-id/details", None),
        ("webDeployments:deployment:view", "GET", DEPLOYMENTS, None),
        ("webDeployments:identityResolution:view", "GET", RESOLUTION, None),
    ],
)
def test_a_missing_permission_is_named(
    local: Local, permission: str, method: str, path: str, body: object
) -> None:
    local.settings(missing_permissions=[permission])
    answer = local.call(method, path, body)
    assert answer.status == 403
    assert answer.json["code"] in {"missing.permissions", "missing.any.permissions"}
    assert permission in answer.json["messageParams"]["permissions"]
    assert permission in answer.json["message"]


def test_a_conversation_may_be_read_without_any_permission(local: Local) -> None:
    local.settings(missing_permissions=["conversation:message:view"])
    conversation_id = local.customer("jane")["conversations"][-1]["id"]
    assert local.call("GET", f"{MESSAGES}/{conversation_id}").status == 200


def test_the_token_says_which_organization_it_is_for(local: Local) -> None:
    shown = local.call("GET", "/api/v2/tokens/me").json
    assert "stand-in" in shown["organization"]["name"]
    assert shown["OAuthClient"]["authorizedGrantType"] == "CLIENT-CREDENTIALS"


def test_the_roles_show_what_the_client_may_do(local: Local) -> None:
    local.settings(missing_permissions=["conversation:message:create"])
    subject = local.call("GET", "/api/v2/authorization/subjects/me?includeFullRoles=true").json
    policies = subject["grants"][0]["role"]["policies"]
    held = {f"{p['domain']}:{p['entityName']}:{p['actions'][0]}" for p in policies}
    assert "conversation:message:view" in held
    assert "conversation:message:create" not in held


def test_a_deployment_is_shown_with_its_status(local: Local) -> None:
    shown = local.call("GET", f"{DEPLOYMENTS}/{local.genesys.deployment_id}").json
    assert shown["status"] == "Active"
    local.settings(deployment_status="Inactive")
    listed = local.call("GET", DEPLOYMENTS).json["entities"]
    assert {deployment["status"] for deployment in listed} == {"Inactive", "Active"}
    assert local.call("GET", f"{DEPLOYMENTS}/nowhere").status == 404
    assert local.call("GET", f"{DEPLOYMENTS}?pageSize=0").status == 400
    assert local.call("GET", f"{DEPLOYMENTS}?page=1").status == 400


def test_a_deployment_has_an_active_configuration_and_resolves_identities(local: Local) -> None:
    path = f"{DEPLOYMENTS}/{local.genesys.deployment_id}/configurations"
    shown = local.call("GET", path).json
    assert shown["deployment"]["id"] == local.genesys.deployment_id
    app = shown["configurationVersion"]["messenger"]["apps"]["conversations"]
    assert app["conversationDisconnect"] == {"enabled": True, "type": "Send"}
    assert app["notifications"] == {"enabled": False}
    local.settings(disconnect_type="", push_content="ExcludeMessagesContent")
    messenger = local.call("GET", path).json["configurationVersion"]["messenger"]
    app = messenger["apps"]["conversations"]
    assert app["conversationDisconnect"] == {"enabled": False}
    assert app["notifications"]["notificationContentType"] == "ExcludeMessagesContent"
    assert local.call("GET", RESOLUTION).json["resolveIdentities"] is True
    for ending in ("configurations", "identityresolution"):
        assert local.call("GET", f"{DEPLOYMENTS}/nowhere/{ending}").status == 404


def test_a_body_where_none_belongs_is_refused_as_strict_gateways_do(local: Local) -> None:
    channels = "/api/v2/notifications/channels"
    assert local.call("POST", channels, raw=b"null").status == 415
    assert local.call("POST", channels, raw=b"{}").status == 200
    assert local.call("POST", channels).status == 200

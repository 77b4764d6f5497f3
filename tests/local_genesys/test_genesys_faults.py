from __future__ import annotations

import http.client
import time

import pytest

from .conftest import MESSAGES, SEND, Local

AGENTLESS = f"POST {SEND}"


def outbound(local: Local, key: str = "jane") -> int:
    return sum(
        message["direction"] == "outbound" and message["text"] == "Hello"
        for conversation in local.customer(key)["conversations"]
        for message in conversation["messages"]
    )


@pytest.mark.parametrize(("kind", "messages"), [("cut_before", 0), ("cut_after", 1)])
def test_a_cut_before_does_no_work_and_a_cut_after_does_all_of_it(
    local: Local, kind: str, messages: int
) -> None:
    jane = local.contact_id("jane@example.com")
    local.order(where=AGENTLESS, kind=kind, times=1)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        local.send(jane)
    assert outbound(local) == messages
    last = local.people("GET", "/control/genesys/calls").json["calls"][-1]
    assert (last["path"], last["status"]) == (SEND, None)
    assert local.send(jane).status == 202


def test_a_slow_answer_comes_after_the_work(local: Local) -> None:
    jane = local.contact_id("jane@example.com")
    local.order(where=AGENTLESS, kind="slow_answer", seconds=0.1, times=1)
    begun = time.monotonic()
    assert local.send(jane).status == 202
    assert time.monotonic() - begun >= 0.1
    assert outbound(local) == 1


def test_latency_delays_and_then_works(local: Local) -> None:
    local.order(where="/api/v2/tokens/me", kind="latency", seconds=0.1, times=1)
    begun = time.monotonic()
    assert local.call("GET", "/api/v2/tokens/me").status == 200
    assert time.monotonic() - begun >= 0.1


def test_a_refusal_has_the_form_that_genesys_cloud_uses(local: Local) -> None:
    jane = local.contact_id("jane@example.com")
    local.order(where=AGENTLESS, kind="status", status=429, retry_after=7, times=1)
    local.order(where=AGENTLESS, kind="status", status=429, times=1)
    local.order(where=AGENTLESS, kind="status", status=503, times=1)
    local.order(where=AGENTLESS, kind="status", status=400, body={"code": "special"}, times=1)
    first, second, third, fourth = (local.send(jane) for _ in range(4))
    assert (first.status, first.headers["retry-after"]) == (429, "7")
    assert second.json["code"] == "too.many.requests"
    assert "retry-after" not in second.headers
    assert third.json["code"] == "service.unavailable"
    assert third.json["contextId"] == third.headers["inin-correlation-id"]
    assert (fourth.status, fourth.json) == (400, {"code": "special"})
    assert outbound(local) == 0


def test_an_expired_token_stays_expired(local: Local) -> None:
    token = local.new_token()
    local.order(where="GET /api/v2/tokens/me", kind="expired_token", times=1)
    assert local.call("GET", "/api/v2/tokens/me", token=token).status == 401
    assert local.call("GET", "/api/v2/tokens/me", token=token).status == 401
    assert local.call("GET", "/api/v2/tokens/me", token=local.new_token()).status == 200


def test_faults_also_strike_the_token_endpoint(local: Local) -> None:
    local.order(where="POST /oauth/token", kind="status", status=503, times=1)
    assert local.grant().status == 503
    assert local.grant().status == 200


def test_faults_are_listed_and_cleared(local: Local) -> None:
    local.order(where="GET /api/*", kind="cut_before", times=3)
    listed = local.people("GET", "/control/genesys/faults").json["faults"]
    assert [(each["where"], each["times"]) for each in listed] == [("GET /api/*", 3)]
    local.people("DELETE", "/control/genesys/faults")
    assert local.call("GET", "/api/v2/tokens/me").status == 200
    wrong = local.people("POST", "/control/genesys/faults", {"where": "x", "kind": "quake"})
    assert (wrong.status, "kind" in wrong.json["error"]) == (400, True)


def test_calls_are_recorded_without_secrets(local: Local) -> None:
    local.people("DELETE", "/control/genesys/calls")
    jane = local.contact_id("jane@example.com")
    local.send(jane)
    answer = local.people("GET", "/control/genesys/calls")
    paths = [call["path"] for call in answer.json["calls"]]
    assert paths[0] == "/oauth/token"
    assert answer.json["calls"][-1]["body"]["textBody"] == "Hello"
    assert answer.json["calls"][-1]["status"] == 202
    assert local.genesys.client_secret not in str(answer.json)


@pytest.mark.parametrize(
    "settings",
    [
        {"analytics_delay": 1},
        {"analytics_delay_seconds": -1},
        {"calls_per_minute": 0},
        {"token_seconds": "1"},
        {"missing_permissions": "conversation:message:create"},
        {"missing_permissions": ["conversation:message:delete"]},
        {"deployment_status": "Asleep"},
        {"answers_open_new_conversation": 1},
        {"disconnect_type": "Hide"},
        {"push_content": None},
    ],
)
def test_a_wrong_setting_is_refused_and_changes_nothing(
    local: Local, settings: dict[str, object]
) -> None:
    before = local.people("GET", "/control/genesys/settings").json
    answer = local.people("POST", "/control/genesys/settings", settings)
    assert answer.status == 400
    assert next(iter(settings)) in answer.json["error"]
    assert local.people("GET", "/control/genesys/settings").json == before


def test_a_reset_forgets_everything(local: Local) -> None:
    token = local.new_token()
    sent = local.send(local.contact_id("jane@example.com")).json
    local.settings(calls_per_minute=1)
    local.order(where="GET", kind="cut_before")
    assert local.people("POST", "/control/genesys/reset").json == {"ok": True}
    assert local.call("GET", "/api/v2/tokens/me", token=token).status == 401
    fresh = local.new_token()
    details = f"{MESSAGES}/{sent['id']}/details"
    assert local.call("GET", details, token=fresh).status == 404
    assert local.call("GET", "/api/v2/tokens/me", token=fresh).status == 200

"""One message's exact status and reason; who has its conversation, and the link to it."""

from collections.abc import Callable
from typing import Any

import pytest

from genesys import (
    Connection,
    DeliveryStatus,
    GenesysCloud,
    Holder,
    HolderKind,
    MissingPermission,
    conversation_link,
    read_holder,
    read_message,
    region_names,
)
from tests.conftest import wait_until


def _reads(cloud: GenesysCloud, message_id: str, status: DeliveryStatus) -> str:
    wait_until(lambda: read_message(cloud, message_id).status is status, f"it is {status}")
    news = read_message(cloud, message_id)
    assert (news.message_id, news.reply) == (message_id, None)
    return news.reason


def test_a_message_is_followed_from_away_to_read(local: Any, cloud: GenesysCloud) -> None:
    sent = local.send(cloud, "amir@example.com").message_id
    reason = _reads(cloud, sent, DeliveryStatus.AWAY)
    assert reason == "GeneralError: The customer is not connected."
    local.ask("POST", "/customers/amir/presence", {"present": True})
    assert _reads(cloud, sent, DeliveryStatus.DELIVERED) == ""
    local.ask("POST", "/customers/amir/read")
    assert _reads(cloud, sent, DeliveryStatus.READ) == ""


def test_a_final_failure_has_genesyss_reason(local: Any, cloud: GenesysCloud) -> None:
    sent = local.send(cloud, "amir@example.com").message_id
    _reads(cloud, sent, DeliveryStatus.AWAY)
    reason = {"code": "MessageExpired", "message": "The session has ended."}
    local.ask("POST", f"/control/genesys/messages/{sent}/fail", reason)
    told = _reads(cloud, sent, DeliveryStatus.FAILED)
    assert told == "MessageExpired: The session has ended."
    local.ask("POST", "/customers/amir/presence", {"present": True})
    assert read_message(cloud, sent).status is DeliveryStatus.FAILED, "a final failure stays"
    assert "session" not in repr(read_message(cloud, sent))


def test_a_message_that_genesys_does_not_show_has_no_status(
    local: Any, cloud: GenesysCloud
) -> None:
    news = read_message(cloud, "no-such-message")
    assert (news.status, news.reason) == (None, "")


def test_a_missing_permission_is_raised(local: Any, cloud: GenesysCloud) -> None:
    local.set(missing_permissions=["conversation:message:view"])
    with pytest.raises(MissingPermission) as caught:
        read_message(cloud, "any")
    assert "conversation:message:view" in caught.value.hint


def _receipt(status: str, *codes: str, final: bool = False) -> dict[str, Any]:
    reasons = [{"code": code, "message": "Because."} for code in codes]
    return {"type": "Receipt", "status": status, "isFinalReceipt": final, "reasons": reasons}


@pytest.mark.parametrize(
    ("status", "receipts", "meant", "reason"),
    [
        ("queued", [], DeliveryStatus.PENDING, ""),
        ("sent", [], DeliveryStatus.PENDING, ""),
        ("published", [], DeliveryStatus.PENDING, ""),
        ("delivery-failed", [], DeliveryStatus.AWAY, ""),
        ("delivery-failed", [_receipt("Failed", final=True)], DeliveryStatus.AWAY, ""),
        (
            "delivery-failed",
            [_receipt("Failed", "GeneralError", final=True)],
            DeliveryStatus.AWAY,
            "GeneralError: Because.",
        ),
        (
            "delivery-failed",
            [_receipt("Failed", "RecipientOptedOut")],
            DeliveryStatus.AWAY,
            "RecipientOptedOut: Because.",
        ),
        (
            "delivery-failed",
            [
                _receipt("Failed", "RecipientOptedOut", final=True),
                _receipt("Failed", "GeneralError"),
            ],
            DeliveryStatus.FAILED,
            "RecipientOptedOut: Because.",
        ),
        (
            "failed",
            [_receipt("Sent"), _receipt("Failed", "DataFiltered", "ServerError", final=True)],
            DeliveryStatus.FAILED,
            "DataFiltered: Because.; ServerError: Because.",
        ),
        ("removed", [_receipt("Removed", final=True)], DeliveryStatus.FAILED, ""),
        ("delivery-success", [_receipt("Failed", "GeneralError")], DeliveryStatus.DELIVERED, ""),
        # What arrived hasn't failed, whatever an earlier attempt was told.
        (
            "delivery-success",
            [_receipt("Failed", "DataFiltered", final=True)],
            DeliveryStatus.DELIVERED,
            "",
        ),
        ("read", [_receipt("Failed", "DataFiltered", final=True)], DeliveryStatus.READ, ""),
        ("sent", [_receipt("Failed", "DataFiltered", final=True)], DeliveryStatus.PENDING, ""),
        # A reason without a code says no more than that the customer is away.
        (
            "delivery-failed",
            [_receipt("Failed", "", final=True)],
            DeliveryStatus.AWAY,
            "Because.",
        ),
        (
            "delivery-failed",
            [_receipt("Failed", "", "DataFiltered", final=True)],
            DeliveryStatus.FAILED,
            "Because.; DataFiltered: Because.",
        ),
        ("read", [], DeliveryStatus.READ, ""),
        ("received", [], None, ""),
        ("something-new", [], None, ""),
        (None, [], None, ""),
    ],
)
def test_every_status_has_its_meaning(
    raw: Any,
    connect: Callable[..., GenesysCloud],
    status: str | None,
    receipts: Any,
    meant: DeliveryStatus | None,
    reason: str,
) -> None:
    raw.api = lambda _: raw.reply({"id": "m", "status": status, "normalizedReceipts": receipts})
    news = read_message(connect(raw.url), "m")
    assert (news.status, news.reason) == (meant, reason)
    assert news.explanation == ("Because." if reason else "")
    assert "Because" not in repr(news)


def test_a_conversation_goes_from_flow_to_queue_to_agent(local: Any, cloud: GenesysCloud) -> None:
    conversation_id = local.send(cloud, "jane@example.com").conversation_id
    assert read_holder(cloud, conversation_id) is None, "ended with the message"
    local.ask("POST", "/customers/jane/answer", {"text": "Thanks"})
    wait_until(lambda: read_holder(cloud, conversation_id) == Holder(HolderKind.QUEUE, "Support"))
    local.ask("POST", "/customers/jane/agent", {"joins": True})
    holder = read_holder(cloud, conversation_id)
    assert holder == Holder(HolderKind.AGENT, "Ada Nowak")
    assert "Ada" not in repr(holder)
    local.ask("POST", "/customers/jane/end")
    assert read_holder(cloud, conversation_id) is None


def test_a_conversation_that_there_is_not_has_no_holder(local: Any, cloud: GenesysCloud) -> None:
    assert read_holder(cloud, "no-such-conversation") is None


GUEST = {"purpose": "customer", "state": "connected"}


@pytest.mark.parametrize(
    ("participants", "holder"),
    [
        ([GUEST], Holder(HolderKind.NOBODY, "")),
        ([GUEST, {"purpose": "workflow", "name": "Flow"}], Holder(HolderKind.FLOW, "Flow")),
        ([GUEST, {"purpose": "botflow", "id": "b"}], Holder(HolderKind.FLOW, "b")),
        (
            [GUEST, {"purpose": "workflow"}, {"purpose": "acd", "queue": {"id": "q"}}],
            Holder(HolderKind.QUEUE, "q"),
        ),
        (
            [
                GUEST,
                {"purpose": "acd", "name": "x", "queue": {"id": "q", "name": "Support"}},
                {"purpose": "agent", "state": "alerting", "user": {"id": "u"}},
            ],
            Holder(HolderKind.QUEUE, "Support"),
        ),
        (
            [
                {"purpose": "agent", "state": "connected", "endTime": "2026-11-22T12:00:00Z"},
                {"purpose": "agent", "state": "disconnected", "name": "Old"},
                {
                    "purpose": "agent",
                    "state": "parked",
                    "name": "One",
                    "connectedTime": "2026-11-22T12:00:00Z",
                },
                {
                    "purpose": "user",
                    "state": "connected",
                    "user": {"id": "u2"},
                    "connectedTime": "2026-11-22T13:00:00Z",
                },
            ],
            Holder(HolderKind.AGENT, "u2"),
        ),
        ([{**GUEST, "endTime": "2026-11-22T12:00:00Z"}, {"purpose": "api"}], None),
        ([{**GUEST, "state": "terminated"}], None),
        ([], None),
    ],
)
def test_an_agent_comes_before_a_queue_before_a_flow(
    raw: Any, connect: Callable[..., GenesysCloud], participants: Any, holder: Holder | None
) -> None:
    raw.api = lambda _: raw.reply({"id": "c", "participants": participants})
    assert read_holder(connect(raw.url), "c") == holder


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-east-1", "apps.mypurecloud.com"),
        ("us-east-2", "apps.use2.us-gov-pure.cloud"),
        ("us-west-2", "apps.usw2.pure.cloud"),
        ("ca-central-1", "apps.cac1.pure.cloud"),
        ("mx-central-1", "apps.mxc1.pure.cloud"),
        ("sa-east-1", "apps.sae1.pure.cloud"),
        ("eu-west-1", "apps.mypurecloud.ie"),
        ("eu-west-2", "apps.euw2.pure.cloud"),
        ("eu-central-1", "apps.mypurecloud.de"),
        ("eu-central-2", "apps.euc2.pure.cloud"),
        ("eusc-de-east-1", "apps.edee1.eusc-pure.cloud"),
        ("me-central-1", "apps.mec1.pure.cloud"),
        ("ap-south-1", "apps.aps1.pure.cloud"),
        ("ap-southeast-1", "apps.apse1.pure.cloud"),
        ("ap-southeast-2", "apps.mypurecloud.com.au"),
        ("ap-northeast-1", "apps.mypurecloud.jp"),
        ("ap-northeast-2", "apps.apne2.pure.cloud"),
        ("ap-northeast-3", "apps.apne3.pure.cloud"),
    ],
)
def test_the_link_leads_to_the_region(region: str, host: str) -> None:
    assert region in region_names()
    link = conversation_link(Connection("id", "secret", region=region), "c/1")
    assert link == f"https://{host}/directory/#/engage/admin/interactions/c%2F1"


@pytest.mark.parametrize(
    ("api_url", "host"),
    [
        ("http://127.0.0.1:8123", "http://127.0.0.1:8123"),
        ("https://gateway.example.com/genesys/", "https://gateway.example.com"),
        ("https://api.mypurecloud.de", "https://apps.mypurecloud.de"),
    ],
)
def test_with_an_api_url_the_link_leads_there(api_url: str, host: str) -> None:
    link = conversation_link(Connection("id", "secret", api_url=api_url), "c1")
    assert link == f"{host}/directory/#/engage/admin/interactions/c1"


def test_of_several_failures_the_last_has_the_reason(
    raw: Any, connect: Callable[..., GenesysCloud]
) -> None:
    receipts = [_receipt("Failed", code, final=True) for code in ("ServerError", "DataFiltered")]
    raw.api = lambda _: raw.reply({"status": "failed", "normalizedReceipts": receipts})
    assert read_message(connect(raw.url), "m").reason == "DataFiltered: Because."

"""Genesys Cloud is called the way the machine is set up, and a proxy never causes a second send."""

import base64
from collections.abc import Callable
from typing import Any

import pytest

from genesys import (
    CutOff,
    FateUnknown,
    GenesysCloud,
    Notifications,
    OutboundMessage,
    TimedOut,
    Unreachable,
    proxy_for,
    send_once,
)
from tests.conftest import wait_until
from tests.inspecting_proxy import InspectingProxy

Connect = Callable[..., GenesysCloud]
MESSAGE = OutboundMessage("contact", "deployment", "Hello")
PATH = "/api/v2/tokens/me"
TARGET = "genesys.example.com:443"


@pytest.fixture
def behind(raw: Any, proxy: InspectingProxy) -> str:
    """Return the address of the raw server behind the proxy."""
    return proxy.route("genesys.example.com", raw.url)


def test_the_sign_in_and_the_calls_go_through_the_proxy(
    raw: Any, proxy: InspectingProxy, connect: Connect, behind: str
) -> None:
    raw.api = lambda _: raw.reply({"id": "here"})
    assert connect(behind).call("GET", PATH) == {"id": "here"}
    assert [asked.path for asked in raw.asked] == ["/oauth/token", PATH]
    assert set(proxy.asked) == {TARGET}


def test_only_the_proxy_gets_the_login_for_it(
    raw: Any,
    proxy: InspectingProxy,
    connect: Connect,
    behind: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://ana:s%40fe@127.0.0.1:{proxy.port}")
    connect(behind).call("GET", PATH)
    assert set(proxy.logins) == {"Basic " + base64.b64encode(b"ana:s@fe").decode()}
    assert not any("proxy-authorization" in asked.headers for asked in raw.asked)


@pytest.mark.parametrize(
    "value", ["genesys.example.com", "example.com", ".example.com", "a.b, example.com", "*", TARGET]
)
def test_a_host_in_no_proxy_is_called_directly(
    value: str, proxy: InspectingProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"https://{TARGET}/path"
    assert proxy_for(url) == proxy.url
    monkeypatch.setenv("NO_PROXY", value)
    assert proxy_for(url) is None
    assert proxy_for("https://elsewhere.example.org") == (None if value == "*" else proxy.url)


def test_a_host_in_no_proxy_is_not_asked_for_at_the_proxy(
    proxy: InspectingProxy, connect: Connect, behind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "example.com")
    with pytest.raises(Unreachable):
        connect(behind).call("GET", PATH, patience=0.1)
    assert proxy.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/",
        "https://127.0.0.2/",
        "https://[::1]:443/",
        "wss://localhost/",
        "ws://x",
    ],
)
def test_this_machine_is_called_directly(url: str, proxy: InspectingProxy) -> None:
    assert proxy_for(url) is None


def test_a_stand_in_on_this_machine_works_with_proxies_set(
    raw: Any, proxy: InspectingProxy, connect: Connect
) -> None:
    connect(raw.url).call("GET", PATH)
    assert proxy.asked == []


def test_a_proxy_may_be_given_without_its_scheme_and_in_lower_case(
    proxy: InspectingProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", "proxy.example.com:3128")
    assert proxy_for("wss://events.example.org/x") == "http://proxy.example.com:3128"


@pytest.mark.parametrize("status", [403, 407, 502, 503])
def test_if_the_proxy_refuses_nothing_was_sent_and_the_error_says_where_to_look(
    status: int, raw: Any, proxy: InspectingProxy, connect: Connect, behind: str
) -> None:
    proxy.refusal = status
    with pytest.raises(Unreachable) as caught:
        send_once(connect(behind), MESSAGE, patience=0.2)
    assert "HTTPS_PROXY" in caught.value.hint
    assert caught.value.definite
    assert raw.asked == []


def test_if_the_proxy_is_gone_nothing_was_sent(
    raw: Any, connect: Connect, behind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    with pytest.raises(Unreachable) as caught:
        send_once(connect(behind), MESSAGE, patience=0.2)
    assert "The proxy doesn't connect us" in caught.value.hint
    assert raw.asked == []


@pytest.mark.parametrize(
    "sent", [b"", b"HTTP/1.", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"]
)
def test_a_send_that_is_cut_behind_the_proxy_is_never_repeated(
    raw: Any, connect: Connect, behind: str, sent: bytes
) -> None:
    raw.api = lambda _: raw.cut(sent)
    with pytest.raises(FateUnknown) as caught:
        send_once(connect(behind), MESSAGE)
    assert isinstance(caught.value.__cause__, CutOff)
    assert len(raw.requests("agentless")) == 1


def test_a_send_that_times_out_behind_the_proxy_is_never_repeated(
    raw: Any, connect: Connect, behind: str
) -> None:
    raw.api = lambda _: raw.stall()
    with pytest.raises(FateUnknown) as caught:
        send_once(connect(behind, read_timeout=0.3), MESSAGE)
    assert isinstance(caught.value.__cause__, TimedOut)
    assert len(raw.requests("agentless")) == 1


def test_a_proxy_that_reads_along_must_be_trusted(
    raw: Any, connect: Connect, behind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(Unreachable, match="Tell your admin") as caught:
        send_once(connect(behind), MESSAGE)
    assert "certificate authority must be trusted" in caught.value.hint
    assert not caught.value.transient
    assert raw.asked == []


def test_notifications_come_through_the_proxy(
    raw: Any, proxy: InspectingProxy, connect: Connect, behind: str
) -> None:
    events = proxy.route("events.example.com", raw.url).replace("https:", "wss:") + "/channel"
    raw.api = lambda _: raw.reply({"id": "channel", "connectUri": events})
    notifications = Notifications(connect(behind), "deployment", lambda _: None, pause=0.01)
    notifications.start()
    wait_until(lambda: "events.example.com:443" in proxy.asked)
    notifications.close()

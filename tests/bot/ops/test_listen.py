"""The server listens on every kind of address."""

import socket

import pytest

from bot.ops.listen import listen

HAS_IPV6 = socket.has_dualstack_ipv6()
needs_ipv6 = pytest.mark.skipif(not HAS_IPV6, reason="this machine has no IPv6")


def _is_reached(listening: socket.socket, host: str) -> bool:
    port = listening.getsockname()[1]
    with socket.create_connection((host, port), timeout=5) as calling:
        accepted, _ = listening.accept()
        with accepted:
            return bool(calling.getsockname()[1] == accepted.getpeername()[1])


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_an_ipv4_address_or_a_name_is_listened_on(host: str) -> None:
    with listen(host, 0) as listening:
        assert listening.family == socket.AF_INET
        assert _is_reached(listening, "127.0.0.1")


@needs_ipv6
@pytest.mark.parametrize("host", ["::1", "[::1]", "::"])
def test_an_ipv6_address_is_listened_on(host: str) -> None:
    with listen(host, 0) as listening:
        assert listening.family == socket.AF_INET6
        assert _is_reached(listening, "::1")


@needs_ipv6
def test_all_ipv6_addresses_include_those_of_ipv4() -> None:
    with listen("::", 0) as listening:
        assert _is_reached(listening, "127.0.0.1")


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 70, "..", "192.0.2.1", "1.2.3.4.5"])
def test_an_address_that_is_not_this_machines_is_refused_with_a_reason(host: str) -> None:
    with pytest.raises(OSError) as refused:
        listen(host, 0)
    assert refused.value.strerror


def test_a_port_that_is_taken_is_refused_with_a_reason() -> None:
    with listen("127.0.0.1", 0) as listening, pytest.raises(OSError, match="in use"):
        listen("127.0.0.1", listening.getsockname()[1])

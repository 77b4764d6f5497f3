"""Opens the socket that the HTTP server accepts connections from."""

from __future__ import annotations

import socket


def listen(host: str, port: int) -> socket.socket:
    """Listen on an IPv4 or IPv6 address, or on a host name; on ``::``, IPv4 is included.

    Raises OSError, whose ``strerror`` says why that's impossible.
    """
    host = host.removeprefix("[").removesuffix("]")  # as in a web address
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except UnicodeError:  # a name that no host can have
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known") from None
    # A name such as localhost may have both; callers have always found us under the IPv4 one.
    family, *_, address = min(found, key=lambda one: one[0] != socket.AF_INET)
    return socket.create_server(
        address,
        family=family,
        dualstack_ipv6=family == socket.AF_INET6 and socket.has_dualstack_ipv6(),
    )

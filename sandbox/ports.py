"""Find a port for a server on this machine."""

from __future__ import annotations

import socket

LOOPBACK = "127.0.0.1"


def find_free_port() -> int:
    """Return a port of 127.0.0.1 that nobody else gets for about a minute.

    If a server closes a connection first, its port stays in TIME_WAIT (RFC 9293, section 3.6).
    Until that ends, only a program that asks for this number, with SO_REUSEADDR, gets the port.
    """
    with socket.create_server((LOOPBACK, 0)) as server:
        address = server.getsockname()
        with socket.create_connection(address):
            server.accept()[0].close()
    return int(address[1])

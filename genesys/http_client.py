"""Make HTTP requests the way the machine is set up: through its proxy, trusting its authorities.

`HTTPS_PROXY` and `NO_PROXY` say which hosts are called through a proxy. `SSL_CERT_FILE` and
`SSL_CERT_DIR` name certificate authorities; OpenSSL reads them itself.
https://docs.openssl.org/3.0/man3/SSL_CTX_load_verify_locations/
"""

import functools
import ipaddress
import os
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import urllib3

LARGEST_ANSWER = 16_000_000  # bytes, unpacked; a page of 100 conversations has 0.6 million
LONGEST_ANSWER = 30.0  # seconds from an answer's headers to its end
_PIECE = 65_536


@dataclass(frozen=True)
class HttpAnswer:
    """What came back, whatever its status; `data` is unpacked."""

    status: int
    reason: str | None
    headers: Mapping[str, str] = field(repr=False)
    data: bytes = field(repr=False)


class AnswerTooLarge(urllib3.exceptions.HTTPError):
    """An answer was larger than any that we expect, perhaps only after it was unpacked."""


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def proxy_for(url: str) -> str | None:
    """Return the address of the proxy through which a URL is called, or None.

    Calls without TLS only go to this machine, so they need no proxy.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("https", "wss") or is_loopback(parts.hostname or ""):
        return None
    proxy = getproxies().get("https")
    if not proxy or proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


class HttpClient:
    """Makes requests over pools of connections, and follows no redirect; thread-safe.

    A redirect would take the token, or a customer's message, to another host. No answer may take
    more memory or time than a real one.
    """

    def __init__(self, **settings: Any) -> None:
        """Prepare it without connecting; `settings` are those of urllib3's pools."""
        trust = _load_trust(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
        self._settings = {"retries": False, "ssl_context": trust, **settings}
        self._pools: dict[str | None, urllib3.PoolManager] = {}

    def request(self, method: str, url: str, **options: Any) -> HttpAnswer:
        """Make a request, and return the answer whatever its status. Raises urllib3's errors."""
        answer = self._pools_for(url).request(
            method, url, redirect=False, preload_content=False, **options
        )
        return HttpAnswer(answer.status, answer.reason, answer.headers, _read(answer))

    def close(self) -> None:
        """Close the idle connections."""
        for pools in list(self._pools.values()):
            pools.clear()

    def _pools_for(self, url: str) -> urllib3.PoolManager:
        proxy = proxy_for(url)
        pools = self._pools.get(proxy)
        if pools is None:
            pools = self._pools.setdefault(proxy, self._open_pools(proxy))
        return pools

    def _open_pools(self, proxy: str | None) -> urllib3.PoolManager:
        if proxy is None:
            return urllib3.PoolManager(**self._settings)
        login = urlsplit(proxy).netloc.rpartition("@")[0]
        headers = urllib3.make_headers(proxy_basic_auth=unquote(login)) if login else None
        return urllib3.ProxyManager(proxy, proxy_headers=headers, **self._settings)


@functools.cache
def _load_trust(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    """Load the machine's authorities, once for each setting: that takes 25 ms."""
    return ssl.create_default_context()


def _read(answer: urllib3.BaseHTTPResponse) -> bytes:
    """Read and unpack an answer's body, and keep the connection if that worked."""
    data, give_up = bytearray(), time.monotonic() + LONGEST_ANSWER
    try:
        # read1, because the others wait until a whole piece is there.
        while piece := answer.read1(_PIECE, decode_content=True):
            data += piece
            if len(data) > LARGEST_ANSWER:
                raise AnswerTooLarge
            if time.monotonic() > give_up:
                raise urllib3.exceptions.TimeoutError
    except BaseException:
        answer.close()
        raise
    answer.release_conn()
    return bytes(data)

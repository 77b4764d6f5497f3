"""A proxy as companies have them: the only way out, and it reads what goes through it.

It takes CONNECT requests, and answers TLS itself with a certificate of its own authority. Then it
passes everything on to a server on this machine, whatever host was asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import subprocess
import threading
from pathlib import Path
from urllib.parse import urlsplit

HOSTS = "DNS:example.com,DNS:*.example.com"


def make_certificate(folder: Path) -> Path:
    """Make a file with a key and a certificate for `*.example.com`, which is its own authority."""
    key, certificate, both = (folder / name for name in ("key.pem", "ca.pem", "both.pem"))
    extensions = {
        "subjectAltName": HOSTS,
        "basicConstraints": "critical,CA:TRUE",
        "keyUsage": "critical,digitalSignature,keyCertSign",
    }
    added = [word for name, value in extensions.items() for word in ("-addext", f"{name}={value}")]
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-nodes", "-subj", "/CN=proxy", "-days", "2"),
            *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-keyout", key, "-out", certificate),
            *added,
        ],
        check=True,
        capture_output=True,
    )
    both.write_text(key.read_text() + certificate.read_text())
    return both


class InspectingProxy:
    """Runs in a thread of its own. `authority` is the file with its certificate."""

    def __init__(self, authority: Path) -> None:
        self.authority = authority
        self.asked: list[str] = []
        self.logins: list[str | None] = []
        self.refusal = 0
        self._servers: dict[str, tuple[str, int]] = {}
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(authority)
        self._tasks: set[asyncio.Task[object]] = set()
        # All that were ever opened, until the end: a task that's cancelled may not close its own.
        self._transports: list[asyncio.WriteTransport] = []
        self._writers: list[asyncio.StreamWriter] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.port = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(10)
        self.url = f"http://127.0.0.1:{self.port}"

    def route(self, host: str, url: str) -> str:
        """Let a host name lead to a server on this machine; return its address behind the proxy."""
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        self._servers[host] = (parts.hostname, parts.port)
        return f"https://{host}{parts.path}"

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        for _ in range(2):  # connections accepted meanwhile begin, and then end
            self._loop.run_until_complete(asyncio.sleep(0.02))
            for task in asyncio.all_tasks(self._loop):
                task.cancel()
            self._abort_all()
        self._loop.run_until_complete(asyncio.sleep(0.02))
        self._loop.close()

    async def _start(self) -> int:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def _stop(self) -> None:
        self._server.close()
        for _ in range(5):  # what was just accepted begins, and sockets close, in the next turns
            await asyncio.sleep(0)
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self._abort_all()

    def _abort_all(self) -> None:
        for transport in (*(writer.transport for writer in self._writers), *self._transports):
            transport.abort()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._keep(writer)
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _keep(self, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        self._transports.append(writer.transport)  # below TLS, which may end before it has begun

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        below_tls = writer.transport
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._connect(reader, writer)
        finally:
            writer.transport.abort()
            below_tls.abort()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        method, target, _ = head.split(maxsplit=2)
        assert method == "CONNECT", method
        lines = (line.partition(": ") for line in head.splitlines())
        headers = {name.lower(): value for name, _, value in lines}
        self.asked.append(target)
        self.logins.append(headers.get("proxy-authorization"))
        if self.refusal:
            writer.write(f"HTTP/1.1 {self.refusal} Refused\r\n\r\n".encode())
            await writer.drain()
            return
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        await writer.start_tls(self._tls)
        name = target.partition(":")[0]
        host, port = self._servers[name]
        inner = await asyncio.open_connection(host, port)
        self._keep(inner[1])
        # The stand-ins answer only to their own names.
        rename = (f"Host: {name}".encode(), f"Host: {host}:{port}".encode())
        there = asyncio.create_task(_pump(reader, inner[1], rename))
        back = asyncio.create_task(_pump(inner[0], writer))
        try:
            await asyncio.wait((there, back), return_when=asyncio.FIRST_COMPLETED)
        finally:
            inner[1].transport.abort()  # first, because being cancelled again ends the wait below
            there.cancel()
            back.cancel()
            await asyncio.gather(there, back, return_exceptions=True)


async def _pump(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    rename: tuple[bytes, bytes] = (b"", b""),
) -> None:
    while data := await reader.read(65_536):
        writer.write(data.replace(*rename, 1) if rename[0] else data)
        await writer.drain()

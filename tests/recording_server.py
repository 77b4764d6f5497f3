"""A web server on this machine that gives the answer it was told, and keeps what was sent to it."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Recorded:
    """A request that came in."""

    path: str
    headers: Mapping[str, str]
    body: bytes


class RecordingServer:
    """Runs in a thread of its own; `url` is its address."""

    def __init__(self) -> None:
        self.requests: list[Recorded] = []
        self.status = 200
        self.headers: dict[str, str] = {}
        self.body = b'{"ok": true}'
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(
        self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> str:
        """Set the answer; return the address."""
        self.status, self.body, self.headers = status, body, dict(headers or {})
        return self.url

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                server.requests.append(Recorded(self.path, dict(self.headers), body))
                self.send_response(server.status)
                for name, value in {"Content-Type": "application/json", **server.headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(server.body)))
                self.end_headers()
                self.wfile.write(server.body)

            def do_GET(self) -> None:
                self.do_POST()

            def log_message(self, *_: object) -> None:
                pass

        return Handler

"""A Slack Web API that answers everybody the same, and notes what it was asked.

It checks neither tokens nor arguments; the sandbox's Slack does.
"""

from __future__ import annotations

import itertools
import json
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from benchmarks.stand_in import Json, Service, StandIn, serve

_CHANNEL = re.compile(rb'"?channel"?(?::\s?"|=)([^"&]+)')
_REQUEST = re.compile(rb"V0BENCH\d{6}")  # the ids of slack_requests, which the bot's posts carry
_AUTH = {
    "team_id": "T0BENCH",
    "user_id": "U0BOT",
    "bot_id": "B0BENCH",
    "app_id": "A0BENCH",
    "url": "https://slack.example/",
}


_FULL_MEMBER = {"is_restricted": False, "is_ultra_restricted": False, "deleted": False}


class QuickSlack(StandIn):
    """The stand-in as a process."""

    def __init__(self, folder: Path) -> None:
        super().__init__(__name__, folder)
        self.url = f"{self.address}/api/"

    def count(self, method: str) -> int:
        """Return how often a method was called."""
        return int(self.ask(f"count/{method}"))

    def last(self, method: str) -> float:
        """Return when a method was last called (monotonic)."""
        return float(self.ask(f"last/{method}"))

    def posts(self) -> dict[str, float]:
        """Return when the first post about each request came (monotonic)."""
        return dict(self.ask("posts"))

    def opened_view(self) -> Json:
        """Return the view that was opened last."""
        return dict(self.ask("view"))


class _Slack(Service):
    def __init__(self) -> None:
        self._count: Counter[str] = Counter()
        self._last: dict[str, float] = {}
        self._posts: dict[str, float] = {}
        self._opened = b""
        self._numbers = itertools.count(1)

    def answer(self, path: str, body: bytes) -> tuple[Json, float]:
        """Answer a call and note it."""
        method = path.rpartition("/")[2]
        self._count[method] += 1
        self._last[method] = time.monotonic()
        return {"ok": True, **self._content(method, body)}, 0.0

    def _content(self, method: str, body: bytes) -> Json:
        if method == "views.open":
            self._opened = body
        if method.startswith("views."):
            return {"view": {"id": f"VQ{next(self._numbers)}", "hash": "1.a", "type": "modal"}}
        if method.startswith("chat."):
            found = _CHANNEL.search(body)
            channel = found[1].decode() if found else ""
            about = _REQUEST.search(body)
            if method == "chat.postMessage" and about:
                self._posts.setdefault(about[0].decode(), self._last[method])
            ts = f"{time.time():.0f}.{next(self._numbers) % 1_000_000:06d}"
            return {"channel": channel, "ts": ts, "permalink": "https://slack.example/p"}
        if method == "users.info":
            return {"user": {"id": "U0BENCH", "team_id": _AUTH["team_id"], **_FULL_MEMBER}}
        if method == "conversations.info":
            return {"channel": {"id": "C0BENCH", "is_ext_shared": False}}
        if method.startswith("conversations."):
            return {"messages": [], "has_more": False}
        return _AUTH

    def tell(self, question: str, about: str) -> Any:
        """Answer a benchmark's question."""
        match question:
            case "count":
                return self._count[about]
            case "last":
                return self._last[about]
            case "posts":
                return self._posts
        view = _fields(self._opened)["view"]
        return json.loads(view) if isinstance(view, str) else view


def _fields(body: bytes) -> Json:
    """Read a call's arguments, which are JSON or a form."""
    if body.startswith(b"{"):
        return dict(json.loads(body))
    return {name: values[0] for name, values in parse_qs(body.decode()).items()}


if __name__ == "__main__":
    serve(_Slack())

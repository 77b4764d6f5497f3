"""The bare AsyncApp in Socket Mode, by Bolt's handler on aiohttp."""

from __future__ import annotations

import os

import uvloop
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler

from benchmarks.baselines.bare_bolt import build_app


async def serve() -> None:
    """Connect, and answer envelopes until the process is ended."""
    handler = AsyncSocketModeHandler(build_app(), os.environ["SLACK_APP_TOKEN"])
    await handler.start_async()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    uvloop.run(serve())

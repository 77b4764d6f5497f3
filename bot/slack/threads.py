"""Runs in a thread what would block the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import TypeVar

T = TypeVar("T")


async def in_thread(executor: Executor, work: Callable[..., T], *arguments: object) -> T:
    """Return what ``work`` returns for these arguments, or raise what it raises."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(executor, partial(work, *arguments))

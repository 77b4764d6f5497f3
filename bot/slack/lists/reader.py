"""Asks what somebody who reads a list of requests may see and do."""

from __future__ import annotations

from bot.slack.gate import Gate
from bot.slack.lists.request_rows import Reader


async def read_reader(gate: Gate, user_id: str) -> Reader:
    """Ask whether somebody is a lead, and whether they may approve messages."""
    is_lead = await gate.is_lead(user_id)
    return Reader(user_id, is_lead, await gate.is_approver(user_id))

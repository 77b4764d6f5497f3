"""What the surfaces are drawn from: texts that are hostile or long, a place and a time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from bot.request import Place

Surface = tuple[str, str, Any]  # its name, its kind, its payload

HOSTILE = (
    "<!channel> @here <@U0ADA> *bold* _i_ ~s~ `code` > quote <https://evil.example|ok> "
    "&amp; payload= \u200b\u202egnp.exe\u2069 \x00 👩‍👩‍👧‍👦 𝔘 </script>"
)
LONGEST = "𝔘" * 1_500  # 3,000 UTF-16 units: the most that Slack's input takes
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PLACE = Place("T0TEAM", "C0SUPPORT", "", "https://hooks.slack.com/commands/T/1/x")
NAMES = ("Jane Doe", HOSTILE, "x" * 400, "")

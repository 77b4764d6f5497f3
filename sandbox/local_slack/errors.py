"""How the Web API says no."""

from __future__ import annotations

from collections.abc import Iterable


class SlackError(Exception):
    """Slack answers `{"ok": false, "error": ...}`; `details` become response_metadata.messages."""

    def __init__(
        self,
        error: str,
        details: Iterable[str] = (),
        *,
        needed: str | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(error)
        self.error = error
        self.details = tuple(details)
        self.needed = needed
        self.retry_after = retry_after

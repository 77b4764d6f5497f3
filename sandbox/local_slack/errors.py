"""The refusal of a Web API call."""

from __future__ import annotations

from collections.abc import Iterable


class SlackError(Exception):
    """A refusal: `{"ok": false, "error": ...}`, with `details` in response_metadata.messages."""

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

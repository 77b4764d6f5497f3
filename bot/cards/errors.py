"""What can go wrong when the bot calls Slack, in the terms that its callers decide by."""

from __future__ import annotations


class SlackError(Exception):
    """A call to Slack failed."""


class SlackRefused(SlackError):
    """Slack said no. It certainly did nothing, and ``code`` says why.

    ``details``: what Slack says about the arguments. It may quote them, so it's never logged.
    """

    def __init__(self, code: str, details: tuple[str, ...] = ()) -> None:
        super().__init__(f"Slack refused the call ({code})")
        self.code = code
        self.details = details


class SlackTokenRefused(SlackRefused):
    """Slack doesn't accept the bot's token: any call fails until an administrator replaces it."""


class SlackRateLimited(SlackError):
    """The bot calls Slack too often. Slack did nothing; try after ``retry_after`` seconds."""

    def __init__(self, retry_after: float | None = None) -> None:
        super().__init__("Slack's rate limit was reached")
        self.retry_after = retry_after


class SlackUnavailable(SlackError):
    """Slack gave no clear answer. It may have done what the call asked for, or not."""

    def __init__(self, cause: str) -> None:
        super().__init__(f"Slack gave no clear answer ({cause})")

"""Sets up the log and keeps private values out of it.

Promises that no token, address, phone number or message text is logged: libraries that log bodies
are silenced, tracebacks leave out the errors' texts, and every line has whatever still looks like
a token, an email address or a phone number masked.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
from collections.abc import Iterator
from types import TracebackType

log = logging.getLogger(__name__)

_PRIVATE = re.compile(
    r"xox[a-z]-[\w-]+|xapp-[\w-]+|Bearer\s+\S+|Basic\s+\S+"
    r"|[^\s<>\"'=:,;(]+@[^\s<>\"',;)]+|\+\d[\d\s().-]{6,}\d"
)
_SILENCED = (
    *("alembic", "slack_bolt", "slack_sdk", "aiohttp", "urllib3"),
    *("uvicorn.access", "dbos", "asyncio"),
)
# These read their own level instead of the one they inherit, and at DEBUG format every body.
_OWN_LEVEL = (
    "slack_sdk.web.async_base_client",
    "slack_sdk.web.base_client",
    "slack_sdk.webhook.async_client",
    "slack_sdk.webhook.client",
)
MASK = "[masked]"
_SHORTEST_QUOTE = 4  # characters; shorter ones say nothing, and may be part of a word


def start_logging(level: str) -> None:
    """Write the log to standard error, with private values masked."""
    handler = logging.StreamHandler()
    handler.setFormatter(MaskingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _SILENCED:
        logger = logging.getLogger(name)
        logger.setLevel(logging.WARNING)
        logger.handlers.clear()
        logger.propagate = True
    for name in _OWN_LEVEL:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in ("dbos", "uvicorn.error"):
        logging.getLogger(name).addFilter(RepeatFilter())
    sys.excepthook = _log_last_error
    threading.excepthook = _log_thread_error
    sys.unraisablehook = _log_unraisable


def _log_last_error(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    """Log the error that ends the process; Python itself would print its text."""
    log.critical("ended by an unforeseen error", exc_info=(kind, error, trace))


def _log_thread_error(found: threading.ExceptHookArgs) -> None:
    """Log the error that ends a thread, for the same reason."""
    if found.exc_type is not SystemExit:
        name = found.thread.name if found.thread else "a thread"
        log.critical("%s: ended by an unforeseen error", name, exc_info=found.exc_value)


def _log_unraisable(found: sys.UnraisableHookArgs) -> None:
    """Log an error that can end nothing, such as one of a finalizer, for the same reason."""
    log.error("an error that nobody could catch", exc_info=found.exc_value)


class RepeatFilter(logging.Filter):
    """Passes at most one line in 30 seconds from each place in the code.

    DBOS repeats itself in an outage, and strangers can make uvicorn do so.
    """

    def __init__(self, seconds: float = 30.0) -> None:
        super().__init__()
        self._seconds = seconds
        self._next: dict[tuple[str, int], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether this place has been silent for long enough."""
        place = (record.pathname, record.lineno)
        if record.created < self._next.get(place, 0.0):
            return False
        self._next[place] = record.created + self._seconds
        return True


class MaskingFormatter(logging.Formatter):
    """Formats a record without what its arguments or its error may say about a customer."""

    def format(self, record: logging.LogRecord) -> str:
        """Format the line and mask what looks private."""
        record.exc_text = None  # another handler may have cached the error's text here
        line = _PRIVATE.sub(MASK, super().format(record))
        record.exc_text = None
        return line

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 -- logging's own name
        """Format the message; where a library quotes the error, only its type is kept."""
        for error in _chain(record.exc_info[1] if record.exc_info else None):
            if len(str(error)) >= _SHORTEST_QUOTE:
                record.message = record.message.replace(str(error), type(error).__name__)
        return super().formatMessage(record)

    def formatException(  # noqa: N802 -- logging's own name
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None]
        | tuple[None, None, None],
    ) -> str:
        """Format the type of an error and its traceback, without its text."""
        parts: list[str] = []
        for error in _chain(ei[1]):
            places = [
                f"  {frame.filename}:{frame.lineno} in {frame.name}"
                for frame in traceback.extract_tb(error.__traceback__)
            ]
            parts.append("\n".join([f"{type(error).__module__}.{type(error).__name__}", *places]))
        return "\ncaused by ".join(parts)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error and those that it came from."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__

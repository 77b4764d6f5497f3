"""No token, address, number or message text is logged, whatever raised or logged it."""

import io
import logging
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.jobs.queue import JobQueue
from bot.log import MASK, MaskingFormatter, RepeatFilter, start_logging
from bot.storage.database import Database

CANARY = "canary of jane@example.com"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def log() -> Iterator[tuple[logging.Logger, io.StringIO]]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(MaskingFormatter("%(levelname)s %(message)s"))
    logger = logging.getLogger("test_bot_log")
    logger.handlers, logger.propagate = [handler], False
    yield logger, stream
    logger.handlers, logger.propagate = [], True


@pytest.mark.parametrize(
    "private",
    [
        "xoxb-1234-5678-abcdef",
        "xoxp-1-2-3",
        "xoxe-1-abc",
        "xapp-1-A012-345-abcdef",
        "Bearer abc.def-ghi",
        "Basic aWQ6c2VjcmV0",
        "jane@example.com",
        "jane.doe+tag@mail.example.co.uk",
        "jürgen@müller.example",
        "+442079460018",
        "+44 20 7946 0018",
        "+1 (415) 555-0132",
        "+44.20.7946.0018",
    ],
)
@pytest.mark.parametrize(
    "line",
    ["{}", "before {} after", "'{}'", '{{"key": "{}"}}', "<mailto:{0}|{0}>", "({})", "a={},"],
)
def test_what_looks_private_is_masked_anywhere_in_a_line(
    private: str, line: str, log: tuple[logging.Logger, io.StringIO]
) -> None:
    logger, stream = log
    logger.warning("%s", line.format(private))
    assert private not in stream.getvalue()
    assert MASK in stream.getvalue()


@pytest.mark.parametrize(
    "harmless",
    [
        "request V0123456789: fate unknown (TimedOut)",
        "ready; listening for Slack (HTTP on 127.0.0.1:3000)",
        "unforeseen error, reference 0a1b2c3d",
        "2026-11-22 12:00:00 C0SUPPORT 1790000000.000100",
        "request 0f0e0d0c-1111-4222-8333-444455556666: not sent",
    ],
)
def test_what_a_reader_needs_is_not_masked(
    harmless: str, log: tuple[logging.Logger, io.StringIO]
) -> None:
    logger, stream = log
    logger.warning(harmless)
    assert stream.getvalue() == f"WARNING {harmless}\n"


@settings(max_examples=40)
@given(
    local=st.from_regex(r"[a-z0-9._+-]{1,20}", fullmatch=True),
    domain=st.from_regex(r"[a-z0-9]{1,10}(\.[a-z]{2,5}){1,2}", fullmatch=True),
    before=st.sampled_from(["", " ", "'", '"', "<", "(", "=", ":", "mailto:", "["]),
    after=st.sampled_from(["", " ", "'", '"', ">", ")", ",", ";", ".", "|"]),
)
def test_every_email_address_is_masked(local: str, domain: str, before: str, after: str) -> None:
    line = f"x{before} {before}{local}@{domain}{after} y"
    record = logging.LogRecord("n", logging.INFO, "f", 1, line, None, None)
    shown = MaskingFormatter("%(message)s").format(record)
    assert domain not in shown.replace(f"x{before}", "", 1)


@pytest.mark.parametrize("private", ["canary", "Your order is ready", "{'text': 'canary'}"])
def test_a_library_that_quotes_an_error_gives_nothing_away(
    private: str, log: tuple[logging.Logger, io.StringIO]
) -> None:
    logger, stream = log
    try:
        raise ValueError(private)
    except ValueError as error:
        logger.exception(f"Failed to run a middleware function (error: {error})")  # as Bolt does
    assert private not in stream.getvalue()
    first = stream.getvalue().partition("\n")[0]
    assert first == "ERROR Failed to run a middleware function (error: ValueError)"


def _raise_plain() -> None:
    raise ValueError(CANARY)


def _raise_from() -> None:
    try:
        _raise_plain()
    except ValueError as error:
        raise RuntimeError(f"outer {CANARY}") from error


def _raise_while_handling() -> None:
    try:
        _raise_plain()
    except ValueError:
        raise KeyError(CANARY)  # noqa: B904 -- the implicit context is what is tested


def _raise_from_none() -> None:
    try:
        _raise_plain()
    except ValueError:
        raise RuntimeError(CANARY) from None


def _raise_group() -> None:
    raise ExceptionGroup(CANARY, [ValueError(CANARY), KeyError(CANARY)])


def _raise_noted() -> None:
    error = ValueError(CANARY)
    error.add_note(CANARY)
    raise error


@pytest.mark.parametrize(
    ("fail", "kinds"),
    [
        (_raise_plain, ["builtins.ValueError"]),
        (_raise_from, ["builtins.RuntimeError", "builtins.ValueError"]),
        (_raise_while_handling, ["builtins.KeyError", "builtins.ValueError"]),
        (_raise_from_none, ["builtins.RuntimeError"]),
        (_raise_group, ["builtins.ExceptionGroup"]),
        (_raise_noted, ["builtins.ValueError"]),
    ],
)
def test_a_traceback_says_types_and_places_and_never_the_text(
    fail: Callable[[], None], kinds: list[str], log: tuple[logging.Logger, io.StringIO]
) -> None:
    logger, stream = log
    try:
        fail()
    except Exception:  # whatever is raised is what is logged
        logger.exception("reference 1a2b")
    shown = stream.getvalue()
    assert "canary" not in shown
    assert "jane" not in shown
    assert "ERROR reference 1a2b\n" in shown
    assert all(kind in shown for kind in kinds)
    assert f"{Path(__file__).name}:" in shown
    assert f" in {fail.__name__}" in shown


def test_an_error_that_was_never_raised_can_be_logged(
    log: tuple[logging.Logger, io.StringIO],
) -> None:
    logger, stream = log
    logger.error("reference", exc_info=ValueError(CANARY))
    assert stream.getvalue() == "ERROR reference\nbuiltins.ValueError\n"


def test_a_line_without_an_error_has_no_traceback(
    log: tuple[logging.Logger, io.StringIO],
) -> None:
    logger, stream = log
    logger.error("reference", exc_info=True)
    assert "canary" not in stream.getvalue()


def test_an_error_s_text_is_left_out_even_if_another_handler_wrote_it_first(
    log: tuple[logging.Logger, io.StringIO],
) -> None:
    logger, stream = log
    logger.handlers.insert(0, logging.StreamHandler(io.StringIO()))
    logger.error("reference", exc_info=ValueError("canary"))
    assert "canary" not in stream.getvalue()


class _CausedByItself(Exception):
    """Raised as ``raise error from error`` would; it gives up so that the test cannot hang."""

    asked = 0

    @property
    def __cause__(self) -> "_CausedByItself":  # type: ignore[override]
        self.asked += 1
        if self.asked > 100:
            raise RecursionError
        return self


def test_a_cycle_of_causes_is_written_once() -> None:
    error = _CausedByItself()
    shown = MaskingFormatter().formatException((type(error), error, None))
    assert shown.count("_CausedByItself") == 1


def _run(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return done.stdout + done.stderr


def test_libraries_that_log_bodies_are_silent_even_at_debug() -> None:
    shown = _run(
        "import logging, bot.log\n"
        "logging.getLogger('slack_bolt').addHandler(logging.StreamHandler())\n"
        "bot.log.start_logging('DEBUG')\n"
        "for name in ('slack_bolt.App', 'slack_sdk.web', 'aiohttp.access', 'urllib3.pool',\n"
        "             'uvicorn.access', 'dbos', 'asyncio'):\n"
        "    logging.getLogger(name).info('canary')\n"
        "    logging.getLogger(name).warning('to jane@example.com')\n"
        "logging.getLogger('bot').debug('heard')\n"
    )
    assert "canary" not in shown
    assert "jane" not in shown
    assert shown.count(MASK) == 7
    assert "heard" in shown


THREAD = "import threading\nthreading.Thread(None, int, 'look', ['jane canary']).start()"
PROCESS = "import atexit, os\natexit.register(os._exit, 0)\nint('jane canary')"
FINALIZER = "class Canary:\n    def __del__(self): int('jane canary')\nCanary()"


@pytest.mark.parametrize(
    ("program", "said"),
    [
        (THREAD, "look: ended by an unforeseen error"),
        (PROCESS, "ended by an unforeseen error"),
        (FINALIZER, "an error that nobody could catch"),
    ],
    ids=["thread", "process", "finalizer"],
)
def test_an_error_that_nobody_catches_is_logged_without_its_text(program: str, said: str) -> None:
    shown = _run(f"import bot.log\nbot.log.start_logging('INFO')\n{program}\n")
    assert said in shown and "ValueError" in shown
    assert "canary" not in shown


@pytest.fixture
def logging_as_it_was(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    root, engine = logging.getLogger(), logging.getLogger("dbos")
    kept = [(one, list(one.handlers), one.level, one.propagate) for one in (root, engine)]
    levels = {name: logging.getLogger(name).level for name in logging.root.manager.loggerDict}
    engine.handlers.clear()
    yield
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    for one, handlers, level, propagate in kept:
        one.handlers[:], one.level, one.propagate = handlers, level, propagate


def test_what_dbos_logs_is_masked_too(
    database: Database, logging_as_it_was: None, capsys: pytest.CaptureFixture[str]
) -> None:
    start_logging("INFO")
    queue = JobQueue(database, "worker")
    try:
        logging.getLogger("dbos").error("a step failed", exc_info=ValueError(CANARY))
    finally:
        queue.stop()
    shown = capsys.readouterr().err
    assert "a step failed" in shown
    assert "canary" not in shown
    assert "jane" not in shown


@pytest.mark.parametrize("level", ["DEBUG", "WARNING"])
def test_the_level_is_the_one_that_is_set(level: str, logging_as_it_was: None) -> None:
    start_logging(level)
    assert logging.getLevelName(logging.getLogger().level) == level
    (handler,) = logging.getLogger().handlers
    assert isinstance(handler.formatter, MaskingFormatter)


def _record(line: int, at: float, path: str = "dbos.py") -> logging.LogRecord:
    record = logging.LogRecord("dbos", logging.WARNING, path, line, "no database", None, None)
    record.created = at
    return record


def test_a_place_that_repeats_itself_is_logged_once_in_a_while() -> None:
    repeats = RepeatFilter(30.0)
    passed = [repeats.filter(_record(1, at)) for at in (0.0, 29.9, 30.0, 59.9, 60.0)]
    assert passed == [True, False, True, False, True]


def test_each_place_in_the_code_is_counted_on_its_own() -> None:
    repeats = RepeatFilter(30.0)
    places = [_record(1, 0.0), _record(2, 0.0), _record(1, 0.0, "other.py")]
    assert [repeats.filter(record) for record in places] == [True] * 3


def test_dbos_repeats_itself_in_the_log_twice_a_minute_at_most(
    logging_as_it_was: None, capsys: pytest.CaptureFixture[str]
) -> None:
    start_logging("INFO")
    for _ in range(5):
        logging.getLogger("dbos").warning("no database")
    assert capsys.readouterr().err.count("no database") == 1


def test_strangers_cannot_make_uvicorn_fill_the_log(
    logging_as_it_was: None, capsys: pytest.CaptureFixture[str]
) -> None:
    start_logging("INFO")
    for _ in range(5):
        logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
    assert capsys.readouterr().err.count("Invalid HTTP request") == 1


@pytest.mark.parametrize(
    "name",
    [
        "slack_sdk.web.async_base_client",
        "slack_sdk.web.base_client",
        "slack_sdk.webhook.async_client",
        "slack_sdk.webhook.client",
    ],
)
def test_clients_that_format_bodies_at_debug_do_not_run_at_debug(
    name: str, logging_as_it_was: None
) -> None:
    logging.getLogger(name).setLevel(logging.NOTSET)
    start_logging("DEBUG")
    assert logging.getLogger(name).level == logging.WARNING

"""An error that nobody foresaw is answered where the person is, with a reference to the log."""

import asyncio
import json
import logging
from collections.abc import Callable, Coroutine
from typing import Any

import aiohttp
import pytest
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

import bot.slack.retry
from bot.request import Place
from bot.slack.errors import ErrorHandler
from bot.slack.interaction import Interaction, Kind
from bot.slack.respond import Responder

from ..conftest import Local
from .conftest import Agent, words

SENTENCE = (
    "Something went wrong, and this step sent nothing. Try again. If it happens again, tell "
    "your admin this reference: "
)
Work = Callable[[ErrorHandler], Coroutine[Any, Any, object]]


def interaction(
    kind: Kind = Kind.OTHER,
    *,
    user_id: str = "U0ADA",
    url: str = "",
    view: Any = None,
    text: str = "",
) -> Interaction:
    place = Place("T0TEAM", "C0SUPPORT", "", url)
    return Interaction(
        kind=kind,
        user_id=user_id,
        user_name="ada",
        place=place,
        trigger_id="",
        text=text,
        view=view or {},
        action_id="",
        action_value="",
    )


def run(local: Local, work: Work) -> None:
    """Run work with an error handler that talks to the local Slack, and wait for its tasks."""

    async def go() -> None:
        async with aiohttp.ClientSession() as session:
            client = AsyncWebClient(
                token=local.settings["SLACK_BOT_TOKEN"],
                base_url=local.settings["SLACK_API_URL"],
                session=session,
                retry_handlers=[],
            )
            handler = ErrorHandler(Responder(client))
            await work(handler)
            await handler.finish()

    asyncio.run(go())


def fail(handler: ErrorHandler, where: Interaction) -> BoltResponse:
    """Answer an error that has a private text."""
    return handler.answer(ValueError("jane@example.com"), where)


def reference(caplog: pytest.LogCaptureFixture) -> str:
    """Return the reference in the log's only error."""
    [record] = [r for r in caplog.records if r.levelno == logging.ERROR]
    return record.getMessage().removeprefix("unforeseen error, reference ")


def test_a_commands_error_is_its_ack(local: Local, caplog: pytest.LogCaptureFixture) -> None:
    async def work(handler: ErrorHandler) -> None:
        answer = fail(handler, interaction(Kind.COMMAND, url="http://127.0.0.1:1/unused"))
        assert answer.status == 200
        assert json.loads(answer.body) == {
            "response_type": "ephemeral",
            "text": SENTENCE + reference(caplog),
        }

    run(local, work)
    assert not local.messages("D0ADA")


def test_a_submissions_error_stands_under_the_first_input(
    local: Local, caplog: pytest.LogCaptureFixture
) -> None:
    view = {
        "id": "V1",
        "blocks": [
            {"type": "rich_text", "block_id": "evidence"},
            {"type": "input", "block_id": "one"},
            {"type": "input", "block_id": "two"},
        ],
    }

    async def work(handler: ErrorHandler) -> None:
        answer = fail(handler, interaction(Kind.SUBMISSION, view=view))
        assert json.loads(answer.body) == {
            "response_action": "errors",
            "errors": {"one": SENTENCE + reference(caplog)},
        }

    run(local, work)


@pytest.mark.parametrize("kind", [Kind.ACTION, Kind.SUBMISSION, Kind.OTHER])
def test_any_other_error_is_told_in_a_direct_message_beside_an_empty_ack(
    kind: Kind, local: Local, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(handler: ErrorHandler) -> None:
        answer = fail(handler, interaction(kind))
        assert (answer.status, answer.body) == (200, "")

    run(local, work)
    [message] = local.messages("D0ADA")
    assert message["text"] == SENTENCE + reference(caplog)
    assert "jane" not in message["text"]


def test_an_error_after_the_ack_is_told_by_the_response_url(
    local: Local, ada: Agent, caplog: pytest.LogCaptureFixture
) -> None:
    url = local.sandbox.local_slack._state.issue_response_url(ada.user, ada.channel)

    async def broken() -> None:
        raise ValueError("jane@example.com")

    async def work(handler: ErrorHandler) -> None:
        handler.start(broken(), interaction(Kind.COMMAND, url=url))

    run(local, work)
    [message] = local.messages()
    assert message["ephemeral"]
    assert message["text"] == SENTENCE + reference(caplog)


def test_work_that_succeeds_says_nothing(local: Local, caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []

    async def works() -> None:
        await asyncio.sleep(0)
        done.append("yes")

    async def work(handler: ErrorHandler) -> None:
        handler.start(works(), interaction())
        assert not done

    run(local, work)
    assert done == ["yes"]
    assert not caplog.records
    assert not local.messages("D0ADA")


def test_a_command_that_fails_gives_back_what_was_typed(
    local: Local, ada: Agent, caplog: pytest.LogCaptureFixture
) -> None:
    """In its ack, or after that by the response URL."""
    url = local.sandbox.local_slack._state.issue_response_url(ada.user, ada.channel)
    typed = "jane@example.com Your order is ready"

    async def broken() -> None:
        raise ValueError("jane@example.com")

    async def work(handler: ErrorHandler) -> None:
        answer = fail(handler, interaction(Kind.COMMAND, text=typed))
        assert typed in words(json.loads(answer.body)["blocks"])
        handler.start(broken(), interaction(Kind.COMMAND, url=url, text=typed))

    run(local, work)
    [message] = local.messages()
    assert typed in words(message["blocks"])


def test_work_may_have_its_own_way_to_tell_about_an_error(
    local: Local, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []

    async def broken() -> None:
        raise ValueError("jane@example.com")

    async def tell(sentence: str) -> None:
        told.append(sentence)

    async def work(handler: ErrorHandler) -> None:
        handler.start(broken(), interaction(), tell)

    run(local, work)
    assert told == [SENTENCE + reference(caplog)]
    assert not local.messages("D0ADA")


@pytest.mark.parametrize("url", ["{base}/gone", "http://evil.example/commands/1"])
def test_if_the_response_url_is_refused_the_error_is_told_in_a_direct_message(
    url: str, local: Local, caplog: pytest.LogCaptureFixture
) -> None:
    base = local.settings["SLACK_API_URL"].removesuffix("/api/")

    async def work(handler: ErrorHandler) -> None:
        fail(handler, interaction(Kind.OTHER, url=url.format(base=base)))

    run(local, work)
    [message] = local.messages("D0ADA")
    assert message["text"] == SENTENCE + reference(caplog)


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:1/nobody-listens"])
def test_when_not_even_the_error_can_be_told_the_log_says_so(
    url: str,
    local: Local,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bot.slack.retry, "GIVE_UP_SECONDS", 0.0)
    local.order("slack", "chat.postMessage", "cut_before", times=None)

    async def work(handler: ErrorHandler) -> None:
        fail(handler, interaction(url=url))

    run(local, work)
    warnings = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert warnings[-1].startswith("can't answer in a direct message: ")
    assert len(warnings) == (2 if url else 1)
    assert not local.messages("D0ADA")


def test_the_end_of_the_process_does_not_wait_for_what_slack_never_answers(
    local: Local,
) -> None:
    ended: list[str] = []

    async def hangs() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    async def work(handler: ErrorHandler) -> None:
        handler.start(hangs(), interaction())
        await handler.finish(0.1)
        await asyncio.sleep(0)  # the task ends in the loop's next step

    run(local, work)
    assert ended == ["cancelled"]


def test_somebody_unknown_cannot_be_told(local: Local, caplog: pytest.LogCaptureFixture) -> None:
    async def work(handler: ErrorHandler) -> None:
        fail(handler, interaction(user_id=""))

    run(local, work)
    assert [record.levelno for record in caplog.records] == [logging.ERROR]

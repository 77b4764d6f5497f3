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

from bot.request import Place
from bot.slack.errors import ErrorHandler
from bot.slack.interaction import Interaction, Kind

from ..conftest import Local
from .conftest import Agent

SENTENCE = (
    "Something went wrong in the bot, and nothing was sent by this step. Try again; if it "
    "happens again, tell an administrator this reference: "
)
Work = Callable[[ErrorHandler], Coroutine[Any, Any, object]]


def interaction(
    kind: Kind = Kind.OTHER, *, user_id: str = "U0ADA", url: str = "", view: Any = None
) -> Interaction:
    place = Place("T0TEAM", "C0SUPPORT", "", url)
    return Interaction(kind, user_id, "ada", place, "", "", view or {}, "", "")


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
            handler = ErrorHandler(client)
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


@pytest.mark.parametrize(
    ("where", "method"),
    [
        (interaction(), "chat.postMessage"),
        (interaction(view={"id": "V1"}), "views.update"),
        (interaction(url="http://127.0.0.1:1/nobody-listens"), ""),
    ],
)
def test_when_not_even_the_error_can_be_told_the_log_says_so(
    where: Interaction, method: str, local: Local, caplog: pytest.LogCaptureFixture
) -> None:
    local.order("slack", method or "*", "cut_before", times=None)

    async def broken() -> None:
        raise ValueError("jane@example.com")

    async def work(handler: ErrorHandler) -> None:
        handler.start(broken(), where)

    run(local, work)
    warning = caplog.records[-1]
    assert warning.levelno == logging.WARNING
    assert warning.getMessage().startswith("could not tell the agent about an error (")
    assert not local.messages("D0ADA")


def test_somebody_unknown_cannot_be_told(local: Local, caplog: pytest.LogCaptureFixture) -> None:
    async def work(handler: ErrorHandler) -> None:
        fail(handler, interaction(user_id=""))

    run(local, work)
    assert [record.levelno for record in caplog.records] == [logging.ERROR]

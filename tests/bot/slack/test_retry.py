"""A call that an agent waits for is repeated until Slack answers for certain, but not for ever."""

import asyncio
import time

import pytest

import bot.slack.retry
from bot.cards.errors import SlackError, SlackRateLimited, SlackRefused, SlackUnavailable
from bot.slack.retry import retry


def call(*failures: SlackError) -> int:
    """Make a call that fails first; return how often it was made."""
    left, made = list(failures), 0

    async def fail() -> None:
        nonlocal made
        made += 1
        if left:
            raise left.pop(0)

    try:
        asyncio.run(retry(fail))
    except SlackError:
        return -made
    return made


def test_a_call_that_fails_for_now_is_repeated() -> None:
    assert call() == 1
    assert call(SlackUnavailable("HTTP 503"), SlackRateLimited(0.0)) == 3


def test_a_refusal_is_final() -> None:
    assert call(SlackRefused("not_found")) == -1


def test_slack_s_own_wait_is_kept() -> None:
    began = time.monotonic()
    assert call(SlackRateLimited(0.6)) == 2
    assert time.monotonic() - began >= 0.6


def test_a_wait_of_no_length_makes_no_hot_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot.slack.retry, "GIVE_UP_SECONDS", 0.3)
    assert call(*[SlackRateLimited(0.0)] * 9) in (-2, -3)
    assert call(*[SlackRateLimited(-1.0)] * 9) in (-2, -3)


def test_it_ends_with_the_last_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot.slack.retry, "GIVE_UP_SECONDS", 0.3)
    assert call(*[SlackUnavailable("HTTP 503")] * 9) in (-2, -3)

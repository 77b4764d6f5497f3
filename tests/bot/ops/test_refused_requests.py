"""Refused requests are counted, and logged without filling the log."""

import pytest

from bot.ops.refused_requests import SILENCE_SECONDS, Reason, RefusedRequests
from tests.clock import Clock


def test_the_first_refusal_is_logged_at_once_and_then_one_line_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = Clock()
    refused = RefusedRequests(clock)
    for _ in range(1_000):
        refused.add(Reason.FORGED)
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("refused 1 request: ")
    clock.now += SILENCE_SECONDS
    refused.add(Reason.FORGED)
    assert len(caplog.messages) == 2
    assert caplog.messages[1].startswith("refused 1000 requests: ")
    assert refused.counts == {Reason.FORGED: 1_001}


def test_each_reason_is_logged_for_itself(caplog: pytest.LogCaptureFixture) -> None:
    refused = RefusedRequests(Clock())
    for reason in Reason:
        refused.add(reason)
    assert len(set(caplog.messages)) == len(Reason)
    assert {record.levelname for record in caplog.records} == {"WARNING"}

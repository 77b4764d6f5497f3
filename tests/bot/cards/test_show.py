"""With PROACTIVE_SHOW=direct, only the agent reads a customer's name or a message."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.cards.places import Places
from bot.cards.publish import Publisher
from bot.job import TryAgain
from bot.request import Event
from bot.rules.directory import DirectoryUnavailable
from bot.settings import Show
from bot.state import State

from .conftest import ANYWHERE, OUTCOMES, REQUEST, SUPPORT, Bench, Build, direct_channel

NAME, TEXT = "Jane Quillfeather", "Your order is ready"


@pytest.fixture
def direct(bench: Bench) -> Publisher:
    return _publisher(bench, Show.DIRECT)


def _publisher(bench: Bench, show: Show) -> Publisher:
    return _with_places(bench, Places(show, lambda _channel: False))


def _with_places(bench: Bench, places: Places) -> Publisher:
    return bench.publisher_to(lambda _: OUTCOMES, places)


def _find(bench: Bench) -> None:
    reason = f"{NAME} has it"
    bench.store.move(
        REQUEST, State.ACCEPTED, Event.ACCEPTED, reason, customer_name=NAME, reason=reason
    )


def _publish(publisher: Publisher, bench: Bench) -> None:
    bench.publisher = publisher
    bench.publish()


def _private(messages: list[dict[str, Any]]) -> list[str]:
    shown = json.dumps(messages, ensure_ascii=False)
    return [word for word in (NAME, TEXT) if word in shown]


def test_card_and_lines_go_to_the_agent_alone(bench: Bench, direct: Publisher) -> None:
    _find(bench)
    _publish(direct, bench)
    bench.move(State.REPLIED)
    _publish(direct, bench)
    [told] = bench.local.messages()  # where they were
    assert told["ephemeral"] and _private([told]) == []
    said = json.dumps(told["blocks"], ensure_ascii=False)
    assert " is in our direct messages." in said and "because" not in said
    card, *lines = bench.local.messages(direct_channel(bench.local))
    assert _private([card]) == [NAME, TEXT]
    assert {line["thread_ts"] for line in lines} == {card["ts"]}
    assert len(lines) == 2


def test_the_outcomes_channel_shows_a_masked_address_and_no_link(
    bench: Bench, direct: Publisher
) -> None:
    _find(bench)
    bench.move(State.REPLIED)
    _publish(direct, bench)
    (outcome,) = bench.local.messages(OUTCOMES)
    assert _private([outcome]) == []
    assert "j•••@example.com" in json.dumps(outcome, ensure_ascii=False)
    assert "Thread" not in json.dumps(outcome)


@pytest.mark.parametrize("reason", [f"{NAME} has left", ""])
def test_the_outcomes_channel_says_of_a_failure_that_only_the_agent_sees_why(
    reason: str, bench: Bench, direct: Publisher
) -> None:
    _find(bench)
    bench.store.move(REQUEST, State.FAILED, Event.FAILED, f"Code: {reason}", reason=reason)
    _publish(direct, bench)
    told = bench.local.messages(OUTCOMES)
    assert _private(told) == []
    why = "Only the agent sees why, because that may name the customer."
    assert (why in json.dumps(told)) is bool(reason)


def test_a_card_from_before_is_masked_where_it_is_and_news_goes_to_the_agent(bench: Bench) -> None:
    _publish(_publisher(bench, Show.CHANNEL), bench)
    _find(bench)
    _publish(_publisher(bench, Show.DIRECT), bench)
    (card,) = bench.local.messages()
    assert _private([card]) == []
    (line,) = bench.local.messages(direct_channel(bench.local))
    assert NAME in json.dumps(line, ensure_ascii=False)


def test_where_direct_messages_are_off_the_agent_alone_sees_it(
    bench: Bench, direct: Publisher
) -> None:
    bench.refuse("messages_tab_disabled")
    _find(bench)
    _publish(direct, bench)
    assert all(message["ephemeral"] for message in bench.local.messages())
    assert bench.told()


def test_by_default_cards_are_where_the_agent_was(bench: Bench, a_request: Build) -> None:
    request = a_request(customer_name=NAME)
    spots, why_not_there = ANYWHERE.card_spots(request)
    assert ([spot.channel for spot in spots], why_not_there) == ([SUPPORT, "U0ADA"], "")
    assert ANYWHERE.fit(request, SUPPORT) is request
    assert Places(Show.DIRECT, lambda _channel: False).fit(request, "D1") is request


def _public(bench: Bench, channel: str) -> list[dict[str, Any]]:
    return [one for one in bench.local.messages(channel=channel) if not one["ephemeral"]]


class Shared:
    """Says which channels people of another company read, or that Slack doesn't say."""

    def __init__(self, *channels: str) -> None:
        self.channels = set(channels)
        self.refusal: DirectoryUnavailable | None = None

    def __call__(self, channel: str) -> bool:
        if self.refusal:
            raise self.refusal
        return channel in self.channels


def test_a_channel_that_others_have_joined_since_gets_no_card(bench: Bench) -> None:
    _find(bench)
    _publish(_with_places(bench, Places(Show.CHANNEL, Shared(SUPPORT))), bench)
    assert _public(bench, SUPPORT) == []
    assert _public(bench, direct_channel(bench.local))


def test_a_channel_that_others_join_later_gets_no_further_line_and_no_outcome(
    bench: Bench,
) -> None:
    shared = Shared()
    publisher = _with_places(bench, Places(Show.CHANNEL, shared))
    _publish(publisher, bench)
    before = len(_public(bench, SUPPORT))
    shared.channels = {SUPPORT, OUTCOMES}
    _find(bench)
    bench.store.move(REQUEST, State.REPLIED, Event.REPLIED)
    _publish(publisher, bench)
    assert len(_public(bench, SUPPORT)) == before
    assert _public(bench, OUTCOMES) == []
    assert _public(bench, direct_channel(bench.local))


def test_while_slack_does_not_say_whether_a_channel_is_shared_nothing_is_posted_there(
    bench: Bench,
) -> None:
    shared = Shared()
    shared.refusal = DirectoryUnavailable()
    publisher = _with_places(bench, Places(Show.CHANNEL, shared))
    with pytest.raises(TryAgain):
        _publish(publisher, bench)
    assert _public(bench, SUPPORT) == []
    shared.refusal = DirectoryUnavailable("channels:read")  # that doesn't pass by itself
    _publish(publisher, bench)
    assert _public(bench, SUPPORT) == []
    assert _public(bench, direct_channel(bench.local))

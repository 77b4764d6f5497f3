"""The transition table: a final state stays, and no news moves a request backwards."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import permutations, product
from typing import Any

import pytest

from bot.cards.card import show_card
from bot.cards.line import show_line
from bot.cards.words import STATE_WORDS
from bot.request import QUIET, Event, HistoryLine, Place, Request, Stuck
from bot.rules.verdict import Finding, Level, Rule, Verdict
from bot.slack.forms.form_input import Draft, make_draft
from bot.state import FINAL, FOLLOWABLE, TRANSITIONS, UNSENT, State, sources
from genesys import Customer, Several
from tests.bot.conftest import JANE, NOW

# How far along a request is. Nothing comes after the final states, so they rank last.
RANK = {
    State.CHECKING: 0,
    State.UNAPPROVED: 1,
    State.SCHEDULED: 1,
    State.SENDING: 2,
    State.UNCERTAIN: 3,
    State.ACCEPTED: 4,
    State.WAITING: 5,
    State.PUSHED: 6,
    State.DELIVERED: 7,
    State.READ: 8,
    State.REPLIED: 9,
    State.REFUSED: 10,
    State.FAILED: 10,
    State.EXPIRED: 10,
    State.CANCELLED: 10,
}
# The only two steps back, and no news takes them: Genesys certainly didn't take the message, so it
# waits; or a person pressed the button that sends an uncertain message again.
NOT_TAKEN = (State.SENDING, State.SCHEDULED)
DECISION = (State.UNCERTAIN, State.SCHEDULED)
AFTER_ACCEPTANCE = (State.ACCEPTED, State.WAITING, State.PUSHED, State.DELIVERED, State.READ)
PIECES_OF_NEWS = 4
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
TICK = timedelta(microseconds=1)
UNAPPROVED = {"state": State.UNAPPROVED, "approval_until": NOW + HOUR}
GUARDS = {new: sources(new) for new in State}  # the store moves a request by these


def _may_become(state: State, new: State) -> bool:
    return state in GUARDS[new]


def _hear_everything(state: State, news: int, steps: set[tuple[State, State]]) -> None:
    """Let a request hear every sequence of so many pieces of news, and collect its steps."""
    for new in State if news else ():
        moves = _may_become(state, new)
        if moves:
            steps.add((state, new))
        _hear_everything(new if moves else state, news - 1, steps)


def _hear(state: State, news: tuple[State, ...]) -> State:
    for new in news:
        state = new if _may_become(state, new) else state
    return state


def test_every_state_is_in_the_table() -> None:
    assert set(TRANSITIONS) == set(State) == set(RANK)


def test_a_final_state_is_an_end_and_a_followed_state_is_not() -> None:
    ends = {State.REFUSED, State.FAILED, State.EXPIRED, State.CANCELLED, State.REPLIED}
    assert ends == FINAL
    assert set(AFTER_ACCEPTANCE) == FOLLOWABLE


@pytest.mark.parametrize("state", State)
def test_no_order_or_repetition_of_news_moves_a_request_backwards(state: State) -> None:
    """Try every sequence of four pieces of news, with late and repeated ones."""
    steps: set[tuple[State, State]] = set()
    _hear_everything(state, PIECES_OF_NEWS, steps)
    assert {(a, b) for a, b in steps if RANK[b] < RANK[a]} <= {NOT_TAKEN, DECISION}
    if state in FINAL:
        assert not steps


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_the_order_of_the_news_about_a_delivery_makes_no_difference(count: int) -> None:
    told = (State.WAITING, State.PUSHED, State.DELIVERED, State.READ, State.REPLIED)
    for heard in permutations(told, count):
        assert _hear(State.ACCEPTED, heard) is max(heard, key=lambda state: RANK[state])


@pytest.mark.parametrize("state", State)
def test_repeated_news_changes_nothing(state: State) -> None:
    assert not _may_become(state, state)


def test_every_step_leads_forward_except_two() -> None:
    back = {(a, b) for a, b in product(State, State) if _may_become(a, b) and RANK[b] < RANK[a]}
    assert back == {NOT_TAKEN, DECISION}


def test_an_uncertain_message_is_not_sent_without_a_decision() -> None:
    assert sources(State.SENDING) == {State.SCHEDULED}
    assert State.SENDING not in TRANSITIONS[State.UNCERTAIN]


@pytest.mark.parametrize("state", AFTER_ACCEPTANCE)
def test_a_message_that_genesys_accepted_is_never_refused_cancelled_or_sent_again(
    state: State,
) -> None:
    reachable, grown = {state}, True
    while grown:
        wider = reachable.union(*(TRANSITIONS[one] for one in reachable))
        grown, reachable = wider != reachable, wider
    early = UNSENT | {State.SENDING, State.REFUSED, State.CANCELLED}
    assert not reachable & early


def test_every_state_can_be_reached() -> None:
    assert set().union(*TRANSITIONS.values()) == set(State) - {State.CHECKING}


@pytest.mark.parametrize("new", State)
def test_sources_reads_the_table_backwards(new: State) -> None:
    assert sources(new) == {state for state in State if new in TRANSITIONS[state]}


@pytest.mark.parametrize("state", State)
def test_every_state_has_words(state: State, a_request: Callable[..., Request]) -> None:
    assert STATE_WORDS[state].strip()
    assert STATE_WORDS[state] in show_card(a_request(state=state)).text


def test_no_two_states_have_the_same_words() -> None:
    assert len(set(STATE_WORDS.values())) == len(State)


@pytest.mark.parametrize("event", Event)
def test_every_event_has_words(event: Event, a_request: Callable[..., Request]) -> None:
    post = show_line(HistoryLine(1, event, NOW, ""), a_request())
    said = post.payload[0]["elements"][0]["elements"][-1]["text"]
    assert len(said.strip()) > 4
    assert post.text.startswith("Message to j•••@example.com: ")
    assert said.strip().removesuffix(".") in post.text


def test_only_some_events_are_quiet() -> None:
    assert set(Event) > QUIET


@pytest.mark.parametrize("state", sorted(FOLLOWABLE))
def test_the_words_for_an_end_after_acceptance_are_true(state: State) -> None:
    """Genesys had the message, so it would be wrong to say that it wasn't sent or taken."""
    for end in FINAL & TRANSITIONS[state]:
        assert "not sent" not in STATE_WORDS[end]
        assert "did not take" not in STATE_WORDS[end]


@pytest.mark.parametrize("state", State)
def test_a_request_is_over_when_no_more_news_will_come(
    state: State, a_request: Callable[..., Request]
) -> None:
    followed, unfollowed = (a_request(state=state, is_followed=one) for one in (True, False))
    assert followed.is_over == (state in FINAL)
    assert unfollowed.is_over == (state in FINAL | FOLLOWABLE)


PRIVATE = ("jane", "Jane", "canary", "hooks.slack.com", "Ada Agent", "2079460018")


def test_the_repr_of_a_request_hides_what_is_private(
    a_request: Callable[..., Request],
) -> None:
    request = a_request(
        text="canary text",
        reason="canary reason",
        customer_name="Jane Doe",
        place=Place("T0", "C0", "1.2", "https://hooks.slack.com/commands/T/1/secret"),
    )
    shown = f"{request!r} {request} {request.place!r}"
    assert not [word for word in PRIVATE if word in shown]
    assert "V0123456789" in shown  # the log needs it


def test_the_repr_of_a_history_line_hides_what_is_private() -> None:
    assert "canary" not in repr(HistoryLine(1, Event.REFUSED, NOW, "canary of jane@example.com"))


def test_the_repr_of_a_draft_and_a_verdict_hides_what_is_private(
    a_customer: Callable[..., Customer], several: Callable[..., Several]
) -> None:
    place = Place("T0", "C0", "", "https://hooks.slack.com/commands/T/1/secret")
    finding = Finding(Rule.CONTACT, Level.BLOCK, "canary sentence")
    shown = " ".join(
        repr(value)
        for value in (
            make_draft(place, "jane@example.com", "canary text", None),
            Draft(place, "jane@", "canary", None, ""),
            Verdict(JANE, a_customer(), (finding,)),
            Verdict(JANE, several(name="Jane"), (finding,)),
        )
    )
    assert not [word for word in PRIVATE if word in shown]


def test_the_same_words_to_the_same_customer_are_one_intention(
    a_request: Callable[..., Request],
) -> None:
    assert a_request().same_intention(a_request(agent_name="Leo", created_at=NOW.replace(hour=1)))
    assert not a_request().same_intention(a_request(text="other"))


def test_a_new_request_is_not_followed_and_was_never_looked_for(
    a_request: Callable[..., Request],
) -> None:
    assert (a_request().is_followed, a_request().looks) == (False, 0)


@pytest.mark.parametrize(
    ("times", "late_from"),
    [
        ({"send_before": NOW + HOUR}, NOW + HOUR),
        ({"send_at": NOW + HOUR, "send_before": NOW + 2 * HOUR}, NOW + 2 * HOUR),
        ({}, NOW + 24 * HOUR + TICK),
        ({"send_at": NOW + HOUR}, NOW + 25 * HOUR + TICK),
        ({"send_at": NOW - HOUR}, NOW + 24 * HOUR + TICK),
        (UNAPPROVED | {"send_before": NOW + 2 * HOUR}, NOW + HOUR),
        (UNAPPROVED | {"approval_until": None}, NOW + 24 * HOUR + TICK),
        (UNAPPROVED | {"state": State.SCHEDULED}, NOW + 24 * HOUR + TICK),
    ],
)
def test_a_request_is_late_from_its_deadline_on_or_after_a_day(
    times: dict[str, Any], late_from: datetime, a_request: Callable[..., Request]
) -> None:
    request = a_request(**times)
    assert not request.is_late(late_from - TICK)
    assert request.is_late(late_from)


@pytest.mark.parametrize(
    ("values", "is_planned"),
    [
        ({}, False),
        ({"send_at": NOW + MINUTE}, False),
        ({"send_at": NOW + MINUTE + TICK}, True),
        ({"send_at": NOW + HOUR, "stuck": Stuck.PAUSED}, True),
        ({"send_at": NOW + HOUR, "stuck": Stuck.QUOTA}, False),
        ({"send_at": NOW + HOUR, "stuck": Stuck.QUOTA, "planned_at": NOW + HOUR}, True),
    ],
)
def test_a_request_is_planned_if_it_goes_out_later_than_after_the_countdown(
    values: dict[str, Any], is_planned: bool, a_request: Callable[..., Request]
) -> None:
    assert a_request(**values).is_planned is is_planned


@pytest.mark.parametrize(
    ("values", "gives_up_at", "awaits_end_until"),
    [
        ({}, NOW + DAY, NOW + DAY),
        ({"send_at": NOW + HOUR}, NOW + DAY + HOUR, NOW + DAY + HOUR),
        ({"send_before": NOW + HOUR}, NOW + HOUR, NOW + HOUR),
        ({"send_before": NOW + 2 * DAY}, NOW + 2 * DAY, NOW + DAY),
        ({"after_conversation": NOW + HOUR}, NOW + DAY, NOW + DAY),
        ({"stuck": Stuck.CONVERSATION}, NOW + DAY, NOW + DAY),
        (
            {"after_conversation": NOW + HOUR, "stuck": Stuck.CONVERSATION},
            NOW + HOUR,
            NOW + DAY,
        ),
        ({"after_conversation": NOW + HOUR, "stuck": Stuck.PAUSED}, NOW + DAY, NOW + DAY),
    ],
)
def test_a_request_that_is_held_up_is_given_up_after_a_day_or_at_its_deadline(
    values: dict[str, Any],
    gives_up_at: datetime,
    awaits_end_until: datetime,
    a_request: Callable[..., Request],
) -> None:
    request = a_request(**values)
    assert (request.gives_up_at, request.awaits_end_until) == (gives_up_at, awaits_end_until)

"""What a row of a list says, and which buttons whom it shows."""

from collections.abc import Callable

import pytest

from bot.cards.blocks import to_json
from bot.cards.card_buttons import DECLINE, REVIEW
from bot.request import Request
from bot.slack.lists.request_rows import Reader, Rows, draw_rows, row_buttons
from bot.state import State

from ..conftest import words

Build = Callable[..., Request]


def said(request: Request) -> str:
    """Return what a row says to the message's own agent."""
    return words([to_json(block) for block in draw_rows(Rows([request]), Reader("U0ADA"))])


@pytest.mark.parametrize("is_own", [False, True])
@pytest.mark.parametrize("is_approver", [False, True])
def test_only_an_approver_decides_and_nobody_about_their_own_message(
    is_approver: bool, is_own: bool, a_request: Build
) -> None:
    request = a_request(state=State.UNAPPROVED, agent_id="U0ADA" if is_own else "U0BEN")
    reader = Reader("U0ADA", is_approver=is_approver)
    shown = {button.action_id for button in row_buttons(request, reader)}
    assert (shown & {REVIEW, DECLINE} != set()) is (is_approver and not is_own)


def test_a_customer_without_a_name_is_named_once_by_their_address(a_request: Build) -> None:
    assert said(a_request()).count("j•••@example.com") == 1
    with_name = said(a_request(customer_name="Jane Doe"))
    assert "Jane Doe" in with_name and "(j•••@example.com)" in with_name


@pytest.mark.parametrize(
    ("state", "is_told"), [(State.FAILED, True), (State.REFUSED, True), (State.ACCEPTED, False)]
)
def test_a_row_says_why_a_message_did_not_arrive(
    state: State, is_told: bool, a_request: Build
) -> None:
    assert ("Because of this" in said(a_request(state=state, reason="Because of this"))) is is_told
    assert "None" not in said(a_request(state=state))

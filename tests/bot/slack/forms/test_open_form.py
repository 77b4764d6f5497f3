"""A form is drawn again only if something else has to be shown."""

import copy
from dataclasses import replace
from typing import Any

import pytest

from bot.rules.verdict import Finding, Level, Rule, Verdict
from bot.slack.forms.evidence_view import Review
from bot.slack.forms.form_input import make_draft
from bot.slack.forms.form_view import build_form
from bot.slack.forms.open_form import OpenForm, read_shown
from genesys import Several

from ...conftest import JANE, PLACE

TOO_MANY = Finding(Rule.CUSTOMER_LIMIT, Level.BLOCK, "Too many.", may_override=True)
DRAFT = make_draft(PLACE, "jane@example.com", "Hello", None)
REVIEW = Review(Verdict(JANE, None, (TOO_MANY,)), is_lead=True)


def _as_slack_delivers(found: Any) -> Any:
    """Add a field of Slack's own to each object, and give its fields in another order."""
    if isinstance(found, list):
        return [_as_slack_delivers(one) for one in found]
    if isinstance(found, dict):
        more = {"emoji": True, "verbatim": False}
        return {key: _as_slack_delivers(found[key]) for key in reversed(found)} | more
    return copy.copy(found)


def test_what_slack_adds_and_what_people_type_changes_nothing_that_is_shown() -> None:
    shown = read_shown(build_form(DRAFT, REVIEW))
    assert read_shown(_as_slack_delivers(build_form(DRAFT, REVIEW))) == shown
    typed = replace(DRAFT, message="Other", override_reason="x", overriding=(TOO_MANY.rule.value,))
    assert read_shown(build_form(typed, REVIEW)) == shown


@pytest.mark.parametrize(
    "review",
    [
        replace(REVIEW, is_lead=False),
        replace(REVIEW, refused=(TOO_MANY,)),
        replace(REVIEW, verdict=Verdict(JANE, None, (replace(TOO_MANY, sentence="Too few."),))),
    ],
)
def test_another_sentence_or_field_is_something_else(review: Review) -> None:
    assert read_shown(build_form(DRAFT, review)) != read_shown(build_form(DRAFT, REVIEW))


def test_other_contacts_to_choose_from_are_something_else(several: Any) -> None:
    found: Several = several()
    fewer = replace(found, candidates=found.candidates[:1])
    views = [build_form(DRAFT, REVIEW, one) for one in (found, fewer)]
    assert read_shown(views[0]) != read_shown(views[1])
    chosen = replace(DRAFT, chosen_contact_id=found.candidates[0].contact_id)
    assert read_shown(build_form(chosen, REVIEW, found)) == read_shown(views[0])


def test_an_update_has_a_mark_of_its_own_and_nothing_is_unclear_after_it() -> None:
    form = OpenForm("V1", "U0ADA", "1", is_unclear=True)
    before = form.mark
    form.note_update(build_form(DRAFT, REVIEW), "2")
    assert (form.version, form.is_unclear) == ("2", False)
    assert form.mark != before

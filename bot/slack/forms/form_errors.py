"""Says what's wrong with a draft under the fields of its form, each thing once. Pure."""

from __future__ import annotations

from collections.abc import Container, Iterable

from bot.language import N_, _
from bot.rules.verdict import Finding, Rule
from bot.slack.forms.form_input import CANDIDATE, CUSTOMER, OPEN, Draft, name_for
from bot.slack.forms.open_form import read_shown
from bot.slack.view_state import View, list_block_ids, list_blocks, list_input_ids
from bot.text import visible

_SEE_WHY = N_("Not sent. The ✗ says why.")  # where the form says it already
_ABOUT_THE_TEXT = frozenset(
    {Rule.SAME_TEXT, Rule.SECRETS, Rule.CARDS, Rule.LINKS, Rule.PLACEHOLDER, Rule.LENGTH}
)


def field_of(finding: Finding, draft: Draft, shown: Container[str | None]) -> str:
    """Return which of the ``shown`` blocks, by their ids, is the field that a finding is about."""
    wanted = CUSTOMER
    if finding.rule in _ABOUT_THE_TEXT:
        wanted = draft.text_block
    elif finding.rule is Rule.QUIET_HOURS:
        wanted = draft.send_at_block
    elif draft.identity and finding.rule is Rule.CONVERSATION:
        wanted = name_for(OPEN, draft.identity)
    elif draft.identity and finding.rule is Rule.CONTACT:
        wanted = name_for(CANDIDATE, draft.identity)
    return wanted if wanted in shown else CUSTOMER


def list_errors(findings: Iterable[Finding], draft: Draft, view: View) -> dict[str, str]:
    """Return each finding's sentence under its field, by the field's block id.

    A sentence that the form shows there already isn't repeated.
    """
    errors: dict[str, str] = {}
    fields = list_block_ids(view)
    shown = _read_said(view)
    for finding in findings:
        block, sentence = field_of(finding, draft, fields), visible(finding.sentence)
        sentence = _(_SEE_WHY) if visible(finding.reason) in shown else sentence
        if sentence not in errors.get(block, ""):
            errors[block] = f"{errors.get(block, '')} {sentence}".strip()
    return errors


def say_once(errors: dict[str, str], view: View) -> dict[str, str]:
    """Return the errors without a sentence that the form shows already."""
    shown = _read_said(view)
    return {block: _(_SEE_WHY) if one in shown else one for block, one in errors.items()}


def _read_said(view: View) -> str:
    """Return what the form says, without what stands in its fields' hints."""
    return "\n".join(read_shown({"blocks": list_blocks(view, "rich_text")}))


def place_errors(errors: dict[str, str], view: View) -> dict[str, str]:
    """Move errors of fields that the form doesn't have under one that it has.

    Slack takes none for others.
    """
    inputs = list_input_ids(view)
    placed: dict[str, str] = {}
    for wanted, sentence in errors.items():
        named = (one for one in inputs if one.partition(":")[0] == wanted.partition(":")[0])
        block = wanted if wanted in inputs else next(named, CUSTOMER)
        placed[block] = f"{placed.get(block, '')} {sentence}".strip()
    return placed

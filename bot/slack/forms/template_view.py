"""Draws the parts of the form that are about templates. Pure.

Names, texts and values are never formatted.
"""

from __future__ import annotations

from dataclasses import replace

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ExternalDataSelectElement,
    InputBlock,
    Option,
    PlainTextInputElement,
    RichTextElement,
)

from bot.cards.blocks import literal, plain, rich_text, section
from bot.language import N_, _, say_list
from bot.rules.text_rules import check_placeholders
from bot.rules.verdict import Rule, Verdict
from bot.slack.forms.form_input import MESSAGE, Draft
from bot.slack.forms.template_choice import (
    LONGEST_KEPT,
    MESSAGE_WAS,
    NO_TEMPLATE,
    TEMPLATE,
    VALUE_LENGTH,
    TemplateChoice,
    block_of,
    one_line,
)
from bot.slack.view import ON_ENTER, OPTION_LENGTH
from bot.slack.view_state import View, list_block_ids, list_blocks, list_fields, read_text, text_at
from bot.templates.template import AGENT_NAMES, CUSTOMER_NAME, Placeholder, Template
from bot.text import clip, visible
from genesys import Customer

PLACEHOLDER, PREVIEW = "placeholder", "preview"
MOST_OPTIONS = 100  # Slack's limit
# Less than Slack takes, so that the form with all its fields is below 250 KB.
_LABEL_LENGTH = 75
_HINT_LENGTH = 100
_MISSING = N_("Fill this in; the text needs it.")
_NOT_A_VALUE = N_("Type what the customer should read here, not a placeholder.")
_ONLY_A_NAME = N_('Choose a template, or put a word before "#" to send this text.')


def draw_template(draft: Draft, *, asks_name: bool = False) -> list[Block]:
    """Draw the menu, and a field for each placeholder of the chosen template."""
    choice = draft.templates
    if choice is None:
        return []
    fields = choice.list_fields(draft.message, asks_name=asks_name)
    return [_menu(choice), *(_field(one, choice) for one in fields)]


def draw_preview(draft: Draft) -> list[Block]:
    """Draw exactly what the customer will get, and the text that the template replaced."""
    choice = draft.templates
    if choice is None:
        return []
    blocks: list[Block] = []
    if choice.chosen is not None:
        text = _titled(_("The customer gets:"), clip(draft.text, LONGEST_KEPT) or " ")
        blocks += [rich_text(text, block_id=PREVIEW), _update_button()]
    if choice.typed_before:
        text = _titled(_("Your own text, kept here:"), clip(choice.typed_before, LONGEST_KEPT))
        blocks.append(rich_text(text, block_id=MESSAGE_WAS))
    return blocks


def _titled(title: str, text: str) -> RichTextElement:
    return section(literal(f"{title}\n", bold=True), literal(text))


def list_options(templates: tuple[Template, ...], *, offers_none: bool) -> list[Option]:
    """Return the options of the menu, as many as Slack takes."""
    none = Option(text=plain(_("No template")), value=NO_TEMPLATE)
    first = [none] if offers_none else []
    return [*first, *map(_option, templates)][:MOST_OPTIONS]


def check_template(draft: Draft, view: View) -> dict[str, str]:
    """Return what's wrong with a filled-in template or its placeholders, by block id."""
    choice = draft.templates
    left = check_placeholders(draft.text)
    if choice is not None and choice.is_gone and (choice.is_fixed or left):
        return {TEMPLATE: _("This template has changed or was removed. Choose one again.")}
    if choice is not None and choice.is_fixed and _has_message_field(view):
        return {TEMPLATE: _("A template's text can't be changed any more. Choose it again.")}
    if choice is not None and _is_behind(choice):
        behind = _("The form doesn't show this template yet. Look at it, then press Send.")
        return {TEMPLATE: behind}
    if choice is not None and choice.is_only_a_name(draft.message):
        return {draft.text_block: f"{choice.hint} {_(_ONLY_A_NAME)}"}
    errors: dict[str, str] = {}
    if choice is not None and choice.chosen is not None:
        shown = list_block_ids(view)
        for one in choice.list_missing(draft.message):
            block = block_of(one, choice.chosen, choice.owner)
            if block in shown:
                errors[block] = _(_NOT_A_VALUE if choice.value_of(one) else _MISSING)
            elif one.key == CUSTOMER_NAME:
                errors[draft.text_block] = _(
                    "I don't know the customer's name yet. Press Enter in the customer field."
                )
    if left and not errors:
        errors[draft.text_block] = left[0].sentence
    return errors


def with_name(draft: Draft, customer: Customer | None) -> Draft:
    """Put the customer's name into the text of a template, if we know it."""
    if draft.templates is None or customer is None:
        return draft
    name = one_line(customer.name)
    choice = replace(draft.templates, customer_name=name, owner=draft.owner)
    return replace(draft, templates=choice)


def asks_for_name(draft: Draft, verdict: Verdict) -> bool:
    """Return whether only the agent can tell the customer's name."""
    if verdict.customer is not None:
        return not one_line(verdict.customer.name)
    return verdict.is_away and not (draft.templates and draft.templates.customer_name)


def say_to_do(draft: Draft, *, asks_name: bool) -> str:
    """Say what the agent still has to do about a template before Send, or ""."""
    choice = draft.templates
    if choice is None:
        return ""
    missing, fields = _list_empty(draft), choice.list_fields(draft.message, asks_name=asks_name)
    names = say_list(_label(one) for one in missing if one in fields)
    if names:
        return _("Fill in {names}.").format(names=names)
    return _(_ONLY_A_NAME) if choice.is_only_a_name(draft.message) else ""


def without_empty_fields(draft: Draft, verdict: Verdict) -> Verdict:
    """Drop the finding about empty fields, which aren't a refusal: ``say_to_do`` mentions them."""
    if not _list_empty(draft):
        return verdict
    others = tuple(one for one in verdict.findings if one.rule is not Rule.PLACEHOLDER)
    return replace(verdict, findings=others)


def _list_empty(draft: Draft) -> list[Placeholder]:
    """Return what's missing, without the agent's own name, which has no field."""
    missing = draft.templates.list_missing(draft.message) if draft.templates else []
    return [one for one in missing if one.key not in AGENT_NAMES]


def read_typed_before(view: View) -> str:
    """Return the agent's own text that the form keeps while it shows a template."""
    kept = (one for one in list_blocks(view) if text_at(one, "block_id") == MESSAGE_WAS)
    return text_at(next(kept, {}), "elements", 0, "elements", 1, "text")


def read_values(view: View, template: Template, owner: str) -> dict[str, str]:
    """Return what was typed for the placeholders of a template, by their keys."""
    customer = Placeholder(CUSTOMER_NAME, CUSTOMER_NAME)
    keys = {block_of(one, template, owner): one.key for one in (*template.placeholders, customer)}
    shown = [block for block in list_fields(view) if block in keys]
    return {keys[block]: read_text(view, block, PLACEHOLDER) for block in shown}


def _has_message_field(view: View) -> bool:
    return any(one.partition(":")[0] == MESSAGE for one in list_block_ids(view))


def _is_behind(choice: TemplateChoice) -> bool:
    """Return whether the agent has chosen something that the form didn't show yet."""
    shown = choice.chosen.key if choice.chosen else ""
    if choice.is_gone or choice.selected in ("", NO_TEMPLATE):
        return bool(shown) and choice.selected == NO_TEMPLATE
    return choice.selected != shown


def _menu(choice: TemplateChoice) -> Block:
    element = ExternalDataSelectElement(
        action_id=TEMPLATE,
        min_query_length=0,
        placeholder=plain(_("Search by name or text")),
        initial_option=_option(choice.chosen) if choice.chosen else None,
    )
    return InputBlock(
        block_id=TEMPLATE,
        label=plain(_("Template")),
        element=element,
        hint=plain(visible(choice.hint)) if choice.hint else None,
        optional=True,
        dispatch_action=True,
    )


def _field(placeholder: Placeholder, choice: TemplateChoice) -> Block:
    element = PlainTextInputElement(
        action_id=PLACEHOLDER,
        max_length=VALUE_LENGTH,
        dispatch_action_config=ON_ENTER,
        initial_value=choice.typed_or_default(placeholder) or None,
    )
    hint = clip(visible(placeholder.description), _HINT_LENGTH)
    return InputBlock(
        block_id=block_of(placeholder, choice.chosen, choice.owner) if choice.chosen else "",
        label=plain(_label(placeholder)),
        element=element,
        hint=plain(hint) if hint.strip() else None,
        dispatch_action=True,
        optional=not placeholder.is_required,
    )


def _label(placeholder: Placeholder) -> str:
    name = _("Customer's name") if placeholder.key == CUSTOMER_NAME else placeholder.name
    return clip(visible(name), _LABEL_LENGTH) or _("Placeholder")


def _option(template: Template) -> Option:
    name = clip(" ".join(visible(template.name).split()), OPTION_LENGTH)
    return Option(text=plain(name or _("A template without a name")), value=template.key)


def _update_button() -> Block:
    button = ButtonElement(action_id=PREVIEW, text=plain(_("Update preview")))
    return ActionsBlock(block_id="preview_button", elements=[button])

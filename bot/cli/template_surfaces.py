"""The forms with a template: hostile names and values, and as many fields as there may be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from slack_sdk.models.blocks import ActionsBlock, StaticSelectElement

from bot.cli.sample_texts import HOSTILE, LONGEST, PLACE, Surface
from bot.rules.template_rules import MOST_PLACEHOLDERS, TemplateSource
from bot.rules.verdict import Finding, Level, Rule, Verdict
from bot.slack.forms.evidence_view import Review
from bot.slack.forms.form_input import Draft, make_draft
from bot.slack.forms.form_view import build_form
from bot.slack.forms.template_choice import TEMPLATE, TemplateChoice
from bot.slack.forms.template_view import MOST_OPTIONS, list_options, say_to_do
from bot.slack.view import modal
from bot.templates.template import CUSTOMER_NAME, Placeholder, Template
from genesys import Identity, IdentityKind


def template_surfaces() -> Iterator[Surface]:
    """Yield the form with each kind of template."""
    draft = make_draft(PLACE, "jane@example.com", "", None)
    away = Finding(Rule.GENESYS, Level.WARN, "Genesys Cloud is busy.")
    identity = Identity(IdentityKind.EMAIL, "jane@example.com")
    verdict = Verdict(identity, None, (away,))
    for choice in _choices():
        message = choice.chosen.body if choice.chosen else HOSTILE
        shown = replace(draft, message=message, message_block="message:1", templates=choice)
        yield "form with a template", "modal", build_form(shown)
        yield "form with a template, customer unknown", "modal", build_form(shown, verdict)
        review = Review(verdict, to_do=say_to_do(shown, asks_name=True))
        yield "form with a template, not ready", "modal", build_form(shown, review)
        yield "form with a fixed template", "modal", build_form(_fixed(shown), verdict)
    yield from _menus()


def _menus() -> Iterator[Surface]:
    """Yield the options of the menu, each list in a menu of its own, as a view has to be shown."""
    names = ("Delayed", HOSTILE, LONGEST, "")
    for offers_none in (False, True):
        for count in (1, MOST_OPTIONS + 1):
            templates = tuple(
                Template(TemplateSource.FILE, f"{number:070}", "1", names[number % len(names)], "")
                for number in range(count)
            )
            options = list_options(templates, offers_none=offers_none)
            menu = StaticSelectElement(action_id=TEMPLATE, options=options)
            block = ActionsBlock(block_id=TEMPLATE, elements=[menu])
            titles = {"submit": "Send", "close": "Cancel", "metadata": ""}
            yield "template options", "modal", modal(TEMPLATE, "Templates", [block], **titles)


def _choices() -> Iterator[TemplateChoice]:
    yield TemplateChoice(hint=HOSTILE)
    yield TemplateChoice(is_gone=True, typed_before=LONGEST)
    for name in ("Delayed", HOSTILE, LONGEST, ""):
        for value in ("123", HOSTILE, LONGEST, ""):
            placeholders = tuple(
                Placeholder(f"{number}", name, name, value) for number in range(MOST_PLACEHOLDERS)
            )
            body = " ".join(f"{{{{{one.key}}}}}" for one in placeholders)
            template = Template(
                *(TemplateSource.GENESYS, "a" * 36, "1" * 30, name),
                f"{body} {{{{{CUSTOMER_NAME}}}}} {value}"[:3000],
                placeholders,
            )
            yield TemplateChoice(template, template.key, agent_name=name[:80], typed_before=value)
            yield TemplateChoice(template, template.key, {"0": value, CUSTOMER_NAME: name})


def _fixed(draft: Draft) -> Draft:
    choice = draft.templates
    return replace(draft, templates=replace(choice, is_editable=False)) if choice else draft

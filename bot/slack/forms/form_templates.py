"""Templates in the form: offered in a menu, chosen, and read back.

Everything comes from memory, because Slack waits three seconds for a menu and for Send.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace

from bot.cards.blocks import Json, to_json
from bot.language import N_, _
from bot.slack.forms.form_input import MESSAGE, Draft
from bot.slack.forms.template_choice import (
    NO_TEMPLATE,
    TEMPLATE,
    TemplateChoice,
    one_line,
    say_closest,
)
from bot.slack.forms.template_view import (
    MOST_OPTIONS,
    list_options,
    read_typed_before,
    read_values,
)
from bot.slack.view_state import View, list_fields, read_option
from bot.templates.catalog import Catalog
from bot.templates.template import Template

_NAMED = re.compile(r"#(\w[^\n]{0,99})")
_CHANGED = N_("This template has changed. Search for it again.")
_LOADING = N_("Templates are still being read. Try again in a moment.")
_UNREADABLE = N_("Templates can't be read right now. You can type your message.")


class FormTemplates:
    """Puts what's known of templates into drafts."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def prepare(self, draft: Draft, agent_name: str) -> Draft:
        """Offer templates in a new form, and choose the one that's named as "#name".

        Or the one that the text came from, if it's still the same and may be changed.
        """
        draft = replace(draft, agent_name=one_line(agent_name))
        if not self._catalog.are_on:
            return draft
        choice = TemplateChoice(
            agent_name=draft.agent_name,
            owner=draft.owner,
            is_editable=self._catalog.are_editable,
        )
        before = self._catalog.index().find(draft.template_before.partition(":")[2])
        if before and before.reference == draft.template_before and choice.is_editable:
            choice = replace(choice, chosen=before, selected=before.key)
            return replace(draft, templates=choice)
        named = _NAMED.fullmatch(draft.message)
        found = self._catalog.index().named(named[1]) if named else ()
        if len(found) == 1:
            choice = replace(choice.choose(found[0], ""), selected=found[0].key)
            return replace(draft, templates=choice, message=found[0].body)
        return replace(draft, templates=replace(choice, hint=self._hint(draft.message)))

    def read(self, draft: Draft, view: View, signed: Sequence[str], agent_name: str) -> Draft:
        """Return the draft of an open form with its template.

        ``signed``: what ``write_context`` wrote after the place.
        """
        if not self._catalog.are_on:
            return draft
        key, owner, customer_name, signed_agent = (*signed, "", "", "", "")[:4]
        chosen = self._catalog.index().find(key) if key else None
        is_theirs = owner == draft.owner
        choice = TemplateChoice(
            chosen=chosen,
            selected=read_option(view, TEMPLATE, TEMPLATE),
            values=read_values(view, chosen, draft.owner) if chosen else {},
            customer_name=customer_name if is_theirs else "",
            agent_name=signed_agent or one_line(agent_name),
            owner=draft.owner,
            is_editable=self._catalog.are_editable,
            is_gone=bool(key) and chosen is None,
            typed_before=read_typed_before(view),
            hint="" if chosen else self._hint(draft.message),
        )
        was_fixed = draft.message_block not in list_fields(view)
        if chosen and was_fixed:
            draft = replace(draft, message=chosen.body)
        return replace(draft, templates=choice)

    def choose(self, draft: Draft) -> Draft:
        """Show the template that the agent has chosen in the menu."""
        choice = draft.templates
        if choice is None or not choice.selected:
            return draft
        if choice.chosen and choice.chosen.key == choice.selected:
            return draft
        if choice.selected == NO_TEMPLATE:
            own = choice.choose(None, draft.message)
            kept = choice.choose(choice.chosen, draft.message).typed_before
            return _show(replace(draft, templates=own), "", kept)
        template = self._catalog.index().find(choice.selected)
        if template is None:
            return replace(draft, templates=replace(choice, hint=_(_CHANGED)))
        chosen = replace(
            choice.choose(template, draft.message), is_editable=self._catalog.are_editable
        )
        return _show(replace(draft, templates=chosen), template.key, template.body)

    def suggest(self, query: str, metadata: Sequence[str]) -> list[Json]:
        """Return the menu's options for what the agent has typed into it."""
        if not self._catalog.are_on:
            return []
        found: tuple[Template, ...] = self._catalog.index().search(query, MOST_OPTIONS)
        options = list_options(found, offers_none=any(metadata[3:4]))
        return [to_json(option) for option in options]

    def _hint(self, message: str) -> str:
        """Say why a text that begins with "#" picks no template, or why there are none."""
        index = self._catalog.index()  # which begins to read them, if nobody has
        if self._catalog.are_loading:
            return _(_LOADING)
        if self._catalog.problem and not index.templates:
            return _(_UNREADABLE)
        named = _NAMED.match(message.strip())
        if named is None or not named[1].strip("0123456789 "):
            return ""
        name = named[1].strip()
        found = index.named(name) or index.named(name.split()[0])
        closest = [one.name for one in found] or index.closest(name.split()[0])
        if len(found) == 1:
            sentence = _('To use the template "{name}", choose it from the menu.')
            return sentence.format(name=found[0].name)
        return say_closest(name, closest, is_ambiguous=len(found) > 1)


def _show(draft: Draft, key: str, message: str) -> Draft:
    """Put a text into the message field; Slack shows it only in a block that's new to the form."""
    block = f"{MESSAGE}:{hashlib.sha256(key.encode()).hexdigest()[:8]}"
    if block == draft.message_block:
        block += ":again"
    return replace(draft, message=message, message_block=block)

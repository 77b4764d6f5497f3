"""What a form knows of templates: the chosen one, and what its placeholders stand for. Pure.

The message field has the template's text with its placeholders. They're filled in for the preview
and for the request, so that neither an edited text nor another customer leaves a wrong name in it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from bot.language import _, say_list
from bot.rules.content import has_placeholder
from bot.templates.template import AGENT_NAMES, BUILT_IN, CUSTOMER_NAME, Placeholder, Template, fill
from bot.text import clean, clip

TEMPLATE = "template"  # the menu's block and action
MESSAGE_WAS = "typed_before"  # the block with the text that the template replaced
NO_TEMPLATE = "none"
LONGEST_KEPT = 3_000  # of the agent's own text, which the form shows
VALUE_LENGTH = 300  # of what a placeholder stands for
_NAME_LENGTH = 80
# No longer than a template's name, without a sentence's marks, and not a number such as "#1234".
_LIKE_A_NAME = re.compile(r"#[^\W\d][\w -]{0,79}")


@dataclass(frozen=True)
class TemplateChoice:
    """What a form knows of its template.

    ``chosen``: the template that the form shows; ``selected``: what its menu says. ``values`` is
    what the agent typed, by the placeholder's key. ``typed_before``: the agent's own text from
    before. ``hint``: what they should know about their search. ``owner``: the customer whose name
    is known. ``is_gone``: the form shows one that isn't offered any more.
    """

    chosen: Template | None = None
    selected: str = ""
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    customer_name: str = field(default="", repr=False)
    agent_name: str = field(default="", repr=False)
    owner: str = ""
    is_editable: bool = True
    is_gone: bool = False
    typed_before: str = field(default="", repr=False)
    hint: str = field(default="", repr=False)

    @property
    def is_fixed(self) -> bool:
        """Return whether the text comes from the template alone."""
        return not self.is_editable and (self.chosen is not None or self.is_gone)

    def base(self, message: str) -> str:
        """Return the text whose placeholders are filled in."""
        if not self.is_fixed:
            return message
        return self.chosen.body if self.chosen else ""

    def fill(self, message: str) -> str:
        """Return what the customer gets; a placeholder without a value stays in it."""
        if self.chosen is None:
            return self.base(message)
        return fill(self.base(message), self._known(message)).strip()

    def list_missing(self, message: str) -> list[Placeholder]:
        """Return the placeholders that have no value yet, or another placeholder as one."""
        known = self._known(message)
        return [
            one
            for one in self.list_placeholders(message)
            if one.key not in known or has_placeholder(self.typed_or_default(one))
        ]

    def is_only_a_name(self, message: str) -> bool:
        """Return whether a message is no more than a name after "#" that chose no template."""
        is_unknown = self.chosen is None and bool(self.hint)
        return is_unknown and _LIKE_A_NAME.fullmatch(message.strip()) is not None

    def list_placeholders(self, message: str) -> tuple[Placeholder, ...]:
        """Return the placeholders of the text that we have values or fields for."""
        if self.chosen is None:
            return ()
        own = {*BUILT_IN, *(one.key for one in self.chosen.placeholders)}
        found = self.chosen.placeholders_in(self.base(message))
        return tuple(one for one in found if one.key in own)

    def list_fields(self, message: str, *, asks_name: bool = False) -> list[Placeholder]:
        """Return those that the agent fills in; ``asks_name``: nobody tells us the customer's."""
        return [
            one
            for one in self.list_placeholders(message)
            if one.key not in BUILT_IN
            or (one.key == CUSTOMER_NAME and (asks_name or one.key in self.values))
        ]

    def value_of(self, placeholder: Placeholder) -> str:
        """Return what a placeholder stands for, or ""."""
        typed = self.typed_or_default(placeholder)
        if placeholder.key == CUSTOMER_NAME:
            return typed or self.customer_name
        return self.agent_name if placeholder.key in AGENT_NAMES else typed

    def typed_or_default(self, placeholder: Placeholder) -> str:
        """Return what stands in a placeholder's field, which has one line."""
        found = self.values.get(placeholder.key, placeholder.default)
        return " ".join(found.splitlines())[:VALUE_LENGTH].strip()

    def _known(self, message: str) -> dict[str, str]:
        values = {one: self.value_of(one) for one in self.list_placeholders(message)}
        return {
            one.key: value
            for one, value in values.items()
            if value or not (one.is_required or one.key in BUILT_IN)
        }

    def choose(self, template: Template | None, message: str) -> TemplateChoice:
        """Return the choice after the agent picked another template, or none.

        Their own text and the values that they typed aren't lost.
        """
        earlier = self.chosen
        own = message if earlier is None or message.strip() != earlier.body.strip() else ""
        defaults = {one.key: one.default for one in earlier.placeholders} if earlier else {}
        typed = {key: one for key, one in self.values.items() if one and one != defaults.get(key)}
        both = (self.typed_before, own) if own.strip() != self.typed_before else (own,)
        before = "\n\n".join(one for one in both if one.strip())
        before = before if len(before) <= LONGEST_KEPT else own
        return replace(
            self,
            chosen=template,
            values=typed,
            is_gone=False,
            typed_before=before if template else "",
            hint="",
        )


def block_of(placeholder: Placeholder, template: Template, owner: str) -> str:
    """Return the block id of a placeholder's field; a customer's name counts for them only."""
    whose = owner if placeholder.key == CUSTOMER_NAME else ""
    named = f"{template.key}\n{placeholder.key}\n{whose}"
    return f"placeholder:{hashlib.sha256(named.encode()).hexdigest()[:16]}"


def is_about_template(block_id: str) -> bool:
    """Return whether a block is the menu or a placeholder's field."""
    return block_id == TEMPLATE or block_id.startswith("placeholder:")


def one_line(name: str) -> str:
    """Make a person's name fit for a text: one line, or "" if there's nothing to see."""
    return clip(" ".join(clean(name).split()), _NAME_LENGTH)


def say_closest(name: str, closest: Iterable[str], *, is_ambiguous: bool) -> str:
    """Say that a name after "#" picks nothing, and what may be meant."""
    typed = clip(name, 30)
    if is_ambiguous:
        said = _('Several templates are called "{name}". Choose one from the menu.')
        return said.format(name=typed)
    unknown = _('No template is called "{name}".').format(name=typed)
    names = say_list(_('"{name}"').format(name=clip(one, 30)) for one in closest)
    meant = _("Did you mean {names}?").format(names=names)
    return f"{unknown} {meant}" if names else unknown

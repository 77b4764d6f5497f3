"""Reads an open form that Slack delivers, if the bot opened it for this person."""

from __future__ import annotations

import json
import logging
from dataclasses import replace

from bot.language import N_
from bot.slack.forms.form_input import Draft, read_form
from bot.slack.forms.form_templates import FormTemplates
from bot.slack.forms.open_form import OpenForm, read_shown
from bot.slack.interaction import Interaction
from bot.slack.metadata import ForeignForm, MetadataSigner
from bot.slack.origin import read_origin
from bot.slack.view_state import read_version

log = logging.getLogger(__name__)

FOREIGN_DRAFT = N_(
    "I can't verify this form, perhaps because I was updated since you opened it. "
    "Copy your text, close the form and open a new one."
)


class FormReader:
    """Reads drafts. ``default_country``: of phone numbers that have no country code."""

    def __init__(
        self, signer: MetadataSigner, templates: FormTemplates, *, default_country: str | None
    ) -> None:
        self._signer = signer
        self.templates = templates
        self._country = default_country

    def read(self, interaction: Interaction) -> Draft:
        """Read the draft; raise ForeignForm if the bot hasn't opened this form for this person."""
        view = interaction.view
        try:
            metadata = self._signer.check(
                interaction.metadata, interaction.user_id, interaction.view_id
            )
        except ForeignForm:
            log.warning("the private metadata of a form isn't what the bot wrote")
            raise
        signed = {**view, "private_metadata": metadata}
        draft = read_form(signed, interaction.place.team_id, self._country)
        draft = replace(draft, origin=self.find_origin(interaction))
        context = json.loads(metadata)[3:]
        return self.templates.read(draft, view, context, interaction.user_name)

    def find_origin(self, interaction: Interaction) -> str:
        """Return from which list somebody opens the form, or has opened it; "" for none."""
        return read_origin(self._signer, interaction)

    def suggest(self, interaction: Interaction) -> list[dict[str, object]]:
        """Return the templates that the form's menu offers; raise ForeignForm."""
        metadata = self._signer.check(
            interaction.metadata, interaction.user_id, interaction.view_id
        )
        return self.templates.suggest(interaction.query, json.loads(metadata))


def form_of(interaction: Interaction) -> OpenForm:
    """Return the form that somebody did something in, at the version that they saw."""
    view = interaction.view
    version, shown = read_version(view), read_shown(view)
    return OpenForm(interaction.view_id, interaction.user_id, version, shown=shown)

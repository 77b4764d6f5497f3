"""Checks that the templates in Genesys Cloud can be read, if the rules take them from there."""

from __future__ import annotations

from collections.abc import Iterator

from bot.cli.result import Result, ok, skipped, warning
from bot.rules.rules_file import Rules
from bot.rules.template_rules import TemplateSource, placeholder_names
from genesys import GenesysCloud, GenesysError, MissingPermission, sample_responses

_NAME = "Templates"
_GRANT = (
    "Add responses:library:view and responses:response:view to a role of the OAuth client, in the "
    "divisions of the libraries."
)


def check_templates(cloud: GenesysCloud, rules: Rules) -> Iterator[Result]:
    """Read some of them, and say how placeholders are written there."""
    if rules.templates.source is not TemplateSource.GENESYS:
        what = "they don't come from Genesys Cloud, so nothing was checked there."
        fix = 'Set templates.source to "genesys" in the rules file to take them from there.'
        yield skipped(_NAME, what, fix)
        return
    try:
        found = sample_responses(cloud)
    except MissingPermission:
        yield warning(_NAME, "the OAuth client may not read them, so agents find none.", _GRANT)
        return
    except GenesysError as error:
        yield warning(_NAME, error.what, error.fix)
        return
    if not found:
        what = "the first libraries have no plain text, so agents may find no template."
        yield warning(_NAME, what, f"Write some as plain text. {_GRANT}")
        return
    names = {name for one in found for name in placeholder_names(one.text).values()}
    shown = ", ".join(f"{{{{{name}}}}}" for name in sorted(names)[:3])
    yield ok(
        _NAME, f"they can be read; {f'placeholders such as {shown}' if shown else 'no fields'}"
    )

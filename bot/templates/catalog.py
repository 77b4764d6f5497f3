"""The templates that the rules in force offer. Nothing here waits for Genesys Cloud."""

from __future__ import annotations

from collections.abc import Callable

from bot.rules.rules_file import Rules
from bot.rules.template_rules import TemplateSource
from bot.templates.index import Index
from bot.templates.sources import FileTemplates, GenesysTemplates


class Catalog:
    """The templates of the source that the rules name."""

    def __init__(self, rules: Callable[[], Rules], genesys: GenesysTemplates) -> None:
        self._rules = rules
        self._file = FileTemplates()
        self._genesys = genesys

    def start(self) -> None:
        """Begin to read them, so that the first search finds some."""
        self.index()

    @property
    def are_on(self) -> bool:
        """Return whether agents have any to choose from."""
        return self._rules().templates.are_on

    @property
    def are_editable(self) -> bool:
        """Return whether agents may change a template's text."""
        return self._rules().templates.editable

    @property
    def problem(self) -> str:
        """Return why they can't be read, or ""."""
        is_there = self._rules().templates.source is TemplateSource.GENESYS
        return self._genesys.problem if is_there else ""

    @property
    def are_loading(self) -> bool:
        """Return whether they're being read for the first time."""
        is_there = self._rules().templates.source is TemplateSource.GENESYS
        return is_there and self._genesys.are_loading

    def index(self) -> Index:
        """Return the templates as they're known now."""
        rules = self._rules()
        match rules.templates.source:
            case TemplateSource.GENESYS:
                return self._genesys.index()
            case TemplateSource.FILE:
                return self._file.index(rules)
        return Index()

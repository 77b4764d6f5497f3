"""Where templates come from: the rules file, or Genesys Cloud's Response Management."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Iterable

from bot.rules.rules_file import Rules
from bot.rules.template_rules import (
    MOST_PLACEHOLDERS,
    TemplateSource,
    TemplateText,
    key_of,
    placeholder_names,
    slug,
)
from bot.templates.index import Index
from bot.templates.template import BUILT_IN, Placeholder, Template
from bot.text import clip, sendable, show_name
from genesys import GenesysError, LibraryResponse, Substitution

log = logging.getLogger(__name__)

FRESH_SECONDS = 600.0  # after that, a search reads them again in the background
AGAIN_SECONDS = 60.0  # after a read that failed
LONGEST_BODY = 3_000  # that a form can show
_LONGEST_KEY = 70  # of an id and a version, within Slack's limit for an option's value


class FileTemplates:
    """The templates of the rules file; they're read when it changes."""

    def __init__(self) -> None:
        self._index = Index()
        self._version = ""

    def index(self, rules: Rules) -> Index:
        """Return the templates of these rules."""
        if rules.version != self._version:
            self._index = Index(map(_from_file, rules.templates.list))
            self._version = rules.version
        return self._index


class GenesysTemplates:
    """The templates in Genesys Cloud, as they were read last; nobody waits for a read.

    ``read`` blocks and may raise GenesysError. Then the old ones stay.
    """

    def __init__(
        self,
        read: Callable[[], tuple[LibraryResponse, ...]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._clock = clock
        self._lock = threading.Lock()
        self._index: Index | None = None
        self._due = float("-inf")
        self._is_reading = False
        self.problem = ""

    @property
    def are_loading(self) -> bool:
        """Return whether none are known because the first read hasn't ended."""
        return self._index is None and not self.problem

    def index(self) -> Index:
        """Return what's known; if that's old, begin to read it again."""
        with self._lock:
            is_due = not self._is_reading and self._clock() >= self._due
            self._is_reading |= is_due
        if is_due:
            threading.Thread(target=self._refresh, name="templates", daemon=True).start()
        return self._index or Index()

    def _refresh(self) -> None:
        wait = AGAIN_SECONDS
        try:
            self._index = Index(_from_genesys(self._read()))
            self.problem, wait = "", FRESH_SECONDS
            log.info("read %d templates from Genesys Cloud", len(self._index.templates))
        except GenesysError as error:
            log.warning("the templates in Genesys Cloud can't be read (%r)", error)
            self.problem = error.what
        finally:
            with self._lock:
                self._due, self._is_reading = self._clock() + wait, False


def _from_file(text: TemplateText) -> Template:
    defaults = dict(text.defaults)
    digest = hashlib.sha256(f"{text.name}\n{text.text}\n{text.defaults}".encode())
    return Template(
        TemplateSource.FILE,
        hashlib.sha256(slug(text.name).encode()).hexdigest()[:16],
        digest.hexdigest()[:12],
        text.name,
        text.text,
        tuple(
            Placeholder(key, name, default=defaults.get(key, ""))
            for key, name in placeholder_names(text.text).items()
        ),
    )


def _from_genesys(responses: Iterable[LibraryResponse]) -> Iterable[Template]:
    """Yield those that a form can offer."""
    for response in responses:
        body = sendable(response.text)
        names = placeholder_names(body)
        extra = [key for key in names if key not in BUILT_IN]
        template = Template(
            TemplateSource.GENESYS,
            response.response_id,
            response.version,
            show_name(response.name) if response.name.strip() else clip(body, 40),
            body,
            _placeholders(names, response.substitutions),
        )
        is_short = len(body) <= LONGEST_BODY and len(template.key) <= _LONGEST_KEY
        if is_short and len(extra) <= MOST_PLACEHOLDERS:
            yield template


def _placeholders(
    names: dict[str, str], described: Iterable[Substitution]
) -> tuple[Placeholder, ...]:
    known = {key_of(one.name): one for one in described}
    found = []
    for key, name in names.items():
        one = known.get(key, Substitution(name))
        found.append(
            Placeholder(key, name, one.description, sendable(one.default), one.is_required)
        )
    return tuple(found)

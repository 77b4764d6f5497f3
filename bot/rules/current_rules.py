"""The rules in force, which a lead can change while the bot runs."""

from __future__ import annotations

import logging
from pathlib import Path
from threading import Lock

from bot.rules.rules_file import DEFAULTS, BadRules, Problem, Rules, read_file

log = logging.getLogger(__name__)


class CurrentRules:
    """Holds the rules of a file, or the defaults without one; any thread may read them."""

    def __init__(self, file: Path | None) -> None:
        """Read the file; raise BadRules if it can't be read or has mistakes."""
        self._file = file
        self._lock = Lock()
        self._rules = self._read()
        log.info("rules in force: version %s", self.version)

    @property
    def rules(self) -> Rules:
        """The rules in force. Read it once for each decision: they may change at any time."""
        return self._rules

    def reload(self) -> list[Problem]:
        """Read the file again; if it has problems, return them and keep the old rules."""
        with self._lock:
            problems: tuple[Problem, ...] = ()
            try:
                self._rules = self._read()
            except BadRules as bad:
                problems = bad.problems
            for problem in problems:
                log.error("rules file, line %d: %s", problem.line, problem.sentence)
            if problems:
                log.error("the rules file is wrong: version %s stays in force", self.version)
            else:
                log.info("rules in force: version %s", self.version)
            return list(problems)

    @property
    def version(self) -> str:
        """The version of the rules in force."""
        return self._rules.version

    def _read(self) -> Rules:
        if self._file is None:
            return DEFAULTS
        try:
            return read_file(self._file)
        except OSError as error:
            sentence = f"The rules file can't be read ({error.strerror}): check PROACTIVE_RULES."
            raise BadRules((Problem(1, sentence),)) from None

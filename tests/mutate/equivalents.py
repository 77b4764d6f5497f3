"""Read the list of mutants that somebody judged to change nothing that a person could notice."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tests.mutate.mutants import Change, Mutant

Entry = tuple[str, str, str]  # module, operator, line


@dataclass(frozen=True)
class Equivalents:
    """The list, with the lines' comments and spaces left out."""

    known: frozenset[Entry]

    @classmethod
    def read(cls, file: Path) -> Equivalents:
        """Read lines of the form ``module:operator:line  # why``; empty lines and # may stand."""
        known = set()
        for line in file.read_text().splitlines():
            if line.strip() and not line.startswith("#"):
                entry, _, why = line.rpartition("  # ")
                assert why and entry.count(":") >= 2, f"{file.name}: no reason or no line: {line}"
                module, operator, text = entry.split(":", 2)
                known.add((module.strip(), operator.strip(), _bare(text)))
        return cls(frozenset(known))

    def match(self, mutant: Mutant, change: Change) -> set[Entry]:
        """Return the entries that name the line before the change (all of it) or after."""
        where = (mutant.module, mutant.operator)
        return {(*where, _bare(change.before)), (*where, _bare(change.after))} & self.known

    def of(self, module: str) -> set[Entry]:
        return {entry for entry in self.known if entry[0] == module}


def _bare(line: str) -> str:
    """Drop the comment and the spaces, of which cosmic-ray leaves some."""
    return re.sub(r"\s+# .*|\s+", "", line)

"""Whom we look for: one e-mail address or one phone number.

An Identity is validated before it gets here (bot/command.py); this module only keeps the
value out of logs and cards, by masking it.
"""

from dataclasses import dataclass
from enum import StrEnum

_HIDDEN = "•••"
_HIDDEN_DIGITS = "•••••"


class IdentityKind(StrEnum):
    """The identifier types of an external contact that an agent can type."""

    EMAIL = "Email"
    PHONE = "Phone"


@dataclass(frozen=True)
class Identity:
    """An e-mail address, or a phone number in E.164 ("+442079460018")."""

    kind: IdentityKind
    value: str

    @property
    def masked(self) -> str:
        """Show enough to recognise the address: "j•••@example.com", "+44•••••0018"."""
        if self.kind is IdentityKind.PHONE:
            return f"{self.value[:3]}{_HIDDEN_DIGITS}{self.value[-4:]}"
        local, _, domain = self.value.rpartition("@")
        return f"{local[:1]}{_HIDDEN}@{domain}"

    def __repr__(self) -> str:
        return f"Identity({self.masked})"

"""An email address or phone number that masks itself, to keep it out of logs and cards.

It doesn't validate the address; the caller must.
"""

from dataclasses import dataclass
from enum import StrEnum

_HIDDEN = "•••"
_HIDDEN_DIGITS = "•••••"


class IdentityKind(StrEnum):
    """ContactIdentifier.type, as far as an agent can type one."""

    EMAIL = "Email"
    PHONE = "Phone"


@dataclass(frozen=True)
class Identity:
    """An email address, or a phone number in E.164 ("+442079460018")."""

    kind: IdentityKind
    value: str

    @property
    def masked(self) -> str:
        """Return just enough to recognise the address: "j•••@example.com", "+44•••••0018"."""
        if self.kind is IdentityKind.PHONE:
            return f"{self.value[:3]}{_HIDDEN_DIGITS}{self.value[-4:]}"
        local, _, domain = self.value.rpartition("@")
        return f"{local[:1]}{_HIDDEN}@{domain}"

    def __repr__(self) -> str:
        return f"Identity({self.masked})"

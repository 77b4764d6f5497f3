"""Signs the form's private metadata, which Slack keeps for us and gives back with each press.

So a form counts only for the person and the place for which the bot opened it, and, as soon as the
bot has updated it, only for that one form. It also says which list it was opened from, so that any
process knows.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

_ORIGIN = "from"


class ForeignForm(Exception):
    """The private metadata isn't what the bot wrote for this form and this person."""


class MetadataSigner:
    """Signs and checks private metadata, which is a JSON list of texts.

    ``origin``: the list from which a form was opened; "" if it wasn't from one.
    """

    def __init__(self, bot_token: str) -> None:
        """Derive the key from the bot token, so that all processes share it."""
        self._key = hashlib.sha256(b"private metadata:" + bot_token.encode()).digest()

    def sign(self, metadata: str, user_id: str, view_id: str = "", *, origin: str = "") -> str:
        """Return the metadata with a signature; without ``view_id`` before the form is open."""
        values = [*json.loads(metadata), *([{_ORIGIN: origin}] if origin else [])]
        return json.dumps([*values, self._signature(values, user_id, view_id)])

    def check(self, metadata: str, user_id: str, view_id: str) -> str:
        """Return the metadata without its signature; raise ForeignForm if that's wrong."""
        return json.dumps(self._read(metadata, user_id, view_id)[0])

    def read_origin(self, metadata: str, user_id: str, view_id: str) -> str:
        """Return from which list a form was opened, or ""; raise ForeignForm."""
        return self._read(metadata, user_id, view_id)[1]

    def _read(self, metadata: str, user_id: str, view_id: str) -> tuple[list[str], str]:
        try:
            *values, signature = json.loads(metadata)
        except (ValueError, TypeError, RecursionError):
            raise ForeignForm from None
        texts = [value for value in values if isinstance(value, str)]
        rest = values[len(texts) :]
        origin = [one[_ORIGIN] for one in rest if isinstance(one, dict) and [*one] == [_ORIGIN]]
        is_text = all(isinstance(one, str) for one in (*origin, signature))
        if len(origin) != len(rest) or not is_text:
            raise ForeignForm
        # Slack names a form only when it's open, so the first signature is without its id.
        for signed_for in (view_id, ""):
            if hmac.compare_digest(
                signature.encode(errors="replace"),
                self._signature(values, user_id, signed_for).encode(),
            ):
                return texts, "".join(origin)
        raise ForeignForm

    def _signature(self, values: list[Any], user_id: str, view_id: str) -> str:
        signed = json.dumps([values, user_id, view_id]).encode()
        return hmac.digest(self._key, signed, hashlib.sha256).hex()

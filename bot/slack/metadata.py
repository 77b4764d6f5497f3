"""Signs the form's private metadata, which Slack keeps for us and gives back with each press.

So a form counts only for the person and the place for which the bot opened it, and, as soon as the
bot has updated it, only for that one form.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any


class ForeignForm(Exception):
    """The private metadata isn't what the bot wrote for this form and this person."""


class MetadataSigner:
    """Signs and checks private metadata, which is a JSON list of texts."""

    def __init__(self, bot_token: str) -> None:
        """Derive the key from the bot token, so that all processes share it."""
        self._key = hashlib.sha256(b"private metadata:" + bot_token.encode()).digest()

    def sign(self, metadata: str, user_id: str, view_id: str = "") -> str:
        """Return the metadata with a signature; without ``view_id`` before the form is open."""
        values = json.loads(metadata)
        return json.dumps([*values, self._signature(values, user_id, view_id)])

    def check(self, metadata: str, user_id: str, view_id: str) -> str:
        """Return the metadata without its signature; raise ForeignForm if that's wrong."""
        try:
            *values, signature = json.loads(metadata)
        except (ValueError, TypeError, RecursionError):
            raise ForeignForm from None
        if not all(isinstance(value, str) for value in (*values, signature)):
            raise ForeignForm
        # Slack names a form only when it's open, so the first signature is without its id.
        for signed_for in (view_id, ""):
            if hmac.compare_digest(
                signature.encode(errors="replace"),
                self._signature(values, user_id, signed_for).encode(),
            ):
                return json.dumps(values)
        raise ForeignForm

    def _signature(self, values: list[Any], user_id: str, view_id: str) -> str:
        signed = json.dumps([values, user_id, view_id]).encode()
        return hmac.digest(self._key, signed, hashlib.sha256).hex()

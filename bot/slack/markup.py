"""Undoes Slack's markup in what people typed: its escaping and its links.

Slack escapes only ``&``, ``<`` and ``>``. It writes an address as ``<mailto:a@b|a@b>``, a phone
number as ``<tel:+44…|…>`` and a web address as ``<https://b|b>``.
https://docs.slack.dev/messaging/formatting-message-text
"""

from __future__ import annotations

import re

_LINK = re.compile(r"<(mailto:|tel:|https?://)?([^<>|\s]*)(?:\|([^<>]*))?>")


def unescape(text: str) -> str:
    """Undo Slack's escaping exactly once."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def unlink(text: str) -> str:
    """Replace each link by the address or number it leads to, or by the text it shows.

    Brackets without a label stay, because Slack labels addresses: people write Jane <jane@b>.
    """

    def replace(link: re.Match[str]) -> str:
        scheme, target, label = link[1] or "", link[2], link[3]
        if label is None:
            return target if scheme.startswith("http") else link[0]
        return target if scheme in ("mailto:", "tel:") else label or target

    return _LINK.sub(replace, text)


def unlink_words(text: str) -> str:
    """Replace the links in a message for a customer, who needs web addresses in full."""

    def replace(link: re.Match[str]) -> str:
        scheme, target, label = link[1] or "", link[2], link[3]
        if not scheme:
            return link[0]
        return scheme + target if scheme.startswith("http") else label or target

    return _LINK.sub(replace, text)


def read_message(text: str) -> str:
    """Return a Slack message's text as a person sees it, with addresses in full."""
    return unlink(unescape(unlink(text)))  # twice: a link that a person typed arrives escaped

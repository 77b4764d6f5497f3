"""Tables of the rich_text block: lists, quotes and the nodes inside them."""

from __future__ import annotations

from .shapes import Rule, boolean, by_type, items, one_of, shape, string, whole

_KIND = string()
_STYLE = shape({}, dict.fromkeys(("bold", "code", "italic", "strike", "underline"), boolean))
_BORDER = one_of(0, 1)


def _node(required: dict[str, Rule], optional: dict[str, Rule] | None = None) -> Rule:
    return shape({"type": _KIND, **required}, {"style": _STYLE, **(optional or {})})


_TEXT = _node({"text": string(1)})
_LINK = _node({"url": string(1)}, {"text": string(), "unsafe": boolean})

_NODES: dict[str, Rule] = {
    "text": _TEXT,
    "link": _LINK,
    "emoji": _node({"name": string(1)}, {"unicode": string(), "url": string()}),
    "user": _node({"user_id": string(1)}),
    "channel": _node({"channel_id": string(1)}),
    "usergroup": _node({"usergroup_id": string(1)}),
    "team": _node({"team_id": string(1)}),
    "broadcast": _node({"range": one_of("here", "channel", "everyone")}),
    "color": _node({"value": string(1)}),
    "date": _node(
        {"timestamp": whole(), "format": string(1)}, {"fallback": string(), "url": string()}
    ),
}

_SECTION = shape({"type": _KIND, "elements": items(by_type(_NODES))})

_PARTS: dict[str, Rule] = {
    "rich_text_section": _SECTION,
    "rich_text_list": shape(
        {
            "type": _KIND,
            "style": one_of("bullet", "ordered"),
            "elements": items(by_type({"rich_text_section": _SECTION})),
        },
        {"indent": whole(0, 8), "border": _BORDER},
    ),
    "rich_text_quote": shape(
        {"type": _KIND, "elements": items(by_type(_NODES))}, {"border": _BORDER}
    ),
    "rich_text_preformatted": shape(
        {"type": _KIND, "elements": items(by_type({"text": _TEXT, "link": _LINK}))},
        {"border": _BORDER},
    ),
}

RICH_TEXT: Rule = shape(
    {"type": one_of("rich_text"), "elements": items(by_type(_PARTS), 1)},
    {"block_id": string(0, 255)},
)

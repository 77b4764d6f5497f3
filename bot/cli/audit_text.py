"""Words for the audit log's entries, one line each, for people who read it."""

from __future__ import annotations

from bot.storage.audit import Action

_SENTENCES = {
    Action.LOOKED_UP: "{who} looked up a customer",
    Action.STORED: "{who} asked for {message}",
    Action.REFUSED: "{message} by {who} was refused: {refused by}",
    Action.OVERRIDDEN: "{who} overrode {overridden} for {message}",
    Action.APPROVAL_ASKED: "{message} by {who} waits for approval",
    Action.APPROVED: "{who} approved {message}",
    Action.DECLINED: "{who} declined {message}",
    Action.CANCELLED: "{who} cancelled {message}",
    Action.EDITED: "{who} edited {message}",
    Action.SENT: "{message} by {who} is being sent",
    Action.OUTCOME: "{message} by {who} is now {state}",
    Action.DECIDED: "{who} decided what happens to {message}: {state}",
    Action.REFUSED_CLICK: "{who} may not use {what}: {why}",
    Action.OPTED_OUT: "{who} put a customer on the do-not-contact list",
    Action.OPTED_IN: "{who} took a customer off the do-not-contact list",
    Action.PAUSED: "{who} paused all sending",
    Action.RESUMED: "{who} resumed sending",
    Action.RULES_LOADED: "{who} loaded the rules {rules}",
    Action.ERASED: "{message} was erased",
    Action.REJECTED: "{who} rejected signatures: {counts}",
    Action.OUTCOMES_SET: "{who} had outcomes from {from} posted in {to}",
}


class _Words(dict[str, object]):
    """What a sentence is filled with; the log may lack it, because somebody changed it."""

    def __missing__(self, name: str) -> str:
        return f"({name}?)"


def describe(action: str, user_id: str, request_id: str, detail: object) -> str:
    """Say in one line what an entry tells; ``detail`` as it was read."""
    details = detail if isinstance(detail, dict) else {}
    words = _Words(details)
    words["who"] = user_id or "the bot"
    words["message"] = request_id or ("a customer" if "salts" in details else "a message")
    words["counts"] = ", ".join(f"{count} {reason}" for reason, count in details.items())
    known = {one.value: sentence for one, sentence in _SENTENCES.items()}
    sentence = known.get(action, "{who}: an action that isn't known").format_map(words)
    return " ".join(sentence.split())

"""Why Slack doesn't let the bot post somewhere, in words for the agent. Pure."""

from __future__ import annotations

from bot.cards.errors import SlackRefused

# https://docs.slack.dev/reference/methods/chat.postMessage#errors
_ABOUT_THE_PLACE = {
    "not_in_channel": "the bot is not in that channel. Invite it there with /invite",
    "channel_not_found": "the bot cannot see that channel. Invite it there with /invite",
    "is_archived": "that channel is archived. Use another one",
    "restricted_action": "posting is restricted in that channel. Ask a workspace admin, or use "
    "another channel",
    "restricted_action_read_only_channel": "that channel is read-only. Use another one",
    "restricted_action_thread_only_channel": "that channel takes only replies. Use another one",
    "restricted_action_non_threadable_channel": "that channel takes no threads. Use another one",
    "restricted_action_thread_locked": "that thread is locked. Use another place",
    "cannot_reply_to_message": "that message takes no replies. Use another place",
    "thread_not_found": "the message that the thread hung on is gone. Use another place",
    "missing_scope": "the bot lacks the right to post. Ask an administrator to reinstall it",
    "team_access_not_granted": "the bot was not given access to that workspace",
    "access_denied": "the bot may not post there. Invite it with /invite, or use another channel",
    "messages_tab_disabled": "direct messages from the bot are switched off",
    "user_disabled": "that account is switched off",
}
# chat.update and chat.getPermalink, about a card that was deleted or can't be edited any more
_CARD_GONE = (
    "message_not_found",
    "channel_not_found",
    "edit_window_closed",
    "cant_update_message",
    "is_inactive",
)


def explain_refusal(refusal: SlackRefused) -> str:
    """Return why the bot can't post there; raise the refusal again if the place isn't why."""
    if refusal.code not in _ABOUT_THE_PLACE:
        raise refusal
    return _ABOUT_THE_PLACE[refusal.code]


def check_card_is_gone(refusal: SlackRefused) -> None:
    """Raise the refusal again unless it says that the card can't be edited or seen any more."""
    if refusal.code not in _CARD_GONE:
        raise refusal

"""Why Slack doesn't let the bot post somewhere, in words for the agent. Pure."""

from __future__ import annotations

from bot.cards.errors import SlackRefused, SlackTokenRefused

# https://docs.slack.dev/reference/methods/chat.postMessage#errors
_WORDS = {
    "not_in_channel": "I'm not in that channel. Run /invite @proactive there",
    "channel_not_found": "I can't see that channel. Run /invite @proactive there",
    "is_archived": "that channel is archived. Use another one",
    "restricted_action": "posting is restricted in that channel. Ask a workspace admin, or use "
    "another channel",
    "restricted_action_read_only_channel": "that channel is read-only. Use another one",
    "restricted_action_thread_only_channel": "that channel takes only replies. Use another one",
    "restricted_action_non_threadable_channel": "that channel takes no threads. Use another one",
    "restricted_action_thread_locked": "that thread is locked. Use another place",
    "cannot_reply_to_message": "that message takes no replies. Use another place",
    "thread_not_found": "the message that this thread belonged to was deleted. Use another place",
    "missing_scope": "I'm not allowed to post. Ask your admin to reinstall the app",
    "team_access_not_granted": "I don't have access to that workspace. Ask its admin for it",
    "access_denied": "I'm not allowed to post there. Run /invite @proactive or use another one",
    "app_access_restricted": "a workspace admin has restricted this app. Ask them to allow it",
    "ekm_access_denied": "messages are switched off there. Use another channel",
    "message_limit_exceeded": "the workspace has reached its message limit. Ask a workspace admin",
    "messages_tab_disabled": "my direct messages are switched off",
    "user_disabled": "that account is switched off",
}
_TOKEN = "I can't sign in to Slack. Tell your admin"


def explain_refusal(refusal: SlackRefused) -> str:
    """Return why the bot can't post there, and what to do. A code without words is named."""
    if isinstance(refusal, SlackTokenRefused):
        return _TOKEN
    unknown = (
        f"Slack doesn't take it there. Use another channel, or tell your admin: {refusal.code}"
    )
    return _WORDS.get(refusal.code, unknown)

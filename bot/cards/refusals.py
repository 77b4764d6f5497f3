"""Why Slack doesn't let the bot post somewhere, in words for the agent and for the log. Pure."""

from __future__ import annotations

from bot.cards.errors import SlackRefused, SlackTokenRefused
from bot.language import N_, _

# https://docs.slack.dev/reference/methods/chat.postMessage#errors
_WORDS = {
    "not_in_channel": N_("I'm not in that channel. Run /invite @proactive there"),
    "channel_not_found": N_("I can't see that channel. Run /invite @proactive there"),
    "is_archived": N_("that channel is archived. Use another one"),
    "restricted_action": N_(
        "posting is restricted in that channel. Ask a workspace admin, or use another channel"
    ),
    "restricted_action_read_only_channel": N_("that channel is read-only. Use another one"),
    "restricted_action_thread_only_channel": N_("that channel takes only replies. Use another one"),
    "restricted_action_non_threadable_channel": N_(
        "that channel takes no threads. Use another one"
    ),
    "restricted_action_thread_locked": N_("that thread is locked. Use another place"),
    "cannot_reply_to_message": N_("that message takes no replies. Use another place"),
    "thread_not_found": N_(
        "the message that this thread belonged to was deleted. Use another place"
    ),
    "missing_scope": N_("I'm not allowed to post. Ask your admin to reinstall the app"),
    "team_access_not_granted": N_("I don't have access to that workspace. Ask its admin for it"),
    "access_denied": N_("I'm not allowed to post there. Run /invite @proactive or use another one"),
    "app_access_restricted": N_("a workspace admin has restricted this app. Ask them to allow it"),
    "ekm_access_denied": N_("messages are switched off there. Use another channel"),
    "message_limit_exceeded": N_(
        "the workspace has reached its message limit. Ask a workspace admin"
    ),
    "messages_tab_disabled": N_("my direct messages are switched off"),
    "user_disabled": N_("that account is switched off"),
}
_TOKEN = N_("I can't sign in to Slack. Tell your admin")
_UNKNOWN = N_("Slack doesn't take it there. Use another channel, or tell your admin: {code}")


def explain_refusal(refusal: SlackRefused) -> str:
    """Return why the bot can't post there, and what to do. A code without words is named."""
    return _(_find_words(refusal)).format(code=refusal.code)


def log_refusal(refusal: SlackRefused) -> str:
    """Return the reason in English, with the code, for the log."""
    return f"{_find_words(refusal).format(code=refusal.code)} ({refusal.code})"


def _find_words(refusal: SlackRefused) -> str:
    if isinstance(refusal, SlackTokenRefused):
        return _TOKEN
    return _WORDS.get(refusal.code, _UNKNOWN)

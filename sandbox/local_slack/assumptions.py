"""What this stand-in assumes about Slack where its documentation says nothing.

"Strict" means that the stand-in may refuse more than Slack, so that a mistake shows in a test and
not in a workspace. docs/assumptions.md lists the same assumptions, with how to check them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Assumption:
    """One assumption: its subject, what the stand-in does, and why."""

    subject: str
    stand_in: str
    reason: str


ASSUMPTIONS: tuple[Assumption, ...] = tuple(
    Assumption(*row)
    for row in (
        (
            "Slash command text",
            "Delivered as typed; the setting slash_text_escaped delivers it escaped, with links.",
            "Unknown; Slack documents only its should_escape option.",
        ),
        (
            "Values typed into a modal",
            "Delivered as typed.",
            "Unknown; escaping has only been seen in messages.",
        ),
        (
            "Text in payloads about messages",
            "& < > are escaped in text and plain_text objects; emails become <mailto:a|a>.",
            "Seen in public reports about payloads.",
        ),
        (
            "channel_name of a slash command",
            "privategroup in private channels, directmessage in direct messages.",
            "Seen in public reports.",
        ),
        (
            "Failed slash commands, shortcuts and buttons",
            "operation_timeout after 3 s; dispatch_failed for a refusal or a cut connection; "
            "dispatch_unknown_error for an answer that Slack can't show. The person sees a notice.",
            "The first two names are documented for commands; we worded the notice.",
        ),
        (
            "Submissions and Try again",
            "Without a valid answer the modal stays open, and the next submission has the same "
            "view id.",
            "Seen in public reports.",
        ),
        (
            "Home tabs",
            "app_home_opened comes each time somebody enters the tab; a new view keeps its id and "
            "gets a new hash; a hash is checked only if a view was published before; people of "
            "another organisation can't open it.",
            "The first two are documented, the others unknown.",
        ),
        (
            "Double presses",
            "A modal that a submission closed may be submitted again, as if that request had been "
            "on its way already.",
            "Strict.",
        ),
        (
            "An empty JSON object as an ack",
            "Closes the modal, as an empty body does.",
            "Common practice.",
        ),
        (
            "response_url",
            "Success is the text ok; afterwards used_url or expired_url with HTTP 404.",
            "The number of uses and the lifetime are documented; the bodies aren't.",
        ),
        (
            "Unknown arguments",
            "Refused with invalid_arguments.",
            "Strict: Slack ignores them. team_id is allowed, because Bolt always sends it.",
        ),
        (
            "Threads",
            "A malformed thread_ts is invalid_thread_ts, an unknown one thread_not_found, and the "
            "ts of a reply cannot_reply_to_message.",
            "The errors are documented; when each is used is from public reports. Strict for "
            "replies.",
        ),
        (
            "Direct messages",
            "Refused with messages_tab_disabled only if the manifest turns the tab off.",
            "The default isn't documented.",
        ),
        (
            "chat.update and blocks",
            "Text alone removes the blocks; blocks alone empty the text; blocks with rich_text "
            "can't be replaced by blocks without (block_mismatch).",
            "The first is documented; the last is the strictest reading of the error.",
        ),
        (
            "Length of edited and ephemeral text",
            "More than 4,000 characters are refused with msg_too_long.",
            "Documented for chat.update; strict for chat.postEphemeral.",
        ),
        (
            "Length of all blocks",
            "More than 13,200 characters of text in one message are msg_blocks_too_long.",
            "The error is documented; the figure is from public reports.",
        ),
        (
            "Charts",
            "data_visualization is taken in messages, with at most 2 in each, 20 points and labels "
            "of 20 characters; each series has one value for each category.",
            "The block is documented; these figures are from public clients.",
        ),
        (
            "Size of metadata",
            "More than 8,000 bytes of JSON are metadata_too_large.",
            "The error is documented; the figure is a guess.",
        ),
        (
            "Form of metadata",
            "event_type is snake_case; event_payload holds text, numbers, booleans, flat objects "
            "and lists of flat objects; anything else is invalid_metadata_schema.",
            "The form is from Slack's published types; which error Slack uses is unknown.",
        ),
        (
            "Reading history with a bot token",
            "Needs the history scope for that kind of conversation, and membership also in public "
            "channels (not_in_channel); private ones are channel_not_found.",
            "Documented; an older page that says bots can't read channels is about legacy bots.",
        ),
        (
            "Metadata in history",
            "Left out unless include_all_metadata is given.",
            "Strict: Slack may show the event_type.",
        ),
        (
            "Pages of history and threads",
            "A limit outside the documented range is invalid_arguments; the last page has no "
            "response_metadata; a page starts with the newest message, also if only oldest is "
            "given.",
            "Strict; the order with oldest alone isn't documented.",
        ),
        (
            "conversations.replies",
            "The parent comes first whatever oldest says, but not again after a cursor; the ts of "
            "a reply returns only that reply.",
            "The first two are from public reports; the last is the strict reading.",
        ),
        (
            "Deleted messages",
            "A parent with replies becomes a tombstone by Slackbot, which keeps its thread and "
            "can't be changed, deleted or acted on; any other message is gone.",
            "The tombstone's form is from public reports.",
        ),
        (
            "Commands and interactions delivered twice",
            "Only if a test orders it: the same payload with a new signature or envelope.",
            "Slack documents no retry for them.",
        ),
        (
            "Clicks on what is no longer shown",
            "Delivered with the old button's action and the message as it is now.",
            "Seen in practice; which version of the message is sent is unknown.",
        ),
        (
            "username, icon_emoji, icon_url",
            "missing_scope without chat:write.customize; as_user is refused.",
            "Strict.",
        ),
        (
            "Length limits",
            "Count the Unicode characters of the text as sent, including escapes.",
            "Unknown; Slack may count differently.",
        ),
        (
            "initial_value and max_length",
            "A longer initial value is refused, and so is an initial option that isn't offered.",
            "The second is documented; the first is strict.",
        ),
        (
            "Who is notified",
            "Mentions in fallback text count although blocks are shown; a bare @here counts in "
            "mrkdwn that isn't verbatim, and in text with link_names or parse full or client.",
            "The strict reading of the formatting pages.",
        ),
        (
            "Rate limits",
            "Twenty times the published figures. With strict_rates the published ones: 20, 50 or "
            "100 a minute by tier, 600 for special, one message a second and channel, bursts of 3.",
            "The tiers are documented; special tiers and bursts aren't.",
        ),
        (
            "Optional scopes",
            "bot_optional scopes of the manifest count as granted.",
            "A workspace may refuse them; the setting missing_scopes simulates that.",
        ),
        (
            "Guests",
            "A guest of one channel has both is_restricted and is_ultra_restricted; no payload "
            "says it.",
            "The flags are documented; that both are set is from public reports. No published "
            "sample of a payload has them.",
        ),
        (
            "People of another organisation",
            "users.info has their own team_id, is_stranger and no locale or email address. They "
            "have no commands or shortcuts. Their clicks have their team at the user; team is "
            "ours for messages and theirs for views.",
            "The fields of users.info and the missing commands are documented; team in their "
            "clicks isn't.",
        ),
        (
            "Deactivated people",
            "users.info has deleted, but neither the other flags nor a time zone.",
            "Seen in public reports.",
        ),
        (
            "Disabled user groups",
            "no_such_subteam unless include_disabled is given.",
            "Unknown; the error is documented.",
        ),
        (
            "conversations.info",
            "A private channel without the bot is channel_not_found, whatever scopes there are; a "
            "direct message has no is_ext_shared.",
            "The error is documented, when it's used is from public reports; the second is "
            "Slack's example.",
        ),
        (
            "Org-wide installs",
            "With the setting org_wide, team is null in payloads; the user still has their team.",
            "Bolt's code says that team can be null, and reads the user's or the view's instead.",
        ),
        (
            "Socket Mode with a connection lost before the ack",
            "Counts as no ack: operation_timeout immediately, and no second delivery.",
            "Slack documents redelivery only for events.",
        ),
        (
            "Transport",
            "An open socket gets everything; without one, signed HTTP is used.",
            "Slack uses the app's setting.",
        ),
        (
            "views.open and views.push",
            "A refused view doesn't use up the trigger id.",
            "Unknown.",
        ),
    )
)

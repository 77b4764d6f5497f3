"""What the local Slack assumes about the real one where Slack's documents are silent.

One row per assumption. `reason` says what it rests on; "strict" means that the stand-in
refuses more than Slack may, so that a slip shows in a test rather than in a workspace.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Assumption:
    """One assumption: what it is about, what the stand-in does, and why."""

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
            "Unknown; escaping has been seen in messages only.",
        ),
        (
            "Text in payloads about messages",
            "& < > are escaped in text and plain_text objects; e-mails become <mailto:a|a>.",
            "Seen in public reports about payloads.",
        ),
        (
            "channel_name of a slash command",
            "privategroup in private channels, directmessage in direct messages.",
            "Seen in public reports.",
        ),
        (
            "Failed slash commands, shortcuts and buttons",
            "operation_timeout after 3 s, dispatch_failed for a refusal or a cut connection; "
            "the person sees a notice. An answer that Slack cannot show: dispatch_unknown_error.",
            "The first two names are documented for commands; the notice's wording is ours.",
        ),
        (
            "Submissions and Try again",
            "Without a good answer the modal stays, and the next submission has the same view id.",
            "Seen in public reports.",
        ),
        (
            "Double presses",
            "A modal closed by a submission may be submitted again, as a request already on its "
            "way would be.",
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
            "Uses and life are documented, the bodies are not.",
        ),
        (
            "Unknown arguments",
            "Refused with invalid_arguments.",
            "Strict: Slack ignores them. team_id is let through, because Bolt always sends it.",
        ),
        (
            "Threads",
            "A malformed thread_ts is invalid_thread_ts, an unknown one thread_not_found, a "
            "reply's cannot_reply_to_message.",
            "The errors exist; which one Slack picks is from public reports. Strict for replies.",
        ),
        (
            "Direct messages",
            "Refused with messages_tab_disabled only when the manifest turns the tab off.",
            "The default of an absent setting is not documented.",
        ),
        (
            "chat.update and blocks",
            "Text alone takes the blocks away; blocks alone empty the text; rich_text blocks may "
            "not be replaced by blocks without any (block_mismatch).",
            "The first is documented; the last is the widest reading of the error.",
        ),
        (
            "Length of edited and ephemeral text",
            "More than 4,000 characters are refused with msg_too_long.",
            "Documented for chat.update; strict for chat.postEphemeral.",
        ),
        (
            "Length of all blocks",
            "More than 13,200 characters of text in one message are msg_blocks_too_long.",
            "The error is documented, the figure is from public reports.",
        ),
        (
            "Size of metadata",
            "More than 8,000 bytes of JSON are metadata_too_large.",
            "The error is documented, the figure is a guess.",
        ),
        (
            "Form of metadata",
            "event_type is snake_case; event_payload holds text, numbers, booleans, flat objects "
            "and lists of flat objects; anything else is invalid_metadata_schema.",
            "The form is that of Slack's published types; which error Slack picks is unknown.",
        ),
        (
            "Reading history with a bot token",
            "Needs the history scope of that kind of conversation and membership, in public "
            "channels too (not_in_channel); private ones are channel_not_found.",
            "Documented; an older page that denies bots channels is about legacy bots.",
        ),
        (
            "Metadata in history",
            "Left out unless include_all_metadata is given.",
            "Strict: Slack may show the event_type.",
        ),
        (
            "Pages of history and threads",
            "A limit outside the documented range is invalid_arguments; a last page has no "
            "response_metadata; a page begins with the newest message also when only oldest is "
            "given.",
            "Strict; the order under oldest alone is not documented.",
        ),
        (
            "conversations.replies",
            "The parent comes first whatever oldest says, and not again after a cursor; the ts of "
            "a reply gives that reply alone.",
            "The first two are from public reports, the last is the strict reading.",
        ),
        (
            "Deleted messages",
            "A parent with replies becomes a tombstone of Slackbot's that keeps its thread and "
            "cannot be changed, deleted or acted on; everything else is gone.",
            "The tombstone's form is from public reports.",
        ),
        (
            "Commands and interactions delivered twice",
            "Only when a test orders it: the same payload, newly signed or in a new envelope.",
            "No retry is documented for them.",
        ),
        (
            "Clicks on what is no longer shown",
            "Delivered with the old button's action and the message as it is now.",
            "Seen in practice; which version of the message comes along is unknown.",
        ),
        (
            "username, icon_emoji, icon_url",
            "Refused with missing_scope without chat:write.customize; as_user is refused.",
            "Strict.",
        ),
        (
            "Length limits",
            "Count Unicode characters of the text as sent, escapes included.",
            "Unknown; Slack may count otherwise.",
        ),
        (
            "initial_value and max_length",
            "A longer initial value is refused, and so is an initial option that is not offered.",
            "The second is documented; the first is strict.",
        ),
        (
            "Who is notified",
            "Mentions in fallback text count although blocks are shown; bare @here counts in "
            "mrkdwn that is not verbatim, and in text with link_names or parse full or client.",
            "Strict reading of the formatting pages.",
        ),
        (
            "Rate limits",
            "Twenty times the published figures; the published ones with strict_rates: 20, 50, "
            "100 a minute by tier, special 600, one message a second and channel with 3 at once.",
            "The tiers are documented, special tiers and bursts are not.",
        ),
        (
            "Optional scopes",
            "bot_optional scopes of the manifest count as granted.",
            "A workspace may refuse them; the setting missing_scopes plays that.",
        ),
        (
            "Socket Mode with a connection lost before the ack",
            "Counts as no ack: operation_timeout at once, no second delivery.",
            "Redelivery is documented for events only.",
        ),
        (
            "Transport",
            "Any open socket gets everything; without one, signed HTTP is used.",
            "Slack decides by the app's setting alone.",
        ),
        (
            "views.open and views.push",
            "A view that is refused does not use the trigger id up.",
            "Unknown.",
        ),
    )
)

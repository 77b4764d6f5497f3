from __future__ import annotations

import pytest

from .conftest import error, refusal

PLAIN = {"type": "section", "text": {"type": "plain_text", "text": "hi"}}
RICH = {
    "type": "rich_text",
    "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "hi"}]}],
}


@pytest.fixture
def client(slack):
    return slack.client


@pytest.fixture
def posted(client) -> str:
    return client.chat_postMessage(channel="C0SUPPORT", text="hello")["ts"]


@pytest.mark.parametrize(
    ("channel", "refused"),
    [
        ("C0VIP", "channel_not_found"),
        ("C0NONE", "channel_not_found"),
        ("vip", "channel_not_found"),
        ("C0NEWS", "restricted_action"),
        ("C0ARCHIVE", "is_archived"),
        ("U0BOT", "cannot_dm_bot"),
    ],
)
def test_the_bot_cannot_post_everywhere(client, channel, refused) -> None:
    assert error(client.chat_postMessage, channel=channel, text="hello") == refused


def test_public_channels_need_an_invitation_or_a_scope(slack, client) -> None:
    assert client.chat_postMessage(channel="C0GENERAL", text="hello")["ok"]
    slack.settings(missing_scopes=["chat:write.public"])
    post = client.chat_postMessage
    assert error(post, channel="C0GENERAL", text="hello") == "not_in_channel"
    assert client.chat_postMessage(channel="#support", text="hello")["channel"] == "C0SUPPORT"


def test_posting_to_a_persons_id_goes_to_their_direct_message(slack, client) -> None:
    answer = client.chat_postMessage(channel="U0ADA", text="hello")
    assert answer["channel"] == "D0ADA"
    assert error(client.chat_update, channel="U0ADA", ts=answer["ts"], text="x") == (
        "channel_not_found"
    )
    assert slack.messages("D0ADA")[0]["text"] == "hello"


def test_a_message_comes_back_as_slack_stored_it(client) -> None:
    answer = client.chat_postMessage(
        channel="C0SUPPORT",
        text="Tom & Jerry &lt;3",
        blocks=[PLAIN],
        metadata={"event_type": "request", "event_payload": {"id": "r1"}},
        unfurl_links=False,
        parse="none",
    )
    message = answer["message"]
    assert message["text"] == "Tom &amp; Jerry &lt;3"
    assert message["bot_id"] == "B0PROACTIVE" and message["ts"] == answer["ts"]
    assert message["blocks"][0]["block_id"] and message["blocks"][0]["text"]["emoji"] is True
    assert message["metadata"]["event_payload"] == {"id": "r1"}


def test_a_reply_needs_an_existing_parent_in_the_channel(slack, client, posted) -> None:
    post = client.chat_postMessage
    reply = post(channel="C0SUPPORT", text="reply", thread_ts=posted)
    assert reply["message"]["thread_ts"] == posted
    assert slack.messages()[0]["reply_count"] == 1

    def reply_to(ts: str) -> str:
        return error(post, channel="C0SUPPORT", text="x", thread_ts=ts)

    assert reply_to(reply["ts"]) == "cannot_reply_to_message"
    assert reply_to("1700000000.000001") == "thread_not_found"
    assert reply_to("yesterday") == "invalid_thread_ts"
    assert error(post, channel="C0GENERAL", text="x", thread_ts=posted) == "thread_not_found"


def test_an_empty_or_too_long_message_is_refused_or_cut(client) -> None:
    post = client.api_call
    here = {"channel": "C0SUPPORT"}
    method = "chat.postMessage"
    assert error(post, api_method=method, json=here) == "no_text"
    assert error(post, api_method=method, json={**here, "text": "x", "markdown_text": "y"}) == (
        "markdown_text_conflict"
    )
    long = client.chat_postMessage(channel="C0SUPPORT", text="x" * 40_001)
    assert long["warning"] == "message_truncated" and len(long["message"]["text"]) == 40_000
    sections = [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 2900}}] * 5
    assert error(client.chat_postMessage, channel="C0SUPPORT", text="x", blocks=sections) == (
        "msg_blocks_too_long"
    )


def test_bad_blocks_are_refused_with_a_pointer(client) -> None:
    blocks = [PLAIN, {"type": "header", "text": {"type": "mrkdwn", "text": "x"}}]
    answer = refusal(client.chat_postMessage, channel="C0SUPPORT", text="x", blocks=blocks)
    assert answer["error"] == "invalid_blocks"
    assert answer["response_metadata"]["messages"] == [
        "[ERROR] unsupported type: mrkdwn [json-pointer:/blocks/1/text/type]"
    ]


@pytest.mark.parametrize(
    ("metadata", "refused"),
    [
        ({"event_type": "x"}, "invalid_metadata_format"),
        ({"event_type": "x y", "event_payload": {}}, "invalid_metadata_schema"),
        ({"event_type": "taskCreated", "event_payload": {}}, "invalid_metadata_schema"),
        ({"event_type": "x", "event_payload": []}, "invalid_metadata_schema"),
        ({"event_type": "x", "event_payload": {"a": None}}, "invalid_metadata_schema"),
        ({"event_type": "x", "event_payload": {"a": ["b"]}}, "invalid_metadata_schema"),
        ({"event_type": "x", "event_payload": {"a": {"b": {}}}}, "invalid_metadata_schema"),
        ({"event_type": "x", "event_payload": {"a": "ü" * 4000}}, "metadata_too_large"),
        ({"event_type": "x", "event_payload": {"a": "b" * 8000}}, "metadata_too_large"),
    ],
)
def test_metadata_is_checked(client, metadata, refused) -> None:
    post = client.chat_postMessage
    assert error(post, channel="C0SUPPORT", text="x", metadata=metadata) == refused


def test_metadata_may_hold_flat_objects(client) -> None:
    payload = {"id": "r1", "line": 2, "last": True, "part": {"a": 1}, "parts": [{"a": 1.5}]}
    metadata = {"event_type": "proactive_card", "event_payload": payload}
    answer = client.chat_postMessage(channel="C0SUPPORT", text="x", metadata=metadata)
    assert answer["message"]["metadata"] == metadata


def test_posting_under_another_name_needs_a_scope(client) -> None:
    post = client.chat_postMessage
    assert error(post, channel="C0SUPPORT", text="x", username="Ada") == "missing_scope"
    assert error(post, channel="C0SUPPORT", text="x", as_user=True) == "as_user_not_supported"


def test_an_update_replaces_text_and_blocks(slack, client) -> None:
    ts = client.chat_postMessage(
        channel="C0SUPPORT",
        text="one",
        blocks=[PLAIN],
        metadata={"event_type": "request", "event_payload": {"id": "r1"}},
    )["ts"]
    client.chat_update(channel="C0SUPPORT", ts=ts, text="two", blocks=[PLAIN])
    (message,) = slack.messages()
    assert message["text"] == "two" and message["blocks"] and not message["edited"]
    client.chat_update(channel="C0SUPPORT", ts=ts, text="three", metadata={})
    (message,) = slack.messages()
    assert message["blocks"] == [] and message["edited"] and message["metadata"] is None


def test_the_bot_can_change_only_its_own_messages(slack, client) -> None:
    ts = slack.post("/people/messages", channel="C0SUPPORT", text="mine")["ts"]
    here = {"channel": "C0SUPPORT", "ts": ts}
    assert error(client.chat_update, **here, text="x") == "cant_update_message"
    assert error(client.chat_delete, **here) == "cant_delete_message"
    gone = {"channel": "C0SUPPORT", "ts": "1.000001"}
    assert error(client.chat_update, **gone, text="x") == "message_not_found"


def test_updates_have_their_own_limits(client, posted) -> None:
    here = {"channel": "C0SUPPORT", "ts": posted}
    assert error(client.chat_update, **here, text="x" * 4001) == "msg_too_long"
    archived = {"channel": "C0ARCHIVE", "ts": posted}
    assert error(client.chat_update, **archived, text="x") == "is_inactive"
    client.chat_update(**here, text="x", blocks=[RICH])
    assert error(client.chat_update, **here, text="x", blocks=[PLAIN]) == "block_mismatch"


def test_a_deleted_parent_leaves_a_tombstone(slack, client, posted) -> None:
    reply = client.chat_postMessage(channel="C0SUPPORT", text="reply", thread_ts=posted)["ts"]
    client.chat_delete(channel="C0SUPPORT", ts=posted)
    assert [message["ts"] for message in slack.messages()] == [posted, reply]
    update = {"channel": "C0SUPPORT", "ts": posted, "text": "x"}
    assert error(client.chat_update, **update) == "message_not_found"
    client.chat_delete(channel="C0SUPPORT", ts=reply)
    client_reply = client.chat_postMessage(channel="C0SUPPORT", text="still", thread_ts=posted)
    assert client_reply["ok"]


def test_an_ephemeral_message_is_seen_by_one_person(slack, client) -> None:
    answer = client.chat_postEphemeral(channel="C0SUPPORT", user="U0ADA", text="psst")
    assert slack.messages()[0]["ephemeral"] and slack.messages(user="U0LEO") == []
    update = {"channel": "C0SUPPORT", "ts": answer["message_ts"], "text": "x"}
    assert error(client.chat_update, **update) == "message_not_found"


@pytest.mark.parametrize(
    ("channel", "user", "refused"),
    [
        ("C0GENERAL", "U0ADA", "not_in_channel"),
        ("C0VIP", "U0ADA", "channel_not_found"),
        ("C0NEWS", "U0GUS", "user_not_in_channel"),
        ("C0ARCHIVE", "U0ADA", "is_archived"),
    ],
)
def test_an_ephemeral_message_needs_the_bot_and_the_person_in_the_channel(
    client, channel, user, refused
) -> None:
    assert error(client.chat_postEphemeral, channel=channel, user=user, text="x") == refused


def test_a_permalink_names_message_and_thread(client, posted) -> None:
    reply = client.chat_postMessage(channel="C0SUPPORT", text="x", thread_ts=posted)["ts"]
    parent = client.chat_getPermalink(channel="C0SUPPORT", message_ts=posted)["permalink"]
    assert parent.endswith(f"/archives/C0SUPPORT/p{posted.replace('.', '')}")
    link = client.chat_getPermalink(channel="C0SUPPORT", message_ts=reply)["permalink"]
    assert link.endswith(f"?thread_ts={posted}&cid=C0SUPPORT")
    assert error(client.chat_getPermalink, channel="C0SUPPORT", message_ts="1.000001") == (
        "message_not_found"
    )


@pytest.mark.parametrize(
    ("said", "notified"),
    [
        ({"text": "<!channel> <@U0LEO>"}, ["U0LEO", "channel"]),
        ({"text": "&lt;!channel&gt; @here"}, []),
        ({"text": "@here", "parse": "full"}, ["here"]),
        ({"text": "@everyone", "link_names": True}, ["everyone"]),
        ({"text": "<!subteam^S1|@team>"}, ["S1"]),
        ({"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "@here"}}]}, ["here"]),
        (
            {
                "blocks": [
                    {
                        "type": "section",
                        "text": {"type": "mrkdwn", "text": "@here", "verbatim": True},
                    }
                ]
            },
            [],
        ),
        (
            {
                "blocks": [
                    {"type": "header", "text": {"type": "plain_text", "text": "<!here> @here"}}
                ]
            },
            [],
        ),
        (
            {
                "blocks": [
                    {
                        "type": "rich_text",
                        "elements": [
                            {
                                "type": "rich_text_section",
                                "elements": [
                                    {"type": "text", "text": "<!channel> @here ada@here.com"},
                                    {"type": "user", "user_id": "U0ADA"},
                                    {"type": "broadcast", "range": "everyone"},
                                ],
                            }
                        ],
                    }
                ]
            },
            ["U0ADA", "everyone"],
        ),
    ],
)
def test_mentions_are_found_as_slack_finds_them(slack, client, said, notified) -> None:
    client.chat_postMessage(channel="C0SUPPORT", **{"text": "hello", **said})
    assert slack.messages()[0]["pings"] == notified


def test_an_update_parses_bare_mentions_unless_told_not_to(slack, client, posted) -> None:
    here = {"channel": "C0SUPPORT", "ts": posted, "text": "@here"}
    client.chat_update(**here)
    assert slack.messages()[0]["pings"] == ["here"]
    client.chat_update(**here, parse="none")
    assert slack.messages()[0]["pings"] == []

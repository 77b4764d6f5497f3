from __future__ import annotations

import base64

import pytest

from .conftest import error, refusal

HISTORY = ["channels:history", "groups:history", "im:history"]
HERE = {"channel": "C0SUPPORT"}
METADATA = {"event_type": "proactive_card", "event_payload": {"request": "r1", "line": 2}}


@pytest.fixture
def manifest(manifest) -> dict:
    manifest["oauth_config"]["scopes"]["bot_optional"] = HISTORY
    return manifest


@pytest.fixture
def client(slack):
    return slack.client


@pytest.fixture
def post(client):
    def say(text: str, channel: str = "C0SUPPORT", **more) -> str:
        return client.chat_postMessage(channel=channel, text=text, **more)["ts"]

    return say


def texts(answer) -> list[str]:
    return [message["text"] for message in answer["messages"]]


def test_history_is_newest_first_without_replies(client, post) -> None:
    parent = post("one")
    post("reply", thread_ts=parent)
    post("also in the channel", thread_ts=parent, reply_broadcast=True)
    post("two")
    answer = client.conversations_history(**HERE)
    assert texts(answer) == ["two", "also in the channel", "one"]
    assert answer["has_more"] is False and "response_metadata" not in answer.data
    assert answer["messages"][1]["subtype"] == "thread_broadcast"
    assert answer["messages"][2]["reply_count"] == 2
    assert answer["messages"][2]["thread_ts"] == parent


def test_a_message_in_history_has_slacks_fields(slack, client, post) -> None:
    ts = post("one")
    client.chat_update(**HERE, ts=ts, text="edited")
    slack.post("/people/messages", **HERE, text="from a person")
    person, mine = client.conversations_history(**HERE)["messages"]
    assert mine["type"] == "message" and (mine["ts"], mine["text"]) == (ts, "edited")
    assert (mine["user"], mine["bot_id"], mine["app_id"]) == ("U0BOT", "B0PROACTIVE", "A0PROACTIVE")
    assert mine["edited"]["user"] == "U0BOT"
    assert person["user"] == "U0ADA" and person["blocks"] and "bot_id" not in person


def test_a_post_whose_answer_was_lost_can_be_recognised(slack, client, post) -> None:
    slack.post("/control/slack/faults", where="chat.postMessage", kind="cut_after", times=1)
    with pytest.raises(OSError):
        post("card", metadata=METADATA)
    (found,) = client.conversations_history(**HERE, include_all_metadata=True)["messages"]
    assert found["metadata"] == METADATA
    reply = post("line", thread_ts=found["ts"], metadata=METADATA)
    thread = client.conversations_replies(**HERE, ts=found["ts"], include_all_metadata=True)
    assert [message["ts"] for message in thread["messages"]] == [found["ts"], reply]
    assert thread["messages"][1]["metadata"] == METADATA


def test_metadata_is_shown_only_on_request(client, post) -> None:
    ts = post("card", metadata=METADATA)
    assert "metadata" not in client.conversations_history(**HERE)["messages"][0]
    assert "metadata" not in client.conversations_replies(**HERE, ts=ts)["messages"][0]


def test_history_has_no_ephemeral_messages(slack, client) -> None:
    client.chat_postEphemeral(**HERE, user="U0ADA", text="psst")
    assert client.conversations_history(**HERE)["messages"] == []
    ts = slack.messages()[0]["ts"]
    assert error(client.conversations_replies, **HERE, ts=ts) == "thread_not_found"


@pytest.mark.parametrize(
    ("inclusive", "found"), [(False, ["three"]), (True, ["four", "three", "two"])]
)
def test_a_span_of_time_excludes_its_ends_unless_it_is_inclusive(
    client, post, inclusive, found
) -> None:
    _, two, _, four, _ = (post(text) for text in ("one", "two", "three", "four", "five"))
    answer = client.conversations_history(**HERE, oldest=two, latest=four, inclusive=inclusive)
    assert texts(answer) == found and answer["latest"] == four


def test_history_comes_in_pages(client, post) -> None:
    for number in range(5):
        post(str(number))
    pages = [texts(page) for page in client.conversations_history(**HERE, limit=2)]
    assert pages == [["4", "3"], ["2", "1"], ["0"]]


def test_new_posts_do_not_shift_a_page(client, post) -> None:
    for number in range(4):
        post(str(number))
    first = client.conversations_history(**HERE, limit=2)
    post("meanwhile")
    cursor = first["response_metadata"]["next_cursor"]
    assert texts(client.conversations_history(**HERE, limit=2, cursor=cursor)) == ["1", "0"]


def test_a_thread_comes_in_pages_with_the_parent_first(client, post) -> None:
    parent = post("parent")
    replies = [post(str(number), thread_ts=parent) for number in range(4)]
    other = post("other")
    post("elsewhere", thread_ts=other)
    read = client.conversations_replies
    pages = [texts(page) for page in read(**HERE, ts=parent, limit=2)]
    assert pages == [["parent", "0"], ["1", "2"], ["3"]]
    assert texts(read(**HERE, ts=parent, oldest=replies[2])) == ["parent", "3"]
    assert texts(read(**HERE, ts=parent, latest=replies[0])) == ["parent"]
    assert read(**HERE, ts=parent)["messages"][1]["parent_user_id"] == "U0BOT"
    assert texts(read(**HERE, ts=replies[1])) == ["1"]


def test_a_thread_without_its_parent_is_not_found(client, post) -> None:
    read = client.conversations_replies
    gone = post("gone")
    client.chat_delete(**HERE, ts=gone)
    for ts in ("1700000000.000001", "yesterday", gone):
        assert error(read, **HERE, ts=ts) == "thread_not_found"


def test_a_deleted_parent_stays_as_a_tombstone(slack, client, post) -> None:
    parent = post("parent", metadata=METADATA)
    reply = post("reply", thread_ts=parent)
    client.chat_delete(**HERE, ts=parent)
    (stone,) = client.conversations_history(**HERE, include_all_metadata=True)["messages"]
    assert stone["text"] == "This message was deleted." and stone["subtype"] == "tombstone"
    assert stone["user"] == "USLACKBOT" and not {"bot_id", "metadata", "blocks"} & set(stone)
    assert stone["reply_count"] == 1
    thread = client.conversations_replies(**HERE, ts=parent)["messages"]
    assert [message["ts"] for message in thread] == [parent, reply]
    assert [message["deleted"] for message in slack.messages()] == [True, False]
    assert error(client.chat_delete, **HERE, ts=parent) == "message_not_found"
    shortcut = {"callback_id": "notify_message", **HERE, "ts": parent}
    assert slack.post("/people/shortcuts", **shortcut)["status"] == 400


def test_a_deleted_reply_is_gone(client, post) -> None:
    parent = post("parent")
    twice = [post("line", thread_ts=parent) for _ in range(2)]
    client.chat_delete(**HERE, ts=twice[1])
    thread = client.conversations_replies(**HERE, ts=parent)["messages"]
    assert [message["ts"] for message in thread] == [parent, twice[0]]
    assert thread[0]["reply_count"] == 1


@pytest.mark.parametrize(
    ("channel", "needed"), [("C0SUPPORT", "channels:history"), ("D0ADA", "im:history")]
)
def test_each_kind_of_conversation_has_its_own_scope(slack, client, post, channel, needed) -> None:
    ts = post("hello", channel=channel)
    assert client.conversations_history(channel=channel)["ok"]
    slack.settings(missing_scopes=[needed])
    for read, more in (
        (client.conversations_history, {}),
        (client.conversations_replies, {"ts": ts}),
    ):
        answer = refusal(read, channel=channel, **more)
        assert (answer["error"], answer["needed"]) == ("missing_scope", needed)


def test_an_admin_may_refuse_every_optional_scope(slack, client) -> None:
    slack.settings(missing_scopes=HISTORY)
    assert error(client.conversations_history, **HERE) == "missing_scope"
    assert client.chat_postMessage(**HERE, text="still allowed")["ok"]


def test_only_members_can_read_history(slack, client, post) -> None:
    ts = post("hello", channel="C0GENERAL")
    read = client.conversations_history
    assert error(read, channel="C0GENERAL") == "not_in_channel"
    assert error(client.conversations_replies, channel="C0GENERAL", ts=ts) == "not_in_channel"
    assert error(read, channel="C0VIP") == "channel_not_found"
    for channel in ("C0GENERAL", "C0VIP"):
        slack.post("/people/commands", channel=channel, command="/invite", text="@proactive")
        assert read(channel=channel)["ok"]


@pytest.mark.parametrize(
    ("arguments", "refused"),
    [
        ({"oldest": "yesterday"}, "invalid_ts_oldest"),
        ({"latest": "1.1234567"}, "invalid_ts_latest"),
        ({"cursor": "%"}, "invalid_cursor"),
        ({"cursor": base64.b64encode(b"next_ts:" + b"9" * 5000).decode()}, "invalid_cursor"),
        ({"limit": 0}, "invalid_arguments"),
        ({"limit": 1000}, "invalid_arguments"),
        ({"limit": "ten"}, "invalid_arguments"),
    ],
)
def test_invalid_arguments_are_refused(client, arguments, refused) -> None:
    assert error(client.conversations_history, **HERE, **arguments) == refused


def test_permalinks_lead_to_the_page(slack, local, client, post) -> None:
    local.page_url = slack.url
    parent = post("parent")
    reply = post("reply", thread_ts=parent)
    link = client.chat_getPermalink(**HERE, message_ts=reply)["permalink"]
    assert link.startswith(f"{slack.url}/archives/C0SUPPORT/p")
    shown = slack.follow(link)
    assert shown == f"/?channel=C0SUPPORT&message={reply}&thread_ts={parent}"
    assert slack.follow(f"{slack.url}/archives/C0SUPPORT/p1") == 404

"""Who people are and which channels are shared: what only the Web API tells."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import MANIFEST, Bot, Json, Slack, refusal

SCOPES = [
    *("commands", "chat:write", "users:read", "usergroups:read"),
    *("channels:read", "groups:read", "im:read", "mpim:read"),
]
BUTTON = {
    "type": "actions",
    "block_id": "b",
    "elements": [
        {"type": "button", "action_id": "act", "text": {"type": "plain_text", "text": "Press"}}
    ],
}


@pytest.fixture
def manifest() -> Json:
    return {**MANIFEST, "oauth_config": {"scopes": {"bot": list(SCOPES)}}}


def person(slack: Slack, user: str, **more: Any) -> Json:
    found: Json = slack.client.users_info(user=user, **more)["user"]
    return found


def change(slack: Slack, part: str, one: str, **fields: Any) -> Json:
    return slack.post("/control/slack/people", **{part: {one: fields}})


def post_button(slack: Slack, channel: str) -> Json:
    ts = slack.client.chat_postMessage(channel=channel, text="card", blocks=[BUTTON])["ts"]
    return {"channel": channel, "ts": ts, "block_id": "b", "action_id": "act"}


def test_a_full_member_has_every_flag_and_our_team(slack: Slack) -> None:
    ada = person(slack, "U0ADA", include_locale=True)
    assert (ada["team_id"], ada["profile"]["team"], ada["locale"]) == (
        "T0LOCAL",
        "T0LOCAL",
        "en-GB",
    )
    flags = ("deleted", "is_bot", "is_restricted", "is_ultra_restricted")
    assert not any(ada[flag] for flag in flags)
    assert {"tz", "tz_label", "tz_offset"} <= ada.keys()
    names = (ada["name"], ada["real_name"], ada["profile"]["display_name"])
    assert names == ("ada", "Ada Nowak", "Ada Nowak")
    ben = person(slack, "U0BEN")
    assert (ben["real_name"], ben["profile"]["display_name"]) == ("Ben Okafor", "")
    assert not {"enterprise_user", "is_stranger"} & ada.keys()
    assert "email" not in ada["profile"], "that needs users:read.email"


def test_a_guest_of_one_channel_has_both_guest_flags_and_one_of_several_has_one(
    slack: Slack,
) -> None:
    gus = person(slack, "U0GUS")
    assert (gus["is_restricted"], gus["is_ultra_restricted"]) == (True, True)
    change(slack, "users", "U0GUS", is_ultra_restricted=False)
    gus = person(slack, "U0GUS")
    assert (gus["is_restricted"], gus["is_ultra_restricted"]) == (True, False)


def test_an_outsider_has_another_team_and_is_a_stranger_once_nothing_is_shared(
    slack: Slack,
) -> None:
    pia = person(slack, "U0PIA", include_locale=True)
    assert (pia["team_id"], pia["profile"]["team"]) == ("T0ACME", "T0ACME")
    assert pia["is_stranger"] is False and "locale" not in pia
    change(slack, "channels", "C0ACME", is_ext_shared=False)
    assert person(slack, "U0PIA")["is_stranger"] is True


def test_a_deactivated_person_has_no_flags_and_can_do_nothing(slack: Slack) -> None:
    change(slack, "users", "U0BEN", is_deleted=True)
    ben = person(slack, "U0BEN")
    assert ben["deleted"] is True and "is_restricted" not in ben and "tz" not in ben
    assert slack.command(user="U0BEN")["status"] == 400


def test_people_of_an_enterprise_grid_have_their_organisation(slack: Slack) -> None:
    slack.settings(org_wide=True)
    assert person(slack, "U0ADA")["enterprise_user"]["enterprise_id"] == "E0LOCAL"
    assert slack.client.auth_test()["enterprise_id"] == "E0LOCAL"


def test_an_unknown_person_is_refused(slack: Slack) -> None:
    assert refusal(slack.client.users_info, user="U0NOBODY")["error"] == "user_not_found"


@pytest.mark.parametrize(
    ("channel", "is_private", "is_ext_shared", "is_member"),
    [
        ("C0SUPPORT", False, False, True),
        ("C0GENERAL", False, False, False),
        ("C0ACME", False, True, True),
    ],
)
def test_a_channel_says_whether_it_is_shared(
    slack: Slack, channel: str, is_private: bool, is_ext_shared: bool, is_member: bool
) -> None:
    found = slack.client.conversations_info(channel=channel)["channel"]
    assert (found["is_private"], found["is_member"]) == (is_private, is_member)
    assert found["is_ext_shared"] == found["is_shared"] == is_ext_shared
    assert found["is_org_shared"] is found["is_im"] is found["is_mpim"] is False
    assert ("T0ACME" in found["shared_team_ids"]) == is_ext_shared


def test_a_direct_message_says_little_about_sharing(slack: Slack) -> None:
    found = slack.client.conversations_info(channel="D0ADA")["channel"]
    assert found["is_im"] is True and found["user"] == "U0ADA"
    assert "is_ext_shared" not in found and "is_private" not in found


def test_a_private_channel_without_the_bot_does_not_exist_for_it(slack: Slack) -> None:
    read = slack.client.conversations_info
    assert refusal(read, channel="C0VIP")["error"] == "channel_not_found"
    slack.settings(missing_scopes=["groups:read"])
    assert refusal(read, channel="C0VIP")["error"] == "channel_not_found"
    change(slack, "channels", "C0VIP", members=["U0ADA", "U0BOT"])
    assert refusal(read, channel="C0VIP")["needed"] == "groups:read"
    slack.settings(missing_scopes=[])
    assert read(channel="C0VIP")["channel"]["is_private"] is True


@pytest.mark.parametrize(
    ("channel", "is_mpim", "scope"),
    [
        ("C0SUPPORT", False, "channels:read"),
        ("D0ADA", False, "im:read"),
        ("C0SUPPORT", True, "mpim:read"),
    ],
)
def test_each_kind_of_conversation_needs_its_own_scope(
    slack: Slack, channel: str, is_mpim: bool, scope: str
) -> None:
    change(slack, "channels", channel, is_mpim=is_mpim)
    slack.settings(missing_scopes=[scope])
    answer = refusal(slack.client.conversations_info, channel=channel)
    assert (answer["error"], answer["needed"]) == ("missing_scope", scope)


def test_a_user_group_lists_the_ids_of_its_members(slack: Slack) -> None:
    read = slack.client.usergroups_users_list
    assert read(usergroup="S0LEADS")["users"] == ["U0LEO"]
    change(slack, "groups", "S0LEADS", users=["U0ADA", "U0LEO"])
    assert read(usergroup="S0LEADS")["users"] == ["U0ADA", "U0LEO"]
    assert refusal(read, usergroup="S0NONE")["error"] == "no_such_subteam"


def test_a_disabled_user_group_is_found_only_if_asked_for(slack: Slack) -> None:
    read = slack.client.usergroups_users_list
    assert refusal(read, usergroup="S0FORMER")["error"] == "no_such_subteam"
    assert read(usergroup="S0FORMER", include_disabled=True)["users"] == ["U0BEN"]


def test_the_list_of_user_groups_has_members_only_if_asked_for(slack: Slack) -> None:
    (leads,) = slack.client.usergroups_list()["usergroups"]
    assert (leads["id"], leads["handle"], leads["date_delete"]) == ("S0LEADS", "support-leads", 0)
    assert "users" not in leads and "user_count" not in leads
    groups = slack.client.usergroups_list(
        include_disabled=True, include_users=True, include_count=True
    )["usergroups"]
    assert [(one["users"], one["user_count"]) for one in groups] == [
        (["U0LEO"], "1"),
        (["U0BEN"], "1"),
    ]
    assert groups[1]["date_delete"] > 0


def test_user_groups_need_their_scope_and_take_no_json(slack: Slack) -> None:
    call = slack.client.api_call
    asked = {"usergroup": "S0LEADS"}
    answer = refusal(call, api_method="usergroups.users.list", json=asked)
    assert answer["error"] == "invalid_arguments"
    slack.settings(missing_scopes=["usergroups:read"])
    answer = refusal(slack.client.usergroups_users_list, usergroup="S0LEADS")
    assert (answer["error"], answer["needed"]) == ("missing_scope", "usergroups:read")
    assert refusal(slack.client.usergroups_list)["needed"] == "usergroups:read"


def test_user_groups_may_be_read_twenty_times_a_minute(slack: Slack) -> None:
    slack.settings(strict_rates=True)
    for _ in range(20):
        slack.client.usergroups_users_list(usergroup="S0LEADS")
    answer = refusal(slack.client.usergroups_users_list, usergroup="S0LEADS")
    assert answer["error"] == "ratelimited"


def test_a_bot_has_the_id_of_its_app(slack: Slack) -> None:
    bot = slack.client.bots_info(bot=slack.client.auth_test()["bot_id"])["bot"]
    assert (bot["app_id"], bot["user_id"]) == ("A0PROACTIVE", "U0BOT")
    assert refusal(slack.client.bots_info, bot="B0OTHER")["error"] == "bot_not_found"
    assert refusal(slack.client.bots_info)["error"] == "missing_argument"
    slack.settings(missing_scopes=["users:read"])
    assert refusal(slack.client.bots_info, bot="B0PROACTIVE")["needed"] == "users:read"


def test_an_outsider_has_no_commands_and_no_shortcuts(slack: Slack, bot: Bot) -> None:
    ts = slack.client.chat_postMessage(channel="C0ACME", text="card")["ts"]
    assert slack.get("/people/workspace?user=U0PIA")["commands"] == []
    assert slack.command(channel="C0ACME", user="U0PIA")["status"] == 400
    pressed = {"user": "U0PIA", "callback_id": "notify_message", "channel": "C0ACME", "ts": ts}
    assert slack.post("/people/shortcuts", **pressed)["status"] == 400
    assert bot.bodies == []


def test_an_outsiders_click_arrives_with_their_own_team_only_at_the_user(
    slack: Slack, bot: Bot
) -> None:
    pressed = post_button(slack, "C0ACME")
    assert slack.post("/people/actions", user="U0PIA", **pressed)["ok"]
    (body,) = bot.bodies
    assert (body["user"]["id"], body["user"]["team_id"]) == ("U0PIA", "T0ACME")
    assert (body["team"]["id"], body["api_app_id"]) == ("T0LOCAL", "A0PROACTIVE")


def test_no_payload_says_that_someone_is_a_guest_or_a_channel_is_shared(
    slack: Slack, bot: Bot
) -> None:
    slack.command(user="U0GUS")
    slack.command(channel="C0ACME")
    slack.post("/people/actions", user="U0PIA", **post_button(slack, "C0ACME"))
    assert len(bot.bodies) == 3
    for telling in ("shared", "restricted", "guest", "stranger"):
        assert telling not in str(bot.bodies).replace("acme-shared", "")


def test_support_can_become_shared_and_back(slack: Slack) -> None:
    for shared in (True, False):
        assert slack.settings(support_is_shared=shared)["support_is_shared"] is shared
        found = slack.client.conversations_info(channel="C0SUPPORT")["channel"]
        assert found["is_ext_shared"] is shared
        seen = [one["id"] for one in slack.get("/people/workspace?user=U0PIA")["channels"]]
        assert ("C0SUPPORT" in seen) is shared


@pytest.mark.parametrize(
    "wanted",
    [
        {"messages": {}},
        {"users": []},
        {"users": {"U0NOBODY": {}}},
        {"users": {"U0ADA": {"name": "eve"}}},
        {"users": {"U0ADA": {"is_restricted": 1}}},
        {"groups": {"S0LEADS": []}},
    ],
)
def test_a_wrong_change_of_people_changes_nothing(slack: Slack, wanted: Json) -> None:
    before = person(slack, "U0ADA")
    assert slack.post("/control/slack/people", **wanted)["status"] == 400
    assert person(slack, "U0ADA") == before

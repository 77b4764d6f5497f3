"""Where outcomes are posted is chosen by leads, in Slack."""

import pytest

from bot.slack.commands.outcome_commands import LEADS_ONLY, NOT_A_CHANNEL
from bot.slack.commands.outcome_words import Order, read_order
from bot.storage.audit_log import AuditLog
from bot.storage.database import Database
from bot.storage.outcome_channels import Choice, OutcomeChannels

from ...conftest import Local
from ..conftest import LEAD, OUTCOMES, SUPPORT, Agent, Bot, answers, words

WRONG = Order("", is_for_all=False, is_wrong=True)
GENERAL = "C0GENERAL"


@pytest.fixture
def leo(local: Local) -> Agent:
    return Agent(local, LEAD)


@pytest.fixture
def channels(database: Database) -> OutcomeChannels:
    """Read the choices as another process does."""
    return OutcomeChannels(database, "C0DEFAULT")


def recorded(database: Database) -> list[tuple[str, str, str]]:
    entries = AuditLog(database).entries()
    return [(one.action, one.user_id, one.detail) for one in entries]


@pytest.mark.parametrize(
    ("typed", "order"),
    [
        *[("outcomes here", Order("here", False)), ("Outcomes  HERE all", Order("here", True))],
        *[("outcomes off", Order("off", False)), ("outcomes off for all", Order("off", True))],
        *[("outcomes", Order("", False)), ("outcomes\u00a0here", Order("here", False))],
        *[("outcomes foo", WRONG), ("outcomes here please", WRONG), ("outcome here", WRONG)],
        *[("outcomes here in #support", WRONG), ("Outcomes off from #support", WRONG)],
        ("outcomes here in Berlin are fine", None),
        *[("outcomes default", Order("default", False))],
        *[("outcomes default all", Order("default", True))],
        *[("outcomes here for C0123ABCD", Order("here", False, source="C0123ABCD"))],
        *[("outcomes here for <#C0123|a-b>", Order("here", False, source="C0123"))],
        *[("outcomes off for <#G0123>", Order("off", False, source="G0123"))],
        *[("outcomes here for #support", Order("here", False, is_unknown=True))],
        *[("outcomes here for <#U0123>", Order("here", False, is_unknown=True))],
        *[("outcomes here for C0123 please", None), ("outcomes for C0123ABCD", None)],
        *[("Outcomes here are fine", None), ("outcomes for j@a.de", None), ("", None)],
    ],
)
def test_only_the_exact_words_choose_a_channel(typed: str, order: Order | None) -> None:
    assert read_order(typed) == order


def test_a_channel_s_own_choice_counts_before_the_one_for_all_and_the_setting(
    channels: OutcomeChannels,
) -> None:
    assert channels.find(SUPPORT) == channels.find() == "C0DEFAULT"
    channels.choose(Choice("", "C0ALL", LEAD, "T"))
    channels.choose(Choice(SUPPORT, "C0OWN", LEAD, "T"))
    assert (channels.find(SUPPORT), channels.find("C0OTHER")) == ("C0OWN", "C0ALL")
    assert channels.all() == ("C0ALL", "C0OWN")
    channels.choose(Choice(SUPPORT, "", LEAD, "T"))
    assert (channels.find(SUPPORT), channels.all()) == ("", ("C0ALL",))


def test_a_lead_has_a_channel_s_outcomes_posted_there_and_the_channel_is_told(
    bot: Bot, local: Local, leo: Agent, channels: OutcomeChannels, database: Database
) -> None:
    leo.types("outcomes here")
    bot.finish()
    assert answers(local, LEAD) == ["Done."]
    told = [m for m in local.messages(SUPPORT) if not m["ephemeral"]]
    sentence = "Leo Rossi chose this channel: outcomes of messages requested here are posted here."
    assert [m["text"] for m in told] == [sentence]
    assert sentence in words(told[0]["blocks"])
    assert (channels.find(SUPPORT), channels.find()) == (SUPPORT, "C0DEFAULT")
    leo.types("outcomes off")
    bot.finish()
    assert answers(local, LEAD)[1].startswith(
        "Outcomes of messages requested in this channel are no longer posted."
    )
    assert channels.find(SUPPORT) == ""
    assert recorded(database) == [
        ("outcomes set", LEAD, f'{{"from":"{SUPPORT}","to":"{SUPPORT}"}}'),
        ("outcomes set", LEAD, f'{{"from":"{SUPPORT}","to":"nowhere"}}'),
    ]


def test_a_lead_has_all_outcomes_posted_in_one_channel(
    bot: Bot, leo: Agent, channels: OutcomeChannels
) -> None:
    leo.types("outcomes here all")
    bot.finish()
    assert channels.find() == channels.find("C0OTHER") == SUPPORT
    leo.types("outcomes off all")
    bot.finish()
    assert (channels.find(), channels.all()) == ("", ())


def test_a_lead_has_another_channel_s_outcomes_posted_in_a_channel(
    bot: Bot, local: Local, leo: Agent, channels: OutcomeChannels, database: Database
) -> None:
    leo.types(f"outcomes here for <#{GENERAL}|general>")
    bot.finish()
    assert answers(local, LEAD) == ["Done."]
    assert (channels.find(GENERAL), channels.find(SUPPORT)) == (SUPPORT, "C0DEFAULT")
    [told] = [m for m in local.messages(SUPPORT) if not m["ephemeral"]]
    assert told["text"] == (
        "Leo Rossi chose this channel: outcomes of messages requested in another channel are "
        "posted here."
    )
    assert f'"channel_id": "{GENERAL}"' in words(told["blocks"])
    leo.types("outcomes")
    said = "Outcomes of messages requested in 1 other channel are posted here. "
    assert f'"channel_id": "{GENERAL}"' in words(leo.reads(said)["blocks"])
    leo.types(f"outcomes off for {GENERAL}")
    bot.finish()
    assert channels.find(GENERAL) == ""
    assert leo.reads("requested in another channel are no longer posted.")
    assert recorded(database) == [
        ("outcomes set", LEAD, f'{{"from":"{GENERAL}","to":"{SUPPORT}"}}'),
        ("outcomes set", LEAD, f'{{"from":"{GENERAL}","to":"nowhere"}}'),
    ]


def test_a_lead_takes_a_choice_back(
    bot: Bot, local: Local, leo: Agent, channels: OutcomeChannels, database: Database
) -> None:
    leo.types("outcomes off")
    leo.types("outcomes here all")
    bot.finish()
    leo.types("outcomes default")
    bot.finish()
    assert (channels.find(SUPPORT), channels.find()) == (SUPPORT, SUPPORT)
    leo.types("outcomes default all")
    bot.finish()
    assert channels.find(SUPPORT) == channels.find() == "C0DEFAULT"
    leo.types("outcomes default")
    bot.finish()
    assert answers(local, LEAD)[2:] == [
        "Outcomes of messages requested in this channel are posted where those of other channels "
        "are.",
        "My settings count again: outcomes are posted in another channel, except for channels that "
        "have an outcomes channel of their own.",
        "That's already so. Nothing was changed.",
    ]
    assert recorded(database)[2:] == [
        ("outcomes set", LEAD, f'{{"from":"{SUPPORT}","to":"the channel for all"}}'),
        ("outcomes set", LEAD, '{"from":"every channel","to":"the channel of the settings"}'),
    ]


def test_a_channel_s_name_is_not_guessed_and_the_answer_says_how_to_name_it(
    bot: Bot, local: Local, leo: Agent, database: Database
) -> None:
    leo.types("outcomes here for #general")
    bot.finish()
    [said] = answers(local, LEAD)
    assert "I need its ID." in said
    assert said.endswith("Then type: /proactive outcomes here for C0123456789")
    assert "/proactive outcomes here for #general" in words(leo.reads("I need its ID."))
    assert not recorded(database) and not local.calls("slack", "views.open")


def test_the_bare_word_says_where_outcomes_are_posted(bot: Bot, local: Local, leo: Agent) -> None:
    leo.types("outcomes")
    bot.finish()
    [said] = answers(local, LEAD)
    assert "posted in another channel, those of other channels in another channel. Type" in said
    assert '"/proactive outcomes here all"' in said
    [message] = [m for m in local.messages(SUPPORT, LEAD) if m["ephemeral"]]
    assert words(message["blocks"]).count(f'"channel_id": "{OUTCOMES}"') == 2


@pytest.mark.parametrize("order", ["outcomes here", "outcomes here all"])
def test_a_choice_that_is_so_already_is_answered_privately_and_changes_nothing(
    bot: Bot, local: Local, leo: Agent, database: Database, order: str
) -> None:
    for _ in range(2):
        leo.types(order)
        bot.finish()
    assert answers(local, LEAD) == ["Done.", "That's already so. Nothing was changed."]
    assert len([m for m in local.messages(SUPPORT) if not m["ephemeral"]]) == 1
    assert len(recorded(database)) == 1


def test_only_a_lead_chooses(bot: Bot, local: Local, ada: Agent, channels: OutcomeChannels) -> None:
    ada.types("outcomes here")
    bot.finish()
    assert answers(local, "U0ADA") == [LEADS_ONLY]
    assert channels.find(SUPPORT) == "C0DEFAULT"


def test_a_wrong_word_changes_nothing_opens_no_form_and_is_answered_privately(
    bot: Bot, local: Local, leo: Agent, ada: Agent, channels: OutcomeChannels
) -> None:
    for agent in (leo, ada):
        agent.types("outcomes there")
        bot.finish()
    [said] = answers(local, LEAD)
    assert said.startswith('Type "/proactive outcomes here" in the channel that should have them')
    assert "/proactive outcomes there" in words(leo.reads("in the channel that should have them"))
    assert answers(local, "U0ADA") == [LEADS_ONLY]
    assert channels.find(SUPPORT) == "C0DEFAULT"
    assert not local.calls("slack", "views.open")


def test_direct_messages_and_shared_channels_are_refused(
    bot: Bot, local: Local, leo: Agent, channels: OutcomeChannels
) -> None:
    shown = local.ask("GET", f"/people/workspace?user={LEAD}")["channels"]
    leo.channel = next(one["id"] for one in shown if one["id"].startswith("D"))
    leo.types("outcomes here all")
    bot.finish()
    assert answers(local, LEAD, leo.channel) == [NOT_A_CHANNEL]
    leo.channel = "C0ACME"
    leo.types("outcomes here all")
    bot.finish()
    assert "shared" in answers(local, LEAD, "C0ACME")[0]
    assert channels.find() == "C0DEFAULT"


def test_a_channel_that_takes_no_posts_is_not_chosen(
    bot: Bot, local: Local, leo: Agent, channels: OutcomeChannels
) -> None:
    answer = {"ok": False, "error": "not_in_channel"}
    local.order("slack", "chat.postMessage", "status", status=400, body=answer, times=1)
    leo.types("outcomes here")
    bot.finish()
    assert answers(local, LEAD)[0].startswith("Nothing was changed: I'm not in that channel.")
    assert channels.find(SUPPORT) == "C0DEFAULT"

"""The rules: which message may go out, and what the agent should do if it may not."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.rules.text_rules import check_length, measure
from bot.rules.verdict import Finding, Level, Rule, Verdict, decide
from bot.settings import read_settings
from bot.text import visible
from genesys import (
    Conversation,
    Customer,
    Deployment,
    DeploymentStatus,
    Found,
    NoContact,
    Several,
)

from ..conftest import DEPLOYMENT, JANE, NOW

ELSEWHERE = "99999999-1111-4222-8333-444455556666"
SAYS_WHAT_TO_DO = re.compile(r"\b([Cc]heck|[Aa]sk|Pick|Use|Wait|choose|shorten|Type)\b")

PASS, WARN, BLOCK = Level.PASS, Level.WARN, Level.BLOCK


def _judge(
    found: Found,
    status: DeploymentStatus | None = DeploymentStatus.ACTIVE,
    *,
    into_open: bool = False,
    deployment_id: str = DEPLOYMENT,
    now: datetime = NOW,
    session: timedelta | None = None,
) -> Verdict:
    return decide(
        found,
        Deployment(DEPLOYMENT, "Shop", status) if status else None,
        deployment_id=deployment_id,
        into_open=into_open,
        now=now,
        history_days=90,
        session=session,
    )


@dataclass(frozen=True)
class Case:
    """A customer's last conversation, the deployment, and the level of each rule."""

    history: Level
    deployment: Level
    conversation: Level
    has_history: bool = True
    is_open: bool = False
    on: str | None = DEPLOYMENT
    status: DeploymentStatus | None = DeploymentStatus.ACTIVE
    into_open: bool = False


CASES = {
    "ended chat": Case(PASS, PASS, PASS),
    "ended chat, writing into an open one allowed": Case(PASS, PASS, PASS, into_open=True),
    "ended chat, deployment unknown": Case(PASS, PASS, PASS, on=None),
    "no history": Case(BLOCK, PASS, PASS, has_history=False),
    "history on another deployment": Case(BLOCK, PASS, PASS, on=ELSEWHERE),
    "open chat": Case(PASS, PASS, BLOCK, is_open=True),
    "open chat, writing into it": Case(PASS, PASS, WARN, is_open=True, into_open=True),
    "open chat on another deployment": Case(BLOCK, PASS, BLOCK, is_open=True, on=ELSEWHERE),
    "open chat on another deployment, writing into it": Case(
        BLOCK, PASS, WARN, is_open=True, on=ELSEWHERE, into_open=True
    ),
    "deployment not readable": Case(PASS, WARN, PASS, status=None),
    "deployment not readable, no history": Case(BLOCK, WARN, PASS, has_history=False, status=None),
    "deployment inactive": Case(PASS, BLOCK, PASS, status=DeploymentStatus.INACTIVE),
    "deployment pending": Case(PASS, BLOCK, PASS, status=DeploymentStatus.PENDING),
    "deployment in error": Case(PASS, BLOCK, PASS, status=DeploymentStatus.ERROR),
    "deployment being deleted": Case(PASS, BLOCK, PASS, status=DeploymentStatus.DELETING),
    "deployment unknown": Case(PASS, BLOCK, PASS, status=DeploymentStatus.UNKNOWN),
    "everything is wrong": Case(
        BLOCK, BLOCK, BLOCK, is_open=True, on=ELSEWHERE, status=DeploymentStatus.INACTIVE
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_every_rule_checks_a_customer(
    case: Case,
    a_customer: Callable[..., Customer],
    a_conversation: Callable[..., Conversation],
) -> None:
    latest = a_conversation(is_open=case.is_open, deployment_id=case.on)
    customer = a_customer(latest if case.has_history else None)
    verdict = _judge(customer, case.status, into_open=case.into_open)
    assert {finding.rule: finding.level for finding in verdict.findings} == {
        Rule.CONTACT: PASS,
        Rule.HISTORY: case.history,
        Rule.DEPLOYMENT: case.deployment,
        Rule.CONVERSATION: case.conversation,
    }
    assert verdict.customer is customer
    assert verdict.identity == JANE
    levels = (case.history, case.deployment, case.conversation)
    assert len(verdict.blocks) == levels.count(BLOCK)
    assert verdict.blocks == tuple(one for one in verdict.findings if one.level is BLOCK)
    assert not verdict.is_away
    for finding in verdict.findings:
        assert finding.sentence.endswith(".")
    for finding in verdict.blocks:
        assert SAYS_WHAT_TO_DO.search(finding.sentence)


# The conversation of `a_conversation` ended two days and two hours before NOW.
ENDED = timedelta(days=2, hours=2)


@pytest.mark.parametrize(
    ("session", "level", "sentence"),
    [
        (
            timedelta(hours=24),
            WARN,
            "Their chat session probably expired 26 hours ago, so they may never see this. If it "
            "matters, use another channel too.",
        ),
        (ENDED, WARN, "probably expired"),
        (ENDED + timedelta(minutes=59), WARN, "expires in less than an hour."),
        (ENDED + timedelta(hours=1), WARN, "expires in 1 hour."),
        (
            ENDED + timedelta(hours=23, minutes=59),
            WARN,
            "Their chat session expires in 23 hours. If they aren't back by then, they may never "
            "see this.",
        ),
        (ENDED + timedelta(hours=24), PASS, "lasts another 24 hours."),
        (timedelta(days=30), PASS, "Their chat session lasts another 27 days."),
    ],
)
def test_an_expired_guest_session_or_one_that_soon_expires_is_a_warning_and_no_block(
    session: timedelta,
    level: Level,
    sentence: str,
    a_customer: Callable[..., Customer],
    a_conversation: Callable[..., Conversation],
) -> None:
    verdict = _judge(a_customer(a_conversation()), session=session)
    (finding,) = [one for one in verdict.findings if one.rule is Rule.SESSION]
    assert finding.level is level
    assert sentence in finding.sentence
    assert not verdict.blocks


@pytest.mark.parametrize("latest", ["none", "open", "elsewhere", "ended, another one is open"])
def test_no_guest_session_is_spoken_of_if_there_is_none_or_it_is_in_use(
    latest: str,
    a_customer: Callable[..., Customer],
    a_conversation: Callable[..., Conversation],
) -> None:
    conversations = {
        "none": None,
        "open": a_conversation(is_open=True),
        "elsewhere": a_conversation(deployment_id=ELSEWHERE),
        "ended, another one is open": a_conversation(),
    }
    customer = a_customer(conversations[latest])
    if "another" in latest:
        customer = replace(customer, open=a_conversation(is_open=True))
    verdict = _judge(customer, session=timedelta(hours=1))
    assert not [one for one in verdict.findings if one.rule is Rule.SESSION]


def test_no_contact_blocks_and_says_what_to_check() -> None:
    verdict = _judge(NoContact(JANE), None)
    sentence = (
        "No contact has this email address. Check it, or ask the customer which one they use."
    )
    assert verdict == Verdict(JANE, NoContact(JANE), (Finding(Rule.CONTACT, BLOCK, sentence),))
    assert verdict.customer is None


@pytest.mark.parametrize("count", [2, 10, 11])
def test_several_contacts_block_until_one_is_picked(
    count: int, several: Callable[..., Several]
) -> None:
    verdict = _judge(several(count), None)
    (finding,) = verdict.blocks
    assert (finding.rule, verdict.customer) == (Rule.CONTACT, None)
    assert finding.level is BLOCK
    sentence = f"{count} contacts share this email address. Choose one below."
    more = " Showing the first 10. Not there? Ask an admin to merge duplicates."
    assert finding.sentence == sentence + (more if count > 10 else "")


def test_a_deployment_that_the_bot_may_not_read_is_a_warning(
    a_customer: Callable[..., Customer], a_conversation: Callable[..., Conversation]
) -> None:
    verdict = _judge(a_customer(a_conversation()), None)
    assert not verdict.blocks
    said = "I can't check whether web chat is on. You can still send."
    assert verdict.findings[2].sentence == said


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (DeploymentStatus.INACTIVE, "is off"),
        (DeploymentStatus.PENDING, "isn't ready yet"),
        (DeploymentStatus.ERROR, "has an error"),
        (DeploymentStatus.DELETING, "is being deleted"),
        (DeploymentStatus.UNKNOWN, "can't be found"),
    ],
)
def test_a_deployment_that_is_not_active_says_why(
    status: DeploymentStatus,
    state: str,
    a_customer: Callable[..., Customer],
    a_conversation: Callable[..., Conversation],
) -> None:
    (finding,) = _judge(a_customer(a_conversation()), status).blocks
    assert finding.sentence == (
        f"Web chat {state}. Ask your admin to check the Messenger deployment."
    )


@pytest.mark.parametrize(
    ("case", "rule", "sentence"),
    [
        ("ended chat", Rule.CONTACT, "Matched by email."),
        ("ended chat", Rule.DEPLOYMENT, "Web chat is on."),
        ("ended chat", Rule.CONVERSATION, "No conversation is open."),
        (
            "open chat",
            Rule.CONVERSATION,
            "They're in a live conversation. Wait, send when it ends, or send into it.",
        ),
        (
            "open chat, writing into it",
            Rule.CONVERSATION,
            "They're in a live conversation. Your message goes into it.",
        ),
        (
            "history on another deployment",
            Rule.HISTORY,
            "This customer has only chatted on a different site. Use another channel.",
        ),
        (
            "no history",
            Rule.HISTORY,
            "No web chat in the last 90 days, so there's nowhere to send this. "
            "Use another channel.",
        ),
    ],
)
def test_each_rule_says_why(
    case: str,
    rule: Rule,
    sentence: str,
    a_customer: Callable[..., Customer],
    a_conversation: Callable[..., Conversation],
) -> None:
    of = CASES[case]
    latest = a_conversation(is_open=of.is_open, deployment_id=of.on) if of.has_history else None
    verdict = _judge(a_customer(latest), of.status, into_open=of.into_open)
    assert [one.sentence for one in verdict.findings if one.rule is rule] == [sentence]


@given(
    has_history=st.booleans(),
    is_open=st.booleans(),
    on=st.sampled_from([DEPLOYMENT, ELSEWHERE, None]),
    status=st.sampled_from([None, *DeploymentStatus]),
    into_open=st.booleans(),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # they only build values
def test_a_message_goes_out_exactly_if_no_rule_forbids_it(
    a_customer: Callable[..., Customer],
    a_conversation: Callable[..., Conversation],
    has_history: bool,
    is_open: bool,
    on: str | None,
    status: DeploymentStatus | None,
    into_open: bool,
) -> None:
    latest = a_conversation(is_open=is_open, deployment_id=on) if has_history else None
    verdict = _judge(a_customer(latest), status, into_open=into_open)
    may_go_out = (
        has_history
        and on != ELSEWHERE
        and status in (None, DeploymentStatus.ACTIVE)
        and (into_open or not is_open)
    )
    assert (not verdict.blocks) is may_go_out


def test_a_verdict_without_evidence_is_away_unless_it_blocks() -> None:
    warning = Finding(Rule.GENESYS, WARN, "Later.")
    assert Verdict(JANE, None, (warning,)).is_away
    assert not Verdict(JANE, None, (warning, Finding(Rule.GENESYS, BLOCK, "Never."))).is_away
    assert not Verdict(JANE, NoContact(JANE), ()).is_away


def test_a_sentence_stays_out_of_logs() -> None:
    assert "Jane" not in repr(Verdict(JANE, None, (Finding(Rule.CONTACT, PASS, "Jane Doe"),)))


@pytest.mark.parametrize(
    ("ended_ago", "words"),
    [
        (timedelta(minutes=-5), "today"),  # Genesys's clock is ahead of ours
        (timedelta(minutes=5), "today"),
        (timedelta(days=1), "yesterday"),
        (timedelta(days=80, hours=3), "80 days ago"),
    ],
)
def test_the_evidence_says_how_long_ago_the_last_conversation_was(
    ended_ago: timedelta,
    words: str,
    a_customer: Callable[..., Customer],
    a_conversation: Callable[..., Conversation],
) -> None:
    ended = a_conversation()
    assert ended.ended_at is not None
    verdict = _judge(a_customer(ended), now=ended.ended_at + ended_ago)
    assert verdict.findings[1].sentence == f"Last web chat: {words}."


def test_a_deployment_id_in_capitals_is_the_same_deployment(
    a_customer: Callable[..., Customer], a_conversation: Callable[..., Conversation]
) -> None:
    settings = read_settings(
        {
            "SLACK_BOT_TOKEN": "xoxb-1",
            "SLACK_SIGNING_SECRET": "secret",
            "GENESYS_CLOUD_CLIENT_ID": "id",
            "GENESYS_CLOUD_CLIENT_SECRET": "secret",
            "GENESYS_CLOUD_DEPLOYMENT_ID": DEPLOYMENT.upper(),
        }
    )
    found = a_customer(a_conversation())
    assert not _judge(found, deployment_id=settings.genesys_deployment_id).blocks


@pytest.mark.parametrize(
    "text",
    [
        *("x", "x" * 1_999, "x" * 2_000, "é" * 2_000, "\n" * 1_999 + "x"),
        *("😀", "😀" * 1_000, "x" + "😀" * 999),
    ],
)
def test_one_to_two_thousand_characters_fit(text: str) -> None:
    assert check_length(text) == ""


@pytest.mark.parametrize("text", ["", " ", "\n\t ", "\u00a0\u2003\u3000", " " * 2_001])
def test_a_message_of_spaces_is_missing(text: str) -> None:
    assert check_length(text) == "Type a message."


@pytest.mark.parametrize("text", ["\u200b", "\u2060\ufeff", "\u202e \u202c"])
def test_a_message_of_invisible_characters_is_missing(text: str) -> None:
    assert check_length(text) == "Type a message."


@pytest.mark.parametrize(
    ("text", "too_many"),
    [
        ("x" * 2_001, "1 character"),
        ("x" * 3_000, "1,000 characters"),
        ("😀" * 1_001, "2 characters"),
        ("😀" * 1_000 + "x", "1 character"),
    ],
)
def test_a_message_that_is_too_long_says_by_how_much(text: str, too_many: str) -> None:
    assert check_length(text) == f"{too_many} over the 2,000 limit."


@given(st.text(st.characters()))
def test_a_text_is_measured_in_utf_16_units(text: str) -> None:
    assert measure(text) == len(text) + sum(character > "\uffff" for character in text)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=2_100))
def test_a_message_fits_if_something_is_visible_and_it_is_short_enough(text: str) -> None:
    fits = bool(visible(text).strip()) and measure(text) <= 2_000
    assert (check_length(text) == "") is fits

"""The rules: which message may go out, and what the agent is told to do when it may not."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.verdict import Level, Rule, Verdict, check_length, decide, measure
from bot.settings import read_settings
from genesys import (
    Conversation,
    Customer,
    Deployment,
    DeploymentStatus,
    Found,
    NoContact,
    Several,
)

from .conftest import DEPLOYMENT, JANE, NOW

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
) -> Verdict:
    return decide(
        found,
        Deployment(DEPLOYMENT, "Shop", status) if status else None,
        deployment_id=deployment_id,
        into_open=into_open,
        now=now,
        history_days=90,
    )


@dataclass(frozen=True)
class Case:
    """A customer's last conversation, what else is the case, and each rule's level."""

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
    "ended chat, writing into an open one asked for": Case(PASS, PASS, PASS, into_open=True),
    "ended chat, deployment not named": Case(PASS, PASS, PASS, on=None),
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
def test_one_customer_is_judged_by_every_rule(
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
    for finding in verdict.findings:
        assert finding.sentence.endswith(".")
    for finding in verdict.blocks:
        assert SAYS_WHAT_TO_DO.search(finding.sentence)


def test_no_contact_blocks_and_says_what_to_check() -> None:
    verdict = _judge(NoContact(JANE), None)
    (finding,) = verdict.blocks
    assert (finding.rule, verdict.customer, verdict.identity) == (Rule.CONTACT, None, JANE)
    assert SAYS_WHAT_TO_DO.search(finding.sentence)


@pytest.mark.parametrize("count", [2, 3, 12])
def test_several_contacts_block_until_one_is_picked(
    count: int, several: Callable[..., Several]
) -> None:
    verdict = _judge(several(count), None)
    (finding,) = verdict.blocks
    assert (finding.rule, verdict.customer) == (Rule.CONTACT, None)
    assert finding.sentence.startswith(f"{count} contacts share this address. Pick")


def test_a_deployment_that_cannot_be_read_names_the_permission(
    a_customer: Callable[..., Customer], a_conversation: Callable[..., Conversation]
) -> None:
    verdict = _judge(a_customer(a_conversation()), None)
    assert not verdict.blocks
    assert "webDeployments:deployment:view" in verdict.findings[2].sentence


@pytest.mark.parametrize(
    ("ended_ago", "words"),
    [
        (timedelta(minutes=-5), "today"),  # Genesys's clock runs ahead of ours
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
    assert verdict.findings[1].sentence == f"Last web messaging conversation: {words}."


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
def test_a_message_without_a_visible_sign_is_asked_for(text: str) -> None:
    assert check_length(text) == "Type the message for the customer."


@pytest.mark.parametrize("text", ["\u200b", "\u2060\ufeff", "\u202e \u202c"])
def test_a_message_of_invisible_signs_is_asked_for(text: str) -> None:
    assert check_length(text)


@pytest.mark.parametrize(
    ("text", "length", "too_many"),
    [
        ("x" * 2_001, "2,001", "1"),
        ("x" * 3_000, "3,000", "1,000"),
        ("😀" * 1_001, "2,002", "2"),
        ("😀" * 1_000 + "x", "2,001", "1"),
    ],
)
def test_a_message_that_is_too_long_says_by_how_much(text: str, length: str, too_many: str) -> None:
    sentence = check_length(text)
    assert f"has {length} characters" in sentence
    assert "takes 2,000" in sentence
    assert sentence.endswith(f"shorten it by {too_many}.")


@given(st.text(st.characters()))
def test_a_text_is_never_measured_shorter_than_genesys_may(text: str) -> None:
    assert len(text) <= measure(text) <= 2 * len(text)

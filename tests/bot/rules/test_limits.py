"""The rules about what was sent before, when, and what the text says, each at its boundaries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.request import Request
from bot.rules.limits import judge, windows
from bot.rules.rules_file import Rules, read_rules
from bot.rules.verdict import Finding, Level, Rule
from bot.state import SENT, State
from bot.storage.facts import ByWhom, Earlier, Facts, Windows
from genesys import Identity, IdentityKind
from tests.bot.conftest import NOW

Build = Callable[..., Request]
PASS, WARN, BLOCK = Level.PASS, Level.WARN, Level.BLOCK
NOTHING = Facts()
LEAD = "A lead can override this."
CHANGE = f"Change the text. {LEAD}"
BY = ByWhom("U0LEO", "Leo Lead", datetime(2026, 11, 20, 9, 0, tzinfo=UTC), "she asked for it")
# In our own tests only: a number that passes Luhn, and the shape of a Slack token.
CARD, TOKEN = "4111 1111 1111 1111", "xoxb" + "-123456789012-123456789012-" + "a" * 24
SHOP = "[content]\nlinks = '{}'\ndomains = ['shop.example']\n"


def limits(**values: int) -> Rules:
    return read_rules("[limits]\n" + "".join(f"{name} = {n}\n" for name, n in values.items()))


def earlier(state: State = State.DELIVERED, minutes: float = 5) -> Earlier:
    at = NOW - timedelta(minutes=minutes)
    return Earlier("V1", "U0BEN", "Ben Agent", state, at, "C0SUPPORT", "1.2")


@pytest.fixture
def find(a_request: Build) -> Callable[..., Finding | None]:
    """Return what one rule says, or None if it says nothing."""

    def find(
        rule: Rule,
        facts: Facts = NOTHING,
        rules: Rules | None = None,
        now: datetime = NOW,
        **values: Any,
    ) -> Finding | None:
        findings = judge(a_request(**values), facts, rules or read_rules(""), now)
        found = [finding for finding in findings if finding.rule is rule]
        assert len(found) <= 1
        return found[0] if found else None

    return find


Find = Callable[..., Finding]


def test_by_default_every_rule_that_is_on_passes_and_says_so(a_request: Build) -> None:
    findings = judge(a_request(), NOTHING, read_rules(""), NOW)
    assert [(one.rule, one.level, one.sentence) for one in findings] == [
        (Rule.OPT_OUT, PASS, "Not on the do-not-contact list."),
        (Rule.SAME_TEXT, PASS, "Nobody sent them this text in the last 24 hours."),
        (Rule.RECENT, PASS, "Nobody messaged them in the last 30 minutes."),
        (Rule.CUSTOMER_LIMIT, PASS, "0 of at most 5 messages to them in 24 hours."),
        (Rule.AGENT_LIMIT, PASS, "0 of at most 60 messages from you in 60 minutes."),
        (Rule.SECRETS, PASS, "No token or key in the text."),
        (Rule.CARDS, PASS, "No card number in the text."),
    ]


def test_rules_that_are_off_say_nothing(a_request: Build) -> None:
    off = read_rules(
        "[limits]\nsame_text_hours = 0\nrecent_minutes = 0\nper_customer = 0\nper_agent = 0\n"
        "[content]\nsecrets = 'off'\ncards = 'off'\n"
    )
    facts = Facts(same_text=earlier(), latest=earlier(), sent_to_customer=999, sent_by_agent=9999)
    request = a_request(text=f"{TOKEN} {CARD} https://evil.example")
    assert [finding.rule for finding in judge(request, facts, off, NOW)] == [Rule.OPT_OUT]


def test_zero_looks_at_nothing_in_the_database() -> None:
    off = limits(same_text_hours=0, recent_minutes=0, per_customer=0, per_agent=0)
    assert windows(off) == Windows(*[timedelta()] * 4)


def test_the_rules_look_as_far_back_as_the_file_says() -> None:
    rules = limits(same_text_hours=1, recent_minutes=2, per_customer_hours=3, per_agent_minutes=4)
    minutes = [timedelta(minutes=one) for one in (60, 2, 180, 4)]
    assert windows(rules) == Windows(*minutes)


@pytest.mark.parametrize(
    ("most", "count", "level"),
    [
        *[(1, 0, PASS), (1, 1, BLOCK), (1, 2, BLOCK)],
        *[(5, 4, PASS), (5, 5, BLOCK), (5, 6, BLOCK)],
        *[(1_000, 999, PASS), (1_000, 1_000, BLOCK)],
    ],
)
def test_a_customer_gets_no_more_messages_than_allowed(
    find: Find, most: int, count: int, level: Level
) -> None:
    finding = find(Rule.CUSTOMER_LIMIT, Facts(sent_to_customer=count), limits(per_customer=most))
    assert (finding.level, finding.may_override) == (level, level is BLOCK)


@pytest.mark.parametrize(
    ("most", "count", "level"),
    [(1, 0, PASS), (1, 1, BLOCK), (60, 59, PASS), (60, 60, BLOCK), (60, 61, BLOCK)],
)
def test_an_agent_sends_no_more_messages_than_allowed(
    find: Find, most: int, count: int, level: Level
) -> None:
    finding = find(Rule.AGENT_LIMIT, Facts(sent_by_agent=count), limits(per_agent=most))
    assert (finding.level, finding.may_override) == (level, level is BLOCK)


@pytest.mark.parametrize(
    ("rule", "values", "facts", "sentence"),
    [
        (
            Rule.CUSTOMER_LIMIT,
            {"per_customer": 1, "per_customer_hours": 1},
            Facts(sent_to_customer=1),
            f"They've had 1 message in 1 hour; the limit is 1. {LEAD}",
        ),
        (
            Rule.CUSTOMER_LIMIT,
            {"per_customer": 2, "per_customer_hours": 24},
            Facts(sent_to_customer=3),
            f"They've had 3 messages in 24 hours; the limit is 2. {LEAD}",
        ),
        (
            Rule.CUSTOMER_LIMIT,
            {"per_customer": 1, "per_customer_hours": 1},
            NOTHING,
            "0 of at most 1 message to them in 1 hour.",
        ),
        (
            Rule.AGENT_LIMIT,
            {"per_agent": 1, "per_agent_minutes": 1},
            Facts(sent_by_agent=1),
            f"You've sent 1 message in 1 minute; the limit is 1. Wait a little. {LEAD}",
        ),
        (
            Rule.AGENT_LIMIT,
            {"per_agent": 60, "per_agent_minutes": 60},
            Facts(sent_by_agent=60),
            f"You've sent 60 messages in 60 minutes; the limit is 60. Wait a little. {LEAD}",
        ),
        (
            Rule.AGENT_LIMIT,
            {"per_agent": 1, "per_agent_minutes": 1},
            NOTHING,
            "0 of at most 1 message from you in 1 minute.",
        ),
        (
            Rule.SAME_TEXT,
            {"same_text_hours": 1},
            NOTHING,
            "Nobody sent them this text in the last hour.",
        ),
        (
            Rule.RECENT,
            {"recent_minutes": 1},
            NOTHING,
            "Nobody messaged them in the last minute.",
        ),
    ],
)
def test_the_sentences_are_correct_in_singular_and_plural(
    find: Find, rule: Rule, values: dict[str, int], facts: Facts, sentence: str
) -> None:
    assert find(rule, facts, limits(**values)).sentence == sentence


def test_the_same_text_again_is_blocked_and_says_who_sent_it_when_and_what_became_of_it(
    find: Find,
) -> None:
    finding = find(Rule.SAME_TEXT, Facts(same_text=earlier()))
    assert (finding.level, finding.may_override, finding.earlier) == (BLOCK, True, earlier())
    said = "Ben Agent sent this text to this customer 5 minutes ago (delivered)."
    assert finding.sentence == f"{said} {CHANGE}"


@pytest.mark.parametrize(
    ("state", "minutes", "said"),
    [
        (State.CHECKING, 0, "Ben Agent is already sending this text to this customer."),
        (State.SCHEDULED, 0, "Ben Agent is already sending this text to this customer."),
        (State.SCHEDULED, -1, "Ben Agent is already sending this text to this customer."),
        (State.SCHEDULED, -1.1, "Ben Agent has scheduled this text to this customer."),
        (State.CHECKING, -90, "Ben Agent has scheduled this text to this customer."),
        (
            *(State.UNAPPROVED, -90),
            "Ben Agent is waiting for approval of this text to this customer.",
        ),
    ],
)
def test_a_text_that_has_not_gone_out_yet_says_what_it_waits_for(
    find: Find, state: State, minutes: float, said: str
) -> None:
    finding = find(Rule.SAME_TEXT, Facts(same_text=earlier(state, minutes)))
    assert finding.sentence == f"{said} {CHANGE}"


def test_a_message_that_somebody_else_has_scheduled_is_a_warning(find: Find) -> None:
    finding = find(Rule.RECENT, Facts(latest=earlier(State.SCHEDULED, -90)))
    assert finding.level is WARN
    assert finding.sentence == "Ben Agent has scheduled a message to this customer."


@pytest.mark.parametrize("state", sorted(SENT))
def test_a_recent_message_only_warns_with_who_when_and_the_outcome(
    find: Find, state: State
) -> None:
    finding = find(Rule.RECENT, Facts(latest=earlier(state, minutes=0.5)))
    assert (finding.level, finding.may_override, finding.earlier) == (
        *(WARN, False),
        earlier(state, minutes=0.5),
    )
    worth_saying = state in {State.UNCERTAIN, State.DELIVERED, State.READ, State.REPLIED}
    became = f" ({state.value})" if worth_saying else ""
    assert finding.sentence == f"Ben Agent sent a message to this customer just now{became}."


def test_whoever_is_on_the_do_not_contact_list_is_never_messaged(find: Find) -> None:
    finding = find(Rule.OPT_OUT, Facts(opted_out=BY))
    assert (finding.level, finding.may_override) == (BLOCK, False)
    assert finding.sentence == (
        "Leo Lead put them on the do-not-contact list on Nov 20, 2026 (she asked for it). If they "
        "want to hear from us again, ask a lead."
    )


@pytest.mark.parametrize(("reason", "why"), [("a bad template", ": a bad template"), ("", "")])
def test_during_a_pause_the_form_says_that_the_message_waits(
    find: Find, reason: str, why: str
) -> None:
    paused = ByWhom("U0LEO", "Leo Lead", NOW, reason)
    finding = find(Rule.PAUSE, Facts(paused=paused))
    assert (finding.level, finding.may_override) == (WARN, False)
    said = (
        f"Leo Lead paused all sending{why}. You can still send; it goes out when sending resumes."
    )
    assert finding.sentence == said


QUIET = "timezone = 'Europe/Berlin'\n[quiet_hours]\nenabled = true\nstart = '20:00'\nend = '08:00'"


@pytest.mark.parametrize(
    ("now", "level", "opens"),
    [  # Berlin is an hour ahead of UTC in November
        ("2026-11-24T18:59:59+00:00", PASS, ""),
        ("2026-11-24T19:00:00+00:00", BLOCK, "2026-11-25T08:00:00+01:00"),
        ("2026-11-25T06:59:59+00:00", BLOCK, "2026-11-25T08:00:00+01:00"),
        ("2026-11-25T07:00:00+00:00", PASS, ""),
        ("2026-03-28T23:00:00+00:00", BLOCK, "2026-03-29T08:00:00+02:00"),  # the clocks change
    ],
)
def test_quiet_hours_block_until_they_end_in_the_customers_time_zone(
    find: Find, now: str, level: Level, opens: str
) -> None:
    finding = find(Rule.QUIET_HOURS, NOTHING, read_rules(QUIET), datetime.fromisoformat(now))
    assert (finding.level, finding.may_override) == (level, level is BLOCK)
    assert (finding.next_time.isoformat() if finding.next_time else "") == opens
    assert "Berlin time" in finding.sentence


def test_quiet_hours_count_at_the_time_when_the_message_will_go_out(find: Find) -> None:
    night, morning = (NOW.replace(hour=hour) for hour in (22, 9))
    rules = read_rules(QUIET)
    tomorrow = morning + timedelta(days=1)
    assert find(Rule.QUIET_HOURS, NOTHING, rules, morning, send_at=night).level is BLOCK
    assert find(Rule.QUIET_HOURS, NOTHING, rules, night, send_at=tomorrow).level is PASS
    assert find(Rule.QUIET_HOURS, NOTHING, rules, night, send_at=morning).level is BLOCK


def test_quiet_hours_are_those_of_the_phone_numbers_country(find: Find) -> None:
    tokyo = Identity(IdentityKind.PHONE, "+81312345678")
    at = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)  # 13:00 in Berlin, 21:00 in Tokyo
    assert find(Rule.QUIET_HOURS, NOTHING, read_rules(QUIET), at).level is PASS
    finding = find(Rule.QUIET_HOURS, NOTHING, read_rules(QUIET), at, identity=tokyo)
    assert finding.level is BLOCK
    assert finding.sentence == (
        f"It's quiet hours for the customer (Tokyo time, from the phone number's country). {LEAD}"
    )


def test_quiet_hours_are_off_by_default(find: Find) -> None:
    assert find(Rule.QUIET_HOURS, now=NOW.replace(hour=3)) is None


@pytest.mark.parametrize(
    ("rule", "section", "text", "level", "says"),
    [
        (
            Rule.SECRETS,
            "secrets = 'block'",
            TOKEN,
            BLOCK,
            f"Remove it. {LEAD}",
        ),
        (Rule.SECRETS, "secrets = 'warn'", TOKEN, WARN, "Remove it."),
        (Rule.CARDS, "cards = 'block'", CARD, BLOCK, "Remove it if it is one."),
        (Rule.CARDS, "cards = 'warn'", CARD, WARN, "Remove it if it is one."),
        (Rule.CARDS, "cards = 'block'", "Order 4111 1111 1111 1112", PASS, "No card number"),
    ],
)
def test_what_a_text_contains_blocks_or_warns_as_configured(
    find: Find, rule: Rule, section: str, text: str, level: Level, says: str
) -> None:
    finding = find(rule, NOTHING, read_rules(f"[content]\n{section}\n"), text=text)
    assert finding.level is level
    assert says in finding.sentence
    assert finding.may_override == (level is not PASS)
    assert TOKEN not in finding.sentence
    assert "4111" not in finding.sentence


@pytest.mark.parametrize(
    ("effect", "host", "level", "needs_approval", "says"),
    [
        ("warn", "shop.example", PASS, False, "No link to other sites."),
        ("warn", "evil.example", WARN, False, "isn't one of our sites."),
        ("approve", "evil.example", WARN, True, "Someone else must approve it."),
        ("block", "evil.example", BLOCK, False, f"Remove the link. {LEAD}"),
        ("block", "www.shop.example", PASS, False, ""),
    ],
)
def test_a_link_to_a_site_that_is_not_listed_has_the_configured_effect(
    find: Find, effect: str, host: str, level: Level, *, needs_approval: bool, says: str
) -> None:
    finding = find(
        Rule.LINKS, NOTHING, read_rules(SHOP.format(effect)), text=f"See https://{host}/a"
    )
    assert (finding.level, finding.needs_approval) == (level, needs_approval)
    assert finding.may_override == (level is not PASS)
    assert says in finding.sentence


# Placeholders


@pytest.mark.parametrize("text", ["Hi {{name}}", "Hi {{", "{ {x}}", "｛｛x｝｝"])
def test_a_text_with_a_placeholder_is_refused_and_nobody_can_override_it(
    text: str, find: Find
) -> None:
    found = find(Rule.PLACEHOLDER, text=text)
    assert (found.level, found.may_override) == (BLOCK, False)
    assert text not in found.sentence


@pytest.mark.parametrize("length", [2_000, 2_001])
def test_a_text_that_is_too_long_is_refused_and_nobody_can_override_it(
    length: int, find: Find
) -> None:
    found = find(Rule.LENGTH, text="x" * length)
    wrong = Finding(Rule.LENGTH, BLOCK, "1 character over the 2,000 limit.")
    assert found == (wrong if length > 2_000 else None)


def test_a_text_without_one_says_nothing_about_placeholders(find: Find) -> None:
    assert find(Rule.PLACEHOLDER, text="Hi {name} }}") is None

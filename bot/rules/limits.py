"""The rules about what was sent before, and when; all that need no answer of Genesys Cloud. Pure.

They're asked three times: for the form, in the transaction that stores a request, and in the one
that moves it to ``sending``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.language import N_, _, ngettext, say_day, say_number
from bot.request import Request
from bot.rules.quiet_hours import next_allowed, say_zone, zone_of
from bot.rules.rules_file import Rules
from bot.rules.text_rules import check_text
from bot.rules.verdict import ASK_A_LEAD, Finding, Level, Rule
from bot.state import SENT, State
from bot.storage.facts import Earlier, Facts, Windows
from bot.text import ago, say_hours, say_minutes, show_name

_SOON = timedelta(minutes=1)  # what is due by then isn't planned but on its way
_WORTH_SAYING = {
    State.UNCERTAIN: N_("uncertain"),
    State.DELIVERED: N_("delivered"),
    State.READ: N_("read"),
    State.REPLIED: N_("replied"),
}


@dataclass(frozen=True)
class _Told:
    """The words for an earlier message, by what became of it."""

    unapproved: str
    planned: str
    sending: str
    sent: str
    known: str


_SAME_TEXT = _Told(
    unapproved=N_("{who} is waiting for approval of this text to this customer."),
    planned=N_("{who} has scheduled this text to this customer."),
    sending=N_("{who} is already sending this text to this customer."),
    sent=N_("{who} sent this text to this customer {when}."),
    known=N_("{who} sent this text to this customer {when} ({state})."),
)
_ANY_TEXT = _Told(
    unapproved=N_("{who} is waiting for approval of a message to this customer."),
    planned=N_("{who} has scheduled a message to this customer."),
    sending=N_("{who} is already sending a message to this customer."),
    sent=N_("{who} sent a message to this customer {when}."),
    known=N_("{who} sent a message to this customer {when} ({state})."),
)


def windows(rules: Rules) -> Windows:
    """Say how far back the rules look."""
    limits = rules.limits
    return Windows(
        same_text=timedelta(hours=limits.same_text_hours),
        recent=timedelta(minutes=limits.recent_minutes),
        customer=timedelta(hours=limits.per_customer_hours if limits.per_customer else 0),
        agent=timedelta(minutes=limits.per_agent_minutes if limits.per_agent else 0),
    )


def judge(request: Request, facts: Facts, rules: Rules, now: datetime) -> tuple[Finding, ...]:
    """Return what each rule says that's on and needs only our database and the text."""
    return (
        *_check_pause(facts),
        _check_opt_out(facts),
        *_check_same_text(facts, rules, now),
        *_check_recent(facts, rules, now),
        *_check_customer_limit(facts, rules),
        *_check_agent_limit(facts, rules),
        *_check_quiet_hours(request, rules, now),
        *check_text(request.text, rules),
    )


def _check_pause(facts: Facts) -> tuple[Finding, ...]:
    if facts.paused is None:
        return ()
    who, reason = show_name(facts.paused.user_name), facts.paused.reason
    said = _("{who} paused all sending: {reason}.") if reason else _("{who} paused all sending.")
    advice = _("You can still send; it goes out when sending resumes.")
    sentence = f"{said.format(who=who, reason=reason)} {advice}"
    return (Finding(Rule.PAUSE, Level.WARN, sentence),)


def _check_opt_out(facts: Facts) -> Finding:
    if facts.opted_out is None:
        return Finding(Rule.OPT_OUT, Level.PASS, _("Not on the do-not-contact list."))
    who, reason = show_name(facts.opted_out.user_name), facts.opted_out.reason
    said = _("{who} put them on the do-not-contact list on {day}.")
    if reason:
        said = _("{who} put them on the do-not-contact list on {day} ({reason}).")
    said = said.format(who=who, day=say_day(facts.opted_out.at), reason=reason)
    advice = _("If they want to hear from us again, ask a lead.")
    return Finding(Rule.OPT_OUT, Level.BLOCK, f"{said} {advice}")


def _check_same_text(facts: Facts, rules: Rules, now: datetime) -> tuple[Finding, ...]:
    hours, earlier = rules.limits.same_text_hours, facts.same_text
    if not hours:
        return ()
    if earlier is None:
        sentence = ngettext(
            "Nobody sent them this text in the last hour.",
            "Nobody sent them this text in the last {count} hours.",
            hours,
        ).format(count=say_number(hours))
        return (Finding(Rule.SAME_TEXT, Level.PASS, sentence),)
    who = _who_and_when(earlier, now, _SAME_TEXT)
    advice = _("Change the text.")
    sentence = f"{who} {advice} {_(ASK_A_LEAD)}"
    return (Finding(Rule.SAME_TEXT, Level.BLOCK, sentence, may_override=True, earlier=earlier),)


def _check_recent(facts: Facts, rules: Rules, now: datetime) -> tuple[Finding, ...]:
    minutes, latest = rules.limits.recent_minutes, facts.latest
    if not minutes:
        return ()
    if latest is None:
        sentence = ngettext(
            "Nobody messaged them in the last minute.",
            "Nobody messaged them in the last {count} minutes.",
            minutes,
        ).format(count=say_number(minutes))
        return (Finding(Rule.RECENT, Level.PASS, sentence),)
    sentence = _who_and_when(latest, now, _ANY_TEXT)
    return (Finding(Rule.RECENT, Level.WARN, sentence, earlier=latest),)


def _who_and_when(earlier: Earlier, now: datetime, told: _Told) -> str:
    said = told.sent
    if earlier.state is State.UNAPPROVED:
        said = told.unapproved
    elif earlier.state not in SENT:
        said = told.planned if earlier.at - now > _SOON else told.sending
    elif earlier.state in _WORTH_SAYING:
        said = told.known
    state = _(_WORTH_SAYING.get(earlier.state, ""))
    when = ago(now - earlier.at)
    return _(said).format(who=show_name(earlier.agent_name), when=when, state=state)


def _check_customer_limit(facts: Facts, rules: Rules) -> tuple[Finding, ...]:
    count, most = facts.sent_to_customer, rules.limits.per_customer
    return _check_limit(
        *(Rule.CUSTOMER_LIMIT, count, most, say_hours(rules.limits.per_customer_hours)),
        below=ngettext(
            "{sent} of at most {count} message to them in {within}.",
            "{sent} of at most {count} messages to them in {within}.",
            most,
        ),
        above=ngettext(
            "They've had {count} message in {within}; the limit is {most}.",
            "They've had {count} messages in {within}; the limit is {most}.",
            count,
        ),
    )


def _check_agent_limit(facts: Facts, rules: Rules) -> tuple[Finding, ...]:
    count, most = facts.sent_by_agent, rules.limits.per_agent
    return _check_limit(
        *(Rule.AGENT_LIMIT, count, most, say_minutes(rules.limits.per_agent_minutes)),
        below=ngettext(
            "{sent} of at most {count} message from you in {within}.",
            "{sent} of at most {count} messages from you in {within}.",
            most,
        ),
        above=ngettext(
            "You've sent {count} message in {within}; the limit is {most}. Wait a little.",
            "You've sent {count} messages in {within}; the limit is {most}. Wait a little.",
            count,
        ),
    )


def _check_limit(
    rule: Rule, count: int, most: int, within: str, *, below: str, above: str
) -> tuple[Finding, ...]:
    if not most:
        return ()
    sent, limit = say_number(count), say_number(most)
    if count < most:
        sentence = below.format(sent=sent, count=limit, within=within)
        return (Finding(rule, Level.PASS, sentence),)
    sentence = f"{above.format(count=sent, most=limit, within=within)} {_(ASK_A_LEAD)}"
    return (Finding(rule, Level.BLOCK, sentence, may_override=True),)


def _check_quiet_hours(request: Request, rules: Rules, now: datetime) -> tuple[Finding, ...]:
    if not rules.quiet_hours.enabled:
        return ()
    zone, why = zone_of(request.identity, rules.timezone)
    zone_words = say_zone(zone)
    at = max(request.send_at or now, now)
    allowed = next_allowed(at, zone, rules.quiet_hours)
    if allowed <= at:
        sentence = _("No quiet hours ({zone}, {why}).").format(zone=zone_words, why=why)
        return (Finding(Rule.QUIET_HOURS, Level.PASS, sentence),)
    said = _("It's quiet hours for the customer ({zone}, {why}).").format(zone=zone_words, why=why)
    sentence = f"{said} {_(ASK_A_LEAD)}"
    opens = allowed.astimezone(ZoneInfo(zone))
    return (Finding(Rule.QUIET_HOURS, Level.BLOCK, sentence, may_override=True, next_time=opens),)

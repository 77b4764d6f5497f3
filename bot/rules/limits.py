"""The rules about what was sent before, when, and what the text says. Pure.

They're asked three times: for the form, in the transaction that stores a request, and in the one
that moves it to ``sending``.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.request import Request
from bot.rules.content import find_cards, find_secrets, has_placeholder
from bot.rules.links import unlisted_hosts
from bot.rules.quiet_hours import next_allowed, say_zone, zone_of
from bot.rules.rules_file import Rules
from bot.rules.verdict import ASK_A_LEAD, Finding, Level, Rule, say_too_long
from bot.state import SENT, State
from bot.storage.facts import Earlier, Facts, Windows
from bot.text import ago, plural, show_name

_SOON = timedelta(minutes=1)  # what is due by then isn't planned but on its way
_WORTH_SAYING = frozenset({State.UNCERTAIN, State.DELIVERED, State.READ, State.REPLIED})
_LEVELS = {"block": Level.BLOCK, "warn": Level.WARN, "approve": Level.WARN}


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
    """Return what each rule says that needs only our database and the text, unless it's off."""
    return (
        *_check_pause(facts),
        _check_opt_out(facts),
        *_check_same_text(facts, rules, now),
        *_check_recent(facts, rules, now),
        *_check_customer_limit(facts, rules),
        *_check_agent_limit(facts, rules),
        *_check_quiet_hours(request, rules, now),
        *_check_text(request.text, rules),
    )


def _check_pause(facts: Facts) -> tuple[Finding, ...]:
    if facts.paused is None:
        return ()
    by = show_name(facts.paused.user_name)
    why = f": {facts.paused.reason}" if facts.paused.reason else ""
    sentence = (
        f"{by} paused all sending{why}. You can still send; it goes out when sending resumes."
    )
    return (Finding(Rule.PAUSE, Level.WARN, sentence),)


def _check_opt_out(facts: Facts) -> Finding:
    if facts.opted_out is None:
        return Finding(Rule.OPT_OUT, Level.PASS, "Not on the do-not-contact list.")
    by, at = show_name(facts.opted_out.user_name), facts.opted_out.at
    day, why = f"{at:%b} {at.day}, {at.year}", facts.opted_out.reason
    sentence = (
        f"{by} put them on the do-not-contact list on {day}{f' ({why})' if why else ''}. "
        "If they want to hear from us again, ask a lead."
    )
    return Finding(Rule.OPT_OUT, Level.BLOCK, sentence)


def _check_same_text(facts: Facts, rules: Rules, now: datetime) -> tuple[Finding, ...]:
    hours, earlier = rules.limits.same_text_hours, facts.same_text
    if not hours:
        return ()
    if earlier is None:
        sentence = f"Nobody sent them this text in the last {_last(hours, 'hour')}."
        return (Finding(Rule.SAME_TEXT, Level.PASS, sentence),)
    who = _who_and_when(earlier, now, "this text to this customer")
    sentence = f"{who} Change the text. {ASK_A_LEAD}"
    return (Finding(Rule.SAME_TEXT, Level.BLOCK, sentence, may_override=True, earlier=earlier),)


def _check_recent(facts: Facts, rules: Rules, now: datetime) -> tuple[Finding, ...]:
    minutes, latest = rules.limits.recent_minutes, facts.latest
    if not minutes:
        return ()
    if latest is None:
        sentence = f"Nobody messaged them in the last {_last(minutes, 'minute')}."
        return (Finding(Rule.RECENT, Level.PASS, sentence),)
    sentence = _who_and_when(latest, now, "a message to this customer")
    return (Finding(Rule.RECENT, Level.WARN, sentence, earlier=latest),)


def _last(count: int, unit: str) -> str:
    """Say "hour" or "24 hours", as after "in the last"."""
    return unit if count == 1 else plural(count, unit)


def _who_and_when(earlier: Earlier, now: datetime, what: str) -> str:
    who = show_name(earlier.agent_name)
    if earlier.state is State.UNAPPROVED:
        return f"{who} is waiting for approval of {what}."
    if earlier.state not in SENT:
        is_planned = earlier.at - now > _SOON
        return f"{who} {'has scheduled' if is_planned else 'is already sending'} {what}."
    became = f" ({earlier.state.value})" if earlier.state in _WORTH_SAYING else ""
    return f"{who} sent {what} {ago(now - earlier.at)}{became}."


def _check_customer_limit(facts: Facts, rules: Rules) -> tuple[Finding, ...]:
    limits, count = rules.limits, facts.sent_to_customer
    return _check_limit(
        *(Rule.CUSTOMER_LIMIT, count, limits.per_customer),
        within=plural(limits.per_customer_hours, "hour"),
        whose="to them",
        so_far="They've had",
    )


def _check_agent_limit(facts: Facts, rules: Rules) -> tuple[Finding, ...]:
    limits, count = rules.limits, facts.sent_by_agent
    return _check_limit(
        *(Rule.AGENT_LIMIT, count, limits.per_agent),
        within=plural(limits.per_agent_minutes, "minute"),
        whose="from you",
        so_far="You've sent",
        advice="Wait a little. ",
    )


def _check_limit(
    rule: Rule, count: int, most: int, *, within: str, whose: str, so_far: str, advice: str = ""
) -> tuple[Finding, ...]:
    if not most:
        return ()
    if count < most:
        sentence = f"{count} of at most {plural(most, 'message')} {whose} in {within}."
        return (Finding(rule, Level.PASS, sentence),)
    sentence = (
        f"{so_far} {plural(count, 'message')} in {within}; the limit is {most}. "
        f"{advice}{ASK_A_LEAD}"
    )
    return (Finding(rule, Level.BLOCK, sentence, may_override=True),)


def _check_quiet_hours(request: Request, rules: Rules, now: datetime) -> tuple[Finding, ...]:
    if not rules.quiet_hours.enabled:
        return ()
    zone, why = zone_of(request.identity, rules.timezone)
    where = f"{say_zone(zone)}, {why}"
    at = max(request.send_at or now, now)
    allowed = next_allowed(at, zone, rules.quiet_hours)
    if allowed <= at:
        return (Finding(Rule.QUIET_HOURS, Level.PASS, f"No quiet hours ({where})."),)
    sentence = f"It's quiet hours for the customer ({where}). {ASK_A_LEAD}"
    opens = allowed.astimezone(ZoneInfo(zone))
    return (Finding(Rule.QUIET_HOURS, Level.BLOCK, sentence, may_override=True, next_time=opens),)


def _check_text(text: str, rules: Rules) -> tuple[Finding, ...]:
    content = rules.content
    findings = [*check_placeholders(text)]
    if too_long := say_too_long(text):
        findings.append(Finding(Rule.LENGTH, Level.BLOCK, too_long))
    if content.secrets != "off":
        findings.append(_check_secrets(text, _LEVELS[content.secrets]))
    if content.cards != "off":
        findings.append(_check_cards(text, _LEVELS[content.cards]))
    if content.links != "off":
        findings.append(_check_links(text, rules))
    return tuple(findings)


def check_placeholders(text: str) -> tuple[Finding, ...]:
    """Return why a text can't be sent if a placeholder is left in it."""
    if not has_placeholder(text):
        return ()
    sentence = "The text has a placeholder such as {{name}} in it. Fill it in or remove it."
    return (Finding(Rule.PLACEHOLDER, Level.BLOCK, sentence),)


def _check_secrets(text: str, level: Level) -> Finding:
    found = find_secrets(text)
    if not found:
        return Finding(Rule.SECRETS, Level.PASS, "No token or key in the text.")
    sentence = f"The text includes {' and '.join(found)}. Remove it."
    sentence += f" {ASK_A_LEAD}" if level is Level.BLOCK else ""
    return Finding(Rule.SECRETS, level, sentence, may_override=True)


def _check_cards(text: str, level: Level) -> Finding:
    if not find_cards(text):
        return Finding(Rule.CARDS, Level.PASS, "No card number in the text.")
    sentence = "This looks like a payment card number. Remove it if it is one."
    return Finding(Rule.CARDS, level, sentence, may_override=True)


def _check_links(text: str, rules: Rules) -> Finding:
    hosts = unlisted_hosts(text, rules.content.domains)
    if not hosts:
        return Finding(Rule.LINKS, Level.PASS, "No link to other sites.")
    sentence = f"The text links to {', '.join(hosts)}, which isn't one of our sites."
    if rules.content.links == "approve":
        sentence += " Someone else must approve it."
    elif rules.content.links == "block":
        sentence += f" Remove the link. {ASK_A_LEAD}"
    return Finding(
        Rule.LINKS,
        _LEVELS[rules.content.links],
        sentence,
        may_override=True,
        needs_approval=rules.content.links == "approve",
    )

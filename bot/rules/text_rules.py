"""The rules about what a message says: its length, placeholders, tokens, cards and links. Pure."""

from __future__ import annotations

from bot.language import _, ngettext, say_list, say_number
from bot.rules.content import find_cards, find_secrets, has_placeholder
from bot.rules.links import unlisted_hosts
from bot.rules.rules_file import Rules
from bot.rules.verdict import ASK_A_LEAD, Finding, Level, Rule
from bot.text import visible
from genesys import CHANNEL_TEXT_LIMIT

_LEVELS = {"block": Level.BLOCK, "warn": Level.WARN, "approve": Level.WARN}


def measure(text: str) -> int:
    """Return a text's length in UTF-16 units, the stricter way in which Genesys may count."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def check_length(text: str) -> str:
    """Return what is wrong with a message's length, or "" if it fits."""
    return _say_too_long(text) if visible(text).strip() else _("Type a message.")


def check_text(text: str, rules: Rules) -> tuple[Finding, ...]:
    """Return what each rule that's on says about a text; an empty text passes."""
    content = rules.content
    findings = [*check_placeholders(text)]
    if too_long := _say_too_long(text):
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
    sentence = _("The text has a placeholder such as {{name}} in it. Fill it in or remove it.")
    return (Finding(Rule.PLACEHOLDER, Level.BLOCK, sentence),)


def _say_too_long(text: str) -> str:
    """Return by how much a text is too long, or ""."""
    over = measure(text) - CHANNEL_TEXT_LIMIT
    if over <= 0:
        return ""
    said = ngettext(
        "{count} character over the {limit} limit.",
        "{count} characters over the {limit} limit.",
        over,
    )
    return said.format(count=say_number(over), limit=say_number(CHANNEL_TEXT_LIMIT))


def _check_secrets(text: str, level: Level) -> Finding:
    found = find_secrets(text)
    if not found:
        return Finding(Rule.SECRETS, Level.PASS, _("No token or key in the text."))
    kinds = _(" and ").join(map(_, found))
    sentence = _("The text includes {kinds}. Remove it.").format(kinds=kinds)
    if level is Level.BLOCK:
        sentence = f"{sentence} {_(ASK_A_LEAD)}"
    return Finding(Rule.SECRETS, level, sentence, may_override=True)


def _check_cards(text: str, level: Level) -> Finding:
    if not find_cards(text):
        return Finding(Rule.CARDS, Level.PASS, _("No card number in the text."))
    sentence = _("This looks like a payment card number. Remove it if it is one.")
    return Finding(Rule.CARDS, level, sentence, may_override=True)


def _check_links(text: str, rules: Rules) -> Finding:
    hosts = unlisted_hosts(text, rules.content.domains)
    if not hosts:
        return Finding(Rule.LINKS, Level.PASS, _("No link to other sites."))
    said = _("The text links to {sites}, which isn't one of our sites.")
    sentences = [said.format(sites=say_list(hosts))]
    if rules.content.links == "approve":
        sentences.append(_("Someone else must approve it."))
    elif rules.content.links == "block":
        sentences += [_("Remove the link."), _(ASK_A_LEAD)]
    return Finding(
        Rule.LINKS,
        _LEVELS[rules.content.links],
        " ".join(sentences),
        may_override=True,
        needs_approval=rules.content.links == "approve",
    )

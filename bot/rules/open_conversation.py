"""What an open conversation means for a message that may wait for its end. Pure."""

from __future__ import annotations

from dataclasses import replace

from bot.language import _
from bot.rules.verdict import Finding, Level, Rule, Verdict


def let_wait(verdict: Verdict) -> Verdict:
    """Return the verdict on a message that waits while a conversation is open."""
    return replace(verdict, findings=tuple(map(_let_wait, verdict.findings)))


def _let_wait(finding: Finding) -> Finding:
    if finding.rule is Rule.CONVERSATION and finding.level is Level.BLOCK:
        sentence = _("They're in a live conversation. Your message goes out when it has ended.")
        return replace(finding, level=Level.WARN, sentence=sentence)
    return finding

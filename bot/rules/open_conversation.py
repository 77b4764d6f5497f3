"""What an open conversation means for a message that may wait for its end. Pure."""

from __future__ import annotations

from dataclasses import replace

from bot.rules.verdict import Finding, Level, Rule, Verdict

_WAITS = "They're in a live conversation. Your message goes out when it has ended."


def let_wait(verdict: Verdict) -> Verdict:
    """Return the verdict on a message that waits while a conversation is open."""
    return replace(verdict, findings=tuple(map(_let_wait, verdict.findings)))


def _let_wait(finding: Finding) -> Finding:
    if finding.rule is Rule.CONVERSATION and finding.level is Level.BLOCK:
        return replace(finding, level=Level.WARN, sentence=_WAITS)
    return finding

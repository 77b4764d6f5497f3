"""What the rules have to ask Slack, and so which of its permissions they need."""

from __future__ import annotations

from bot.rules.rules_file import Rules


def needs_people(rules: Rules) -> bool:
    """Return whether the rules need to know who somebody is."""
    access = rules.access
    return not (access.guests and access.shared_channels) or needs_groups(rules)


def needs_channels(rules: Rules) -> bool:
    """Return whether the rules need to know which channels are shared."""
    return not rules.access.shared_channels


def needs_groups(rules: Rules) -> bool:
    """Return whether the rules name user groups."""
    return bool(rules.access.groups or rules.leads.groups or rules.approval.groups)

"""What the bot keeps in memory shows nothing private when it's printed or logged."""

import bot
from tests.private_fields import find_shown

HARMLESS = {
    "TokenInfo.name",  # of the agents' own Slack workspace
    "Result.name",  # of a check
    "Placeholder.name",  # as a template's author called it
    "Problem.sentence",  # about a rules file
    "Entry.detail",  # of the audit log, which holds only digests
    "StoredEntry.detail",
    "Windows.customer",  # a length of time
}


def test_no_repr_shows_what_people_typed_or_are_called() -> None:
    assert find_shown(bot) <= HARMLESS

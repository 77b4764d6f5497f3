"""A message that may wait for the end of a conversation isn't stopped by it."""

import itertools

import pytest

from bot.rules.open_conversation import let_wait
from bot.rules.verdict import Finding, Level, Rule, Verdict
from genesys import NoContact

from ..conftest import JANE


@pytest.mark.parametrize(("rule", "level"), list(itertools.product(Rule, Level)))
def test_only_an_open_conversation_that_blocks_becomes_a_warning(rule: Rule, level: Level) -> None:
    finding = Finding(rule, level, "why not")
    verdict = Verdict(JANE, NoContact(JANE), (finding,))
    [found] = let_wait(verdict).findings
    if (rule, level) == (Rule.CONVERSATION, Level.BLOCK):
        assert (found.rule, found.level) == (rule, Level.WARN)
        assert "goes out when it has ended" in found.sentence
    else:
        assert found == finding

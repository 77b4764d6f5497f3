"""Who is asked for an approval, and how people are told who may give it."""

from __future__ import annotations

import pytest

from bot.rules.access import Access
from bot.rules.approvers import MOST_ASKED, Approvers
from bot.rules.directory import DirectoryUnavailable, Person
from bot.rules.rules_file import read_rules

from .test_access import PEOPLE, TEAM, Book


def approvers(rules: str = "", *leads: str, book: Book | None = None) -> Approvers:
    read, directory = read_rules(rules), book or Book()
    access = Access(directory, lambda: read, frozenset(leads))
    return Approvers(directory, lambda: read, access, frozenset(leads))


@pytest.mark.parametrize(
    ("rules", "leads", "found"),
    [
        ("", [], []),
        ("", ["U0LEO"], ["U0LEO"]),
        ('[leads]\nusers = ["U0SUE", "U0LEO"]', ["U0LEO"], ["U0LEO"]),  # Sue is of another company
        ('[approval]\nusers = ["U0LEO", "U0GUS", "U0OLD", "U0ADA"]', [], ["U0LEO"]),
        ('[approval]\nusers = ["U0LEO"]', ["U0ADA"], ["U0LEO"]),
        ('[approval]\ngroups = ["S0LEADS"]', ["U0BOT"], ["U0LEO"]),
        ('[leads]\ngroups = ["S0LEADS"]', ["U0LEO"], ["U0LEO"]),
    ],
)
def test_everybody_who_may_approve_is_asked_but_never_the_agent(
    rules: str, leads: list[str], found: list[str]
) -> None:
    book = Book(groups={"S0LEADS": {"U0LEO", "U0ADA", "U0GUS"}})
    assert approvers(rules, *leads, book=book).find("U0ADA") == tuple(found)


def test_at_most_twenty_people_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    members = {f"U{number:03}" for number in range(40)}
    for user_id in members:
        monkeypatch.setitem(PEOPLE, user_id, Person(user_id, TEAM))
    book = Book(groups={"S0LEADS": members})
    found = approvers('[approval]\ngroups = ["S0LEADS"]', book=book).find("U0ADA")
    assert found == tuple(sorted(members)[:MOST_ASKED])


def test_while_slack_does_not_say_who_is_in_a_group_nobody_is_taken_for_the_only_one() -> None:
    book = Book(closed={"group"})
    with pytest.raises(DirectoryUnavailable):
        approvers('[approval]\nusers = ["U0LEO"]\ngroups = ["S0LEADS"]', book=book).find("U0ADA")


@pytest.mark.parametrize(
    ("rules", "leads", "said"),
    [
        ("", [], "A lead other than Ada"),
        ('[leads]\ngroups = ["S0LEADS"]', [], "A lead other than Ada"),
        ("", ["U0LEO", "U0ADA"], "Leo"),
        ('[leads]\ngroups = ["S0LEADS"]', ["U0LEO"], "Leo or another approver"),
        ('[approval]\ngroups = ["S0LEADS"]', ["U0LEO"], "Someone who may approve messages, other"),
        ('[approval]\nusers = ["U1", "U2", "U3"]', [], "One, Two or Three"),
        ('[approval]\nusers = ["U1", "U2", "U3", "U0LEO"]', [], "One, Two, Three or another appro"),
    ],
)
def test_at_most_three_approvers_are_named(
    rules: str, leads: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for user_id, name in (("U1", "One"), ("U2", "Two"), ("U3", "Three"), ("U0LEO", "Leo")):
        monkeypatch.setitem(PEOPLE, user_id, Person(user_id, TEAM, name=name))
    assert approvers(rules, *leads).in_words("U0ADA", "Ada").startswith(said)

"""`make mutate` changes what a person could get wrong, and only that."""

from pathlib import Path

import pytest

from tests.mutate.__main__ import EQUIVALENT, find_judges, sample
from tests.mutate.checkout import Baseline
from tests.mutate.equivalents import Equivalents
from tests.mutate.mutants import apply, find_mutants, locate, shuffle

ROOT = Path(__file__).resolve().parents[2]
NOTHING_KNOWN = Equivalents(frozenset())


def changes(source: str) -> list[str]:
    mutants = find_mutants("bot/example.py", source)
    return [change.after for mutant in mutants if (change := apply(mutant, source))]


def test_comparisons_numbers_and_truth_are_changed() -> None:
    assert sorted(changes("x = a < 1 and not b\n")) == [
        "x = a < 0 and not b",
        "x = a < 1 and b",
        "x = a < 1 or not b",
        "x = a < 2 and not b",
        "x = a <= 1 and not b",
        "x = a >= 1 and not b",
    ]


@pytest.mark.parametrize(
    "source",
    [
        "x: int | None\n",
        "def f(x: int | None) -> str | None: ...\n",
        "def f(*, x): ...\n",
        "f(**x)\n",
        "Json = dict[str, int] | None\n",
        "Json: TypeAlias = dict[str, int] | None\n",
        "if TYPE_CHECKING:\n    x = 1 + 2\n",
        "@dataclass(frozen=True)\nclass A: ...\n",
        "isinstance(x, A | B)\n",
        '"""Add 1 and 2, or not."""\n',
    ],
)
def test_what_says_nothing_to_the_interpreter_stays(source: str) -> None:
    assert changes(source) == []


def test_columns_are_right_after_letters_that_take_two_bytes() -> None:
    assert changes("def f(x='äöü', y: int | None = True): ...\n") == [
        "def f(x='äöü', y: int | None = False): ..."
    ]


def test_only_the_replaced_error_of_several_gets_through() -> None:
    source = "try:\n    f()\nexcept (A, B):\n    pass\nexcept a.b.C:\n    pass\n"
    assert changes(source) == [
        "except (ZeroDivisionError, B):",
        "except (A, ZeroDivisionError):",
        "except ZeroDivisionError:",
    ]


def test_the_same_seed_picks_the_same_mutants() -> None:
    source = (ROOT / "bot/text.py").read_text()
    mutants = find_mutants("bot/text.py", source)
    assert list(shuffle(mutants, 1)) == list(shuffle(mutants, 1)) != list(shuffle(mutants, 2))
    assert sorted(map(repr, shuffle(mutants, 1))) == sorted(map(repr, mutants))


def test_a_known_equivalent_does_not_count(tmp_path: Path) -> None:
    listed = tmp_path / "equivalent.txt"
    listed.write_text("bot/example.py:NumberReplacer:x = 2  # only logged\n")
    picked, equivalent = sample("bot/example.py", "x = 1\n", 1, 10, Equivalents.read(listed))
    assert [change.after for _, change in picked] == ["x = 0"]
    assert equivalent == 1


def test_the_list_of_equivalents_can_be_read() -> None:
    Equivalents.read(EQUIVALENT)


def test_a_mutant_meets_the_tests_that_run_its_statement() -> None:
    source = "LIMIT = 1\n_OWN = 2\ndef f(x):\n    if x > 1:\n        return _OWN\n    return 3\n"
    seconds = {"tests/test_o.py::a": 1.0, "tests/test_m.py::b": 9.0, "tests/test_m.py::c": 2.0}
    lines = {4: list(seconds), 5: ["tests/test_m.py::b"], 6: ["tests/test_o.py::a"]}
    baseline = Baseline(seconds, {"bot/m.py": lines})
    tests = {
        mutant.line: list(baseline.tests_for("bot/m.py", locate(mutant, source)))
        for mutant in find_mutants("bot/m.py", source)
    }
    own = ["tests/test_m.py::b", "tests/test_m.py::c"]
    by_likelihood = ["tests/test_m.py::c", "tests/test_m.py::b", "tests/test_o.py::a"]
    assert tests[1] == by_likelihood  # it runs on import, so any test may notice it
    assert tests[2] == own  # nothing else can use it
    assert tests[4] == by_likelihood
    assert tests[6] == ["tests/test_o.py::a", *reversed(own)]  # which may start another process


def test_a_module_is_judged_by_the_tests_of_its_package() -> None:
    assert find_judges("bot/cards/card.py", ROOT) == ["tests/bot/cards"]
    assert find_judges("genesys/news.py", ROOT) == ["tests/genesys"]
    assert "tests/bot/test_text.py" in find_judges("bot/text.py", ROOT)

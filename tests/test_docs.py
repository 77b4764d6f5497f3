"""The documentation is true: what it names exists, and what it must list is listed."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from bot.cli.manifest import OPTIONAL_SCOPES, SCOPES, install_link
from bot.settings import BadSettings, read_settings
from sandbox.local_genesys import ASSUMPTIONS as ABOUT_GENESYS
from sandbox.local_slack import ASSUMPTIONS as ABOUT_SLACK

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
ASSUMPTIONS = ROOT / "docs" / "assumptions.md"
PROMISES = ROOT / "docs" / "promises.md"
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

_LINK = re.compile(r"\]\(([^()\s]+)\)")
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_FILE = re.compile(r"(?:[\w.-]+/)*\.?[\w-]+\.(?:py|md|toml|lock|yml|js|css|html|png|example)\b")
_FOLDER = re.compile(r"\b(?:bot|genesys|sandbox|tests|docs)/[\w/]+(?![\w.])")
_TEST = re.compile(r"([\w/]+\.py)::(test_\w+)")
_MAKE = re.compile(r"\bmake ([a-z.][\w./]*)")
_OUTSIDE = re.compile(r"\.\./shared|/work/|/tmp/|/home/|/simple\b|pythonhosted")


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _code(page: Path) -> str:
    """What a page sets in code: its blocks, and its words in backticks."""
    text = page.read_text()
    return "\n".join([*_FENCED.findall(text), *_INLINE.findall(_FENCED.sub("", text))])


def _first_cells(page: Path) -> set[str]:
    rows = [line for line in page.read_text().splitlines() if line.startswith("| ")]
    return {row.split(" | ")[0].removeprefix("| ") for row in rows}


def test_there_are_pages_to_look_at() -> None:
    assert {"CONTRIBUTING.md", "CHANGELOG.md", "docs/assumptions.md"} <= set(map(_name, PAGES))
    assert len(DECISIONS) > 5


@pytest.mark.parametrize(
    "name",
    [*(row.name for row in ABOUT_GENESYS), *(row.subject for row in ABOUT_SLACK)],
)
def test_every_assumption_of_the_stand_ins_has_its_row(name: str) -> None:
    assert name in _first_cells(ASSUMPTIONS)


def test_every_row_has_all_its_cells() -> None:
    table: list[int] = []
    for line in ASSUMPTIONS.read_text().splitlines():
        if not line.startswith("|"):
            table = []
            continue
        cells = re.split(r"(?<!\\)\|", line)[1:-1]
        assert all(cell.strip() for cell in cells), line
        table.append(len(cells))
        assert table[0] == table[-1], line


def test_every_check_that_is_referred_to_is_described() -> None:
    text = ASSUMPTIONS.read_text()
    described = set(re.findall(r"^\| ([GS]\d+) \|", text, re.MULTILINE))
    assert set(re.findall(r"\b[GS]\d+\b", text)) == described


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_lead_somewhere(page: Path) -> None:
    relative = [link for link in _LINK.findall(page.read_text()) if "://" not in link]
    missing = [link for link in relative if not (page.parent / link.partition("#")[0]).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_files_that_are_named_exist(page: Path) -> None:
    code = _code(page)
    named = {*_FILE.findall(code), *_FOLDER.findall(code)} - {"uv.lock"}  # which we do not have
    assert not [name for name in named if not (ROOT / name).exists()]


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_tests_that_are_named_exist(page: Path) -> None:
    named = _TEST.findall(_code(page))
    assert not [test for file, test in named if f"def {test}(" not in (ROOT / file).read_text()]


def _promises() -> list[list[str]]:
    """The rows of the promises, as cells: what is promised, how it is kept, what proves it."""
    rows = [line for line in PROMISES.read_text().splitlines() if line.startswith("| ")]
    return [
        [cell.strip() for cell in row.split("|")[1:-1]] for row in rows if "proved by" not in row
    ]


def _runs(name: str) -> bool:
    """Whether ``path::test`` is a test function that pytest runs and that is meant to pass."""
    path, _, test = name.partition("::")
    file = ROOT / path
    found = [
        node
        for node in (ast.parse(file.read_text()).body if file.is_file() else [])
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == test
    ]
    marks = "".join(ast.unparse(mark) for node in found for mark in node.decorator_list)
    return len(found) == 1 and not re.search(r"mark\.(skip|xfail)\b", marks)


def test_every_promise_says_how_it_is_kept_and_what_proves_it() -> None:
    assert len(_promises()) > 30
    for promise, kept, proved in _promises():
        assert promise.endswith("."), promise
        assert any(file.endswith(".py") for file in _INLINE.findall(kept)), promise
        named = _INLINE.findall(proved)
        assert named, promise
        assert not [test for test in named if not _runs(test)], promise


def test_only_a_test_that_runs_proves_a_promise() -> None:
    here = "tests/test_docs.py::"
    assert _runs(f"{here}test_only_a_test_that_runs_proves_a_promise")
    assert not _runs(f"{here}test_there_is_no_such_test")
    assert not _runs("tests/no_such_file.py::test_only_a_test_that_runs_proves_a_promise")
    assert not _runs(f"{here}_runs::test_only_a_test_that_runs_proves_a_promise")


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_make_targets_that_are_named_exist(page: Path) -> None:
    targets = set(re.findall(r"^([\w./]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(_MAKE.findall(_code(page))) <= targets


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_a_page_names_nothing_outside_the_repository(page: Path) -> None:
    assert not _OUTSIDE.findall(page.read_text())


def test_pages_that_the_code_refers_to_exist() -> None:
    sources = (file for part in ("bot", "genesys", "sandbox") for file in (ROOT / part).rglob("*"))
    named = {
        page
        for file in sources
        if file.suffix in (".py", ".js", ".html")
        for page in re.findall(r"\bdocs/[\w/.-]+\.md\b", file.read_text())
    }
    assert "docs/decisions/0002-durable-engine.md" in named
    assert not [page for page in named if not (ROOT / page).exists()]


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [int(page.name.partition("-")[0]) for page in DECISIONS]
    assert numbers == list(range(1, len(DECISIONS) + 1))


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_a_decision_says_why_what_and_what_follows_on_one_page(page: Path) -> None:
    text = page.read_text()
    assert text.startswith(f"# {int(page.name.partition('-')[0])}. ")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert len(text.split()) < 330


class _Asked(Mapping[str, str]):
    """An environment without anything in it, which remembers what it was asked for."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.names.add(name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def _settings() -> set[str]:
    asked = _Asked()
    with pytest.raises(BadSettings):
        read_settings(asked)
    assert {"SLACK_BOT_TOKEN", "PORT"} <= asked.names
    return asked.names


def test_every_setting_is_in_the_example_file() -> None:
    example = (ROOT / ".env.example").read_text()
    assert set(re.findall(r"^#?([A-Z][A-Z_]+)=", example, re.MULTILINE)) == _settings()


@pytest.mark.skipif(not README.exists(), reason="there is no README yet")
def test_every_setting_has_its_row_in_the_readme() -> None:
    cells = " ".join(_first_cells(README))
    assert set(re.findall(r"`([A-Z]+(?:_[A-Z]+)*)`", cells)) == _settings()


def test_the_one_click_of_the_readme_creates_the_app_of_the_manifest() -> None:
    assert f"]({install_link()})" in README.read_text()


def test_every_scope_has_its_row_in_the_readme() -> None:
    named = set(re.findall(r"`([a-z]+(?::[a-z.]+)?)`", " ".join(_first_cells(README))))
    assert {*SCOPES, *OPTIONAL_SCOPES} <= named

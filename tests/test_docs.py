"""The documentation is true: what it names exists, and what it has to list is complete."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from bot.cli.manifest import OPTIONAL_SCOPES, SCOPES, install_link
from bot.delivery.outcomes import FINEST_GRID, longest_wait
from bot.ops.connections import (
    MOST_BUFFERED,
    MOST_CONNECTIONS,
    MOST_OVERHEAD,
    RECEIVE_SECONDS,
)
from bot.settings import BadSettings, read_settings
from bot.slack.http import MAX_BODY
from bot.state import TRANSITIONS
from sandbox.local_genesys import ASSUMPTIONS as ABOUT_GENESYS
from sandbox.local_genesys.auth import GRANTED
from sandbox.local_slack import ASSUMPTIONS as ABOUT_SLACK
from tests.test_architecture import LAYERS

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
ASSUMPTIONS = ROOT / "docs" / "assumptions.md"
PROMISES = ROOT / "docs" / "promises.md"
STATES = ROOT / "docs" / "states.md"
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

_LINK = re.compile(r"\]\(([^()\s]+)\)")
_FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_FILE = re.compile(
    r"(?:[\w.-]+/)*\.?[\w-]+\.(?:py|md|toml|lock|yml|js|css|html|png|example|conf)\b"
)
_FOLDER = re.compile(r"\b(?:bot|genesys|sandbox|tests|docs)/[\w/]+(?![\w.])")
_TEST = re.compile(r"([\w/]+\.py)::(test_\w+)")
_MAKE = re.compile(r"\bmake ([a-z.][\w./]*)")
_COMMAND = re.compile(r"python -m bot (\w+)")
_SETTING = re.compile(r"\b(?:SLACK|GENESYS_CLOUD|PROACTIVE|OPERATOR)_[A-Z]+(?:_[A-Z]+)*\b")
_METRIC = re.compile(r"\bproactive_[a-z_]+\b")
_OUTSIDE = re.compile(r"\.\./shared|/work/|/tmp/|/home/|/simple\b|pythonhosted")


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _code(page: Path) -> str:
    """Return what a page sets in code: its blocks, and its words in backticks."""
    text = page.read_text()
    return "\n".join([*_FENCED.findall(text), *_INLINE.findall(_FENCED.sub("", text))])


def _rows(page: Path) -> list[list[str]]:
    """Return the rows of all tables on a page, as cells, without the lines below the headings."""
    lines = [line.strip() for line in _FENCED.sub("", page.read_text()).splitlines()]
    return [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in lines
        if line.startswith("| ")
    ]


def _first_cells(page: Path) -> set[str]:
    return {row[0] for row in _rows(page)}


def _anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = _HEADING.findall(_FENCED.sub("", page.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_there_are_pages_to_look_at() -> None:
    assert {"CONTRIBUTING.md", "CHANGELOG.md", "docs/assumptions.md"} <= set(map(_name, PAGES))
    assert len(DECISIONS) > 5


@pytest.mark.parametrize(
    "name",
    [*(row.name for row in ABOUT_GENESYS), *(row.subject for row in ABOUT_SLACK)],
)
def test_every_assumption_of_the_stand_ins_has_its_row(name: str) -> None:
    assert name in _first_cells(ASSUMPTIONS)


def test_every_row_of_the_assumptions_has_all_its_cells() -> None:
    table: list[int] = []
    for line in ASSUMPTIONS.read_text().splitlines():
        if not line.startswith("|"):
            table = []
            continue
        cells = re.split(r"(?<!\\)\|", line)[1:-1]
        assert all(cell.strip() for cell in cells), line
        table.append(len(cells))
        assert table[0] == table[-1], line


def test_every_check_that_the_assumptions_refer_to_is_described() -> None:
    text = ASSUMPTIONS.read_text()
    described = set(re.findall(r"^\| ([GS]\d+) \|", text, re.MULTILINE))
    assert set(re.findall(r"\b[GS]\d+\b", text)) == described


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in _LINK.findall(page.read_text()):
        if "://" not in link:
            path, _, anchor = link.partition("#")
            target = page.parent / path if path else page
            assert target.exists(), link
            assert not anchor or anchor in _anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_files_that_are_named_exist(page: Path) -> None:
    code = _code(page)
    named = {*_FILE.findall(code), *_FOLDER.findall(code)} - {"uv.lock"}  # we don't have that one
    assert not [name for name in named if not (ROOT / name).exists()]


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_tests_that_are_named_exist(page: Path) -> None:
    named = _TEST.findall(_code(page))
    assert not [test for file, test in named if f"def {test}(" not in (ROOT / file).read_text()]


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_make_targets_that_are_named_exist(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text().replace("$(VENV)", ".venv")
    targets = set(re.findall(r"^([\w./]+):", makefile, re.MULTILINE))
    assert set(_MAKE.findall(_code(page))) <= targets


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_commands_that_are_named_exist(page: Path) -> None:
    main = (ROOT / "bot" / "__main__.py").read_text()
    assert set(_COMMAND.findall(_code(page))) <= set(re.findall(r'add_parser\("(\w+)"', main))


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_settings_that_are_named_exist(page: Path) -> None:
    assert set(_SETTING.findall(_code(page))) <= _settings()


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_metrics_that_are_named_exist(page: Path) -> None:
    source = (ROOT / "bot" / "ops" / "metrics.py").read_text()
    named = {metric.removesuffix("_total") for metric in _METRIC.findall(_code(page))}
    assert not [metric for metric in named if f'"{metric}"' not in source]


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
    assert "docs/decisions/0002-job-queue.md" in named
    assert not [page for page in named if not (ROOT / page).exists()]


def _promises() -> list[list[str]]:
    """Return the promises as cells: what is promised, how it's kept, and what proves it."""
    return [row for row in _rows(PROMISES) if "proved by" not in row]


def _runs(name: str) -> bool:
    """Return whether ``path::test`` is a test that pytest runs and that is meant to pass."""
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


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [int(page.name.partition("-")[0]) for page in DECISIONS]
    assert numbers == list(range(1, len(DECISIONS) + 1))


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_a_decision_says_why_what_and_what_follows_on_one_page(page: Path) -> None:
    text = page.read_text()
    assert text.startswith(f"# {int(page.name.partition('-')[0])}. ")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert len(text.split()) < 330


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_a_link_to_a_decision_has_its_number(page: Path) -> None:
    links = re.findall(r"\[decision (\d+)\]\((\S+?)\)", page.read_text().replace("\n", " "))
    assert not [link for number, link in links if int(Path(link).name[:4]) != int(number)]


def test_the_states_and_what_may_follow_are_those_of_the_code() -> None:
    rows = [row for row in _rows(STATES) if row[0] != "state"]
    told = {state.strip("`"): set(_INLINE.findall(following)) for state, _, following in rows}
    assert told == {
        state.value: {one.value for one in following} for state, following in TRANSITIONS.items()
    }


class _Asked(Mapping[str, str]):
    """An empty environment that remembers what it was asked for."""

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
    return asked.names - {"XDG_DATA_HOME"}  # a standard variable, which has no place of its own


def _examples() -> dict[str, str]:
    """Return the settings in the example file, with their values."""
    example = (ROOT / ".env.example").read_text()
    return dict(re.findall(r"^#?([A-Z][A-Z_]+)=(.*)$", example, re.MULTILINE))


def test_every_setting_is_in_the_example_file() -> None:
    assert set(_examples()) == _settings()


def _setting_rows() -> list[list[str]]:
    names = _settings()
    return [row for row in _rows(README) if set(_INLINE.findall(row[0])) & names]


def test_every_setting_has_its_row_in_the_readme() -> None:
    named = {name for row in _setting_rows() for name in _INLINE.findall(row[0])}
    assert named == _settings()


def test_the_readme_gives_the_default_of_every_setting() -> None:
    examples = _examples()
    compared = 0
    for row in _setting_rows():
        names = _INLINE.findall(row[0])
        defaults = row[2].split(", ") if len(names) > 1 else [row[2]]
        for name, default in zip(names, defaults, strict=False):
            if re.match(r"`|\d", default):  # others are in words
                assert default.strip("`") == examples[name], name
                compared += 1
    assert compared > 10


def test_the_delays_in_the_readme_are_those_of_the_code() -> None:
    """A look-up comes late by one moment of its grid at most: a quarter of its wait or less."""
    rows = [row for row in _rows(README) if len(row) == 2]
    (first,) = (number for number, row in enumerate(rows) if row[0].endswith("the bot follows"))
    calls = _examples()["PROACTIVE_CALLS_PER_MINUTE"]
    assert rows[first][1] == f"longest delay, with {calls} calls a minute"
    told = [row for row in rows[first + 1 :] if re.fullmatch(r"[\d,]+", row[0])]
    assert len(told) == 3
    for followed, delay in told:
        wait = longest_wait(int(followed.replace(",", "")), int(calls))
        grid = max(FINEST_GRID, 2 ** int(math.log2(wait / 4)))
        assert delay == f"{wait + grid:.0f} seconds"


def test_the_limits_of_http_mode_in_the_readme_are_those_of_the_code() -> None:
    section = README.read_text().partition("### HTTP mode behind a proxy")[2].partition("\n#")[0]
    told = " ".join(section.split())
    assert f"arrive within {RECEIVE_SECONDS:.0f} seconds" in told
    assert f"headers may have {MOST_OVERHEAD // 1024} kB" in told
    assert f"more than {MOST_CONNECTIONS} connections" in told
    assert f"or {MOST_BUFFERED // 1_000_000} MB of bodies" in told


def test_the_limits_of_a_request_in_the_assumptions_are_those_of_the_code() -> None:
    (row,) = (row[0] for row in _rows(ASSUMPTIONS) if row[0].startswith("Slack's requests arrive"))
    assert f"within {RECEIVE_SECONDS:.0f} s" in row
    assert f"{MAX_BODY // 1_000_000} MB of body" in row
    assert f"{MOST_OVERHEAD // 1024} kB of headers" in row


def test_the_first_rule_names_every_package_of_the_bot_from_the_highest_layer_down() -> None:
    rule = CONTRIBUTING.read_text().partition("\n1. ")[2].partition("\n2. ")[0]
    named = _INLINE.findall(rule)
    order = {name: -number for number, layer in enumerate(LAYERS) for name in layer}
    assert sorted(named) == sorted(order.keys() - {"__main__"})
    assert sorted(named, key=order.__getitem__) == named


def test_the_programs_that_ci_installs_are_those_that_the_pages_and_the_tests_name() -> None:
    run = (ROOT / ".ci" / "run").read_text()
    installed = " ".join(re.findall(r"^ .*\binstall ([a-z][^#\n]*)", run, re.MULTILINE)).split()
    (named,) = re.findall(r"^apt-get install ([^#\n]+)", _code(CONTRIBUTING), re.MULTILINE)
    assert set(installed) - {"postgresql-common"} == set(named.split())
    tests = "".join(file.read_text() for file in (ROOT / "tests").rglob("*.py"))
    for reason in re.findall(r"on Debian: apt-get install ([a-z][a-z -]*)\"", tests):
        assert set(reason.split()) <= set(named.split())


def test_the_one_click_of_the_readme_creates_the_app_of_the_manifest() -> None:
    assert f"]({install_link()})" in README.read_text()


def test_every_scope_has_its_row_in_the_readme() -> None:
    named = set(re.findall(r"`([a-z]+(?::[a-z.]+)?)`", " ".join(_first_cells(README))))
    assert {*SCOPES, *OPTIONAL_SCOPES} <= named


def test_every_permission_that_the_bot_needs_has_its_row_in_the_readme() -> None:
    assert set(_INLINE.findall(" ".join(_first_cells(README)))) >= GRANTED


def test_the_first_screen_of_the_readme_has_the_picture_the_commands_and_all_headings() -> None:
    text = README.read_text()
    first = text.partition("\n## ")[0]
    assert len(first.splitlines()) < 40
    assert re.search(r"!\[[^]]+\]\(docs/sandbox\.png\)", first)
    assert {"sandbox", "test"} <= set(_MAKE.findall("\n".join(_FENCED.findall(first))))
    listed = {link.removeprefix("#") for link in _LINK.findall(first)}
    assert _anchors(README) - {"proactive"} <= listed


def test_each_step_of_a_notification_is_one_file_with_its_test() -> None:
    steps = [row for row in _rows(README) if re.match(r"\d\w?\. ", row[0])]
    assert len(steps) > 5
    for _, file, test in steps:
        (source,), (proof,) = _LINK.findall(file), _LINK.findall(test)
        assert Path(proof).name == f"test_{Path(source).name}"
        assert Path(proof).parent == "tests" / Path(source).parent


def test_what_people_see_when_something_does_not_work_is_what_the_bot_says() -> None:
    rows = _rows(README)
    first = next(number for number, row in enumerate(rows) if row[0] == "you see")
    quoted = {words for row in rows[first:] for words in _INLINE.findall(row[0])}
    said = "\n".join(
        node.value
        for file in (ROOT / "bot").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    assert len(quoted) > 5
    for words in quoted - {"operation_timeout"}:  # Slack says that
        assert all(part.strip() in said for part in words.split("…")), words

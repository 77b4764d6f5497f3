"""The arrows of the design, read from the imports: what may know what."""

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import genesys

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("bot", "genesys", "sandbox")
LONGEST_MODULE = 260

# From the ground up; a module imports only from the layers below its own.
LAYERS: tuple[frozenset[str], ...] = tuple(
    frozenset(layer.split())
    for layer in (
        "addresses arenas request slot turns lookout waiting pace log signature settings web",
        "wording block_kit tables bell quota",
        "engine",
        "verdict store works reaper",
        "draft card preflight posts receipts watch rescue health metrics",
        "modal_view slack_posting delivery pages",
        "thread last_resort",
        "reception",
        "slack_http socket_mode",
        "modal",
        "command buttons",
        "manifest",
        "core",
        "parts surfaces doctor",
        "app",
        "__main__",
    )
)
LAYER = {module: number for number, layer in enumerate(LAYERS) for module in layer}
WIRING = {
    "core": {"parts", "doctor"},
    "parts": {"app"},
    "app": {"__main__"},
    "surfaces": {"__main__"},
    "doctor": {"__main__"},
}


def _files(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


ALL_FILES = [file for package in PACKAGES for file in _files(package)]
BOT_FILES = _files("bot")


@cache
def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


@cache
def _nodes(file: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(_tree(file)))


def _name(file: Path) -> str:
    return str(file.relative_to(ROOT))


def _imports(file: Path) -> Iterator[tuple[str, str]]:
    """Yield the module and the name of each import, wherever it stands; relative ones in full."""
    package = list(file.relative_to(ROOT).parent.parts)
    for node in _nodes(file):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((module, alias.name) for alias in node.names)


def _bot_imports(file: Path) -> set[str]:
    found = set()
    for module, name in _imports(file):
        if module == "bot":
            found.add(name)
        elif module.startswith("bot."):
            found.add(module.split(".")[1])
    return found


@pytest.mark.parametrize("package", PACKAGES)
def test_there_is_something_to_look_at(package: str) -> None:
    assert len(_files(package)) > 5


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [
        ("genesys", {"bot", "sandbox"}),
        ("sandbox", {"bot", "genesys"}),
        ("bot", {"sandbox", "tests"}),
    ],
)
def test_packages_do_not_know_each_other(package: str, forbidden: set[str]) -> None:
    wrong = [
        f"{_name(file)} imports {module}"
        for file in _files(package)
        for module, _ in _imports(file)
        if module.split(".")[0] in forbidden
    ]
    assert not wrong


def test_the_bot_uses_only_what_genesys_exports() -> None:
    wrong = [
        f"{_name(file)}: {module} {name}"
        for file in BOT_FILES
        for module, name in _imports(file)
        if module.split(".")[0] == "genesys"
        and (module != "genesys" or name not in genesys.__all__)
    ]
    assert not wrong


def test_what_genesys_exports_is_there() -> None:
    assert len(set(genesys.__all__)) == len(genesys.__all__)
    assert not [name for name in genesys.__all__ if not hasattr(genesys, name)]


def test_only_genesys_knows_the_vendor_s_sdk_and_only_the_bot_knows_bolt() -> None:
    wrong = [
        f"{_name(file)} imports {module}"
        for package, vendors in (
            ("bot", {"PureCloudPlatformClientV2"}),
            ("genesys", {"slack_bolt", "slack_sdk", "dbos", "starlette"}),
            ("sandbox", {"slack_bolt", "slack_sdk", "dbos", "PureCloudPlatformClientV2"}),
        )
        for file in _files(package)
        for module, _ in _imports(file)
        if module.split(".")[0] in vendors
    ]
    assert not wrong


def test_every_module_of_the_bot_has_its_layer() -> None:
    assert set(LAYER) == {file.stem for file in BOT_FILES} - {"__init__"}


@pytest.mark.parametrize("file", BOT_FILES, ids=lambda file: file.stem)
def test_a_module_knows_only_the_layers_below_its_own(file: Path) -> None:
    if file.stem == "__init__":
        assert not _bot_imports(file)
        return
    not_below = {name for name in _bot_imports(file) if LAYER[name] >= LAYER[file.stem]}
    assert not not_below


def test_there_is_no_circle_in_the_bot() -> None:
    graph = {file.stem: _bot_imports(file) for file in BOT_FILES}
    assert len(list(TopologicalSorter(graph).static_order())) == len(graph)  # else CycleError


@pytest.mark.parametrize("wired", WIRING)
def test_only_the_entry_points_know_the_wiring(wired: str) -> None:
    users = {file.stem for file in BOT_FILES if wired in _bot_imports(file)}
    assert users <= WIRING[wired]


@pytest.mark.parametrize(
    "pure",
    ["request", "addresses", "wording", "verdict", "draft", "card", "modal_view", "pace"],
)
def test_pure_modules_call_nobody(pure: str) -> None:
    reaching_out = {"slack_bolt", "slack_sdk", "dbos", "sqlalchemy", "asyncio", "threading", "os"}
    modules = {module.split(".")[0] for module, _ in _imports(ROOT / "bot" / f"{pure}.py")}
    assert not modules & reaching_out


@pytest.mark.parametrize("file", ALL_FILES, ids=_name)
def test_a_module_is_short_enough_to_read_at_once(file: Path) -> None:
    assert len(file.read_text().splitlines()) <= LONGEST_MODULE


def _swallows_everything(node: ast.AST) -> bool:
    if not isinstance(node, ast.ExceptHandler):
        return False
    last = node.body[-1]
    if isinstance(last, ast.Raise) and last.exc is None:  # it only takes note
        return False
    caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    return any(
        one is None or (isinstance(one, ast.Name) and one.id in ("Exception", "BaseException"))
        for one in caught
    )


def test_only_the_last_resort_swallows_whatever_goes_wrong() -> None:
    swallowing = {_name(f) for f in ALL_FILES if any(map(_swallows_everything, _nodes(f)))}
    assert swallowing == {"bot/last_resort.py"}


def test_only_the_commands_print() -> None:
    printing = {
        _name(file)
        for file in ALL_FILES
        for node in _nodes(file)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    }
    assert {Path(name).name for name in printing} <= {"__main__.py"}


def test_every_module_says_what_it_is_for() -> None:
    missing = [_name(f) for f in ALL_FILES if not ast.get_docstring(_tree(f))]
    assert not missing


def test_nothing_of_the_product_reads_what_lies_outside_it() -> None:
    outside = ("../shared", "/work/", "/tmp/")
    wrong = [_name(f) for f in ALL_FILES if any(path in f.read_text() for path in outside)]
    assert not wrong

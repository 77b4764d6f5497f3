"""The layers of the design, read from the imports: what may know what."""

import ast
import builtins
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import genesys

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("bot", "genesys", "sandbox")
LONGEST_MODULE = 260

# From the lowest up. A package of the bot imports only from layers below its own.
LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"clock", "env_file", "language", "network", "state", "variables"}),
    frozenset({"request", "job", "text", "settings", "log"}),
    frozenset({"storage"}),
    frozenset({"jobs"}),
    frozenset({"rules"}),
    frozenset({"templates"}),
    frozenset({"delivery"}),
    frozenset({"cards"}),
    frozenset({"ops"}),
    frozenset({"slack"}),
    frozenset({"slack.forms"}),
    frozenset({"slack.lists"}),
    frozenset({"slack.buttons", "slack.commands"}),
    frozenset({"slack.listeners"}),
    frozenset({"wiring", "wiring_slack", "app", "cli", "__main__"}),
)
LAYER = {package: number for number, layer in enumerate(LAYERS) for package in layer}
TOP = len(LAYERS) - 1
KNOWS_WIRING = {"bot/app.py", "bot/wiring_slack.py", "bot/cli/doctor.py"}
PURE = [
    *("job", "language", "request", "state", "text", "rules/address", "rules/verdict"),
    *("rules/rules_file", "rules/rules_problems", "rules/rules_toml", "rules/rule_values"),
    *("rules/content", "rules/links", "rules/quiet_hours", "rules/template_rules"),
    *("rules/rule_sections", "rules/digest_period", "rules/open_conversation", "rules/text_rules"),
    *("templates/template", "templates/index"),
    *("slack/interaction", "slack/markup", "slack/reason_form", "slack/view"),
    "slack/view_state",
    *("slack/forms/form_input", "slack/forms/form_view", "slack/forms/evidence_view"),
    *("slack/forms/template_choice", "slack/forms/template_view", "slack/forms/earlier_view"),
    *("slack/buttons/approval_view", "slack/buttons/edit_view"),
    *("slack/lists/home_view", "slack/lists/list_view", "slack/lists/request_rows"),
    *("slack/commands/command_text", "slack/commands/outcome_words"),
    *("cards/card", "cards/blocks", "cards/card_buttons", "cards/line", "cards/words"),
    "cards/digest_view",
]
DRAWING = ("slack_sdk.models", "slack_sdk.errors")  # what a pure module may use of Slack's SDK
# The one module that may reach into a dependency: it loads the SDK without its 6,800 imports.
REACHES_INTO_A_DEPENDENCY = {"genesys/sdk.py"}
# Public attributes of objects that aren't ours. Nothing else may be set on such an object.
MAY_BE_SET = {
    # The SDK's own pool resends a POST, never times out, and knows no proxy.
    ("genesys/transport.py", "self._http.rest_client.pool_manager"): "public",
    # The constructor has no arguments for these two.
    ("genesys/transport.py", "client.access_token"): "public",
    ("genesys/transport.py", "client.gateway_configuration"): "public",
    # If the constructor gets no proxy, it takes one from variables of its own choice.
    ("bot/slack/session.py", "client.proxy"): "documented by slack_sdk",
    ("bot/slack/session.py", "webhook.proxy"): "documented by slack_sdk",
    ("bot/storage/database.py", "connection.isolation_level"): "documented by sqlite3",
    ("bot/jobs/queue.py", "queue_log.propagate"): "documented by logging",
    ("bot/log.py", "logger.propagate"): "documented by logging",
    ("bot/log.py", "record.exc_text"): "documented by logging",
    ("bot/log.py", "sys.excepthook"): "documented by sys",
    ("bot/log.py", "sys.unraisablehook"): "documented by sys",
    ("bot/log.py", "threading.excepthook"): "documented by threading",
}


def _files(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


ALL_FILES = [file for package in PACKAGES for file in _files(package)]
BOT_FILES = _files("bot")


@cache
def _nodes(file: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(file.read_text())))


def _name(file: Path) -> str:
    return str(file.relative_to(ROOT))


def _imports(file: Path) -> Iterator[tuple[str, str]]:
    """Yield the module and the name of each import, wherever it is; relative ones in full."""
    package = list(file.relative_to(ROOT).parent.parts)
    for node in _nodes(file):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((module, alias.name) for alias in node.names)


def _module(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


BOT_MODULES = {_module(file) for file in BOT_FILES}


def _bot_imports(file: Path) -> set[str]:
    """Return the modules of the bot that a file imports."""
    found = set()
    for module, name in _imports(file):
        if module.split(".")[0] == "bot":
            inner = f"{module}.{name}"
            found.add(inner if inner in BOT_MODULES else module)
    return found


def _package(module: str) -> str:
    """Return what has a layer of its own: a package or module of the bot, or of its Slack side."""
    parts = module.split(".")[1:]
    inner = ".".join(parts[:2])
    return inner if inner in LAYER else parts[0]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_was_found(package: str) -> None:
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


def test_genesys_exports_only_names_that_exist() -> None:
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


@pytest.mark.parametrize(
    ("vendor", "packages"),
    [("dbos", {"jobs"}), ("slack_bolt", {"slack", "wiring_slack"}), ("alembic", {"storage"})],
)
def test_only_some_packages_know_a_vendor(vendor: str, packages: set[str]) -> None:
    knowing = {
        _package(_module(file)).split(".")[0]
        for file in BOT_FILES
        for module, _ in _imports(file)
        if module.split(".")[0] == vendor
    }
    assert knowing == packages


def test_every_package_of_the_bot_has_its_layer() -> None:
    assert {_package(module) for module in BOT_MODULES - {"bot"}} == set(LAYER)


@pytest.mark.parametrize("file", BOT_FILES, ids=_name)
def test_a_package_imports_only_from_lower_layers(file: Path) -> None:
    if _module(file) == "bot":
        assert not _bot_imports(file)
        return
    package = _package(_module(file))
    own = LAYER[package]
    not_below = {
        module
        for module in _bot_imports(file)
        if _package(module) != package and LAYER[_package(module)] >= own and own != TOP
    }
    assert not not_below


def test_the_bot_has_no_import_cycle() -> None:
    graph = {_module(file): _bot_imports(file) for file in BOT_FILES}
    assert len(list(TopologicalSorter(graph).static_order())) >= len(graph)  # else CycleError


def test_only_the_wiring_builds_the_object_graph() -> None:
    users = {_name(file) for file in BOT_FILES if "bot.wiring" in _bot_imports(file)}
    assert users <= KNOWS_WIRING


@pytest.mark.parametrize("pure", PURE)
def test_pure_modules_call_nobody(pure: str) -> None:
    reaching_out = {"slack_bolt", "slack_sdk", "dbos", "sqlalchemy", "asyncio", "threading", "os"}
    modules = {
        module.split(".")[0]
        for module, _ in _imports(ROOT / "bot" / f"{pure}.py")
        if not module.startswith(DRAWING)
    }
    assert not modules & reaching_out


@pytest.mark.parametrize("file", ALL_FILES, ids=_name)
def test_a_module_is_short_enough_to_read_at_once(file: Path) -> None:
    assert len(file.read_text().splitlines()) <= LONGEST_MODULE


def _is_private(name: str) -> bool:
    is_dunder = name.startswith("__") and name.endswith("__")
    is_public = name in ("_", "_exit")  # gettext's own name; os._exit is documented
    return name.startswith("_") and not is_dunder and not is_public


def _private_uses(file: Path) -> Iterator[str]:
    """Yield each private name that a file takes from elsewhere."""
    own = _module(file).rpartition(".")[0]
    for module, name in _imports(file):
        if any(map(_is_private, [*module.split("."), name])) and module != own:
            yield f"{_name(file)} imports {name} of {module}"
    for node in _nodes(file):
        if isinstance(node, ast.Attribute) and _is_private(node.attr):
            owner = node.value
            if not (isinstance(owner, ast.Name) and owner.id in ("self", "cls")):
                yield f"{_name(file)}:{node.lineno} uses {node.attr}"


def _targets(file: Path) -> Iterator[ast.expr]:
    """Yield what a file assigns to, each part of a tuple by itself."""
    for node in _nodes(file):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign | ast.Delete):
            targets = node.targets
        elif isinstance(node, ast.AugAssign | ast.AnnAssign):
            targets = [node.target]
        for target in targets:
            yield from target.elts if isinstance(target, ast.Tuple | ast.List) else [target]


def _patches(file: Path) -> Iterator[str]:
    """Yield each attribute that a file sets on something it has imported."""
    imported = {
        (alias.asname or alias.name).split(".")[0]
        for node in _nodes(file)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    for node in _nodes(file):
        if isinstance(node, ast.Name) and node.id in ("setattr", "delattr"):
            yield f"{_name(file)}:{node.lineno} calls {node.id}"
    for target in _targets(file):
        root = target
        while isinstance(root, ast.Attribute | ast.Subscript):
            root = root.value
        is_hook = (_name(file), ast.unparse(target)) in MAY_BE_SET
        if is_hook or root is target:
            continue
        if isinstance(root, ast.Name) and root.id in imported:
            yield f"{_name(file)}:{target.lineno} changes {root.id}"


def _own_classes(package: str) -> Iterator[ast.ClassDef]:
    """Yield the classes of a package but those that extend a class of a dependency."""
    classes = [
        node for file in _files(package) for node in _nodes(file) if isinstance(node, ast.ClassDef)
    ]
    own = {node.name for node in classes} | set(dir(builtins)) | {"Generic", "Protocol", "StrEnum"}
    for node in classes:
        if all(ast.unparse(base).partition("[")[0] in own for base in node.bases):
            yield node


@cache
def _own_attributes(package: str) -> frozenset[str]:
    """Return the names of all attributes that the package's own classes declare or set."""
    names = set()
    for parent in _own_classes(package):
        for node in ast.walk(parent):
            match node:
                case ast.AnnAssign(target=ast.Name(id=name)):
                    names.add(name)
                case ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Store()):
                    names.add(name)
        names |= {
            target.id
            for node in parent.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
    return frozenset(names)


def _set_on_others(file: Path) -> Iterator[str]:
    """Yield each attribute that a file sets on an object whose class isn't the package's own.

    An attribute that has the name of an own one counts as that.
    """
    own = _own_attributes(file.relative_to(ROOT).parts[0])
    for target in _targets(file):
        if isinstance(target, ast.Attribute) and target.attr not in own:
            on_itself = isinstance(target.value, ast.Name) and target.value.id in ("self", "cls")
            if not on_itself:
                yield ast.unparse(target)


@pytest.mark.parametrize("file", ALL_FILES, ids=_name)
def test_nothing_private_of_a_dependency_is_used_and_nothing_is_patched(file: Path) -> None:
    reached = [*_private_uses(file), *_patches(file)]
    assert not reached or _name(file) in REACHES_INTO_A_DEPENDENCY


def test_only_what_is_listed_is_set_on_the_objects_of_a_dependency() -> None:
    found = {
        (_name(file), target)
        for file in ALL_FILES
        if _name(file) not in REACHES_INTO_A_DEPENDENCY
        for target in _set_on_others(file)
    }
    assert found == set(MAY_BE_SET)


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


def test_only_the_last_handler_catches_whatever_goes_wrong() -> None:
    swallowing = {_name(f) for f in ALL_FILES if any(map(_swallows_everything, _nodes(f)))}
    assert swallowing == {"bot/slack/errors.py"}


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


def test_every_module_says_what_it_does() -> None:
    missing = [_name(f) for f in ALL_FILES if not ast.get_docstring(ast.parse(f.read_text()))]
    assert not missing


def test_the_product_names_no_path_of_the_machine() -> None:
    outside = ("../shared", "/work/", "/tmp/")
    wrong = [_name(f) for f in ALL_FILES if any(path in f.read_text() for path in outside)]
    assert not wrong

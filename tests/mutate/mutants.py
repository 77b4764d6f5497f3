"""Find the mutants of a module: small mistakes, each in one place, that a person could make.

cosmic-ray makes them. What can't change what the code does is left out: annotations, type aliases,
``if TYPE_CHECKING``, and the options of ``@dataclass``.
"""

from __future__ import annotations

import ast
import random
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain, zip_longest
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator

_REPLACED_BY = {
    "Comparison": (
        *("Eq_NotEq", "NotEq_Eq", "Is_IsNot", "IsNot_Is"),
        *("Lt_LtE", "Lt_GtE", "LtE_Lt", "LtE_Gt", "Gt_GtE", "Gt_LtE", "GtE_Gt", "GtE_Lt"),
    ),
    "Binary": (
        *("Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "FloorDiv_Mul", "Mod_Mul", "Pow_Mul"),
        *("BitOr_BitAnd", "BitAnd_BitOr", "BitXor_BitOr", "LShift_RShift", "RShift_LShift"),
    ),
    "Unary": ("USub_UAdd", "Delete_Not", "Delete_Invert"),
}
OPERATORS = (
    *(f"Replace{kind}Operator_{pair}" for kind, pairs in _REPLACED_BY.items() for pair in pairs),
    *("AddNot", "ReplaceAndWithOr", "ReplaceOrWithAnd"),
    *("ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "NumberReplacer"),
    *("ReplaceBreakWithContinue", "ReplaceContinueWithBreak"),
    *("ExceptionReplacer", "ZeroIterationForLoop"),
)
# cosmic-ray writes a name that the module doesn't have; that would spoil the handlers beside it.
_UNKNOWN_ERROR = re.compile(r"[\w.]*CosmicRayTestingException[\w.]*")
_ERROR_NOBODY_RAISES = "ZeroDivisionError"
_QUIET_OPTIONS = {"frozen", "slots", "kw_only", "eq", "order"}
_HAS_BODY = (ast.If, ast.For, ast.While, ast.With, ast.AsyncFor, ast.AsyncWith, ast.ClassDef)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

Position = tuple[int, int]  # a line, from 1, and a column, from 0
Region = tuple[Position, Position]


@dataclass(frozen=True)
class Mutant:
    """One change of one module; ``occurrence`` says which of those its operator can make."""

    module: str
    operator: str
    occurrence: int
    start: Position

    @property
    def line(self) -> int:
        return self.start[0]


@dataclass(frozen=True)
class Change:
    """A mutant in full: the new source, and the first line that differs before and after."""

    source: str
    line: int
    before: str
    after: str


@dataclass(frozen=True)
class Place:
    """The lines that run a mutant, and whether the loading of the module is one of them."""

    lines: frozenset[int]
    on_import: bool


def find_mutants(module: str, source: str) -> list[Mutant]:
    """List every mutant of a module, in the order of the source."""
    nodes = list(ast.walk(ast.parse(source)))
    lines = source.splitlines()
    silent = [_region(lines, node) for node in chain.from_iterable(map(_silent_nodes, nodes))]
    sums = [_region(lines, node) for node in nodes if isinstance(node, ast.BinOp)]
    negated = {_region(lines, node)[0] for node in filter(None, map(_negated_elsewhere, nodes))}
    tree = get_ast(source)
    found = []
    for name in OPERATORS:
        operator = _operator(name)
        positions = chain.from_iterable(map(operator.mutation_positions, ast_nodes(tree)))
        for occurrence, (start, _) in enumerate(positions):
            useless = (
                _is_in(start, silent)
                or (name == "AddNot" and start in negated)
                or (name.startswith("ReplaceBinary") and not _is_in(start, sums))  # ``f(*, x)``
            )
            if not useless:
                found.append(Mutant(module, name, occurrence, start))
    return sorted(found, key=lambda mutant: (mutant.start, mutant.operator, mutant.occurrence))


def shuffle(mutants: list[Mutant], seed: int) -> Iterator[Mutant]:
    """Yield the mutants in random order, the second one of any place after the first of all."""
    places = defaultdict(list)
    for mutant in mutants:
        places[mutant.start].append(mutant)
    dice = random.Random(f"{seed} {mutants[0].module if mutants else ''}")
    queues = list(places.values())
    dice.shuffle(queues)
    for queue in queues:
        dice.shuffle(queue)
    for turn in zip_longest(*queues):
        yield from filter(None, turn)


def apply(mutant: Mutant, source: str) -> Change | None:
    """Return the changed module, or None if the change means nothing or isn't Python."""
    mutated = mutate_code(source, _operator(mutant.operator), mutant.occurrence)
    mutated = _UNKNOWN_ERROR.sub(_ERROR_NOBODY_RAISES, mutated)
    try:
        same = ast.dump(ast.parse(mutated)) == ast.dump(ast.parse(source))
    except SyntaxError:
        return None
    if same:
        return None
    pairs = zip(source.splitlines(), mutated.splitlines(), strict=False)
    line, (before, after) = next(
        (line, pair) for line, pair in enumerate(pairs, 1) if pair[0] != pair[1]
    )
    return Change(mutated, line, " ".join(before.split()), " ".join(after.split()))


def locate(mutant: Mutant, source: str) -> Place:
    """Find the statement around a mutant, or those that use the private constant it changes."""
    tree = ast.parse(source)
    place, inside = _statement(mutant.line, tree)
    if len(inside) > 1 or not isinstance(inside[0], ast.Assign):
        return place
    name = ast.unparse(inside[0].targets[0])
    uses = [
        _statement(node.lineno, tree)[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
    ]
    if not name.startswith("_") or any(use.on_import for use in uses):
        return place
    return Place(frozenset().union(*(use.lines for use in uses)), on_import=False)


def _statement(line: int, tree: ast.Module) -> tuple[Place, list[ast.stmt]]:
    """Return the innermost statement around a line, and all around it from the outside in."""
    inside = [
        node
        for node in ast.walk(tree)  # level by level
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or 0)
    ]
    lines, on_import = range(line, line + 1), True
    for node in inside:
        lines = range(node.lineno, (node.end_lineno or 0) + 1)
        if isinstance(node, _FUNCTIONS) and line >= node.body[0].lineno:
            on_import = False
        elif isinstance(node, _HAS_BODY) and line < node.body[0].lineno:
            lines = range(node.lineno, node.body[0].lineno)
    return Place(frozenset(lines), on_import), inside


@cache
def _operator(name: str) -> Any:
    return get_operator(f"core/{name}")()


def _silent_nodes(node: ast.AST) -> Iterator[ast.expr | ast.stmt | ast.keyword]:
    if isinstance(node, ast.AnnAssign):
        yield node if _ends_with(node.annotation, "TypeAlias") else node.annotation
    elif isinstance(node, ast.arg) and node.annotation:
        yield node.annotation
    elif isinstance(node, _FUNCTIONS) and node.returns:
        yield node.returns
    elif isinstance(node, ast.If) and _ends_with(node.test, "TYPE_CHECKING"):
        yield node
    elif isinstance(node, ast.Call) and _ends_with(node.func, "isinstance"):
        yield node.args[1]  # a union, which no operator can replace
    elif isinstance(node, ast.Module):
        yield from filter(_is_type_alias, node.body)
    elif isinstance(node, ast.ClassDef):
        for decorator in node.decorator_list:
            if isinstance(decorator, ast.Call) and _ends_with(decorator.func, "dataclass"):
                yield from (each for each in decorator.keywords if each.arg in _QUIET_OPTIONS)


def _negated_elsewhere(node: ast.AST) -> ast.expr | None:
    """Return a condition that another operator negates too."""
    test = node.test if isinstance(node, ast.If | ast.While | ast.IfExp) else None
    if isinstance(test, ast.Compare) and not isinstance(test.ops[0], ast.In | ast.NotIn):
        return test
    return test if isinstance(test, ast.UnaryOp) else None


def _is_type_alias(node: ast.stmt) -> bool:
    """Tell whether a line such as ``Json = dict[str, Any] | None`` only names a type."""
    return (
        isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id.lstrip("_")[:1].isupper()
        and not node.targets[0].id.isupper()
    )


def _ends_with(node: ast.expr, name: str) -> bool:
    return ast.unparse(node).split(".")[-1] == name


def _region(lines: list[str], node: ast.expr | ast.stmt | ast.keyword) -> Region:
    """Count characters as cosmic-ray does; ``ast`` counts bytes."""
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    ends = ((node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset))
    first, last = ((line, len(lines[line - 1].encode()[:offset].decode())) for line, offset in ends)
    return first, last


def _is_in(position: Position, regions: list[Region]) -> bool:
    return any(first <= position < last for first, last in regions)

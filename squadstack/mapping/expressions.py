"""Expressions over a record: those of the SDK's `stream_maps`, made for data that has gaps.

They differ from the SDK's for data with gaps (docs/mapping.md): what is missing is null, a comparison with
null is null, and a name or a dot means data before anything else. An expression is compiled once; a plain path
such as `properties.phone` becomes a look-up, anything else is evaluated by simpleeval.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from typing import Any

import simpleeval

from squadstack.mapping.functions import FUNCTIONS, MODULES

Record = Mapping[str, Any]
Path = tuple[str | int, ...]

RESERVED = ("record", "_", "config", "__stream_name__")
"""Names that a field never hides: the record twice, the `stream_map_config`, the stream."""


class ExpressionError(Exception):
    """The text is no expression, or uses a function that there is none of. Shown to the user as it is."""


@dataclass(frozen=True, slots=True)
class Expression:
    """One compiled expression.

    Attributes:
        text: As the user wrote it.
        paths: The paths into the record that it reads, for the warning about undeclared names.
        evaluate: Its value for a scope (see `scope`); raises anything at all on a value that does not fit.
    """

    text: str
    paths: frozenset[Path]
    evaluate: Callable[[Record], Any]


def scope(record: Record, *, stream: str, config: Record) -> dict[str, Any]:
    """The names that an expression sees for one record."""
    return {**record, "record": record, "_": record, "config": config, "__stream_name__": stream}


def compile_expression(text: str) -> Expression:
    """Compile an expression, or raise `ExpressionError` with the reason."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        paths = _free_paths(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        msg = f"'{text}' is not an expression"
        raise ExpressionError(msg) from None
    for node in ast.walk(tree):
        if fault := _fault(node):
            msg = f"'{text}' {fault}"
            raise ExpressionError(msg)
    if isinstance(tree, ast.Constant):
        value = tree.value
        return Expression(text, paths, lambda _: value)
    if (path := _path(tree)) is not None and path[0] not in MODULES:
        return Expression(text, paths, _lookup(path))
    return Expression(text, paths, _evaluation(text, tree))


def _lookup(path: Path) -> Callable[[Record], Any]:
    """What lies on a path; most are a single name, or one and a field of its object."""
    first, *rest = path
    name = str(first)
    return (lambda names: reduce(_step, rest, names.get(name))) if rest else lambda names: names.get(name)


# -- evaluation --------------------------------------------------------------------------------------


def _null_if_null(compare: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda left, right: None if left is None or right is None else compare(left, right)


_IDENTITY = (ast.Is, ast.IsNot)
_OPERATORS = {
    kind: _null_if_null(function) if issubclass(kind, ast.cmpop) and not issubclass(kind, _IDENTITY) else function
    for kind, function in simpleeval.DEFAULT_OPERATORS.items()
}


class _Evaluator(simpleeval.EvalWithCompoundTypes):  # type: ignore[misc]  # simpleeval has no types
    """simpleeval, but what is missing is null, and a method is one only where it is called."""

    def __init__(self) -> None:
        super().__init__(operators=_OPERATORS, functions=FUNCTIONS.copy(), names={})

    def _check_disallowed_items(self, item: Any) -> None:
        """Look at a value, not into it: a record holds no modules, and a record is looked at often."""
        if not isinstance(item, _DATA):
            super()._check_disallowed_items(item)

    def _eval_name(self, node: ast.Name) -> Any:
        return self.names.get(node.id)

    def _eval_attribute(self, node: ast.Attribute) -> Any:
        owner = self._owner(node.value)
        return _step(owner, node.attr) if isinstance(owner, _DATA) else self._attribute(owner, node.attr)

    def _eval_subscript(self, node: ast.Subscript) -> Any:
        value, key = self._eval(node.value), self._eval(node.slice)
        try:
            return value[key]
        except (LookupError, TypeError):
            return None

    def _eval_call(self, node: ast.Call) -> Any:
        if not isinstance(node.func, ast.Attribute):
            return super()._eval_call(node)
        method = self._attribute(self._owner(node.func.value), node.func.attr)
        self._check_disallowed_items(method)
        return method(*map(self._eval, node.args), **dict(map(self._eval, node.keywords)))

    def _owner(self, node: ast.expr) -> Any:
        """The value before a dot: that of a field, or a module that no field hides."""
        value = self._eval(node)
        if value is None and isinstance(node, ast.Name) and node.id not in self.names:
            return MODULES.get(node.id)
        return value

    @staticmethod
    def _attribute(owner: Any, name: str) -> Any:
        if _is_forbidden(name):
            msg = "that attribute is not available"
            raise simpleeval.FeatureNotAvailable(msg)
        return getattr(owner, name, None)


_DATA = (str, int, float, Decimal, Mapping, list, tuple, set, type(None))
"""What a record is made of. Nothing of these types is reached by a dot but what an object holds."""


def _step(value: Any, key: str | int) -> Any:
    """What lies one step further on a path, null if nothing does."""
    if type(value) is dict or isinstance(value, Mapping):  # the first is what records are made of, and is fast
        return value.get(key)
    if isinstance(value, (list, tuple, str)) and isinstance(key, int) and -len(value) <= key < len(value):
        return value[key]
    return None


def _is_forbidden(attribute: str) -> bool:
    return attribute.startswith(tuple(simpleeval.DISALLOW_PREFIXES)) or attribute in simpleeval.DISALLOW_METHODS


def _evaluation(text: str, tree: ast.expr) -> Callable[[Record], Any]:
    evaluator = _Evaluator()

    def evaluate(names: Record) -> Any:
        evaluator.names = names
        return evaluator.eval(text, previously_parsed=tree)

    return evaluate


# -- faults ------------------------------------------------------------------------------------------

_NODE_TYPES = frozenset(_Evaluator().nodes)
_GLUE = (ast.boolop, ast.expr_context, ast.comprehension)


def _fault(node: ast.AST) -> str | None:
    """Why a part of an expression could never be evaluated, if so."""
    match node:
        case ast.Call():
            return _fault_of_call(node)
        case ast.Tuple(elts=items) | ast.Set(elts=items) if any(isinstance(item, ast.Starred) for item in items):
            return "spreads a list with *, which only another list can take"
        case ast.Constant(value=value) if not isinstance(value, _DATA):
            return f"holds a literal of type {type(value).__name__}, which a record cannot hold"
        case ast.operator() | ast.unaryop() | ast.cmpop():
            is_known = type(node) in _OPERATORS
        case _:
            is_known = type(node) in _NODE_TYPES or isinstance(node, (*_GLUE, ast.Starred))
    return None if is_known else f"uses {type(node).__name__}, which expressions do not have"


def _fault_of_call(call: ast.Call) -> str | None:
    if any(isinstance(part, ast.Starred) for part in call.args) or any(part.arg is None for part in call.keywords):
        return "spreads a list with *, which only another list can take"
    match call.func:
        case ast.Name(id=name):
            return None if name in FUNCTIONS else f"uses the function {name}, which there is none of"
        case ast.Attribute(attr=name):
            return f"uses the method {name}, which is not available" if _is_forbidden(name) else None
        case _:
            return "calls what is no function"


# -- paths -------------------------------------------------------------------------------------------


def _path(node: ast.AST) -> Path | None:
    """The path that a chain of names, dots and constant subscripts stands for, else None."""
    match node:
        case ast.Name(id=name):
            return (name,)
        case ast.Attribute(value=value, attr=name):
            return None if (head := _path(value)) is None else (*head, name)
        case ast.Subscript(value=value, slice=ast.Constant(value=str() | int() as key)):
            return None if (head := _path(value)) is None else (*head, key)
        case _:
            return None


def _free_paths(tree: ast.expr) -> frozenset[Path]:
    """All paths into the record, but those of names that a comprehension makes."""
    bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return frozenset(path for path in _paths(tree) if path[0] not in bound)


def _paths(node: ast.AST) -> list[Path]:
    """All paths; `record.x` counts as `x`, a method's name and a function's do not count."""
    if isinstance(node, ast.Call) and isinstance(node.func, (ast.Name, ast.Attribute)):
        inner = [node.func.value] if isinstance(node.func, ast.Attribute) else []
        return [path for child in [*inner, *node.args, *node.keywords] for path in _paths(child)]
    if (path := _path(node)) is None:
        return [path for child in ast.iter_child_nodes(node) for path in _paths(child)]
    if path[0] in {"record", "_"}:
        path = path[1:]
    return [path] if path and path[0] not in RESERVED and path[0] not in MODULES else []

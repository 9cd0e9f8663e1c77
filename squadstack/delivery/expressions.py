"""Expressions over a record: those of the SDK's `stream_maps`, made for data that has gaps.

They differ from the SDK's in what the contract asks ("A rule"): what is missing is null, a comparison with
null is null, and a field hides whatever else has its name. An expression is compiled once; a plain path
such as `properties.phone` becomes a look-up, anything else is evaluated by simpleeval.
"""

from __future__ import annotations

import ast
import datetime
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import simpleeval

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
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        msg = f"'{text}' is not an expression"
        raise ExpressionError(msg) from None
    _check(tree, text)
    bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    paths = frozenset(path for path in _paths(tree) if path[0] not in bound)
    if isinstance(tree, ast.Constant):
        value = tree.value
        return Expression(text, paths, lambda _: value)
    if (path := _path(tree)) is not None and isinstance(path[0], str):
        return Expression(text, paths, _lookup(path))
    return Expression(text, paths, _evaluation(text, tree))


# -- functions ---------------------------------------------------------------------------------------


def coalesce(*values: Any) -> Any:
    """The first value that is not null."""
    return next((value for value in values if value is not None), None)


def join(*values: Any) -> str | None:
    """The values with spaces between them, nulls and empty texts left out; null if nothing is left."""
    texts = [str(value).strip() for value in values if value is not None]
    return " ".join(filter(None, texts)) or None


def tail(value: Any) -> str | None:
    """What follows the last slash: the number of a `gid://shopify/Customer/42`."""
    return None if value is None else str(value).rsplit("/", 1)[-1]


def to_json(value: Any) -> str | None:
    """The value as JSON text."""
    return None if value is None else json.dumps(value, ensure_ascii=False, default=str)


def md5(text: str) -> str:
    """MD5 of a text, as the SDK's function of that name."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def sha256(text: str) -> str:
    """SHA-256 of a text, as the SDK's function of that name."""
    return hashlib.sha256(text.encode()).hexdigest()


FUNCTIONS: dict[str, Any] = {
    **simpleeval.DEFAULT_FUNCTIONS,
    "bool": bool,
    "coalesce": coalesce,
    "datetime": simpleeval.ModuleWrapper(datetime),
    "join": join,
    "json": simpleeval.ModuleWrapper(json),
    "md5": md5,
    "sha256": sha256,
    "tail": tail,
    "to_json": to_json,
}


# -- evaluation --------------------------------------------------------------------------------------


def _null_if_null(compare: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda left, right: None if left is None or right is None else compare(left, right)


_IDENTITY = (ast.Is, ast.IsNot)
_OPERATORS = {
    kind: _null_if_null(function) if issubclass(kind, ast.cmpop) and not issubclass(kind, _IDENTITY) else function
    for kind, function in simpleeval.DEFAULT_OPERATORS.items()
}


class _Evaluator(simpleeval.EvalWithCompoundTypes):  # type: ignore[misc]  # simpleeval has no types
    """simpleeval, but what is missing is null and data hides methods."""

    def __init__(self) -> None:
        super().__init__(operators=_OPERATORS, functions=FUNCTIONS.copy(), names={})

    def _eval_name(self, node: ast.Name) -> Any:
        try:
            return self.names[node.id]
        except KeyError:
            return self.functions.get(node.id)

    def _eval_attribute(self, node: ast.Attribute) -> Any:
        value = self._eval(node.value)
        if value is None:
            return None
        if isinstance(value, Mapping):
            return value[node.attr] if node.attr in value else getattr(value, self._allowed(node.attr), None)
        return super()._eval_attribute(node)

    def _eval_subscript(self, node: ast.Subscript) -> Any:
        value = self._eval(node.value)
        if value is None:
            return None
        try:
            return value[self._eval(node.slice)]
        except (KeyError, IndexError):
            return None

    @staticmethod
    def _allowed(name: str) -> str:
        if name.startswith("_") or name in simpleeval.DISALLOW_METHODS:
            msg = "that attribute is not available"
            raise simpleeval.FeatureNotAvailable(msg)
        return name


def _evaluation(text: str, tree: ast.expr) -> Callable[[Record], Any]:
    evaluator = _Evaluator()

    def evaluate(names: Record) -> Any:
        evaluator.names = names
        return evaluator.eval(text, previously_parsed=tree)

    return evaluate


_NODE_TYPES = frozenset(_Evaluator().nodes)
_CALLABLE = frozenset(FUNCTIONS) | {"list", "tuple", "dict", "set"}


def _check(tree: ast.AST, text: str) -> None:
    """Refuse at the start what could never be evaluated."""
    glue = (
        ast.operator,
        ast.unaryop,
        ast.boolop,
        ast.cmpop,
        ast.expr_context,
        ast.comprehension,
        ast.Starred,
    )
    for node in ast.walk(tree):
        if type(node) not in _NODE_TYPES and not isinstance(node, glue):
            msg = f"'{text}' uses {type(node).__name__}, which expressions do not have"
            raise ExpressionError(msg)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id not in _CALLABLE:
            msg = f"'{text}' uses the function {node.func.id}, which there is none of"
            raise ExpressionError(msg)


# -- paths -------------------------------------------------------------------------------------------


def _path(node: ast.AST) -> Path | None:
    """The path that a chain of names, dots and constant subscripts stands for, else None."""
    match node:
        case ast.Name(id=name):
            return (name,)
        case ast.Attribute(value=value, attr=name) if not name.startswith("_"):
            return None if (head := _path(value)) is None else (*head, name)
        case ast.Subscript(value=value, slice=ast.Constant(value=str() | int() as key)):
            return None if (head := _path(value)) is None else (*head, key)
        case _:
            return None


def _paths(node: ast.AST) -> list[Path]:
    """All paths into the record; `record.x` counts as `x`, a method's name and a function's do not count."""
    if isinstance(node, ast.Call) and isinstance(node.func, (ast.Name, ast.Attribute)):
        inner = [node.func.value] if isinstance(node.func, ast.Attribute) else []
        return [path for child in [*inner, *node.args, *node.keywords] for path in _paths(child)]
    if (path := _path(node)) is None:
        return [path for child in ast.iter_child_nodes(node) for path in _paths(child)]
    if path[0] in {"record", "_"}:
        path = path[1:]
    return [path] if path and path[0] not in RESERVED and path[0] not in FUNCTIONS else []


def _lookup(path: Path) -> Callable[[Record], Any]:
    head, *rest = path
    name = str(head)
    if not rest:
        return lambda names: names[name] if name in names else FUNCTIONS.get(name)
    return lambda names: reduce(_step, rest, names.get(name))


def _step(value: Any, key: str | int) -> Any:
    if isinstance(value, Mapping):
        return value.get(str(key))
    if isinstance(value, (list, str)) and isinstance(key, int) and -len(value) <= key < len(value):
        return value[key]
    return None

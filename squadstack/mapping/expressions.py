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

from squadstack.mapping.filters import JUDGE, is_yes, judged
from squadstack.mapping.functions import FUNCTIONS, MODULES
from squadstack.mapping.paths import Path, flat_name, free_paths, path_of

Record = Mapping[str, Any]


class ExpressionError(Exception):
    """The text is no expression, or uses a function that there is none of. Shown to the user as it is."""


@dataclass(frozen=True, slots=True)
class Expression:
    """One compiled expression.

    Attributes:
        text: As the user wrote it.
        paths: The paths into the record that it reads, for the warning about undeclared names.
        evaluate: Its value for a scope (see `scope`); raises anything at all on a value that does not fit.
        calls: The functions that it uses.
    """

    text: str
    paths: frozenset[Path]
    evaluate: Callable[[Record], Any]
    calls: frozenset[str] = frozenset()


def scope(record: Record, *, stream: str, config: Record) -> dict[str, Any]:
    """The names that an expression sees for one record."""
    return {**record, "record": record, "_": record, "config": config, "__stream_name__": stream}


def compile_expression(text: str, functions: Mapping[str, Any] = FUNCTIONS, *, is_filter: bool = False) -> Expression:
    """Compile an expression, or raise `ExpressionError` with the reason.

    Args:
        text: As the user wrote it.
        functions: By name; one that is None lacks a setting.
        is_filter: Whether it is a `when`, all of whose parts are judged as its value is.
    """
    try:
        tree = _parsed(text)
        paths = free_paths(tree)
        asked = judged(_parsed(text)) if is_filter else tree
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        msg = f"'{text}' is not an expression"
        raise ExpressionError(msg) from None
    for node in ast.walk(tree):
        if fault := _fault(node, functions):
            msg = f"'{text}' {fault}"
            raise ExpressionError(msg)
    if isinstance(tree, ast.Constant):
        value = tree.value
        return Expression(text, paths, lambda _: value)
    if (path := path_of(tree)) is not None and path[0] not in MODULES:
        return Expression(text, paths, _lookup(path))
    return Expression(text, paths, _evaluation(text, asked, functions), _calls(tree))


def _parsed(text: str) -> ast.expr:
    return ast.parse(text.strip(), mode="eval").body


def both(first: Expression | None, second: Expression | None) -> Expression | None:
    """A filter that says yes where both do; the second is not asked where the first says no."""
    if first is None or second is None:
        return first or second
    one, other = first.evaluate, second.evaluate
    return Expression(
        f"({first.text}) and ({second.text})",
        first.paths | second.paths,
        lambda names: is_yes(one(names)) and is_yes(other(names)),
        first.calls | second.calls,
    )


def _lookup(path: Path) -> Callable[[Record], Any]:
    """What lies on a path; most are a single name, or one and a field of its object."""
    first, *rest = path
    name, flat = str(first), flat_name(path)
    if not rest:
        return lambda names: names.get(name)

    def look_up(names: Record) -> Any:
        value = names.get(name)
        return names.get(flat) if value is None else reduce(_step, rest, value)

    return look_up


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

    def __init__(self, functions: Mapping[str, Any]) -> None:
        super().__init__(operators=_OPERATORS, functions=dict(functions), names={})

    def _check_disallowed_items(self, item: Any) -> None:
        """Look at a value, not into it: a record holds no modules, and a record is looked at often."""
        if not isinstance(item, _DATA):
            super()._check_disallowed_items(item)

    def _eval_name(self, node: ast.Name) -> Any:
        return self.names.get(node.id)

    def _eval_attribute(self, node: ast.Attribute) -> Any:
        owner = self._owner(node.value)
        if owner is None and (path := path_of(node)):
            return self.names.get(flat_name(path))
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


def _evaluation(text: str, tree: ast.expr, functions: Mapping[str, Any]) -> Callable[[Record], Any]:
    evaluator = _Evaluator({**functions, JUDGE: is_yes})

    def evaluate(names: Record) -> Any:
        evaluator.names = names
        return evaluator.eval(text, previously_parsed=tree)

    return evaluate


# -- faults ------------------------------------------------------------------------------------------

_NODE_TYPES = frozenset(_Evaluator({}).nodes)
_GLUE = (ast.boolop, ast.expr_context, ast.comprehension)


def _calls(tree: ast.expr) -> frozenset[str]:
    """The functions that an expression uses."""
    called = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    return frozenset(function.id for function in called if isinstance(function, ast.Name))


def _fault(node: ast.AST, functions: Mapping[str, Any]) -> str | None:
    """Why a part of an expression could never be evaluated, if so."""
    match node:
        case ast.Call():
            return _fault_of_call(node, functions)
        case ast.Tuple(elts=items) | ast.Set(elts=items) if any(isinstance(item, ast.Starred) for item in items):
            return "spreads a list with *, which only another list can take"
        case ast.Constant(value=value) if not isinstance(value, _DATA):
            return f"holds a literal of type {type(value).__name__}, which a record cannot hold"
        case ast.operator() | ast.unaryop() | ast.cmpop():
            is_known = type(node) in _OPERATORS
        case _:
            is_known = type(node) in _NODE_TYPES or isinstance(node, (*_GLUE, ast.Starred))
    return None if is_known else f"uses {type(node).__name__}, which expressions do not have"


def _fault_of_call(call: ast.Call, functions: Mapping[str, Any]) -> str | None:
    if any(isinstance(part, ast.Starred) for part in call.args) or any(part.arg is None for part in call.keywords):
        return "spreads a list with *, which only another list can take"
    match call.func:
        case ast.Name(id=name) if name not in functions:
            return f"uses the function {name}, which there is none of"
        case ast.Name(id=name):
            return None if functions[name] else f"uses the function {name}, which needs the setting field_key"
        case ast.Attribute(attr=name):
            return f"uses the method {name}, which is not available" if _is_forbidden(name) else None
        case _:
            return "calls what is no function"

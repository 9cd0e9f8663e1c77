"""The paths into a record that an expression reads: `properties.phone`, `addresses[0].phone`."""

from __future__ import annotations

import ast

from squadstack.mapping.functions import MODULES

Path = tuple[str | int, ...]

RESERVED = ("record", "_", "config", "__stream_name__")
"""Names that a field never hides: the record twice, the `stream_map_config`, the stream."""


def flat_name(path: Path) -> str:
    """The name that a path has once the SDK has flattened its object."""
    return "__".join(map(str, path))


def path_of(node: ast.AST) -> Path | None:
    """The path that a chain of names, dots and constant subscripts stands for, else None."""
    match node:
        case ast.Name(id=name):
            return (name,)
        case ast.Attribute(value=value, attr=name):
            return None if (head := path_of(value)) is None else (*head, name)
        case ast.Subscript(value=value, slice=ast.Constant(value=str() | int() as key)):
            return None if (head := path_of(value)) is None else (*head, key)
        case _:
            return None


def free_paths(tree: ast.expr) -> frozenset[Path]:
    """All paths into the record, but those of names that a comprehension makes."""
    bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return frozenset(path for path in _paths(tree) if path[0] not in bound)


def _paths(node: ast.AST) -> list[Path]:
    """All paths; `record.x` counts as `x`, a method's name and a function's do not count."""
    if isinstance(node, ast.Call) and isinstance(node.func, (ast.Name, ast.Attribute)):
        inner = [node.func.value] if isinstance(node.func, ast.Attribute) else []
        return [path for child in [*inner, *node.args, *node.keywords] for path in _paths(child)]
    if (path := path_of(node)) is None:
        return [path for child in ast.iter_child_nodes(node) for path in _paths(child)]
    if path[0] in {"record", "_"}:
        path = path[1:]
    return [path] if path and path[0] not in RESERVED and path[0] not in MODULES else []

"""What is yes and what is no in a filter: of its value, and of the parts that it is made of."""

from __future__ import annotations

import ast
from typing import Any

JUDGE = "is yes"
"""The name of `is_yes` in a compiled filter: one that no expression can write."""

_NO = frozenset({"", "0", "false", "no"})


def is_yes(value: Any) -> bool:
    """Whether a filter's value lets a record pass: the texts 0, false and no mean no, in any case."""
    return value.strip().lower() not in _NO if isinstance(value, str) else bool(value)


def judged(node: ast.expr) -> ast.expr:
    """Let a filter's parts mean yes or no as the whole does: a text "false" is no after `not` too."""
    return _Judging().asked(node)


class _Judging(ast.NodeTransformer):
    """Wraps what `and`, `or`, `not` and conditionals ask; what is compared or handed on stays the value itself."""

    def asked(self, node: ast.expr) -> ast.expr:
        """A part of which nothing counts but whether it is yes."""
        match node:
            case ast.BoolOp():
                node.values = list(map(self.asked, node.values))
                return node
            case ast.IfExp():
                node.test, node.body, node.orelse = map(self.asked, (node.test, node.body, node.orelse))
                return node
        part: ast.expr = self.visit(node)
        is_truth = isinstance(node, ast.Compare) or (isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not))
        return part if is_truth else ast.Call(ast.Name(JUDGE, ast.Load()), [part], [])

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.UnaryOp:
        node.operand = self.asked(node.operand) if isinstance(node.op, ast.Not) else self.visit(node.operand)
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.IfExp:
        node.test, node.body, node.orelse = self.asked(node.test), self.visit(node.body), self.visit(node.orelse)
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.comprehension:
        node.iter, node.ifs = self.visit(node.iter), list(map(self.asked, node.ifs))
        return node

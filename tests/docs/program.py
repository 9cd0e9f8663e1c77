"""What the program can say: every text of its source, with `…` for what is filled in."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import singer_sdk
from docs.pages import PROJECT

_SOURCES = ("squadstack", "tap_squadstack", "target_squadstack")
_OF_THE_SDK = ("sinks/core.py", "target_base.py")


@cache
def texts() -> frozenset[str]:
    own = [path for folder in _SOURCES for path in (PROJECT / folder).rglob("*.py")]
    sdk = [Path(singer_sdk.__file__).parent / name for name in _OF_THE_SDK]
    return frozenset(text for path in [*own, *sdk] for text in _texts_of(path))


def _texts_of(path: Path) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [text for node in ast.walk(tree) if (text := _text(node))]


def _text(node: ast.AST) -> str:
    match node:
        case ast.Constant(value=str(text)):
            return re.sub(r"%(?:s|d|\.\df)", "…", text)
        case ast.JoinedStr(values=values):
            return "".join(_text(value) or "…" for value in values)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _text(left) + _text(right)
        case _:
            return ""


def can_say(sentence: str) -> bool:
    """Whether some text of the program holds a sentence in which `…` stands for anything."""
    pattern = re.compile(".*".join(re.escape(part.strip()) for part in sentence.split("…")), re.DOTALL)
    return any(pattern.search(text) for text in texts())

"""Read the documents: tables, blocks of code, links and headings of Markdown."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
_CODE = re.compile(r"``?(.+?)``?(?!`)")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)

Table = list[list[str]]
"""Rows of cells, without the heading and the line below it."""


@cache
def page(name: str) -> str:
    return (PROJECT / name).read_text(encoding="utf-8")


def pages() -> list[str]:
    """Every Markdown file of the project, but those below a hidden folder."""
    paths = [path.relative_to(PROJECT) for path in PROJECT.rglob("*.md")]
    return sorted(str(path) for path in paths if not any(part.startswith(".") for part in path.parts))


def own_pages() -> list[str]:
    """The pages that this folder's tests are about."""
    return [name for name in pages() if name.startswith("docs/") or name in {"README.md", "SECURITY.md"}]


def section(name: str, heading: str) -> str:
    """What stands below a heading, up to the next one of the same level or above."""
    text = page(name)
    start = re.search(rf"^(#+) +{re.escape(heading)} *$", text, re.MULTILINE)
    assert start, f"{name} has no section '{heading}'"
    rest = text[start.end() :]
    end = re.search(rf"^#{{1,{len(start[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def tables(text: str) -> dict[str, Table]:
    """Tables by the name of their first column; those of the same name are joined."""
    found: dict[str, Table] = {}
    for block in re.findall(r"(?:^\|.*\|$\n?)+", blocks_left_out(text), re.MULTILINE):
        head, _, *rows = [_cells(line) for line in block.splitlines()]
        found.setdefault(head[0], []).extend(rows)
    return found


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def codes(text: str) -> list[str]:
    """The texts in backticks, without the tags of a longer run of backticks."""
    return [code.strip() for code in _CODE.findall(text)]


def code(cell: str) -> str:
    """The only text in backticks of a cell; the cell itself if there is none."""
    found = codes(cell)
    assert len(found) <= 1, f"several texts in backticks: {cell}"
    return found[0] if found else cell


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return [body for tag, body in _FENCE.findall(text) if tag == language]


def blocks_left_out(text: str) -> str:
    return _FENCE.sub("", text)


def links(text: str) -> list[str]:
    """The targets of all links that lead nowhere but into this project."""
    targets = _LINK.findall(blocks_left_out(text))
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives to the headings."""
    titles = _HEADING.findall(blocks_left_out(text))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}

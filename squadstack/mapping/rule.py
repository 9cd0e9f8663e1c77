"""A compiled rule: which streams it takes, and what it makes of their records."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase, translate
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from squadstack.api.verdicts import ActionName
from squadstack.mapping.expressions import Expression
from squadstack.mapping.paths import flat_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from squadstack.mapping.paths import Path

Candidates: TypeAlias = tuple[Expression, ...]
"""The expressions of one field; the first usable value is taken."""

NEEDS = {
    ActionName.CREATE: ("lead_id", "phone_number", "contact_name"),
    ActionName.UPDATE: ("lead_id",),
    ActionName.UPSERT: ("lead_id",),
    ActionName.CONVERT: ("lead_id", "detail"),
    ActionName.DISABLE: ("lead_id",),
    ActionName.DELETE: ("lead_id",),
}
"""What a rule must say for an action (CRM v2, "Request Body" of each endpoint)."""

TAKES_ANY_FIELD = frozenset({ActionName.CREATE, ActionName.UPDATE, ActionName.UPSERT})

METADATA = ("_sdc_", "_ab_cdc_", "_ab_source_", "_airbyte_")
"""How names begin of what taps, targets and Airbyte add to a record."""

DELETED_AT = "_ab_cdc_deleted_at"
"""When the source deleted the row, by Airbyte's change data capture: no rule makes a lead of it unknowingly."""

DELETED_AT_SINGER = "_sdc_deleted_at"
"""The same by taps with LOG_BASED; a field like any other, on which rules may act."""

ITEM = "item"
"""What an item of `each` is named in expressions; in such a rule no field hides it."""


@dataclass(frozen=True, slots=True)
class Router:
    """A campaign that is chosen by a value.

    Attributes:
        by: The expression.
        to: Its value as text, and the campaign.
        default: The campaign for every other value, null included; None: there is none.
    """

    by: Expression
    to: Mapping[str, str]
    default: str | None

    @property
    def campaigns(self) -> tuple[str, ...]:
        """Every campaign that it may choose."""
        return tuple(dict.fromkeys([*self.to.values(), *filter(None, [self.default])]))


@dataclass(frozen=True, slots=True)
class Rule:
    """One compiled rule.

    Attributes:
        number: Counted from 1; 0 is the rule that stands in where there are no mappings. The rules of a preset
            share that of the entry that names it.
        stream: Name or glob.
        action: What is done.
        campaign: The ref_id it is done in; empty if a router chooses it.
        when: The filter, if there is one.
        fields: Field of the lead to its candidates.
        detail: Name to candidates, when a conversion's detail is given as an object.
        include: Names and globs of top-level fields that come along under their own names.
        on_missing: What is done with leads that the stream no longer holds, if it is mirrored.
        each: The list that gives one action for each of its items.
        router: Chooses the campaign by a value.
        preset: The preset that it comes from, if it does.
        withheld: Fields that are read to be encrypted: no pattern takes them along in clear.
    """

    number: int
    stream: str
    action: ActionName
    campaign: str
    when: Expression | None
    fields: Mapping[str, Candidates]
    detail: Mapping[str, Candidates] | None
    include: tuple[str, ...]
    on_missing: ActionName | None = None
    each: Expression | None = None
    router: Router | None = None
    preset: str | None = None
    withheld: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "withheld", frozenset(self._read_encrypted()))

    @property
    def label(self) -> str:
        """What the user finds it by: its number, and in a preset what else tells it from the others there."""
        return f"{self.number} (preset '{self.preset}', {self.action})" if self.preset else f"{self.number}"

    @property
    def campaigns(self) -> tuple[str, ...]:
        """Every campaign that it may act in."""
        return self.router.campaigns if self.router else (self.campaign,)

    def takes(self, stream: str) -> bool:
        """Whether the rule acts on this stream."""
        return fnmatchcase(stream, self.stream)

    def includes(self, name: str) -> bool:
        """Whether a top-level field comes along; metadata, such as `_sdc_` fields, only if they are named."""
        if self.withheld and not self.withheld.isdisjoint(_heads(name)):
            return name in self.include
        if name.startswith(METADATA):
            prefix = next(filter(name.startswith, METADATA))
            return _matcher(tuple(one for one in self.include if one.startswith(prefix)))(name) is not None
        return _matcher(self.include)(name) is not None

    def _read_encrypted(self) -> Iterator[str]:
        """The names of all that is read by an expression that encrypts, flattened or not."""
        texts = (expression for group in self.fields.values() for expression in group)
        for path in (path for text in texts if "encrypt" in text.calls for path in text.paths):
            yield from (str(path[0]), flat_name(path))
            if self.each is not None and path[0] == ITEM:
                yield from (str(one[0]) for one in self.each.paths)

    def reads(self, name: str) -> bool:
        """Whether the rule reads a top-level field by its name."""
        return any(path[0] == name for path in self.paths())

    def leaves_out(self, record: Mapping[str, Any]) -> bool:
        """Whether a record is left out because the source deleted it: no rule makes a lead of it unknowingly."""
        return (
            record.get(DELETED_AT) not in (None, "")
            and self.action not in {ActionName.DISABLE, ActionName.DELETE}
            and not self.reads(DELETED_AT)
        )

    def paths(self) -> Iterator[Path]:
        """Every path of a record that the rule reads by name."""
        groups = [*self.fields.values(), *(self.detail or {}).values()]
        expressions = [expression for group in groups for expression in group]
        by = self.router.by if self.router else None
        for expression in filter(None, [*expressions, self.when, self.each, by]):
            yield from (path for path in expression.paths if self.each is None or path[0] != ITEM)
        yield from ((name,) for name in self.include if not self.preset and not set(name) & set("*?["))


def _heads(name: str) -> Iterator[str]:
    """A name, and those of the objects that it was flattened from."""
    parts = name.split("__")
    return ("__".join(parts[:count]) for count in range(1, len(parts) + 1))


@cache
def _matcher(patterns: tuple[str, ...]) -> Callable[[str], re.Match[str] | None]:
    """Match a name against any of the globs, compiled once: this is asked for every field of every record."""
    return re.compile("|".join(map(translate, patterns)) or r"(?!)").match

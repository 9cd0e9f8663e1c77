"""Whether the rules and the streams fit together: rules that match nothing, names that no schema declares."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from squadstack.mapping.paths import flat_name
from squadstack.mapping.rule import DELETED_AT, DELETED_AT_SINGER

if TYPE_CHECKING:
    from squadstack.mapping.paths import Path
    from squadstack.mapping.rule import Rule


_FATES = {
    DELETED_AT: "they are left out",
    DELETED_AT_SINGER: "they are sent like any other. To leave them out, narrow `when` by `not _sdc_deleted_at`",
}
"""What becomes of rows that the source deleted if no rule says so."""


class Coverage:
    """What the schemas of a run say about its rules.

    Args:
        rules: The compiled rules.

    Attributes:
        has_match: Whether a rule takes any stream whose schema came.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self._schemas: dict[str, list[Mapping[str, Any]]] = {}
        self.has_match = False

    @property
    def streams(self) -> list[str]:
        """The streams whose schemas came, in their order."""
        return list(self._schemas)

    def see(self, stream: str, schema: Mapping[str, Any]) -> None:
        """Note a stream's schema; a stream may have several in a run, and each of them often."""
        schemas = self._schemas.setdefault(stream, [])
        if schema not in schemas:
            schemas.append(schema)
        self.has_match = self.has_match or any(rule.takes(stream) for rule in self._rules)

    def fields(self, stream: str) -> list[str]:
        """The top-level fields that a stream's schemas declare."""
        found = [schema.get("properties") for schema in self._schemas.get(stream, ())]
        return list(dict.fromkeys(name for names in found if isinstance(names, Mapping) for name in names))

    def warnings(self) -> Iterator[str]:
        """A sentence for every rule that matched no stream and every name that no schema declares."""
        if not self._schemas:
            return
        for rule in self._rules:
            if not rule.number:
                continue
            schemas = self._matched(rule)
            if not schemas:
                yield f"Rule {rule.label} matched no stream: there is none named '{rule.stream}'."
                continue
            for path in sorted(set(rule.paths()), key=str):
                if not any(_declares(schema, path) for schema in schemas):
                    name = ".".join(map(str, path))
                    yield f"Rule {rule.label}: no schema of stream '{rule.stream}' declares '{name}'."
        yield from self._unread_deletions()

    def _unread_deletions(self) -> Iterator[str]:
        """A sentence for every stream with deleted rows of which no rule says what becomes of them."""
        for stream in self._schemas:
            rules = [rule for rule in self._rules if rule.takes(stream)]
            for name in filter(self.fields(stream).__contains__, _FATES if rules else ()):
                if not any(rule.reads(name) or rule.includes(name) for rule in rules):
                    yield (
                        f"Stream '{stream}' tells deleted rows by '{name}', and no rule reads it: {_FATES[name]}. "
                        f"To disable their leads, add a rule with `when: {name}`."
                    )

    def _matched(self, rule: Rule) -> list[Mapping[str, Any]]:
        return [schema for stream, schemas in self._schemas.items() if rule.takes(stream) for schema in schemas]


def _declares(schema: Any, path: Path) -> bool:
    """Whether a schema declares a path; below the top, or if anything is allowed, only where it lists what is held."""
    for depth, key in enumerate(path):
        properties = schema.get("properties") if isinstance(schema, Mapping) else None
        if not isinstance(properties, Mapping) or not properties:
            return depth > 0 or (isinstance(schema, Mapping) and schema.get("additionalProperties") is True)
        if key not in properties:
            return not depth and len(path) > 1 and flat_name(path) in properties
        schema = properties[key]
    return True

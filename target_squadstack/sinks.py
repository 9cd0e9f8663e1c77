"""What the SDK does with a stream's records: hand them to the run's delivery, nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk.exceptions import MissingKeyPropertiesError
from singer_sdk.sinks import RecordSink

from squadstack.exceptions import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from singer_sdk.helpers._batch import BaseBatchFileEncoding

    from target_squadstack.target import TargetSquadStack


class LeadSink(RecordSink):
    """A stream that rules name."""

    def __init__(
        self,
        target: TargetSquadStack,
        stream_name: str,
        schema: dict[str, Any],
        key_properties: Sequence[str] | None,
    ) -> None:
        if not isinstance(key_properties or [], list):
            msg = f"The schema of stream '{stream_name}' declares key_properties that are no list."
            raise InputError(msg)
        super().__init__(target, stream_name, schema, key_properties)
        self._target = target
        self._told_version = False

    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:
        """Hand the record to the delivery."""
        self._target.delivery.take(self.stream_name, record)

    def get_validator(self) -> None:
        """No validator: the mapping judges records, and rejects one action where the SDK would stop the run."""

    def activate_version(self, new_version: int) -> None:
        """Say once that a full read deletes nothing, unless a rule wants it to."""
        if not self._told_version and not self._target.mirrors(self.stream_name):
            self._told_version = True
            self.logger.info("Stream '%s' was read in full; leads it no longer holds are left alone.", self.stream_name)

    def process_batch_files(self, encoding: BaseBatchFileEncoding, files: Sequence[str]) -> None:
        """Refuse BATCH messages, which the SDK's record sink would drop without a word."""
        msg = f"Stream '{self.stream_name}' comes as BATCH files: unset the tap's batch_config."
        raise InputError(msg)

    def _singer_validate_message(self, record: dict[str, Any]) -> None:
        """Stop at a record without its key, without showing the record."""
        if missing := [name for name in self.key_properties if name not in record]:
            names = " and ".join(missing)
            msg = f"A record of stream '{self.stream_name}' lacks {names}, which its schema declares as key."
            raise MissingKeyPropertiesError(msg)

    def _parse_timestamps_in_record(self, *args: Any, **kwargs: Any) -> None:
        """Leave dates as the tap wrote them: they are sent as text."""

    def _remove_sdc_metadata_from_record(self, record: dict[str, Any]) -> None:
        """Keep the tap's own `_sdc_` fields: a rule may act on `_sdc_deleted_at`; none is sent unasked."""

    def _remove_sdc_metadata_from_schema(self) -> None:
        """Keep them in the schema likewise."""


class IgnoredSink(LeadSink):
    """A stream that no rule names: its records are counted."""

    def process_record(self, record: dict[str, Any], context: dict[str, Any]) -> None:
        """Nothing: whoever took the record in counts it."""

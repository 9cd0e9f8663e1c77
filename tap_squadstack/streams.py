"""The tap's streams."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from squadstack.exceptions import OF_ONE_CAMPAIGN
from squadstack.responses.reading import Reading, Start
from squadstack.responses.rows import answers_of
from squadstack.responses.times import moment_of
from tap_squadstack import bookmarks, schemas
from tap_squadstack.own_bookmarks import OwnBookmarkStream

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping

    from squadstack.exceptions import SquadStackError
    from squadstack.responses.agenda import Closed


class ResponsesStream(OwnBookmarkStream):
    """A stream made of lead responses, with a bookmark for each campaign that moves over closed windows only."""

    replication_key = "processed_at"

    def start(self, campaign_id: str) -> Start:
        """Where this stream's reading of a campaign begins."""
        settings = self._tap.settings
        date = moment_of(settings.start_date)
        earliest = max(int(date.timestamp()), 0) if date else 0
        is_full = self.replication_method != "INCREMENTAL"
        state = {} if is_full else self.get_context_state({"campaign_id": campaign_id})
        return bookmarks.start_of(state, campaign_id, earliest=earliest, lookback=settings.lookback_seconds)

    def move(self, campaign_id: str, closed: Closed) -> None:
        """Note that a window has been written out; without the API's clock its newest row tells how far is safe."""
        if closed.is_dated:
            moment = datetime.fromtimestamp(closed.window.end, UTC)
        elif closed.records:
            moment = datetime.fromisoformat(closed.records[-1]["processed_at"])
            moment -= timedelta(seconds=self._tap.settings.lag_seconds)
        else:
            return
        bookmarks.move(self.get_context_state({"campaign_id": campaign_id}), moment)


class LeadResponsesStream(ResponsesStream):
    """One row a processed lead: its outcome, and what it answered."""

    name = "lead_responses"
    schema = schemas.LEAD_RESPONSES
    primary_keys = ("campaign_id", "lead_id")

    @property
    def partitions(self) -> list[dict[str, str]]:
        """The campaigns."""
        return [{"campaign_id": name} for name in dict.fromkeys(self._tap.settings.campaign_ids)]

    def get_records(self, context: Mapping[str, Any] | None) -> Iterable[dict[str, Any]]:
        """The records of one campaign; those of the answers are written beside them, since they come in one call."""
        campaign_id = (context or {})["campaign_id"]
        starts = {stream: stream.start(campaign_id) for stream in self._selected()}
        for closed in self._windows(campaign_id):
            begins = {stream: start.begin_by(closed.clock) for stream, start in starts.items()}
            for record in closed.records:
                answers = list(answers_of(record))
                second = int(datetime.fromisoformat(record["processed_at"]).timestamp())
                if second >= begins.get(self, second + 1):
                    yield record
                if second >= begins.get(self._answers, second + 1):
                    self._answers.write(answers)
            for stream in starts:
                stream.move(campaign_id, closed)
            self._tap.state_writer.write_state(self.tap_state)

    def _windows(self, campaign_id: str) -> Iterator[Closed]:
        """A campaign's windows; one that cannot be read is left for the end, since the others can."""
        try:
            yield from self._reading.windows(campaign_id)
        except OF_ONE_CAMPAIGN as error:
            self._failures.append(error)

    @property
    def _answers(self) -> LeadResponseAnswersStream:
        (stream,) = self.child_streams
        assert isinstance(stream, LeadResponseAnswersStream)  # noqa: S101 - for the type checker
        return stream

    def _selected(self) -> list[ResponsesStream]:
        return [stream for stream in (self, self._answers) if stream.selected]

    def _sync_records(self, context: Any = None, *, write_messages: bool = True) -> Generator[dict[str, Any]]:
        """Read all campaigns at once while the SDK asks for them one by one."""
        if self._answers.selected:
            self._answers._write_schema_message()  # noqa: SLF001 - it is the same stream, in two tables
        starts = {
            one["campaign_id"]: [stream.start(one["campaign_id"]) for stream in self._selected()]
            for one in self.partitions
        }
        self._failures: list[SquadStackError] = []
        with Reading(self._tap.settings, starts, self._tap.is_stopping) as self._reading:
            yield from super()._sync_records(context, write_messages=write_messages)
        if self._failures:
            *others, last = self._failures
            for failure in others:
                self._tap.logger.error("%s", failure)
            raise last

    def _process_record(self, record: Any, child_context: Any = None, partition_context: Any = None) -> None:
        """The answers are written by `get_records`: the SDK would sync them anew for each lead."""


class LeadResponseAnswersStream(ResponsesStream):
    """One row an answer of a processed lead."""

    name = "lead_response_answers"
    schema = schemas.LEAD_RESPONSE_ANSWERS
    primary_keys = ("campaign_id", "lead_id", "response_key")
    parent_stream_type = LeadResponsesStream

    def get_records(self, context: Mapping[str, Any] | None) -> Iterable[dict[str, Any]]:
        """None of its own: they come with the lead responses."""
        return ()

    def write(self, answers: Iterable[dict[str, Any]]) -> None:
        """Write a lead's answers out."""
        for answer in answers:
            self._write_record_message(answer)

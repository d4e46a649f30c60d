"""What the guard, the files and the streams of one set-up share: documents, stages, log and clock."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from faceguard.audit.compose import FrameSpan, compose_record
from faceguard.audit.log import AuditSink
from faceguard.audit.record import Action, AssetEntry, OutputEntry, Override
from faceguard.errors import AuditIntegrityError, AuditWriteError, FaceguardError, RedactionError
from faceguard.pipeline.records import bundles_of, new_decision_id, redaction_entry, software_labels
from faceguard.pipeline.rules import UNCALIBRATED, BoundRules, Rules
from faceguard.pipeline.stages import Stages
from faceguard.types import FaceResult, Function


def utc_now() -> datetime:
    """The one place where the pipeline asks what time it is."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Run:
    """Everything that is the same from one picture to the next."""

    rules: Rules
    stages: Stages
    sink: AuditSink
    clock: Callable[[], datetime] = utc_now

    def bind(self, captured_at: datetime | None = None, *, also: frozenset[Function] = frozenset()) -> BoundRules:
        """Passes the notice gate for this moment. Raises NoticeError. `also` is done besides the stages' own."""
        estimator = self.stages.estimator
        figures = estimator.figures if estimator is not None else UNCALIBRATED
        return self.rules.bind(self.stages.functions | also, figures, moment=self.clock(), captured_at=captured_at)

    def record(
        self,
        bound: BoundRules,
        asset: AssetEntry,
        faces: Sequence[FaceResult],
        action: Action,
        *,
        output: OutputEntry | None = None,
        error: str | None = None,
        spans: Mapping[int, FrameSpan] | None = None,
        parameters: Mapping[str, str | int | float | bool] | None = None,
        override: Override | None = None,
    ) -> str:
        """Writes the record of one asset and returns its id. Raises AuditWriteError or AuditIntegrityError.

        `spans` has the frames of each face of a video, `parameters` what else bears on how it was covered.
        """
        record = compose_record(
            decision_id=new_decision_id(),
            moment=bound.moment,
            labels=software_labels(),
            bundles=bundles_of(bound, self.stages),
            asset=asset,
            purpose=bound.notice.purpose,
            disclosure=bound.notice.disclosure,
            faces=faces,
            action=action,
            spans=spans,
            redaction=redaction_entry(bound, self.stages, parameters),
            output=output,
            error=error,
            override=override,
        )
        return self.sink.append(record).record_id

    @contextlib.contextmanager
    def withholding(self, bound: BoundRules, asset: Callable[[], AssetEntry]) -> Iterator[None]:
        """Nothing leaves a block that raises: the error goes on, ours or wrapped as a RedactionError, and is recorded.

        `asset` says what is known of the input by then.
        """
        try:
            yield
        except (AuditWriteError, AuditIntegrityError):
            raise  # there is no log to write to
        except FaceguardError as error:
            self._record_failure(bound, asset(), error.code)
            raise
        except Exception as error:  # a fault anywhere in the sentence means: give nothing (FG-R07)
            self._record_failure(bound, asset(), type(error).__name__)
            raise RedactionError(
                f"{type(error).__name__} while handling a picture ({error}); nothing was released"
            ) from error

    def _record_failure(self, bound: BoundRules, asset: AssetEntry, error: str) -> None:
        with contextlib.suppress(FaceguardError):  # the first error is the one to tell of
            self.record(bound, asset, (), Action.WITHHOLD, error=error)

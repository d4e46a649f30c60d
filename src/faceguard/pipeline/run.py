"""What the guard, the files and the streams of one set-up share: documents, stages, log and clock."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from faceguard.audit.compose import FrameSpan, compose_record, new_salt
from faceguard.audit.log import AuditSink
from faceguard.audit.record import Action, AssetEntry, OutputEntry, Override
from faceguard.errors import AuditIntegrityError, AuditWriteError, FaceguardError, NoticeError, RedactionError
from faceguard.pipeline.badges import BADGE_READING, BadgeFile
from faceguard.pipeline.made import OutputIndex
from faceguard.pipeline.records import (
    bundles_of,
    challenge_entry,
    new_decision_id,
    redaction_entry,
    refused_bundles,
    scope_entry,
    software_labels,
)
from faceguard.pipeline.rules import UNCALIBRATED, AssetScope, BoundRules, Rules
from faceguard.pipeline.stages import Stages
from faceguard.policy.badge import BadgeRules
from faceguard.provenance.signer import OutputSigner
from faceguard.types import FaceResult, Function

_NOT_LOOKED_AT = "application/octet-stream"


def utc_now() -> datetime:
    """The one place where the pipeline asks what time it is."""
    return datetime.now(UTC)


_NO_SCOPE = AssetScope()


@dataclass(frozen=True, slots=True)
class Run:
    """Everything that is the same from one picture to the next."""

    rules: Rules
    stages: Stages
    sink: AuditSink
    clock: Callable[[], datetime] = utc_now
    badges: BadgeFile | None = None
    """The list of worn badges that faces are linked by, if there is one."""
    signer: OutputSigner | None = field(default=None, kw_only=True)
    """Puts a signed manifest into every file, if there is one."""
    index: OutputIndex | None = None
    """Told of every output before it gets its name, if the operator keeps one."""

    def bind(self, captured_at: datetime | None = None, *, also: frozenset[Function] = frozenset()) -> BoundRules:
        """Passes the notice gate for this moment. Raises NoticeError, and records that nothing was looked at.

        `also` is done besides the stages' own.
        """
        estimator = self.stages.estimator
        figures = estimator.figures if estimator is not None else UNCALIBRATED
        functions, moment = self.stages.functions | also, self.clock()
        if self.badges is not None:
            functions |= BADGE_READING
        try:
            return self.rules.bind(functions, figures, moment=moment, captured_at=captured_at)
        except NoticeError as error:
            self._record_refusal(error, functions, moment, captured_at)
            raise

    def badge_rules(self, bound: BoundRules, scope: AssetScope) -> BadgeRules | None:
        """The badges as they stand for one asset; None if the run has none. Raises ConfigurationError, ConsentError."""
        if self.badges is None:
            return None
        return self.badges.rules(bound.policy, scope.event, moment=bound.moment, captured_at=bound.captured_at)

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
        scope: AssetScope = _NO_SCOPE,
    ) -> str:
        """Writes the record of one asset and returns its id. Raises AuditWriteError or AuditIntegrityError.

        `spans` has the frames of each face of a video, `parameters` what else bears on how it was covered, `scope` what
        the consents were asked about.
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
            functions=bound.notice.functions,
            captured_at=bound.captured_at,
            challenge=challenge_entry(bound),
            scope=scope_entry(scope, asset),
            spans=spans,
            redaction=redaction_entry(bound, self.stages, parameters),
            release_basis="consent" if action is Action.RELEASE and bound.context.is_release else None,
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

    def _record_refusal(
        self, error: NoticeError, functions: frozenset[Function], moment: datetime, captured_at: datetime | None
    ) -> None:
        """That the gate let nothing through, and by which error (FG-N01, FG-N06)."""
        notice = self.rules.notice
        use = notice.purpose(self.rules.purpose) if notice is not None else None
        record = compose_record(
            decision_id=new_decision_id(),
            moment=moment,
            labels=software_labels(),
            bundles=refused_bundles(self.rules, self.stages),
            asset=AssetEntry(media_type=_NOT_LOOKED_AT, width_px=0, height_px=0, salt=new_salt()),
            purpose=self.rules.purpose,
            disclosure=use.disclosure if use is not None else None,
            faces=(),
            action=Action.REFUSE,
            functions=functions,
            captured_at=captured_at,
            error=error.code,
        )
        with contextlib.suppress(FaceguardError):  # nothing leaves either way, and the refusal is the one to tell of
            self.sink.append(record)

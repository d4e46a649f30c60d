"""The record of one asset: what came in, what the policy was asked, what it answered, what went out.

One record stands for one asset and holds one entry for each face or track (FG-D01), as a question (`input`) and its
answer (`result`), joined by `index`. The outer names are those of Open Policy Agent's decision log. With the policy,
the notice and the consents that it names, a record is enough to ask every question again (FG-D03).

What a record never holds (FG-D02): a crop, an embedding, a name, an estimated age, an exact place in the picture. A
person's key and the picture are named by salted hashes; the salt stands beside them, so that whoever holds the picture
or the key can check that it is the one meant, and nobody can look for it across records.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from faceguard.types import (
    AgeStatus,
    AgeUnknownReason,
    ConsentGiver,
    Disclosure,
    Effect,
    Function,
    GuardianLevel,
    LinkMethod,
    Reason,
    RedactionClass,
)

COARSE_CELLS = 16
"""A face's place is told on a grid of so many cells each way, rounded outwards: enough to say which face is meant."""


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


Sha256Hex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
Cell = Annotated[int, Field(ge=0, le=COARSE_CELLS)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


# ---------------------------------------------------------------------------------------------- what was used


class DocumentEntry(_Part):
    """One exact text: the policy or the notice."""

    id: str
    version: str
    sha256: Sha256Hex


class PolicyEntry(DocumentEntry):
    weakened_from_preset: tuple[str, ...] = ()
    """Every rule in which the policy is weaker than the preset it names (FG-P03)."""


class ModelEntry(_Part):
    id: str
    sha256: Sha256Hex
    role: str = ""


class NoticeException(_Part):
    """Why there was no notice: only by an exception that the policy knows, never in silence (FG-N08)."""

    code: str
    reason: str
    approved_by: str


class Bundles(_Part):
    """The texts and models that a decision rests on, each by its digest."""

    policy: PolicyEntry
    notice: DocumentEntry | None = None
    notice_exception: NoticeException | None = None
    models: tuple[ModelEntry, ...] = ()
    consent_register_sha256: Sha256Hex | None = None
    consent_register_issued_at: Moment | None = None
    """When the register was last sealed: how old its list of revocations was (since schema version 2)."""
    consent_register_entries: int | None = None
    """How many statements it held, whose SHA-256 is the next: a register only grows, so a later one begins with them.
    None if there was no register, or one that was not believed."""
    consent_register_entries_sha256: Sha256Hex | None = None


# --------------------------------------------------------------------------------------------------- question


class AssetEntry(_Part):
    """What came in. `salted_sha256` is `salted_digest(salt, bytes of the file)`, None for pixels handed in memory."""

    media_type: str
    width_px: int
    height_px: int
    salt: Annotated[str, Field(pattern=r"^[0-9a-f]{32,}$")]
    salted_sha256: Sha256Hex | None = None
    frames: int = 1
    duration_s: float | None = None


class DetectionEntry(_Part):
    """How the face was found: by which model (`operator`: named by hand), in which band of its score, roughly where."""

    model_id: str
    confidence_band: Annotated[str, Field(pattern=r"^0\.\d-(0\.\d|1\.0)$")]
    coarse_box: tuple[Cell, Cell, Cell, Cell]
    """`(x0, y0, x1, y1)` in sixteenths of the picture, half-open, rounded outwards."""


class AgeEntry(_Part):
    """What was concluded of the age, and the limits in force when it was (FG-A04). No age of a person (FG-A08)."""

    status: AgeStatus
    unknown_reason: AgeUnknownReason | None = None
    threshold_years: float | None = None
    challenge_age_years: float | None = None
    under_guardian_age: bool | None = None
    """Whether it was, or could be, under the age up to which a guardian decides (since schema version 2)."""


class SubjectEntry(_Part):
    """Who the operator said it was: the asset's salt and the key hashed, and by which way of linking (FG-C14)."""

    salted_key_sha256: Sha256Hex
    linked_by: LinkMethod


class FindingEntry(_Part):
    """What the register said of one consent, or of a request to stop, for this face, use and moment.

    `valid` with no `reasons`, or why it doesn't hold; `record_id` is empty when nothing in the register was believed.
    """

    record_id: str
    given_by: ConsentGiver
    valid: bool
    reasons: tuple[Reason, ...] = ()
    state: str | None = None
    guardian_level: GuardianLevel | None = None
    covers_release: bool = False
    written_release: bool = False
    best_interests_ref: str | None = None
    subject_is_minor: bool | None = None
    cessation: bool = False


class FaceInput(_Part):
    index: int
    detection: DetectionEntry
    age: AgeEntry
    subject: SubjectEntry | None = None
    findings: tuple[FindingEntry, ...] | None = None
    """All that the register said, in its order; None in records of schema version 1."""
    first_frame: int | None = None
    last_frame: int | None = None


class ChallengeEntry(_Part):
    """The challenge age in force (FG-A04), in years, what the policy declares, and what it comes from."""

    years: float
    declared_years: float
    basis: str
    calibration_id: str = ""


class ScopeEntry(_Part):
    """What of the asset a consent's scope may name: the operator's own words, which should be no person's name.

    `salted_file_sha256` is `salted_digest(salt, the file's SHA-256 as hex)`: a consent that names a file can be held
    against it without the file.
    """

    event: str | None = None
    collection: str | None = None
    place: str | None = None
    salted_file_sha256: Sha256Hex | None = None


class Input(_Part):
    asset: AssetEntry
    purpose: str
    disclosure: Disclosure | None = None
    """None if the gate refused because the notice doesn't have the purpose."""
    faces: tuple[FaceInput, ...]
    functions: tuple[Function, ...] | None = None
    """What ran, or would have run: the notice had to name each (since schema version 2)."""
    captured_at: Moment | None = None
    """When the picture was taken, if the operator said so: then the notice had to be in force."""
    challenge: ChallengeEntry | None = None
    scope: ScopeEntry | None = None


# ----------------------------------------------------------------------------------------------------- answer


class ConsentEntry(_Part):
    """The consent that was relied on or refused."""

    record_id: str
    state: str | None = None
    guardian_level: str | None = None


class FaceAnswer(_Part):
    index: int
    effect: Effect
    reason_codes: Annotated[tuple[Reason, ...], Field(min_length=1)]
    rule_path: tuple[str, ...]
    consent: ConsentEntry | None = None
    best_interests_ref: str | None = None


class RedactionEntry(_Part):
    """How faces were covered: `region` says what of a person (face, head), `margin` how much more, as a fraction."""

    redaction_class: RedactionClass
    method: str
    region: str
    margin: float
    parameters: dict[str, str | int | float | bool] = {}


class OutputEntry(_Part):
    media_type: str
    sha256: Sha256Hex
    size_bytes: int


class Action(StrEnum):
    """What became of the asset."""

    RELEASE = "release"
    """The safe picture left, with every face that was not allowed covered."""
    DRY_RUN = "dry_run"
    """Decided, nothing written."""
    WITHHOLD = "withhold"
    """An error: nothing left."""
    ERASE = "erase"
    """An output that was released before is deleted: by request, or because its time is over."""
    REFUSE = "refuse"
    """The policy or the notice forbade to look at all."""


class Override(_Part):
    """An operator's own word against the policy's, and who allowed it."""

    who: str
    why: str
    approved_by: str


class StatisticsEntry(_Part):
    """On what terms counts were given (FG-S01, FG-S03), and what of a privacy budget they took; no count."""

    mode: str
    min_cell: int
    interval_s: int
    bands: tuple[str, ...]
    epsilon: float | None = None
    epsilon_spent: float | None = None
    """The most that was spent on any one source so far, this answer included."""
    mechanism: str | None = None
    announcement_url: str | None = None
    agreement_id: str | None = None
    no_redistribution: bool = False


class Result(_Part):
    action: Action
    faces: tuple[FaceAnswer, ...]
    redaction: RedactionEntry | None = None
    output: OutputEntry | None = None
    release_basis: Literal["consent"] | None = None
    """On what footing pictures went to third parties; there is no other (FG-T03). None for use in place."""
    error: str | None = None
    """Name of the error that made the output be withheld; never its message, which may quote a file's name."""
    operator_override: Override | None = None
    statistics: StatisticsEntry | None = None


# ----------------------------------------------------------------------------------------------------- record


class AuditRecord(_Part):
    """One asset's record, as it stands in the log."""

    schema_version: Literal["1", "2"] = "2"
    """2 holds every input of a decision; 1 lacks what is marked so above, and can be checked but not replayed."""
    decision_id: Annotated[str, Field(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")]
    timestamp: Moment
    labels: dict[str, str]
    """The SDK's version and those of the libraries that a replay needs, by distribution name."""
    bundles: Bundles
    input: Input
    result: Result
    seeds: dict[str, int] = {}
    statistics_mode: bool = False

    @model_validator(mode="after")
    def _tells_the_whole_story(self) -> Self:
        if [face.index for face in self.input.faces] != [face.index for face in self.result.faces]:
            raise ValueError("every face that was asked about needs its answer, in the same order")
        if self.input.disclosure is None and self.result.action is not Action.REFUSE:
            raise ValueError("what was asked about needs a use: in place or to third parties")
        if self.statistics_mode != (self.result.statistics is not None) or (self.statistics_mode and self.input.faces):
            raise ValueError("statistics mode records its terms, and no faces (FG-S02)")
        if self.result.action is Action.RELEASE:
            if self.bundles.notice is None and self.bundles.notice_exception is None:
                raise ValueError("nothing is released without a notice or a named exception (FG-N01, FG-N08)")
            redacted = any(face.effect is Effect.REDACT for face in self.result.faces)
            if redacted and self.result.redaction is None:
                raise ValueError("a redacted face needs the way in which it was redacted")
        return self

    def document(self) -> dict[str, Any]:
        """The JSON value that is hashed, signed and written."""
        return self.model_dump(mode="json", exclude_none=True)


# ---------------------------------------------------------------------------------------------------- hashing


def salted_digest(salt: str, chunks: Iterable[bytes]) -> str:
    """SHA-256 over the salt's bytes (given as hex) and then `chunks`, as hex."""
    state = hashlib.sha256(bytes.fromhex(salt))
    for chunk in chunks:
        state.update(chunk)
    return state.hexdigest()

"""The policy file, as strict types. Every rule says what it rests on, where that is written, and since when it holds.

Only TOML of exactly this shape is a policy (FG-P01): an unknown key, a missing source or an untagged value is an error.
A rule's type carries the order in which it is stricter, so that comparing and merging need no list of their own.
Units stand in the names of the keys. `source` names entries of `[[sources]]`.
"""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from faceguard.policy.policy_terms import (
    Basis,
    C2paRule,
    ConsentMethod,
    DetectorTier,
    IndividualNoticeRule,
    LegalStatus,
    Locale,
    NoticeExceptionCode,
    NoticeItem,
    PlacementKind,
    RedactionExtent,
    RedactWhen,
    RegionPrecision,
    ThirdPartyRule,
    WhenTrackingLost,
)
from faceguard.policy.strictness import Stricter
from faceguard.signing import digest
from faceguard.types import DocumentRef, GuardianLevel, RedactionClass

SCHEMA_VERSION = 1

NonBlank = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._+-]*$", max_length=200)]
Version = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z.+-]*$", max_length=100)]
InForceFrom = date | Literal["not_set"]


class Strict(BaseModel):
    """Base of every document from outside: frozen, no unknown keys, no silent conversions."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


# ------------------------------------------------------------------------------------------------ provenance


class Source(Strict):
    """A text that rules refer to by `id`."""

    id: Identifier
    title: NonBlank
    url: str = ""
    note: str = ""


class Provenance(Strict):
    """What a rule rests on (`basis`), where that is written (`source`), and since when it holds."""

    basis: tuple[Basis, ...] = Field(min_length=1)
    source: tuple[Identifier, ...] = Field(min_length=1)
    in_force_from: InForceFrom
    note: str = ""

    @field_validator("basis", "source", mode="after")
    @classmethod
    def _as_sets(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """Their order says nothing, so there is but one."""
        return tuple(sorted(set(value)))


T = TypeVar("T")


class Rule(Provenance, Generic[T]):
    """One value of a policy, with its provenance."""

    value: T


# -------------------------------------------------------------------------------------------------- sections

Years = Annotated[float, Field(ge=0, le=120)]
Days = Annotated[int, Field(ge=0, le=36_500)]
Hours = Annotated[int, Field(ge=0, le=876_000)]
Share = Annotated[float, Field(ge=0, le=1)]


class AgeRules(Strict):
    """Who may be a child. Ages in years; a face is an adult's only from the challenge age up (FG-A02)."""

    guardian_consent_age_years: Annotated[Rule[Annotated[int, Field(ge=13, le=21)]], Stricter.HIGHER]
    best_interests_age_years: Annotated[Rule[Annotated[int, Field(ge=13, le=21)]], Stricter.HIGHER]
    challenge_age_calibrated_years: Annotated[Rule[Years], Stricter.HIGHER]
    challenge_age_uncalibrated_years: Annotated[Rule[Years], Stricter.HIGHER]
    min_buffer_years: Annotated[Rule[Annotated[float, Field(ge=2, le=20)]], Stricter.HIGHER]
    max_false_adult_rate: Annotated[Rule[Annotated[float, Field(gt=0, le=0.05)]], Stricter.LOWER]
    """Largest share of people one year below the threshold who may pass as adults."""
    min_face_px: Annotated[Rule[Annotated[int, Field(ge=16, le=1000)]], Stricter.HIGHER]
    """Shorter side of a face, in source pixels, below which no age is estimated (FG-A06)."""
    unknown_action: Annotated[Rule[Literal["redact"]], Stricter.FIXED]


class NoticeRules(Strict):
    """What must be said, where, and in which languages, before anything runs."""

    required_items: Annotated[dict[NoticeItem, Provenance], Stricter.MORE]
    recommended_items: Annotated[Rule[tuple[NoticeItem, ...]], Stricter.MORE]
    """Good to have, or needed only if the thing is done at all; `faceguard notice check` names the absent ones."""
    first_layer_items: Annotated[Rule[tuple[NoticeItem, ...]], Stricter.MORE]
    placements_required: Annotated[Rule[tuple[PlacementKind, ...]], Stricter.MORE]
    locales: Annotated[Rule[tuple[Locale, ...]], Stricter.MORE]
    child_readable: Annotated[Rule[bool], Stricter.YES]
    legal_basis_per_purpose: Annotated[Rule[bool], Stricter.YES]
    private_places_allowed: Annotated[Rule[bool], Stricter.NO]
    exceptions_allowed: Annotated[Rule[tuple[NoticeExceptionCode, ...]], Stricter.FEWER]


class ConsentRules(Strict):
    """What a consent must be to count. Who must consent at all stands in `redact_when`."""

    min_guardian_level: Annotated[Rule[GuardianLevel], Stricter.LATER]
    min_guardian_level_release: Annotated[Rule[GuardianLevel], Stricter.LATER]
    allowed_methods: Annotated[Rule[tuple[ConsentMethod, ...]], Stricter.FEWER]
    max_duration_days: Annotated[Rule[Annotated[int, Field(ge=1, le=1096)]], Stricter.LOWER]
    separate_disclosure: Annotated[Rule[bool], Stricter.YES]
    offline_staleness_hours: Annotated[Rule[Annotated[int, Field(ge=1, le=720)]], Stricter.LOWER]
    guardian_adult_age_years: Annotated[Rule[Annotated[int, Field(ge=18, le=21)]], Stricter.HIGHER]
    max_children_per_guardian: Annotated[Rule[Annotated[int, Field(ge=1, le=1000)]], Stricter.LOWER]


class RedactionRules(Strict):
    """How faces are covered."""

    redaction_class: Annotated[Rule[RedactionClass], Stricter.EARLIER] = Field(alias="class")
    method: Annotated[Rule[Literal["solid"]], Stricter.FIXED]
    """The default method; another one is the caller's choice and must reach `class`."""
    region: Annotated[Rule[RedactionExtent], Stricter.LATER]
    margin: Annotated[Rule[Annotated[float, Field(ge=0, le=2)]], Stricter.HIGHER]
    """Added on each side, as a share of the box."""
    video_dilation_s: Annotated[Rule[Annotated[float, Field(ge=0, le=60)]], Stricter.HIGHER]
    when_tracking_lost: Annotated[Rule[WhenTrackingLost], Stricter.LATER]
    """The least that is done; a caller may ask for more."""
    metadata: Annotated[Rule[Literal["strip"]], Stricter.FIXED]
    verify_output: Annotated[Rule[Literal[True]], Stricter.FIXED]
    """What was written is read back and compared with what was meant."""
    redetect_output: Annotated[Rule[bool], Stricter.YES]
    """A second detector looks for faces in what was written, before it is released."""


class MediaRules(Strict):
    """How far the files that come in are trusted."""

    untrusted_input: Annotated[Rule[bool], Stricter.YES]
    """Each file is read and handled in a process of its own, with limits on memory and time."""


class DetectionRules(Strict):
    """How hard faces are looked for, and from which score (0..1, as the tier gives it) one is sure to be a face."""

    tier: Annotated[Rule[DetectorTier], Stricter.LATER]
    confident_score: Annotated[Rule[Annotated[float, Field(gt=0, le=1)]], Stricter.HIGHER]
    """Detections below this are faces of unknown age (`low_confidence`)."""


class BiometricsRules(Strict):
    """faceguard holds no recogniser, so nothing else than False can be held (FG-A09)."""

    identification_allowed: Annotated[Rule[Literal[False]], Stricter.FIXED]
    embedding_allowed: Annotated[Rule[Literal[False]], Stricter.FIXED]


class StatisticsRules(Strict):
    """Statistics-only use: aggregates, never a picture."""

    enabled: Annotated[Rule[bool], Stricter.NO]
    readiness_mode: Annotated[Rule[bool], Stricter.NO]
    """May be tried out, labelled as such, before the law that allows it is in force."""
    min_cell: Annotated[Rule[Annotated[int, Field(ge=1, le=1_000_000)]], Stricter.HIGHER]
    announcement_required: Annotated[Rule[bool], Stricter.YES]
    agreement_required: Annotated[Rule[bool], Stricter.YES]


class RetentionRules(Strict):
    """How long things may be kept. Originals: 0 by default (FG-T01)."""

    originals_hours: Annotated[Rule[Hours], Stricter.LOWER]
    originals_reason: str = ""
    """Why originals are kept longer than the usual cap of 72 hours; needed in the EU and the UK."""
    redacted_days: Annotated[Rule[Days], Stricter.LOWER]
    decisions_days: Annotated[Rule[Days], Stricter.LOWER]
    consent_days: Annotated[Rule[Days], Stricter.LOWER]
    """How long a consent record is kept after it ended."""


class ReleaseRules(Strict):
    """Giving pictures to third parties."""

    third_party: Annotated[Rule[ThirdPartyRule], Stricter.LATER]
    cross_border: Annotated[Rule[ThirdPartyRule], Stricter.LATER]
    opt_out_allowed: Annotated[Rule[Literal[False]], Stricter.FIXED]
    """Silence is never a footing for release (FG-T03)."""


class RightsRules(Strict):
    """What people may ask for, regardless of fault (FG-T02)."""

    cessation: Annotated[Rule[Literal[True]], Stricter.FIXED]
    erasure: Annotated[Rule[bool], Stricter.YES]
    answer_within_days: Annotated[Rule[Annotated[int, Field(ge=0, le=365)]], Stricter.LOWER]


class BreachRules(Strict):
    """Whom to tell of a leak, and by when."""

    authorities: Annotated[Rule[tuple[NonBlank, ...]], Stricter.MORE]
    preliminary_hours: Annotated[Rule[Hours], Stricter.LOWER]
    final_days: Annotated[Rule[Days], Stricter.LOWER]
    individual_notice: Annotated[Rule[IndividualNoticeRule], Stricter.LATER]


class ProvenanceRules(Strict):
    """What a signed output may say of its origin."""

    c2pa: Annotated[Rule[C2paRule], Stricter.LATER]
    thumbnails: Annotated[Rule[Literal["none"]], Stricter.FIXED]
    region_precision: Annotated[Rule[RegionPrecision], Stricter.LATER]


class LocalText(Strict):
    """One text in both languages."""

    ja: str = ""
    en: str = ""


class Policy(Strict):
    """A whole policy, every rule resolved. Made by `load_policy` and `merge_policies`."""

    schema_version: Literal[1]
    policy_id: Identifier
    version: Version
    title: LocalText
    jurisdictions: tuple[NonBlank, ...]
    legal_status: LegalStatus
    in_force_from: InForceFrom
    latest_in_force: date | None = None
    last_verified: date
    sources: tuple[Source, ...] = Field(min_length=1)
    weakened_from_preset: tuple[str, ...] = ()
    """`preset:key` of each rule that was weakened by name (FG-P03)."""

    age: AgeRules
    notice: NoticeRules
    consent: ConsentRules
    redact_when: Annotated[dict[RedactWhen, Provenance], Stricter.MORE]
    redaction: RedactionRules
    media: MediaRules
    detection: DetectionRules
    biometrics: BiometricsRules
    statistics: StatisticsRules
    retention: RetentionRules
    release: ReleaseRules
    rights: RightsRules
    breach: BreachRules
    provenance: ProvenanceRules

    @cached_property
    def content(self) -> dict[str, Any]:
        """The policy as a JSON value, as it is hashed."""
        return self.model_dump(mode="json", by_alias=True)

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the RFC 8785 form of `content`, hex."""
        return digest(self.content)

    @property
    def ref(self) -> DocumentRef:
        return DocumentRef(self.policy_id, self.version, self.sha256)

    def redacts_when(self, condition: RedactWhen) -> bool:
        return condition in self.redact_when

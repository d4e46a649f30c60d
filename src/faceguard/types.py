"""The nouns, in the order in which the data flows.

Conventions
    Pixels   a box is half-open, `x0 <= x < x1`, in pixels of the frame *as a person sees it* (orientation applied),
             origin top left, x to the right, y down. Colour arrays are `(H, W, 3)` in B, G, R order.
    Ages     in years. An age is an estimate with its error, or a reason why there is none; never a bare number or None.
    Time     `pts_s` is seconds from the start of a medium; a moment is an aware `datetime` in UTC, always passed in.
    Effects  unknown, empty and error all mean `Effect.REDACT`.

Everything here is frozen. A stage returns a new value; nothing is enriched in place.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


# --------------------------------------------------------------------------------------------------- frames


class PixelFormat(StrEnum):
    """How the planes of a `Frame` hold its colours."""

    BGR = "bgr"
    """One plane `(H, W, 3)`, uint8 or uint16, full range."""
    YUV420 = "yuv420"
    """Three planes Y `(H, W)`, U and V `(ceil(H/2), ceil(W/2))`; uint8, or uint16 with 10 bits used."""
    YUV422 = "yuv422"
    YUV444 = "yuv444"


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture in its native pixels.

    `planes` are arrays as `format` says and are not to be written to. `alpha` is `(H, W)` of the same dtype, or None.
    """

    planes: tuple[NDArray[Any], ...]
    format: PixelFormat = PixelFormat.BGR
    index: int = 0
    pts_s: float = 0.0
    alpha: NDArray[Any] | None = None

    @property
    def height(self) -> int:
        return int(self.planes[0].shape[0])

    @property
    def width(self) -> int:
        return int(self.planes[0].shape[1])


# ----------------------------------------------------------------------------------------------- detections


@dataclass(frozen=True, slots=True)
class Box:
    """Half-open rectangle `[x0, x1) x [y0, y1)` in frame pixels, floats; finite, with positive width and height."""

    x0: float
    y0: float
    x1: float
    y1: float

    def __post_init__(self) -> None:
        if not all(math.isfinite(v) for v in (self.x0, self.y0, self.x1, self.y1)):
            raise ValueError(f"a box needs finite corners, got {(self.x0, self.y0, self.x1, self.y1)}")
        if self.x1 <= self.x0 or self.y1 <= self.y0:
            raise ValueError(f"a box needs positive width and height, got {(self.x0, self.y0, self.x1, self.y1)}")

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    @property
    def area(self) -> float:
        return self.width * self.height

    @property
    def centre(self) -> tuple[float, float]:
        return (self.x0 + self.x1) / 2, (self.y0 + self.y1) / 2


Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Landmarks:
    """Five points `(x, y)` in frame pixels; left and right are the viewer's, in an upright picture."""

    left_eye: Point
    right_eye: Point
    nose: Point
    mouth_left: Point
    mouth_right: Point

    @property
    def points(self) -> tuple[Point, ...]:
        """The five points in the order of the fields."""
        return self.left_eye, self.right_eye, self.nose, self.mouth_left, self.mouth_right


@dataclass(frozen=True, slots=True)
class Detection:
    """A face found in one frame. `score` in 0..1 as the detector gives it; `model_id` names the detector."""

    box: Box
    score: float
    landmarks: Landmarks | None = None
    model_id: str = ""


# --------------------------------------------------------------------------------------------------- tracks


class TrackState(StrEnum):
    """TENTATIVE: seen too few times to trust. CONFIRMED: seen. COASTING: lost for now, position predicted."""

    TENTATIVE = "tentative"
    CONFIRMED = "confirmed"
    COASTING = "coasting"


@dataclass(frozen=True, slots=True)
class Track:
    """A face followed through time, as it stands at one frame. In a photo, each detection is a track of its own."""

    track_id: int
    box: Box
    state: TrackState
    detection: Detection | None = None
    """The detection in this very frame; None while coasting."""
    epoch: int = 0
    """Counts the moments at which this track could have been taken for another (a crossing, a long gap). What is known
    of a face in one epoch says nothing of the next."""


# ------------------------------------------------------------------------------------------------------ age


@dataclass(frozen=True, slots=True, eq=False)
class FaceCrop:
    """A face cut out for the age estimator, with enough context around it for the model's own crop.

    `image` is `(H, W, 3)` BGR uint8; `detection` has its box and landmarks in pixels of `image`; `scale` is how many
    pixels of the source frame one pixel of `image` stands for (1.0 when nothing was resized).
    """

    image: NDArray[np.uint8]
    detection: Detection
    scale: float = 1.0


class AgeUnknownReason(StrEnum):
    """Why no age is given. Policies treat each as a possible minor (FG-A01)."""

    NO_ESTIMATOR = "no_estimator"
    TOO_SMALL = "too_small"
    BLURRED = "blurred"
    TURNED = "turned"
    OCCLUDED = "occluded"
    LIGHTING = "lighting"
    LOW_CONFIDENCE = "low_confidence"
    """The detector is unsure that this is a face, or where it is."""
    DISAGREEMENT = "disagreement"
    """Models, or crops of the same face, disagree by more than the measured limit."""
    CROPPED = "cropped"
    """The face is cut by the edge of the frame."""
    NOT_YET = "not_yet"
    """A track without a good enough crop so far."""


@dataclass(frozen=True, slots=True)
class AgeEstimate:
    """An estimated age with its error.

    `years` is the estimate, `std_years` the spread of the model's own distribution, `lower_years` a lower bound with
    the coverage that the calibration states. `p_under` gives P(age < T) for the thresholds the calibration
    was fitted for, as `(T, probability)` pairs in ascending T. `calibration_id` is ""
    for an uncalibrated model: don't trust its bound.
    """

    years: float
    std_years: float
    lower_years: float
    model_id: str
    calibration_id: str = ""
    p_under: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class AgeUnknown:
    """No age, and why."""

    reason: AgeUnknownReason
    model_id: str = ""


AgeAnswer = AgeEstimate | AgeUnknown


@dataclass(frozen=True, slots=True)
class AgeCalibrationFigures:
    """What was measured of an age model, for the rule that keeps a policy's challenge age honest (FG-A03).

    `challenge_ages` maps `(threshold, max_false_adult_rate)` to the smallest challenge age, in years, that holds this
    rate one year below the threshold, with the confidence that the calibration states. Empty means uncalibrated.
    """

    calibration_id: str
    model_ids: tuple[str, ...]
    challenge_ages: tuple[tuple[float, float, float], ...] = ()
    """Triples `(threshold_years, max_false_adult_rate, challenge_age_years)`."""


class AgeStatus(StrEnum):
    """All that is ever recorded of an age (FG-A08, FG-D02)."""

    ADULT_CLEAR = "adult_clear"
    MINOR_POSSIBLE = "minor_possible"
    MINOR = "minor"
    """Known to be a minor: said by the operator or in a consent, never by an estimate."""
    UNKNOWN = "unknown"


# -------------------------------------------------------------------------------------------------- subjects


class LinkMethod(StrEnum):
    """How a face got its subject (FG-C14)."""

    CALLER = "caller"
    REGION = "region"
    TRACK = "track"
    BADGE = "badge"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class SubjectRef:
    """The operator's own pseudonymous key of a person, and how it was linked to this face (never by matching faces)."""

    key: str
    linked_by: LinkMethod


@dataclass(frozen=True, slots=True)
class Subject:
    """All that a policy may know of a face: its region's or track's `index`, its age answer, who it is said to be."""

    index: int
    age: AgeAnswer
    ref: SubjectRef | None = None
    declared_age: int | None = None
    """Said by the person or operator; may only lower the decision (FG-A07)."""


@dataclass(frozen=True, slots=True)
class SubjectRegion:
    """The operator's word that the face centred in `box` is `key`'s.

    Doubt (a face in two regions, two faces in one) gives nobody's consent to a face, and takes nobody's objection.
    """

    key: str
    box: Box
    declared_age: int | None = None
    frame_index: int = 0
    """The page of a document or the frame of an animation that the word is about."""


# ------------------------------------------------------------------------------------------------- decisions


class Function(StrEnum):
    """What faceguard does to a picture; a notice must name each that is in use (FG-N03)."""

    FACE_DETECTION = "face_detection"
    TRACKING = "tracking"
    AGE_ESTIMATION = "age_estimation"
    REDACTION = "redaction"
    BADGE_READING = "badge_reading"
    STATISTICS = "statistics"


ALWAYS_IN_USE = frozenset({Function.FACE_DETECTION, Function.AGE_ESTIMATION, Function.REDACTION})
"""What runs for every picture with the shipped models; a video also tracks."""


class Disclosure(StrEnum):
    """Where the output goes: use in place, or release to third parties. Different questions with different consents."""

    IN_PLACE = "in_place"
    THIRD_PARTY = "third_party"


class Effect(StrEnum):
    """What happens to a face."""

    KEEP = "keep"
    REDACT = "redact"


class RedactionClass(StrEnum):
    """What a method can be trusted to do. Only IRREVERSIBLE leaves nothing to invert; COSMETIC satisfies no policy."""

    IRREVERSIBLE = "irreversible"
    STRONG = "strong"
    COSMETIC = "cosmetic"


class Reason(StrEnum):
    """Stable codes of why a face is kept or redacted."""

    # kept
    ADULT_IN_PLACE = "adult_in_place"
    CONSENT_VALID = "consent_valid"
    GUARDIAN_CONSENT_VALID = "guardian_consent_valid"
    # redacted: the rules
    CESSATION_REQUESTED = "cessation_requested"
    AGE_UNKNOWN = "age_unknown"
    MINOR_POSSIBLE = "minor_possible"
    MINOR_DECLARED = "minor_declared"
    NO_GUARDIAN_CONSENT = "no_guardian_consent"
    NO_CONSENT = "no_consent"
    RELEASE_WITHOUT_CONSENT = "release_without_consent"
    WRITTEN_RELEASE_REQUIRED = "written_release_required"
    NO_BEST_INTERESTS_REFERENCE = "no_best_interests_reference"
    LOW_CONFIDENCE_DETECTION = "low_confidence_detection"
    POLICY_ALWAYS = "policy_always"
    ERROR = "error"
    # redacted: why a consent that was offered does not hold
    CONSENT_UNSIGNED = "consent_unsigned"
    CONSENT_SIGNATURE_INVALID = "consent_signature_invalid"
    CONSENT_KEY_UNKNOWN = "consent_key_unknown"
    CONSENT_MALFORMED = "consent_malformed"
    CONSENT_STATE_NOT_GIVEN = "consent_state_not_given"
    CONSENT_REVOKED = "consent_revoked"
    CONSENT_EXPIRED = "consent_expired"
    CONSENT_NOT_YET_VALID = "consent_not_yet_valid"
    CONSENT_TOO_LONG = "consent_too_long"
    CONSENT_OTHER_PURPOSE = "consent_other_purpose"
    CONSENT_OUT_OF_SCOPE = "consent_out_of_scope"
    CONSENT_NOT_FOR_RELEASE = "consent_not_for_release"
    CONSENT_NOTICE_MISMATCH = "consent_notice_mismatch"
    CONSENT_METHOD_NOT_ALLOWED = "consent_method_not_allowed"
    CONSENT_GUARDIAN_LEVEL_TOO_LOW = "consent_guardian_level_too_low"
    CONSENT_GUARDIAN_INVALID = "consent_guardian_invalid"
    CONSENT_GUARDIAN_OBJECTION = "consent_guardian_objection"
    CONSENT_REAFFIRM_REQUIRED = "consent_reaffirm_required"
    CONSENT_REVOCATION_LIST_STALE = "consent_revocation_list_stale"
    CONSENT_REGISTER_UNTRUSTED = "consent_register_untrusted"


# ------------------------------------------------------------------------------------------------- consents


class GuardianLevel(StrEnum):
    """How well a guardian's identity and authority were checked; the names sort from weak to strong."""

    G0 = "G0"
    """Self-asserted tick box: never enough."""
    G1 = "G1"
    """E-mail or SMS round trip."""
    G2 = "G2"
    """Card transaction, phone identity check, signed form, knowledge questions."""
    G3 = "G3"
    """Government ID, wallet attribute, or in person."""
    G4 = "G4"
    """G3, and proof of parental authority."""


class ConsentGiver(StrEnum):
    """Who expressed a consent."""

    SELF = "self"
    GUARDIAN = "guardian"


@dataclass(frozen=True, slots=True)
class ConsentFinding:
    """What a register says of one record for one subject, use and moment. Signatures are checked by then: no keys here.

    `valid` means that the record holds for this very use; then `reasons` is empty, else it says why not. `cessation`
    marks a request to stop, by the person or a guardian; it wins over every consent. `subject_is_minor` is the record's
    word: True lowers the decision, False never raises it (FG-A07).
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

    def __post_init__(self) -> None:
        if self.valid == bool(self.reasons):
            raise ValueError("a finding is either valid without reasons, or invalid with at least one")


# --------------------------------------------------------------------------------- decisions: the answers


@dataclass(frozen=True, slots=True)
class ModelRef:
    """A model that ran, as the record names it."""

    id: str
    sha256: str
    role: str = ""


@dataclass(frozen=True, slots=True)
class DocumentRef:
    """Names one exact text: id, version and SHA-256 of its canonical form (hex)."""

    id: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What the policy says of one face, and why.

    `index` is the face's number in its asset, from 1. `rule_path` names the engine's numbered rules in the
    order in which they were asked. `challenge_age` and `threshold` are the ones in force when it was made (FG-A04), in
    years; `consent_id` is the record that was relied on or refused.
    """

    index: int
    effect: Effect
    reasons: tuple[Reason, ...]
    rule_path: tuple[str, ...]
    age_status: AgeStatus
    age_unknown_reason: AgeUnknownReason | None = None
    threshold: float | None = None
    challenge_age: float | None = None
    subject: SubjectRef | None = None
    consent_id: str | None = None
    consent_state: str | None = None
    guardian_level: str | None = None
    best_interests_ref: str | None = None
    under_guardian_age: bool | None = None
    """With `findings`, the question that was answered: a record keeps both, so that it can be asked again (FG-D03)."""
    findings: tuple[ConsentFinding, ...] = ()

    def __post_init__(self) -> None:
        if not self.reasons:
            raise ValueError("a decision needs at least one reason")


# ------------------------------------------------------------------------------------------------- redaction


@dataclass(frozen=True, slots=True)
class Region:
    """What is to be covered in one frame: the box with head and margin already added, and the decision's `index`."""

    index: int
    box: Box


@dataclass(frozen=True, slots=True)
class FaceResult:
    """One face of a result: where it was found, what was decided, what was covered (None when kept).

    `frame_index` is the page of a document or the frame of an animation, from 0; `possible_subjects` are the operator's
    keys of people whose face it may be, beyond the one that the decision names.
    """

    detection: Detection
    decision: Decision
    region: Region | None
    frame_index: int = 0
    possible_subjects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class FrameResult:
    """A frame that may leave, and why it looks as it does. `image` is `(H, W, 3)` BGR uint8, a new array."""

    image: NDArray[np.uint8]
    faces: tuple[FaceResult, ...]
    record_id: str
    moment: datetime

    @property
    def decisions(self) -> tuple[Decision, ...]:
        return tuple(face.decision for face in self.faces)


# ---------------------------------------------------------------------------------------------------- stages


class Detector(Protocol):
    """Finds faces. `model_ids` names every model that may run."""

    @property
    def model_ids(self) -> tuple[str, ...]: ...

    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        """Faces of `image`, `(H, W, 3)` BGR uint8, any size; boxes in its pixels, clipped to it, best score first."""
        ...


class Tracker(Protocol):
    """Follows faces from frame to frame of one stream."""

    def update(self, detections: Sequence[Detection], frame_size: tuple[int, int]) -> tuple[Track, ...]: ...


class AgeEstimator(Protocol):
    """Estimates ages. One answer for each crop, in order."""

    @property
    def model_ids(self) -> tuple[str, ...]: ...

    @property
    def figures(self) -> AgeCalibrationFigures: ...

    def estimate(self, crops: Sequence[FaceCrop]) -> tuple[AgeAnswer, ...]: ...


class Redactor(Protocol):
    """Covers regions. `method` is its name on the command line and in records."""

    @property
    def method(self) -> str: ...

    @property
    def redaction_class(self) -> RedactionClass: ...

    def redact(self, frame: Frame, regions: Sequence[Region]) -> Frame:
        """A new frame in which every pixel of every region is covered, rounded outwards and clipped to the frame."""
        ...

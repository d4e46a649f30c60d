"""When not to answer: what can be seen of a face's picture before any age network runs (FG-A06).

`measure` looks, `fault_of` judges. Each limit comes from measured error (docs/age.md, "When it doesn't answer").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceguard.age.align import Geometry, geometry_of
from faceguard.opencv import cv2
from faceguard.types import AgeUnknownReason, FaceCrop, Landmarks


@dataclass(frozen=True, slots=True)
class FaceQuality:
    """Plain measures of one face."""

    face_px: float
    """Shorter side of the box in pixels that were really there: those of the frame, or of the patch if it was
    shrunk."""
    sharpness: float
    """Variance of the Laplacian over the variance of luma, on the aligned 112 px face; falls as detail is lost."""
    luma: float
    """Mean luma of the aligned face, 0..255."""
    contrast: float
    """Standard deviation of luma of the aligned face."""
    yaw: float
    """How far the nose lies from the face's middle line, in distances between the eyes; 0 is frontal."""
    pitch: float
    """How far down from eyes to mouth the nose lies, 0..1; about 0.55 is frontal."""
    narrowness: float
    """Distance between the eyes over the distance from eyes to mouth; 0.96 is frontal, small is a profile."""
    missing: float
    """Share of the core of the face (a square of two spans) that lies outside of the frame."""
    mouth_colour: float
    """How skin-like the colour around the mouth is: redness (a* of CIELAB) there less that of the bridge of the nose,
    plus its spread, in 8-bit units. Lips and skin give 0 and more; cloth and paper are less red than skin, and even."""
    eye_luma: float
    """Luma around the eyes over that of the cheeks and the bridge of the nose; dark glasses make it small."""


@dataclass(frozen=True, slots=True)
class QualityLimits:
    """Beyond these no age is given."""

    min_face_px: float = 32.0
    min_sharpness: float = 0.005
    min_luma: float = 25.0
    max_luma: float = 205.0
    min_contrast: float = 12.0
    max_yaw: float = 0.35
    min_pitch: float = 0.25
    max_pitch: float = 0.85
    min_narrowness: float = 0.75
    max_missing: float = 0.2
    min_mouth_colour: float = -4.0
    min_eye_luma: float = 0.28


LIMITS = QualityLimits()

_CORE_SPANS = 2.0
# Parts of the aligned face as (rows, columns); its eyes lie in row 33, its mouth in row 78.
_NOSE_BRIDGE = (slice(33, 47), slice(47, 62))
_MOUTH = (slice(69, 89), slice(40, 69))
_EYES = ((slice(28, 40), slice(25, 44)), (slice(28, 40), slice(66, 86)))
_CHEEKS = ((slice(50, 62), slice(24, 40)), (slice(50, 62), slice(72, 88)))


def measure(crop: FaceCrop, landmarks: Landmarks, aligned: NDArray[np.uint8]) -> FaceQuality:
    """`aligned` is the same face as `align_for_face_api` gives it with its own margin, `(112, 112, 3)` BGR uint8; a
    mirror image does as well."""
    box = crop.detection.box
    geometry = geometry_of(landmarks)
    luma = np.asarray(cv2.cvtColor(aligned, cv2.COLOR_BGR2GRAY), np.float32)
    variance = float(luma.var())
    edges = np.asarray(cv2.Laplacian(luma, cv2.CV_32F), np.float32)
    yaw, pitch, narrowness = _pose(landmarks, geometry)
    return FaceQuality(
        face_px=min(box.width, box.height) * min(1.0, crop.scale),
        sharpness=float(edges.var()) / max(variance, 1.0),
        luma=float(luma.mean()),
        contrast=variance**0.5,
        yaw=yaw,
        pitch=pitch,
        narrowness=narrowness,
        missing=_missing(crop, geometry),
        mouth_colour=_mouth_colour(aligned),
        eye_luma=_eye_luma(luma),
    )


def fault_of(quality: FaceQuality, limits: QualityLimits = LIMITS) -> AgeUnknownReason | None:
    """The first reason why no age should be given, or None."""
    checks = (
        (quality.face_px < limits.min_face_px, AgeUnknownReason.TOO_SMALL),
        (quality.missing > limits.max_missing, AgeUnknownReason.CROPPED),
        (quality.yaw > limits.max_yaw, AgeUnknownReason.TURNED),
        (not limits.min_pitch <= quality.pitch <= limits.max_pitch, AgeUnknownReason.TURNED),
        (quality.narrowness < limits.min_narrowness, AgeUnknownReason.TURNED),
        (not limits.min_luma <= quality.luma <= limits.max_luma, AgeUnknownReason.LIGHTING),
        (quality.contrast < limits.min_contrast, AgeUnknownReason.LIGHTING),
        (quality.sharpness < limits.min_sharpness, AgeUnknownReason.BLURRED),
        (quality.mouth_colour < limits.min_mouth_colour, AgeUnknownReason.OCCLUDED),
        (quality.eye_luma < limits.min_eye_luma, AgeUnknownReason.OCCLUDED),
    )
    return next((reason for failed, reason in checks if failed), None)


def _pose(landmarks: Landmarks, geometry: Geometry) -> tuple[float, float, float]:
    """Yaw, pitch and narrowness, as `FaceQuality` defines them, from the five points alone."""
    left, right, nose = (np.array(p, np.float64) for p in (landmarks.left_eye, landmarks.right_eye, landmarks.nose))
    mouth = (np.array(landmarks.mouth_left) + np.array(landmarks.mouth_right)) / 2
    eyes = (left + right) / 2
    down: NDArray[np.float64] = np.array(geometry.down)
    across = np.array((down[1], -down[0]))
    eye_distance = max(float(np.hypot(*(right - left))), 1.0)
    height = float((mouth - eyes) @ down)
    # A signed height: with the mouth above the eyes the points are not those of an upright face, and the pitch says so.
    pitch = float((nose - eyes) @ down) / height if height > 0 else -1.0
    yaw = abs(float((nose - (eyes + mouth) / 2) @ across)) / eye_distance
    return yaw, pitch, eye_distance / max(geometry.span_px, 1.0)


def _mouth_colour(aligned: NDArray[np.uint8]) -> float:
    redness = np.asarray(cv2.cvtColor(aligned, cv2.COLOR_BGR2LAB), np.float32)[..., 1]
    mouth = redness[_MOUTH]
    return float(np.median(mouth) - np.median(redness[_NOSE_BRIDGE]) + mouth.std())


def _eye_luma(luma: NDArray[np.float32]) -> float:
    """The brighter eye counts, so that a shadow on one side is not taken for glasses."""
    eyes = max(float(luma[part].mean()) for part in _EYES)
    skin = float(np.median(np.concatenate([luma[part].ravel() for part in (*_CHEEKS, _NOSE_BRIDGE)])))
    return eyes / max(skin, 1.0)


def _missing(crop: FaceCrop, geometry: Geometry) -> float:
    """Share of the core square outside of the patch, whose edges cut into it only where the frame ends."""
    height, width = crop.image.shape[:2]
    half = _CORE_SPANS * geometry.span_px / 2
    x, y = geometry.middle
    inside_x = max(0.0, min(x + half, width) - max(x - half, 0.0))
    inside_y = max(0.0, min(y + half, height) - max(y - half, 0.0))
    return float(1.0 - inside_x * inside_y / max((2 * half) ** 2, 1.0))

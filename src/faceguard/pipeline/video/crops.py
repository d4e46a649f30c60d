"""The best few crops of each face for the age model, gathered while a video is swept."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from faceguard.age.aggregate import NEAR_COPY_S
from faceguard.age.crop import context_box
from faceguard.geometry import clip, move_detection
from faceguard.media.video_frame import VideoPicture
from faceguard.types import Detection, FaceCrop, Track

_BETTER = 1.15
"""A crop replaces another only if it is better by this factor, so that not every frame is cropped."""


@dataclass(frozen=True, slots=True, eq=False)
class _Kept:
    quality: float
    pts_s: float
    crop: FaceCrop


@dataclass(slots=True)
class CropCollector:
    """Keeps at most `max_crops` of each face and epoch; faces under `min_face_px` or `min_score` are left alone."""

    min_face_px: float
    min_score: float
    max_crops: int = 3
    _kept: dict[tuple[int, int], list[_Kept]] = field(default_factory=dict)

    def offer(self, picture: VideoPicture, track: Track) -> None:
        """Takes a crop of `track` in `picture` if it was detected there and is worth it."""
        found = track.detection
        if found is None or found.score < self.min_score:
            return
        if min(found.box.width, found.box.height) < self.min_face_px:
            return
        kept = self._kept.setdefault((track.track_id, track.epoch), [])
        quality = _quality(found)
        rival = self._rival(kept, picture.pts_s)
        if rival is not None and quality < kept[rival].quality * _BETTER:
            return
        crop = _crop(picture, found)
        if crop is None:
            return
        if rival is not None:
            del kept[rival]
        kept.append(_Kept(quality, picture.pts_s, crop))

    def take(self, track_id: int, epochs: int) -> list[list[FaceCrop]]:
        """The crops of each epoch of a face, best first; they are forgotten here."""
        taken = [self._kept.pop((track_id, epoch), []) for epoch in range(epochs)]
        return [[k.crop for k in sorted(kept, key=lambda k: -k.quality)] for kept in taken]

    def _rival(self, kept: list[_Kept], pts_s: float) -> int | None:
        """Which kept crop a new one would have to replace; None while there is room."""
        for place, other in enumerate(kept):
            if abs(pts_s - other.pts_s) < NEAR_COPY_S:
                return place
        if len(kept) < self.max_crops:
            return None
        return min(range(len(kept)), key=lambda place: kept[place].quality)


def _quality(found: Detection) -> float:
    """Larger, surer and more frontal is better; in pixels."""
    return found.score * min(found.box.width, found.box.height, 200.0) * _frontal(found)


def _frontal(found: Detection) -> float:
    """0.1 for a profile to 1 for a face whose nose lies on its middle line."""
    points = found.landmarks
    if points is None:
        return 0.1
    middle = (points.left_eye[0] + points.right_eye[0] + points.mouth_left[0] + points.mouth_right[0]) / 4
    apart = math.dist(points.left_eye, points.right_eye)
    return max(0.1, 1 - 2 * abs(points.nose[0] - middle) / max(apart, 1.0))


def _crop(picture: VideoPicture, found: Detection) -> FaceCrop | None:
    window = clip(context_box(found), *picture.track.upright_size)
    if window is None:
        return None
    image, (x, y) = picture.crop_bgr(window)
    return FaceCrop(image, move_detection(found, -x, -y))

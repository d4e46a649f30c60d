"""What a signed manifest says of a picture or a video: the covered regions, as exactly as the policy allows."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator, Sequence

from faceguard.errors import PolicyError
from faceguard.pipeline.picture.cover import CoveredPicture
from faceguard.pipeline.rules import BoundRules
from faceguard.pipeline.stages import Stages
from faceguard.pipeline.video.plan import PlannedTrack, VideoPlan
from faceguard.policy.document import Policy
from faceguard.policy.policy_terms import C2paRule
from faceguard.provenance.signer import OutputSigner
from faceguard.provenance.source_type import source_type_of
from faceguard.provenance.statement import EditStatement, Precision, RedactedRegion
from faceguard.types import Box


def require_signer(policy: Policy, signer: OutputSigner | None) -> None:
    """Raises PolicyError when the policy lets nothing out unsigned and there is nothing to sign with."""
    if policy.provenance.c2pa.value is C2paRule.REQUIRED and signer is None:
        raise PolicyError(
            f"`{policy.policy_id}` asks for a signed C2PA manifest in every output; pass `--c2pa-cert`, `--c2pa-key`",
            key="provenance.c2pa",
        )


def require_file(policy: Policy) -> None:
    """Raises PolicyError for pixels that are given out without a file when the policy asks for a manifest."""
    if policy.provenance.c2pa.value is C2paRule.REQUIRED:
        raise PolicyError(
            f"`{policy.policy_id}` asks for a signed C2PA manifest, and bare pixels can't hold one; redact files",
            key="provenance.c2pa",
        )


def picture_statement(bound: BoundRules, stages: Stages, covered: CoveredPicture, media_type: str) -> EditStatement:
    """What was covered in a picture."""
    frames = covered.after.frames
    regions = [
        _share(region.box, (frame.width, frame.height), (number, number) if len(frames) > 1 else None)
        for number, (frame, regions) in enumerate(zip(frames, covered.regions, strict=True))
        for region in regions
    ]
    return _statement(bound, stages, regions, media_type, chosen_by_person=False)


def video_statement(bound: BoundRules, stages: Stages, plan: VideoPlan, media_type: str) -> EditStatement:
    """What was covered in a video: for each face the area that it moved in, and when; likewise an operator's zones."""
    regions = [region for track in plan.tracks for region in _track_regions(track, plan)]
    chosen = bool(plan.zones.always) or bool(plan.also_cover)
    return _statement(bound, stages, regions, media_type, chosen_by_person=chosen)


def _track_regions(track: PlannedTrack, plan: VideoPlan) -> Iterator[RedactedRegion]:
    whole = (0, max(track.frame_count - 1, 0))
    for face in track.faces:
        if face.is_covered or face.index in plan.also_cover:
            boxes = face.path.boxes
            area = Box(*(float(side) for side in (*boxes[:, 4:6].min(axis=0), *boxes[:, 6:8].max(axis=0))))
            yield _share(area, track.size, (face.first_frame, face.last_frame))
    for zone in plan.zones.always:
        yield _share(zone.box, track.size, whole)
    if track.lost_spans:
        yield _share(Box(0, 0, *track.size), track.size, whole)


def _statement(
    bound: BoundRules, stages: Stages, regions: Sequence[RedactedRegion], media_type: str, *, chosen_by_person: bool
) -> EditStatement:
    method = stages.redactor.method
    return EditStatement(
        media_type=media_type,
        method=method,
        source_type=source_type_of(method, chosen_by_person=chosen_by_person),
        regions=tuple(regions),
        precision=Precision(bound.policy.provenance.region_precision.value),
        version=importlib.metadata.version("faceguard-sdk"),
    )


def _share(box: Box, size: tuple[int, int], frames: tuple[int, int] | None) -> RedactedRegion:
    width, height = size
    return RedactedRegion(box.x0 / width, box.y0 / height, box.x1 / width, box.y1 / height, frames)

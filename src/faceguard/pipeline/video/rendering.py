"""The second sweep: what a plan says is covered, written, and looked at once more."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from faceguard.errors import DecodeError, EncodeError, SafetyError
from faceguard.media.video_frame import VideoPicture
from faceguard.media.video_info import MediaInfo
from faceguard.pipeline.rules import BoundRules
from faceguard.pipeline.stages import Stages
from faceguard.pipeline.verify import require_nothing_embedded
from faceguard.pipeline.video.job import Progress, VideoJob, counting_of
from faceguard.pipeline.video.plan import VideoPlan
from faceguard.pipeline.video.render import RenderedVideo, render_to
from faceguard.pipeline.video.segments import Segments, render_in_segments
from faceguard.pipeline.video.verify import SecondLook, bare_moments, covering_also, still_bare
from faceguard.redaction.planes import PlaneRedactor


@dataclass(frozen=True, slots=True, eq=False)
class Rendering:
    """The second sweep of one file, and the second look at what it wrote."""

    stages: Stages
    bound: BoundRules
    job: VideoJob
    info: MediaInfo
    redactor: PlaneRedactor
    segments: Segments | None

    def to(self, partial: Path, target: Path, plan: VideoPlan) -> tuple[VideoPlan, RenderedVideo, int]:
        """Writes `partial`. Returns the plan that was carried out, and how many finds of a second look it covers more.

        Raises BareFaceError when faces still show after those were covered.
        """
        verifier = self.stages.verifier
        looks = {track.track_index: SecondLook.of(track, plan) for track in plan.tracks} if verifier else {}
        rendered = self._render(partial, target, plan, looks)
        if verifier is None:
            return plan, rendered, 0
        bare = bare_moments(partial, looks, verifier)
        if bare:
            plan = covering_also(plan, bare, self.bound.region_of)
            looks = {track.track_index: SecondLook.of(track, plan) for track in plan.tracks}
            rendered = self._render(partial, target, plan, looks)
            left = bare_moments(partial, looks, verifier)
            if left:
                raise still_bare(left)
        require_nothing_embedded(partial, verifier)
        return plan, rendered, len(bare)

    def _render(self, partial: Path, target: Path, plan: VideoPlan, looks: Mapping[int, SecondLook]) -> RenderedVideo:
        job, margin = self.job, self.bound.policy.redaction.margin.value
        coverings = {track.track_index: track.covering(margin, plan.zones, plan.also_cover) for track in plan.tracks}
        rendered = self._in_segments(partial, target, plan, looks)
        if rendered is None:
            rendered = render_to(
                partial, target, job.source, self.info, coverings, self.redactor, job.render, self._report, looks
            )
        _require_same_pictures(plan, rendered)
        return rendered

    def _in_segments(
        self, partial: Path, target: Path, plan: VideoPlan, looks: Mapping[int, SecondLook]
    ) -> RenderedVideo | None:
        """None where the video isn't divided, or can't be after all; rendering the whole says what is wrong then."""
        job, segments = self.job, self.segments
        if job.division is None or segments is None:
            return None
        covering = plan.tracks[0].covering(self.bound.policy.redaction.margin.value, plan.zones, plan.also_cover)
        for moment in segments.moments(self.info):
            for look in looks.values():
                look.note(moment, covering.at(moment))
        covering = plan.tracks[0].covering(self.bound.policy.redaction.margin.value, plan.zones, plan.also_cover)
        with contextlib.suppress(DecodeError, EncodeError):
            return render_in_segments(
                partial,
                target,
                job.source,
                self.info,
                segments,
                job.division,
                covering,
                self.redactor,
                job.render,
                counting_of("render", job, self.info, segments),
            )
        return None

    def _report(self, picture: VideoPicture) -> None:
        if self.job.on_progress is not None:
            self.job.on_progress(Progress("render", picture.index, picture.pts_s, self.info.duration_s))


def _require_same_pictures(plan: VideoPlan, rendered: RenderedVideo) -> None:
    """A picture that the first sweep didn't see may show a face that nobody looked for."""
    seen = tuple(track.frame_count for track in plan.tracks)
    if seen != rendered.frame_counts:
        raise SafetyError(
            f"{seen} pictures were looked at but {rendered.frame_counts} decoded; nothing was released",
            expected=seen,
            actual=rendered.frame_counts,
        )

"""Videos through the sentence: analyse (nothing is shown), then render (nothing is looked for).

A decision belongs to a track and is the most protective of its whole life (FG-A10), so no picture can be written before
the last one was seen. Hence two sweeps: the first only looks, with a faster decoder, and keeps boxes; the second covers
native planes and encodes. Memory holds a few pictures, whatever the length.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from faceguard.atomic import atomic_path, make_folder
from faceguard.audit.compose import FrameSpan
from faceguard.audit.record import Action, OutputEntry, Override
from faceguard.errors import ConfigurationError, DecodeError, EncodeError, SafetyError
from faceguard.media.isolated import try_video
from faceguard.media.video_codecs import choose_codec, container_for
from faceguard.media.video_frame import VideoPicture
from faceguard.media.video_info import MediaInfo, VideoTrack
from faceguard.media.video_read import Damage, DecodeEffort, VideoReader, probe_video
from faceguard.pipeline.ahead import run_ahead
from faceguard.pipeline.credentials import video_statement
from faceguard.pipeline.face_ages import IsSettled
from faceguard.pipeline.link import Link, Name
from faceguard.pipeline.looks import quick_detector
from faceguard.pipeline.made import made_video
from faceguard.pipeline.rules import AssetScope, BoundRules
from faceguard.pipeline.run import Run
from faceguard.pipeline.segment_join import AgeTerms
from faceguard.pipeline.segment_task import Division, OnPictures
from faceguard.pipeline.stages import Stages
from faceguard.pipeline.sweep import Sweep, Sweeper, SweepSettings, SweptFace
from faceguard.pipeline.verify import look_parameters, require_nothing_embedded
from faceguard.pipeline.verify_video import SecondLook, bare_moments, covering_also, still_bare
from faceguard.pipeline.video_asset import VideoAsset
from faceguard.pipeline.video_link import VideoSubject, link_faces
from faceguard.pipeline.video_plan import PlannedFace, PlannedTrack, VideoPlan, most_protective
from faceguard.pipeline.video_render import RenderedVideo, RenderSettings, queue_items, render_to
from faceguard.pipeline.video_segments import Segments, counting, divide, look_in_segments, render_in_segments
from faceguard.pipeline.zones import Zones
from faceguard.policy.engine import AgeAssessment
from faceguard.redaction.coverage import RegionKind, head_region
from faceguard.redaction.planes import PlaneRedactor
from faceguard.types import Decision, Effect, FaceResult, Function, Region, Subject

TRACKING = frozenset({Function.TRACKING})


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come: `stage` is `analyse` or `render`; `duration_s` is None where the file doesn't say."""

    stage: str
    frame: int
    pts_s: float
    duration_s: float | None


@dataclass(frozen=True, slots=True)
class VideoJob:
    """What is to be done with one file. `target` None decides and records without writing (dry run)."""

    source: Path
    target: Path | None
    zones: Zones = field(default_factory=Zones)
    subjects: Sequence[VideoSubject] = ()
    scope: AssetScope = field(default_factory=AssetScope)
    captured_at: datetime | None = None
    render: RenderSettings = field(default_factory=RenderSettings)
    sweep: SweepSettings = field(default_factory=SweepSettings)
    overwrite: bool = False
    on_progress: Callable[[Progress], None] | None = None
    division: Division | None = None
    """Who works on the segments of a long video; None, and what can't be divided, is done in one piece here."""


@dataclass(frozen=True, slots=True, eq=False)
class VideoReport:
    """What was done with one file, and why. `rendered` is None after a dry run."""

    source: Path
    target: Path | None
    info: MediaInfo
    plan: VideoPlan
    record_id: str
    rules: BoundRules
    rendered: RenderedVideo | None
    segments: int = 1
    """How many parts the video was worked on in."""

    @property
    def redacted_count(self) -> int:
        return sum(face.is_covered for face in self.plan.faces)


def redact_video_file(run: Run, job: VideoJob) -> VideoReport:
    """Analyses and renders in one go. Raises FaceguardError, and then there is no output."""
    bound = run.bind(job.captured_at, also=TRACKING)
    asset = _prepare(job)
    with run.withholding(bound, lambda: asset.entry):
        info = _probe(job, asset, run.stages)
        segments = _divided(run, bound, job, info)
        plan = _analyse(run, bound, job, info, asset, segments)
        return _finish(run, bound, job, info, plan, asset, segments)


def analyse_video_file(run: Run, job: VideoJob) -> tuple[VideoPlan, BoundRules]:
    """Only looks and decides: the plan that a person may edit and `render_video_file` carries out. Nothing is recorded
    before a picture leaves."""
    bound = run.bind(job.captured_at, also=TRACKING)
    asset = _prepare(replace(job, target=None))
    with run.withholding(bound, lambda: asset.entry):
        info = _probe(job, asset, run.stages)
        return _analyse(run, bound, job, info, asset, _divided(run, bound, job, info)), bound


def render_video_file(run: Run, job: VideoJob, read: Callable[[BoundRules], VideoPlan]) -> VideoReport:
    """Carries out a plan made for this very file under this very policy. Raises FaceguardError, then without output."""
    bound = run.bind(job.captured_at, also=TRACKING)
    asset = _prepare(job)
    with run.withholding(bound, lambda: asset.entry):
        plan = read(bound)
        info = _probe(job, asset, run.stages)
        if asset.sha256 != plan.source_sha256:
            raise ConfigurationError(
                f"the plan was made for another file than `{job.source.name}`; analyse this one",
                expected=plan.source_sha256,
                actual=asset.sha256,
            )
        zones = Zones(job.zones.always + plan.zones.always, plan.zones.never)
        segments = _divided(run, bound, job, info)
        return _finish(run, bound, job, info, replace(plan, zones=zones), asset, segments)


def _prepare(job: VideoJob) -> VideoAsset:
    target = job.target
    if target is not None and target.exists() and job.source.exists() and target.samefile(job.source):
        raise EncodeError(f"`{target}` is the input itself; originals are never overwritten", path=target)
    return VideoAsset(job.source)


def _probe(job: VideoJob, asset: VideoAsset, stages: Stages) -> MediaInfo:
    """What the file holds; what can't be written is told now, before the work."""
    if stages.untrusted_input:
        try_video(job.source)
    info = probe_video(job.source)
    asset.hash()
    asset.describe(info, 0)
    if job.target is not None:
        for track in info.videos:
            choose_codec(job.render.encode.codec, track, container_for(job.target))
    return info


# ----------------------------------------------------------------------------------------------------- analyse


def _divided(run: Run, bound: BoundRules, job: VideoJob, info: MediaInfo) -> Segments | None:
    """How the video is divided; None where it is to be, or has to be, worked on in one piece: a name needs a life that
    was followed without a gap."""
    named = bool(job.subjects) or run.badges is not None
    if job.division is None or job.render.damage is not Damage.REFUSE or named:
        return None
    return divide(job.source, job.target, info, job.division, _sweep_settings(bound, job))


def _analyse(
    run: Run, bound: BoundRules, job: VideoJob, info: MediaInfo, asset: VideoAsset, segments: Segments | None
) -> VideoPlan:
    scope = replace(job.scope, sha256=asset.sha256)
    badges = run.badge_rules(bound, job.scope)
    zones = job.zones
    tracks: list[PlannedTrack] = []
    for track in info.videos:
        sweep = _sweep(run, bound, job, info, track, scope, segments)
        links, hidden = link_faces(sweep.faces, track, partial(_pictures, job, info, track), job.subjects, badges)
        zones = replace(zones, always=zones.always + hidden)
        taken = sum(len(done.faces) for done in tracks)
        faces = tuple(
            _planned(bound, scope, taken + i, face, link)
            for i, (face, link) in enumerate(zip(sweep.faces, links, strict=True), start=1)
        )
        tracks.append(PlannedTrack(track.index, track.upright_size, sweep.frame_count, faces, sweep.lost_spans))
    asset.describe(info, sum(track.frame_count for track in tracks))
    return VideoPlan(asset.sha256 or "", tuple(tracks), zones)


def _sweep(
    run: Run,
    bound: BoundRules,
    job: VideoJob,
    info: MediaInfo,
    track: VideoTrack,
    scope: AssetScope,
    segments: Segments | None,
) -> Sweep:
    settings = _sweep_settings(bound, job)
    if segments is not None and job.division is not None:
        with contextlib.suppress(DecodeError):  # looked at in one piece, the file is whole, or says what is wrong
            return look_in_segments(
                job.source,
                info,
                segments,
                job.division,
                run.stages,
                AgeTerms.of(run.stages, _is_settled(bound, scope)),
                kind=_kind(bound),
                min_age_face_px=bound.policy.age.min_face_px.value,
                zones=job.zones,
                settings=settings,
                on_pictures=_counting("analyse", job, info, segments),
            )
    return _sweep_whole(run, bound, job, info, track, scope, settings)


def _counting(stage: str, job: VideoJob, info: MediaInfo, segments: Segments) -> OnPictures:
    """Tells of the segments' progress as if one after the other were done."""

    def report(count: int) -> None:
        if job.on_progress is not None and count > 0:
            job.on_progress(Progress(stage, count - 1, segments.pts_s(count - 1, info), info.duration_s))

    return counting(report)


def _sweep_whole(
    run: Run,
    bound: BoundRules,
    job: VideoJob,
    info: MediaInfo,
    track: VideoTrack,
    scope: AssetScope,
    settings: SweepSettings,
) -> Sweep:
    sweeper = Sweeper(
        track,
        run.stages,
        quick_detector(run.stages.detector),
        cover_of=lambda found: head_region(found, 0.0, _kind(bound)),
        min_age_face_px=bound.policy.age.min_face_px.value,
        zones=job.zones,
        settings=settings,
        is_settled=_is_settled(bound, scope),
    )

    def report(picture: VideoPicture) -> None:
        if job.on_progress is not None:
            job.on_progress(Progress("analyse", picture.index, picture.pts_s, info.duration_s))

    with VideoReader(job.source, info, job.render.damage) as reader:
        pictures = run_ahead(
            reader.pictures(track, DecodeEffort.FAST), max_items=queue_items(track), name="faceguard-look"
        )
        try:
            return sweeper.run(pictures, report)
        finally:
            pictures.close()


def _sweep_settings(bound: BoundRules, job: VideoJob) -> SweepSettings:
    """How the job wants a video to be looked at, or as much more as the policy asks."""
    settings = job.sweep
    recorder = settings.recorder
    hold_s = max(recorder.hold_s, bound.policy.redaction.video_dilation_s.value)
    return replace(
        settings,
        recorder=replace(recorder, hold_s=hold_s, rare_hold_s=max(hold_s, recorder.rare_hold_s)),
        cover_when_lost=settings.cover_when_lost or bound.covers_when_lost,
    )


def _kind(bound: BoundRules) -> RegionKind:
    return RegionKind(bound.policy.redaction.region.value)


def _is_settled(bound: BoundRules, scope: AssetScope) -> IsSettled:
    return lambda age: bound.decide(Subject(0, age), scope).effect is not Effect.KEEP


def _pictures(job: VideoJob, info: MediaInfo, track: VideoTrack) -> Generator[VideoPicture]:
    with VideoReader(job.source, info, job.render.damage) as reader:
        yield from reader.pictures(track, DecodeEffort.FAST)


def _planned(bound: BoundRules, scope: AssetScope, index: int, face: SweptFace, link: Link) -> PlannedFace:
    """A face with its decision. Who may be somebody who asked to be covered, or a child, is covered like them."""

    def judged(name: Name | None) -> tuple[AgeAssessment, Decision]:
        ref, declared_age = (None, None) if name is None else (name.ref, name.declared_age)
        assessment = most_protective([bound.assess(age, declared_age, ref, scope) for age in face.ages])
        return assessment, bound.decide_assessed(index, ref, assessment, scope)

    assessment, decision = judged(link.name)
    for doubtful in link.doubtful if decision.effect is Effect.KEEP else ():
        other = judged(doubtful)
        if other[1].effect is Effect.REDACT:
            assessment, decision = other
            break
    return PlannedFace(
        index, face.path, face.best, assessment, decision, face.sightings, face.first_frame, face.last_frame
    )


# ------------------------------------------------------------------------------------------------------ render


def _finish(
    run: Run,
    bound: BoundRules,
    job: VideoJob,
    info: MediaInfo,
    plan: VideoPlan,
    asset: VideoAsset,
    segments: Segments | None,
) -> VideoReport:
    asset.describe(info, sum(track.frame_count for track in plan.tracks))
    scope = replace(job.scope, sha256=asset.sha256)
    if job.target is None:
        record_id = run.record(bound, asset.entry, _results(plan), Action.DRY_RUN, spans=_spans(plan), scope=scope)
        return VideoReport(job.source, None, info, plan, record_id, bound, None)
    redactor = run.stages.redactor
    if not isinstance(redactor, PlaneRedactor):
        raise ConfigurationError(
            "a redactor for videos has to write native planes; derive it from `PlaneRedactor`", key="method"
        )
    make_folder(job.target.parent)
    with atomic_path(job.target, overwrite=job.overwrite, nameless=segments is None) as partial:
        rendering = _Rendering(run.stages, bound, job, info, redactor, segments)
        plan, rendered, added = rendering.to(partial, job.target, plan)
        asset.require_unchanged()
        if run.signer is not None:
            statement = video_statement(bound, run.stages, plan, _media_type(job.target))
            run.signer.sign(partial, statement, source=job.source, folder=job.target.parent)
        output = _output_entry(partial, job.target)
        record_id = run.record(
            bound,
            asset.entry,
            _results(plan),
            Action.RELEASE,
            output=output,
            spans=_spans(plan),
            parameters={**_parameters(job, info, plan, rendered), **look_parameters(run.stages, added)},
            override=_override(plan),
            scope=scope,
        )
        if run.index is not None:
            run.index.add(made_video(job.target, output, record_id, bound, info, plan))
    return VideoReport(job.source, job.target, info, plan, record_id, bound, rendered, rendered.segments)


@dataclass(frozen=True, slots=True, eq=False)
class _Rendering:
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
                _counting("render", job, self.info, segments),
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


def _results(plan: VideoPlan) -> list[FaceResult]:
    """The faces as the record knows them: found in their best picture, covered from their first."""
    return [
        FaceResult(
            face.best,
            face.decision,
            Region(face.index, face.path.points()[0].cover) if face.is_covered else None,
            face.first_frame,
        )
        for face in plan.faces
    ]


def _spans(plan: VideoPlan) -> Mapping[int, FrameSpan]:
    return {face.index: FrameSpan(face.first_frame, face.last_frame) for face in plan.faces}


def _parameters(
    job: VideoJob, info: MediaInfo, plan: VideoPlan, rendered: RenderedVideo
) -> dict[str, str | int | float | bool]:
    copied = job.render.copied(info)
    parameters: dict[str, str | int | float | bool] = {
        "video_tracks": len(info.videos),
        "tracks_copied": len(copied),
        "tracks_dropped": len(info.tracks) - len(info.videos) - len(copied),
        "pictures_checked": rendered.checked_count,
    }
    if plan.zones.always:
        parameters["zones_always"] = len(plan.zones.always)
    if plan.zones.never:
        parameters["zones_never"] = len(plan.zones.never)
    if rendered.damaged_count:
        parameters["partial"] = True
        parameters["damaged"] = rendered.damaged_count
    return parameters


def _override(plan: VideoPlan) -> Override | None:
    """All edits as one entry: who, what and why, and who allowed it."""
    if not plan.edits:
        return None
    return Override(
        who="; ".join(dict.fromkeys(edit.who for edit in plan.edits)),
        why="; ".join(f"{edit.what}: {edit.why}" for edit in plan.edits),
        approved_by="; ".join(dict.fromkeys(edit.approved_by for edit in plan.edits)),
    )


_MEDIA_TYPES = {
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "matroska": "video/matroska",
    "webm": "video/webm",
    "avi": "video/vnd.avi",
    "mpegts": "video/mp2t",
}


def _media_type(target: Path) -> str:
    return _MEDIA_TYPES[container_for(target).value]


def _output_entry(written: Path, target: Path) -> OutputEntry:
    digest = hashlib.sha256()
    with written.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return OutputEntry(media_type=_media_type(target), sha256=digest.hexdigest(), size_bytes=written.stat().st_size)

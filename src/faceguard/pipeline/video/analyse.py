"""The first sweep: every face of a video is followed, named and decided on. Nothing is shown."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from dataclasses import replace
from functools import partial

from faceguard.errors import DecodeError
from faceguard.media.video_frame import VideoPicture
from faceguard.media.video_info import MediaInfo, VideoTrack
from faceguard.media.video_read import Damage, DecodeEffort, VideoReader
from faceguard.pipeline.link import Link, Name
from faceguard.pipeline.rules import AssetScope, BoundRules
from faceguard.pipeline.run import Run
from faceguard.pipeline.video.ahead import run_ahead
from faceguard.pipeline.video.asset import VideoAsset
from faceguard.pipeline.video.face_ages import IsSettled
from faceguard.pipeline.video.job import Progress, VideoJob, counting_of
from faceguard.pipeline.video.link import link_faces
from faceguard.pipeline.video.looks import quick_detector
from faceguard.pipeline.video.plan import (
    Judged,
    PlannedFace,
    PlannedTrack,
    VideoPlan,
    judged_in_doubt,
    most_protective,
)
from faceguard.pipeline.video.render import queue_items
from faceguard.pipeline.video.segment_join import AgeTerms
from faceguard.pipeline.video.segments import Segments, divide, look_in_segments
from faceguard.pipeline.video.sweep import Sweep, Sweeper, SweepSettings, SweptFace
from faceguard.redaction.coverage import RegionKind, head_region
from faceguard.types import Effect, Subject


def divided(run: Run, bound: BoundRules, job: VideoJob, info: MediaInfo) -> Segments | None:
    """How the video is divided; None where it is to be, or has to be, worked on in one piece: a name needs a life that
    was followed without a gap."""
    named = bool(job.subjects) or run.badges is not None
    if job.division is None or job.render.damage is not Damage.REFUSE or named:
        return None
    return divide(job.source, job.target, info, job.division, _sweep_settings(bound, job))


def analyse(
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
                on_pictures=counting_of("analyse", job, info, segments),
            )
    return _sweep_whole(run, bound, job, info, track, scope, settings)


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
    def judged(name: Name | None) -> Judged:
        ref, declared_age = (None, None) if name is None else (name.ref, name.declared_age)
        assessment = most_protective([bound.assess(age, declared_age, ref, scope) for age in face.ages])
        return assessment, bound.decide_assessed(index, ref, assessment, scope)

    assessment, decision = judged_in_doubt(link, judged)
    return PlannedFace(
        index, face.path, face.best, assessment, decision, face.sightings, face.first_frame, face.last_frame, link
    )

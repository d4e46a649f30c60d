"""Videos through the sentence: analyse (nothing is shown), then render (nothing is looked for).

A decision belongs to a track and is the most protective of its whole life (FG-A10), so no picture can be written before
the last one was seen. Hence two sweeps: the first only looks, with a faster decoder, and keeps boxes; the second covers
native planes and encodes. Memory holds a few pictures, whatever the length.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from faceguard.atomic import atomic_path, make_folder
from faceguard.audit.record import Action
from faceguard.errors import ConfigurationError, EncodeError
from faceguard.media.isolated import try_video
from faceguard.media.video_codecs import choose_codec, container_for
from faceguard.media.video_info import MediaInfo
from faceguard.media.video_read import probe_video
from faceguard.pipeline.credentials import video_statement
from faceguard.pipeline.made import made_video
from faceguard.pipeline.rules import BoundRules
from faceguard.pipeline.run import Run
from faceguard.pipeline.stages import Stages
from faceguard.pipeline.verify import look_parameters
from faceguard.pipeline.video.analyse import analyse, divided
from faceguard.pipeline.video.asset import VideoAsset
from faceguard.pipeline.video.entries import (
    media_type_of,
    output_entry,
    override_of,
    parameters_of,
    results_of,
    spans_of,
)
from faceguard.pipeline.video.job import VideoJob, VideoReport
from faceguard.pipeline.video.plan import VideoPlan
from faceguard.pipeline.video.rendering import Rendering
from faceguard.pipeline.video.segments import Segments
from faceguard.pipeline.video.zones import Zones
from faceguard.redaction.planes import PlaneRedactor
from faceguard.types import Function

TRACKING = frozenset({Function.TRACKING})


def redact_video_file(run: Run, job: VideoJob) -> VideoReport:
    """Analyses and renders in one go. Raises FaceguardError, and then there is no output."""
    bound = run.bind(job.captured_at, also=TRACKING)
    asset = _prepare(job)
    with run.withholding(bound, lambda: asset.entry):
        info = _probe(job, asset, run.stages)
        segments = divided(run, bound, job, info)
        plan = analyse(run, bound, job, info, asset, segments)
        return finish(run, bound, job, info, plan, asset, segments)


def analyse_video_file(run: Run, job: VideoJob) -> tuple[VideoPlan, BoundRules]:
    """Only looks and decides: the plan that a person may edit and `render_video_file` carries out. Nothing is recorded
    before a picture leaves."""
    bound = run.bind(job.captured_at, also=TRACKING)
    asset = _prepare(replace(job, target=None))
    with run.withholding(bound, lambda: asset.entry):
        info = _probe(job, asset, run.stages)
        return analyse(run, bound, job, info, asset, divided(run, bound, job, info)), bound


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
        segments = divided(run, bound, job, info)
        return finish(run, bound, job, info, replace(plan, zones=zones), asset, segments)


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


def finish(
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
        record_id = run.record(bound, asset.entry, results_of(plan), Action.DRY_RUN, spans=spans_of(plan), scope=scope)
        return VideoReport(job.source, None, info, plan, record_id, bound, None)
    redactor = run.stages.redactor
    if not isinstance(redactor, PlaneRedactor):
        raise ConfigurationError(
            "a redactor for videos has to write native planes; derive it from `PlaneRedactor`", key="method"
        )
    make_folder(job.target.parent)
    with atomic_path(job.target, overwrite=job.overwrite, nameless=True) as partial:
        rendering = Rendering(run.stages, bound, job, info, redactor, segments)
        plan, rendered, added = rendering.to(partial, job.target, plan)
        asset.require_unchanged()
        if run.signer is not None:
            statement = video_statement(bound, run.stages, plan, media_type_of(job.target))
            run.signer.sign(partial, statement, source=job.source, folder=job.target.parent)
        output = output_entry(partial, job.target)
        record_id = run.record(
            bound,
            asset.entry,
            results_of(plan),
            Action.RELEASE,
            output=output,
            spans=spans_of(plan),
            parameters={**parameters_of(job, info, plan, rendered), **look_parameters(run.stages, added)},
            override=override_of(plan),
            scope=scope,
        )
        if run.index is not None:
            run.index.add(made_video(job.target, output, record_id, bound, info, plan))
    return VideoReport(job.source, job.target, info, plan, record_id, bound, rendered, rendered.segments)

"""What a worker does with a task: fetch, redact, put in place. It gives its errors back and never raises them.

The guard's own order holds (see `pipeline`): the record is on disk before an output gets its name. Here that name is
one in the run's staging folder, so that a worker which dies at any moment leaves nothing where outputs go. Putting in
place is one rename, or one upload of an object store, which shows whole objects only.
"""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import psutil

from faceguard.batch.engine import Report
from faceguard.batch.guards import fingerprint_for, guard_for
from faceguard.batch.places import digest_of, fetched, put_in_place
from faceguard.batch.task import Fault, Kind, Outcome, Progress, State, Tally, Task
from faceguard.errors import DecodeError, FaceguardError
from faceguard.types import Decision

if TYPE_CHECKING:
    from faceguard.pipeline.guard import FaceGuard
    from faceguard.pipeline.picture.file import PictureReport
    from faceguard.pipeline.video.job import VideoJob, VideoReport
    from faceguard.pipeline.video.segment_task import Division


_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}


def carry_out(task: Task, report: Report) -> Outcome:
    """Redacts one file. Never raises; the outcome has the error, and then there is no output."""
    wall_s, cpu_s = time.perf_counter(), time.process_time()
    try:
        outcome = _carry_out(task, report)
    except FaceguardError as error:
        outcome = Outcome(task.item, State.REFUSED, fault_of(error))
    except Exception as error:  # noqa: BLE001  one item's fault, whatever it is, isn't another's
        outcome = Outcome(task.item, State.FAILED, fault_of(error))
    return _measured(outcome, time.perf_counter() - wall_s, time.process_time() - cpu_s)


def fault_of(error: Exception) -> Fault:
    """An error in a form that travels."""
    answers = {_answer_of_system(each) for each in _chain(error)} - {None}
    is_system, is_full = bool(answers), bool(answers & _NO_ROOM)
    if isinstance(error, FaceguardError):
        return Fault(error.code, error.message, error.exit_code, dict(error.fields), is_system, is_full)
    return Fault(
        type(error).__name__,
        f"unexpected {type(error).__name__}: {error}",
        is_system=is_system,
        is_disk_full=is_full,
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and those that it came of."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _answer_of_system(error: BaseException) -> int | None:
    """The number by which the system told what is wrong. Pillow's own OSErrors have none; FFmpeg says EIO and EINVAL of
    broken content too, so of it only a full disk is believed."""
    if isinstance(error, OSError) and error.errno in errno.errorcode:
        is_ffmpeg = type(error).__module__.partition(".")[0] == "av"
        return error.errno if error.errno in _NO_ROOM or not is_ffmpeg else None
    if isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
        return errno.ENOSPC
    return None


def tally_of(decisions: Iterable[Decision], *, pictures: int, checked: int, duration_s: float | None) -> Tally:
    """What was decided, in numbers."""
    listed = list(decisions)
    return Tally(
        dict(Counter(decision.effect for decision in listed)),
        dict(Counter(reason.value for decision in listed for reason in decision.reasons)),
        dict(Counter(decision.age_status.value for decision in listed)),
        pictures,
        checked,
        duration_s,
    )


_DIVISION: ContextVar[Division | None] = ContextVar("division", default=None)


@contextlib.contextmanager
def shared_out(division: Division) -> Iterator[None]:
    """Videos that are redacted within the block, in this thread, are shared out in segments."""
    token = _DIVISION.set(division)
    try:
        yield
    finally:
        _DIVISION.reset(token)


def _carry_out(task: Task, report: Report) -> Outcome:
    guard = guard_for(task.documents)
    mark = fingerprint_for(task.documents, task.handling)
    task.staging.mkdir(parents=True, exist_ok=True)
    staged = task.staging / f"{os.getpid()}-out{PurePosixPath(task.target).suffix}"
    try:
        with fetched(task.source, task.staging) as source:
            before = _stamp(source)
            source_sha256 = digest_of(source)
            done = _redact(guard, task, source, staged, report)
            if _stamp(source) != before:
                raise DecodeError(f"`{task.item}` was written to while it was read; it is taken up by the next run")
        output_sha256, output_bytes = digest_of(staged), staged.stat().st_size
        report(Progress(task.item, "store", None))
        put_in_place(staged, task.target, overwrite=task.overwrite)
    finally:
        staged.unlink(missing_ok=True)
    return Outcome(
        task.item,
        State.DONE,
        source_sha256=source_sha256,
        output_sha256=output_sha256,
        output_bytes=output_bytes,
        record_id=done.record_id,
        fingerprint=mark,
        tally=_tally(done),
    )


def _redact(guard: FaceGuard, task: Task, source: Path, target: Path, report: Report) -> PictureReport | VideoReport:
    from faceguard.batch.indexing import placed_at

    with placed_at(task.target):
        if task.kind is Kind.VIDEO:
            return guard.redact_video(_video_job(task, source, target, report))
        return _redact_picture(guard, task, source, target, report)


def _redact_picture(guard: FaceGuard, task: Task, source: Path, target: Path, report: Report) -> PictureReport:
    from faceguard.media.picture import KeepMetadata

    how = task.handling
    report(Progress(task.item, "redact", None))
    return guard.redact_image(
        source,
        target,
        event=how.event,
        collection=how.collection,
        place=how.place,
        captured_at=how.captured_at,
        quality=how.quality,
        keep_metadata=KeepMetadata.SAFE if how.keep_capture_time else KeepMetadata.NONE,
        overwrite=True,
    )


def _video_job(task: Task, source: Path, target: Path, report: Report) -> VideoJob:
    from faceguard.media.video_codecs import EncodeSettings, VideoCodec
    from faceguard.media.video_read import Damage
    from faceguard.pipeline.rules import AssetScope
    from faceguard.pipeline.video.job import Progress as VideoProgress
    from faceguard.pipeline.video.job import VideoJob
    from faceguard.pipeline.video.render import RenderSettings, TrackChoice
    from faceguard.pipeline.video.sweep import SweepSettings
    from faceguard.pipeline.video.zones import Zones, parse_zone
    from faceguard.policy.policy_terms import WhenTrackingLost

    how = task.handling

    def tell(at: VideoProgress) -> None:
        fraction = min(1.0, at.pts_s / at.duration_s) if at.duration_s else None
        report(Progress(task.item, at.stage, fraction, at.frame + 1))

    return VideoJob(
        source,
        target,
        zones=Zones(tuple(map(parse_zone, how.cover)), tuple(map(parse_zone, how.ignore))),
        scope=AssetScope(event=how.event, collection=how.collection, place=how.place),
        captured_at=how.captured_at,
        render=RenderSettings(
            EncodeSettings(VideoCodec(how.codec), how.crf),
            TrackChoice(how.audio),
            TrackChoice(how.subtitles),
            Damage.TOLERATE if how.partial else Damage.REFUSE,
        ),
        sweep=SweepSettings(cover_when_lost=how.when_lost == WhenTrackingLost.HOLD.value),
        overwrite=True,
        on_progress=tell,
        division=_DIVISION.get(),
    )


def _tally(done: PictureReport | VideoReport) -> Tally:
    from faceguard.pipeline.picture.file import PictureReport

    if isinstance(done, PictureReport):
        frames = len(done.covered.after.frames)
        return tally_of((face.decision for face in done.faces), pictures=frames, checked=frames, duration_s=None)
    plan, rendered = done.plan, done.rendered
    return tally_of(
        (face.decision for face in plan.faces),
        pictures=sum(track.frame_count for track in plan.tracks),
        checked=0 if rendered is None else rendered.checked_count,
        duration_s=done.info.duration_s,
    )


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        status = path.stat()
    except OSError as error:
        raise DecodeError(f"`{path}` can't be read: {error.strerror or error}", path=path) from error
    return status.st_ino, status.st_size, status.st_mtime_ns


def _measured(outcome: Outcome, wall_s: float, cpu_s: float) -> Outcome:
    peak = _peak_bytes() or psutil.Process().memory_info().rss
    return replace(
        outcome,
        wall_s=wall_s,
        cpu_s=cpu_s,
        worker=f"{platform.node()}:{os.getpid()}",
        peak_bytes=peak,
    )


def _peak_bytes() -> int:
    """The most memory of this process so far; 0 where the system doesn't tell."""
    try:
        import resource
    except ImportError:
        return 0
    scale = 1 if sys.platform == "darwin" else 1024  # kilobytes elsewhere (getrusage(2))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale

"""Frames a second and CPU time of a redacted video, against a plain transcode with the same encoder settings.

The clip is scaled and repeated to the wanted length. Both tools take turns within each round, so that other load on the
machine falls on both alike; each run is in a process of its own and is timed after its imports.
"""

from __future__ import annotations

import multiprocessing
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from faceguard.bench.measure import centre
from faceguard.bench.report import Better, Measurement
from faceguard.errors import ConfigurationError

Tool = Literal["transcode", "faceguard"]
TOOLS: tuple[Tool, ...] = ("transcode", "faceguard")
_CLIP_OPTIONS = {"preset": "veryfast", "crf": "18"}


@dataclass(frozen=True, slots=True)
class Errand:
    """One clip for one tool, under one notice."""

    tool: Tool
    source: Path
    target: Path
    notice: Path
    purpose: str


@dataclass(frozen=True, slots=True)
class Cost:
    """What one run took, all its threads; `peak_mb` is 0 on Windows."""

    cpu_s: float
    wall_s: float
    peak_mb: float


@dataclass(frozen=True, slots=True)
class Pace:
    """All rounds of one height: `frames` of the clip, and the costs of each tool by round."""

    height: int
    frames: int
    costs: dict[Tool, list[Cost]]


def run_throughput(
    clip: Path,
    heights: Sequence[int],
    *,
    notice: Path,
    purpose: str,
    seconds: float,
    rounds: int,
    progress: Callable[[str], None],
) -> list[Pace]:
    """Measures `clip` at each height, in lines. Raises ConfigurationError for a clip without pictures."""
    found = []
    with tempfile.TemporaryDirectory() as scratch:
        for height in heights:
            source, target = Path(scratch) / f"clip_{height}.mp4", Path(scratch) / "out.mp4"
            frames = scale_clip(clip, source, height, seconds)
            costs: dict[Tool, list[Cost]] = {tool: [] for tool in TOOLS}
            for number in range(rounds):
                for tool in TOOLS:
                    progress(f"{height} lines, round {number + 1} of {rounds}: {tool}")
                    target.unlink(missing_ok=True)
                    costs[tool].append(run_apart(Errand(tool, source, target, notice, purpose)))
            found.append(Pace(height, frames, costs))
    return found


def measurements(found: Sequence[Pace]) -> list[Measurement]:
    """Medians over rounds; the ratio is that of each round's pair, so that load falls out."""
    figures: list[Measurement] = []
    for pace in found:
        name = f"{pace.height} lines"
        for tool, costs in pace.costs.items():
            cpu_ms = [cost.cpu_s / pace.frames * 1e3 for cost in costs]
            rate = [pace.frames / cost.wall_s for cost in costs]
            figures.append(_figure(f"{name} | {tool}, CPU time a frame", cpu_ms, "ms CPU", "lower"))
            figures.append(_figure(f"{name} | {tool}, frames on the clock", rate, "fps", "higher"))
        pairs = zip(pace.costs["faceguard"], pace.costs["transcode"], strict=True)
        ratios = [ours.cpu_s / plain.cpu_s for ours, plain in pairs]
        figures.append(_figure(f"{name} | CPU time, faceguard over transcode", ratios, "times", "lower"))
        peaks = [cost.peak_mb for cost in pace.costs["faceguard"]]
        if max(peaks) > 0:
            figures.append(_figure(f"{name} | faceguard, peak memory", peaks, "MB", "lower"))
    return figures


def run_apart(errand: Errand) -> Cost:
    """`work` in a fresh process. Raises what it raises."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(work, errand).result()


def work(errand: Errand) -> Cost:
    """Runs one tool in this process, timed without imports."""
    from faceguard.pipeline.guard import FaceGuard
    from faceguard.pipeline.video.job import VideoJob

    if errand.tool == "faceguard":
        guard = FaceGuard(notice=errand.notice, purpose=errand.purpose)
        start = time.process_time(), time.perf_counter()
        guard.redact_video(VideoJob(errand.source, errand.target))
    else:
        start = time.process_time(), time.perf_counter()
        transcode(errand.source, errand.target)
    return Cost(time.process_time() - start[0], time.perf_counter() - start[1], _peak_mb())


def transcode(source: Path, target: Path) -> None:
    """Decodes and encodes with faceguard's own settings, copying the other tracks; nothing else."""
    from faceguard.media.video_codecs import EncodeSettings
    from faceguard.media.video_info import TrackKind
    from faceguard.media.video_read import PictureDecoder, VideoReader, probe_video
    from faceguard.media.video_write import VideoWriter
    from faceguard.pipeline.video.ahead import run_ahead

    info = probe_video(source)
    copied = [track for track in info.tracks if track.kind in (TrackKind.AUDIO, TrackKind.SUBTITLE)]
    with VideoReader(source, info) as reader, VideoWriter(target, target, reader, EncodeSettings(), copied) as writer:
        decoders = {track.index: PictureDecoder(reader, track) for track in info.videos}

        def items() -> Iterator[Any]:
            for packet in reader.packets((*decoders, *(track.index for track in copied))):
                if packet.stream_index in decoders:
                    yield from decoders[packet.stream_index].decode(packet)
                else:
                    yield packet
            for decoder in decoders.values():
                yield from decoder.flush()

        for item in run_ahead(items(), max_items=8, name="decode"):
            if hasattr(item, "track"):
                writer.write_picture(item)
            else:
                writer.write_packet(item)
        writer.finish()


def scale_clip(source: Path, target: Path, height: int, seconds: float) -> int:
    """`source`, scaled and repeated, as H.264 of good quality; how many pictures.

    Raises ConfigurationError for a file without pictures.
    """
    import av

    try:
        with av.open(str(source)) as container:
            return _rewrite(container, target, height, seconds)
    except (av.FFmpegError, OSError, IndexError) as error:
        raise ConfigurationError(f"`{source}` can't be read as a video ({error})", path=source) from error


def _rewrite(container: Any, target: Path, height: int, seconds: float) -> int:
    import av

    stream = container.streams.video[0]
    width = round(stream.width * height / stream.height / 2) * 2
    rate = Fraction(stream.average_rate or 30)
    wanted, count = max(1, round(seconds * rate)), 0
    with av.open(str(target), "w") as out:
        written = out.add_stream("libx264", rate=rate, options=_CLIP_OPTIONS)
        written.width, written.height, written.pix_fmt = width, height, "yuv420p"
        written.codec_context.thread_count = 0
        while count < wanted:
            container.seek(0)
            before = count
            for picture in container.decode(stream):
                if count >= wanted:
                    break
                small = picture.reformat(width, height, "yuv420p", interpolation="BICUBIC")
                small.pts, small.time_base, small.pict_type = count, 1 / rate, 0
                out.mux(written.encode(small))
                count += 1
            if count == before:
                raise IndexError("it has no pictures")
        out.mux(written.encode(None))
    return count


def _peak_mb() -> float:
    if sys.platform == "win32":
        return 0.0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def _figure(name: str, values: Sequence[float], unit: str, better: Better) -> Measurement:
    value, noise = centre(values)
    return Measurement(name=name, value=value, unit=unit, noise=noise, better=better)

"""How long a look takes, and how much of it is not the network."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from faceguard.bench.measure import Timing, measure
from faceguard.bench.report import Measurement
from faceguard.detection.candidates import Candidates
from faceguard.detection.network import CENTERFACE, RETINAFACE, YUNET, Network
from faceguard.detection.plan import Plan
from faceguard.detection.scaling import Pyramid
from faceguard.detection.tiers import TIERS, create_detector
from faceguard.inference.session import get_session

NETWORKS = (YUNET, RETINAFACE, CENTERFACE)
INPUT_SIDES_PX = (320, 640, 1280)
PICTURES_PX = {"640 x 640": (640, 640), "1080p": (1920, 1080), "4K": (3840, 2160)}
FACE_COUNTS = (0, 10, 50, 200)
BATCHES = (2, 4, 8)


def run_speed(threads: int, progress: Callable[[str], None]) -> list[Measurement]:
    """All figures; the picture is made by code, so that every machine sees the same."""
    found: list[Measurement] = []
    for part in (_start, _networks, _batches, _tiers, _fusion):
        progress(part.__name__.strip("_"))
        found += part(threads)
    return found


def picture(width: int, height: int) -> NDArray[np.uint8]:
    """Soft shapes and noise, `(height, width, 3)`: without faces, and not flat."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    waves = np.stack([np.sin(x / 37 + phase) + np.cos(y / 53 - phase) for phase in range(3)], axis=-1)
    noise = np.random.default_rng(0).normal(0, 8, waves.shape)
    return np.clip(128 + 50 * waves + noise, 0, 255).astype(np.uint8)


def _cpu(name: str, timing: Timing) -> Measurement:
    return Measurement(name=name, value=timing.cpu_ms, unit="ms CPU", noise=timing.cpu_noise_ms, better="lower")


def _ratio(name: str, over: Timing, under: Timing) -> Measurement:
    value = over.cpu_ms / max(under.cpu_ms, 1e-6)
    noise = value * np.hypot(over.cpu_noise_ms / over.cpu_ms, under.cpu_noise_ms / max(under.cpu_ms, 1e-6))
    return Measurement(name=name, value=value, unit="times", noise=float(noise), better="lower")


def _networks(threads: int) -> Iterator[Measurement]:
    """Each network alone: the floor (`session.run`), what surrounds it (scale, decode, suppress), and the live tier."""
    for network in NETWORKS:
        for side_px in INPUT_SIDES_PX:
            image = picture(side_px, side_px)
            name = f"{network.model_id} at {side_px}"
            floor = measure(partial(get_session(network.model_id, threads=threads).run, image[None]))
            whole = measure(partial(_scale_and_find, network, image, side_px, threads))
            yield _cpu(f"{name}, session.run", floor)
            yield _cpu(f"{name}, scale, run, decode", whole)
            yield _ratio(f"{name}, over session.run", whole, floor)
            if _is_live(network, side_px):
                tier = measure(partial(create_detector("live", threads=threads).detect, image))
                yield _ratio(f"live tier at {side_px}, over session.run", tier, floor)


def _scale_and_find(network: Network, image: NDArray[np.uint8], side_px: int, threads: int) -> None:
    network.find(Pyramid(image).scaled(side_px).image[None], 0.3, threads)


def _is_live(network: Network, side_px: int) -> bool:
    (step,) = TIERS["live"].passes
    return step.network == network and step.side_px == side_px


def _batches(threads: int) -> Iterator[Measurement]:
    """Several frames in one run of YuNet at 640, for each frame, against one at a time."""
    image = picture(640, 640)
    alone = measure(partial(YUNET.find, image[None], 0.3, threads))
    for count in BATCHES:
        batch = np.repeat(image[None], count, axis=0)
        together = measure(partial(YUNET.find, batch, 0.3, threads))
        each = Timing(
            together.cpu_ms / count,
            together.cpu_noise_ms / count,
            together.wall_ms / count,
            together.wall_noise_ms / count,
        )
        yield _ratio(f"yunet at 640, a frame in a batch of {count}, over one alone", each, alone)


def _tiers(threads: int) -> Iterator[Measurement]:
    for tier in TIERS:
        detector = create_detector(tier, threads=threads)
        for name, (width, height) in PICTURES_PX.items():
            image = picture(width, height)
            timing = measure(partial(detector.detect, image), min_repeats=5)
            yield _cpu(f"tier {tier}, {name}", timing)
            yield Measurement(
                name=f"tier {tier}, {name}, on the clock",
                value=timing.wall_ms,
                unit="ms",
                noise=timing.wall_noise_ms,
                better="lower",
            )


def _fusion(threads: int) -> Iterator[Measurement]:
    """Joining the finds of the thorough plan's passes when there are many faces; no network runs."""
    del threads
    plan = TIERS["thorough"]
    for faces in FACE_COUNTS:
        finds = _made_up_finds(plan, faces)
        yield _cpu(f"joining the finds of {faces} faces", measure(partial(plan.fusion.join, finds)))


def _made_up_finds(plan: Plan, faces: int) -> list[tuple[Network, Candidates]]:
    """Each pass sees every face a little differently, and as many weak finds elsewhere."""
    random = np.random.default_rng(faces)
    finds = []
    corners = random.uniform(0, 3000, (faces * 2, 2))
    for step in plan.passes:
        moved = corners + random.normal(0, 1, corners.shape)
        boxes = np.concatenate([moved, moved + 40 + random.normal(0, 1, corners.shape)], axis=1).astype(np.float32)
        scores = np.concatenate([random.uniform(0.5, 1, faces), random.uniform(0.1, 0.3, faces)]).astype(np.float32)
        finds.append((step.network, Candidates(boxes, scores, np.zeros((faces * 2, 5, 2), np.float32))))
    return finds


_FIRST_USE = """
import resource, sys, time
start = time.process_time()
import faceguard
print((time.process_time() - start) * 1e3)
start = time.process_time()
import numpy
from faceguard.detection.tiers import create_detector
create_detector(sys.argv[1], threads=1).detect(numpy.zeros((640, 640, 3), numpy.uint8))
print((time.process_time() - start) * 1e3)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def _start(threads: int) -> Iterator[Measurement]:
    """A fresh process: import, then everything up to the first answer, and the memory at its peak (not on Windows)."""
    del threads
    if sys.platform == "win32":
        return
    for tier in TIERS:
        runs = []
        for _ in range(3):
            command = [sys.executable, "-c", _FIRST_USE, tier]
            answer = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603  our own text
            runs.append([float(line) for line in answer.stdout.split()])
        (import_ms, first_ms, memory_mb), spread = np.median(runs, axis=0), np.ptp(runs, axis=0)
        if tier == "live":
            yield Measurement(name="import faceguard", value=import_ms, unit="ms CPU", noise=spread[0], better="lower")
        yield Measurement(
            name=f"tier {tier}, first answer", value=first_ms, unit="ms CPU", noise=spread[1], better="lower"
        )
        yield Measurement(name=f"tier {tier}, peak memory", value=memory_mb, unit="MB", noise=spread[2], better="lower")

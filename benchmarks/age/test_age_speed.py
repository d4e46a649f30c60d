"""Cost of an age: milliseconds a face, alone and in a batch, on one and two threads.

    python -m pytest benchmarks/age/test_age_speed.py --benchmark-only --benchmark-timer=time.process_time

CPU time, so that other work on the machine doesn't count; divide by the number of faces in the name.
"""

from __future__ import annotations

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from faceguard.age.looks import FACE_API, FACERES, look
from faceguard.age.observe import observe
from faceguard.inference.session import get_session
from faceguard.types import Box, Detection, FaceCrop, Landmarks

POINTS = Landmarks((160.0, 180.0), (240.0, 180.0), (200.0, 226.0), (166.0, 264.0), (234.0, 264.0))


def crops(count: int) -> list[FaceCrop]:
    """Faces of 160 px with their context; what is in them makes no difference to the cost."""
    source = np.random.default_rng(0)
    detection = Detection(Box(120.0, 120.0, 280.0, 320.0), 0.9, POINTS)
    return [FaceCrop(source.integers(60, 200, (400, 400, 3), dtype=np.uint8), detection) for _ in range(count)]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("faces", [1, 8])
def test_networks(benchmark: BenchmarkFixture, faces: int, threads: int) -> None:
    """Both networks, two views each."""
    source = np.random.default_rng(0)
    large = [source.integers(0, 255, (2, 224, 224, 3), dtype=np.uint8) for _ in range(faces)]
    small = [source.integers(0, 255, (2, 112, 112, 3), dtype=np.uint8) for _ in range(faces)]
    benchmark.extra_info["faces"] = faces
    benchmark(look, large, small, threads=threads)


@pytest.mark.parametrize("faces", [1, 8])
def test_crops_and_quality(benchmark: BenchmarkFixture, faces: int) -> None:
    """Alignment and gates alone: dark faces are not answered for and never reach the networks."""
    patches = crops(faces)
    dark = [FaceCrop(np.full_like(patch.image, 3), patch.detection) for patch in patches]
    benchmark.extra_info["faces"] = faces
    benchmark(observe, dark, threads=1)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize(("model_id", "side"), [(FACERES, 224), (FACE_API, 112)])
def test_one_view(benchmark: BenchmarkFixture, model_id: str, side: int, threads: int) -> None:
    """The floor: one network, one view."""
    session = get_session(model_id, threads=threads)
    view = np.random.default_rng(0).integers(0, 255, (1, side, side, 3), dtype=np.uint8)
    benchmark(session.run, view)

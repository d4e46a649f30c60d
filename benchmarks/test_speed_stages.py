"""Every stage of a picture's way, timed with pytest-benchmark. Run: `pytest benchmarks/test_speed_stages.py`.

The picture is scikit-image's astronaut (NASA, public domain), scaled and tiled. Each test states one stage, so that a
table of them shows where time goes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skimage.data

from faceguard import FaceGuard
from faceguard.age.crop import context_box
from faceguard.age.estimator import create_age_estimator
from faceguard.bench.speed import FACE_COUNTS, NETWORKS
from faceguard.detection.candidates import Candidates
from faceguard.detection.merge import suppress
from faceguard.detection.scaling import Pyramid
from faceguard.detection.tiers import TIERS, create_detector
from faceguard.geometry import move_detection, pixel_slice
from faceguard.inference.session import get_session
from faceguard.media.image import read_image
from faceguard.opencv import cv2
from faceguard.redaction.registry import METHODS, create_redactor
from faceguard.types import Box, FaceCrop, Frame, Region

NOTICE = Path(__file__).resolve().parents[1] / "examples" / "notice.toml"
SIZES = {"320": (320, 320), "640": (640, 640), "1080p": (1080, 1920), "4K": (2160, 3840)}
ASTRONAUT = np.ascontiguousarray(skimage.data.astronaut()[:, :, ::-1])

pytestmark = pytest.mark.benchmark(disable_gc=True, min_rounds=5, max_time=0.5)


def picture(name: str) -> np.ndarray:
    height, width = SIZES[name]
    return np.asarray(cv2.resize(ASTRONAUT, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("size", ["320", "640"])
@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.model_id)
def test_network(benchmark: Any, network: Any, size: str, threads: int) -> None:
    benchmark.group = "session.run"
    scores, _ = benchmark(get_session(network.model_id, threads=threads).run, picture(size)[None])
    assert scores.max() > 0.5


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("tier", TIERS)
def test_tier(benchmark: Any, tier: str, size: str) -> None:
    benchmark.group = "tiers, one thread"
    assert benchmark(create_detector(tier, threads=1).detect, picture(size))


@pytest.mark.parametrize("size", ["1080p", "4K"])
def test_scaling(benchmark: Any, size: str) -> None:
    """From the full picture to the input of 640."""
    benchmark.group = "stages"
    image = picture(size)
    assert max(benchmark(lambda: Pyramid(image).scaled(640)).image.shape) == 640


@pytest.mark.parametrize("faces", FACE_COUNTS)
def test_suppression(benchmark: Any, faces: int) -> None:
    """Eight boxes for each face, as a network gives them."""
    benchmark.group = "post-processing"
    random = np.random.default_rng(faces)
    corners = np.repeat(random.uniform(0, 2000, (faces, 2)), 8, axis=0) + random.normal(0, 1, (faces * 8, 2))
    boxes = np.concatenate([corners, corners + 60], axis=1).astype(np.float32)
    scores = random.uniform(0.3, 1, faces * 8).astype(np.float32)
    found = Candidates(boxes, scores, np.zeros((faces * 8, 5, 2), np.float32))
    assert len(benchmark(suppress, found, 0.4)) <= faces


@pytest.mark.parametrize("size", ["640", "1080p", "4K"])
def test_decoding_a_jpeg(benchmark: Any, tmp_path: Path, size: str) -> None:
    benchmark.group = "stages"
    path = tmp_path / "a.jpg"
    cv2.imwrite(str(path), picture(size))
    assert benchmark(read_image, path).frames


@pytest.mark.parametrize("faces", [1, 8])
def test_age(benchmark: Any, faces: int) -> None:
    benchmark.group = "stages"
    (found,) = create_detector("live", threads=1).detect(ASTRONAUT)
    rows, columns = pixel_slice(context_box(found), 512, 512) or (slice(0, 512), slice(0, 512))
    crop = FaceCrop(ASTRONAUT[rows, columns], move_detection(found, -columns.start, -rows.start))
    answers = benchmark(create_age_estimator(threads=1).estimate, [crop] * faces)
    assert len(answers) == faces


@pytest.mark.parametrize("faces", [1, 50])
@pytest.mark.parametrize("method", METHODS)
def test_redaction(benchmark: Any, method: str, faces: int) -> None:
    benchmark.group = "stages"
    frame = Frame((picture("1080p"),))
    regions = [Region(i, Box(30 * i, 10 * i, 30 * i + 150, 10 * i + 200)) for i in range(faces)]
    covered = benchmark(create_redactor(method).redact, frame, regions)
    assert (covered.planes[0][100, 50] != frame.planes[0][100, 50]).any()


@pytest.mark.parametrize("size", ["640", "1080p", "4K"])
def test_the_whole_sentence(benchmark: Any, tmp_path: Path, size: str) -> None:
    """Notice, detect, age, decide, redact, check and record, in memory, record on disk."""
    benchmark.group = "whole"
    guard = FaceGuard(notice=NOTICE, purpose="publication", audit=tmp_path / "audit.jsonl", threads=1)
    result = benchmark(guard.redact, picture(size))
    assert len(result.faces) >= 1

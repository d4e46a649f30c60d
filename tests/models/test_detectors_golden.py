"""The shipped detectors on two public pictures: golden values, with the real weights.

Pictures: scikit-image's astronaut (NASA, public domain) and matplotlib's Grace Hopper (US Government).
"""

from __future__ import annotations

import matplotlib.cbook
import numpy as np
import pytest
import skimage.data
from numpy.typing import NDArray

from faceguard.detection.network import CENTERFACE, RETINAFACE, YUNET, Network
from faceguard.detection.scaling import Pyramid
from faceguard.detection.tiers import TIERS, create_detector
from faceguard.inference.manifest import load_manifest
from faceguard.inference.session import get_session
from faceguard.opencv import cv2
from faceguard.types import Box

Picture = NDArray[np.uint8]

FACE = Box(178.7, 62.0, 270.5, 177.0)
"""The astronaut's face, between the three networks' boxes."""


@pytest.fixture(scope="module")
def pictures() -> dict[str, Picture]:
    astronaut = np.ascontiguousarray(skimage.data.astronaut()[:, :, ::-1])
    hopper = cv2.imread(str(matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)))
    return {"astronaut": astronaut, "hopper": np.asarray(hopper, np.uint8)}


@pytest.mark.parametrize(
    ("network", "picture", "box", "score", "left_eye", "mouth_right"),
    [
        (YUNET, "astronaut", (178.91, 63.24, 269.68, 174.13), 0.9435, (201.5, 105.0), (242.4, 145.0)),
        (YUNET, "hopper", (179.22, 122.63, 354.65, 332.85), 0.9437, (225.7, 193.4), (301.4, 269.2)),
        (RETINAFACE, "astronaut", (178.74, 59.39, 270.13, 178.82), 1.0, (203.7, 101.6), (245.4, 140.7)),
        (RETINAFACE, "hopper", (175.36, 118.21, 352.36, 331.45), 1.0, (221.8, 189.2), (302.1, 272.1)),
        (CENTERFACE, "astronaut", (179.76, 61.77, 270.99, 178.05), 0.9099, (202.6, 100.4), (242.6, 144.4)),
        (CENTERFACE, "hopper", (173.30, 122.95, 355.71, 338.24), 0.8708, (223.4, 200.5), (299.5, 275.7)),
    ],
)
def test_each_network_gives_its_golden_box_and_points(
    pictures: dict[str, Picture],
    network: Network,
    picture: str,
    box: tuple[float, ...],
    score: float,
    left_eye: tuple[float, float],
    mouth_right: tuple[float, float],
) -> None:
    scaled = Pyramid(pictures[picture]).scaled(640)
    (found,) = network.find(scaled.image[None], 0.5, 1)
    found = found.affine((scaled.sx, scaled.sy), (0, 0))
    assert len(found) == 1
    np.testing.assert_allclose(found.boxes[0], box, atol=0.1)
    assert found.scores[0] == pytest.approx(score, abs=0.002)
    np.testing.assert_allclose(found.landmarks[0, 0], left_eye, atol=0.2)
    np.testing.assert_allclose(found.landmarks[0, 4], mouth_right, atol=0.2)


@pytest.mark.parametrize("network", [YUNET, RETINAFACE, CENTERFACE])
def test_a_batch_gives_what_its_pictures_give_alone(pictures: dict[str, Picture], network: Network) -> None:
    first = Pyramid(pictures["astronaut"]).scaled(320).image
    second = np.ascontiguousarray(first[:, ::-1])
    together = network.find(np.stack([first, second]), 0.3, 1)
    alone = [network.find(image[None], 0.3, 1)[0] for image in (first, second)]
    assert [len(found) for found in together] == [len(found) for found in alone]
    for a, b in zip(together, alone, strict=True):
        np.testing.assert_allclose(a.boxes, b.boxes, atol=0.01)
        np.testing.assert_allclose(a.scores, b.scores, atol=1e-4)


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("picture", ["astronaut", "hopper"])
def test_every_tier_finds_the_one_face(pictures: dict[str, Picture], tier: str, picture: str) -> None:
    found = create_detector(tier, threads=1).detect(pictures[picture])
    assert len(found) == 1
    assert found[0].score > 0.95
    assert found[0].landmarks is not None
    if picture == "astronaut":
        np.testing.assert_allclose(
            (found[0].box.x0, found[0].box.y0, found[0].box.x1, found[0].box.y1),
            (FACE.x0, FACE.y0, FACE.x1, FACE.y1),
            atol=10,
        )


@pytest.mark.parametrize("tier", ["balanced", "thorough"])
@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_a_turned_picture_is_searched_as_well_as_an_upright_one(
    pictures: dict[str, Picture], turns: int, tier: str
) -> None:
    image = np.ascontiguousarray(np.rot90(pictures["astronaut"], turns))
    found = create_detector(tier, threads=1).detect(image)
    assert len(found) == 1
    assert found[0].score > 0.95


def test_thorough_finds_heads_turned_each_its_own_way(pictures: dict[str, Picture]) -> None:
    """A lying head beside upright ones is neither lost nor found twice."""
    image = np.hstack([np.rot90(pictures["astronaut"], turns) for turns in range(4)])
    found = create_detector("thorough", threads=1).detect(np.ascontiguousarray(image))
    assert sorted(int(face.box.centre[0] // 512) for face in found) == [0, 1, 2, 3]


@pytest.mark.parametrize("tier", TIERS)
def test_a_close_up_that_fills_the_frame_is_found(pictures: dict[str, Picture], tier: str) -> None:
    """Faces vanish at large inputs, so every plan has a pass at 640 or less."""
    close = np.ascontiguousarray(pictures["astronaut"][58:180, 172:276])
    large = cv2.resize(close, (2080, 2440), interpolation=cv2.INTER_CUBIC)
    found = create_detector(tier, threads=1).detect(np.asarray(large, np.uint8))
    assert found
    assert found[0].box.area > 0.5 * 2080 * 2440
    assert any(step.side_px <= 640 for step in TIERS[tier].passes)


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("grey", [False, True])
def test_a_face_cut_by_the_edge_is_found_and_its_box_stays_inside(
    pictures: dict[str, Picture], tier: str, grey: bool
) -> None:
    image = np.ascontiguousarray(pictures["astronaut"][75:400, 205:500])
    if grey:
        image = np.repeat(image.mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8)
    found = create_detector(tier, threads=1).detect(image)
    assert found
    assert found[0].box.x0 >= 0
    assert found[0].box.y0 >= 0
    assert found[0].box.x0 < 5


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 3000), (3000, 1), (2, 7), (31, 33)])
def test_pictures_too_small_for_a_face_give_none_and_no_error(tier: str, shape: tuple[int, int]) -> None:
    assert create_detector(tier, threads=1).detect(np.full((*shape, 3), 90, np.uint8)) == ()


@pytest.mark.parametrize("bad", [(10, 10), (10, 10, 4), (0, 10, 3)])
def test_what_is_no_picture_is_the_callers_mistake(bad: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="a picture must be"):
        create_detector("live").detect(np.zeros(bad, np.uint8))


def test_an_unknown_tier_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="`balanced`"):
        create_detector("best")


@pytest.mark.parametrize("model_id", list(load_manifest().models))
def test_no_shipped_graph_gives_an_embedding_or_a_guess_of_sex_race_or_emotion(model_id: str) -> None:
    """FG-A09, FG-C14: the graphs' own outputs are faces' places, or a distribution over ages, and nothing else."""
    spec = load_manifest().spec(model_id)
    runtime = get_session(model_id, threads=1)._runtime
    outputs = {output.name: output.shape for output in runtime.get_outputs()}
    forbidden = ("gender", "sex", "race", "ethnic", "emotion", "embed", "feature", "identity", "descriptor")
    assert not [name for name in outputs if any(word in name.lower() for word in forbidden)]
    if spec.task == "detection":
        assert set(outputs) == {"scores", "shapes"}
        assert outputs["shapes"][1] == 14  # four of the box, ten of the points
    else:
        assert len(outputs) == 1
        assert all(not isinstance(size, int) or size <= 101 for size in next(iter(outputs.values())))

"""The age networks with their real weights: golden values, and nothing but ages in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.cbook import get_sample_data
from numpy.typing import NDArray
from skimage.data import astronaut

from faceguard.age.estimator import create_age_estimator
from faceguard.age.labelled import crop_face
from faceguard.age.looks import FACE_API, FACERES, look
from faceguard.age.observe import observe
from faceguard.inference.session import get_session
from faceguard.inference.store import read_weights
from faceguard.opencv import cv2
from faceguard.types import AgeEstimate, AgeUnknown, AgeUnknownReason, Box, Detection, FaceCrop, Landmarks

# Fixed boxes and points, so that the values don't hang on a detector.
ASTRONAUT = Detection(
    Box(178.7, 59.4, 271.0, 178.8),
    0.99,
    Landmarks((203.7, 101.6), (246.6, 102.7), (224.6, 127.7), (203.1, 139.3), (245.4, 140.7)),
)
HOPPER = Detection(
    Box(173.3, 111.5, 355.7, 338.2),
    0.99,
    Landmarks((221.8, 189.2), (308.7, 186.0), (266.4, 239.6), (230.8, 276.1), (302.1, 272.1)),
)


def picture(name: str) -> NDArray[np.uint8]:
    if name == "astronaut":
        return np.ascontiguousarray(astronaut()[..., ::-1])
    path = get_sample_data("grace_hopper.jpg", asfileobj=False)
    return np.asarray(cv2.imread(str(path)), np.uint8)


def crop(name: str) -> FaceCrop:
    found = crop_face(picture(name), ASTRONAUT if name == "astronaut" else HOPPER)
    assert found is not None
    return found


@pytest.mark.parametrize("name", ["astronaut", "hopper"])
def test_golden_looks(name: str) -> None:
    """Ages by faceres-deep, the same mirrored, face-api, the same mirrored, and the spread of the first."""
    golden = {"astronaut": ([33.67, 30.87, 31.14, 34.88], 8.76), "hopper": ([70.83, 70.54, 80.0, 82.76], 10.31)}
    seen = observe([crop(name)], threads=1)
    assert seen.faults == (None,)
    assert seen.looks is not None
    years, std_years = golden[name]
    np.testing.assert_allclose(seen.looks.years[0], years, atol=0.15)
    assert seen.looks.std_years[0] == pytest.approx(std_years, abs=0.1)


def test_a_grown_woman_and_an_old_man_are_told_as_such() -> None:
    """FG-A02: a clear estimate carries a mean, an error, a bound and P(age < T) for each preset's threshold."""
    woman, man = create_age_estimator(threads=1).estimate([crop("astronaut"), crop("hopper")])
    assert isinstance(woman, AgeEstimate)
    assert isinstance(man, AgeEstimate)
    assert 25 < woman.years < 50 < man.years
    assert 16 < woman.lower_years <= woman.years
    assert [threshold for threshold, _ in woman.p_under] == [13.0, 14.0, 16.0, 18.0]
    chances = [chance for _, chance in woman.p_under]
    assert chances == sorted(chances)
    assert chances[-1] < 0.05


def test_faces_of_one_call_get_the_answers_they_get_alone() -> None:
    estimator = create_age_estimator(threads=1)
    crops = [crop("astronaut"), crop("hopper")] * 5
    together = estimator.estimate(crops)
    alone = [estimator.estimate([one])[0] for one in crops[:2]]
    assert len(together) == 10
    for index, answer in enumerate(together):
        expected = alone[index % 2]
        assert isinstance(answer, AgeEstimate)
        assert isinstance(expected, AgeEstimate)
        assert answer.years == pytest.approx(expected.years, abs=0.01)


def test_nobody_is_an_answer_for_nobody() -> None:
    assert create_age_estimator(threads=1).estimate([]) == ()


@pytest.mark.parametrize("angle_deg", [-25, 20])
def test_a_tilted_head_keeps_its_age(angle_deg: float) -> None:
    image = picture("astronaut")
    turn = cv2.getRotationMatrix2D((225.0, 120.0), angle_deg, 1.0)
    turned = np.asarray(cv2.warpAffine(image, turn, (512, 512)), np.uint8)
    assert ASTRONAUT.landmarks is not None
    points = np.array(ASTRONAUT.landmarks.points) @ turn[:, :2].T + turn[:, 2]
    landmarks = Landmarks(*((float(x), float(y)) for x, y in points))
    tilted = crop_face(turned, Detection(ASTRONAUT.box, 0.99, landmarks))
    upright, answer = create_age_estimator(threads=1).estimate([crop("astronaut"), tilted])  # type: ignore[list-item]
    assert isinstance(upright, AgeEstimate)
    assert isinstance(answer, AgeEstimate)
    assert answer.years == pytest.approx(upright.years, abs=3.0)


def test_a_small_face_is_unknown() -> None:
    """FG-A06: the same face, with the picture scaled down until the face has 20 pixels."""
    factor = 20 / ASTRONAUT.box.width
    small = np.asarray(
        cv2.resize(picture("astronaut"), None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8
    )
    box = ASTRONAUT.box
    assert ASTRONAUT.landmarks is not None
    landmarks = Landmarks(*((x * factor, y * factor) for x, y in ASTRONAUT.landmarks.points))
    found = crop_face(small, Detection(Box(*(v * factor for v in (box.x0, box.y0, box.x1, box.y1))), 0.99, landmarks))
    assert found is not None
    (answer,) = create_age_estimator(threads=1).estimate([found])
    assert isinstance(answer, AgeUnknown)
    assert answer.reason is AgeUnknownReason.TOO_SMALL


def test_a_face_without_landmarks_is_unknown() -> None:
    """FG-A06"""
    found = crop_face(picture("astronaut"), Detection(ASTRONAUT.box, 0.99))
    assert found is not None
    (answer,) = create_age_estimator(threads=1).estimate([found])
    assert isinstance(answer, AgeUnknown)


@pytest.mark.parametrize("model_id", [FACERES, FACE_API])
def test_only_ages_come_out(model_id: str) -> None:
    """FG-A09, FG-A11: one output, of ages; no sex head and no feature vector in the graph."""
    session = get_session(model_id, threads=1)
    assert (
        list(session.spec.outputs) == {"faceres-deep": ["age_probabilities"], "face-api-age": ["age_years"]}[model_id]
    )
    side = 224 if model_id == FACERES else 112
    (ages,) = session.run(np.zeros((2, side, side, 3), np.uint8))
    assert ages.shape == ((2, 100) if model_id == FACERES else (2, 1))


@pytest.mark.parametrize("model_id", [FACERES, FACE_API])
def test_every_node_of_the_graph_leads_to_the_age(model_id: str) -> None:
    """FG-A09, FG-A11: what does not serve the age is not in the file, under whatever name."""
    import onnx

    graph = onnx.load_model_from_string(read_weights(get_session(model_id, threads=1).spec)).graph
    assert len(graph.output) == 1
    producers = {name: node for node in graph.node for name in node.output}
    needed, reached = [graph.output[0].name], set()
    while needed:
        name = needed.pop()
        if name not in reached:
            reached.add(name)
            needed += list(producers[name].input) if name in producers else []
    assert {name for node in graph.node for name in node.output} <= reached
    assert {tensor.name for tensor in graph.initializer} <= reached
    assert all(tensor.dims[-1] != 2 for tensor in graph.initializer if len(tensor.dims) == 2)


def test_the_networks_answer_for_each_view_by_itself() -> None:
    """Two faces in one run get what each gets alone, view by view."""
    source = np.random.default_rng(0)
    large = [source.integers(0, 255, (2, 224, 224, 3), dtype=np.uint8) for _ in range(2)]
    small = [source.integers(0, 255, (2, 112, 112, 3), dtype=np.uint8) for _ in range(2)]
    together = look(large, small, threads=1)
    assert together.years.shape == (2, 4)
    for face in range(2):
        alone = look(large[face : face + 1], small[face : face + 1], threads=1)
        np.testing.assert_allclose(together.years[face], alone.years[0], atol=1e-3)
        assert together.std_years[face] == pytest.approx(alone.std_years[0], abs=1e-3)


def test_the_shipped_calibration_is_of_these_weights(tmp_path: Path) -> None:
    """A calibration made with other weights is refused."""
    from faceguard.age.calibration import read_calibration, shipped_calibration
    from faceguard.errors import ModelIntegrityError

    shipped = shipped_calibration()
    other = shipped.model_copy(update={"models": {**shipped.models, FACERES: "0" * 64}})
    (tmp_path / "other.json").write_text(other.model_dump_json(), encoding="utf-8")
    with pytest.raises(ModelIntegrityError, match="calibrate anew"):
        read_calibration(tmp_path / "other.json")

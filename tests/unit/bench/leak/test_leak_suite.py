"""The leak benchmark on people made here: what hides them, what doesn't, and what it says of a folder it can't use."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from faceguard.bench.leak.attacks import make_groups
from faceguard.bench.leak.covers import BARE, Cover, our_cover
from faceguard.bench.leak.crops import ARCFACE_POINTS
from faceguard.bench.leak.recogniser import InputRange, OnnxRecogniser
from faceguard.bench.leak.scenes import Scene, read_people
from faceguard.bench.leak.scoring import Trial, score
from faceguard.bench.leak.suite import Attacked, measurements, read_scenes, run_leak
from faceguard.errors import ConfigurationError
from faceguard.opencv import cv2
from faceguard.redaction.coverage import RegionKind
from faceguard.types import Box, Detection, Landmarks

PEOPLE, PICTURES = 8, 6
HEAD = Box(80, 60, 192, 172)


class SquareFinder:
    """Finds a face where `_people` put one, if what is there still varies."""

    model_ids = ("square",)

    def detect(self, image: np.ndarray) -> tuple[Detection, ...]:
        inside = image[int(HEAD.y0) : int(HEAD.y1), int(HEAD.x0) : int(HEAD.x1)]
        return (_DETECTION,) if inside.std() > 10 else ()


_DETECTION = Detection(HEAD, 0.9, Landmarks(*((x + HEAD.x0, y + HEAD.y0) for x, y in ARCFACE_POINTS.tolist())))


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    """Each person mixes the same 3 patterns in another way; each picture has its own noise and background."""
    rng = np.random.default_rng(5)
    basis = [cv2.resize(rng.uniform(-40, 40, (6, 6, 3)), (112, 112)) for _ in range(3)]
    made = []
    for person in range(PEOPLE):
        pattern = 128 + sum(part if person >> bit & 1 else -part for bit, part in enumerate(basis))
        for _ in range(PICTURES):
            image = rng.integers(100, 156, (260, 280, 3)).astype(np.uint8)
            noisy = pattern + rng.normal(0, 12, (112, 112, 3))
            image[60:172, 80:192] = np.clip(noisy, 0, 255)
            made.append(Scene(f"person {person}", image, _DETECTION))
    return made


@pytest.fixture(scope="module")
def found(scenes: list[Scene]) -> dict[str, Attacked]:
    covers = [BARE, our_cover("solid", RegionKind.HEAD, 0.25, "head"), Cover("x", "weak", "face", "-", _weak_blur)]
    return run_leak(scenes, covers, SquareFinder(), None, lambda _: None)


def _weak_blur(image: np.ndarray, detection: Detection) -> np.ndarray:
    return cv2.GaussianBlur(image, (9, 9), 0)


@pytest.mark.parametrize("label", [BARE.label, "x weak, face"])
def test_people_are_told_apart_where_nothing_hides_them(found: dict[str, Attacked], label: str) -> None:
    for result in found[label].scores.values():
        assert result.rank1 > 0.9
        assert result.auc > 0.9
        assert not result.at_chance
    assert found[label].facts.depends_on_inside
    assert found[label].facts.still_detected == 1


def test_a_solid_cover_leaves_the_attackers_guessing(found: dict[str, Attacked]) -> None:
    """FG-R02: nothing inside of a solid cover depends on the face."""
    solid = found["faceguard solid, head"]
    assert not solid.facts.depends_on_inside
    assert solid.facts.still_detected == 0
    assert all(result.at_chance for result in solid.scores.values())


def test_every_cover_and_attack_gets_its_figures(found: dict[str, Attacked]) -> None:
    figures = {m.name: m for m in measurements(found)}
    assert figures["none bare, nothing | parrot on pixels | rank-1"].better == "neither"
    assert figures["x weak, face | linear inversion | AUC"].value > 0.9
    assert figures["x weak, face | attacks above chance"].value == 2
    assert figures["faceguard solid, head | attacks above chance"].value == 0
    assert figures["rank-1 by guessing"].value == 100 / (PEOPLE / 2)


def test_half_of_the_people_is_attacked_with_what_the_other_half_taught(scenes: list[Scene]) -> None:
    for group in make_groups("all", scenes, scenes, halve_from=4):
        looked_for = {scene.person for scene in [*group.gallery, *group.probes]}
        assert len(looked_for) == PEOPLE / 2
        assert looked_for.isdisjoint(scene.person for scene in group.others)
        assert not set(map(id, group.gallery)) & set(map(id, group.probes))


def test_ties_are_guesses_and_a_perfect_attack_is_perfect() -> None:
    truth = np.array([0, 1, 2, 3])
    rng = np.random.default_rng(0)
    blind = score([Trial(np.ones((4, 4)), truth)], rng)
    assert (blind.rank1, blind.auc) == (0.25, 0.5)
    assert blind.at_chance
    sharp = score([Trial(np.eye(4), truth)], rng)
    assert (sharp.rank1, sharp.auc) == (1.0, 1.0)


@pytest.mark.parametrize("inner", ["", "images"])
def test_people_are_read_from_a_folder_each(tmp_path: Path, inner: str) -> None:
    for name in ("a", "b"):
        (tmp_path / inner / name).mkdir(parents=True)
        for number in (10, 2, 1):
            (tmp_path / inner / name / f"{number}.png").touch()
    (tmp_path / inner / "README").write_text("not a person")
    people = read_people(tmp_path)
    assert [path.name for path in people[f"{tmp_path.name}/a"]] == ["1.png", "2.png", "10.png"]
    assert len(people) == 2


def test_too_few_people_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="the attacks need 4"):
        read_scenes(tmp_path, SquareFinder(), 6)


def test_a_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(b"not a network")
    with pytest.raises(ConfigurationError, match="can't be used as a recogniser"):
        OnnxRecogniser(tmp_path / "net.onnx", InputRange.BYTES, 1)


def test_a_network_that_the_tester_brings_joins_the_attack(tmp_path: Path, scenes: list[Scene]) -> None:
    recogniser = OnnxRecogniser(_average_pooling(tmp_path / "net.onnx"), InputRange.SIGNED, 1)
    covers = [BARE, our_cover("solid", RegionKind.HEAD, 0.25, "head")]
    found = run_leak(scenes, covers, SquareFinder(), recogniser, lambda _: None)
    assert found[BARE.label].scores["recogniser"].rank1 > 0.9
    assert found["faceguard solid, head"].scores["recogniser"].at_chance
    assert len(found[BARE.label].scores) == 6


def _average_pooling(path: Path) -> Path:
    """A stand-in for an embedding: the crop in 7 x 7 means."""
    import onnx
    from onnx import TensorProto, helper

    pool = helper.make_node("AveragePool", ["crop"], ["means"], kernel_shape=[16, 16], strides=[16, 16])
    flat = helper.make_node("Flatten", ["means"], ["embedding"])
    crop = helper.make_tensor_value_info("crop", TensorProto.FLOAT, [1, 3, 112, 112])
    embedding = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [1, 147])
    graph = helper.make_graph([pool, flat], "means", [crop], [embedding])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.save(model, str(path))
    return path

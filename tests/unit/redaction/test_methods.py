"""What every redaction method must do, on every pixel format, and what only the irreversible ones can."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from redaction_frames import KIND_IDS, KINDS, noise_frame

from faceguard.errors import ConfigurationError, PolicyError
from faceguard.geometry import pixel_slice
from faceguard.redaction.blur import BlurRedactor
from faceguard.redaction.inpaint import InpaintRedactor
from faceguard.redaction.mosaic import LEVELS, MAX_CELLS, MosaicRedactor
from faceguard.redaction.planes import Canvas, PlaneRedactor, bit_depth_of, canvas_of
from faceguard.redaction.registry import METHODS, create_redactor, require_class
from faceguard.redaction.solid import SolidRedactor, fill_levels, fill_planes
from faceguard.types import Box, Frame, PixelFormat, RedactionClass, Region

IRREVERSIBLE = [name for name in METHODS if create_redactor(name).redaction_class is RedactionClass.IRREVERSIBLE]
REGIONS = (Region(0, Box(5.5, 7.2, 30.1, 33.3)), Region(1, Box(25, 20, 52, 40)), Region(2, Box(55, 40, 80, 90)))

every_kind = pytest.mark.parametrize(("kind", "dtype"), KINDS, ids=KIND_IDS)
every_method = pytest.mark.parametrize("method", list(METHODS))


def touched(frame: Frame, regions: tuple[Region, ...], number: int) -> NDArray[np.bool_]:
    """Which samples of plane `number` belong to a pixel of a region, reckoned pixel by pixel."""
    mask = np.zeros(frame.planes[number].shape[:2], dtype=bool)
    step_x = 2 if number and frame.format in (PixelFormat.YUV420, PixelFormat.YUV422) else 1
    step_y = 2 if number and frame.format is PixelFormat.YUV420 else 1
    for region in regions:
        span = pixel_slice(region.box, frame.width, frame.height)
        if span is not None:
            y, x = np.mgrid[span]
            mask[y // step_y, x // step_x] = True
    return mask


@every_kind
def test_solid_fill_covers_every_sample_that_a_region_touches(kind: PixelFormat, dtype: type) -> None:
    """FG-R01, FG-R04: luma and chroma, clipped to the frame, to its last row and column."""
    frame = noise_frame(kind, dtype)
    redacted = SolidRedactor().redact(frame, REGIONS)
    levels = fill_levels(kind, bit_depth_of(frame))
    for number, (plane, level) in enumerate(zip(redacted.planes, levels, strict=True)):
        inside = touched(frame, REGIONS, number)
        assert inside[-1, -1]
        assert (plane[inside] == level).all()


@every_kind
@every_method
def test_what_is_farther_than_a_chroma_sample_from_a_region_stays_as_it_was(
    method: str, kind: PixelFormat, dtype: type
) -> None:
    frame = noise_frame(kind, dtype)
    redacted = create_redactor(method).redact(frame, REGIONS)
    wider = tuple(Region(r.index, Box(r.box.x0 - 2, r.box.y0 - 2, r.box.x1 + 2, r.box.y1 + 2)) for r in REGIONS)
    for number, (old, new) in enumerate(zip(frame.planes, redacted.planes, strict=True)):
        outside = ~touched(frame, wider, number)
        assert outside.any()
        assert (old[outside] == new[outside]).all()


@every_kind
@every_method
def test_the_input_is_not_written_to_and_the_frame_keeps_its_place(method: str, kind: PixelFormat, dtype: type) -> None:
    frame = noise_frame(kind, dtype, with_alpha=True)
    copies = [plane.copy() for plane in frame.planes]
    redacted = create_redactor(method).redact(frame, REGIONS)
    assert all((old == copy).all() for old, copy in zip(frame.planes, copies, strict=True))
    assert (redacted.format, redacted.index, redacted.pts_s) == (frame.format, frame.index, frame.pts_s)
    assert [(p.shape, p.dtype) for p in redacted.planes] == [(p.shape, p.dtype) for p in frame.planes]
    assert not any(np.shares_memory(a, b) for a, b in zip(frame.planes, redacted.planes, strict=True))


@every_kind
@every_method
def test_covered_regions_are_opaque(method: str, kind: PixelFormat, dtype: type) -> None:
    """FG-R01: a fill that is transparent shows what lies behind."""
    frame = noise_frame(kind, dtype, with_alpha=True)
    redacted = create_redactor(method).redact(frame, REGIONS)
    assert redacted.alpha is not None
    assert frame.alpha is not None
    inside = touched(frame, REGIONS, 0)
    assert (redacted.alpha[inside] == (1 << bit_depth_of(frame)) - 1).all()
    assert (redacted.alpha[:4] == frame.alpha[:4]).all()


@pytest.mark.parametrize("method", IRREVERSIBLE)
@every_kind
@settings(max_examples=15, deadline=None)
@given(
    boxes=st.lists(
        st.builds(
            lambda x, y, w, h: Box(x, y, x + w, y + h),
            st.floats(-20, 60),
            st.floats(-20, 50),
            st.floats(0.2, 50),
            st.floats(0.2, 50),
        ),
        min_size=1,
        max_size=4,
    ),
    seed=st.integers(0, 2**32),
)
def test_two_inputs_that_differ_only_inside_give_the_same_bytes(
    method: str, kind: PixelFormat, dtype: type, boxes: list[Box], seed: int
) -> None:
    """FG-R02: the region's output is independent of its input, also where regions overlap or lie side by side."""
    regions = tuple(Region(index, box) for index, box in enumerate(boxes))
    one, noise = noise_frame(kind, dtype, seed=seed), noise_frame(kind, dtype, seed=seed + 1)
    planes = tuple(
        np.where(touched(one, regions, n).reshape(*p.shape[:2], *[1] * (p.ndim - 2)), q, p).astype(dtype)
        for n, (p, q) in enumerate(zip(one.planes, noise.planes, strict=True))
    )
    other = Frame(planes, kind)
    first = create_redactor(method).redact(one, regions)
    second = create_redactor(method).redact(other, regions)
    for number, (a, b) in enumerate(zip(first.planes, second.planes, strict=True)):
        inside = touched(one, regions, number)
        assert a[inside].tobytes() == b[inside].tobytes()


@pytest.mark.parametrize("redactor", [MosaicRedactor(seed=1), BlurRedactor()], ids=["mosaic", "blur"])
def test_the_other_methods_do_depend_on_what_they_cover(redactor: PlaneRedactor) -> None:
    """FG-R02: so the test above can fail."""
    dark = Frame((np.zeros((64, 64, 3), np.uint8),))
    bright = Frame((np.full((64, 64, 3), 255, np.uint8),))
    region = (Region(0, Box(8, 8, 56, 56)),)
    a, b = (redactor.redact(frame, region).planes[0][20:40, 20:40] for frame in (dark, bright))
    assert float(b.mean()) - float(a.mean()) > 100


@every_method
@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (2, 2), (3, 5)])
def test_the_smallest_pictures_are_covered(method: str, size: tuple[int, int]) -> None:
    for kind, dtype in KINDS:
        frame = noise_frame(kind, dtype, *size)
        redacted = create_redactor(method).redact(frame, (Region(0, Box(-3, -3, 30, 30)),))
        assert [plane.shape for plane in redacted.planes] == [plane.shape for plane in frame.planes]
    whole = SolidRedactor().redact(frame, (Region(0, Box(-3, -3, 30, 30)),))
    assert all((plane == plane.flat[0]).all() for plane in whole.planes)


@every_method
def test_regions_outside_of_the_frame_change_nothing(method: str) -> None:
    frame = noise_frame(PixelFormat.YUV420, np.uint8)
    regions = (Region(0, Box(-50, -50, -1, -1)), Region(1, Box(61, 0, 90, 30)), Region(2, Box(0, 47, 9, 60)))
    redacted = create_redactor(method).redact(frame, regions)
    assert all((a == b).all() for a, b in zip(frame.planes, redacted.planes, strict=True))


@every_method
def test_no_regions_give_an_equal_frame(method: str) -> None:
    frame = noise_frame(PixelFormat.BGR, np.uint8)
    assert (create_redactor(method).redact(frame, ()).planes[0] == frame.planes[0]).all()


def test_planes_that_the_caller_owns_are_filled_in_place() -> None:
    frame = noise_frame(PixelFormat.YUV420, np.uint16)
    planes = [plane.copy() for plane in frame.planes]
    fill_planes(planes, PixelFormat.YUV420, [region.box for region in REGIONS], bit_depth=10)
    expected = SolidRedactor().redact(frame, REGIONS).planes
    assert all((a == b).all() for a, b in zip(planes, expected, strict=True))


def test_planes_that_are_not_owned_are_not_filled() -> None:
    frame = noise_frame(PixelFormat.BGR, np.uint8)
    with pytest.raises(ValueError, match="read-only"):
        fill_planes(frame.planes, PixelFormat.BGR, [Box(0, 0, 5, 5)], bit_depth=8)


@pytest.mark.parametrize("dtype", [np.float32, np.int16])
def test_samples_of_other_types_are_refused(dtype: type) -> None:
    with pytest.raises(TypeError, match="uint8 or uint16"):
        Canvas((np.zeros((4, 4, 3), dtype),), PixelFormat.BGR, 8)


def test_a_bit_depth_must_fit() -> None:
    with pytest.raises(ValueError, match="don't fit"):
        Canvas((np.zeros((4, 4, 3), np.uint8),), PixelFormat.BGR, 10)


def test_the_fill_is_grey_in_every_format() -> None:
    assert fill_levels(PixelFormat.BGR, 8) == (56,)
    assert fill_levels(PixelFormat.YUV420, 8) == (64, 128, 128)
    assert fill_levels(PixelFormat.YUV420, 10) == (256, 512, 512)


@pytest.mark.parametrize("size", [(40, 40), (200, 130), (640, 480)])
def test_a_mosaic_has_at_most_eight_cells_each_way_and_few_levels(size: tuple[int, int]) -> None:
    """FG-R01: the class `strong` is for few, quantised cells."""
    frame = noise_frame(PixelFormat.BGR, np.uint8, *size)
    out = MosaicRedactor(seed=5).redact(frame, (Region(0, Box(0, 0, *size)),)).planes[0]
    assert (np.abs(np.diff(out.astype(int), axis=0)).max(axis=(1, 2)) > 0).sum() <= MAX_CELLS - 1
    assert (np.abs(np.diff(out.astype(int), axis=1)).max(axis=(0, 2)) > 0).sum() <= MAX_CELLS - 1
    assert len(np.unique(out)) <= LEVELS


def test_the_noise_of_a_mosaic_is_secret_but_stays_over_time() -> None:
    """FG-R01: noise that is known could be subtracted; noise that changes with each frame could be averaged away."""
    grey = Frame((np.full((80, 80, 3), 120, np.uint8),))
    region = (Region(4, Box(0, 0, 80, 80)),)
    redactor = MosaicRedactor()
    first, again = (redactor.redact(grey, region).planes[0] for _ in range(2))
    other = MosaicRedactor().redact(grey, region).planes[0]
    assert (first == again).all()
    assert (first != other).any()


def test_a_blur_keeps_no_sharp_edge() -> None:
    frame = noise_frame(PixelFormat.BGR, np.uint8, 100, 100)
    out = BlurRedactor().redact(frame, (Region(0, Box(0, 0, 100, 100)),)).planes[0].astype(int)
    assert np.abs(np.diff(out, axis=0)).max() < 8


def test_an_inpainted_region_joins_its_surroundings() -> None:
    ramp = np.broadcast_to(np.linspace(40, 200, 120)[None, :, None], (90, 120, 3)).astype(np.uint8)
    holed = ramp.copy()
    holed[30:60, 40:80] = 255
    out: Any = InpaintRedactor().redact(Frame((holed,)), (Region(0, Box(40, 30, 80, 60)),)).planes[0]
    assert np.abs(out.astype(int) - ramp).max() <= 20


def test_an_inpainted_frame_without_surroundings_is_grey() -> None:
    """FG-R02: with nothing outside there is nothing to compute from but a constant."""
    frame = noise_frame(PixelFormat.BGR, np.uint8)
    out = InpaintRedactor().redact(frame, (Region(0, Box(-5, -5, 100, 100)),)).planes[0]
    assert (out == fill_levels(PixelFormat.BGR, 8)[0]).all()


def test_a_name_that_is_no_method_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"`pixelate`; use one of solid, inpaint, mosaic, blur"):
        create_redactor("pixelate")


def test_the_default_is_an_opaque_fill() -> None:
    """FG-R01"""
    assert isinstance(create_redactor(), SolidRedactor)


@pytest.mark.parametrize(
    ("method", "required", "allowed"),
    [
        ("solid", RedactionClass.IRREVERSIBLE, True),
        ("inpaint", RedactionClass.IRREVERSIBLE, True),
        ("mosaic", RedactionClass.IRREVERSIBLE, False),
        ("blur", RedactionClass.IRREVERSIBLE, False),
        ("solid", RedactionClass.STRONG, True),
        ("mosaic", RedactionClass.STRONG, True),
        ("blur", RedactionClass.STRONG, False),
        ("blur", RedactionClass.COSMETIC, False),
    ],
)
def test_a_weaker_method_cannot_satisfy_a_policy(method: str, required: RedactionClass, allowed: bool) -> None:
    """FG-R01: a blur satisfies no policy, a mosaic none that asks for irreversible."""
    redactor = create_redactor(method)
    assert redactor.method == method
    if allowed:
        require_class(redactor, required)
    else:
        with pytest.raises(PolicyError, match=f"`{method}` is {redactor.redaction_class}"):
            require_class(redactor, required)


@every_kind
def test_a_canvas_is_a_copy(kind: PixelFormat, dtype: type) -> None:
    frame = noise_frame(kind, dtype)
    canvas = canvas_of(frame)
    canvas.planes[0][:] = 0
    assert frame.planes[0].any()

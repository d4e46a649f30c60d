"""What a face detector is shown of a frame: 8-bit BGR, and what lies under the alpha as well as what shows."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from faceguard.media.pixels import composite, to_eight_bits
from faceguard.types import Frame, PixelFormat

_DARK_PEAK = 0.25
"""A 16-bit picture whose brightest pixels stay under this share of the range is stretched: 12-bit sensors and X-ray
or depth files fill only the low end, and would look black to a detector at 8 bits."""
_PEAK_PERCENTILE = 99.9


def to_detector_image(frame: Frame) -> NDArray[np.uint8]:
    """The true colours of a BGR frame as `(H, W, 3)` uint8, alpha left aside: a face may lie under alpha 0.

    A uint8 frame is not copied. Dark 16-bit frames are brightened.
    """
    if frame.format is not PixelFormat.BGR:
        raise ValueError(f"a picture's frame is BGR, not {frame.format}")
    bgr = frame.planes[0]
    if bgr.dtype == np.uint8:
        return cast("NDArray[np.uint8]", bgr)
    step = max(1, int((bgr.shape[0] * bgr.shape[1] / 250_000) ** 0.5))
    peak = float(np.percentile(bgr[::step, ::step], _PEAK_PERCENTILE))
    if not 0 < peak < _DARK_PEAK * 65535:
        return to_eight_bits(bgr)
    table = np.minimum(np.arange(65536, dtype=np.float32) * (255 / peak), 255).astype(np.uint8)
    return cast("NDArray[np.uint8]", table[bgr])


def detector_images(frame: Frame) -> tuple[NDArray[np.uint8], ...]:
    """Every view of a BGR frame in which a face may show, each `(H, W, 3)` uint8 of the frame's size.

    One for an opaque frame. With real transparency also the frame as it looks on white and on black: a face drawn by
    alpha alone is seen by people, though its colours are flat.
    """
    colours = to_detector_image(frame)
    if frame.alpha is None:
        return (colours,)
    alpha = to_eight_bits(frame.alpha)
    if int(alpha.min()) == 255:
        return (colours,)
    return colours, composite(colours, alpha, 255), composite(colours, alpha, 0)

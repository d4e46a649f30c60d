"""QR codes and ArUco markers in the pixels around faces, with OpenCV's own readers.

Around each face the picture is scaled so that a worn card has pixels enough for its modules, 41 x 41 in a QR badge, and
read again at its native size; the whole picture is read once more, small, for a second copy of a badge far from any
face. Reading is strict: a marker must be spelled without a single wrong bit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from faceguard.badges.code import SeenCode
from faceguard.geometry import clip, pixel_slice
from faceguard.opencv import cv2
from faceguard.types import Box, Point

READ_FACE_PX = 480
"""To this width a face is scaled for reading: a card half as wide then has 6 pixels for each module of a QR badge.
Measured: below 2.5 pixels of the picture for each module hardly any are read, however scaled (docs/badges.md)."""
MAX_ENLARGEMENT = 4.0
"""More adds no detail."""
NATIVE_MAX_PX = 2400
WHOLE_MAX_PX = 1920
"""Longest side of what is read at once: a window at its native size, and the whole picture."""

ASIDE, ABOVE, BELOW = 1.9, 0.6, 3.8
"""The window around a face, in its widths and heights: a little more than where a badge may be its own."""

SAME_PLACE = 0.5
"""Two readings of one content within this share of its side are one code."""


def read_codes(image: NDArray[np.uint8], faces: Sequence[Box]) -> tuple[SeenCode, ...]:
    """Every code that can be read in `image`, `(H, W, 3)` BGR uint8, or that lies near one of `faces` unread."""
    height, width = image.shape[:2]
    found: list[SeenCode] = []
    for window, scales in _windows(faces, width, height):
        place = pixel_slice(window, width, height)
        if place is None:
            continue
        part = image[place]
        for scale in scales:
            _add(found, _read(part, scale, place[1].start, place[0].start))
    whole = [code for code in _read(image, min(1.0, WHOLE_MAX_PX / max(height, width)), 0, 0) if code.text != ""]
    _add(found, whole)
    return tuple(found)


def read_all_codes(image: NDArray[np.uint8]) -> tuple[SeenCode, ...]:
    """Every code in a picture of badges, wherever it is: the picture is read small, as it is, and enlarged."""
    longest = max(image.shape[:2])
    found: list[SeenCode] = []
    for scale in sorted({min(1.0, WHOLE_MAX_PX / longest), 1.0, max(1.0, min(2.0, 2 * WHOLE_MAX_PX / longest))}):
        _add(found, [code for code in _read(image, scale, 0, 0) if code.text != ""])
    return tuple(found)


def _windows(faces: Sequence[Box], width: int, height: int) -> Iterator[tuple[Box, tuple[float, ...]]]:
    """What is read around each face, and at which scales."""
    for face in faces:
        x = face.centre[0]
        around = Box(
            x - ASIDE * face.width,
            face.y0 - ABOVE * face.height,
            x + ASIDE * face.width,
            face.y1 + BELOW * face.height,
        )
        window = clip(around, width, height)
        if window is None:
            continue
        fitted = min(MAX_ENLARGEMENT, READ_FACE_PX / face.width)
        native = min(1.0, NATIVE_MAX_PX / max(window.width, window.height))
        yield window, (fitted,) if 0.8 <= fitted / native <= 1.25 else (fitted, native)


def _add(found: list[SeenCode], more: Sequence[SeenCode]) -> None:
    """Adds what isn't there yet. A code that was read replaces one that was found there and couldn't be."""
    for code in more:
        at_place = [n for n, known in enumerate(found) if _is_same_place(code, known)]
        if any(found[n].content == code.content for n in at_place):
            continue
        if code.text == "":
            if not at_place:
                found.append(code)
            continue
        for n in reversed(at_place):
            if found[n].text == "":
                del found[n]
        found.append(code)


def _is_same_place(a: SeenCode, b: SeenCode) -> bool:
    (ax, ay), (bx, by) = a.box.centre, b.box.centre
    return max(abs(ax - bx), abs(ay - by)) <= SAME_PLACE * max(a.side_px, b.side_px)


def _read(image: NDArray[np.uint8], scale: float, x: float, y: float) -> list[SeenCode]:
    """The codes of a part of the frame that begins at `(x, y)`, read at `scale`."""
    if scale != 1.0:
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        image = np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=method), np.uint8)
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)

    def in_frame(corners: NDArray[np.float32]) -> tuple[Point, Point, Point, Point]:
        a, b, c, d = ((x + float(u) / scale, y + float(v) / scale) for u, v in corners.reshape(4, 2))
        return a, b, c, d

    qr = [SeenCode(in_frame(corners), text=text) for text, corners in _qr_codes(grey)]
    return qr + [SeenCode(in_frame(corners), marker=number) for number, corners in _markers(grey)]


def _qr_codes(grey: NDArray[np.uint8]) -> list[tuple[str, NDArray[np.float32]]]:
    """`(text, corners (4, 2) float32)` of each code; the text is "" where it can't be read."""
    try:
        found, texts, corners, _ = cv2.QRCodeDetectorAruco().detectAndDecodeMulti(grey)
    except (cv2.error, UnicodeDecodeError):  # a code whose bytes are no text: none of ours
        return []
    if not found:
        return []
    quads = np.asarray(corners, np.float32).reshape(-1, 4, 2)
    return [(text, quad) for text, quad in zip(texts, quads, strict=True) if np.isfinite(quad).all()]


def _markers(grey: NDArray[np.uint8]) -> list[tuple[int, NDArray[np.float32]]]:
    """`(number, corners (4, 2) float32)` of each AprilTag 36h11, spelled without an error."""
    parameters = cv2.aruco.DetectorParameters()
    parameters.errorCorrectionRate = 0.0
    family = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36h11)
    corners, numbers, _ = cv2.aruco.ArucoDetector(family, parameters).detectMarkers(grey)
    if numbers is None:
        return []
    quads = [np.asarray(quad, np.float32).reshape(4, 2) for quad in corners]
    return [(int(number), quad) for number, quad in zip(np.asarray(numbers).ravel(), quads, strict=True)]

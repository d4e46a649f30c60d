"""What a badge shows to the camera: a QR code or an ArUco marker, as SVG, black on white with its quiet zone."""

from __future__ import annotations

import numpy as np

from faceguard.errors import ConfigurationError
from faceguard.opencv import cv2
from faceguard.signage.extra import notice_extra

QUIET_ZONE_MODULES = 4
"""ISO/IEC 18004, 9.1: four modules of white around a QR code."""
MARKER_CELLS = 8
"""Of AprilTag 36h11: 6 x 6 bits and a black border."""
MARKER_QUIET_CELLS = 1


def token_svg(token: str) -> str:
    """A badge's token as a QR code of error correction level M: larger modules read from farther than more correction.

    Raises ConfigurationError for a text that is too long.
    """
    with notice_extra():
        import segno
    try:
        code = segno.make(token, error="m", micro=False, boost_error=False)
    except segno.DataOverflowError as error:
        raise ConfigurationError(f"a badge of {len(token)} characters fits no QR code", key="badge") from error
    svg: str = code.svg_inline(border=QUIET_ZONE_MODULES, light="#ffffff", dark="#000000", omitsize=True)
    return svg


def marker_svg(number: int) -> str:
    """The marker `number` of the family AprilTag 36h11."""
    family = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36h11)
    cells = np.asarray(cv2.aruco.generateImageMarker(family, number, MARKER_CELLS), np.uint8)
    side = MARKER_CELLS + 2 * MARKER_QUIET_CELLS
    dark = "".join(
        f"M{x + MARKER_QUIET_CELLS} {y + MARKER_QUIET_CELLS}h1v1h-1z" for y, x in np.argwhere(cells == 0).tolist()
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" shape-rendering="crispEdges">'
        f'<path fill="#ffffff" d="M0 0h{side}v{side}h-{side}z"/><path fill="#000000" d="{dark}"/></svg>'
    )

"""The QR code by which a phone gets from the first layer to the second."""

from __future__ import annotations

from faceguard.errors import NoticeError
from faceguard.signage.extra import notice_extra

QUIET_ZONE_MODULES = 4
"""ISO/IEC 18004, 9.1: four modules of white around a QR code."""


def qr_svg(url: str) -> str:
    """`url` as a QR code in SVG, black on white. Error correction of level Q at least: signs get dirty.

    Raises NoticeError when `url` is too long for a code.
    """
    with notice_extra():
        import segno
    try:
        code = segno.make(url, error="q", micro=False)
    except segno.DataOverflowError as error:
        raise NoticeError(
            f"the address of the full text has {len(url)} characters, too many for a QR code; use a shorter one",
            key="placements.web",
        ) from error
    svg: str = code.svg_inline(border=QUIET_ZONE_MODULES, light="#ffffff", dark="#000000", omitsize=True)
    return svg

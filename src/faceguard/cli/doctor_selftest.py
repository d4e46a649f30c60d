"""The self test of `faceguard doctor`: a face drawn by code is found, covered, written, read again and recorded."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from faceguard.cli.doctor_checks import REINSTALL, Finding, Health

if TYPE_CHECKING:
    from PIL.Image import Image

SIDE_PX = 480
FACE = (150, 130, 330, 350)
"""x0, y0, x1, y1 of the drawn face."""

_SKIN, _SHADE, _HAIR, _LIP = (222, 178, 152), (205, 160, 135), (52, 38, 32), (176, 84, 82)
_ELLIPSES = (
    (0, 190, 150, 90, (60, 70, 90)),
    (0, 120, 38, 70, _SHADE),
    (0, -30, 104, 132, _HAIR),
    (0, 0, 88, 112, _SKIN),
    (0, -118, 88, 42, _HAIR),
    *((36 * side, -14, 19, 10, (245, 240, 236)) for side in (-1, 1)),
    *((36 * side, -14, 9, 9, (40, 26, 20)) for side in (-1, 1)),
    *((36 * side, -36, 22, 5, (64, 46, 38)) for side in (-1, 1)),
    *((89 * side, 4, 9, 20, _SHADE) for side in (-1, 1)),
    (0, 14, 9, 24, _SHADE),
    (0, 34, 15, 8, (190, 138, 116)),
    (0, 62, 30, 10, _LIP),
)
"""Centre x and y from the middle of the picture, half width, half height, colour; in the order of drawing."""


def drawn_face() -> Image:
    """A picture of a face that the networks take for one, and that is nobody's."""
    from PIL import Image, ImageDraw, ImageFilter

    picture = Image.new("RGB", (SIDE_PX, SIDE_PX), (96, 110, 128))
    draw = ImageDraw.Draw(picture)
    middle = SIDE_PX / 2
    for x, y, width, height, colour in _ELLIPSES:
        draw.ellipse((middle + x - width, middle + y - height, middle + x + width, middle + y + height), fill=colour)
    return picture.filter(ImageFilter.GaussianBlur(3))


def redact_a_drawn_face() -> Iterator[Finding]:
    """The whole sentence, from notice to record, under the strictest preset: with the second look and the child."""
    from faceguard.audit.verify import verify_log
    from faceguard.errors import FaceguardError
    from faceguard.media.image import read_image
    from faceguard.pipeline.guard import FaceGuard
    from faceguard.policy.cases import shipped_notice

    with tempfile.TemporaryDirectory(prefix="faceguard-") as name:
        place = Path(name)
        drawn_face().save(place / "in.png")
        try:
            notice = shipped_notice()
            guard = FaceGuard(
                notice=notice, purpose=notice.purposes[0].id, policy="strictest", audit=place / "log.jsonl", threads=1
            )
            report = guard.redact_image(place / "in.png", place / "out.png")
            verify_log(place / "log.jsonl", keys=None, moment=datetime.now(UTC))
        except FaceguardError as error:
            yield Finding("self test", Health.FAILURE, f"{error.code}: {error.message}", REINSTALL)
            return
        x0, y0, x1, y1 = FACE
        inside = read_image(place / "out.png").frames[0].planes[0][y0:y1, x0:x1]
        if report.redacted_count != 1 or int(inside.max()) - int(inside.min()) > 0:
            found = f"{report.redacted_count} faces were covered in a picture of one, or not all of it was"
            yield Finding("self test", Health.FAILURE, found, REINSTALL)
            return
    yield Finding("self test", Health.OK, "a drawn face was found, covered, written, read again and recorded")

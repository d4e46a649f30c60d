"""Every method on one head, side by side: `python benchmarks/redaction_leak/methods_picture.py OUT.jpg`.

The picture is scikit-image's astronaut (Eileen Collins, NASA, public domain).
"""

from __future__ import annotations

import sys

import cv2
import numpy as np
from skimage import data

from faceguard.detection.tiers import create_detector
from faceguard.redaction.coverage import head_region
from faceguard.redaction.registry import METHODS, create_redactor
from faceguard.types import Frame, Region


def main(out: str) -> None:
    photo = np.ascontiguousarray(data.astronaut()[..., ::-1])
    face = create_detector("live").detect(photo)[0]
    region = Region(0, head_region(face, 0.25))
    tiles = []
    for name in METHODS:
        redactor = create_redactor(name)
        tile = np.array(redactor.redact(Frame((photo,)), [region]).planes[0][:330, 60:390])
        label = f"{name}: {redactor.redaction_class}"
        tile[308:] = 40
        cv2.putText(tile, label, (8, 324), cv2.FONT_HERSHEY_SIMPLEX, 0.55, (255, 255, 255), 1, cv2.LINE_AA)
        tiles.append(tile)
    cv2.imwrite(out, np.hstack(tiles))


if __name__ == "__main__":
    main(sys.argv[1])

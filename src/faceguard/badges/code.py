"""A code seen in a picture, before anybody asks what it is worth."""

from __future__ import annotations

from dataclasses import dataclass

from faceguard.types import Box, Point


@dataclass(frozen=True, slots=True)
class SeenCode:
    """A QR code or a marker: four corners in frame pixels, clockwise from the code's own top left.

    `text` is that of a QR code, "" of one that was found and couldn't be read; `marker` the number of an ArUco marker.
    One of the two is None.
    """

    corners: tuple[Point, Point, Point, Point]
    text: str | None = None
    marker: int | None = None

    @property
    def box(self) -> Box:
        """The upright rectangle around it, a pixel at least."""
        xs, ys = [x for x, _ in self.corners], [y for _, y in self.corners]
        return Box(min(xs), min(ys), max(max(xs), min(xs) + 1), max(max(ys), min(ys) + 1))

    @property
    def side_px(self) -> float:
        """The longest of its sides."""
        ends = (*self.corners[1:], self.corners[0])
        return max(
            float(((x - u) ** 2 + (y - v) ** 2) ** 0.5) for (x, y), (u, v) in zip(self.corners, ends, strict=True)
        )

    @property
    def content(self) -> tuple[str | None, int | None]:
        """What tells one code from another."""
        return self.text, self.marker

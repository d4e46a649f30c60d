"""Previews show what was decided on a copy that is covered already."""

from __future__ import annotations

import numpy as np
import pytest

from faceguard.redaction.preview import KEPT_BGR, REDACTED_BGR, draw_preview
from faceguard.types import AgeStatus, Box, Decision, Detection, Effect, FaceResult, Reason, Region


def face(effect: Effect, box: Box) -> FaceResult:
    reason = Reason.ADULT_IN_PLACE if effect is Effect.KEEP else Reason.MINOR_POSSIBLE
    status = AgeStatus.ADULT_CLEAR if effect is Effect.KEEP else AgeStatus.MINOR_POSSIBLE
    decision = Decision(0, effect, (reason,), ("0", "3"), status)
    region = None if effect is Effect.KEEP else Region(0, box)
    return FaceResult(Detection(box, 0.9), decision, region)


@pytest.mark.parametrize(("effect", "colour"), [(Effect.KEEP, KEPT_BGR), (Effect.REDACT, REDACTED_BGR)])
def test_each_effect_has_its_colour(effect: Effect, colour: tuple[int, int, int]) -> None:
    picture = np.zeros((300, 400, 3), np.uint8)
    drawn = draw_preview(picture, [face(effect, Box(100, 80, 250, 260))])
    assert (drawn == np.array(colour, np.uint8)).all(axis=2).sum() > 500
    assert not picture.any()


def test_a_box_at_the_edge_or_a_tiny_picture_is_drawn_as_far_as_it_goes() -> None:
    for size in [(20, 20), (1, 1), (300, 40)]:
        drawn = draw_preview(np.zeros((*size, 3), np.uint8), [face(Effect.REDACT, Box(-30, -30, 900, 900))])
        assert drawn.shape == (*size, 3)
        assert drawn.any()


def test_other_arrays_are_refused() -> None:
    with pytest.raises(ValueError, match="BGR uint8"):
        draw_preview(np.zeros((4, 4), np.uint8), [])

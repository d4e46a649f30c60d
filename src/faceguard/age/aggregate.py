"""Many crops of one track -> one answer (FG-A10).

A track's answer is the most protective one it ever got: one frame in which a child looks grown up must not show the
child. Which crops are looked at is for whoever sees the frames: a file keeps the best few, a stream asks as it goes.
"""

from __future__ import annotations

from collections.abc import Iterable

from faceguard.types import AgeAnswer, AgeEstimate, AgeUnknown, AgeUnknownReason

NEAR_COPY_S = 0.3
"""Crops nearer in time than this are nearly the same picture, and their errors are the same error."""


def most_protective(answers: Iterable[AgeAnswer]) -> AgeAnswer:
    """Of answers on one face the one that protects most: the lowest of each figure any estimate gave.

    A crop that tells nothing takes nothing away: unknown only if no crop gave an estimate, and `NOT_YET` for no crop.
    """
    found: AgeAnswer = AgeUnknown(AgeUnknownReason.NOT_YET)
    for answer in answers:
        if isinstance(answer, AgeEstimate):
            found = _lower_of(found, answer) if isinstance(found, AgeEstimate) else answer
        elif isinstance(found, AgeUnknown):
            found = answer
    return found


def _lower_of(a: AgeEstimate, b: AgeEstimate) -> AgeEstimate:
    """The younger estimate, with the lower of both bounds and the higher of both probabilities of being under age."""
    younger = min(a, b, key=lambda estimate: (estimate.years, estimate.lower_years))
    under = dict(a.p_under)
    for threshold, probability in b.p_under:
        under[threshold] = max(probability, under.get(threshold, 0.0))
    return AgeEstimate(
        years=younger.years,
        std_years=max(a.std_years, b.std_years),
        lower_years=min(a.lower_years, b.lower_years),
        model_id=younger.model_id,
        calibration_id=a.calibration_id if a.calibration_id == b.calibration_id else "",
        p_under=tuple(sorted(under.items())),
    )

"""The ages of one face over its life: an answer for each epoch, as far as is needed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from faceguard.age.aggregate import most_protective
from faceguard.types import AgeAnswer, AgeEstimate, AgeUnknown, AgeUnknownReason

CropT = TypeVar("CropT")

IsSettled = Callable[[AgeAnswer], bool]
"""Whether an age already leads to the most protective decision, so that no more crops are looked at."""


def life_ages(
    epochs: Sequence[Sequence[CropT]], ask: Callable[[CropT], AgeAnswer], is_settled: IsSettled
) -> tuple[AgeAnswer, ...]:
    """An answer for each epoch; one that protects most makes the others superfluous. `ask` answers for one crop."""
    if not all(epochs):
        return (AgeUnknown(AgeUnknownReason.NOT_YET),)
    answers: list[AgeAnswer] = []
    for crops in epochs:
        answers.append(_epoch_age(crops, ask, is_settled))
        if is_settled(answers[-1]):
            break
    return tuple(answers)


def _epoch_age(crops: Sequence[CropT], ask: Callable[[CropT], AgeAnswer], is_settled: IsSettled) -> AgeAnswer:
    answer: AgeAnswer = AgeUnknown(AgeUnknownReason.NOT_YET)
    for crop in crops:
        answer = most_protective((answer, ask(crop)))
        if isinstance(answer, AgeEstimate) and is_settled(answer):
            break
    return answer

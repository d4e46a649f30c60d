"""The challenge age in force is the policy's, or higher when the model needs it; never lower."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faceguard.errors import PolicyError
from faceguard.policy.challenge import ChallengeBasis, effective_challenge_age
from faceguard.policy.engine import DecisionContext
from faceguard.policy.load import PRESETS, load_policy
from faceguard.types import AgeCalibrationFigures
from policies import NOW, bound, context

Triple = tuple[float, float, float]


def measured(*triples: Triple, calibration_id: str = "fitted") -> AgeCalibrationFigures:
    return AgeCalibrationFigures(calibration_id, ("model",), triples)


@pytest.mark.parametrize(
    ("triples", "years", "basis"),
    [
        ([(16.0, 0.02, 19.5)], 21.0, ChallengeBasis.DECLARED),
        ([(16.0, 0.02, 21.0)], 21.0, ChallengeBasis.DECLARED),
        ([(16.0, 0.02, 23.4)], 23.4, ChallengeBasis.MEASURED),
        ([(16.0, 0.01, 24.0)], 24.0, ChallengeBasis.MEASURED),
        ([(18.0, 0.02, 26.0)], 26.0, ChallengeBasis.MEASURED),
        ([(18.0, 0.02, 26.0), (16.0, 0.02, 23.0), (16.0, 0.01, 25.0)], 23.0, ChallengeBasis.MEASURED),
        ([(16.0, 0.05, 20.0)], 25.0, ChallengeBasis.UNCALIBRATED),
        ([(13.0, 0.02, 18.0)], 25.0, ChallengeBasis.UNCALIBRATED),
        ([], 25.0, ChallengeBasis.UNCALIBRATED),
    ],
)
def test_the_nearest_figure_that_answers_the_policy_counts(
    triples: list[Triple], years: float, basis: ChallengeBasis
) -> None:
    """FG-A03: jp-appi-2026 asks for threshold 16 at 4 %; a laxer figure answers nothing."""
    challenge = effective_challenge_age(load_policy("jp-appi-2026"), measured(*triples))
    assert (challenge.years, challenge.basis) == (years, basis)
    assert challenge.threshold_years == 16
    assert challenge.raised is (basis is ChallengeBasis.MEASURED)
    assert challenge.trusts_bound is (basis is not ChallengeBasis.UNCALIBRATED)


def test_figures_without_a_calibration_are_no_figures() -> None:
    """FG-A03: an uncalibrated model forces the wide default."""
    figures = measured((16.0, 0.02, 17.0), calibration_id="")
    assert effective_challenge_age(load_policy("jp-appi-2026"), figures).years == 25


@settings(deadline=None)
@given(
    st.sampled_from(PRESETS),
    st.lists(
        st.tuples(st.sampled_from([13.0, 16.0, 18.0]), st.sampled_from([0.01, 0.02, 0.05]), st.floats(10, 60)),
        max_size=6,
    ),
)
def test_no_figures_lower_what_a_policy_declares(name: str, triples: list[Triple]) -> None:
    """FG-A03, FG-A04."""
    policy = load_policy(name)
    challenge = effective_challenge_age(policy, measured(*triples))
    assert challenge.years >= policy.age.challenge_age_calibrated_years.value
    assert challenge.years >= policy.age.guardian_consent_age_years.value + policy.age.min_buffer_years.value


@pytest.mark.parametrize("change", [{"years": 20.0}, {"years": float("nan")}, {"threshold_years": 13.0}])
def test_a_challenge_age_below_the_declared_one_is_not_run_with(change: dict[str, float]) -> None:
    """FG-A04: configured is not declared; a tampered value is refused."""
    good = context()
    with pytest.raises(PolicyError, match="is not that of `jp-appi-2026`"):
        DecisionContext(good.bound, replace(good.challenge, **change), NOW)


def test_a_wide_default_cannot_be_swapped_for_the_calibrated_one() -> None:
    """FG-A04."""
    policy = load_policy("jp-appi-2026")
    wide = effective_challenge_age(policy, measured())
    with pytest.raises(PolicyError):
        DecisionContext(bound(policy), replace(wide, years=21.0), NOW)

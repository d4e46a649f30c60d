"""`faceguard age`: how well ages are estimated, on pictures of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Calibrates and evaluates the age estimate on labelled pictures.", no_args_is_help=True)

Labels = Annotated[Path, typer.Argument(help="JSON or CSV with `file`, `age` in years, and columns of groups.")]
Images = Annotated[Path, typer.Option("--images", help="Folder that the file names are relative to.")]
Tier = Annotated[str, typer.Option("--detector", help="Detector tier: live, balanced or thorough.")]


@app.command("calibrate")
def calibrate_ages(
    labels: Labels,
    images: Images,
    out: Annotated[Path, typer.Option("-o", "--out", help="The calibration file to write (JSON).")],
    name: Annotated[str, typer.Option("--id", help="Id of the calibration, as records name it.")] = "",
    prior: Annotated[
        list[str] | None,
        typer.Option("--prior", help="Share of people under an age where this will be used, `16=0.1`; repeatable."),
    ] = None,
    limit: Annotated[
        list[str] | None, typer.Option("--limit", help="What these pictures can't show, in plain words; repeatable.")
    ] = None,
    tier: Tier = "balanced",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing file.")] = False,
) -> None:
    """Fits P(age < T), the lower bound and the challenge ages to pictures with known ages."""
    from datetime import UTC, datetime

    from faceguard.age.calibrate import calibrate, look_at
    from faceguard.age.labelled import read_labelled
    from faceguard.atomic import write_atomic
    from faceguard.detection.tiers import create_detector

    priors = _priors(prior or [])
    labelled = read_labelled(labels, images)
    detector = create_detector(tier)
    calibration = calibrate(
        look_at(labelled, detector),
        labelled,
        detector.model_ids,
        calibration_id=name or f"{labelled.name}-{datetime.now(UTC):%Y%m%d}",
        created=datetime.now(UTC).date(),
        priors=priors,
        limits=tuple(limit or ()),
    )
    write_atomic(out, (calibration.model_dump_json(indent=1) + "\n").encode(), overwrite=overwrite)
    print(f"{out}: {calibration.data.answered} of {calibration.data.pictures} pictures answered")
    for figure in calibration.challenges:
        print(
            f"  under {figure.threshold:g}: at most {figure.max_false_adult_rate:.0%} of those a year younger pass "
            f"from {figure.years:g} up ({figure.people} people, confidence {calibration.confidence:.0%})"
        )
    for words in calibration.data.limits:
        print(f"  limit: {words}")


@app.command("evaluate")
def evaluate_ages(
    labels: Labels,
    images: Images,
    policy: Annotated[
        str, typer.Option("--policy", help="Preset or file whose threshold and limit apply.")
    ] = "jp-appi-2026",
    calibration: Annotated[Path | None, typer.Option("--calibration", help="A file made by `age calibrate`.")] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Folder for evaluation.json, evaluation.txt and curves.png.")
    ] = None,
    tier: Tier = "balanced",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace existing files.")] = False,
) -> None:
    """Measures false adult rate, MAE and parity at a policy's threshold; exit code 5 above the policy's limit."""
    from faceguard.age.curves import draw
    from faceguard.age.estimator import create_age_estimator
    from faceguard.age.evaluation import OperatingPoint, evaluate
    from faceguard.age.evaluation_report import to_json, to_text
    from faceguard.age.labelled import answer_all, read_labelled
    from faceguard.atomic import write_atomic
    from faceguard.detection.tiers import create_detector
    from faceguard.errors import SafetyError
    from faceguard.policy.challenge import effective_challenge_age
    from faceguard.policy.engine import is_clear
    from faceguard.policy.load import load_policy

    rules = load_policy(policy)
    estimator = create_age_estimator(calibration)
    challenge = effective_challenge_age(rules, estimator.figures)
    point = OperatingPoint(
        rules.policy_id, challenge.threshold_years, challenge.years, rules.age.max_false_adult_rate.value
    )
    labelled = read_labelled(labels, images)
    cases = answer_all(
        labelled,
        create_detector(tier),
        estimator,
        min_face_px=float(rules.age.min_face_px.value),
        min_score=rules.detection.confident_score.value,
    )
    evaluation = evaluate(cases, point, lambda estimate: is_clear(estimate, challenge))
    report, text = to_json(evaluation), to_text(evaluation)
    print(report if as_json else text, end="")
    if out is not None:
        picture = draw(evaluation, cases)
        out.mkdir(parents=True, exist_ok=True)
        for name, data in (
            ("evaluation.json", report.encode()),
            ("evaluation.txt", text.encode()),
            ("curves.png", picture),
        ):
            write_atomic(out / name, data, overwrite=overwrite)
    if evaluation.above_limit:
        rate = evaluation.year_below
        found = (
            "nobody of that age was there"
            if rate.value is None
            else f"it is {rate.value:.1%} ({rate.events}/{rate.people})"
        )
        raise SafetyError(
            f"the false adult rate at {point.threshold - 1:g} must be at most {point.max_false_adult_rate:.1%} under "
            f"`{point.policy}`, and {found}; raise the challenge age, or calibrate with these pictures",
            expected=point.max_false_adult_rate,
            actual=rate.value,
        )


def _priors(words: list[str]) -> dict[float, float]:
    """`16=0.1` -> {16.0: 0.1}. Raises ConfigurationError."""
    from faceguard.age.fit import THRESHOLDS
    from faceguard.errors import ConfigurationError

    priors = {}
    for word in words:
        age, _, share = word.partition("=")
        try:
            priors[float(age)] = float(share)
        except ValueError:
            priors[float("nan")] = 0.0
        if not all(key in THRESHOLDS and 0 < value < 1 for key, value in priors.items()):
            known = ", ".join(f"{t:g}" for t in THRESHOLDS)
            raise ConfigurationError(f"`--prior {word}` is not AGE=SHARE with AGE one of {known} and 0 < SHARE < 1")
    return priors

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

"""`faceguard bench`: measure this installation, and compare two measurements. Other suites register here, see below."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceguard.errors import ConfigurationError

if TYPE_CHECKING:
    from faceguard.bench.leak.suite import Attacked
    from faceguard.bench.recall import Tally
    from faceguard.bench.report import Measurement, Report
    from faceguard.types import Detector

app = typer.Typer(
    help="Measure speed, recall, ages and videos of this installation; compare two runs.", no_args_is_help=True
)

JsonFile = Annotated[Path | None, typer.Option("--json", help="Write the report to this file.", metavar="FILE")]
Threads = Annotated[int, typer.Option(min=1, help="Threads of each network.")]


@app.command("speed")
def bench_speed(threads: Threads = 1, json_file: JsonFile = None) -> None:
    """Times networks, tiers and first use, with the ratio to the bare network."""
    from faceguard.bench.speed import run_speed

    found = run_speed(threads, _progress)
    finish("speed", {"threads": str(threads)}, found, json_file)


@app.command("recall")
def bench_recall(
    data: Annotated[Path, typer.Option(help="Folder with labels.json or WIDER FACE labels.", file_okay=False)],
    tier: Annotated[list[str] | None, typer.Option(help="Detector tier; repeatable. Default: all.")] = None,
    condition: Annotated[
        list[str] | None, typer.Option(help="upright, turned 90, turned 180, turned 270, dark, blurred, half size.")
    ] = None,
    deface: Annotated[bool, typer.Option("--deface", help="Compare with deface, which must be installed.")] = False,
    every: Annotated[int, typer.Option(min=1, help="Take every n-th picture only.")] = 1,
    threads: Threads = 1,
    json_file: JsonFile = None,
    curves: Annotated[Path | None, typer.Option(help="Draw recall by size to this PNG.", metavar="FILE")] = None,
) -> None:
    """Finds the labelled faces of a folder: recall, coverage by the product's region, false alarms, CPU time."""
    from faceguard.bench.conditions import CONDITIONS
    from faceguard.bench.labels import read_labels
    from faceguard.bench.recall import measurements, run_recall

    conditions = condition or ["upright"]
    unknown = [name for name in conditions if name not in CONDITIONS]
    if unknown:
        raise ConfigurationError(f"no condition `{unknown[0]}`; choose among {', '.join(CONDITIONS)}")
    pictures = read_labels(data)[::every]
    tallies = run_recall(pictures, _detectors(tier, threads, with_deface=deface), conditions, _progress)
    parameters = {"data": data.name, "pictures": str(len(pictures)), "threads": str(threads)}
    finish("recall", parameters, measurements(tallies), json_file)
    if curves is not None:
        _draw_recall(tallies, curves)


@app.command("age")
def bench_age(
    labels: Annotated[Path, typer.Argument(help="JSON or CSV with `file`, `age` in years, and columns of groups.")],
    images: Annotated[Path, typer.Option("--images", help="Folder that the file names are relative to.")],
    policy: Annotated[
        list[str] | None, typer.Option(help="Preset or file; repeatable. Default: a preset for each threshold.")
    ] = None,
    calibration: Annotated[Path | None, typer.Option(help="A file made by `age calibrate`.")] = None,
    tier: Annotated[str, typer.Option(help="Detector tier: live, balanced or thorough.")] = "balanced",
    threads: Threads = 1,
    json_file: JsonFile = None,
    curves: Annotated[
        Path | None, typer.Option(help="Draw who is passed, by age, to this PNG.", metavar="FILE")
    ] = None,
) -> None:
    """Estimates ages of labelled pictures: error, children passed as adults, adults passed, CPU time a face."""
    from faceguard.age.estimator import create_age_estimator
    from faceguard.age.labelled import read_labelled
    from faceguard.bench.age import look_at_all, measurements, one_for_each_threshold, passed_by_age, under_policy
    from faceguard.policy.load import load_policy

    policies = [load_policy(name) for name in policy] if policy else one_for_each_threshold()
    labelled = read_labelled(labels, images)
    (detector,) = _detectors([tier], threads).values()
    estimator = create_age_estimator(calibration, threads=threads)
    looked, seconds = look_at_all(labelled, detector, estimator, _progress)
    results = [under_policy(looked, rules, estimator.figures) for rules in policies]
    parameters = {"data": labelled.name, "pictures": str(len(looked)), "tier": tier, "threads": str(threads)}
    finish("age", parameters, measurements(results, seconds), json_file)
    if curves is not None:
        from faceguard.bench.curves import draw_curves

        draw_curves(curves, "Passed as adults, by true age", "years", "%", *passed_by_age(results))


@app.command("leak")
def bench_leak(
    people: Annotated[Path, typer.Option(help="Folder with a folder of pictures for each person.", file_okay=False)],
    recogniser: Annotated[
        Path | None, typer.Option(help="Your own face embedding network, ONNX, 112 x 112.", metavar="FILE")
    ] = None,
    recogniser_range: Annotated[
        str, typer.Option(help="RGB values it wants: 0..255 (SFace) or -1..1 (most ArcFace).")
    ] = "0..255",
    margin: Annotated[float, typer.Option(min=0, max=2, help="Margin around the head, in shares of the face.")] = 0.25,
    max_pictures: Annotated[int, typer.Option(min=2, help="Pictures of each person.")] = 6,
    threads: Threads = 1,
    json_file: JsonFile = None,
    curves: Annotated[Path | None, typer.Option(help="Draw AUC by method to this PNG.", metavar="FILE")] = None,
) -> None:
    """Attacks our redactions: can a covered person be told, or got back? No recogniser is shipped; bring one."""
    from faceguard.bench.leak.recogniser import InputRange, OnnxRecogniser
    from faceguard.bench.leak.suite import default_covers, measurements, read_scenes, run_leak
    from faceguard.detection.tiers import create_detector

    if recogniser_range not in list(InputRange):
        raise ConfigurationError(f"no range `{recogniser_range}`; choose among {', '.join(InputRange)}")
    eye = None if recogniser is None else OnnxRecogniser(recogniser, InputRange(recogniser_range), threads)
    detector = create_detector("live", threads=threads)
    scenes = read_scenes(people, detector, max_pictures)
    found = run_leak(scenes, default_covers(margin), detector, eye, _progress)
    parameters = {
        "people": f"{len({scene.person for scene in scenes})} of {people.name}",
        "pictures": str(len(scenes)),
        "margin": f"{margin:g}",
        "recogniser": "none" if recogniser is None or eye is None else f"{recogniser.name} {eye.sha256[:16]}",
    }
    finish("leak", parameters, measurements(found), json_file)
    if curves is not None:
        _draw_leak(found, curves)


@app.command("video")
def bench_video(
    labels: Annotated[Path | None, typer.Option(help="Folder of clips with labels.json.", file_okay=False)] = None,
    clip: Annotated[Path | None, typer.Option(help="A video to time.", dir_okay=False)] = None,
    height: Annotated[
        list[int] | None, typer.Option(min=64, help="Lines of the clip; repeatable. Default: 720.")
    ] = None,
    seconds: Annotated[float, typer.Option(min=0.1, help="Length of the clip, which is cut or repeated.")] = 10,
    rounds: Annotated[int, typer.Option(min=1, help="How often each tool runs, in turn.")] = 3,
    min_px: Annotated[float, typer.Option(min=1, help="Shorter side of the smallest face that counts.")] = 16,
    notice: Annotated[Path | None, typer.Option(help="Default: the example notice of the package.")] = None,
    purpose: Annotated[str, typer.Option(help="One under which the policy shows nobody.")] = "publication",
    json_file: JsonFile = None,
) -> None:
    """Counts faces left bare in labelled clips, and times a clip against a plain transcode with the same encoder."""
    from faceguard.bench import exposure, throughput
    from faceguard.pipeline.guard import FaceGuard
    from faceguard.resources import resource_dir

    if labels is None and clip is None:
        raise ConfigurationError("nothing to measure; give `--labels DIR`, `--clip FILE` or both")
    chosen = notice or resource_dir("policies") / "notices" / "example.toml"
    found: list[Measurement] = []
    parameters = {"purpose": purpose}
    if labels is not None:
        limits = exposure.FaceLimits(min_px=min_px)
        guard = FaceGuard(notice=chosen, purpose=purpose)
        found += exposure.measurements(exposure.run_exposure(labels, guard, limits, _progress))
        parameters |= {"labels": labels.name, "min_px": f"{min_px:g}", "bare_below": f"{limits.min_share:g}"}
    if clip is not None:
        paces = throughput.run_throughput(
            clip, height or [720], notice=chosen, purpose=purpose, seconds=seconds, rounds=rounds, progress=_progress
        )
        found += throughput.measurements(paces)
        parameters |= {"clip": clip.name, "seconds": f"{seconds:g}", "rounds": str(rounds)}
    finish("video", parameters, found, json_file)


@app.command("compare")
def compare_reports(
    before: Annotated[Path, typer.Argument(metavar="A.json")],
    after: Annotated[Path, typer.Argument(metavar="B.json")],
) -> None:
    """Tells what changed from A to B beyond noise; exit code 1 if anything got worse."""
    from faceguard.bench.compare import Verdict, compare
    from faceguard.bench.report import read_report

    reports = read_report(before), read_report(after)
    if reports[0].suite != reports[1].suite:
        raise ConfigurationError(
            f"`{before}` is a `{reports[0].suite}` report and `{after}` a `{reports[1].suite}` one"
        )
    comparison = compare(*reports)
    for line in comparison.environment:
        print(f"machine  {line}")
    for change in comparison.changes:
        if change.verdict is not Verdict.SAME:
            a, b = change.before, change.after
            values = f"{a.value:.4g} ± {a.noise:.2g} -> {b.value:.4g} ± {b.noise:.2g} {b.unit}"
            print(f"{change.verdict:<8} {change.name}: {values}")
    same = sum(change.verdict is Verdict.SAME for change in comparison.changes)
    print(f"{same} of {len(comparison.changes)} figures are the same within their noise")
    for name in (*comparison.only_before, *comparison.only_after):
        print(f"only in one: {name}")
    if any(change.verdict is Verdict.WORSE for change in comparison.changes):
        raise typer.Exit(1)


def _detectors(tiers: Sequence[str] | None, threads: int, *, with_deface: bool = False) -> Mapping[str, Detector]:
    from faceguard.detection.tiers import TIERS, create_detector

    unknown = [name for name in tiers or () if name not in TIERS]
    if unknown:
        raise ConfigurationError(f"no detector tier `{unknown[0]}`; choose among {', '.join(TIERS)}")
    detectors = {name: create_detector(name, threads=threads) for name in tiers or TIERS}
    if with_deface:
        from faceguard.bench.deface import deface_detector

        detectors["deface"] = deface_detector(threads)
    return detectors


def _draw_recall(tallies: Mapping[tuple[str, str], Tally], path: Path) -> None:
    from faceguard.bench.curves import draw_curves
    from faceguard.bench.recall import recall_by_size

    curves = {f"{name}, {condition}": recall_by_size(tally) for (name, condition), tally in tallies.items()}
    sizes = next(iter(curves.values()))[0]
    draw_curves(
        path, "Recall by size", "face, px", "share found", sizes, {name: values for name, (_, values) in curves.items()}
    )


def _draw_leak(found: Mapping[str, Attacked], path: Path) -> None:
    from faceguard.bench.curves import draw_curves

    attacks = next(iter(found.values())).scores
    aucs = {attack: [attacked.scores[attack].auc for attacked in found.values()] for attack in attacks}
    methods = [label.partition(",")[0] for label in found]
    draw_curves(path, "Can a redacted face be told?", "redaction", "AUC (chance: 0.5)", methods, aucs)


def _progress(text: str) -> None:
    """One line that is written over, on a terminal only: a file would keep every state of it."""
    if sys.stderr.isatty():
        typer.echo(f"{text:<60}\r", nl=False, err=True)


def finish(suite: str, parameters: Mapping[str, str], found: Sequence[Measurement], json_file: Path | None) -> Report:
    """Prints the table, and keeps the report when a file is given."""
    from faceguard.bench.environment import describe_environment
    from faceguard.bench.report import Report, as_table, write_report

    _progress("")
    report = Report(suite=suite, environment=describe_environment(), parameters=parameters, measurements=found)
    print(as_table(report))
    if json_file is not None:
        write_report(report, json_file)
    return report

"""What `faceguard redact` says: a table for people, JSON for machines, previews for the eye."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from faceguard.atomic import write_atomic
from faceguard.cli.terminal import make_console, printable
from faceguard.cli.video_report import print_video_report, video_document
from faceguard.errors import FaceguardError
from faceguard.media.image_write import write_image
from faceguard.media.picture import ImageFormat, Picture
from faceguard.pipeline.picture.file import PictureReport
from faceguard.pipeline.video.job import VideoReport
from faceguard.policy.document import Policy
from faceguard.policy.explain import explain
from faceguard.redaction.preview import draw_preview
from faceguard.types import Effect, FaceResult, Frame

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one input: a report, or the error for which it was withheld. Both, if only its preview failed."""

    source: Path
    report: PictureReport | VideoReport | None = None
    error: FaceguardError | None = None
    preview: Path | None = None


def print_outcomes(
    outcomes: Sequence[Outcome], policy: Policy, log: Path, *, language: str | None, as_json: bool
) -> None:
    """Prints JSON, or one table for each input; with `language` also the reasons in words."""
    if as_json:
        print(json.dumps(document_of(outcomes, policy, log), indent=2, ensure_ascii=False))
        return
    console, errors = make_console(), make_console(stderr=True)
    for outcome in outcomes:
        if outcome.error is not None and (len(outcomes) > 1 or outcome.report is not None):
            word = "withheld" if outcome.report is None else "done, but without preview"
            message = printable(outcome.error.message)
            errors.print(Text.assemble(printable(outcome.source), ": ", (word, "bold red"), f": {message}"))
        if outcome.report is None:
            continue
        if isinstance(outcome.report, VideoReport):
            print_video_report(outcome.report, language=language)
        else:
            _print_report(console, outcome.report, outcome.preview, language)
    if any(outcome.report is not None for outcome in outcomes):
        console.print(f"policy {policy.policy_id} {policy.version}; records in {printable(log)}")


def _print_report(console: Console, report: PictureReport, preview: Path | None, language: str | None) -> None:
    target = report.target if report.target is not None else "(dry run, nothing written)"
    kept = len(report.faces) - report.redacted_count
    console.print(
        f"{printable(report.source)} -> {printable(target)}: {_faces(report.redacted_count)} redacted, {kept} kept"
    )
    if report.faces:
        console.print(_table(report))
    if language is not None:
        for face in report.faces:
            console.print(f"  {printable(explain(face.decision, language))}")
    for note in report.notes:
        console.print(f"  note: {note}")
    if preview is not None:
        console.print(f"  preview: {printable(preview)}")


def _faces(count: int) -> str:
    return "1 face" if count == 1 else f"{count} faces"


def _table(report: PictureReport) -> Table:
    table = Table(box=None, pad_edge=True, header_style="bold")
    paged = len(report.covered.before.frames) > 1
    for name in ("face", *(("page",) if paged else ()), "x,y,w,h", "age", "decision", "why", "consent"):
        table.add_column(name)
    for face in report.faces:
        decision = face.decision
        style = "green" if decision.effect is Effect.KEEP else "yellow"
        table.add_row(
            str(decision.index),
            *((str(face.frame_index + 1),) if paged else ()),
            ",".join(str(value) for value in _place(face)),
            str(decision.age_status),
            Text(str(decision.effect), style=style),
            ", ".join(decision.reasons),
            decision.consent_id or "-",
        )
    return table


def _place(face: FaceResult) -> tuple[int, int, int, int]:
    """`(x, y, width, height)` of the detection, whole pixels: as `--subject` takes it."""
    box = face.detection.box
    return round(box.x0), round(box.y0), round(box.width), round(box.height)


def document_of(outcomes: Sequence[Outcome], policy: Policy, log: Path) -> dict[str, Any]:
    """The JSON value of `--json` and `--report`. No estimated age is in it (FG-A08)."""
    return {
        "policy": {"id": policy.policy_id, "version": policy.version, "sha256": policy.sha256},
        "weakened_from_preset": list(policy.weakened_from_preset),
        "audit_log": str(log),
        "inputs": [dict(_entry(outcome)) for outcome in outcomes],
    }


def _entry(outcome: Outcome) -> Iterator[tuple[str, Any]]:
    yield "input", str(outcome.source)
    report, error = outcome.report, outcome.error
    if report is None:
        yield "status", "withheld"
    else:
        yield "status", "done" if report.target is not None else "dry_run"
    if error is not None:
        yield "error", {"code": error.code, "message": error.message, **error.fields}
    if report is None:
        return
    yield "output", None if report.target is None else str(report.target)
    yield "preview", None if outcome.preview is None else str(outcome.preview)
    yield "record_id", report.record_id
    notice = report.rules.notice
    yield "purpose", notice.purpose
    yield "disclosure", str(notice.disclosure)
    yield "notice", {"id": notice.ref.id, "version": notice.ref.version, "sha256": notice.ref.sha256}
    if isinstance(report, VideoReport):
        yield "video", video_document(report)
        return
    yield "faces", [_face_entry(face) for face in report.faces]
    yield "notes", list(report.notes)


def _face_entry(face: FaceResult) -> dict[str, Any]:
    decision = face.decision
    x, y, width, height = _place(face)
    return {
        "index": decision.index,
        "page": face.frame_index + 1,
        "box": {"x": x, "y": y, "width": width, "height": height},
        "effect": str(decision.effect),
        "reasons": [str(reason) for reason in decision.reasons],
        "rule_path": list(decision.rule_path),
        "age_status": str(decision.age_status),
        "age_unknown_reason": None if decision.age_unknown_reason is None else str(decision.age_unknown_reason),
        "threshold_years": decision.threshold,
        "challenge_age_years": decision.challenge_age,
        "subject": None if decision.subject is None else decision.subject.key,
        "consent_id": decision.consent_id,
        "guardian_level": decision.guardian_level,
    }


def write_report(path: Path, outcomes: Sequence[Outcome], policy: Policy, log: Path, *, overwrite: bool) -> None:
    """Writes the JSON document. Raises EncodeError."""
    text = json.dumps(document_of(outcomes, policy, log), indent=2, ensure_ascii=False)
    data = text.encode(errors="backslashreplace")  # a file's name may hold bytes that are no text
    write_atomic(path, data + b"\n", overwrite=overwrite)


def write_preview(report: PictureReport, path: Path, *, overwrite: bool) -> None:
    """A PNG of the first page with boxes and reasons, drawn on the redacted picture. Raises EncodeError."""
    first = [face for face in report.faces if face.frame_index == 0]
    from faceguard.media.detector_view import to_detector_image

    drawn = draw_preview(to_detector_image(report.covered.after.frames[0]), first)
    write_image(Picture((Frame((drawn,)),), ImageFormat.PNG), path, overwrite=overwrite)

"""What `faceguard redact` and `faceguard render` say of a video: a table for people, JSON for machines."""

from __future__ import annotations

import json
from typing import Any

from rich.table import Table

from faceguard.cli.terminal import make_console, printable
from faceguard.pipeline.video.job import VideoReport
from faceguard.policy.explain import explain
from faceguard.types import Effect

_MAX_ROWS = 40


def print_video_report(report: VideoReport, *, language: str | None = None, as_json: bool = False) -> None:
    """Prints JSON, or a table of the faces; with `language` also the reasons in words."""
    if as_json:
        print(json.dumps(video_document(report), indent=2, ensure_ascii=False))
        return
    console = make_console()
    target = report.target if report.target is not None else "(dry run, nothing written)"
    kept = len(report.plan.faces) - report.redacted_count
    console.print(
        f"{printable(report.source)} -> {printable(target)}: {report.redacted_count} faces redacted, {kept} kept"
    )
    if report.plan.faces:
        console.print(_table(report))
    if language is not None:
        for face in report.plan.faces:
            console.print(f"  face {face.index}: {explain(face.decision, language)}")
    for edit in report.plan.edits:
        console.print(f"  {edit.what} by {edit.who}: {edit.why}")


def video_document(report: VideoReport) -> dict[str, Any]:
    """The report as a JSON value; no age and no key of a person."""
    rendered = report.rendered
    return {
        "source": str(report.source),
        "target": None if report.target is None else str(report.target),
        "record_id": report.record_id,
        "tracks": [
            {
                "track_index": track.track_index,
                "width": track.size[0],
                "height": track.size[1],
                "pictures": track.frame_count,
            }
            for track in report.plan.tracks
        ],
        "pictures_checked": 0 if rendered is None else rendered.checked_count,
        "damaged": 0 if rendered is None else rendered.damaged_count,
        "faces": [
            {
                "index": face.index,
                "effect": face.decision.effect.value,
                "reasons": [reason.value for reason in face.decision.reasons],
                "age_status": face.assessment.status.value,
                "first_frame": face.first_frame,
                "last_frame": face.last_frame,
                "sightings": face.sightings,
            }
            for face in report.plan.faces
        ],
        "edits": [
            {"what": edit.what, "who": edit.who, "why": edit.why, "approved_by": edit.approved_by}
            for edit in report.plan.edits
        ],
    }


def _table(report: VideoReport) -> Table:
    table = Table(box=None, pad_edge=True, header_style="bold")
    for name in ("face", "pictures", "seen", "age", "decision", "why"):
        table.add_column(name)
    for face in report.plan.faces[:_MAX_ROWS]:
        decision = face.decision
        table.add_row(
            str(face.index),
            f"{face.first_frame}-{face.last_frame}",
            str(face.sightings),
            face.assessment.status.value,
            decision.effect.value,
            ", ".join(reason.value for reason in decision.reasons),
            style="green" if decision.effect is Effect.KEEP else "yellow",
        )
    left = len(report.plan.faces) - _MAX_ROWS
    if left > 0:
        table.add_row("...", f"{left} more", "", "", "", "see --json")
    return table

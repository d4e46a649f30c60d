"""Writes the tables in Markdown files from benchmarks/results/*.json.

    python benchmarks/tables.py            rewrite what stands between the marks
    python benchmarks/tables.py --check    fail if a table isn't what the results say

A table stands between `<!-- table NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

from faceguard.bench.report import Measurement, Report, read_report

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
DOCUMENTS = ("README.md", "benchmarks/README.md", "docs/adr/0011-detection-plans.md")
_MARKED = re.compile(r"(<!-- table (?P<name>[a-z_]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def detection_recall() -> str:
    """Tiers and deface, upright, on press photos."""
    report = read_report(RESULTS / "recall_press.json")
    columns = {
        "faces >= 16 px": "recall, faces >= 16 px",
        ">= 40 px": "recall, faces >= 40 px",
        "region covers 99 %, >= 40 px": "99 % covered by the region, faces >= 40 px",
        "unmatched finds": "unmatched finds",
        "CPU ms a picture": "CPU time a picture",
    }
    return _by_detector(report, "upright", columns)


def detection_turned() -> str:
    """Recall of faces of 16 px and more, by how the picture was changed."""
    report = read_report(RESULTS / "recall_conditions.json")
    conditions = list(dict.fromkeys(name.split(" | ")[1] for name in report.named()))
    lines = ["| | " + " | ".join(conditions) + " |", "|---" * (len(conditions) + 1) + "|"]
    for detector in dict.fromkeys(name.split(" | ")[0] for name in report.named()):
        cells = [_cell(report.named()[f"{detector} | {c} | recall, faces >= 16 px"]) for c in conditions]
        lines.append(f"| {detector} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + _machine(report)


def detection_speed() -> str:
    """Tiers by size of the picture."""
    return _rows(read_report(RESULTS / "speed.json"), lambda name: name.startswith("tier ") or "import" in name)


def network_speed() -> str:
    """Networks, what surrounds them, batches, joining."""
    return _rows(
        read_report(RESULTS / "speed.json"), lambda name: not name.startswith("tier ") and "import" not in name
    )


def opencv_yunet() -> str:
    return _rows(read_report(RESULTS / "opencv_yunet.json"), lambda name: True)


TABLES: dict[str, Callable[[], str]] = {
    table.__name__: table
    for table in (detection_recall, detection_turned, detection_speed, network_speed, opencv_yunet)
}


def _by_detector(report: Report, condition: str, columns: dict[str, str]) -> str:
    lines = ["| | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for detector in dict.fromkeys(name.split(" | ")[0] for name in report.named()):
        cells = [_cell(report.named()[f"{detector} | {condition} | {what}"]) for what in columns.values()]
        lines.append(f"| {detector} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + _machine(report)


def _rows(report: Report, wanted: Callable[[str], bool]) -> str:
    lines = ["| | |", "|---|---|"]
    lines += [f"| {m.name} | {_cell(m)} {m.unit} |" for m in report.measurements if wanted(m.name)]
    return "\n".join(lines) + _machine(report)


def _cell(m: Measurement) -> str:
    if m.unit in {"%", "times"}:
        return f"{m.value:.{1 if m.unit == '%' else 2}f}"
    return f"{m.value:.0f}" if m.value >= 20 else f"{m.value:.1f}"


def _machine(report: Report) -> str:
    e = report.environment
    made = f"{e['cpu']}, {e['cores']} cores, onnxruntime {e['onnxruntime']}, {e['moment'][:10]}"
    return f"\n\n{made}; {', '.join(f'{key} {value}' for key, value in report.parameters.items())}\n"


def main() -> int:
    stale = []
    for document in DOCUMENTS:
        path = ROOT / document
        if not path.exists():
            continue
        before = path.read_text(encoding="utf-8")
        after = _MARKED.sub(lambda match: match[1] + TABLES[match["name"]]() + match[3], before)
        if after != before:
            stale.append(document)
            if "--check" not in sys.argv:
                path.write_text(after, encoding="utf-8")
    print("changed: " + (", ".join(stale) or "nothing"))
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    raise SystemExit(main())

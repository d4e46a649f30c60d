"""The report as a page: one file, no script, nothing fetched. Every word from outside is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid #8884; vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
.verdict { padding: .75rem 1rem; border-left: .4rem solid; font-size: 1.1rem; }
.good { border-color: #2a7d46; } .bad { border-color: #b3261e; }
code { overflow-wrap: anywhere; } .name { overflow-wrap: anywhere; }
"""

_AGE_WORDS = {
    "adult_clear": "clearly adult",
    "minor_possible": "may be a minor",
    "minor": "minor",
    "unknown": "age unknown",
}


def page_of(report: Mapping[str, Any]) -> str:
    """A whole HTML document of the JSON value that `report_of` gives."""
    items, run, faces, audit = report["items"], report["run"], report["faces"], report["audit"]
    checks = report["exposure_checks"]
    body = [
        "<h1>Batch report</h1>",
        _verdict(report),
        "<h2>This run</h2>",
        _pairs(
            {
                "From": report["source"],
                "To": report["output"],
                "Began": run["started_at"],
                "Ended": run["finished_at"],
                "Took": f"{run['elapsed_s']} s with {run['workers']} worker(s)",
                "Done, refused, failed": f"{run['done']}, {run['refused']}, {run['failed']}",
                "Why there was something to do": ", ".join(f"{why}: {n}" for why, n in run["to_do"].items()) or "-",
            }
        ),
        "<h2>All items</h2>",
        _counts({name.replace("_", " "): count for name, count in items.items() if name != "skipped"}),
        *(("<h2>Passed over</h2>", _counts(items["skipped"])) if items["skipped"] else ()),
        "<h2>Faces</h2>",
        (
            f"<p>{_number(faces['total'])} faces in the outputs. Counts under {faces['least_cell']} are not told, nor "
            "what would give them away; ages are told as what the policy concluded, never in years.</p>"
        ),
        _counts({f"decision: {name}": count for name, count in faces["effects"].items()}),
        _counts({_AGE_WORDS.get(name, name): count for name, count in faces["ages"].items()}),
        _counts({f"reason: {name}": count for name, count in faces["reasons"].items()}),
        "<h2>Exposure checks</h2>",
        (
            f"<p>{checks['read_back_and_checked']} of {checks['pictures']} pictures and "
            "frames were read back from the written output and seen to be covered where they had to be.</p>"
        ),
        *_errors(report["errors"]),
        *_stale(report["stale_items"]),
        "<h2>Slowest items</h2>",
        _table(
            ("item", "seconds", "MB", "pictures"),
            ((each["item"], each["seconds"], each["megabytes"], each["pictures"]) for each in report["slowest"]),
        ),
        "<h2>Rules</h2>",
        _pairs(_rules(report["rules"])),
        "<h2>Audit log</h2>",
        _pairs({name: str(value) for name, value in audit.items()}),
        (
            "<p>Keep this page: with the log's length and hash, a log that was cut or replaced later is found out. "
            "Check it with <code>faceguard audit verify</code>.</p>"
        ),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>faceguard batch report</title><style>{_STYLE}</style></head><body>\n"
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def _verdict(report: Mapping[str, Any]) -> str:
    items = report["items"]
    left = items["total"] - items["done"]
    if not report["errors"] and not left and not items["stale"]:
        return f'<p class="verdict good">All {items["total"]} items are done under today\'s rules.</p>'
    return (
        f'<p class="verdict bad">{items["done"]} of {items["total"]} items are done; {len(report["errors"])} have '
        f"errors and no output, {items['stale']} were done under older rules.</p>"
    )


def _rules(rules: Mapping[str, Any]) -> dict[str, str]:
    policy, notice = rules["policy"], rules["notice"] or {"id": "none", "version": "", "sha256": ""}
    return {
        "Policy": f"{policy['id']} {policy['version']} ({policy['sha256']})",
        "Weakened from its preset": ", ".join(rules["weakened_from_preset"]) or "nowhere",
        "Notice": f"{notice['id']} {notice['version']} ({notice['sha256']})",
        "Purpose": rules["purpose"],
    }


def _errors(errors: Iterable[Mapping[str, Any]]) -> list[str]:
    rows = [(each["item"], each["state"], each["code"], each["message"]) for each in errors]
    return ["<h2>Errors</h2>", _table(("item", "state", "error", "what to do"), rows)] if rows else []


def _stale(items: Iterable[str]) -> list[str]:
    rows = [(item,) for item in items]
    return ["<h2>Done under older rules</h2>", _table(("item",), rows)] if rows else []


def _pairs(pairs: Mapping[str, str]) -> str:
    rows = "".join(
        f"<tr><th>{_text(name)}</th><td class=name>{_text(value)}</td></tr>" for name, value in pairs.items()
    )
    return f"<table>{rows}</table>"


def _counts(counts: Mapping[str, int | None]) -> str:
    rows = "".join(
        f"<tr><th>{_text(name)}</th><td class=number>{_number(count)}</td></tr>" for name, count in counts.items()
    )
    return f"<table>{rows}</table>"


def _number(count: int | None) -> str:
    return "suppressed" if count is None else str(count)


def _table(names: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    head = "".join(f"<th>{_text(name)}</th>" for name in names)
    body = "".join(
        "<tr>" + "".join(f"<td class={_kind(value)}>{_text(value)}</td>" for value in row) + "</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def _kind(value: object) -> str:
    return "number" if isinstance(value, int | float) else "name"


def _text(value: object) -> str:
    """For a page: markup escaped, and what isn't text or would turn the line's direction written as escapes."""
    shown = "".join(letter if letter.isprintable() or letter == "\u3000" else _escape(letter) for letter in str(value))
    return escape(shown)


def _escape(letter: str) -> str:
    return letter.encode("unicode_escape").decode()

"""The page that a manager reads: one file, true counts, nothing of a name that a browser would act on."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pytest

from faceguard.batch.report_page import page_of

HOSTILE = '"><img src=x onerror=alert(1)>\u202egpj.exe\n\x07&amp;'


def report(**changes: Any) -> dict[str, Any]:
    value: dict[str, Any] = {
        "source": "/footage",
        "output": "/safe",
        "rules": {
            "policy": {"id": "strictest", "version": "1", "sha256": "a" * 64},
            "weakened_from_preset": [],
            "notice": {"id": "shop", "version": "3", "sha256": "b" * 64},
            "purpose": "in_store_safety",
            "fingerprint": "c" * 64,
        },
        "run": {
            "started_at": "2026-11-22T03:00:00+00:00",
            "finished_at": "2026-11-22T03:01:00+00:00",
            "elapsed_s": 60.0,
            "workers": 2,
            "done": 3,
            "refused": 0,
            "failed": 0,
            "to_do": {"new": 3},
            "adopted_after_interruption": 0,
        },
        "items": {"total": 3, "done": 3, "refused": 0, "failed": 0, "stale": 0, "skipped": {}},
        "faces": {
            "total": 40,
            "least_cell": 10,
            "effects": {"keep": 0, "redact": 40},
            "ages": {"minor": 12, "unknown": None},
            "reasons": {"no_consent": 40},
        },
        "exposure_checks": {"pictures": 7, "read_back_and_checked": 7},
        "errors": [],
        "stale_items": [],
        "slowest": [{"item": "a.mp4", "seconds": 41.5, "megabytes": 3.2, "pictures": 5}],
        "audit": {"log": "/safe/log.jsonl", "lines": 3, "hash": "d" * 64},
    }
    return value | changes


class Reader(HTMLParser):
    """The tags and words of a page; balanced tags or an error."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words, self.tags, self.open = [], [], []  # type: ignore[var-annotated]
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not [name for name, _ in attrs if name.startswith("on") or name in ("src", "href")]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.words)


def test_a_batch_that_is_done_says_so_and_shows_what_was_suppressed_as_such() -> None:
    """FG-A08."""
    reader = Reader(page_of(report()))
    assert "All 3 items are done under today's rules." in reader.text
    assert "age unknown suppressed" in " ".join(reader.text.split())
    assert "Errors" not in reader.words
    assert "d" * 64 in reader.text


@pytest.mark.parametrize(
    "changes",
    [
        {"errors": [{"item": "x.jpg", "state": "failed", "code": "TimeLimit", "message": "it took too long"}]},
        {"items": {"total": 3, "done": 2, "refused": 0, "failed": 0, "planned": 1, "stale": 0, "skipped": {}}},
        {"items": {"total": 3, "done": 3, "refused": 0, "failed": 0, "stale": 1, "skipped": {}}, "stale_items": ["y"]},
    ],
    ids=["an error", "an item that is left", "a stale item"],
)
def test_a_batch_that_is_not_wholly_done_is_never_called_good(changes: dict[str, Any]) -> None:
    page = page_of(report(**changes))
    assert 'class="verdict good"' not in page
    assert 'class="verdict bad"' in page


def test_names_and_messages_from_outside_are_text_and_nothing_else() -> None:
    error = {"item": HOSTILE, "state": "refused", "code": "DecodeError", "message": HOSTILE}
    page = page_of(report(source=HOSTILE, errors=[error], stale_items=[HOSTILE]))
    reader = Reader(page)  # no tag, no attribute that does anything
    assert "img" not in reader.tags
    assert "script" not in reader.tags
    assert "\u202e" not in page
    assert "\\u202egpj.exe" in reader.text

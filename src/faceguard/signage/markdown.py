"""Pages in Markdown (CommonMark), for sites that are built from it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from faceguard.signage.page import Page

_MARKS = re.compile(r"([\\`*_{}\[\]<>#|!~])")


def page_markdown(pages: tuple[Page, ...]) -> str:
    """The full text, one part for each language. What operators wrote stays text: marks are escaped."""
    return "\n\n".join("\n".join(_page(page)).strip() for page in pages) + "\n"


def _page(page: Page) -> Iterator[str]:
    yield from (f"# {_plain(page.title)}", "", _plain(page.introduction), "")
    for section in page.sections:
        if section.title:
            yield from (f"## {_plain(section.title)}", "")
        level = "###" if section.title else "##"
        for entry in section.entries:
            yield from (f"{level} {_plain(entry.label)}", "")
            many = len(entry.lines) > 1
            yield from (f"- {_plain(line)}" if many else _plain(line) for line in entry.lines)
            yield ""


def _plain(text: str) -> str:
    escaped = _MARKS.sub(r"\\\1", " ".join(text.split()))
    return re.sub(r"^(\d+)([.)])(?=\s)|^([-+])(?=\s)", r"\1\\\2\3" if escaped[:1].isdigit() else r"\\\3", escaped)

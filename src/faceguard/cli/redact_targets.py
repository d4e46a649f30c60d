"""Which input goes to which output, and whose face is where: the command line's words made exact."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from faceguard.errors import ConfigurationError

if TYPE_CHECKING:
    from faceguard.types import SubjectRegion

_NUMBER = r"\d+(?:\.\d+)?"
_SUBJECT = re.compile(rf"^(?P<key>\S.*?)=(?P<box>{_NUMBER}(?:,{_NUMBER}){{3}})(?:@(?P<page>[1-9]\d*))?$")


def plan_targets(inputs: Sequence[Path], output: Path | None) -> list[Path | None]:
    """The output of each input, no two the same; None for each in a dry run.

    One input and an `output` that isn't a folder: that file. Otherwise `output` is a folder, and each output keeps its
    input's name; a name that comes twice gets a number. Raises ConfigurationError for a file where a folder is needed.
    """
    if output is None:
        return [None] * len(inputs)
    if len(inputs) == 1 and not output.is_dir() and not str(output).endswith(("/", "\\")):
        return [output / inputs[0].name if not output.suffix and not output.exists() else output]
    if output.exists() and not output.is_dir():
        raise ConfigurationError(
            f"`{output}` is a file, and {len(inputs)} inputs need a folder; name one with `-o`", path=output
        )
    taken: set[str] = set()
    return [output / _free_name(source, taken) for source in inputs]


def _free_name(source: Path, taken: set[str]) -> str:
    """The name of `source`, with a number when another input has it; compared without case, as some disks do."""
    name, number = source.name, 1
    while name.casefold() in taken:
        number += 1
        name = f"{source.stem}-{number}{source.suffix}"
    taken.add(name.casefold())
    return name


def parse_subjects(texts: Sequence[str], inputs: Sequence[Path]) -> list[SubjectRegion]:
    """`KEY=x,y,w,h[@PAGE]`, pixels of the upright picture, pages from 1. Raises ConfigurationError."""
    from faceguard.types import Box, SubjectRegion

    if texts and len(inputs) > 1:
        raise ConfigurationError(
            "`--subject` names places in one picture, and there are several inputs; run them one by one", key="subject"
        )
    regions = []
    for text in texts:
        match = _SUBJECT.match(text)
        numbers = [float(number) for number in match["box"].split(",")] if match else []
        if match is None or numbers[2] == 0 or numbers[3] == 0:
            raise ConfigurationError(
                f"`{text}` doesn't name a subject and its place; write KEY=x,y,w,h, like child-17=120,80,60,60",
                key="subject",
                actual=text,
            )
        x, y, width, height = numbers
        page = int(match["page"] or 1) - 1
        regions.append(SubjectRegion(match["key"], Box(x, y, x + width, y + height), frame_index=page))
    return regions

"""Which input goes to which output, and whose face is where: the command line's words made exact."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from faceguard.errors import ConfigurationError
from faceguard.media.file_names import folded, is_video, names_without_repeats, written_name

if TYPE_CHECKING:
    from faceguard.pipeline.video.link import VideoSubject
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
        return [output / written_name(inputs[0]) if not output.suffix and not output.exists() else output]
    if output.exists() and not output.is_dir():
        raise ConfigurationError(
            f"`{output}` is a file, and {len(inputs)} inputs need a folder; name one with `-o`", path=output
        )
    return [output / name for name in names_without_repeats([written_name(source) for source in inputs])]


def plan_previews(inputs: Sequence[Path], targets: Sequence[Path | None], folder: Path | None) -> list[Path | None]:
    """Where the preview of each picture goes, no two the same; None for videos, and for all without a `folder`."""
    if folder is None:
        return [None] * len(inputs)
    stems = [(target or source).stem for source, target in zip(inputs, targets, strict=True)]
    names = names_without_repeats([f"{stem}.preview.png" for stem in stems])
    return [None if is_video(source) else folder / name for source, name in zip(inputs, names, strict=True)]


def refuse_collisions(reads: Sequence[Path], writes: Sequence[Path]) -> None:
    """Raises ConfigurationError when a file to write is one to read, or is to be written twice.

    Links are seen through. Names are compared as disks do that know no case and one form of each accent.
    """
    inputs = {_identity(read): read for read in reads}
    taken: set[str | tuple[int, int]] = set()
    for write in writes:
        there = _identity(write)
        if there is not None and there in inputs:
            raise ConfigurationError(
                f"`{write}` would be written over, and it is the input `{inputs[there]}`; originals are never "
                "overwritten, choose another output",
                path=write,
            )
        marks = {folded(str(write.parent.resolve() / write.name)), *(() if there is None else (there,))}
        if marks & taken:
            raise ConfigurationError(
                f"two files would be written as `{write}`; give outputs, report, log and previews names of their own",
                path=write,
            )
        taken |= marks


def _identity(path: Path) -> tuple[int, int] | None:
    """Device and number of the file, the same for all its names; None if it isn't there."""
    try:
        status = path.stat()
    except (OSError, ValueError):  # ValueError: no name of a file; whoever opens it will tell
        return None
    return status.st_dev, status.st_ino


def refuse_misplaced(
    inputs: Sequence[Path],
    *,
    subjects: Sequence[str],
    cover: Sequence[str],
    ignore: Sequence[str],
    pictures_only: Mapping[str, bool],
) -> None:
    """Raises ConfigurationError for what the inputs can't have: nothing that was asked for is left out.

    `pictures_only` are options that no video knows, and whether they were given.
    """
    pictures = [source for source in inputs if not is_video(source)]
    given = [option for option, is_given in pictures_only.items() if is_given]
    if given and not pictures:
        raise ConfigurationError(
            f"`{given[0]}` is for pictures, and `{inputs[0]}` is a video; leave it out (`--crf` is a video's quality)",
            key=given[0].removeprefix("--"),
        )
    if pictures and (cover or ignore):
        raise ConfigurationError(
            f"`--cover` and `--ignore` are for videos, and `{pictures[0]}` is a picture; run it apart", key="cover"
        )
    _require_one_input(subjects, inputs)


def _require_one_input(subjects: Sequence[str], inputs: Sequence[Path]) -> None:
    if subjects and len(inputs) > 1:
        raise ConfigurationError(
            "`--subject` names places in one input, and there are several; run them one by one", key="subject"
        )


def parse_subjects(texts: Sequence[str], inputs: Sequence[Path]) -> list[SubjectRegion]:
    """`KEY=x,y,w,h[@PAGE]`, pixels of the upright picture, pages from 1. Raises ConfigurationError."""
    from faceguard.types import Box, SubjectRegion

    _require_one_input(texts, inputs)
    regions = []
    for text in texts:
        try:
            match = _SUBJECT.match(text)
            if match is None:
                raise ValueError("not of the form KEY=x,y,w,h")
            x, y, width, height = (float(number) for number in match["box"].split(","))
            box = Box(x, y, x + width, y + height)
        except ValueError as error:  # also a box without width or height, or with more digits than numbers have
            raise ConfigurationError(
                f"`{text}` doesn't name a subject and its place; write KEY=x,y,w,h, like child-17=120,80,60,60",
                key="subject",
                actual=text,
            ) from error
        regions.append(SubjectRegion(match["key"], box, frame_index=int(match["page"] or 1) - 1))
    return regions


def parse_video_subjects(texts: Sequence[str], inputs: Sequence[Path]) -> tuple[VideoSubject, ...]:
    """`KEY=x,y,w,h[@START-END]`, pixels of the upright frame and seconds. Raises ConfigurationError."""
    from faceguard.pipeline.video.link import VideoSubject
    from faceguard.pipeline.video.zones import parse_zone

    _require_one_input(texts, inputs)
    subjects = []
    for text in texts:
        key, _, place = text.rpartition("=")
        try:
            if not key.strip():
                raise ConfigurationError("a place needs a name")
            zone = parse_zone(place)
        except ConfigurationError as error:
            raise ConfigurationError(
                f"`{text}` doesn't name a subject, a place and a time; write KEY=x,y,w,h@START-END in pixels and "
                "seconds, like child-17=120,80,60,60@2-5.5",
                key="subject",
                actual=text,
            ) from error
        subjects.append(VideoSubject(key.strip(), zone.box, zone.start_s, zone.end_s))
    return tuple(subjects)


def parse_everyone(text: str | None, inputs: Sequence[Path]) -> tuple[str, ...]:
    """`KEY,KEY,...`: the keys of all people whose faces show in the one picture. Raises ConfigurationError."""
    if text is None:
        return ()
    if len(inputs) > 1 or is_video(inputs[0]):
        raise ConfigurationError(
            "`--everyone` says who shows in one picture; run each picture by itself, and name faces of a video with "
            "`--subject` or badges",
            key="everyone",
        )
    keys = tuple(key.strip() for key in text.split(","))
    if not all(keys):
        raise ConfigurationError(f"`{text}` has an empty name; write KEY,KEY,...", key="everyone", actual=text)
    return keys

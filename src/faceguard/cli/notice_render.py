"""`faceguard notice render` and `bump`: the notice as people read it, and a new version when its text changes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceguard.cli.language import Languages

if TYPE_CHECKING:
    from faceguard.policy.policy_terms import Locale
    from faceguard.signage.render import Shape


class LayerName(StrEnum):
    SIGN = "sign"
    FULL = "full"


class SizeName(StrEnum):
    A4 = "a4"
    LABEL = "label"


class FormatName(StrEnum):
    PDF = "pdf"
    PNG = "png"
    HTML = "html"
    MARKDOWN = "md"


def render(
    notice: Annotated[Path, typer.Argument(help="The notice, a TOML file.")],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="DIR|FILE", help="A folder for all that is asked for, or one file."),
    ],
    layer: Annotated[
        LayerName | None, typer.Option(help="The short sign, or the full page behind its QR code; both in a folder.")
    ] = None,
    size: Annotated[
        SizeName | None, typer.Option(help="A4 upright, or an A6 label (148 x 105 mm); both in a folder.")
    ] = None,
    format: Annotated[
        FormatName | None, typer.Option(help="Signs: pdf, png, html. Pages: html, md. By default the file's own.")
    ] = None,
    language: Annotated[
        Languages | None, typer.Option(help="Languages; by default those that the policy requires.")
    ] = None,
    child: Annotated[bool, typer.Option("--child", help="The version in words for children.")] = False,
    policy: Annotated[str, typer.Option(help="A preset, a file, or presets joined by `+`.")] = "jp-appi-2026",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that exist.")] = False,
) -> None:
    """Renders the sign (PDF, PNG, HTML) and the full page (HTML, Markdown) of a notice that is complete."""
    from faceguard.atomic import make_folder, write_atomic
    from faceguard.cli.times import now
    from faceguard.policy.load import load_policy
    from faceguard.policy.notice import load_notice
    from faceguard.policy.notice_versions import changed_without_version, keep_version, kept_versions
    from faceguard.policy.policy_terms import Locale
    from faceguard.signage.render import render as render_bytes
    from faceguard.signage.render import require_publishable

    loaded, rules = load_notice(notice), load_policy(policy)
    require_publishable(loaded, rules, moment=now())
    required = rules.notice.locales.value
    locales = language.locales if language is not None else tuple(locale for locale in Locale if locale in required)
    if _is_folder(output):
        shapes = list(_shapes(layer, size, format, locales, for_children=child))
        targets = [output / shape.file_name(loaded) for shape in shapes]
    else:
        shapes, targets = [_one_shape(output, layer, size, format, locales, for_children=child)], [output]
    _refuse_existing(targets, overwrite=overwrite)
    rendered = [render_bytes(loaded, rules, shape) for shape in shapes]
    if changed_without_version(notice, loaded):
        print(
            f"warning: version {loaded.version} was rendered before with another text; "
            f"run `faceguard notice bump {notice}`, or, if nobody saw it, remove "
            f"`{kept_versions(notice) / loaded.version}.toml`",
            file=sys.stderr,
        )
    keep_version(notice, loaded)
    for target, data in zip(targets, rendered, strict=True):
        make_folder(target.parent)
        write_atomic(target, data, overwrite=overwrite)
        print(target)


def bump(
    notice: Annotated[Path, typer.Argument(help="The notice whose text has changed, a TOML file.")],
    version: Annotated[str | None, typer.Option(help="The new version; by default the last number grows by 1.")] = None,
    effective_from: Annotated[
        str | None, typer.Option(metavar="TIME", help="From when the new text holds, ISO 8601; by default from now.")
    ] = None,
) -> None:
    """Gives a changed notice a new version that replaces the one that was rendered."""
    from faceguard.cli.times import now, parse_time
    from faceguard.policy.notice_versions import bump as bump_notice

    moment = parse_time(effective_from) if effective_from else now()
    bumped = bump_notice(notice, effective_from=moment, version=version)
    replaced = bumped.replaces.version if bumped.replaces is not None else "?"
    print(f"{bumped.notice_id} {bumped.version} replaces {replaced} from {moment.isoformat()}")
    print(f"sha256 {bumped.sha256}")


def _is_folder(output: Path) -> bool:
    return output.is_dir() or not output.suffix


def _shapes(
    layer: LayerName | None,
    size: SizeName | None,
    format: FormatName | None,
    locales: tuple[Locale, ...],
    *,
    for_children: bool,
) -> Iterator[Shape]:
    """Everything that was not narrowed down: each layer, size and format."""
    from faceguard.signage.print_sign import SignSize
    from faceguard.signage.render import FORMATS, Format, Layer, Shape

    layers = [Layer(layer)] if layer is not None else list(Layer)
    for each in layers:
        sizes = [SignSize(size)] if size is not None else list(SignSize)
        formats = FORMATS[each] if format is None else (Format(format),)
        for each_size in sizes if each is Layer.SIGN else [SignSize.A4]:
            for each_format in formats:
                if layer is not None or each_format in FORMATS[each]:
                    yield Shape(each, each_format, locales, size=each_size, for_children=for_children)


def _one_shape(
    output: Path,
    layer: LayerName | None,
    size: SizeName | None,
    format: FormatName | None,
    locales: tuple[Locale, ...],
    *,
    for_children: bool,
) -> Shape:
    from faceguard.errors import ConfigurationError
    from faceguard.signage.print_sign import SignSize
    from faceguard.signage.render import Format, Layer, Shape

    suffix = output.suffix.lstrip(".").lower()
    try:
        chosen = Format(format or suffix)
    except ValueError as error:
        known = ", ".join(Format)
        raise ConfigurationError(f"`{output}` has no known format; end it in one of {known}", path=output) from error
    default = LayerName.FULL if chosen is Format.MARKDOWN else LayerName.SIGN
    return Shape(
        Layer(layer or default), chosen, locales, size=SignSize(size or SizeName.A4), for_children=for_children
    )


def _refuse_existing(targets: list[Path], *, overwrite: bool) -> None:
    from faceguard.errors import EncodeError

    existing = [target for target in targets if target.exists()]
    if existing and not overwrite:
        raise EncodeError(f"`{existing[0]}` exists; choose another output or pass --overwrite", path=existing[0])

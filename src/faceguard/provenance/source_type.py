"""IPTC digital source types of what redaction makes (FG-X04)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from faceguard.errors import ConfigurationError

_VOCABULARY: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"


class SourceType(StrEnum):
    """The terms that fit a redacted picture (IPTC Digital Source Type NewsCodes, 2024)."""

    ALGORITHMICALLY_ENHANCED = "algorithmicallyEnhanced"
    """By algorithm alone: covers chosen and drawn by faceguard."""
    HUMAN_EDITS = "humanEdits"
    """A person chose what is covered."""
    WITH_GENERATED_PARTS = "compositeWithTrainedAlgorithmicMedia"
    """A generative model drew part of the picture, such as another face."""

    @property
    def uri(self) -> str:
        return _VOCABULARY + self.value


RETIRED: Final = frozenset({"minorHumanEdits", "digitalArt", "softwareImage"})
"""Terms that IPTC has retired; no new picture may be described by them."""

_BY_METHOD: Final[Mapping[str, SourceType]] = {
    "solid": SourceType.ALGORITHMICALLY_ENHANCED,
    "inpaint": SourceType.ALGORITHMICALLY_ENHANCED,
    "mosaic": SourceType.ALGORITHMICALLY_ENHANCED,
    "blur": SourceType.ALGORITHMICALLY_ENHANCED,
}


def source_type_of(method: str, *, chosen_by_person: bool = False) -> SourceType:
    """The source type of pixels that `method` made. Raises ConfigurationError for a method that nobody has rated."""
    if method not in _BY_METHOD:
        raise ConfigurationError(
            f"nobody has said what digital source type the method `{method}` makes; use one of "
            f"{', '.join(_BY_METHOD)} for signed outputs",
            key="method",
        )
    own = _BY_METHOD[method]
    return SourceType.HUMAN_EDITS if chosen_by_person and own is SourceType.ALGORITHMICALLY_ENHANCED else own


def parse_source_type(term: str) -> SourceType:
    """A term, or its URI, as a source type. Raises ConfigurationError for one that is retired or doesn't fit."""
    name = term.removeprefix(_VOCABULARY)
    if name in RETIRED:
        raise ConfigurationError(f"the digital source type `{name}` is retired; use `humanEdits`", key="source-type")
    try:
        return SourceType(name)
    except ValueError as error:
        known = ", ".join(f"`{member.value}`" for member in SourceType)
        raise ConfigurationError(
            f"`{name}` is no digital source type of a redacted picture; use one of {known}", key="source-type"
        ) from error

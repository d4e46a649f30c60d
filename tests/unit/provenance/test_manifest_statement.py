"""What a manifest says, in C2PA's terms."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from faceguard.errors import ConfigurationError
from faceguard.provenance.source_type import RETIRED, SourceType, parse_source_type, source_type_of
from faceguard.provenance.statement import (
    REGIONS_KEY,
    EditStatement,
    Precision,
    RedactedRegion,
    manifest_of,
)
from faceguard.provenance.store import pictures_in
from faceguard.redaction.registry import METHODS

FACE = RedactedRegion(0.2, 0.3, 0.31, 0.43)
STATEMENT = EditStatement("image/jpeg", "solid", SourceType.ALGORITHMICALLY_ENHANCED, (FACE,), Precision.COARSE, "1")


def actions(statement: EditStatement, redactions: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    (assertion,) = manifest_of(statement, redactions)["assertions"]
    answer: list[dict[str, Any]] = assertion["data"]["actions"]
    return answer


def rectangle(statement: EditStatement) -> tuple[float, ...]:
    region = actions(statement)[-1]["changes"][0]["region"][0]["shape"]
    return region["origin"]["x"], region["origin"]["y"], region["width"], region["height"]


def test_pixels_are_edited_with_the_role_redacted_and_never_by_the_action_redacted() -> None:
    """FG-X01."""
    opened, edited = actions(STATEMENT)
    assert (opened["action"], edited["action"]) == ("c2pa.opened", "c2pa.edited")
    assert [region["role"] for region in edited["parameters"][REGIONS_KEY]] == ["c2pa.redacted"]
    assert [change["region"] for change in edited["changes"]] == [
        region["region"] for region in edited["parameters"][REGIONS_KEY]
    ]


def test_the_action_redacted_stands_for_assertions_of_the_parent_with_the_reason() -> None:
    """FG-X01, FG-X03."""
    uri = "self#jumbf=/c2pa/x/c2pa.assertions/c2pa.thumbnail.claim"
    assert manifest_of(STATEMENT, (uri,))["redactions"] == [uri]
    redacted = [action for action in actions(STATEMENT, (uri,)) if action["action"] == "c2pa.redacted"]
    assert redacted == [{"action": "c2pa.redacted", "reason": "c2pa.PII.present", "parameters": {"redacted": uri}}]


@pytest.mark.parametrize(
    ("precision", "expected"),
    [
        (Precision.EXACT, (20.0, 30.0, 11.0, 13.0)),
        (Precision.COARSE, (12.5, 25.0, 25.0, 25.0)),
        (Precision.NONE, (0.0, 0.0, 100.0, 100.0)),
    ],
)
def test_regions_are_told_as_exactly_as_the_policy_says(precision: Precision, expected: tuple[float, ...]) -> None:
    assert rectangle(replace(STATEMENT, precision=precision)) == pytest.approx(expected)


def test_without_precision_neither_place_nor_number_nor_time_is_told() -> None:
    faces = tuple(RedactedRegion(x / 10, 0.1, x / 10 + 0.05, 0.2, (x, x + 3)) for x in range(5))
    (change,) = actions(replace(STATEMENT, regions=faces, precision=Precision.NONE))[-1]["changes"]
    assert [part["type"] for part in change["region"]] == ["spatial"]


def test_frames_are_told_with_the_region() -> None:
    told = actions(replace(STATEMENT, regions=(replace(FACE, frames=(3, 9)),)))[-1]["changes"][0]["region"]
    assert told[1] == {"type": "frame", "frame": {"start": 3, "end": 9}}


def test_a_region_over_the_edge_is_told_up_to_it() -> None:
    edge = replace(STATEMENT, regions=(RedactedRegion(-0.1, 0.9, 0.2, 1.3),), precision=Precision.EXACT)
    assert rectangle(edge) == pytest.approx((0.0, 90.0, 20.0, 10.0))


def test_a_picture_without_covered_faces_was_not_edited() -> None:
    """FG-X01."""
    assert [action["action"] for action in actions(replace(STATEMENT, regions=()))] == [
        "c2pa.opened",
        "c2pa.transcoded",
    ]


# -------------------------------------------------------------------------------------------- source types


def test_every_method_has_a_source_type_in_force() -> None:
    """FG-X04: set by method."""
    assert len(METHODS) >= 4
    for method in METHODS:
        assert source_type_of(method).value not in RETIRED
        assert source_type_of(method).uri.startswith("http://cv.iptc.org/newscodes/digitalsourcetype/")
    assert source_type_of("solid") is SourceType.ALGORITHMICALLY_ENHANCED
    assert source_type_of("solid", chosen_by_person=True) is SourceType.HUMAN_EDITS
    with pytest.raises(ConfigurationError, match="digital source type"):
        source_type_of("another-face")


@pytest.mark.parametrize("term", sorted(RETIRED))
def test_retired_terms_are_refused(term: str) -> None:
    """FG-X04."""
    assert term not in {member.value for member in SourceType}
    for spelled in (term, f"http://cv.iptc.org/newscodes/digitalsourcetype/{term}"):
        with pytest.raises(ConfigurationError, match="is retired"):
            parse_source_type(spelled)


def test_a_term_in_force_is_taken_by_name_and_by_address() -> None:
    """FG-X04."""
    assert parse_source_type("humanEdits") is parse_source_type(SourceType.HUMAN_EDITS.uri) is SourceType.HUMAN_EDITS
    with pytest.raises(ConfigurationError, match="is no digital source type"):
        parse_source_type("digitalCapture")


# ----------------------------------------------------------------------------------------- pictures in stores


@pytest.mark.parametrize(
    ("embedded", "found"),
    [
        (b"\xff\xd8\xff\xe0\x00\x04\x00\x00\xff\xdb", ("JPEG",)),
        (b"\xff\xd8\xff\xe0\xff\xff", ()),
        (b"\x89PNG\r\n\x1a\n", ("PNG",)),
        (b"RIFF....WEBPVP8 ", ("WebP",)),
        (b"....ftypavif", ("AVIF or HEIF",)),
        (b"", ()),
    ],
)
def test_a_picture_is_found_wherever_it_lies_in_a_store(embedded: bytes, found: tuple[str, ...]) -> None:
    """FG-X02."""
    assert pictures_in(b"jumb" * 9 + embedded + b"\x00" * 9) == found

"""The handling notice: what people are told before a camera looks at them (ISO/IEC 29184), as strict types.

One TOML file is one notice. Its hash is over the parsed content, so any change of what is said makes another notice,
and a change of comments or spacing does not (FG-N06). Whether a notice suffices is the policy's question: see `gate`.
"""

from __future__ import annotations

import unicodedata
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AwareDatetime, Field, model_validator

from faceguard.errors import NoticeError
from faceguard.policy.document import Identifier, LocalText, NonBlank, Strict, Version
from faceguard.policy.policy_terms import Locale, NoticeItem, PlacementKind
from faceguard.policy.toml_file import parse, read_toml
from faceguard.signing import digest
from faceguard.types import Disclosure, DocumentRef, Function

STRUCTURED_ITEMS = frozenset({NoticeItem.PURPOSES, NoticeItem.FUNCTIONS, NoticeItem.PLACEMENTS})
"""Items that are said by a structure of their own and not by a text under `[items]`."""


class LegalBasis(StrEnum):
    """GDPR Art. 6(1), also used where other laws ask for a basis."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal_obligation"
    VITAL_INTERESTS = "vital_interests"
    PUBLIC_TASK = "public_task"
    LEGITIMATE_INTERESTS = "legitimate_interests"


class ReleaseBasis(StrEnum):
    """On what footing pictures go to third parties. OPT_OUT can be written down, and is refused (FG-T03)."""

    CONSENT = "consent"
    OPT_OUT = "opt_out"


class Purpose(Strict):
    """One purpose of use, narrow enough that people can foresee what happens."""

    id: Identifier
    text: LocalText
    disclosure: Disclosure
    legal_basis: LegalBasis | None = None
    recipients: LocalText = LocalText()
    """Who receives the pictures; needed when they go to third parties."""
    release_basis: ReleaseBasis = ReleaseBasis.CONSENT


class Placement(Strict):
    """Where the notice is shown: a place in words, an address on the web, or both."""

    kind: PlacementKind
    place: LocalText = LocalText()
    url: Annotated[str, Field(pattern=r"^(https?://\S+)?$")] = ""

    @property
    def is_shown(self) -> bool:
        """Whether it says enough to be found: an address on the web, else a place."""
        if self.kind is PlacementKind.WEB:
            return bool(self.url)
        return any(has_words(text) for text in (self.place.ja, self.place.en))


class ExceptionClaim(Strict):
    """The notice is withheld from the public, on a ground that the policy must know (FG-N08); hashed and logged."""

    code: NonBlank
    reason: NonBlank
    approved_by: NonBlank


class NoticeRef(Strict):
    """The exact notice that a newer one replaces."""

    notice_id: Identifier
    version: Version
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class HandlingNotice(Strict):
    """A whole notice. It may lack items: `check_notice` tells which ones a policy misses."""

    schema_version: Literal[1]
    notice_id: Identifier
    version: Version
    effective_from: AwareDatetime
    effective_to: AwareDatetime | None = None
    """From this moment on it no longer holds; None means until replaced."""
    replaces: NoticeRef | None = None
    private_place: bool = False
    """Whether a toilet, bath, changing room or the like is in view."""
    functions: tuple[Function, ...] = ()
    purposes: tuple[Purpose, ...] = ()
    placements: tuple[Placement, ...] = ()
    items: dict[NoticeItem, LocalText] = Field(default_factory=dict)
    child_text: LocalText = LocalText()
    """The notice in words for children."""
    exception: ExceptionClaim | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.effective_to is not None and self.effective_to <= self.effective_from:
            raise ValueError("effective_to must be later than effective_from")
        if len({purpose.id for purpose in self.purposes}) != len(self.purposes):
            raise ValueError("two purposes share an id")
        if misplaced := STRUCTURED_ITEMS & set(self.items):
            raise ValueError(f"{', '.join(sorted(misplaced))} are said by their own tables, not under items")
        return self

    @cached_property
    def content(self) -> dict[str, Any]:
        """The notice as a JSON value, as it is hashed."""
        return self.model_dump(mode="json", by_alias=True)

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of the RFC 8785 form of `content`, hex."""
        return digest(self.content)

    @property
    def ref(self) -> DocumentRef:
        return DocumentRef(self.notice_id, self.version, self.sha256)

    def purpose(self, purpose_id: str) -> Purpose | None:
        return next((purpose for purpose in self.purposes if purpose.id == purpose_id), None)


def load_notice(path: str | Path) -> HandlingNotice:
    """Reads a notice file. Raises NoticeError."""
    file = read_toml(Path(path), error=NoticeError, what="notice")
    return parse(HandlingNotice, file.value, file, error=NoticeError)


def has_words(text: str) -> bool:
    """Whether anything can be read in `text`: a letter or digit, not just spaces, signs or invisible characters."""
    return any(unicodedata.category(char)[0] in "LN" for char in text)


def missing_locales(text: LocalText, locales: tuple[Locale, ...]) -> tuple[Locale, ...]:
    """The languages among `locales` in which `text` says nothing."""
    return tuple(locale for locale in locales if not has_words(getattr(text, locale.value)))

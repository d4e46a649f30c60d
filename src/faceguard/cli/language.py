"""The languages that the command explains itself in, and those of texts for the public."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from faceguard.policy.policy_terms import Locale


class Language(StrEnum):
    EN = "en"
    JA = "ja"


class Languages(StrEnum):
    """Which languages a text for the public is in."""

    JA = "ja"
    EN = "en"
    BOTH = "both"

    @property
    def locales(self) -> tuple[Locale, ...]:
        """Japanese first."""
        from faceguard.policy.policy_terms import Locale

        return tuple(Locale) if self is Languages.BOTH else (Locale(self.value),)

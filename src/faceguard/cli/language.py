"""The languages that the command explains itself in."""

from __future__ import annotations

from enum import StrEnum


class Language(StrEnum):
    EN = "en"
    JA = "ja"

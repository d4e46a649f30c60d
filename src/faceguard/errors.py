"""Every error that faceguard raises on purpose, by who must act.

    FaceguardError                     exit 1
      ConfigurationError               exit 2   the operator's input is wrong; nothing was processed
        PolicyError
        NoticeError
          NoticeRequired, NoticeIncomplete, PurposeMismatch
        ConsentError
          SignatureError, UntrustedKeyError
      ModelError                       exit 3   the installer must act
        ModelNotFoundError, ModelIntegrityError, InferenceError
      MediaError                       exit 4   this file or camera can't be handled
        UnsupportedMediaError, DecodeError, EncodeError
      SafetyError                      exit 5   going on could expose a face; output is withheld
        RedactionError, BareFaceError, AuditWriteError, AuditIntegrityError
      BatchError                       exit 6   some items failed; carries one error for each

A caller's mistake (a wrong dtype, a negative margin) is a `ValueError` or `TypeError`. A foreseen absence (age unknown,
no consent) is a `Decision` with a reason, never an exception. Messages are lower case, without a full stop, put user
input in backticks, and say what to do next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar


class FaceguardError(Exception):
    """Base of all errors of this package.

    `fields` holds what the error is about (`path`, `key`, `expected`, `actual`, ...) as strings, for logs and `--json`.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, **fields: object) -> None:
        super().__init__(message)
        self.message = message
        self.fields: Mapping[str, str] = {key: str(value) for key, value in fields.items() if value is not None}

    @property
    def code(self) -> str:
        """Stable name of the error for machines: the class name."""
        return type(self).__name__


class ConfigurationError(FaceguardError):
    """The operator's input is wrong; nothing was processed."""

    exit_code = 2


class PolicyError(ConfigurationError):
    """A policy is unreadable, breaks the schema, or asks for what can't be held."""


class NoticeError(ConfigurationError):
    """A handling notice can't be used."""


class NoticeRequired(NoticeError):
    """No valid handling notice is bound, so nothing runs (FG-N01)."""


class NoticeIncomplete(NoticeError):
    """The notice lacks items that the policy requires (FG-N02); `missing` lists them."""

    def __init__(self, message: str, *, missing: Sequence[str] = (), **fields: object) -> None:
        super().__init__(message, missing=", ".join(missing), **fields)
        self.missing = tuple(missing)


class PurposeMismatch(NoticeError):
    """The requested purpose is not among those of the notice (FG-N09)."""


class ConsentError(ConfigurationError):
    """A consent file, key or request is wrong. (A consent that merely doesn't hold is a `Decision`, not an error.)"""


class SignatureError(ConsentError):
    """A signature is missing, malformed, or not over this text."""


class UntrustedKeyError(SignatureError):
    """The key that signed is not among the trusted ones, or not in force."""


class ModelError(FaceguardError):
    """A model can't be used; reinstall or rebuild it."""

    exit_code = 3


class ModelNotFoundError(ModelError):
    """No such model in the manifest, or its weights are missing."""


class ModelIntegrityError(ModelError):
    """The digest of a weights file differs from the manifest; it was not opened."""


class InferenceError(ModelError):
    """The runtime failed while running a model."""


class MediaError(FaceguardError):
    """This file or camera can't be handled."""

    exit_code = 4


class UnsupportedMediaError(MediaError):
    """The format, or a feature of it, is refused by name."""


class DecodeError(MediaError):
    """The input is broken, cut, or larger than the stated limits."""


class EncodeError(MediaError):
    """The output can't be written; nothing was left behind."""


class SafetyError(FaceguardError):
    """Going on could expose a face; output is withheld."""

    exit_code = 5


class RedactionError(SafetyError):
    """A region that had to be covered was not, or can't be, covered."""


class BareFaceError(SafetyError):
    """A second detector finds faces in what was written that nobody allowed to be shown; `found` says which."""

    def __init__(self, message: str, *, found: Sequence[object] = (), **fields: object) -> None:
        super().__init__(message, **fields)
        self.found = tuple(found)


class AuditWriteError(SafetyError):
    """The record can't be written, so the picture isn't released."""


class AuditIntegrityError(SafetyError):
    """The log was altered, cut or reordered; `line` is the first line that doesn't hold (from 1)."""

    def __init__(self, message: str, *, line: int | None = None, **fields: object) -> None:
        super().__init__(message, line=line, **fields)
        self.line = line


class BatchError(FaceguardError):
    """Some items failed; `errors` maps each failed input to its error."""

    exit_code = 6

    def __init__(self, message: str, *, errors: Mapping[str, FaceguardError]) -> None:
        super().__init__(message)
        self.errors = dict(errors)

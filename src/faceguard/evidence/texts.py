"""The texts that a replay rests on, found by digest: policies, notices and registers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Self, TypeVar

from pydantic import ValidationError

from faceguard.audit.record import AuditRecord, DocumentEntry
from faceguard.errors import ConfigurationError, NoticeError, PolicyError
from faceguard.policy.document import Policy
from faceguard.policy.load import PRESETS, load_policy
from faceguard.policy.notice import HandlingNotice, load_notice
from faceguard.policy.register_past import RegisterHistory
from faceguard.signing import TrustedKeys

_Text = TypeVar("_Text", Policy, HandlingNotice)
_SUFFIXES = (".toml", ".json")


@dataclass(frozen=True, slots=True)
class ReplayTexts:
    """Policies and notices by SHA-256, and registers of today. The shipped presets are always among the policies."""

    policies: Mapping[str, Policy]
    notices: Mapping[str, HandlingNotice]
    registers: tuple[RegisterHistory, ...] = ()

    @classmethod
    def load(
        cls,
        *,
        policies: Sequence[str | Path] = (),
        notices: Sequence[Path] = (),
        consents: Sequence[Path] = (),
        keys: TrustedKeys | None = None,
        moment: datetime,
    ) -> Self:
        """Reads files, and folders with all versions; of a folder, what is no such text is passed over.

        A policy may also be a preset, or several joined by `+`. Raises ConfigurationError of the kind that is wrong.
        """
        if consents and keys is None:
            raise ConfigurationError(
                "a consent register needs the keys that may sign it; give them with `--trusted-keys`", key="consents"
            )
        found = [load_policy(name) for name in PRESETS]
        for name in policies:
            found += _texts(Path(name), _read_policy) if Path(name).exists() else [load_policy(name)]
        shown = [notice for path in notices for notice in _texts(path, _read_notice)]
        registers = tuple(RegisterHistory.load(path, keys, moment=moment) for path in consents if keys is not None)
        return cls({text.sha256: text for text in found}, {text.sha256: text for text in shown}, registers)

    def policy_of(self, record: AuditRecord) -> Policy:
        entry = record.bundles.policy
        if entry.sha256 not in self.policies:
            raise _missing("policy", entry, "--policy")
        return self.policies[entry.sha256]

    def notice_of(self, record: AuditRecord) -> HandlingNotice | None:
        entry = record.bundles.notice
        if entry is None:
            return None
        if entry.sha256 not in self.notices:
            raise _missing("notice", entry, "--notice")
        return self.notices[entry.sha256]

    def register_of(self, record: AuditRecord) -> RegisterHistory | None:
        """The register that begins with what was known then; None if nothing was known. Raises ConfigurationError."""
        bundles = record.bundles
        entries, sha256 = bundles.consent_register_entries, bundles.consent_register_entries_sha256
        if entries is None or sha256 is None:
            return None
        found = next((register for register in self.registers if register.begins_with(entries, sha256)), None)
        if found is None:
            given = "none of those given begins with them" if self.registers else "none was given"
            raise ConfigurationError(
                f"record `{record.decision_id}` rests on a consent register of {entries} statements, and {given}; "
                "give it with `--consents` and `--trusted-keys`",
                expected=sha256,
            )
        return found


def _missing(what: str, entry: DocumentEntry, option: str) -> ConfigurationError:
    return ConfigurationError(
        f"the {what} `{entry.id}` {entry.version} with the SHA-256 {entry.sha256} is missing; "
        f"give its file, or a folder with all versions, with `{option}`",
        expected=entry.sha256,
    )


def _texts(path: Path, read: Callable[[Path], _Text]) -> Iterator[_Text]:
    """The text of a file, or those of a folder and the folders in it."""
    if not path.is_dir():
        yield read(path)
        return
    for file in sorted(path.rglob("*")):
        if file.suffix in _SUFFIXES and file.is_file():
            try:
                yield read(file)
            except (PolicyError, NoticeError):
                continue  # the other kind of text, or another version of the software's: if it is needed, it is missed


def _read_policy(path: Path) -> Policy:
    """A policy's TOML, or its resolved content as JSON, as an export has it."""
    return _from_json(path, Policy, PolicyError) if path.suffix == ".json" else load_policy(path)


def _read_notice(path: Path) -> HandlingNotice:
    return _from_json(path, HandlingNotice, NoticeError) if path.suffix == ".json" else load_notice(path)


def _from_json(path: Path, model: type[_Text], error: type[ConfigurationError]) -> _Text:
    try:
        return model.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as cause:
        raise error(f"`{path}` can't be read as what `faceguard audit export` wrote", path=path) from cause

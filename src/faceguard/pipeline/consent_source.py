"""Where a run's consents come from: a register given once, or a file that is read again when it has changed."""

from __future__ import annotations

import threading
from datetime import datetime
from pathlib import Path

from faceguard.errors import ConsentError
from faceguard.policy.register import ConsentRegister
from faceguard.signing import TrustedKeys


class FixedConsents:
    """A register that the caller holds."""

    def __init__(self, register: ConsentRegister) -> None:
        self._register = register

    def at(self, moment: datetime) -> ConsentRegister:
        """The register, whatever the moment."""
        return self._register


class ConsentFile:
    """A register file. A revocation that is written to it counts from the next picture on (FG-C08)."""

    def __init__(self, path: Path, keys: TrustedKeys) -> None:
        self._path = path
        self._keys = keys
        self._lock = threading.Lock()
        self._stamp: tuple[int, int, int] | None = None
        self._register = ConsentRegister.empty()

    def at(self, moment: datetime) -> ConsentRegister:
        """The register as the file has it now. Raises ConsentError when the file is gone or can't be read."""
        with self._lock:
            stamp = self._read_stamp()
            if stamp != self._stamp:
                self._register = ConsentRegister.load(self._path, self._keys, moment=moment)
                self._stamp = stamp
            return self._register

    def _read_stamp(self) -> tuple[int, int, int]:
        """What changes when the file is written anew."""
        try:
            status = self._path.stat()
        except OSError as error:
            raise ConsentError(
                f"the consent register `{self._path}` can't be read: {error.strerror or error}; name the right file",
                path=self._path,
            ) from error
        return status.st_ino, status.st_size, status.st_mtime_ns


ConsentSource = FixedConsents | ConsentFile

"""Where a run's consents come from: a register given once, or a file that is read again when it has changed."""

from __future__ import annotations

import threading
from datetime import datetime
from pathlib import Path

from faceguard.policy.register import ConsentRegister
from faceguard.policy.register_watch import FileStamp, RegisterWatch, stamp_of
from faceguard.policy.statement import Seal
from faceguard.signing import TrustedKeys


class FixedConsents:
    """A register that the caller holds."""

    def __init__(self, register: ConsentRegister) -> None:
        self._register = register

    def at(self, moment: datetime) -> ConsentRegister:
        """The register, whatever the moment."""
        return self._register


class ConsentFile:
    """A register on disk. A revocation that is written to it counts from the next picture on (FG-C08).

    `keys` may be a file too; it is read again when it has changed, so that a revoked key stops counting at once.
    """

    def __init__(self, path: Path, keys: TrustedKeys | Path) -> None:
        self._path = path
        self._keys = keys
        self._lock = threading.Lock()
        self._watch = RegisterWatch(path)
        self._stamps: tuple[FileStamp, ...] = ()
        self._register = ConsentRegister.empty()
        self._newest: Seal | None = None

    def at(self, moment: datetime) -> ConsentRegister:
        """The register as it stands on disk now. Raises ConsentError when it is gone or can't be read."""
        with self._lock:
            of_keys = (stamp_of(self._keys),) if isinstance(self._keys, Path) else ()
            stamps = (self._watch.stamp(), *of_keys)
            if stamps != self._stamps:
                keys = TrustedKeys.load(self._keys) if isinstance(self._keys, Path) else self._keys
                self._register = self._never_older(ConsentRegister.load(self._path, keys, moment=moment))
                self._stamps = stamps
            return self._register

    def _never_older(self, register: ConsentRegister) -> ConsentRegister:
        """`register`, unless this process has seen a newer one: then a register that isn't believed in any part."""
        if register.seal is None:
            return register
        if self._newest is not None and not register.seal.follows(self._newest):
            return ConsentRegister(
                sha256=register.sha256, untrusted_because="an older copy, or another register, was put in its place"
            )
        self._newest = register.seal
        return register


ConsentSource = FixedConsents | ConsentFile

"""An operator with a register, a log and a guard: what an audit is about, made without a model."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from consents import CHILD as WARD
from consents import EVENT, KEY, KEYS, changed, guardian_consent
from fakes import ADULT, CHILD, FakeAgeEstimator, FakeDetector, face_at

from faceguard import FaceGuard, SubjectRegion
from faceguard.audit.log import AuditLog
from faceguard.audit.record import AuditRecord
from faceguard.audit.verify import read_log
from faceguard.evidence.replay import Replay, replay_log
from faceguard.evidence.texts import ReplayTexts
from faceguard.policy.consent import NoticeRef
from faceguard.policy.notice import load_notice
from faceguard.policy.register_file import add_statements
from faceguard.policy.statement import sign_statement
from faceguard.types import Box

NOTICE = Path(__file__).parents[1] / "examples" / "notice.toml"
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(hours=2)
FACES = [face_at(30, 100, 40, 50), face_at(220, 100, 40, 50)]
WHERE = SubjectRegion(WARD, Box(20, 90, 90, 170))


class Shop:
    """An operator with a register, a log and a guard, whose clock stands where it is put."""

    def __init__(self, folder: Path) -> None:
        self.log, self.register, self.now = folder / "audit.jsonl", folder / "register.db", NOW
        shown = load_notice(NOTICE)
        ref = NoticeRef(id=shown.notice_id, version=shown.version, sha256=shown.sha256, language="ja")
        self.consent = changed(guardian_consent(), notice=ref)
        self.say(self.consent, at=NOW - timedelta(hours=1))

    def say(self, statement: Any, *, at: datetime) -> None:
        add_statements(self.register, [sign_statement(statement, KEY)], key=KEY, keys=KEYS, moment=at)

    def guard(self, **settings: Any) -> FaceGuard:
        return FaceGuard(
            **{
                "notice": NOTICE,
                "purpose": "in_store_safety",
                "consents": self.register,
                "trusted_keys": KEYS,
                "audit": AuditLog(self.log, KEY),
                "detector": FakeDetector(FACES),
                "estimator": FakeAgeEstimator([CHILD, ADULT]),
                "clock": lambda: self.now,
                **settings,
            }
        )

    def take_picture(self, **settings: Any) -> None:
        image = np.random.default_rng(1).integers(0, 256, (240, 320, 3), dtype=np.uint8)
        self.guard().redact(image, subjects=[WHERE], event=EVENT, **settings)

    def records(self) -> list[AuditRecord]:
        return [entry.record for entry in read_log(self.log, keys=None, moment=LATER)]

    def texts(self, **settings: Any) -> ReplayTexts:
        given = {"notices": [NOTICE], "consents": [self.register], "keys": KEYS, "moment": LATER}
        return ReplayTexts.load(**{**given, **settings})

    def replay(self) -> Replay:
        return replay_log(read_log(self.log, keys=KEYS, moment=LATER), self.texts())

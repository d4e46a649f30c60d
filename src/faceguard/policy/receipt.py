"""A receipt: the copy of a consent that the person or guardian takes home (ISO/IEC TS 27560, consent receipt).

It holds the signed record itself, so that it proves what was agreed even if the register is lost, and reads as a
letter in Japanese or English.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal, Self

from pydantic import ValidationError

from faceguard.errors import ConsentError
from faceguard.policy.consent import ConsentRecord, UtcTime, Uuid4
from faceguard.policy.document import NonBlank, Strict
from faceguard.policy.policy_terms import Locale
from faceguard.policy.statement import Statement, StatementKind
from faceguard.signing import TrustedKeys


class ConsentReceipt(Strict):
    """Its own id and schema version, and the record as it was signed."""

    schema_version: Literal["1.0"] = "1.0"
    receipt_id: Uuid4
    issued_at: UtcTime
    record: dict[str, Any]
    signature: NonBlank

    @classmethod
    def of(cls, statement: Statement, *, moment: datetime) -> Self:
        """The receipt for a signed consent."""
        return cls(receipt_id=str(uuid.uuid4()), issued_at=moment, record=statement.body, signature=statement.signature)

    @classmethod
    def read(cls, data: bytes) -> Self:
        """A receipt from its JSON. Raises ConsentError."""
        try:
            return cls.model_validate_json(data)
        except ValidationError as error:
            raise ConsentError(f"this is no consent receipt: {error.errors()[0]['msg'].lower()}") from None

    def statement(self) -> Statement:
        return Statement(StatementKind.CONSENT, self.record, self.signature)

    def verify(self, keys: TrustedKeys, *, moment: datetime) -> ConsentRecord:
        """The record, if a trusted key signed it. Raises ConsentError."""
        record = self.statement().read_as(ConsentRecord)
        self.statement().verify(keys, signed_at=record.signed_at, moment=moment)
        return record


_TITLES = {
    Locale.EN: {
        "title": "RECEIPT FOR A CONSENT", "record": "Consent number", "subject": "Person (the operator's key)",
        "guardian": "Given by guardian", "self": "Given by", "own": "the person", "given": "Given on",
        "until": "Holds until", "controller": "To", "contact": "Contact", "purpose": "For", "scope": "For pictures of",
        "files": "{} named files", "release": "May pictures go to third parties?", "yes": "Yes, to: ", "no": "No",
        "third": "third parties", "retention": "Kept for", "withdraw": "To withdraw at any time",
        "notice": "Notice that was shown", "issued": "This receipt",
        "foot": "You can withdraw this consent at any time, without giving a reason. It then ends at once: "
        "pictures made from that moment on cover the face again.",
        "told": "The child was told", "not_told": "not recorded", "child": "FOR THE CHILD",
        "child_words": "The grown-up who looks after you said that we may leave your face uncovered in some pictures. "
        "You may ask us which ones. If you don't want it any more, tell us or your grown-up: then we cover your face "
        "again. Nobody will be cross.",
    },
    Locale.JA: {
        "title": "同意の控え", "record": "同意番号", "subject": "本人(事業者の管理キー)", "guardian": "同意した保護者",
        "self": "同意した人", "own": "本人", "given": "同意した日時", "until": "有効期限", "controller": "事業者",
        "contact": "連絡先", "purpose": "目的", "scope": "対象の写真・映像", "files": "指定されたファイル {} 件",
        "release": "第三者への提供", "yes": "あり:", "no": "なし", "third": "第三者", "retention": "保存期間",
        "withdraw": "同意の撤回方法", "notice": "示された通知", "issued": "この控え",
        "foot": "同意は、理由を問わず、いつでも撤回できます。撤回はただちに効力を生じ、"
        "それ以後に作られる画像では顔がふたたび塗りつぶされます。",
        "told": "子どもへの説明", "not_told": "記録なし", "child": "おこさまへ",
        "child_words": "あなたの かおを かくさない しゃしんが あることを、おうちの ひとが よいと いいました。"
        "どの しゃしんか、いつでも きいて いいです。いやに なったら、わたしたちか おうちの ひとに いってください。"
        "また かおを かくします。だれも おこりません。",
    },
}  # fmt: skip


def receipt_text(receipt: ConsentReceipt, language: Locale) -> str:
    """The receipt as a letter. Raises ConsentError if its record is malformed."""
    record, words = receipt.statement().read_as(ConsentRecord), _TITLES[language]
    rows = list(_rows(receipt, record, words))
    lines = [words["title"], "", *(f"  {name}: {value}" for name, value in rows), "", words["foot"]]
    if record.data_subject.is_child:
        lines += ["", words["child"], "", f"  {words['child_words']}"]
    return "\n".join(lines) + "\n"


def _rows(receipt: ConsentReceipt, record: ConsentRecord, words: dict[str, str]) -> Iterator[tuple[str, str]]:
    event, scope, guardian = record.events[-1], record.scope, record.guardian
    yield words["record"], record.record_id
    yield words["subject"], record.data_subject.id
    if guardian is not None and event.indicated_by == guardian.id:
        yield words["guardian"], f"{guardian.id} ({guardian.relationship}, {guardian.level})"
    else:
        yield words["self"], words["own"]
    if record.data_subject.is_child:
        informed = record.child_informed
        yield words["told"], (informed.method if informed and informed.informed else None) or words["not_told"]
    yield words["given"], _time(event.time_utc)
    yield words["until"], _time(min(scope.valid_to, event.time_utc + event.duration))
    for controller in record.controllers:
        yield words["controller"], f"{controller.name}, {controller.address}"
        yield words["contact"], controller.contact
    files = words["files"].format(len(scope.asset_sha256)) if scope.asset_sha256 else None
    yield words["scope"], ", ".join(part for part in (scope.event, scope.collection, scope.place, files) if part)
    for process in record.processes:
        yield (
            words["purpose"],
            f"{process.purpose_text} ({process.purpose})" if process.purpose_text else process.purpose,
        )
        to = words["yes"] + (", ".join(process.recipients) or words["third"])
        yield words["release"], to if process.third_party_disclosure else words["no"]
        yield words["retention"], process.retention
        yield words["withdraw"], process.withdrawal_method
    yield words["notice"], f"{record.notice.id} {record.notice.version} (SHA-256 {record.notice.sha256[:16]}...)"
    yield words["issued"], f"{receipt.receipt_id}, {_time(receipt.issued_at)}"


def _time(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M UTC")

"""`faceguard consent uses`: when and where a person was referred to, for the guardian who asks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from faceguard.cli.consent_options import AsJson, Register, TrustedToRead, find_consent, read_trusted
from faceguard.cli.language import Language
from faceguard.cli.times import now

if TYPE_CHECKING:
    from faceguard.evidence.uses import UseOfConsent

_WORDS = {
    Language.EN: {
        "title": "WHEN AND WHERE YOU WERE REFERRED TO", "consent": "Consent number", "subject": "Person",
        "logs": "Logs read and found whole", "none": "No picture or video is recorded in which this person was named "
        "or this consent was used.", "shown": "the face was left visible", "covered": "the face was covered",
        "dry_run": "tried out, nothing was made", "withhold": "withheld, nothing left", "refuse": "refused, nothing "
        "was looked at", "in_place": "used in place", "third": "given to third parties", "file": "file (salted digest)",
        "memory": "a picture from memory, without a file", "record": "record", "line": "line {} of {}",
        "this": "by this consent", "asked": "this consent was asked and did not count",
        "total": "{} uses; the face was left visible in {}",
        "foot": "A file is named by a salted digest: the operator can find it by that, and nobody else can.",
    },
    Language.JA: {
        "title": "いつ、どこで参照されたか", "consent": "同意番号", "subject": "本人",
        "logs": "確認した記録(改ざんなし)",
        "none": "この方が指定された、またはこの同意が使われた画像・映像の記録はありません。",
        "shown": "顔を隠さずに使用", "covered": "顔を塗りつぶし", "dry_run": "試行のみ(出力なし)",
        "withhold": "出力を中止", "refuse": "処理を拒否", "in_place": "施設内での利用", "third": "第三者への提供",
        "file": "ファイル(ソルト付きダイジェスト)", "memory": "メモリ上の画像(ファイルなし)", "record": "記録番号",
        "line": "{1} の {0} 行目", "this": "この同意による", "asked": "この同意は有効とされませんでした",
        "total": "全 {} 件、うち顔を隠さなかったもの {} 件",
        "foot": "ファイルはソルト付きダイジェストで示されます。事業者だけがこれを使ってファイルを特定できます。",
    },
}  # fmt: skip


def uses(
    record_id: Annotated[str, typer.Argument(metavar="RECORD_ID", help="The consent's number.")],
    register: Register,
    trusted_keys: TrustedToRead,
    audit: Annotated[list[Path], typer.Option("--audit", metavar="LOG", help="An audit log to look in; repeatable.")],
    audit_keys: Annotated[
        Path | None,
        typer.Option("--audit-keys", metavar="FILE", help="Every line of the logs must be signed by one of these."),
    ] = None,
    language: Annotated[Language, typer.Option(help="The language of the list.")] = Language.EN,
    as_json: AsJson = False,
) -> None:
    """Lists when and where a consent was used, and where its person was named and covered, shown or refused.

    Each log is verified first: one that was altered, cut or reordered is refused, and nothing of it is told.
    """
    from faceguard.evidence.uses import uses_in
    from faceguard.signing import TrustedKeys

    moment = now()
    consent = find_consent(read_trusted(register, trusted_keys), record_id, register)
    keys = None if audit_keys is None else TrustedKeys.load(audit_keys)
    found: list[UseOfConsent] = []
    for log in audit:
        _, uses_there = uses_in(log, record_id=record_id, subject_key=consent.subject_id, keys=keys, moment=moment)
        found += uses_there
    if as_json:
        rows = [_row(use) for use in found]
        print(json.dumps({"record_id": record_id, "subject": consent.subject_id, "uses": rows}, indent=2))
        return
    print("\n".join(_letter(record_id, consent.subject_id, audit, found, language)))


def _letter(
    record_id: str, subject: str, logs: Sequence[Path], uses: Sequence[UseOfConsent], language: Language
) -> Iterator[str]:
    words = _WORDS[language]
    yield from (words["title"], "", f"  {words['consent']}: {record_id}", f"  {words['subject']}: {subject}")
    yield f"  {words['logs']}: {', '.join(str(log) for log in logs)}"
    yield ""
    for use in uses:
        yield from _lines(use, words, language)
    if not uses:
        yield words["none"]
        return
    yield ""
    yield words["total"].format(len(uses), sum(use.shown for use in uses))
    yield words["foot"]


def _lines(use: UseOfConsent, words: dict[str, str], language: Language) -> Iterator[str]:
    from faceguard.audit.record import Action
    from faceguard.policy.explain import explain_reason
    from faceguard.types import Effect

    what = words["shown" if use.shown else "covered"] if use.action is Action.RELEASE else words[use.action.value]
    where = ", ".join(part for part in (use.event, use.collection, use.place) if part)
    third = words["third" if use.to_third_parties else "in_place"]
    why = "; ".join(explain_reason(reason, language.value) for reason in use.reasons)
    this = f" ({words['this' if use.effect is Effect.KEEP else 'asked']})" if use.relied_on else ""
    yield f"- {use.moment:%Y-%m-%d %H:%M:%S} UTC  {what}{this}"
    yield f"    {', '.join(part for part in (where, use.purpose, third) if part)}"
    yield f"    {why}"
    yield f"    {words['file']}: {use.asset_digest}" if use.asset_digest else f"    {words['memory']}"
    yield f"    {words['record']}: {use.decision_id}, {words['line'].format(use.line, use.log)}"


def _row(use: UseOfConsent) -> dict[str, Any]:
    return {
        "log": str(use.log),
        "line": use.line,
        "decision_id": use.decision_id,
        "time_utc": use.moment.isoformat(),
        "action": use.action.value,
        "asset_salted_sha256": use.asset_digest,
        "media_type": use.media_type,
        "purpose": use.purpose,
        "to_third_parties": use.to_third_parties,
        "event": use.event,
        "collection": use.collection,
        "place": use.place,
        "face": use.face,
        "linked_by": use.linked_by,
        "effect": use.effect.value,
        "shown": use.shown,
        "reasons": list(use.reasons),
        "by_this_consent": use.relied_on,
    }

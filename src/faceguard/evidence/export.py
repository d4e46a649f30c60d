"""All that an auditor needs, in one folder: the log, the texts it rests on by digest, keys, proofs, and how to check.

    README.md            what this is and the commands that check it
    log/                 every file of the log and its checkpoint, byte for byte (not if records were picked)
    head.json            the checkpoint: keep it, and hold a later log against it
    proofs/ID.json       that a picked record is in the log
    consistency.json     that the log begins with all of a checkpoint that the auditor had kept
    policies/, notices/  the texts by SHA-256, in canonical JSON: the name of each file is the digest of its bytes
    records.csv          one row for each face, for a spreadsheet
    keys.json            the public keys as the operator has them, to be compared with those that came another way
    SHA256SUMS           of all files

Nothing in it is believed because it is in there: what counts are the public keys, which the auditor gets elsewhere.
"""

from __future__ import annotations

import csv
import hashlib
import io
import shutil
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from faceguard.atomic import atomic_path
from faceguard.audit.chain import Entry
from faceguard.audit.head import Head, head_path, load_head
from faceguard.audit.log import locked
from faceguard.audit.proof import prove_consistency, prove_record
from faceguard.audit.segments import closed_segments
from faceguard.audit.verify import VerifiedLog, read_log, verify_log
from faceguard.errors import EncodeError
from faceguard.evidence.texts import ReplayTexts
from faceguard.signing import TrustedKeys, canonical_json

_LOG_NAME = "audit.jsonl"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""With these a spreadsheet begins a formula."""


@dataclass(frozen=True, slots=True)
class AuditExport:
    """What to hand over. `records` picks some by their ids, else it is the whole log; `kept` is the auditor's head."""

    log: Path
    texts: ReplayTexts
    keys: TrustedKeys | None
    moment: datetime
    records: Sequence[str] = ()
    kept: Head | None = None
    with_csv: bool = False


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written, and what of the log holds."""

    target: Path
    checked: VerifiedLog
    files: tuple[str, ...]


def export_audit(job: AuditExport, target: Path) -> Exported:
    """Writes the folder `target`, or the archive if it ends in `.zip`; whole or not at all.

    The log is verified first. Raises AuditIntegrityError if it doesn't hold, ConfigurationError for a record or text
    that is missing, EncodeError if `target` exists or can't be written.
    """
    if target.exists():
        raise EncodeError(f"`{target}` exists; choose another output", path=target)
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".faceguard-export-") as work:
            folder = Path(work) / "export"
            folder.mkdir()
            checked = _fill(job, folder)
            files = tuple(sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()))
            _write(folder / "SHA256SUMS", "".join(f"{_sha256(folder / name)}  {name}\n" for name in files))
            if target.suffix == ".zip":
                _zip(folder, target)
            else:
                folder.rename(target)
    except OSError as error:
        raise EncodeError(f"`{target}` can't be written: {error.strerror or error}", path=target) from error
    return Exported(target, checked, (*files, "SHA256SUMS"))


def _fill(job: AuditExport, folder: Path) -> VerifiedLog:
    with locked(job.log, 30.0):  # or a record could come between the log and its checkpoint
        kept = () if job.kept is None else (job.kept,)
        checked = verify_log(job.log, keys=job.keys, moment=job.moment, kept=kept)
        entries = [entry for entry in read_log(job.log, keys=None, moment=job.moment) if _is_picked(entry, job)]
        shutil.copyfile(head_path(job.log), folder / "head.json")
        for record_id in job.records:
            proof = prove_record(job.log, record_id, keys=job.keys, moment=job.moment)
            _write_json(folder / "proofs" / f"{proof.line['record']['decision_id']}.json", proof.document())
        if job.kept is not None:
            growth = prove_consistency(job.log, job.kept, keys=job.keys, moment=job.moment)
            _write_json(folder / "consistency.json", growth.document())
        if not job.records:
            _copy_log(job.log, folder / "log")
    _write_texts(job.texts, entries, folder)
    if job.with_csv:
        _write(folder / "records.csv", _csv(entries))
    if job.keys is not None:
        job.keys.save(folder / "keys.json")
    _write(folder / "README.md", _readme(job, checked, load_head(folder / "head.json")))
    return checked


def _is_picked(entry: Entry, job: AuditExport) -> bool:
    return not job.records or any(entry.record.decision_id.startswith(wanted) for wanted in job.records)


def _copy_log(log: Path, folder: Path) -> None:
    folder.mkdir()
    for segment in closed_segments(log):
        source = segment.removal or segment.path
        shutil.copyfile(source, folder / f"{_LOG_NAME}{source.name[len(log.name) :]}")
    if log.exists():
        shutil.copyfile(log, folder / _LOG_NAME)
    shutil.copyfile(head_path(log), folder / f"{_LOG_NAME}.head")


def _write_texts(texts: ReplayTexts, entries: Sequence[Entry], folder: Path) -> None:
    """Each text that a record rests on, once. Raises ConfigurationError for one that is missing."""
    policies = {policy.sha256: policy.content for policy in (texts.policy_of(entry.record) for entry in entries)}
    notices = {
        notice.sha256: notice.content
        for notice in (texts.notice_of(entry.record) for entry in entries)
        if notice is not None
    }
    contents: Mapping[str, Mapping[str, object]] = {"policies": policies, "notices": notices}
    for kind, found in contents.items():
        for sha256, content in found.items():
            _write_json(folder / kind / f"{sha256}.json", content)


# ---------------------------------------------------------------------------------------------------------- csv


_COLUMNS = [
    "line",
    "record",
    "time_utc",
    "action",
    "media_type",
    "purpose",
    "disclosure",
    "event",
    "collection",
    "place",
    "policy",
    "notice",
    "face",
    "effect",
    "age_status",
    "reasons",
    "consent",
    "linked_by",
]


def _csv(entries: Sequence[Entry]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for entry in entries:
        writer.writerows([_cell(value) for value in row] for row in _rows(entry))
    return text.getvalue()


def _rows(entry: Entry) -> Iterator[list[object]]:
    record, scope = entry.record, entry.record.input.scope
    notice = record.bundles.notice
    asset: list[object] = [
        entry.seq + 1,
        record.decision_id,
        record.timestamp.isoformat(),
        record.result.action,
        record.input.asset.media_type,
        record.input.purpose,
        record.input.disclosure,
        scope.event if scope else None,
        scope.collection if scope else None,
        scope.place if scope else None,
        f"{record.bundles.policy.id} {record.bundles.policy.version}",
        f"{notice.id} {notice.version}" if notice else None,
    ]
    if not record.input.faces:
        yield [*asset, *[None] * 6]
    for question, answer in zip(record.input.faces, record.result.faces, strict=True):
        yield [
            *asset,
            answer.index,
            answer.effect,
            question.age.status,
            " ".join(answer.reason_codes),
            answer.consent.record_id if answer.consent else None,
            question.subject.linked_by if question.subject else None,
        ]


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


# ------------------------------------------------------------------------------------------------------- writing


def _readme(job: AuditExport, checked: VerifiedLog, head: Head) -> str:
    what = (
        f"{len(job.records)} records of a log of {checked.size}, each with the proof that it is in the log"
        if job.records
        else f"a log of {checked.size} records, whole"
    )
    return _README.format(
        what=what,
        moment=f"{job.moment:%Y-%m-%d %H:%M} UTC",
        root=head.root,
        size=head.tip.size,
        checks="\n".join(_checks(job)),
    )


def _checks(job: AuditExport) -> Iterator[str]:
    for record_id in job.records:
        yield f"faceguard audit check proofs/{record_id}*.json --trusted-keys YOUR-KEYS.json --head head.json"
    if not job.records:
        yield f"faceguard audit verify log/{_LOG_NAME} --trusted-keys YOUR-KEYS.json"
        yield f"faceguard audit show log/{_LOG_NAME}"
        yield (
            f"faceguard audit replay log/{_LOG_NAME} --policy policies --notice notices "
            "--consents REGISTER --trusted-keys YOUR-KEYS.json"
        )
    if job.kept is not None:
        yield "faceguard audit check consistency.json --trusted-keys YOUR-KEYS.json --head THE-HEAD-YOU-KEPT.json"


_README = """\
# What was decided about faces, and how to check it

This folder holds {what}. It was written on {moment}. Each record says what
was decided about every face of one picture or video, on what grounds, and
what left. No record holds a picture, a name or an age.

## You need

- `faceguard` (`pip install faceguard-sdk`), on any machine. No network, no model and none of the operator's systems.
- The operator's public keys, **from another place than this folder**: handed over in person, printed in the notice, or
  kept from an earlier audit. `keys.json` is what the operator says they are. If yours differ, stop and ask why.
- To decide everything again: the consent register, if any record rests on one. It names people by pseudonyms, so it is
  not in this folder; ask for it.

## Check

```
{checks}
```

Each command ends with 0 if all holds, and with 5 and the first line that doesn't if something was altered, dropped,
moved, cut or written anew.

`policies/` and `notices/` hold the texts that the records name. The name of each file is the SHA-256 of its bytes.

## Keep

Keep `head.json`. It stands for the first {size} lines of the log under the root

    {root}

At the next audit, `faceguard audit verify LOG --head head.json` tells whether the log still begins with every line that
you saw today. That can't be forged, not even by somebody who has the operator's private key.
"""


def _write_json(path: Path, content: object) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(canonical_json(content))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _zip(folder: Path, target: Path) -> None:
    with (
        atomic_path(target, overwrite=False) as partial,
        zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                archive.write(path, f"{target.stem}/{path.relative_to(folder)}")

"""Carries out what people asked for, in what was made before: covers them again from the output itself, or deletes it.

Regardless of fault (FG-T02): nobody asks whether the output was lawful. What comes is the register's matter: a request
to stop is its rule 1. Each output is recorded (`release` with an override that names the request, or `erase`) before
its file changes; a request is done when nothing of it is left to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from faceguard.audit.compose import compose_record, new_salt
from faceguard.audit.log import AuditSink
from faceguard.audit.record import (
    Action,
    AssetEntry,
    AuditRecord,
    Bundles,
    DocumentEntry,
    OutputEntry,
    Override,
    PolicyEntry,
    RedactionEntry,
    salted_digest,
)
from faceguard.errors import EncodeError, FaceguardError
from faceguard.pipeline.records import new_decision_id, software_labels
from faceguard.policy.document import Policy
from faceguard.redaction.registry import create_redactor, require_class
from faceguard.rights.find import Finder, Found, Whereabouts
from faceguard.rights.index import IndexedFace, IndexedOutput, Request, RightsIndex
from faceguard.rights.recover import cover_again
from faceguard.types import Disclosure, RedactionClass


class How(StrEnum):
    """What is done to outputs that may show the person."""

    REDACT = "redact"
    DELETE = "delete"


class Outcome(StrEnum):
    """What became of one output under one request."""

    REDACTED = "redacted"
    DELETED = "deleted"
    ALREADY_COVERED = "already_covered"
    MISSING = "missing"
    ALTERED = "altered"
    FAILED = "failed"

    @property
    def is_settled(self) -> bool:
        return self in (Outcome.REDACTED, Outcome.DELETED, Outcome.ALREADY_COVERED)


@dataclass(frozen=True, slots=True)
class Handled:
    """One output, and what became of it. `paths` are the files that were touched."""

    output: IndexedOutput
    outcome: Outcome
    paths: tuple[Path, ...] = ()
    error: FaceguardError | None = None


@dataclass(frozen=True, slots=True)
class CarriedOut:
    """One request, carried out as far as could be. It stays open while an output isn't settled."""

    request: Request
    handled: tuple[Handled, ...]

    @property
    def is_done(self) -> bool:
        return all(one.outcome.is_settled for one in self.handled)


@dataclass(frozen=True, slots=True)
class Carrier:
    """Carries out requests under a policy, which says how faces are covered. `folders` are searched for copies."""

    index: RightsIndex
    policy: Policy
    sink: AuditSink
    moment: datetime
    finder: Finder

    def carry_out(self, request: Request, how: How) -> CarriedOut:
        """Handles every output that the person is said to be in, one by one; one that fails doesn't stop the others."""
        outputs = self.index.outputs(request.subject)
        done = CarriedOut(request, tuple(self._handle(output, request, how) for output in outputs))
        if done.is_done:
            self.index.close_request(request.id, self.moment, f"{how}: {len(outputs)} outputs")
        return done

    def delete(self, output: IndexedOutput, who: str, why: str) -> Handled:
        """Deletes every file of an output that is found, and records it."""
        found = self.finder.find(output)
        if not found.paths:
            return Handled(output, Outcome(found.whereabouts.value))
        try:
            self._delete(found, who, why)
        except FaceguardError as error:
            return Handled(output, Outcome.FAILED, found.paths, error)
        if found.whereabouts is Whereabouts.ALTERED:
            return Handled(output, Outcome.ALTERED, found.paths)
        self.index.deleted(output, self.moment)
        return Handled(output, Outcome.DELETED, found.paths)

    def _handle(self, output: IndexedOutput, request: Request, how: How) -> Handled:
        why = f"{request.kind} request {request.id}"
        if how is How.DELETE:
            return self.delete(output, request.asked_by, why)
        faces = output.may_show(request.subject)
        if not faces:
            return Handled(output, Outcome.ALREADY_COVERED)
        found = self.finder.find(output)
        if not found.paths:
            return Handled(output, Outcome(found.whereabouts.value))
        try:
            digests = [self._cover(path, output, faces, request.asked_by, why) for path in found.paths]
        except FaceguardError as error:
            return Handled(output, Outcome.FAILED, found.paths, error)
        if found.whereabouts is Whereabouts.ALTERED:  # what stands at its place may show the person still
            return Handled(output, Outcome.ALTERED, found.paths)
        self.index.rewritten(output, found.paths[0], digests[0], [face.number for face in faces])
        return Handled(output, Outcome.REDACTED, found.paths)

    def _cover(self, path: Path, output: IndexedOutput, faces: Sequence[IndexedFace], who: str, why: str) -> str:
        redactor = create_redactor(self.policy.redaction.method.value)
        require_class(redactor, RedactionClass(self.policy.redaction.redaction_class.value))
        asset = _asset(path, output)
        redaction = RedactionEntry(
            redaction_class=redactor.redaction_class,
            method=redactor.method,
            region=self.policy.redaction.region.value,
            margin=self.policy.redaction.margin.value,
            parameters={"earlier_record": output.record_id, "faces_covered": len(faces)},
        )

        def before(sha256: str, size_bytes: int) -> None:
            entry = OutputEntry(media_type=output.media_type, sha256=sha256, size_bytes=size_bytes)
            self.sink.append(self._record(output, asset, Action.RELEASE, who, why, entry, redaction))
            self.index.expect(output, sha256)

        return cover_again(path, output, faces, redactor, before)

    def _delete(self, found: Found, who: str, why: str) -> None:
        for path in found.paths:
            record = self._record(found.output, _asset(path, found.output), Action.ERASE, who, why)
            self.sink.append(record)
            try:
                path.unlink()
            except OSError as error:
                raise EncodeError(f"`{path}` can't be deleted: {error.strerror or error}", path=path) from error

    def _record(
        self,
        output: IndexedOutput,
        asset: AssetEntry,
        action: Action,
        who: str,
        why: str,
        written: OutputEntry | None = None,
        redaction: RedactionEntry | None = None,
    ) -> AuditRecord:
        policy, notice = self.policy, output.notice
        return compose_record(
            decision_id=new_decision_id(),
            moment=self.moment,
            labels=software_labels(),
            bundles=Bundles(
                policy=PolicyEntry(
                    id=policy.policy_id,
                    version=policy.version,
                    sha256=policy.sha256,
                    weakened_from_preset=policy.weakened_from_preset,
                ),
                notice=DocumentEntry(id=notice[0], version=notice[1], sha256=notice[2]),
            ),
            asset=asset,
            purpose=output.purpose,
            disclosure=Disclosure(output.disclosure),
            faces=(),
            action=action,
            redaction=redaction,
            output=written,
            override=Override(who=who, why=f"{why}; earlier record {output.record_id}", approved_by=policy.policy_id),
        )


def _asset(path: Path, output: IndexedOutput) -> AssetEntry:
    """The earlier output as what comes in. Its size in pixels isn't looked at again."""
    salt = new_salt()
    try:
        with path.open("rb") as file:
            salted = salted_digest(salt, iter(lambda: file.read(1 << 20), b""))
    except OSError as error:
        raise EncodeError(f"`{path}` can't be read: {error.strerror or error}", path=path) from error
    return AssetEntry(media_type=output.media_type, width_px=0, height_px=0, salt=salt, salted_sha256=salted)

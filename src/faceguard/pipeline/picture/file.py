"""One picture file in, one safe picture file out: read, cover, write beside, read back, check, record, release."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from faceguard.atomic import make_folder
from faceguard.audit.compose import new_salt
from faceguard.audit.record import Action, AssetEntry, OutputEntry, salted_digest
from faceguard.errors import DecodeError, EncodeError
from faceguard.media.image import read_image
from faceguard.media.image_write import DEFAULT_QUALITY, output_format, write_image
from faceguard.media.isolated import read_image_isolated
from faceguard.media.picture import ImageFormat, ImageLimits, KeepMetadata, Picture
from faceguard.pipeline.credentials import picture_statement
from faceguard.pipeline.made import made_picture
from faceguard.pipeline.picture.cover import CoveredPicture, cover_picture
from faceguard.pipeline.picture.naming import badge_parameters, naming_of
from faceguard.pipeline.rules import AssetScope, BoundRules
from faceguard.pipeline.run import Run
from faceguard.pipeline.verify import finish_verified, look_parameters, require_no_bare_face, require_nothing_embedded
from faceguard.types import Decision, Effect, FaceResult, Subject, SubjectRegion

UNKNOWN_MEDIA = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class PictureJob:
    """What is to be done with one file. `target` None decides and records without writing (dry run).

    `scope` has the operator's names for a consent's scope; the file's digest is filled in when it is read. `everyone`
    are the keys of all people whose faces show, where all of them are named.
    """

    source: Path
    target: Path | None
    subjects: Sequence[SubjectRegion] = ()
    everyone: Sequence[str] = ()
    scope: AssetScope = field(default_factory=AssetScope)
    captured_at: datetime | None = None
    quality: int = DEFAULT_QUALITY
    keep_metadata: KeepMetadata = KeepMetadata.NONE
    overwrite: bool = False
    limits: ImageLimits = field(default_factory=ImageLimits)


@dataclass(frozen=True, slots=True, eq=False)
class PictureReport:
    """What was done with one file, and why. `target` is None after a dry run."""

    source: Path
    target: Path | None
    faces: tuple[FaceResult, ...]
    record_id: str
    rules: BoundRules
    covered: CoveredPicture
    notes: tuple[str, ...] = ()

    @property
    def redacted_count(self) -> int:
        return sum(face.decision.effect is Effect.REDACT for face in self.faces)


def redact_picture_file(run: Run, job: PictureJob) -> PictureReport:
    """Carries out the whole sentence for one file.

    1. A notice is bound; without one the file isn't opened (FG-N01).
    2. The file is read, every frame looked at, decided and covered.
    3. The output is written beside its place, read back and checked.
    4. The record is on disk (FG-D01).
    5. The output gets its name.

    An error at any step leaves no output. Raises FaceguardError.
    """
    bound = run.bind(job.captured_at)  # 1
    _refuse_writing_over_source(job)
    badges = run.badge_rules(bound, job.scope)
    asset = _Asset(new_salt())
    with run.withholding(bound, lambda: asset.entry):
        read = read_image_isolated if run.stages.untrusted_input else read_image
        picture = read(job.source, limits=job.limits)  # 2
        if job.target is not None:
            output_format(picture.format, job.target)  # a suffix that can't be written is told before the work
        asset.describe(picture, job.source)
        scope = replace(job.scope, sha256=asset.sha256)

        def decide(subject: Subject) -> Decision:
            return bound.decide(subject, scope)

        covered = cover_picture(
            picture,
            run.stages,
            decide=decide,
            region_of=bound.region_of,
            naming=naming_of(bound, scope, job.subjects, job.everyone, badges),
        )

        def finish(covered: CoveredPicture, added: int) -> str:
            parameters = {**badge_parameters(covered), **look_parameters(run.stages, added)}
            if job.target is not None:
                return _release(run, bound, job, job.target, covered, asset, parameters)
            if run.stages.verifier is not None:
                require_no_bare_face(covered.after, covered, run.stages.verifier)
            return run.record(bound, asset.entry, covered.faces, Action.DRY_RUN, scope=scope, parameters=parameters)

        covered, record_id = finish_verified(covered, finish, run.stages, decide=decide, region_of=bound.region_of)
    return PictureReport(job.source, job.target, covered.faces, record_id, bound, covered, picture.notes)


def _release(
    run: Run,
    bound: BoundRules,
    job: PictureJob,
    target: Path,
    covered: CoveredPicture,
    asset: _Asset,
    parameters: Mapping[str, str | int | float | bool],
) -> str:
    """Steps 3 to 5. Returns the record's id. Raises BareFaceError when a second look finds more to cover."""
    record_ids: list[str] = []

    def check_and_record(written: Path) -> None:
        if run.signer is not None:
            media_type = media_type_of(output_format(covered.after.format, target))
            statement = picture_statement(bound, run.stages, covered, media_type)
            run.signer.sign(written, statement, source=job.source, folder=target.parent)
        read_back = read_image(written, limits=job.limits)
        covered.check(read_back, run.stages)
        if run.stages.verifier is not None:
            require_no_bare_face(read_back, covered, run.stages.verifier)
            require_nothing_embedded(written, run.stages.verifier)
        output = _output_entry(written, covered.after, target)
        scope = replace(job.scope, sha256=asset.sha256)
        record_ids.append(
            run.record(
                bound,
                asset.entry,
                covered.faces,
                Action.RELEASE,
                output=output,
                scope=scope,
                parameters=parameters,
            )  # 4
        )
        if run.index is not None:
            names = (*(subject.key for subject in job.subjects), *job.everyone)
            picture = covered.after
            run.index.add(
                made_picture(
                    target,
                    output,
                    record_ids[-1],
                    bound,
                    covered.faces,
                    named=names,
                    is_animated=picture.is_animated,
                )
            )

    make_folder(target.parent)
    write_image(
        covered.after,
        target,
        quality=job.quality,
        keep_metadata=job.keep_metadata,
        overwrite=job.overwrite,
        check=check_and_record,
    )
    return record_ids[0]


def _output_entry(written: Path, picture: Picture, target: Path) -> OutputEntry:
    data = written.read_bytes()
    media_type = media_type_of(output_format(picture.format, target))
    return OutputEntry(media_type=media_type, sha256=hashlib.sha256(data).hexdigest(), size_bytes=len(data))


def media_type_of(format_: ImageFormat) -> str:
    """IANA media type of a picture format; MPO, which has none, counts as the JPEG that it begins with."""
    return f"image/{ImageFormat.JPEG if format_ is ImageFormat.MPO else format_}"


def _refuse_writing_over_source(job: PictureJob) -> None:
    if job.target is not None and job.target.exists() and job.source.exists() and job.target.samefile(job.source):
        raise EncodeError(
            f"`{job.target}` is the input itself; originals are never overwritten, choose another output",
            path=job.target,
        )


class _Asset:
    """The record's entry for the input, as far as it is known: filled in once the file could be read."""

    def __init__(self, salt: str) -> None:
        self.entry = AssetEntry(media_type=UNKNOWN_MEDIA, width_px=0, height_px=0, salt=salt)
        self.sha256: str | None = None

    def describe(self, picture: Picture, source: Path) -> None:
        try:
            data = source.read_bytes()
        except OSError as error:
            raise DecodeError(f"`{source}` can't be read: {error.strerror or error}", path=source) from error
        self.sha256 = hashlib.sha256(data).hexdigest()
        first = picture.frames[0]
        self.entry = AssetEntry(
            media_type=media_type_of(picture.format),
            width_px=first.width,
            height_px=first.height,
            salt=self.entry.salt,
            salted_sha256=salted_digest(self.entry.salt, [data]),
            frames=len(picture.frames),
            duration_s=sum(picture.durations_ms) / 1000 if picture.is_animated else None,
        )

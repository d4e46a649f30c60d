"""`FaceGuard`: made once with its documents, then used on arrays and files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from faceguard.audit.compose import new_salt
from faceguard.audit.log import AuditSink
from faceguard.audit.record import Action, AssetEntry
from faceguard.media.image_write import DEFAULT_QUALITY
from faceguard.media.picture import ImageFormat, KeepMetadata, Picture
from faceguard.pipeline.credentials import require_file, require_signer
from faceguard.pipeline.made import OutputIndex
from faceguard.pipeline.picture.cover import CoveredPicture, cover_picture
from faceguard.pipeline.picture.file import PictureJob, PictureReport, redact_picture_file
from faceguard.pipeline.picture.naming import badge_parameters, naming_of
from faceguard.pipeline.rules import AssetScope
from faceguard.pipeline.run import Run, utc_now
from faceguard.pipeline.setup import make_badges, make_rules, make_sink, make_stages
from faceguard.pipeline.verify import finish_verified, look_parameters, require_no_bare_face
from faceguard.policy.document import Policy
from faceguard.policy.load import DEFAULT_POLICY
from faceguard.policy.notice import HandlingNotice
from faceguard.policy.register import ConsentRegister
from faceguard.provenance.signer import OutputSigner
from faceguard.signing import SigningKey, TrustedKeys
from faceguard.types import AgeEstimator, Decision, Detector, Frame, FrameResult, Redactor, Subject, SubjectRegion

if TYPE_CHECKING:
    from faceguard.pipeline.live.stream import SafeFrame, StreamSettings
    from faceguard.pipeline.rules import BoundRules
    from faceguard.pipeline.video.job import VideoJob, VideoReport
    from faceguard.pipeline.video.plan import VideoPlan

MEMORY_MEDIA = "application/x-bgr24"
"""What the record calls an array: there is no registered media type for raw pixels."""


class FaceGuard:
    """Lets a picture of people leave only after notice, detection, age, decision, redaction and record.

    Made once and used for many pictures; safe to share between threads. Models load at the first picture.

    `policy` is a preset's name, a file, several joined by `+` (the strictest wins), or a `Policy`. `notice` is a
    handling notice or its file; without one nothing runs (FG-N01). `purpose` is one of the notice's. `consents` is a
    register or its file, which needs `trusted_keys` and is read again when it changes. `audit` is a log's path, signed
    with `audit_key` if there is one, or a sink; None keeps the records in memory. `detector` is a tier (`live`,
    `balanced`, `thorough`) not below the policy's, or a `Detector`. `method` is a redaction method's name, or a
    `Redactor`, of a class that the policy accepts. `threads` bounds the cores of one inference. `verify` has a second
    detector look at every picture and file that is to leave, `untrusted` has files decoded in a process of their own;
    None leaves either to the policy, and False can't weaken that.
    `badges` is the signed list of badges that people wear, by which their faces are known, believed if one of
    `badge_keys` (by default `trusted_keys`) signed it; it is read again for each picture. `index` is told of every file
    before it gets its name, so that requests for erasure find it (`faceguard.rights.index.RightsIndex`).

    `signer` puts a signed C2PA manifest into every file; a policy may ask for one.

    Raises ConfigurationError (PolicyError, NoticeError, ConsentError) when the documents don't allow the use at all.
    """

    def __init__(
        self,
        *,
        notice: HandlingNotice | str | Path | None,
        purpose: str,
        policy: Policy | str | Path = DEFAULT_POLICY,
        consents: ConsentRegister | str | Path | None = None,
        trusted_keys: TrustedKeys | str | Path | None = None,
        audit: AuditSink | str | Path | None = None,
        audit_key: SigningKey | str | Path | None = None,
        detector: Detector | str | None = None,
        estimator: AgeEstimator | None = None,
        method: Redactor | str | None = None,
        threads: int | None = None,
        verify: Detector | bool | None = None,
        untrusted: bool | None = None,
        badges: str | Path | None = None,
        badge_keys: TrustedKeys | str | Path | None = None,
        signer: OutputSigner | None = None,
        index: OutputIndex | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        rules = make_rules(policy=policy, notice=notice, purpose=purpose, consents=consents, trusted_keys=trusted_keys)
        require_signer(rules.policy, signer)
        stages = make_stages(
            rules.policy,
            detector=detector,
            estimator=estimator,
            redactor=method,
            threads=threads,
            verify=verify,
            untrusted=untrusted,
        )
        worn = make_badges(badges, badge_keys or trusted_keys)
        self._run = Run(rules, stages, make_sink(audit, audit_key), clock, worn, index, signer=signer)
        self._run.bind()  # a notice that doesn't hold is told now, not at the first picture

    @property
    def policy(self) -> Policy:
        return self._run.rules.policy

    @property
    def audit(self) -> AuditSink:
        """Where the records are."""
        return self._run.sink

    def redact(
        self,
        image: NDArray[np.uint8],
        *,
        subjects: Sequence[SubjectRegion] = (),
        everyone: Sequence[str] = (),
        event: str | None = None,
        collection: str | None = None,
        place: str | None = None,
        captured_at: datetime | None = None,
    ) -> FrameResult:
        """A safe copy of `image`, `(H, W, 3)` BGR uint8, and why each face looks as it does. The input isn't changed.

        `subjects` says whose faces are where; `everyone` who all the people are whose faces show, for consents to the
        whole event; `event`, `collection` and `place` what the picture belongs to, as consents name it. Raises
        NoticeError before anything runs; SafetyError or ModelError when no safe picture can be given; ValueError or
        TypeError for an array of another form.
        """
        _require_bgr(image)
        require_file(self.policy)
        _require_regions(subjects)
        _require_keys(everyone)
        bound = self._run.bind(captured_at)
        height, width = image.shape[:2]
        asset = AssetEntry(media_type=MEMORY_MEDIA, width_px=width, height_px=height, salt=new_salt())
        scope = AssetScope(event=event, collection=collection, place=place)
        badges = self._run.badge_rules(bound, scope)
        with self._run.withholding(bound, lambda: asset):

            def decide(subject: Subject) -> Decision:
                return bound.decide(subject, scope)

            covered = cover_picture(
                Picture((Frame((image,)),), ImageFormat.PNG),
                self._run.stages,
                decide=decide,
                region_of=bound.region_of,
                naming=naming_of(bound, scope, subjects, everyone, badges),
            )

            def finish(covered: CoveredPicture, added: int) -> str:
                covered.check(covered.after, self._run.stages)
                if self._run.stages.verifier is not None:
                    require_no_bare_face(covered.after, covered, self._run.stages.verifier)
                parameters = {**badge_parameters(covered), **look_parameters(self._run.stages, added)}
                return self._run.record(bound, asset, covered.faces, Action.RELEASE, scope=scope, parameters=parameters)

            covered, record_id = finish_verified(
                covered, finish, self._run.stages, decide=decide, region_of=bound.region_of
            )
        safe = np.array(covered.after.frames[0].planes[0], copy=True)
        return FrameResult(safe, covered.faces, record_id, bound.moment)

    def redact_image(
        self,
        source: str | Path,
        target: str | Path | None,
        *,
        subjects: Sequence[SubjectRegion] = (),
        everyone: Sequence[str] = (),
        event: str | None = None,
        collection: str | None = None,
        place: str | None = None,
        captured_at: datetime | None = None,
        quality: int = DEFAULT_QUALITY,
        keep_metadata: KeepMetadata = KeepMetadata.NONE,
        overwrite: bool = False,
    ) -> PictureReport:
        """One picture file in, a safe one out, whole or not at all; `target` None is a dry run.

        The format follows the suffix of `target`; `quality` is 1..100 for lossy ones. Raises FaceguardError, and then
        there is no output; ValueError or TypeError for arguments of another form.
        """
        _require_regions(subjects)
        _require_keys(everyone)
        if not 1 <= quality <= 100:
            raise ValueError(f"quality is 1..100, got {quality}")
        job = PictureJob(
            Path(source),
            None if target is None else Path(target),
            subjects=tuple(subjects),
            everyone=tuple(everyone),
            scope=AssetScope(event=event, collection=collection, place=place),
            captured_at=captured_at,
            quality=quality,
            keep_metadata=keep_metadata,
            overwrite=overwrite,
        )
        return redact_picture_file(self._run, job)

    def redact_video(self, job: VideoJob) -> VideoReport:
        """One video file in, a safe one out, whole or not at all; a job without target is a dry run.

        Raises FaceguardError, and then there is no output.
        """
        from faceguard.pipeline.video.file import redact_video_file

        return redact_video_file(self._run, job)

    def analyse_video(self, job: VideoJob, plan_file: str | Path) -> VideoPlan:
        """Only looks and decides, and writes `plan_file` for a person to edit. Raises FaceguardError."""
        from faceguard.pipeline.video.file import analyse_video_file
        from faceguard.pipeline.video.plan_file import write_plan

        plan, bound = analyse_video_file(self._run, job)
        model_ids = [model_id for model_id, _ in self._run.stages.model_ids]
        write_plan(plan, bound, model_ids, Path(plan_file), overwrite=job.overwrite)
        return plan

    def render_video(self, job: VideoJob, plan_file: str | Path) -> VideoReport:
        """Carries out `plan_file`, with its edits, on the very video it was made for. Raises FaceguardError.

        Who the faces are stands in the plan; consents are asked for anew, and so are the badges that named them.
        """
        from faceguard.pipeline.video.file import render_video_file
        from faceguard.pipeline.video.plan_file import read_plan

        def read(bound: BoundRules) -> VideoPlan:
            return read_plan(Path(plan_file), bound, job.scope, self._run.badge_rules(bound, job.scope))

        return render_video_file(self._run, job, read)

    def stream(
        self,
        source: int | str | Iterable[tuple[float, NDArray[np.uint8]]],
        settings: StreamSettings | None = None,
    ) -> Iterator[SafeFrame]:
        """Safe pictures of a camera (its number), an address (`rtsp://...`) or any iterable, as they come.

        An iterable gives `(seconds, (H, W, 3) BGR uint8)`. Stop the camera by closing the iterator. Raises
        FaceguardError, and then gives no more pictures.
        """
        from faceguard.media.video_live import live_pictures
        from faceguard.pipeline.live.stream import LiveStream, StreamSettings

        require_file(self.policy)
        stream = LiveStream(self._run, settings or StreamSettings())
        return stream.frames(live_pictures(source) if isinstance(source, int | str) else source)


def _require_bgr(image: object) -> None:
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        kind = f"{image.dtype} array" if isinstance(image, np.ndarray) else type(image).__name__
        raise TypeError(f"a picture is a numpy array of uint8, got {kind}")
    if image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ValueError(f"a picture has the shape (H, W, 3) in B, G, R order, got {image.shape}")


def _require_regions(subjects: object) -> None:
    """A region that can't be read must not be taken for none: a face could lose the word that was given for it."""
    if not isinstance(subjects, Sequence) or not all(isinstance(subject, SubjectRegion) for subject in subjects):
        raise TypeError("subjects is a sequence of SubjectRegion")


def _require_keys(everyone: object) -> None:
    """One name is no sequence of names, though Python takes a text for one of letters."""
    if isinstance(everyone, str) or not isinstance(everyone, Sequence) or not all(isinstance(k, str) for k in everyone):
        raise TypeError("everyone is a sequence of subjects' keys")

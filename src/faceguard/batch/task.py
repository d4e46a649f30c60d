"""The nouns of a batch: what is to be done with one file, and what became of it. All of it travels between processes.

A `FaceGuard` can't travel: it holds models and locks. What it is made from can, and `Documents` is just that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from faceguard.policy.load import DEFAULT_POLICY
from faceguard.types import Effect


class Kind(StrEnum):
    """What an item is opened as."""

    PICTURE = "picture"
    VIDEO = "video"


class State(StrEnum):
    """Where an item is on its way. The last three are ends."""

    PLANNED = "planned"
    RUNNING = "running"
    DONE = "done"
    """Its output is in place and its record in the audit log."""
    REFUSED = "refused"
    """One of our own errors; there is no output."""
    FAILED = "failed"
    """Its worker died, or something broke that has no name of ours; there is no output."""


@dataclass(frozen=True, slots=True)
class Documents:
    """What a `FaceGuard` is made from, by name and path. Hashable: a worker keeps one guard for each."""

    notice: Path | None
    purpose: str
    policy: str = DEFAULT_POLICY
    consents: Path | None = None
    trusted_keys: Path | None = None
    audit: Path | None = None
    audit_key: Path | None = None
    detector: str | None = None
    method: str | None = None
    verify: bool | None = None
    untrusted: bool | None = None
    badges: Path | None = None
    badge_keys: Path | None = None
    index: Path | None = None
    c2pa_cert: Path | None = None
    c2pa_key: Path | None = None
    c2pa_parent: bool = False
    threads: int = 1
    """Cores of one inference. It bears on speed alone."""


@dataclass(frozen=True, slots=True)
class Handling:
    """How pictures and videos are handled, in the words of `faceguard redact`."""

    event: str | None = None
    collection: str | None = None
    place: str | None = None
    captured_at: datetime | None = None
    quality: int = 95
    keep_capture_time: bool = False
    audio: str = "keep"
    subtitles: str = "keep"
    codec: str = "auto"
    crf: int | None = None
    cover: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    when_lost: str = "widen"
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Task:
    """One file to redact. Picklable; a worker needs nothing else.

    `item` is the file's path below the source, with `/`; `source` and `target` are local paths or addresses that
    fsspec opens. `staging` is a local folder of this run, on the target's file system where that is local: outputs,
    and copies of remote sources, are there until they are whole, and whoever starts the next run empties it.
    """

    item: str
    kind: Kind
    source: str
    target: str
    documents: Documents
    handling: Handling
    staging: Path
    size_bytes: int = 0
    overwrite: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """An error as it travels: `code` is our error's name, or the foreign one's; `exit_code` its family's."""

    code: str
    message: str
    exit_code: int = 1
    fields: Mapping[str, str] = field(default_factory=dict)
    is_system: bool = False
    """Whether it came of what the system answered (a share that was away, missing rights), not of the file's content:
    then trying again may help."""
    is_disk_full: bool = False
    """Whether it came of a disk without room: then the next item would fare no better."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What was decided in one file, in numbers; nothing of a person (FG-A08)."""

    effects: Mapping[Effect, int] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)
    age_statuses: Mapping[str, int] = field(default_factory=dict)
    pictures: int = 1
    """Frames or pages."""
    pictures_checked: int = 0
    """Those that were read back from the output and seen to be covered where they had to be."""
    duration_s: float | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a task.

    `source_sha256` is of the bytes that were read, `output_sha256` of those that were put in place. `fingerprint` is
    that of the rules as the worker found them (see `fingerprint`), which may have changed since the plan.
    """

    item: str
    state: State
    fault: Fault | None = None
    source_sha256: str | None = None
    output_sha256: str | None = None
    output_bytes: int | None = None
    record_id: str | None = None
    fingerprint: str | None = None
    tally: Tally = field(default_factory=Tally)
    wall_s: float = 0.0
    cpu_s: float = 0.0
    worker: str = ""
    peak_bytes: int = 0
    """Most memory that the worker held at any time so far."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a running item has come; `fraction` of the whole is None where the file doesn't say."""

    item: str
    stage: str
    fraction: float | None
    pictures: int = 0

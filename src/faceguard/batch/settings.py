"""A batch's settings: one checked TOML file, the command line over it, and what neither says by default."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from faceguard.batch.discover import Patterns
from faceguard.batch.engine import TimeLimits
from faceguard.batch.task import Documents, Handling
from faceguard.errors import ConfigurationError
from faceguard.policy.load import DEFAULT_POLICY, PRESETS
from faceguard.policy.policy_terms import WhenTrackingLost
from faceguard.policy.toml_file import TomlFile, parse, read_toml

_PATHS = (
    "notice", "consents", "trusted_keys", "audit", "audit_key", "index", "badges", "badge_keys", "c2pa_cert",
    "c2pa_key", "state", "report",
)  # fmt: skip
_PLACES = ("source", "output")
STALL_S = 900.0
"""A choice, no measurement: pictures tell of no progress in between, and slow, busy machines must have time for one."""


class EngineName(StrEnum):
    """What carries the work out."""

    LOCAL = "local"
    RAY = "ray"


class BatchSettings(BaseModel):
    """What `faceguard batch` may be told, by the names of its options. Paths in a file are as seen from that file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: Annotated[str, Field(min_length=1)]
    output: Annotated[str, Field(min_length=1)]
    notice: Path | None = None
    purpose: str = ""
    policy: str = DEFAULT_POLICY
    consents: Path | None = None
    trusted_keys: Path | None = None
    audit: Path | None = None
    audit_key: Path | None = None
    index: Path | None = None
    badges: Path | None = None
    badge_keys: Path | None = None
    c2pa_cert: Path | None = None
    c2pa_key: Path | None = None
    c2pa_parent: bool = False
    state: Path | None = None
    report: Path | None = None
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    engine: EngineName = EngineName.LOCAL
    ray_address: str | None = None
    """Of the cluster's head; None starts one on this machine."""
    workers: Annotated[int, Field(ge=1, le=10_000)] | None = None
    memory: Annotated[int, Field(ge=1)] | None = None
    """Megabytes for the whole run."""
    event: str | None = None
    collection: str | None = None
    place: str | None = None
    captured_at: AwareDatetime | None = None
    method: Literal["solid", "inpaint", "mosaic", "blur"] | None = None
    detector: Literal["live", "balanced", "thorough"] | None = None
    keep_capture_time: bool = False
    quality: Annotated[int, Field(ge=1, le=100)] = 95
    audio: Literal["keep", "drop"] = "keep"
    subtitles: Literal["keep", "drop"] = "keep"
    codec: Literal["auto", "h264", "hevc", "vp9", "av1"] = "auto"
    crf: Annotated[int, Field(ge=0, le=63)] | None = None
    cover: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    when_lost: WhenTrackingLost = WhenTrackingLost.WIDEN
    partial: bool = False
    overwrite: bool = False
    verify: bool | None = None
    untrusted: bool | None = None
    rehash: bool = False
    item_timeout: Annotated[float, Field(gt=0)] | None = None
    """Seconds for an item. None by default: how long a video may take can't be told from its size."""
    stall_timeout: Annotated[float, Field(ge=0)] = STALL_S
    """Seconds without a word of progress; 0 sets no limit."""
    watch_settle: Annotated[float, Field(gt=0)] = 5.0
    """Seconds."""

    @property
    def patterns(self) -> Patterns:
        return Patterns(self.include, self.exclude)

    def documents(self, audit: Path, threads: int) -> Documents:
        """What a guard is made from; paths absolute, since workers may run elsewhere."""
        return Documents(
            notice=_absolute(self.notice),
            purpose=self.purpose,
            policy=_policy_at(self.policy, Path.cwd()),
            consents=_absolute(self.consents),
            trusted_keys=_absolute(self.trusted_keys),
            audit=audit.absolute(),
            audit_key=_absolute(self.audit_key),
            detector=self.detector,
            method=self.method,
            verify=self.verify,
            untrusted=self.untrusted,
            badges=_absolute(self.badges),
            badge_keys=_absolute(self.badge_keys),
            index=_absolute(self.index),
            c2pa_cert=_absolute(self.c2pa_cert),
            c2pa_key=_absolute(self.c2pa_key),
            c2pa_parent=self.c2pa_parent,
            threads=threads,
        )

    @property
    def limits(self) -> TimeLimits:
        return TimeLimits(item_s=self.item_timeout, stall_s=self.stall_timeout or None)

    @property
    def handling(self) -> Handling:
        return Handling(
            event=self.event,
            collection=self.collection,
            place=self.place,
            captured_at=None if self.captured_at is None else self.captured_at.astimezone(UTC),
            quality=self.quality,
            keep_capture_time=self.keep_capture_time,
            audio=self.audio,
            subtitles=self.subtitles,
            codec=self.codec,
            crf=self.crf,
            cover=self.cover,
            ignore=self.ignore,
            when_lost=self.when_lost.value,
            partial=self.partial,
        )


def read_settings(config: Path | None, told: Mapping[str, Any]) -> BatchSettings:
    """The settings of the file `config` with `told`, of the command line, over them. Raises ConfigurationError."""
    if config is None:
        file = TomlFile(Path("command line"), "", {})
    else:
        file = read_toml(config, error=ConfigurationError, what="batch settings")
    values = {key: _seen_from(config, key, value) for key, value in file.value.items()}
    values.update(told)
    for key, option in (("source", "SRC"), ("output", "-o DST")):
        if not values.get(key):
            raise ConfigurationError(f"no {key}; say where with `{option}`, or with `{key}` in the settings", key=key)
    return parse(BatchSettings, values, file, error=ConfigurationError)


def _seen_from(config: Path | None, key: str, value: object) -> object:
    if config is None or not isinstance(value, str) or not value:
        return value
    folder = config.absolute().parent
    if key in _PATHS:
        return str(folder / value)
    if key in _PLACES and "://" not in value:
        return str(folder / value)
    return _policy_at(value, folder) if key == "policy" else value


def _policy_at(policy: str, folder: Path) -> str:
    """`policy` with the files among its parts as absolute paths."""
    if (folder / policy).is_file():
        return str(folder / policy)
    parts = [part.strip() for part in policy.split("+")]
    return "+".join(str(folder / part) if part not in PRESETS and (folder / part).is_file() else part for part in parts)


def _absolute(path: Path | None) -> Path | None:
    return None if path is None else path.absolute()

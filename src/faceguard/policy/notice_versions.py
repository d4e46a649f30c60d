"""New text is a new version (FG-N06): what was shown is kept beside the notice, and a silent change is told.

`shop.toml` keeps its shown texts as `shop.versions/1.0.toml`, `shop.versions/1.1.toml`: what records and consents name
by version and hash can still be read.
"""

from __future__ import annotations

import re
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Final

from faceguard.atomic import write_atomic
from faceguard.errors import EncodeError, NoticeError
from faceguard.policy.notice import HandlingNotice, NoticeRef, load_notice

_LAST_NUMBER = re.compile(r"(\d+)(?=\D*$)")
_TOP_KEY: Final = r"(?m)^{key}\s*=\s*[^\n#]*"
_REPLACES = re.compile(r"(?m)^\[replaces\]\s*\n(?:(?!\[)[^\n]*\n?)*")


def kept_versions(path: Path) -> Path:
    """The folder that holds the shown versions of the notice at `path`."""
    return path.with_name(f"{path.stem}.versions")


def shown_before(path: Path, version: str) -> HandlingNotice | None:
    """What was shown under `version`, if anything. Raises NoticeError when the kept file can't be read."""
    kept = kept_versions(path) / f"{version}.toml"
    return load_notice(kept) if kept.exists() else None


def changed_without_version(path: Path, notice: HandlingNotice) -> bool:
    """Whether another text was shown under the version that `notice`, at `path`, still has."""
    before = shown_before(path, notice.version)
    return before is not None and before.sha256 != notice.sha256


def keep_version(path: Path, notice: HandlingNotice) -> None:
    """Keeps the text at `path` as the one that is shown as `notice.version`. Raises EncodeError."""
    kept = kept_versions(path) / f"{notice.version}.toml"
    if kept.exists():
        return
    try:
        kept.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise EncodeError(
            f"`{kept.parent}`, which keeps the versions that were shown, can't be made: {error.strerror}; "
            "copy the notice to a folder that can be written to",
            path=kept.parent,
        ) from error
    write_atomic(kept, path.read_bytes(), overwrite=False)


def bump(path: Path, *, effective_from: datetime, version: str | None = None) -> HandlingNotice:
    """Gives the changed notice at `path` a new version that replaces the shown one. Comments and order are kept.

    Raises NoticeError when nothing was shown under its version, its text is the same, or the result is no notice.
    """
    notice = load_notice(path)
    before = shown_before(path, notice.version)
    if before is None:
        raise NoticeError(
            f"version {notice.version} of `{path}` was not rendered yet, so it needs no new one", path=path
        )
    if before.sha256 == notice.sha256:
        raise NoticeError(f"`{path}` says the same as when it was rendered; change the text first", path=path)
    new = version or _LAST_NUMBER.sub(lambda found: str(int(found[1]) + 1), notice.version)
    if shown_before(path, new) is not None or new == notice.version:
        raise NoticeError(f"version {new} of `{path}` exists; choose another with `--version`", path=path)
    replaces = NoticeRef(notice_id=before.notice_id, version=before.version, sha256=before.sha256)
    text = _edited(path.read_text(encoding="utf-8"), new, effective_from, replaces)
    expected = {
        "version": new,
        "effective_from": effective_from,
        "replaces": replaces.model_dump(),
    }
    value = _parsed(text, path)
    if {key: value.get(key) for key in expected} != expected:
        raise NoticeError(f"`{path}` can't be edited safely; set `version` and `[replaces]` by hand", path=path)
    write_atomic(path, text.encode("utf-8"), overwrite=True)
    return load_notice(path)


def _edited(text: str, version: str, effective_from: datetime, replaces: NoticeRef) -> str:
    for key, value in (("version", f'"{version}"'), ("effective_from", effective_from.isoformat())):
        text = re.sub(_TOP_KEY.format(key=key), f"{key} = {value}", text, count=1)
    lines = [f'{key} = "{value}"' for key, value in replaces.model_dump().items()]
    return "\n".join([_REPLACES.sub("", text).rstrip(), "", "[replaces]", *lines, ""])


def _parsed(text: str, path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise NoticeError(
            f"`{path}` can't be edited safely; set `version` and `[replaces]` by hand", path=path
        ) from error

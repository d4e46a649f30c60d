"""Signs a finished file: the manifest goes into it, is read back, and holds no picture (FG-X02).

The native library sees what faceguard has written. It sees the input only if its manifests are to be carried over, and
it asks no network: no remote manifests, no time stamps, no certificate status.
"""

from __future__ import annotations

import json
import mimetypes
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from faceguard.errors import ConfigurationError, EncodeError, SafetyError, UnsupportedMediaError
from faceguard.provenance.credential import Credential, load_credential
from faceguard.provenance.statement import EditStatement, ingredient_of, manifest_of
from faceguard.provenance.store import pictures_in, redactable_assertions

if TYPE_CHECKING:
    import c2pa

MEDIA_TYPES: Final = frozenset(
    {
        *("image/jpeg", "image/png", "image/webp", "image/gif", "image/tiff", "image/avif", "image/heic", "image/heif"),
        *("video/mp4", "video/quicktime"),
    }
)
"""What faceguard writes and C2PA can be embedded in."""

_SETTINGS: Final[dict[str, Any]] = {
    "builder": {
        "thumbnail": {"enabled": False},
        "actions": {
            "auto_opened_action": {"enabled": False},
            "auto_created_action": {"enabled": False},
            "auto_placed_action": {"enabled": False},
        },
    },
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_after_sign": True},
}
_SOUND: Final = frozenset({"Valid", "Trusted"})


@dataclass(frozen=True, slots=True)
class OutputSigner:
    """Puts a signed manifest into files. `keeps_parent` carries over the input's own manifests, with all that can be
    taken out of them redacted; otherwise nothing of them is in the output."""

    credential: Credential
    keeps_parent: bool = False

    @classmethod
    def load(cls, certificate: str | Path, key: str | Path, *, keeps_parent: bool = False) -> OutputSigner:
        """Raises ConfigurationError when the files can't be used, or the extra `c2pa` isn't installed."""
        _library()
        return cls(load_credential(Path(certificate), Path(key)), keeps_parent)

    def require_holds(self, media_type: str) -> None:
        """Raises UnsupportedMediaError when no manifest can be put into such files."""
        if media_type not in MEDIA_TYPES:
            raise UnsupportedMediaError(
                f"no C2PA manifest fits into `{media_type}`; write jpg, png, webp, gif, tif, avif, heic, mp4 or mov"
            )

    def sign(self, path: Path, statement: EditStatement, *, source: Path, folder: Path) -> None:
        """Signs the file at `path` in its place; `folder` is where a nameless copy may be kept meanwhile.

        Raises EncodeError when it can't be signed or read back, SafetyError when the manifest holds a picture.
        """
        self.require_holds(statement.media_type)
        try:
            with tempfile.TemporaryFile(dir=folder) as signed:
                with path.open("rb") as plain, _foreign_errors():
                    manifest = self._sign(path, plain, signed, statement, source)
                _require_no_picture(manifest)
                signed.seek(0)
                with path.open("r+b") as target:
                    shutil.copyfileobj(signed, target)
                    target.truncate()
        except OSError as error:
            raise EncodeError(f"the output can't be signed: {error.strerror or error}; check the free space") from error

    def _sign(self, path: Path, plain: IO[bytes], signed: IO[bytes], statement: EditStatement, source: Path) -> bytes:
        c2pa = _library()
        context = c2pa.Context.from_dict(_SETTINGS)
        parent = _parent_of(c2pa, context, source, statement.media_type) if self.keeps_parent else None
        redactions = redactable_assertions(parent.account) if parent is not None else ()
        builder = c2pa.Builder(manifest_of(statement, redactions), context)
        ingredient = ingredient_of(statement)
        # without a parent's manifests what was written stands for the input, of which nothing else is told
        media_type, opened = (parent.media_type, parent.path) if parent else (statement.media_type, path)
        with opened.open("rb") as stream:
            builder.add_ingredient({**ingredient, "format": media_type}, media_type, stream)
        credential = self.credential
        info = c2pa.C2paSignerInfo(credential.algorithm, credential.chain_pem, credential.key_pem, None)
        manifest: bytes = builder.sign(c2pa.Signer.from_info(info), statement.media_type, plain, signed)
        signed.seek(0)
        _require_sound(c2pa, context, signed, statement.media_type)
        return manifest


@dataclass(frozen=True, slots=True)
class _Parent:
    """An input that carries manifests of its own: where it is, and the reader's account of them."""

    path: Path
    media_type: str
    account: str


def _parent_of(c2pa: Any, context: c2pa.Context, source: Path, media_type: str) -> _Parent | None:
    """None when the input has no manifests, or none that can be read: then there is nothing to carry over."""
    kind = _media_type_by_suffix(source) or media_type
    with source.open("rb") as stream:
        try:
            reader = c2pa.Reader(kind, stream, context=context)
        except c2pa.C2paError:
            return None
        return _Parent(source, kind, reader.detailed_json())


def _media_type_by_suffix(path: Path) -> str | None:
    return mimetypes.guess_type(path.name)[0]


def _require_sound(c2pa: Any, context: c2pa.Context, signed: IO[bytes], media_type: str) -> None:
    """The library's own reader has to find the manifest, and nothing wrong with it."""
    reader = c2pa.Reader(media_type, signed, context=context)
    state = reader.get_validation_state()
    if state not in _SOUND:
        found = json.loads(reader.json()).get("validation_status", [])
        codes = ", ".join(status.get("code", "") for status in found)
        raise EncodeError(
            f"the signed manifest doesn't validate ({state}: {codes}); check the certificate and its dates"
        )


def _require_no_picture(manifest: bytes) -> None:
    pictures = pictures_in(manifest)
    if pictures:
        raise SafetyError(
            f"the manifest store holds a picture ({', '.join(pictures)}), which may show what was covered; sign "
            "without the input's manifests"
        )


@contextmanager
def _foreign_errors() -> Iterator[None]:
    c2pa = _library()
    try:
        yield
    except c2pa.C2paError as error:
        raise EncodeError(
            f"the output can't be signed: {error}; check that the certificate is one for C2PA (its key usage, "
            "extended key usage, issuers and dates)"
        ) from error


def _library() -> Any:
    try:
        import c2pa
    except ImportError as error:
        raise ConfigurationError(
            "signed manifests need an extra; install it with `pip install 'faceguard-sdk[c2pa]'`", key="c2pa-cert"
        ) from error
    return c2pa

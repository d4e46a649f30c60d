"""Signed manifests in real files: validated by the library's own reader, and without a picture in them."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from credentials import account_of, make_credential, signed_by_camera, store_of
from made_videos import Clip, pictures, walking_head
from PIL import Image
from skimage import data

from faceguard.detection.tiers import create_detector
from faceguard.errors import ConfigurationError, EncodeError, PolicyError, SafetyError, UnsupportedMediaError
from faceguard.media.image import read_image
from faceguard.pipeline.guard import FaceGuard
from faceguard.policy.authoring import Change, new_policy
from faceguard.policy.load import load_policy
from faceguard.provenance import signer as signer_module
from faceguard.provenance.credential import load_credential
from faceguard.provenance.signer import OutputSigner
from faceguard.provenance.statement import REGIONS_KEY

ROOT = Path(__file__).parents[2]
NOTICE = ROOT / "examples" / "notice.toml"
FORMATS = {
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".tif": "image/tiff",
    ".gif": "image/gif",
    ".avif": "image/avif",
}


@pytest.fixture(scope="module")
def pems(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_credential(tmp_path_factory.mktemp("pems"))


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photo") / "astronaut.jpg"
    Image.fromarray(data.astronaut()).save(path, quality=95)
    return path


def guard(signer: OutputSigner | None, **changes: Any) -> FaceGuard:
    return FaceGuard(notice=NOTICE, purpose="publication", signer=signer, **changes)


def actions_of(account: dict[str, Any]) -> list[dict[str, Any]]:
    (assertion,) = [a for a in account["active"]["assertions"] if a["label"].startswith("c2pa.actions")]
    actions: list[dict[str, Any]] = assertion["data"]["actions"]
    return actions


def edited(account: dict[str, Any]) -> dict[str, Any]:
    (action,) = [action for action in actions_of(account) if action["action"] == "c2pa.edited"]
    return action


def faces_in(image: np.ndarray[Any, Any]) -> int:
    return len(create_detector("balanced").detect(np.ascontiguousarray(image)))


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_signed_output_validates_and_says_that_pixels_were_edited(
    suffix: str, pems: tuple[Path, Path], photo: Path, tmp_path: Path
) -> None:
    """FG-X01, FG-X04: in each picture format; the record has the digest of the signed file."""
    target, made = tmp_path / f"out{suffix}", guard(OutputSigner.load(*pems))
    report = made.redact_image(photo, target)
    assert report.redacted_count == 1
    account = account_of(target, FORMATS[suffix])
    assert account["state"] == "Valid"
    action = edited(account)
    assert action["digitalSourceType"].endswith("/algorithmicallyEnhanced")
    assert [region["role"] for region in action["parameters"][REGIONS_KEY]] == ["c2pa.redacted"]
    assert "c2pa.redacted" not in [action["action"] for action in actions_of(account)]
    result = made.audit.entries[-1].record.result  # type: ignore[attr-defined]
    assert result.output.sha256 == hashlib.sha256(target.read_bytes()).hexdigest()
    assert result.output.size_bytes == target.stat().st_size
    assert [path.name for path in tmp_path.iterdir()] == [target.name]


def test_one_changed_byte_of_a_signed_file_is_found(pems: tuple[Path, Path], photo: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.png"
    guard(OutputSigner.load(*pems)).redact_image(photo, target)
    altered = bytearray(target.read_bytes())
    altered[-40] ^= 1
    target.write_bytes(altered)
    assert account_of(target, "image/png")["state"] == "Invalid"


def test_the_covered_region_is_told_coarsely(pems: tuple[Path, Path], photo: Path, tmp_path: Path) -> None:
    """Policies ask for coarse regions: on a grid of eighths, and around what was covered."""
    target = tmp_path / "out.jpg"
    report = guard(OutputSigner.load(*pems)).redact_image(photo, target)
    shape = edited(account_of(target, "image/jpeg"))["changes"][0]["region"][0]["shape"]
    sides = [shape["origin"]["x"], shape["origin"]["y"], shape["width"], shape["height"]]
    assert all(side % 12.5 == 0 for side in sides)
    (region,) = report.covered.regions[0]
    size = data.astronaut().shape[0]
    assert sides[0] / 100 * size <= region.box.x0 < region.box.x1 <= (sides[0] + sides[2]) / 100 * size
    assert sides[2] < 100


@pytest.mark.parametrize("keeps_parent", [False, True])
def test_no_picture_is_in_the_manifest_store_even_if_the_input_s_held_one(
    keeps_parent: bool, pems: tuple[Path, Path], photo: Path, tmp_path: Path
) -> None:
    """FG-X02: every JUMBF picture of the result is looked at, and shows no face."""
    camera = signed_by_camera(photo, tmp_path / "camera.jpg", *pems)
    thumbnail = np.asarray(Image.open(_stream(store_of(camera, "image/jpeg"))).convert("RGB"))[..., ::-1]
    assert faces_in(thumbnail) == 1  # what would leak
    target = tmp_path / "out.jpg"
    guard(OutputSigner.load(*pems, keeps_parent=keeps_parent)).redact_image(camera, target)
    account = account_of(target, "image/jpeg")
    assert account["state"] == "Valid"
    assert store_of(target, "image/jpeg") == b""
    assert keeps_parent or "thumbnail" not in json.dumps(account["active"]["ingredients"])
    assert target.read_bytes().count(b"\xff\xd8\xff") == 1  # the picture itself
    assert faces_in(read_image(target).frames[0].planes[0]) == 0
    assert len(account["manifests"]) == (2 if keeps_parent else 1)


def test_a_parent_is_carried_over_without_what_identifies(pems: tuple[Path, Path], photo: Path, tmp_path: Path) -> None:
    """FG-X03: redacted with reason, listed, and the result validates."""
    camera = signed_by_camera(photo, tmp_path / "camera.jpg", *pems)
    assert b"Jane Photographer" in camera.read_bytes()
    target = tmp_path / "out.jpg"
    guard(OutputSigner.load(*pems, keeps_parent=True)).redact_image(camera, target)
    written, account = target.read_bytes(), account_of(target, "image/jpeg")
    assert b"Jane Photographer" not in written
    assert b"GPSLatitude" not in written
    assert account["state"] == "Valid"
    redacted = [action for action in actions_of(account) if action["action"] == "c2pa.redacted"]
    assert {action["reason"] for action in redacted} == {"c2pa.PII.present"}
    uris = {action["parameters"]["redacted"].rpartition("/")[2] for action in redacted}
    assert uris == {"c2pa.thumbnail.claim", "cawg.metadata"}
    parent = next(m for label, m in account["manifests"].items() if label != account["active_manifest"])
    assert [assertion["label"] for assertion in parent["assertions"]] == ["c2pa.actions.v2"]


def test_by_default_nothing_of_the_parent_is_left(pems: tuple[Path, Path], photo: Path, tmp_path: Path) -> None:
    """FG-X02, FG-X03."""
    camera = signed_by_camera(photo, tmp_path / "camera.jpg", *pems)
    target = tmp_path / "out.jpg"
    guard(OutputSigner.load(*pems)).redact_image(camera, target)
    account = account_of(target, "image/jpeg")
    assert list(account["manifests"]) == [account["active_manifest"]]
    (ingredient,) = account["active"]["ingredients"]
    assert ingredient["relationship"] == "parentOf"
    assert set(ingredient) <= {"title", "format", "instance_id", "relationship", "label"}
    assert b"camera" not in target.read_bytes()


def test_a_store_that_holds_a_picture_is_withheld(
    pems: tuple[Path, Path], photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FG-X02: whatever lets it in; here, thumbnails left on."""
    monkeypatch.setitem(signer_module._SETTINGS["builder"]["thumbnail"], "enabled", True)
    target = tmp_path / "out.jpg"
    with pytest.raises(SafetyError, match="holds a picture"):
        guard(OutputSigner.load(*pems)).redact_image(photo, target)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_signed_is_not_released(pems: tuple[Path, Path], photo: Path, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedMediaError, match="no C2PA manifest fits"):
        guard(OutputSigner.load(*pems)).redact_image(photo, tmp_path / "out.bmp")
    (tmp_path / "old").mkdir()
    expired = OutputSigner.load(*make_credential(tmp_path / "old", days=-10))
    with pytest.raises(EncodeError, match="not valid at time of signing"):
        guard(expired).redact_image(photo, tmp_path / "out.jpg")
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


def test_a_policy_that_asks_for_manifests_lets_nothing_out_without(
    pems: tuple[Path, Path], photo: Path, tmp_path: Path
) -> None:
    path = tmp_path / "signed.toml"
    change = Change("provenance.c2pa", "required")
    text = new_policy("signed", ["jp-appi-2026"], [change], path=path, today=load_policy("uk").last_verified)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError, match="asks for a signed C2PA manifest in every output"):
        guard(None, policy=path)
    made = guard(OutputSigner.load(*pems), policy=path)
    with pytest.raises(PolicyError, match="bare pixels can't hold one"):
        made.redact(data.astronaut())
    with pytest.raises(PolicyError, match="bare pixels can't hold one"):
        next(iter(made.stream([(0.0, data.astronaut())])))
    assert made.redact_image(photo, tmp_path / "out.jpg").redacted_count == 1
    assert account_of(tmp_path / "out.jpg", "image/jpeg")["state"] == "Valid"


# ------------------------------------------------------------------------------------------------ credential


def test_a_key_that_is_not_the_certificate_s_is_refused(pems: tuple[Path, Path], tmp_path: Path) -> None:
    _, other = make_credential(tmp_path)
    with pytest.raises(ConfigurationError, match="is not the key of the first certificate"):
        load_credential(pems[0], other)
    with pytest.raises(ConfigurationError, match="holds no PEM certificates"):
        load_credential(other, other)
    with pytest.raises(ConfigurationError, match="no PEM private key"):
        load_credential(pems[0], pems[0])
    with pytest.raises(ConfigurationError, match="can't be read"):
        load_credential(tmp_path / "none.pem", other)


def test_a_key_shows_in_no_message(pems: tuple[Path, Path]) -> None:
    assert "PRIVATE" not in repr(OutputSigner.load(*pems))


# ------------------------------------------------------------------------------------------------- commands


def run(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("faceguard")), "redact", *map(str, words)]
    result = subprocess.run(
        [*command, "--notice", NOTICE, "--purpose", "publication"],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert "Traceback" not in result.stdout + result.stderr
    return result


def test_pictures_are_signed_from_the_command_line(pems: tuple[Path, Path], photo: Path, tmp_path: Path) -> None:
    done = run(photo, "-o", "out.jpg", "--c2pa-cert", pems[0], "--c2pa-key", pems[1], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert account_of(tmp_path / "out.jpg", "image/jpeg")["state"] == "Valid"


@pytest.mark.parametrize(("suffix", "media_type"), [(".mp4", "video/mp4"), (".mov", "video/quicktime")])
def test_videos_are_signed_with_the_frames_of_each_covered_face(
    suffix: str, media_type: str, pems: tuple[Path, Path], tmp_path: Path
) -> None:
    """FG-X01, FG-X02: in videos too."""
    film = Clip(walking_head(12)).write(tmp_path / "film.mp4")
    done = run(film, "-o", f"out{suffix}", "--c2pa-cert", pems[0], "--c2pa-key", pems[1], cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    target = tmp_path / f"out{suffix}"
    account = account_of(target, media_type)
    assert account["state"] == "Valid"
    parts = [part for change in edited(account)["changes"] for part in change["region"]]
    assert {part["type"] for part in parts} == {"spatial", "frame"}
    (frames,) = [part["frame"] for part in parts if part["type"] == "frame"]
    assert 0 == frames["start"] < frames["end"] <= 11
    assert store_of(target, media_type) == b""
    shown = pictures(target)
    assert len(shown) == 12
    assert [faces_in(image) for image in shown[::4]] == [0, 0, 0]


def test_half_of_what_signing_takes_is_an_error(pems: tuple[Path, Path], photo: Path, tmp_path: Path) -> None:
    refused = run(photo, "-o", "out.jpg", "--c2pa-cert", pems[0], cwd=tmp_path)
    assert refused.returncode == 2
    assert "both `--c2pa-cert` and `--c2pa-key`" in refused.stderr
    assert list(tmp_path.iterdir()) == []


def _stream(content: bytes) -> Any:
    import io

    return io.BytesIO(content)

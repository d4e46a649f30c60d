"""`faceguard redact` on a real photo, as a user types it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from faceguard.media.image import read_image

ROOT = Path(__file__).parents[2]
PHOTO = ROOT / "examples" / "photos" / "astronaut.jpg"
NOTICE = ROOT / "examples" / "notice.toml"
FACE = (190, 80, 260, 170)
"""Inside of the astronaut's face, x0 y0 x1 y1 in pixels."""


def faceguard(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("faceguard")), *map(str, words)]
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)
    assert "Traceback" not in result.stdout + result.stderr
    return result


def redact(*words: str | Path, cwd: Path, purpose: str = "publication") -> subprocess.CompletedProcess[str]:
    return faceguard("redact", *words, "--notice", NOTICE, "--purpose", purpose, cwd=cwd)


def is_covered(path: Path) -> bool:
    x0, y0, x1, y1 = FACE
    face = read_image(path).frames[0].planes[0][y0:y1, x0:x1].astype(int)
    return bool(np.abs(face - np.median(face, axis=(0, 1))).mean() < 4)


def test_an_adult_is_kept_in_place_and_covered_for_publication(tmp_path: Path) -> None:
    assert redact(PHOTO, "-o", "kept.png", cwd=tmp_path, purpose="in_store_safety").returncode == 0
    assert redact(PHOTO, "-o", "covered.png", cwd=tmp_path).returncode == 0
    assert not is_covered(tmp_path / "kept.png")
    assert is_covered(tmp_path / "covered.png")


LOG = "faceguard-audit.jsonl"


def test_without_a_notice_nothing_is_opened(tmp_path: Path) -> None:
    """FG-N01: exit code 2, no output; the log tells of the refusal alone."""
    result = faceguard("redact", PHOTO, "-o", "out.jpg", "--purpose", "publication", cwd=tmp_path)
    assert result.returncode == 2
    assert "no handling notice" in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == [LOG, f"{LOG}.head", f"{LOG}.lock"]
    (line,) = (tmp_path / LOG).read_text().splitlines()
    assert '"action":"refuse"' in line
    assert '"faces":[]' in line


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_face_is_covered_in_every_exif_orientation(orientation: int, tmp_path: Path) -> None:
    turned = tmp_path / "turned.jpg"
    undo = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}[orientation]
    exif = Image.Exif()
    exif[0x0112] = undo
    with Image.open(PHOTO) as photo:
        carrier = photo.copy()
        carrier.getexif()[0x0112] = undo
        stored = ImageOps.exif_transpose(carrier)
    exif[0x0112] = orientation
    stored.save(turned, exif=exif, quality=95)
    assert redact(turned, "-o", "out.png", "--policy", "strictest", cwd=tmp_path).returncode == 0
    assert read_image(tmp_path / "out.png").frames[0].planes[0].shape == (512, 512, 3)
    assert is_covered(tmp_path / "out.png")


def test_several_inputs_with_one_name_do_not_overwrite_each_other(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "photo.jpg").write_bytes(PHOTO.read_bytes())
    assert redact("a/photo.jpg", "b/photo.jpg", "-o", "safe", cwd=tmp_path).returncode == 0
    assert {path.name for path in (tmp_path / "safe").glob("*.jpg")} == {"photo.jpg", "photo-2.jpg"}


def test_one_bad_file_does_not_stop_the_others_and_the_exit_code_tells(tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_bytes(b"\xff\xd8\xff")
    result = redact("bad.jpg", PHOTO, "-o", "safe", "--json", cwd=tmp_path)
    assert result.returncode == 6
    document = json.loads(result.stdout)
    assert [entry["status"] for entry in document["inputs"]] == ["withheld", "done"]
    assert document["inputs"][0]["error"]["code"] == "DecodeError"
    assert {path.name for path in (tmp_path / "safe").iterdir()} >= {"astronaut.jpg"}
    assert not (tmp_path / "safe" / "bad.jpg").exists()


def test_a_single_bad_file_gives_its_own_exit_code(tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_bytes(b"\xff\xd8\xff")
    assert redact("bad.jpg", "-o", "out.jpg", cwd=tmp_path).returncode == 4
    assert redact("missing.jpg", "-o", "out.jpg", cwd=tmp_path).returncode == 4
    assert not (tmp_path / "out.jpg").exists()


def test_the_report_names_decision_and_reason_and_no_age(tmp_path: Path) -> None:
    """FG-A04, FG-A08: threshold and challenge age in force, never the estimate."""
    assert redact(PHOTO, "-o", "out.jpg", "--report", "r.json", cwd=tmp_path).returncode == 0
    (entry,) = json.loads((tmp_path / "r.json").read_text())["inputs"]
    (face,) = entry["faces"]
    assert (face["effect"], face["reasons"]) == ("redact", ["release_without_consent"])
    assert face["threshold_years"] == 16
    assert face["challenge_age_years"] >= 21
    assert not {"years", "age", "lower_years"} & set(face)


def test_a_dry_run_writes_no_picture(tmp_path: Path) -> None:
    result = redact(PHOTO, "--dry-run", cwd=tmp_path)
    assert result.returncode == 0
    assert {path.suffix for path in tmp_path.iterdir()} <= {".jsonl", ".lock", ".head"}


def test_a_preview_is_drawn_on_the_redacted_picture(tmp_path: Path) -> None:
    assert redact(PHOTO, "-o", "out.jpg", "--preview", "previews", cwd=tmp_path).returncode == 0
    preview = read_image(tmp_path / "previews" / "out.preview.png").frames[0].planes[0]
    original = read_image(PHOTO).frames[0].planes[0]
    x0, y0, x1, y1 = FACE
    assert np.abs(preview[y0:y1, x0:x1].astype(int) - original[y0:y1, x0:x1]).mean() > 30


@pytest.mark.parametrize("method", ["mosaic", "blur"])
def test_a_method_that_can_be_undone_is_refused(method: str, tmp_path: Path) -> None:
    """FG-R01"""
    result = redact(PHOTO, "-o", "out.jpg", "--method", method, cwd=tmp_path)
    assert result.returncode == 2
    assert "irreversible" in result.stderr
    assert not (tmp_path / "out.jpg").exists()


@pytest.mark.parametrize(
    "subject", ["nobody", "a=1,2,3", "=1,2,3,4", "a=1,2,0,4", "a=1,2,3,4@0", f"a={'9' * 400},1,2,3"]
)
def test_a_subject_that_can_not_be_read_is_told(subject: str, tmp_path: Path) -> None:
    result = redact(PHOTO, "-o", "out.jpg", "--subject", subject, cwd=tmp_path)
    assert result.returncode == 2
    assert "KEY=x,y,w,h" in result.stderr


def test_explanations_come_in_two_languages(tmp_path: Path) -> None:
    english = redact(PHOTO, "-o", "a.jpg", "--explain", cwd=tmp_path).stdout
    japanese = redact(PHOTO, "-o", "b.jpg", "--explain", "--language", "ja", cwd=tmp_path).stdout
    assert "consent" in english
    assert "同意" in japanese


def test_an_input_is_never_written_over_by_the_output_of_another(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "photo.jpg").write_bytes(PHOTO.read_bytes())
    result = redact("a/photo.jpg", "b/photo.jpg", "-o", "b", "--overwrite", cwd=tmp_path)
    assert result.returncode == 2
    assert (tmp_path / "b" / "photo.jpg").read_bytes() == PHOTO.read_bytes()


@pytest.mark.parametrize("option", ["--report", "--audit"])
def test_report_and_log_never_take_the_place_of_an_input(option: str, tmp_path: Path) -> None:
    (tmp_path / "in.jpg").write_bytes(PHOTO.read_bytes())
    assert redact("in.jpg", "-o", "out.jpg", option, "in.jpg", "--overwrite", cwd=tmp_path).returncode == 2
    assert (tmp_path / "in.jpg").read_bytes() == PHOTO.read_bytes()
    assert not (tmp_path / "out.jpg").exists()


def test_names_with_any_letters_are_shown_and_reported(tmp_path: Path) -> None:
    """Brackets are no markup, a newline no second line, and bytes that are no text stop nothing."""
    names = ["[red]a.jpg", "[/e]/d.jpg", ":x:.jpg", "b\nc.jpg", "\udcff.jpg"]
    (tmp_path / "[" / "e]").mkdir(parents=True)
    for name in names:
        (tmp_path / name).write_bytes(PHOTO.read_bytes())
    result = redact(*names, "-o", "safe", "--report", "r.json", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    for shown in ("[red]a.jpg ->", "[/e]/d.jpg ->", ":x:.jpg ->", "b\\nc.jpg ->", "\\udcff.jpg ->"):
        assert shown in result.stdout
    assert [entry["input"] for entry in json.loads((tmp_path / "r.json").read_text())["inputs"]] == names


def test_a_report_that_exists_is_told_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "r.json").write_text("precious")
    assert redact(PHOTO, "-o", "out.jpg", "--report", "r.json", cwd=tmp_path).returncode == 2
    assert (tmp_path / "r.json").read_text() == "precious"
    assert not (tmp_path / "out.jpg").exists()


def test_a_moment_that_no_calendar_has_is_told(tmp_path: Path) -> None:
    result = redact(PHOTO, "-o", "out.jpg", "--captured-at", "0001-01-01T00:00:00+23:59", cwd=tmp_path)
    assert result.returncode == 2
    assert "is not a time" in result.stderr

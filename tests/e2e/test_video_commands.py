"""`faceguard redact`, `analyze` and `render` on a video of a real face, with the real models, as a user types it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from made_videos import Clip, ground, head, paste, pictures, presentation_times
from numpy.typing import NDArray

ROOT = Path(__file__).parents[2]
NOTICE = ROOT / "examples" / "notice.toml"
COMMAND = [str(Path(sys.executable).with_name("faceguard"))]
X, Y, SIZE = 60, 70, 120
COUNT = 18


def faceguard(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, *map(str, words)]
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)
    assert "Traceback" not in result.stdout + result.stderr
    return result


def with_notice(*words: str | Path, cwd: Path, purpose: str = "publication") -> subprocess.CompletedProcess[str]:
    return faceguard(*words, "--notice", NOTICE, "--purpose", purpose, cwd=cwd)


def walk(count: int) -> list[NDArray[np.uint8]]:
    scene, face = ground(480, 320), head(SIZE)
    return [paste(scene, face, X + 3 * i, Y) for i in range(count)]


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return Clip(walk(COUNT), audio_s=0.6).write(tmp_path / "film.mp4")


def bare(path: Path, step: float = 3) -> list[int]:
    """Pictures in which the middle of the face still has detail."""
    left = []
    for i, image in enumerate(pictures(path)):
        x = round(X + step * i) + 25
        if image[Y + 30 : Y + 100, x : x + 45].std() > 12:
            left.append(i)
    return left


def test_every_picture_of_a_walking_face_is_covered_and_sound_and_times_are_kept(film: Path, tmp_path: Path) -> None:
    """FG-R06"""
    assert bare(film) == list(range(COUNT))

    result = with_notice("redact", film, "-o", "safe.mp4", cwd=tmp_path)

    assert result.returncode == 0, result.stderr
    assert bare(tmp_path / "safe.mp4") == []
    assert presentation_times(tmp_path / "safe.mp4") == presentation_times(film)
    with av.open(str(tmp_path / "safe.mp4")) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]
    assert faceguard("audit", "verify", "faceguard-audit.jsonl", cwd=tmp_path).returncode == 0


def test_an_adult_stays_visible_in_place(film: Path, tmp_path: Path) -> None:
    assert with_notice("redact", film, "-o", "kept.mp4", cwd=tmp_path, purpose="in_store_safety").returncode == 0

    assert bare(tmp_path / "kept.mp4") == list(range(COUNT))


def test_a_plan_is_made_edited_and_rendered(film: Path, tmp_path: Path) -> None:
    hers = f"guest-4={X - 20},{Y - 20},{SIZE + 3 * COUNT + 40},{SIZE + 40}@0-1"
    assert with_notice("analyze", film, "-o", "plan.json", "--subject", hers, cwd=tmp_path).returncode == 0
    document = json.loads((tmp_path / "plan.json").read_text())
    faces = document["analysis"]["tracks"][0]["faces"]
    assert faces
    word = {"who": "operator-1", "why": "it is a statue", "approved_by": "lead-1"}
    document["edits"] = [{"action": "drop_face", "face": face["face"], **word} for face in faces]
    (tmp_path / "plan.json").write_text(json.dumps(document))

    assert [name["key"] for face in faces for name in face["names"]] == ["guest-4"] * len(faces)
    result = with_notice("render", film, "plan.json", "-o", "out.mp4", "--audio", "drop", "--json", cwd=tmp_path)

    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["edits"][0]["why"] == "it is a statue"
    assert bare(tmp_path / "out.mp4") == list(range(COUNT))
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert [stream.type for stream in container.streams] == ["video"]


def test_a_rendered_plan_is_indexed_and_its_record_signed(film: Path, tmp_path: Path) -> None:
    """FG-T02, FG-D01: whoever works with plans loses nothing that `redact` gives."""
    hers = f"guest-4={X - 20},{Y - 20},{SIZE + 3 * COUNT + 40},{SIZE + 40}"
    assert faceguard("keys", "new", "-o", "k.pem", cwd=tmp_path).returncode == 0
    assert faceguard("keys", "public", "k.pem", "-o", "t.json", cwd=tmp_path).returncode == 0
    analysed = with_notice("analyze", film, "-o", "plan.json", "--subject", hers, "--place", "hall", cwd=tmp_path)
    assert analysed.returncode == 0, analysed.stderr
    words = ("--index", "outputs.db", "--audit", "log.jsonl", "--audit-key", "k.pem", "--audit-max-mb", "1")
    where = ("--place", "hall", "--captured-at", "2026-11-01T10:00:00+09:00")
    result = with_notice("render", film, "plan.json", "-o", "out.mp4", "--no-verify", *words, *where, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    known = faceguard("rights", "access", "--subject", "guest-4", "--index", "outputs.db", "--json", cwd=tmp_path)
    assert [Path(row["path"]).name for row in json.loads(known.stdout)["outputs"]] == ["out.mp4"]
    assert faceguard("audit", "verify", "log.jsonl", "--trusted-keys", "t.json", cwd=tmp_path).returncode == 0
    assert faceguard("audit", "show", "log.jsonl", cwd=tmp_path).returncode == 0


def test_a_plan_is_not_written_over_what_it_is_made_of(film: Path, tmp_path: Path) -> None:
    before = film.read_bytes()
    assert with_notice("analyze", film, "-o", film, "--overwrite", cwd=tmp_path).returncode == 2
    assert with_notice("render", film, film, "-o", film, "--overwrite", cwd=tmp_path).returncode == 2
    assert film.read_bytes() == before


def test_progress_is_told_as_json_lines_on_request(film: Path, tmp_path: Path) -> None:
    result = with_notice("analyze", film, "-o", "plan.json", "--progress", "json", cwd=tmp_path)

    first = json.loads(result.stderr.splitlines()[0])
    assert (first["stage"], first["picture"]) == ("analyse", 1)


def test_an_interrupted_run_leaves_nothing_behind(tmp_path: Path) -> None:
    film = Clip(walk(60) * 6).write(tmp_path / "film.mp4")
    out = tmp_path / "out"
    out.mkdir()
    words = ["redact", str(film), "-o", str(out / "safe.mp4"), "--notice", str(NOTICE), "--purpose", "publication"]
    process = subprocess.Popen(
        [*COMMAND, *words, "--audit", str(tmp_path / "log.jsonl"), "--progress", "json"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if '"render"' in line:
            break
    else:
        pytest.fail("the run ended before it could be interrupted")
    os.kill(process.pid, signal.SIGINT)
    process.stderr.read()

    assert process.wait(timeout=60) == 130
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("suffix", [".mkv", ".webm"])
def test_other_containers_are_written_on_request(suffix: str, tmp_path: Path) -> None:
    film = Clip(walk(10), rate=Fraction(30000, 1001), time_base=Fraction(1001, 30000)).write(tmp_path / "film.mp4")

    result = with_notice("redact", film, "-o", f"safe{suffix}", cwd=tmp_path)

    assert result.returncode == 0, result.stderr
    assert bare(tmp_path / f"safe{suffix}") == []
    assert len(pictures(tmp_path / f"safe{suffix}")) == 10


def test_errors_have_one_line_and_the_media_code(tmp_path: Path) -> None:
    (tmp_path / "film.mp4").write_bytes(b"no film")

    result = with_notice("redact", "film.mp4", "-o", "safe.mp4", cwd=tmp_path)

    assert result.returncode == 4
    assert not (tmp_path / "safe.mp4").exists()


def test_a_place_of_a_video_where_no_face_is_is_a_slip(film: Path, tmp_path: Path) -> None:
    result = with_notice("redact", film, "-o", "safe.mp4", "--subject", "a=1,2,3,4", cwd=tmp_path)

    assert result.returncode == 2
    assert "no face is found where and when `a` is named" in result.stderr


def test_the_examples_run_on_a_film_in_place_of_a_camera(film: Path, tmp_path: Path) -> None:
    examples = ROOT / "examples"
    webcam = [sys.executable, str(examples / "webcam.py"), str(film), "--save", str(tmp_path / "web"), "--count", "5"]
    app = [sys.executable, str(examples / "camera_app.py"), str(film), str(tmp_path / "app")]

    for command in (webcam, app):
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "app").glob("*.jpg"))) == COUNT
    assert list((tmp_path / "web").glob("*.jpg"))

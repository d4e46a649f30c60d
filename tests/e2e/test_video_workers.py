"""`faceguard redact VIDEO --workers N`: more processes, the same result."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

from made_videos import Clip, presentation_times, walking_head

NOTICE = Path(__file__).parents[2] / "examples" / "notice.toml"
COMMAND = [str(Path(sys.executable).with_name("faceguard"))]


def redact(film: Path, target: Path, *words: str) -> subprocess.CompletedProcess[str]:
    given = ["redact", str(film), "-o", str(target), "--notice", str(NOTICE), "--purpose", "publication", *words]
    return subprocess.run([*COMMAND, *given], capture_output=True, text=True, check=False, timeout=300)


def test_a_long_video_is_shared_by_two_processes(tmp_path: Path) -> None:
    options = {"preset": "ultrafast", "crf": "30", "g": "50", "keyint_min": "50", "sc_threshold": "0"}
    images = walking_head(50, width=160, height=120, size=60, step=1.0)
    clip = Clip((images + images[::-1]) * 8, options=options, rate=Fraction(20), time_base=Fraction(1, 10240))
    film = clip.write(tmp_path / "film.mp4")

    two = redact(film, tmp_path / "out" / "two.mp4", "--workers", "2", "--audit", str(tmp_path / "log.jsonl"))
    none = redact(film, tmp_path / "out" / "none.mp4", "--workers", "0", "--audit", str(tmp_path / "log.jsonl"))

    assert two.returncode == 0, two.stderr
    assert none.returncode == 2
    assert presentation_times(tmp_path / "out" / "two.mp4") == presentation_times(film)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["two.mp4"]
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 1

"""The functions for a single file, on real models."""

from __future__ import annotations

from pathlib import Path

from made_videos import Clip, presentation_times, walking_head

import faceguard

ROOT = Path(__file__).parents[2]
NOTICE = ROOT / "examples" / "notice.toml"


def test_one_photo_in_one_safe_photo_out(tmp_path: Path) -> None:
    photo, safe = ROOT / "examples" / "photos" / "astronaut.jpg", tmp_path / "safe.png"
    report = faceguard.redact_image(photo, safe, notice=NOTICE, purpose="publication")
    assert report.redacted_count == 1
    assert safe.exists()


def test_one_video_in_one_safe_video_out(tmp_path: Path) -> None:
    film, safe = tmp_path / "film.mp4", tmp_path / "safe.mp4"
    Clip(walking_head(12)).write(film)
    report = faceguard.redact_video(film, safe, notice=NOTICE, purpose="publication")
    assert report.redacted_count == 1
    assert len(presentation_times(safe)) == 12

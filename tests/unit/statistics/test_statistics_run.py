"""Counting from end to end, with a detector that finds green squares and ages that are told."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import FAKE_MODEL, FakeAgeEstimator, FakeDetector, face_at, years
from made_videos import Clip, ground, paste
from numpy.typing import NDArray
from PIL import Image

from faceguard.audit.log import AuditLog, MemoryAuditLog
from faceguard.audit.verify import read_log
from faceguard.errors import AuditWriteError, ConfigurationError, DecodeError, EncodeError
from faceguard.policy.load import load_policy
from faceguard.statistics.bands import AgeBands, parse_bands, parse_interval
from faceguard.statistics.count import Source, functions_for
from faceguard.statistics.models import Models, make_models
from faceguard.statistics.result import READINESS_LABEL
from faceguard.statistics.run import StatisticsJob, StatisticsReport, make_statistics
from faceguard.statistics.terms import StatisticsTerms, Undertakings, agree_terms
from faceguard.types import Box, Detection, Function
from policies import BLURRED, IN_PLACE, NOW, notice

T0 = datetime(2026, 11, 22, 9, 58, tzinfo=UTC)


def terms(policy: str = "kr-pipa", *, readiness: bool = False) -> StatisticsTerms:
    return agree_terms(
        load_policy(policy),
        notice(functions=[str(function) for function in Function]),
        purpose=IN_PLACE,
        functions=frozenset({Function.FACE_DETECTION}),
        moment=NOW,
        readiness=readiness,
        undertakings=Undertakings("https://example.org/statistics"),
    )


def crowd(count: int, score: float = 0.99) -> list[Detection]:
    return [face_at(45.0 * (i % 20), 45.0 * (i // 20), 40, 40, score) for i in range(count)]


def models(faces: Sequence[Detection], *ages: float) -> Models:
    return make_models(
        load_policy("kr-pipa"),
        detector=FakeDetector(faces),
        estimator=FakeAgeEstimator([years(age) if age else BLURRED for age in ages] or [BLURRED]),
    )


def photo(path: Path, seed: int = 0) -> Path:
    Image.fromarray(np.full((200, 900, 3), seed, np.uint8)).save(path)
    return path


def make(
    folder: Path, sources: Sequence[Source], used: Models, name: str = "counts.csv", sink: Any = None, **changes: Any
) -> StatisticsReport:
    job = StatisticsJob(tuple(sources), folder / name, folder / "ledger.db", **changes)
    return make_statistics(job, terms(), used, sink or MemoryAuditLog())


def counts(path: Path) -> dict[tuple[str, str], str]:
    with path.open(encoding="utf-8", newline="") as file:
        return {(row["interval_start"], row["age_band"]): row["count"] for row in csv.DictReader(file)}


def test_faces_are_counted_by_band(tmp_path: Path) -> None:
    """FG-S02: 60 faces: 20 and 50 years old, or unknown, in turn."""
    source = Source(photo(tmp_path / "a.png"), T0)
    make(tmp_path, [source], models(crowd(60), 20.0, 50.0, 0.0), bands=AgeBands((30,)))
    found = counts(tmp_path / "counts.csv")
    start = "2026-11-22T09:45Z"
    assert found[start, "0-29"] == found[start, "30+"] == found[start, "unknown"] == "20"
    assert found["all", "all"] == found[start, "all"] == "60"


def test_a_count_under_the_minimum_is_nowhere_in_the_file(tmp_path: Path) -> None:
    """FG-S02: nor is the number that would give it away."""
    ages = [8.0] * 7 + [20.0] * 13 + [50.0] * 15
    make(tmp_path, [Source(photo(tmp_path / "a.png"), T0)], models(crowd(35), *ages))
    shown = {value for value in counts(tmp_path / "counts.csv").values() if value}
    assert "7" not in shown
    assert not {"13", "15", "35"} <= shown


def test_times_are_no_finer_than_the_interval(tmp_path: Path) -> None:
    """FG-S02: the second at which a photo was taken doesn't leave."""
    taken = datetime(2026, 11, 22, 9, 58, 37, tzinfo=UTC)
    make(tmp_path, [Source(photo(tmp_path / "a.png"), taken)], models(crowd(30), 20.0), "counts.json")
    text = (tmp_path / "counts.json").read_text(encoding="utf-8")
    assert "09:45Z" in text
    assert "09:58" not in text
    assert ":37" not in text


@dataclass
class SquareDetector(FakeDetector):
    """Finds each green square of 40 x 40 in a frame, with this score."""

    score: float = 0.99
    seen: list[int] = field(default_factory=list)

    def detect(self, image: NDArray[np.uint8]) -> tuple[Detection, ...]:
        green = (image[..., 1].astype(int) - image[..., 2] > 80) & (image[..., 1].astype(int) - image[..., 0] > 80)
        scale = image.shape[1] / 640
        found = []
        for column in range(12):
            x0, x1 = round((20 + 50 * column) * scale), round((60 + 50 * column) * scale)
            rows = np.flatnonzero(green[:, x0:x1].mean(axis=1) > 0.5)
            if len(rows):
                found.append(Detection(Box(x0, rows[0], x1, rows[-1] + 1), self.score, None, FAKE_MODEL))
        return tuple(found)


def twelve_people(frames: int) -> list[NDArray[np.uint8]]:
    scene = ground(640, 240)
    for column in range(12):
        scene = paste(scene, np.full((40, 40, 3), (0, 255, 0), np.uint8), 20 + 50 * column, 100)
    return [scene] * frames


def test_a_person_in_a_video_is_counted_once_and_not_once_a_frame(tmp_path: Path) -> None:
    """FG-S02: twelve people in sixty frames are twelve."""
    video = Clip(twelve_people(60)).write(tmp_path / "v.mp4")
    used = make_models(load_policy("kr-pipa"), detector=SquareDetector(), estimator=FakeAgeEstimator([years(35.0)]))
    make(tmp_path, [Source(video, T0)], used)
    found = counts(tmp_path / "counts.csv")
    assert found["2026-11-22T09:45Z", "all"] == found["all", "all"] == "12"
    assert functions_for([video]) >= {Function.TRACKING}


def test_unsure_detections_are_not_people(tmp_path: Path) -> None:
    used = models([*crowd(20), *(face_at(45.0 * i, 120, 40, 40, 0.2) for i in range(15))], 20.0)
    make(tmp_path, [Source(photo(tmp_path / "a.png"), T0)], used)
    assert counts(tmp_path / "counts.csv")["all", "all"] == "20"


def test_unsure_tracks_are_not_people_either(tmp_path: Path) -> None:
    video = Clip(twelve_people(20)).write(tmp_path / "v.mp4")
    used = make_models(load_policy("kr-pipa"), detector=SquareDetector(score=0.4), estimator=FakeAgeEstimator())
    report = make(tmp_path, [Source(video, T0)], used)
    assert report.result.hidden.all()


def test_the_record_says_that_it_was_statistics_and_has_no_face_and_no_count(tmp_path: Path) -> None:
    """FG-S02, FG-D01: the audit record has `statistics_mode`."""
    log = tmp_path / "log.jsonl"
    report = make(tmp_path, [Source(photo(tmp_path / "a.png"), T0)], models(crowd(23), 20.0), sink=AuditLog(log))
    (entry,) = read_log(log, keys=None, moment=NOW)
    assert entry.record.statistics_mode
    assert entry.record.input.faces == ()
    assert entry.record.result.statistics is not None
    assert entry.record.decision_id in report.record_ids
    assert "23" not in json.dumps(entry.record.document()["result"]["statistics"])


def test_the_budget_is_in_the_record_and_the_ledger(tmp_path: Path) -> None:
    source, log = Source(photo(tmp_path / "a.png"), T0), tmp_path / "log.jsonl"
    first = make(tmp_path, [source], models(crowd(30), 20.0), sink=AuditLog(log), epsilon=0.5)
    again = make(tmp_path, [source], models(crowd(30), 20.0), "2.csv", sink=AuditLog(log), epsilon=0.5)
    assert (first.epsilon_spent, again.epsilon_spent) == (0.5, 1.0)
    entries = [entry.record.result.statistics for entry in read_log(log, keys=None, moment=NOW)]
    assert [e.epsilon_spent for e in entries if e is not None] == [0.5, 1.0]
    with pytest.raises(ConfigurationError, match="used up"):
        make(tmp_path, [source], models(crowd(30), 20.0), "3.csv", epsilon=0.5)
    assert not (tmp_path / "3.csv").exists()


def test_another_table_of_the_same_source_is_refused(tmp_path: Path) -> None:
    """FG-S02: bands that overlap would tell by their difference what both suppress."""
    source = Source(photo(tmp_path / "a.png"), T0)
    make(tmp_path, [source], models(crowd(30), 20.0))
    with pytest.raises(ConfigurationError, match="another way"):
        make(tmp_path, [source], models(crowd(30), 20.0), "2.csv", bands=AgeBands((18, 30)))
    other = Source(photo(tmp_path / "b.png", 9), T0)
    with pytest.raises(ConfigurationError, match="another way"):
        make(tmp_path, [source, other], models(crowd(30), 20.0), "2.csv")
    assert not (tmp_path / "2.csv").exists()


def test_a_trial_is_labelled_wherever_it_is_written(tmp_path: Path) -> None:
    """FG-S01: readiness mode is labelled in every line of the CSV and in the JSON."""
    for name in ("c.csv", "c.json"):
        job = StatisticsJob((Source(photo(tmp_path / "a.png"), T0),), tmp_path / name, tmp_path / "ledger.db")
        make_statistics(job, terms("jp-appi-2026", readiness=True), models(crowd(3), 20.0), MemoryAuditLog())
    lines = (tmp_path / "c.csv").read_text(encoding="utf-8").splitlines()
    assert all(line.endswith(",readiness") for line in lines[1:])
    assert json.loads((tmp_path / "c.json").read_bytes())["label"] == READINESS_LABEL


class FullDisk:
    def append(self, record: object) -> None:
        raise AuditWriteError("the disk is full")


def test_without_a_record_there_is_no_table(tmp_path: Path) -> None:
    """FG-D01"""
    with pytest.raises(AuditWriteError):
        make(tmp_path, [Source(photo(tmp_path / "a.png"), T0)], models(crowd(30), 20.0), sink=FullDisk())
    assert not (tmp_path / "counts.csv").exists()


def test_a_source_that_can_t_be_read_stops_all(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8\xff" + b"x" * 50)
    with pytest.raises(DecodeError):
        make(
            tmp_path, [Source(photo(tmp_path / "a.png"), T0), Source(tmp_path / "broken.jpg")], models(crowd(30), 20.0)
        )
    assert not (tmp_path / "counts.csv").exists()


def test_a_copy_is_not_counted_twice(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="copy"):
        make(tmp_path, [Source(photo(tmp_path / "a.png")), Source(photo(tmp_path / "b.png"))], models(crowd(30), 20.0))


def test_nothing_is_written_over_unasked(tmp_path: Path) -> None:
    (tmp_path / "counts.csv").write_text("mine")
    with pytest.raises(EncodeError):
        make(tmp_path, [Source(photo(tmp_path / "a.png"))], models(crowd(30), 20.0))
    assert (tmp_path / "counts.csv").read_text() == "mine"


@pytest.mark.parametrize("text", ["1m", "7m", "90s", "0m", "25h", "", "15"])
def test_intervals_finer_than_five_minutes_or_off_the_clock_are_refused(text: str) -> None:
    """FG-S02: an exact time would name a person."""
    with pytest.raises(ConfigurationError, match="interval"):
        parse_interval(text)


def test_intervals_and_bands_as_they_are_written() -> None:
    assert parse_interval("1h") == timedelta(hours=1)
    assert parse_bands("18,65").names == ("0-17", "18-64", "65+", "unknown")


@pytest.mark.parametrize("text", ["16,18", "5", "40,30", "x", "16,,30"])
def test_bands_narrower_than_ten_years_are_refused(text: str) -> None:
    """FG-A08: a band may not be so narrow that it is an age."""
    with pytest.raises(ConfigurationError, match="bands"):
        parse_bands(text)

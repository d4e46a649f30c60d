"""A batch with one long video and more workers than videos: all of them work on it."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

from made_videos import Clip, presentation_times, walking_head

from faceguard.audit.verify import read_log, verify_log
from faceguard.batch.engine import Started
from faceguard.batch.engines import make_engine, size_of
from faceguard.batch.run import open_batch
from faceguard.batch.settings import BatchSettings
from faceguard.batch.task import Progress, State

NOTICE = Path(__file__).parents[2] / "examples" / "notice.toml"


def test_the_one_long_video_is_shared_out_and_the_short_one_is_not(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    options = {"preset": "ultrafast", "crf": "30", "g": "50", "keyint_min": "50", "sc_threshold": "0"}
    images = walking_head(50, width=160, height=120, size=60, step=1.0)
    film = Clip((images + images[::-1]) * 9, options=options, rate=Fraction(20), time_base=Fraction(1, 10240)).write(
        source / "long.mp4"
    )
    Clip(images[:5]).write(source / "short.mp4")
    settings = BatchSettings(
        source=str(source), output=str(tmp_path / "out"), notice=NOTICE, purpose="publication", workers=2
    )

    with open_batch(settings, threads=1) as batch:
        list(batch.make_plan())
        engine = make_engine(batch, size_of(settings), divides=True)
        try:
            events = list(batch.carry_out(engine, batch.tasks()))
        finally:
            engine.close()
        states = {row.item: row.state for row in batch.manifest.rows()}
    verify_log(batch.log, keys=None, moment=datetime.now(UTC))
    records = list(read_log(batch.log, keys=None, moment=datetime.now(UTC)))

    takers = {event.task.item: event.worker for event in events if isinstance(event, Started)}
    assert takers["long.mp4"] == "all workers"
    assert takers["short.mp4"].isdigit()
    assert states == {"long.mp4": State.DONE, "short.mp4": State.DONE}
    assert {event.stage for event in events if isinstance(event, Progress)} >= {"analyse", "render"}
    assert len(records) == 2
    assert presentation_times(tmp_path / "out" / "long.mp4") == presentation_times(film)

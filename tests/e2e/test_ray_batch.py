"""`--engine ray` on a real cluster of two nodes, a worker of which is killed half-way."""

from __future__ import annotations

import hashlib
import os
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import skimage.data
from fakes import CHILD, FakeAgeEstimator
from green_faces import GreenSquares, to_and_fro, walk
from made_videos import Clip
from PIL import Image
from ray.cluster_utils import Cluster
from ray_clusters import two_nodes

from faceguard import FaceGuard
from faceguard.audit.record import Action, AuditRecord
from faceguard.audit.verify import read_log, verify_log
from faceguard.batch.engine import Started
from faceguard.batch.engines import make_engine, size_of
from faceguard.batch.manifest import Row
from faceguard.batch.ray_engine import RayEngine
from faceguard.batch.run import open_batch
from faceguard.batch.segment_crew import EngineCrew
from faceguard.batch.serial import SerialEngine
from faceguard.batch.settings import BatchSettings, EngineName
from faceguard.batch.task import State
from faceguard.pipeline.video.job import VideoJob, VideoReport
from faceguard.pipeline.video.segment_task import Division

NOTICE = Path(__file__).parents[2] / "examples" / "notice.toml"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with two_nodes() as found:
        yield found


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six good pictures and a broken one."""
    folder = tmp_path_factory.mktemp("tree")
    face = Image.fromarray(skimage.data.astronaut())
    for number in range(6):
        target = folder / f"cam-{number % 2}" / f"{number}.png"
        target.parent.mkdir(exist_ok=True)
        face.resize((200 + 20 * number, 200 + 20 * number)).save(target)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    return folder


@dataclass(frozen=True)
class Ended:
    rows: dict[str, Row]
    releases: list[AuditRecord]
    killed: bool


def run_batch(source: Path, output: Path, engine: EngineName, address: str | None = None, *, kills: bool) -> Ended:
    settings = BatchSettings(
        source=str(source),
        output=str(output),
        notice=NOTICE,
        purpose="publication",
        detector="balanced",
        engine=engine,
        ray_address=address,
        workers=1 if engine is EngineName.LOCAL else 2,
    )
    sizing, killed = size_of(settings), False
    with open_batch(settings, threads=1) as batch:
        list(batch.make_plan())
        running = make_engine(batch, sizing)
        try:
            for event in batch.carry_out(running, batch.tasks()):
                if kills and not killed and isinstance(event, Row) and event.state is State.DONE:
                    killed = True
                elif killed is True and kills and isinstance(event, Started):
                    os.kill(int(event.worker.partition(":")[2]), signal.SIGKILL)
                    kills = False
        finally:
            running.close()
        rows = {row.item: row for row in batch.manifest.rows()}
    verify_log(batch.log, keys=None, moment=datetime.now(UTC))
    entries = read_log(batch.log, keys=None, moment=datetime.now(UTC))
    releases = [entry.record for entry in entries if entry.record.result.action is Action.RELEASE]
    return Ended(rows, releases, killed)


def test_a_batch_on_a_cluster_ends_as_a_local_one_though_a_worker_is_killed(
    cluster: Cluster, tree: Path, tmp_path: Path
) -> None:
    """Nothing lost, nothing done twice, nothing bare: outputs, decisions and one log that verifies."""
    before = digests(tree)
    local = run_batch(tree, tmp_path / "local", EngineName.LOCAL, kills=False)
    far = run_batch(tree, tmp_path / "far", EngineName.RAY, cluster.address, kills=True)

    assert far.killed
    assert {item: row.state for item, row in far.rows.items()} == {item: row.state for item, row in local.rows.items()}
    assert Counter(row.state for row in far.rows.values()) == {State.DONE: 6, State.REFUSED: 1}
    assert outputs(tmp_path / "far") == outputs(tmp_path / "local")
    assert len(outputs(tmp_path / "far")) == 6
    assert decisions(far) == decisions(local)
    released = Counter(record.result.output.sha256 for record in far.releases if record.result.output)
    assert set(released) == set(outputs(tmp_path / "far").values())
    assert digests(tree) == before


def test_a_second_run_on_the_cluster_has_nothing_to_do(cluster: Cluster, tree: Path, tmp_path: Path) -> None:
    first = run_batch(tree, tmp_path / "out", EngineName.RAY, cluster.address, kills=False)
    second = run_batch(tree, tmp_path / "out", EngineName.RAY, cluster.address, kills=False)

    assert len(second.releases) == len(first.releases) == 6


def test_segments_on_the_cluster_give_the_same_file_to_the_byte(cluster: Cluster, tmp_path: Path) -> None:
    keys = {"preset": "ultrafast", "crf": "18", "g": "30", "keyint_min": "30", "sc_threshold": "0"}
    film = Clip(walk(150, to_and_fro), options=keys).write(tmp_path / "in.mp4")
    engine = RayEngine(cluster.address, workers=2)
    try:
        far = redact(film, tmp_path / "far.mp4", Division(EngineCrew(engine), 2.0))
    finally:
        engine.close()
    near = redact(film, tmp_path / "near.mp4", Division(EngineCrew(SerialEngine()), 2.0))

    assert (far.segments, near.segments) == (2, 2)
    assert [face.decision for face in far.plan.faces] == [face.decision for face in near.plan.faces]
    assert (tmp_path / "far.mp4").read_bytes() == (tmp_path / "near.mp4").read_bytes()


def redact(source: Path, target: Path, division: Division) -> VideoReport:
    guard = FaceGuard(
        notice=NOTICE, purpose="publication", detector=GreenSquares(), estimator=FakeAgeEstimator([CHILD])
    )
    return guard.redact_video(VideoJob(source, target, division=division))


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def outputs(folder: Path) -> dict[str, str]:
    return {name: digest for name, digest in digests(folder).items() if name.endswith((".png", ".jpg"))}


def decisions(ended: Ended) -> list[tuple[object, ...]]:
    """What was decided of each output, by the output's digest."""
    found = [
        (
            record.result.output.sha256 if record.result.output else "",
            [(face.effect, face.reason_codes) for face in record.result.faces],
        )
        for record in ended.releases
    ]
    return sorted({str(each): each for each in found}.values())

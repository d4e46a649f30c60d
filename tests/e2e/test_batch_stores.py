"""Batches from and to object stores: in memory, and S3 against a real local server."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from made_pictures import quadrants
from moto.server import ThreadedMotoServer
from PIL import Image

from faceguard.batch.engines import make_engine, size_of
from faceguard.batch.manifest import Row
from faceguard.batch.run import open_batch
from faceguard.batch.settings import read_settings
from faceguard.batch.task import State

NOTICE = Path(__file__).parents[2] / "examples" / "notice.toml"
COMMAND = str(Path(sys.executable).with_name("faceguard"))


def png() -> bytes:
    out = io.BytesIO()
    Image.fromarray(quadrants()).save(out, "PNG")
    return out.getvalue()


def run(source: str, target: str, state: Path) -> dict[str, State]:
    """What became of the items that were done in this run."""
    told = {
        "source": source,
        "output": target,
        "state": str(state),
        "notice": str(NOTICE),
        "purpose": "in_store_safety",
    }
    settings = read_settings(None, told)
    sizing = size_of(settings)
    with open_batch(settings, threads=sizing.threads) as batch:
        engine = make_engine(batch, sizing)
        for _ in batch.make_plan():
            pass
        ended = [event for event in batch.carry_out(engine, batch.tasks()) if isinstance(event, Row)]
        engine.close()
    return {row.item: row.state for row in ended}


def test_a_batch_from_memory_to_memory_and_its_rerun(tmp_path: Path) -> None:
    files = fsspec.filesystem("memory")
    for name, data in {"a.png": png(), "写真/b.png": png(), "broken.jpg": b"no", "notes.txt": b"x"}.items():
        files.pipe(f"/in/{name}", data)
    ended = run("memory://in", "memory://out", tmp_path / "state")
    assert ended == {"a.png": State.DONE, "写真/b.png": State.DONE, "broken.jpg": State.REFUSED}
    assert sorted(files.find("/out")) == ["/out/a.png", "/out/写真/b.png"]
    assert files.cat("/in/a.png") == png()
    assert not list((tmp_path / "state" / "staging").glob("*"))
    assert run("memory://in", "memory://out", tmp_path / "state") == {}
    files.rm("/out/a.png")
    files.pipe("/out/写真/b.png", b"altered")
    assert set(run("memory://in", "memory://out", tmp_path / "state")) == {"a.png", "写真/b.png"}


@pytest.fixture
def s3() -> Iterator[dict[str, str]]:
    """The environment of an S3 server of our own."""
    server = ThreadedMotoServer(port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield {
        "FSSPEC_S3_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    server.stop()


def test_a_batch_from_s3_to_s3_with_worker_processes(tmp_path: Path, s3: dict[str, str]) -> None:
    files = fsspec.filesystem(
        "s3", key="test", secret="test", endpoint_url=s3["FSSPEC_S3_ENDPOINT_URL"], skip_instance_cache=True
    )
    files.mkdir("shop")
    for name, data in {"cam/a.png": png(), "cam/写真.png": png(), "cam/broken.jpg": b"no"}.items():
        files.pipe(f"shop/{name}", data)
    words = [COMMAND, "batch", "s3://shop/cam", "-o", "s3://shop/safe", "--notice", str(NOTICE), "--workers", "2"]
    words += ["--purpose", "in_store_safety", "--state", str(tmp_path / "state")]
    env = {**os.environ, **s3}
    first = subprocess.run(words, env=env, capture_output=True, text=True, timeout=200, check=False)
    assert first.returncode == 6, first.stdout + first.stderr
    files.invalidate_cache()
    assert sorted(files.find("shop/safe")) == ["shop/safe/a.png", "shop/safe/写真.png"]
    assert Image.open(io.BytesIO(files.cat("shop/safe/a.png"))).size == (96, 64)
    assert files.cat("shop/cam/a.png") == png()
    again = subprocess.run(words, env=env, capture_output=True, text=True, timeout=200, check=False)
    assert "2 up to date, 1 refused before" in again.stdout


def test_outputs_far_away_need_a_place_for_the_manifest(tmp_path: Path) -> None:
    words = [COMMAND, "batch", str(tmp_path), "-o", "memory://out", "--notice", str(NOTICE), "--purpose", "publication"]
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "--state" in result.stderr

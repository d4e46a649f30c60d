"""FG-R07, FG-D01: whichever call of the file system or of the manifest fails in a batch, nothing bare and nothing
without a record is left, and the next run ends as if nothing had happened.

The n-th call fails, for every n until a run meets no fault; nothing here lists the calls.
"""

from __future__ import annotations

import errno
import hashlib
import json
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import CHILD, FakeAgeEstimator, FakeDetector, face_at
from fault_injection import Countdown, failing_files, failing_function, os_error
from made_pictures import noise
from PIL import Image

import faceguard.batch.guards as guards_module
import faceguard.batch.run as run_module
import faceguard.batch.worker as worker_module
from faceguard import FaceGuard
from faceguard.batch.manifest import Manifest, open_manifest
from faceguard.batch.run import LOG_NAME, open_batch
from faceguard.batch.serial import SerialEngine
from faceguard.batch.settings import read_settings
from faceguard.batch.task import Documents, State
from faceguard.errors import EncodeError, FaceguardError
from faceguard.media.image import read_image

NOTICE = Path(__file__).parents[2] / "examples" / "notice.toml"
PICTURES = {"a.png": (64, 96, 3), "sub/写真.png": (48, 80, 3)}
ERRORS = (errno.ENOSPC, errno.EIO, errno.EACCES)
MOST_CALLS = 800
"""A batch of three small files makes far fewer; more means that it never ends."""

Fault = Callable[[Countdown], AbstractContextManager[None]]
Ends = dict[str, tuple[str, str | None]]


@pytest.fixture(autouse=True)
def guards_of_fakes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A face in the middle of each picture; all else of the guard is the real one's."""

    def make(documents: Documents, stamps: object) -> FaceGuard:
        return FaceGuard(
            notice=documents.notice,
            purpose=documents.purpose,
            audit=documents.audit,
            detector=FakeDetector([face_at(30, 15, 20, 20)]),
            estimator=FakeAgeEstimator([CHILD]),
        )

    monkeypatch.setattr(guards_module, "_guard", make)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("sources")
    for name, shape in PICTURES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        Image.fromarray(noise(shape)).save(folder / name)
    return {name: (folder / name).read_bytes() for name in PICTURES} | {"broken.png": b"\x89PNG\r\n\x1a\nno"}


def fresh(folder: Path, sources: dict[str, bytes]) -> Path:
    for name, data in sources.items():
        (folder / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "in" / name).write_bytes(data)
    return folder


def run(folder: Path) -> None:
    """One batch from `in` to `out`, in this process. Raises FaceguardError."""
    told = {
        "source": str(folder / "in"),
        "output": str(folder / "out"),
        "notice": str(NOTICE),
        "purpose": "in_store_safety",
    }
    with open_batch(read_settings(None, told), threads=1) as batch:
        for _ in batch.make_plan():
            pass
        for _ in batch.carry_out(SerialEngine(), batch.tasks()):
            pass


def outputs(folder: Path) -> dict[str, bytes]:
    """Everything that lies where outputs go, but for the log and the state."""
    out = folder / "out"
    found = (path for path in out.rglob("*") if path.is_file() and ".faceguard" not in path.parts)
    return {str(p.relative_to(out)): p.read_bytes() for p in found if not p.name.startswith(LOG_NAME)}


def released(folder: Path) -> set[str]:
    """The digests that whole lines of the log call released."""
    log = folder / "out" / LOG_NAME
    lines = log.read_bytes().split(b"\n")[:-1] if log.exists() else []
    results = (json.loads(line)["record"]["result"] for line in lines)
    return {result["output"]["sha256"] for result in results if result["action"] == "release"}


def ends(folder: Path) -> Ends:
    """State and output of each item."""
    path = folder / "out" / ".faceguard" / "manifest.sqlite"
    if not path.exists():
        return {}
    with closing(open_manifest(path)) as manifest:
        return {row.item: (row.state, row.output_sha256) for row in manifest.rows()}


def require_safe(folder: Path, where: str) -> None:
    """No output is bare or unrecorded, none is called done without one, and nothing else lies there."""
    recorded = released(folder)
    for name, data in outputs(folder).items():
        assert name in PICTURES, (where, name)
        assert hashlib.sha256(data).hexdigest() in recorded, (where, name)
        pixels = read_image(folder / "out" / name).frames[0].planes[0]
        assert float(np.asarray(pixels[18:32, 33:47], float).std(axis=(0, 1)).max()) < 6, (where, name)
    for item, (state, digest) in ends(folder).items():
        assert state != State.DONE or digest in recorded, (where, item)
    staging = folder / "out" / ".faceguard" / "staging"
    assert [path for path in staging.rglob("*") if path.is_file()] == [], where


def fail_each_call(fault: Callable[[Path], Fault], base: Path, sources: dict[str, bytes]) -> int:
    """Runs batches with call 1, 2, 3 ... failing, and each again without; returns how many failed."""
    wanted = fresh(base / "undisturbed", sources)
    run(wanted)
    assert {item: state for item, (state, _) in ends(wanted).items()} == {
        **dict.fromkeys(PICTURES, State.DONE),
        "broken.png": State.REFUSED,
    }
    for n in range(1, MOST_CALLS):
        folder = fresh(base / str(n), sources)
        countdown = Countdown(n, os_error(ERRORS[n % len(ERRORS)]))
        try:
            with fault(folder)(countdown):
                run(folder)
        except FaceguardError:
            pass
        if not countdown.was_reached:
            return n - 1
        where = f"call {n}: {countdown.calls[n - 1]}"
        require_safe(folder, where)
        run(folder)
        require_safe(folder, f"the run after {where}")
        assert outputs(folder) == outputs(wanted), where
        assert ends(folder) == ends(wanted), where
    pytest.fail(f"still failing at call {MOST_CALLS}")


def test_whichever_call_of_the_file_system_fails_the_next_run_ends_as_if_undisturbed(
    tmp_path: Path, sources: dict[str, bytes]
) -> None:
    """FG-R07"""
    assert fail_each_call(lambda folder: partial(failing_files, folder), tmp_path, sources) > 20


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (Manifest, "put"),
        (Manifest, "begin"),
        (Manifest, "end"),
        (Manifest, "get"),
        (Manifest, "forget_unseen"),
        (run_module, "discover"),
        (run_module, "stamp_at"),
        (run_module, "adopt_finished"),
        (run_module, "mend_log"),
        (worker_module, "put_in_place"),
        (worker_module, "digest_of"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__.rpartition(".")[2],
)
def test_whichever_step_of_a_batch_fails_the_next_run_ends_as_if_undisturbed(
    owner: Any, name: str, tmp_path: Path, sources: dict[str, bytes]
) -> None:
    """FG-R07, FG-D01"""

    def fault(folder: Path) -> Fault:
        def failing(countdown: Countdown) -> AbstractContextManager[None]:
            countdown.error = lambda: EncodeError("the disk refuses")
            return failing_function(owner, name, countdown)

        return failing

    assert fail_each_call(fault, tmp_path, sources) >= 1, "the step isn't there any more: name another"

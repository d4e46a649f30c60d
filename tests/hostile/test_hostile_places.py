"""Names, folders, disks, clocks and secrets, on the command line as a person meets them."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from made_pictures import quadrants
from PIL import Image

from faceguard.audit.log import AuditLog
from faceguard.audit.verify import verify_log
from faceguard.errors import AuditIntegrityError
from faceguard.signing import SigningKey, TrustedKeys

NOTICE = Path(__file__).parents[2] / "examples" / "notice.toml"
_LIBC = ctypes.CDLL(None)
_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 24, 1, 2
PASSPHRASE = "correct-horse-battery-staple"


def picture(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(quadrants()).save(path, "PNG")
    return path


def faceguard(
    *arguments: str | bytes | Path, limit_bytes: int | None = None, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Runs the command; `limit_bytes` is how large any file may grow, which is how a full disk looks to it.

    Permissions hold for it, even if it is root's: that right is dropped from what it may have (capabilities(7)).
    """

    def limit() -> None:
        for capability in (_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH) if sys.platform == "linux" else ():
            _LIBC.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0)  # refused to users, who have neither
        if limit_bytes is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, limit_bytes))

    command = [sys.executable, "-m", "faceguard.cli.app", *(os.fsencode(argument) for argument in arguments)]
    done = subprocess.run(
        command, capture_output=True, check=False, preexec_fn=limit, timeout=120, env={**os.environ, **environment}
    )
    assert b"Traceback" not in done.stderr
    return done


def redact(*arguments: str | bytes | Path, limit_bytes: int | None = None, **environment: str):
    options = ("--notice", NOTICE, "--purpose", "in_store_safety")
    return faceguard("redact", *arguments, *options, limit_bytes=limit_bytes, **environment)


@pytest.mark.parametrize("name", [b"\xe5\xad\x90\xe4\xbe\x9b.png", b"-o.png", b"not \xff text.png", b"a\nb [red].png"])
def test_names_in_any_script_and_of_any_bytes_are_kept(name: bytes, tmp_path: Path) -> None:
    source = picture(tmp_path / "in" / os.fsdecode(name))
    done = redact(source, "-o", f"{tmp_path / 'out'}/")
    assert done.returncode == 0, done.stderr
    assert name in [os.fsencode(path.name) for path in (tmp_path / "out").iterdir()]


@pytest.mark.parametrize("name", ["pipe.png", "loop.png", "device.png"])
def test_what_is_no_file_is_refused_at_once(name: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "loop.png").symlink_to(tmp_path / "loop.png")
    (tmp_path / "device.png").symlink_to("/dev/zero")
    for path in (tmp_path / name, tmp_path / name.replace(".png", ".mp4")):
        if path.suffix == ".mp4":
            path.symlink_to(tmp_path / name)
        done = redact(path, "-o", tmp_path / "out" / "out.png")
        assert done.returncode == 4, (path, done.stderr)
        assert list((tmp_path / "out").glob("out*")) == []


def test_no_output_leaves_its_folder_by_a_link_or_a_name(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.png"
    elsewhere.write_bytes(b"precious")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.png").symlink_to(elsewhere)
    source = picture(tmp_path / "in" / "a.png")
    assert redact(source, "-o", f"{tmp_path / 'out'}/").returncode == 4
    assert redact(source, "-o", f"{tmp_path / 'out'}/", "--overwrite").returncode == 0
    assert elsewhere.read_bytes() == b"precious"
    assert not (tmp_path / "out" / "a.png").is_symlink()


def test_a_folder_that_may_not_be_written_to_is_told(tmp_path: Path) -> None:
    """Also when root runs it: the command then goes without the right to pass over permissions."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out").chmod(0o500)
    source, log = picture(tmp_path / "a.png"), tmp_path / "log.jsonl"
    for options in ((), ("--audit", log)):
        done = redact(source, "-o", f"{tmp_path / 'out'}/", *options)
        assert done.returncode == 4, done.stderr
        assert b"Permission denied" in done.stderr
        assert list((tmp_path / "out").iterdir()) == []
    assert json.loads(log.read_bytes().splitlines()[-1])["record"]["result"]["action"] == "withhold"


@pytest.mark.parametrize("limit_bytes", [0, 700, 2500])
def test_a_full_disk_leaves_nothing_half_done(limit_bytes: int, tmp_path: Path) -> None:
    """FG-R07: whichever file it hits, the output or the log."""
    source = picture(tmp_path / "a.png")
    noise = Image.effect_noise((300, 300), 80).convert("RGB")
    noise.save(source)
    done = redact(source, "-o", tmp_path / "out" / "a.png", limit_bytes=limit_bytes)
    assert done.returncode in (4, 5), done.stderr
    assert not [path for path in (tmp_path / "out").iterdir() if not path.name.startswith("faceguard-audit")]
    if limit_bytes == 0:  # the file itself is in order
        assert redact(source, "-o", tmp_path / "other" / "a.png").returncode == 0


def test_a_clock_that_goes_back_is_named_and_does_not_break_the_log(tmp_path: Path) -> None:
    from records import make_record

    log = tmp_path / "log.jsonl"
    later = make_record(1).model_copy(update={"timestamp": datetime(2026, 11, 22, 12, 0, tzinfo=UTC)})
    earlier = make_record(2).model_copy(update={"timestamp": datetime(2026, 11, 22, 8, 0, tzinfo=UTC)})
    for record in (later, earlier):
        AuditLog(log).append(record)
    told = verify_log(log, keys=None, moment=datetime(2026, 11, 23, tzinfo=UTC))
    assert told.out_of_order
    with pytest.raises(AuditIntegrityError, match="clock"):
        verify_log(log, keys=None, moment=datetime(2026, 11, 22, 8, 0, tzinfo=UTC) - timedelta(hours=2))


def test_no_secret_is_printed_or_recorded(tmp_path: Path) -> None:
    """Key material, passphrases and subjects' keys; also when something goes wrong."""
    key = SigningKey.generate()
    key.save(tmp_path / "key.pem", passphrase=PASSPHRASE)
    body = [line for line in (tmp_path / "key.pem").read_text().splitlines() if "-----" not in line]
    source = picture(tmp_path / "a.png")
    secrets = [PASSPHRASE, "wrong-passphrase-of-somebody", "subject-key-77", *body]
    told = b""
    for environment in ({"FACEGUARD_KEY_PASSPHRASE": PASSPHRASE}, {"FACEGUARD_KEY_PASSPHRASE": secrets[1]}, {}):
        for target in ("out/a.png", "a.png") if environment else ("a.png",):
            done = redact(
                source,
                "-o",
                tmp_path / target,
                "--audit-key",
                tmp_path / "key.pem",
                "--audit",
                tmp_path / "log.jsonl",
                "--subject",
                "subject-key-77=10,10,20,20",
                "--overwrite",
                **environment,
            )
            told += done.stderr
    told += (tmp_path / "log.jsonl").read_bytes() + (tmp_path / "log.jsonl.head").read_bytes()
    verify_log(tmp_path / "log.jsonl", keys=TrustedKeys((key.public(),)), moment=datetime.now(UTC))
    for secret in secrets:
        assert secret.encode() not in told


@pytest.mark.parametrize("address", ["sftp://name:hunter2@host.invalid/in", "zip://in.zip::ftp://n:hunter2@host/a"])
def test_an_address_with_a_password_is_refused_and_never_quoted(address: str, tmp_path: Path) -> None:
    """It would stand in the manifest, in reports and in messages."""
    where = ("-o", tmp_path / "out", "--notice", NOTICE, "--purpose", "in_store_safety")
    done = faceguard("batch", address, *where)
    assert done.returncode == 2
    assert b"password" in done.stderr
    assert b"hunter2" not in done.stdout + done.stderr
    assert not (tmp_path / "out").exists()

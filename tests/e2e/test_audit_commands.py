"""An auditor's commands: check the log, read it, and what can be done about a torn line."""

from __future__ import annotations

import csv
import json
import shutil
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from audited_shop import LATER, NOTICE, Shop
from consents import KEY as SHOP_KEY
from consents import KEYS as SHOP_KEYS
from records import make_record

from faceguard.audit.head import head_path
from faceguard.audit.log import AuditLog
from faceguard.audit.repair import repair_log
from faceguard.cli.app import main
from faceguard.errors import AuditIntegrityError
from faceguard.signing import SigningKey, TrustedKeys

KEY = SigningKey.generate()
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "audit.jsonl"
    for number in range(3):
        AuditLog(path, KEY).append(make_record(number))
    TrustedKeys((KEY.public(),)).save(tmp_path / "t.json")
    return path


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    for module in ("audit", "audit_proof", "audit_replay"):
        monkeypatch.setattr(f"faceguard.cli.{module}.now", lambda: LATER)

    def command(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["faceguard", "audit", *map(str, words)])
        with pytest.raises(SystemExit) as caught:
            main()
        said = capsys.readouterr()
        return int(caught.value.code or 0), said.out, said.err

    return command


def test_a_sound_log_verifies_with_and_without_keys(run: Run, log: Path) -> None:
    """FG-D01"""
    code, out, _ = run("verify", log)
    assert (code, "3 records" in out, "signatures were not checked" in out) == (0, True, True)
    code, out, _ = run("verify", log, "--keys", log.with_name("t.json"), "--json")
    assert code == 0
    checked = json.loads(out)
    assert (checked["lines"], checked["signed"]) == (3, True)
    assert checked["first"] == checked["last"] == "2026-11-22T09:30:00+00:00"


def test_the_first_broken_line_is_named_with_exit_code_5(run: Run, log: Path) -> None:
    """FG-D01"""
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(lines[0] + lines[1].replace(b'"keep"', b'"redact"', 1) + lines[2])
    code, _, err = run("verify", log)
    assert (code, "line 2 was altered" in err) == (5, True)
    log.write_bytes(lines[0] + lines[1])
    code, _, err = run("verify", log)
    assert (code, "its end was cut off" in err) == (5, True)


def test_show_tells_of_every_face_what_was_decided_and_why(run: Run, log: Path) -> None:
    """FG-D03"""
    record = make_record(1)
    code, out, _ = run("show", log, "--record", record.decision_id)
    assert code == 0
    consent = "consent 7d9f2c52-55f0-4f0e-9a3a-2f9f6a1f7b11"
    assert out.splitlines() == [
        f"2. {record.decision_id}  2026-11-22 09:30:00 UTC  release",
        "   image/jpeg 640x480, in_store_safety (in_place), policy jp-appi-2026 0.1.0, notice shop 3",
        f"   face 0: redact unknown        age_unknown, no_guardian_consent  {consent}",
        "   face 1: keep   adult_clear    adult_in_place",
    ]
    code, out, _ = run("show", log, "--json")
    assert [entry["record"] for entry in json.loads(out)] == [make_record(number).document() for number in range(3)]


def test_show_shows_nothing_of_a_broken_log_as_if_it_were_true(run: Run, log: Path) -> None:
    log.write_bytes(log.read_bytes().replace(b'"keep"', b'"redact"', 1))
    code, out, err = run("show", log)
    assert (code, out, "line 1" in err) == (5, "", True)


def test_what_is_not_there_is_a_mistake_of_the_operator(run: Run, log: Path) -> None:
    assert run("verify", log.with_name("absent.jsonl"))[0] == 2
    assert run("show", log, "--record", "ffffffff")[0] == 2


def test_repair_moves_a_torn_line_aside_and_loses_nothing(run: Run, log: Path) -> None:
    """FG-D01: a torn line's picture was never released."""
    whole = log.read_bytes()
    log.write_bytes(whole + b'{"hash":"12')
    assert run("verify", log)[0] == 5
    code, out, _ = run("repair", log)
    torn = log.with_name(f"audit.jsonl.torn-{len(whole)}")
    assert (code, str(torn) in out, torn.read_bytes()) == (0, True, b'{"hash":"12')
    assert log.read_bytes() == whole
    AuditLog(log, KEY).append(make_record(3))
    assert run("verify", log)[0] == 0
    assert "nothing to repair" in run("repair", log)[1]


def test_repair_never_takes_away_a_line_that_the_checkpoint_counts(log: Path) -> None:
    """FG-D01: or cutting the end in the middle of a line would be a way to lose it."""
    whole = log.read_bytes()
    for broken in (whole[:-1], whole[:-300], b"x" + whole[:-1], whole.replace(b'"keep"', b'"none"') + b"{"):
        log.write_bytes(broken)
        with pytest.raises(AuditIntegrityError):
            repair_log(log, moment=make_record().timestamp)
        assert log.read_bytes() == broken
    log.write_bytes(whole + b"{")
    head_path(log).unlink()
    with pytest.raises(AuditIntegrityError, match="checkpoint"):
        repair_log(log, moment=make_record().timestamp)


# -------------------------------------------------------------------------------------- proofs, replay and export


def test_a_kept_checkpoint_shows_that_a_log_was_written_anew(run: Run, log: Path, tmp_path: Path) -> None:
    """FG-D01: by the operator, with the key."""
    kept = tmp_path / "kept.head"
    shutil.copy(head_path(log), kept)
    AuditLog(log, KEY).append(make_record(3))
    code, out, _ = run("verify", log, "--head", kept)
    assert (code, "the first 3 records are those of the checkpoint" in out) == (0, True)
    log.unlink()
    head_path(log).unlink()
    for number in (0, 1, 9, 3):
        AuditLog(log, KEY).append(make_record(number))
    assert run("verify", log)[0] == 0
    code, _, err = run("verify", log, "--head", kept)
    assert (code, "written anew" in err) == (5, True)


def test_a_record_and_growth_are_proved_to_who_has_the_public_key_alone(run: Run, log: Path, tmp_path: Path) -> None:
    """FG-D01"""
    keys, proof, growth, kept = (tmp_path / name for name in ("t.json", "proof.json", "growth.json", "kept.head"))
    shutil.copy(head_path(log), kept)
    assert run("prove", log, "--record", make_record(1).decision_id, "-o", proof)[0] == 0
    AuditLog(log, KEY).append(make_record(3))
    assert run("prove", log, "--head", kept, "-o", growth)[0] == 0
    log.unlink()
    code, out, _ = run("check", proof, "--trusted-keys", keys, "--head", kept)
    assert (code, "is line 2 of a log of 3 lines" in out) == (0, True)
    code, out, _ = run("check", growth, "--trusted-keys", keys, "--head", kept)
    assert (code, "begins with all 3" in out) == (0, True)
    proof.write_bytes(proof.read_bytes().replace(b"redact", b"keep", 1))
    assert run("check", proof, "--trusted-keys", keys)[0] == 5
    assert run("check", growth)[0] == 2
    assert run("prove", log, "-o", tmp_path / "no.json")[0] == 2


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    (tmp_path / "shop").mkdir()
    shop = Shop(tmp_path / "shop")
    shop.take_picture()
    shop.take_picture()
    SHOP_KEYS.save(tmp_path / "public.json")
    return shop


def test_an_auditor_checks_an_export_alone(run: Run, shop: Shop, tmp_path: Path) -> None:
    """FG-D03: with the public keys and the register from elsewhere, by the commands of its README."""
    folder, keys = tmp_path / "export", tmp_path / "public.json"
    code, out, _ = run("export", shop.log, "-o", folder, "--notice", NOTICE, "--csv", "--trusted-keys", keys)
    assert (code, "log of 2 records" in out) == (0, True)
    shop.log.unlink()
    commands = [line for line in (folder / "README.md").read_text().splitlines() if line.startswith("faceguard audit")]
    assert [line.split()[2] for line in commands] == ["verify", "show", "replay"]
    given = {"YOUR-KEYS.json": keys, "REGISTER": shop.register}
    for line in commands:
        words = [given.get(word, folder / word if (folder / word).exists() else word) for word in line.split()[2:]]
        assert run(*words)[0] == 0
    for line in (folder / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert sha256((folder / name).read_bytes()).hexdigest() == digest
    for kind in ("policies", "notices"):
        (text,) = (folder / kind).iterdir()
        assert sha256(text.read_bytes()).hexdigest() == text.stem
    rows = list(csv.DictReader((folder / "records.csv").read_text().splitlines()))
    assert [(row["line"], row["face"], row["effect"]) for row in rows][:2] == [("1", "1", "keep"), ("1", "2", "keep")]
    assert run("export", tmp_path / "export" / "log" / "audit.jsonl", "-o", folder, "--notice", NOTICE)[0] == 4


def test_picked_records_are_exported_with_their_proofs_and_nothing_else(run: Run, shop: Shop, tmp_path: Path) -> None:
    """FG-D02: an auditor of one person's case needs no other person's."""
    wanted, other = (record.decision_id for record in shop.records())
    archive = tmp_path / "case.zip"
    assert run("export", shop.log, "-o", archive, "--notice", NOTICE, "--record", wanted)[0] == 0
    with zipfile.ZipFile(archive) as found:
        names = found.namelist()
        assert f"case/proofs/{wanted}.json" in names
        assert all(other.encode() not in found.read(name) for name in names)
        found.extractall(tmp_path)
    proof = tmp_path / "case" / "proofs" / f"{wanted}.json"
    keys = tmp_path / "public.json"
    assert run("check", proof, "--trusted-keys", keys, "--head", tmp_path / "case" / "head.json")[0] == 0


def test_nothing_of_a_broken_log_is_exported_or_replayed(run: Run, shop: Shop, tmp_path: Path) -> None:
    """FG-D01"""
    shop.log.write_bytes(shop.log.read_bytes().replace(b'"keep"', b'"redact"', 1))
    assert run("export", shop.log, "-o", tmp_path / "export", "--notice", NOTICE)[0] == 5
    assert not (tmp_path / "export").exists()
    assert run("replay", shop.log, "--notice", NOTICE)[0] == 5


def test_replay_names_what_is_missing_and_what_differs(run: Run, shop: Shop, tmp_path: Path) -> None:
    """FG-D03"""
    keys = ("--trusted-keys", tmp_path / "public.json")
    code, _, err = run("replay", shop.log, *keys)
    assert (code, "the notice" in err, "--notice" in err) == (2, True, True)
    code, out, _ = run("replay", shop.log, "--notice", NOTICE, "--consents", shop.register, *keys)
    assert (code, "2 records decided again, 4 faces" in out) == (0, True)
    (first, _) = shop.records()
    answer = first.result.faces[1].model_copy(update={"rule_path": ("5.consent=yes",)})
    forged = first.model_copy(
        update={"result": first.result.model_copy(update={"faces": (first.result.faces[0], answer)})}
    )
    AuditLog(shop.log).append(forged)
    code, _, err = run("replay", shop.log, "--notice", NOTICE, "--consents", shop.register, "--json")
    assert code == 2  # a register needs keys
    shop.log.unlink()
    head_path(shop.log).unlink()
    AuditLog(shop.log, SHOP_KEY).append(forged)
    code, _, err = run("replay", shop.log, "--notice", NOTICE, "--consents", shop.register, *keys)
    assert (code, f"line 1, record {first.decision_id}, face 2: rule_path is" in err) == (5, True)


def test_join_adds_what_workers_logged(run: Run, log: Path, tmp_path: Path) -> None:
    """FG-D01"""
    worker, pem = tmp_path / "worker.jsonl", tmp_path / "key.pem"
    KEY.save(pem)
    for number in (10, 11):
        AuditLog(worker, KEY).append(make_record(number))
    keys = ("--trusted-keys", tmp_path / "t.json")
    code, out, _ = run("join", log, worker, "--audit-key", pem, *keys)
    assert (code, "2 of 2 records added" in out) == (0, True)
    assert "5 records" in run("verify", log, *keys)[1]
    assert "0 of 2 records added" in run("join", log, worker, "--audit-key", pem, *keys)[1]


def test_the_commands_of_the_documentation_run_as_printed(
    run: Run, shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FG-D01, FG-D03: in their order, in a folder with the files that they name."""
    monkeypatch.chdir(tmp_path)
    SHOP_KEYS.save(Path("trusted.json"))
    SHOP_KEY.save(Path("key.pem"))
    shutil.copy(shop.register, "register.db")
    shutil.copy(f"{shop.register}.head", "register.db.head")
    Path("notices").mkdir()
    shutil.copy(NOTICE, "notices/shop.toml")
    for name in ("audit.jsonl", "faceguard-audit.jsonl"):
        shutil.copy(shop.log, name)
        shutil.copy(head_path(shop.log), f"{name}.head")
    shutil.copy("audit.jsonl.head", "kept.head")
    for worker in "ab":
        AuditLog(Path(f"worker-{worker}.jsonl"), SHOP_KEY).append(make_record(ord(worker)))
    page = (Path(__file__).parents[2] / "docs" / "audit.md").read_text(encoding="utf-8")
    commands = [line.split()[3:] for line in page.splitlines() if line.startswith("$ faceguard audit ")]
    assert len(commands) == 11
    first = shop.records()[0].decision_id
    for words in commands:
        code, _, err = run(*(first[:8] if word == "0f8fad5b" else word for word in words))
        assert (words, code, err) == (words, 0, "")
    assert {path.name for path in Path().iterdir()} >= {"for-the-auditor", "case-17.zip", "proof.json", "growth.json"}
    assert "4 records" in run("verify", "audit.jsonl", "--trusted-keys", "trusted.json")[1]

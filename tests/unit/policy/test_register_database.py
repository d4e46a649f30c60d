"""Claims about the register in SQLite: many may write, nothing is lost, and what is not in order shows no face."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from consents import (
    CHILD,
    KEY,
    KEYS,
    NOW,
    RECORD_ID,
    changed,
    guardian_consent,
    register_bytes,
    use,
)

from faceguard.errors import ConsentError
from faceguard.policy.consent import Revocation
from faceguard.policy.consent_terms import Actor, RevocationReason
from faceguard.policy.load import load_policy
from faceguard.policy.register import UNTRUSTED, ConsentRegister
from faceguard.policy.register_database import RegisterDatabase
from faceguard.policy.register_file import add_statements, head_path, import_register, read_register
from faceguard.policy.statement import sign_statement
from faceguard.signing import SigningKey, TrustedKeys
from faceguard.types import ConsentFinding, Reason

POLICY = load_policy("jp-appi-2026")
REVOCATION = Revocation(
    record_id=RECORD_ID, time_utc=NOW - timedelta(hours=1), by=Actor.GUARDIAN, reason=RevocationReason.EMERGENCY
)


def add(path: Path, *contents: object, key: SigningKey = KEY, keys: TrustedKeys = KEYS) -> None:
    add_statements(path, [sign_statement(item, key) for item in contents], key=key, keys=keys, moment=NOW)  # type: ignore[arg-type]


def findings(path: Path, keys: TrustedKeys = KEYS) -> tuple[ConsentFinding, ...]:
    return ConsentRegister.load(path, keys, moment=NOW).findings(CHILD, use=use(), policy=POLICY)


def shows_nothing(path: Path) -> bool:
    """Whether nothing that the file says lets a face be shown: it is refused, or not believed in any part."""
    try:
        return findings(path) == (UNTRUSTED,)
    except ConsentError:
        return True


@pytest.fixture
def register(tmp_path: Path) -> Path:
    """A register with one consent that holds."""
    path = tmp_path / "consents.db"
    add(path, guardian_consent())
    assert [finding.valid for finding in findings(path)] == [True]
    return path


# --------------------------------------------------------------------------------------------------- writing


def test_adding_keeps_what_was_there_and_renews_the_seal(register: Path) -> None:
    add(register, REVOCATION)
    known = ConsentRegister.load(register, KEYS, moment=NOW)
    assert known.seal is not None
    assert (known.seal.sequence, known.seal.entries) == (2, 2)
    assert [finding.reasons for finding in findings(register)] == [(Reason.CONSENT_REVOKED,)]


_DESK = """
import sys
import threading
import time
from datetime import datetime
from pathlib import Path
from faceguard.policy.consent import Cessation
from faceguard.policy.consent_terms import Actor
from faceguard.policy.register_file import add_statements
from faceguard.policy.statement import sign_statement
from faceguard.signing import SigningKey, TrustedKeys

desk, moment = int(sys.argv[1]), datetime.fromisoformat(sys.argv[2])
key, keys = SigningKey.load(Path("key.pem")), TrustedKeys.load(Path("trusted.json"))
for number in range(6):
    request = Cessation(request_id=f"a8098c1a-f86e-41da-bd1a-{desk:06x}{number:06x}", subject_id=f"p-{desk}-{number}",
                        time_utc=moment, by=Actor.SUBJECT)
    add_statements(Path("consents.db"), [sign_statement(request, key)], key=key, keys=keys, moment=moment)
"""


def test_desks_writing_at_once_from_several_processes_lose_nothing(tmp_path: Path) -> None:
    """FG-C08: no revocation may be lost to a grant made in the same moment, not even while the register is made."""
    key = SigningKey.generate()
    key.save(tmp_path / "key.pem")
    keys = TrustedKeys((key.public(),))
    keys.save(tmp_path / "trusted.json")
    desks = [
        subprocess.Popen([sys.executable, "-c", _DESK, str(desk), NOW.isoformat()], cwd=tmp_path) for desk in range(4)
    ]
    assert [desk.wait(timeout=120) for desk in desks] == [0, 0, 0, 0]
    known = ConsentRegister.load(tmp_path / "consents.db", keys, moment=NOW)
    assert known.untrusted_because is None
    assert {request.subject_id for request in known.cessations} == {f"p-{d}-{n}" for d in range(4) for n in range(6)}
    assert known.seal is not None
    assert known.seal.sequence == 24


def test_a_write_that_fails_half_way_leaves_the_register_as_it_was(
    register: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = read_register(register)

    def broken(*_: object) -> None:
        raise sqlite3.OperationalError("disk is full")

    monkeypatch.setattr("faceguard.policy.register_database._write", broken)
    with pytest.raises(ConsentError):
        add(register, REVOCATION)
    assert read_register(register) == before


def test_a_register_that_can_not_be_written_is_an_error(tmp_path: Path) -> None:
    for path in (tmp_path / "no-such-folder" / "consents.db", tmp_path):
        with pytest.raises(ConsentError):
            add(path)
    assert list(tmp_path.iterdir()) == []


def test_writing_never_makes_a_damaged_register_look_sound(register: Path) -> None:
    damaged = register.read_bytes().replace(b"ward-7", b"ward-8")
    register.write_bytes(damaged)
    with pytest.raises(ConsentError, match="altered"):
        add(register)
    assert register.read_bytes() == damaged


def test_a_key_that_is_not_in_force_seals_nothing(register: Path) -> None:
    """FG-C03: a retired or revoked key's later statements are refused before they can spoil the register."""
    before = read_register(register)
    for update in ({"valid_to": NOW}, {"revoked_at": NOW}):
        keys = TrustedKeys((KEY.public().model_copy(update=update),))
        with pytest.raises(ConsentError, match=r"no longer valid|revoked"):
            add(register, REVOCATION, keys=keys)
    with pytest.raises(ConsentError, match="no trusted key"):
        add(register, REVOCATION, key=SigningKey.generate())
    assert read_register(register) == before


def test_readers_are_not_kept_waiting_by_each_other(register: Path) -> None:
    """A reader in a folder that it may not write to leaves nothing behind."""
    names = {path.name for path in register.parent.iterdir()}
    register.chmod(stat.S_IRUSR)
    assert [finding.valid for finding in findings(register)] == [True]
    assert {path.name for path in register.parent.iterdir()} == names == {"consents.db", "consents.db.head"}


# ------------------------------------------------------------------------------------------------ not in order


def test_no_flipped_bit_of_the_file_or_its_checkpoint_shows_anything(register: Path) -> None:
    """FG-C03: one bit of every third byte in turn, also of those that belong to no statement."""
    for path in (register, head_path(register)):
        sound = path.read_bytes()
        for place in range(0, len(sound), 3):
            flipped = bytearray(sound)
            flipped[place] ^= 1 << place % 8
            path.write_bytes(flipped)
            assert shows_nothing(register), (path.name, place)
        path.write_bytes(sound)
    assert [finding.valid for finding in findings(register)] == [True]


def test_a_file_that_was_rewritten_is_confirmed_by_whoever_may_seal_it(register: Path) -> None:
    """Its statements are what counts, and each of them is checked anew."""
    connection = sqlite3.connect(register)
    connection.execute("PRAGMA user_version = 7")
    connection.close()
    assert findings(register) == (UNTRUSTED,)
    add(register)
    assert [finding.valid for finding in findings(register)] == [True]


def test_a_register_cut_anywhere_shows_nothing(register: Path) -> None:
    """FG-C08"""
    sound = register.read_bytes()
    for length in range(0, len(sound), 97):
        register.write_bytes(sound[:length])
        assert shows_nothing(register), length


@pytest.mark.parametrize(
    "tampering",
    [
        "DELETE FROM statement WHERE seq = 2",
        "DELETE FROM statement WHERE seq = 1",
        "DELETE FROM statement",
        "DELETE FROM seal",
        "UPDATE statement SET seq = 3 WHERE seq = 2",
        "UPDATE statement SET line = (SELECT line FROM statement WHERE seq = 1) WHERE seq = 2",
        "UPDATE statement SET line = 'text' WHERE seq = 2",
        "INSERT INTO statement SELECT 3, line FROM statement WHERE seq = 1",
        "UPDATE statement SET seq = -seq; UPDATE statement SET seq = 3 + seq",
        "CREATE TABLE more (x)",
        "DROP TABLE statement",
        "ALTER TABLE statement RENAME TO old; CREATE VIEW statement AS SELECT * FROM old WHERE seq = 1",
        "PRAGMA application_id = 0",
    ],
)
def test_rows_dropped_reordered_altered_or_added_are_noticed(register: Path, tampering: str) -> None:
    """FG-C08: or a revocation could be taken out."""
    add(register, REVOCATION)
    with sqlite3.connect(register) as connection:
        connection.executescript(tampering)
    connection.close()
    assert shows_nothing(register)


def test_an_older_copy_put_back_is_not_believed(register: Path) -> None:
    """FG-C08: it would undo the revocation."""
    older = register.read_bytes()
    add(register, REVOCATION)
    register.write_bytes(older)
    known = ConsentRegister.load(register, KEYS, moment=NOW)
    assert "older copy" in (known.untrusted_because or "")
    assert findings(register) == (UNTRUSTED,)
    with pytest.raises(ConsentError, match="older copy"):
        add(register)


def test_another_register_put_in_its_place_is_not_believed(register: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    for _ in range(3):
        add(other)
    register.write_bytes(other.read_bytes())
    assert findings(register) == (UNTRUSTED,)


def test_an_older_export_put_in_its_place_is_not_believed(register: Path) -> None:
    older = read_register(register).data
    add(register, REVOCATION)
    register.write_bytes(older)
    assert findings(register) == (UNTRUSTED,)


def test_a_register_without_its_checkpoint_is_not_believed(register: Path) -> None:
    """FG-C08: nobody can tell whether it is the newest."""
    head_path(register).unlink()
    assert findings(register) == (UNTRUSTED,)


@pytest.mark.parametrize("head", [b"", b"\n", b"{}\n", b"\x00" * 40])
def test_a_damaged_checkpoint_is_none(register: Path, head: bytes) -> None:
    head_path(register).write_bytes(head)
    assert findings(register) == (UNTRUSTED,)


def test_a_register_emptied_beside_its_checkpoint_is_not_begun_anew(register: Path) -> None:
    register.write_bytes(b"")
    assert shows_nothing(register)
    with pytest.raises(ConsentError, match="checkpoint"):
        add(register)


def test_a_crash_before_the_checkpoint_is_renewed_harms_nothing(register: Path) -> None:
    """The register may be ahead of its checkpoint; the next change brings it up."""
    older = head_path(register).read_bytes()
    add(register, REVOCATION)
    head_path(register).write_bytes(older)
    assert [finding.reasons for finding in findings(register)] == [(Reason.CONSENT_REVOKED,)]
    add(register)
    assert head_path(register).read_bytes().startswith(read_register(register).data.splitlines(keepends=True)[-1])


def test_an_unfinished_write_is_rolled_back_when_read(register: Path) -> None:
    """A process that dies while writing leaves its journal; the register is then as before."""
    said = read_register(register).data
    connection = sqlite3.connect(register, isolation_level=None)
    connection.execute("PRAGMA cache_size = 1")
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("DELETE FROM statement")
    crashed = register.with_name("crashed.db")
    for suffix in ("", "-journal"):
        shutil.copy(f"{register}{suffix}", f"{crashed}{suffix}")
    connection.close()
    shutil.copy(head_path(register), head_path(crashed))
    assert read_register(crashed).data == said
    assert [finding.valid for finding in findings(crashed)] == [True]


def test_anything_else_is_no_register(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    shutil.copy(path, head_path(path))
    assert findings(path) == (UNTRUSTED,)
    with pytest.raises(ConsentError, match="not a consent register"):
        add(path)


# --------------------------------------------------------------------------------------------- the same lines


def test_the_database_holds_the_lines_of_its_export(register: Path, tmp_path: Path) -> None:
    """FG-D03: a record names the register by a digest that its export has too."""
    export = tmp_path / "export.jsonl"
    export.write_bytes(read_register(register).data)
    assert findings(export) == findings(register)
    digests = {ConsentRegister.load(path, KEYS, moment=NOW).sha256 for path in (export, register)}
    assert len(digests) == 1
    assert digests != {None}


def test_an_import_bears_the_very_seal_of_the_export(register: Path, tmp_path: Path) -> None:
    """FG-C08: importing an old export doesn't make its list of revocations young."""
    export, copy = tmp_path / "export.jsonl", tmp_path / "copy.db"
    export.write_bytes(register_bytes(guardian_consent(), issued_at=NOW - timedelta(hours=25)))
    import_register(export, copy, keys=KEYS, moment=NOW)
    assert read_register(copy).data == export.read_bytes()
    assert [finding.reasons for finding in findings(copy)] == [(Reason.CONSENT_REVOCATION_LIST_STALE,)]
    with pytest.raises(ConsentError, match="exists"):
        import_register(export, copy, keys=KEYS, moment=NOW)


def test_a_stale_database_is_not_believed_to_be_whole(tmp_path: Path) -> None:
    """FG-C08"""
    path = tmp_path / "consents.db"
    moment = NOW - timedelta(hours=25)
    add_statements(path, [sign_statement(guardian_consent(), KEY)], key=KEY, keys=KEYS, moment=moment)
    assert [finding.reasons for finding in findings(path)] == [(Reason.CONSENT_REVOCATION_LIST_STALE,)]
    add(path)
    assert [finding.valid for finding in findings(path)] == [True]


def test_an_export_that_is_not_in_order_is_not_imported(register: Path, tmp_path: Path) -> None:
    export, copy = tmp_path / "export.jsonl", tmp_path / "copy.db"
    export.write_bytes(read_register(register).data.replace(b"ward-7", b"ward-8"))
    with pytest.raises(ConsentError, match="altered"):
        import_register(export, copy, keys=KEYS, moment=NOW)
    assert not copy.exists()


def test_an_export_is_not_written_on(register: Path, tmp_path: Path) -> None:
    export = tmp_path / "export.jsonl"
    export.write_bytes(read_register(register).data)
    with pytest.raises(ConsentError, match="consent import"):
        add(export)


def test_the_cap_on_children_counts_across_the_register(register: Path) -> None:
    """FG-C05: six children of one guardian under this preset; the seventh spoils the guardian's word for all."""
    for number in range(2, 8):
        record = guardian_consent()
        child = record.data_subject.model_copy(update={"id": f"ward-{number}0"})
        identity = f"7d9f2c52-55f0-4f0e-9a3a-{number:012x}"
        add(register, changed(record, record_id=identity, data_subject=child))
        expected = () if number <= 6 else (Reason.CONSENT_GUARDIAN_INVALID,)
        assert [finding.reasons for finding in findings(register)] == [expected]


def test_the_same_lock_serves_readers_and_writers(register: Path) -> None:
    """A reader that comes while the register is written waits, and then sees it whole."""
    with sqlite3.connect(register, isolation_level=None) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        with pytest.raises(ConsentError, match="locked"):
            RegisterDatabase(register, busy_timeout_s=0.01).read()
        connection.execute("ROLLBACK")
    connection.close()
    assert RegisterDatabase(register).read()[0] == read_register(register).data


def test_a_reader_waits_for_the_checkpoint_of_a_register_that_is_just_made(register: Path) -> None:
    """It comes a moment after the database; to call the register untrusted meanwhile would cover everybody."""
    head = head_path(register)
    late = head.read_bytes()
    head.unlink()
    writer = threading.Timer(0.1, head.write_bytes, [late])
    writer.start()
    try:
        assert [finding.valid for finding in findings(register)] == [True]
    finally:
        writer.join()


def test_a_reader_that_meets_the_journal_of_a_dead_writer_takes_it_back(
    register: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the writer died after the reader had looked at the file's header."""
    said = read_register(register).data
    connect_to_read = RegisterDatabase._connect_to_read

    def then_a_writer_dies(self: RegisterDatabase) -> sqlite3.Connection:
        reader = connect_to_read(self)
        subprocess.run([sys.executable, "-c", _DIES_WRITING, str(register)], check=False)
        return reader

    monkeypatch.setattr(RegisterDatabase, "_connect_to_read", then_a_writer_dies)
    assert RegisterDatabase(register).read()[0] == said
    assert not register.with_name("consents.db-journal").exists()


_DIES_WRITING = """
import os, sqlite3, sys
writer = sqlite3.connect(sys.argv[1], isolation_level=None)
writer.execute("PRAGMA cache_size = 1")
writer.execute("BEGIN IMMEDIATE")
writer.execute("DELETE FROM statement")
os._exit(9)
"""


_WRITES_ON = """
import sys, uuid
from datetime import datetime
from pathlib import Path
from faceguard.policy.consent import Cessation
from faceguard.policy.consent_terms import Actor
from faceguard.policy.register_file import add_statements
from faceguard.policy.statement import sign_statement
from faceguard.signing import SigningKey, TrustedKeys

key, keys = SigningKey.load(Path("key.pem")), TrustedKeys.load(Path("trusted.json"))
moment = datetime.fromisoformat(sys.argv[1])
print("ready", flush=True)
while True:
    request = Cessation(request_id=str(uuid.uuid4()), subject_id="p", time_utc=moment, by=Actor.SUBJECT)
    add_statements(Path("consents.db"), [sign_statement(request, key)], key=key, keys=keys, moment=moment)
"""


def test_writers_killed_anywhere_never_make_a_register_untrusted(tmp_path: Path) -> None:
    """FG-C08: between commit and checkpoint, within either; readers meanwhile and afterwards believe it."""
    key = SigningKey.generate()
    key.save(tmp_path / "key.pem")
    keys = TrustedKeys((key.public(),))
    keys.save(tmp_path / "trusted.json")
    path = tmp_path / "consents.db"
    add(path, key=key, keys=keys)
    for pause_s in (0.0, 0.003, 0.007, 0.012):
        writers = [
            subprocess.Popen([sys.executable, "-c", _WRITES_ON, NOW.isoformat()], cwd=tmp_path, stdout=subprocess.PIPE)
            for _ in range(2)
        ]
        for writer in writers:
            assert writer.stdout is not None
            writer.stdout.readline()
        time.sleep(pause_s)
        for writer in writers:
            assert ConsentRegister.load(path, keys, moment=NOW).untrusted_because is None
            writer.kill()
            writer.communicate()
        assert ConsentRegister.load(path, keys, moment=NOW).untrusted_because is None
    add(path, key=key, keys=keys)
    known = ConsentRegister.load(path, keys, moment=NOW)
    assert known.seal is not None
    assert known.seal.sequence >= len(known.cessations) + 2

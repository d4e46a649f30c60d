"""From nothing to a consent, its receipt and its end, by the commands alone."""

from __future__ import annotations

import hashlib
import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from consent_desk import Answer, Run, open_desk

from faceguard.errors import ConsentError
from faceguard.policy.load import load_policy
from faceguard.policy.notice import HandlingNotice, load_notice
from faceguard.policy.receipt import ConsentReceipt
from faceguard.policy.register import ConsentRegister
from faceguard.policy.validity import ConsentUse
from faceguard.signing import SigningKey, TrustedKeys
from faceguard.types import ConsentFinding, Disclosure

NOTICE = Path(__file__).parents[2] / "examples" / "notice.toml"
GUARDIAN = ("--born", "2019-05", "--guardian", "g-1", "--verified-by", "government_id", "--guardian-age", "20")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    return open_desk(monkeypatch, capsys, tmp_path)


def grant(run: Run, *words: str) -> Answer:
    return run("consent", "grant", "--subject", "ward-7", "--purpose", "in_store_safety", "--notice", str(NOTICE),
               "--method", "signed_paper", "--key", "k.pem", "--register", "r.db", *words)  # fmt: skip


def record_id(answer: Answer) -> str:
    assert answer.code == 0, answer.err
    return str(json.loads(answer.out)["record_id"])


def find(notice: HandlingNotice, *, event: str | None = "sports-day", asset: str | None = None) -> ConsentFinding:
    moment = datetime.now(UTC) + timedelta(seconds=1)
    register = ConsentRegister.load(Path("r.db"), TrustedKeys.load(Path("t.json")), moment=moment)
    use = ConsentUse(
        purpose="in_store_safety",
        disclosure=Disclosure.IN_PLACE,
        moment=moment,
        notice=notice.ref,
        notice_from=notice.effective_from,
        asset_sha256=asset,
        event=event,
    )
    return register.findings("ward-7", use=use, policy=load_policy("jp-appi-2026"))[0]


@pytest.fixture
def notice() -> HandlingNotice:
    return load_notice(NOTICE)


def test_a_guardians_consent_is_given_and_ended(run: Run, notice: HandlingNotice) -> None:
    """FG-C01, FG-C08"""
    number = record_id(grant(run, *GUARDIAN, "--event", "sports-day", "--best-interests", "bia-1", "--json"))
    found = find(notice)
    assert (found.record_id, found.valid, found.guardian_level, found.best_interests_ref) == (
        number,
        True,
        "G3",
        "bia-1",
    )
    assert run("consent", "revoke", number, "--register", "r.db", "--key", "k.pem").code == 0
    assert find(notice).reasons == ("consent_revoked",)
    listed = json.loads(run("consent", "list", "--register", "r.db", "--trusted-keys", "t.json", "--json").out)
    assert [(row["record_id"], row["state"]) for row in listed["consents"]] == [(number, "ConsentRevoked")]


def test_a_consent_for_a_file_holds_for_its_bytes_alone(run: Run, notice: HandlingNotice, tmp_path: Path) -> None:
    """FG-C07"""
    (tmp_path / "a.jpg").write_bytes(b"picture")
    record_id(grant(run, *GUARDIAN, "--asset", "a.jpg", "--json"))
    assert find(notice, event=None, asset=hashlib.sha256(b"picture").hexdigest()).valid
    other = hashlib.sha256(b"Picture").hexdigest()
    assert find(notice, event=None, asset=other).reasons == ("consent_out_of_scope",)


def test_grant_tells_at_once_what_would_not_hold(run: Run) -> None:
    """FG-C04, FG-C06: nobody should find out at the picture."""
    weak = grant(run, "--born", "2019-05", "--guardian", "g-1", "--event", "e")
    assert weak.code == 0
    assert "does NOT hold: consent_guardian_level_too_low, consent_guardian_invalid" in weak.out
    assert "--best-interests" in weak.out
    good = grant(run, *GUARDIAN, "--event", "e", "--best-interests", "bia-1", "--policy", "eu-gdpr")
    assert "in_store_safety under eu-gdpr: holds" in good.out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "--event, --collection or --asset"),
        (("--event", "e", "--purpose", "marketing"), "no purpose `marketing`"),
        (("--event", "e", "--purpose", "publication"), "--release"),
        (("--event", "e", "--born", "May 2019"), "born"),
        (("--event", "e", "--given-at", "yesterday"), "`yesterday` is no time"),
        (("--event", "e", "--given-at", "2099-01-02"), "recorded before it is said"),
        (("--asset", "no-such-file"), "no-such-file"),
        (("--event", "e", "--guardian", "ward-7"), "own guardian"),
    ],
)
def test_what_can_not_be_recorded_is_refused(run: Run, words: tuple[str, ...], message: str) -> None:
    answer = grant(run, *words)
    assert answer.code == 2
    assert message in answer.err
    assert not Path("r.db").exists()


def test_a_receipt_round_trips_and_reads_as_a_letter(run: Run) -> None:
    """FG-C02"""
    number = record_id(grant(run, *GUARDIAN, "--event", "sports-day", "--json"))
    words = ("consent", "receipt", number, "--register", "r.db", "--trusted-keys", "t.json")
    receipt = ConsentReceipt.read(run(*words, "--json").out.encode())
    keys = TrustedKeys.load(Path("t.json"))
    assert receipt.verify(keys, moment=datetime.now(UTC)).record_id == number
    assert receipt.schema_version == "1.0"
    altered = receipt.model_copy(update={"record": {**receipt.record, "requested_by": "g-1"}})
    with pytest.raises(ConsentError, match="does not match"):
        altered.verify(keys, moment=datetime.now(UTC))
    japanese, english = run(*words).out, run(*words, "--language", "en").out
    for letter in (japanese, english):
        assert number in letter
        assert "sports-day" in letter
    assert "同意の控え" in japanese
    assert "withdraw this consent at any time" in english


def test_a_request_to_stop_wins_over_a_consent(run: Run, notice: HandlingNotice) -> None:
    """FG-T02"""
    record_id(grant(run, *GUARDIAN, "--event", "sports-day", "--json"))
    assert run("consent", "stop", "--subject", "ward-7", "--register", "r.db", "--key", "k.pem").code == 0
    assert find(notice).cessation


def test_nobody_else_can_write_a_register(run: Run, tmp_path: Path) -> None:
    """FG-C03"""
    record_id(grant(run, *GUARDIAN, "--event", "e", "--json"))
    before = Path("r.db").read_bytes()
    SigningKey.generate().save(tmp_path / "other.pem")
    answer = run("consent", "stop", "--subject", "ward-7", "--register", "r.db", "--key", "other.pem")
    assert answer.code == 2
    assert "no trusted key" in answer.err
    assert Path("r.db").read_bytes() == before


def test_two_desks_with_two_keys_keep_one_register(run: Run, notice: HandlingNotice, tmp_path: Path) -> None:
    """FG-C03"""
    record_id(grant(run, *GUARDIAN, "--event", "sports-day", "--json"))
    SigningKey.generate().save(tmp_path / "second.pem")
    assert run("keys", "public", "second.pem", "-o", "t.json", "--name", "second desk").code == 0
    refreshed = run("consent", "refresh", "--register", "r.db", "--key", "second.pem", "--trusted-keys", "t.json")
    assert refreshed.code == 0, refreshed.err
    assert find(notice).valid
    kid = SigningKey.load(tmp_path / "k.pem").key_id
    assert run("keys", "revoke", kid, "--trusted-keys", "t.json").code == 0
    assert find(notice).reasons == ("consent_key_unknown",)
    verified = run("consent", "verify", "--register", "r.db", "--trusted-keys", "t.json")
    assert verified.code == 2
    assert "consent_key_unknown" in verified.out


def test_a_damaged_register_is_told_and_never_mended(run: Run) -> None:
    """FG-C03"""
    record_id(grant(run, *GUARDIAN, "--event", "e", "--json"))
    damaged = Path("r.db").read_bytes().replace(b"ward-7", b"ward-8")
    Path("r.db").write_bytes(damaged)
    for words in (
        ("list", "--trusted-keys", "t.json"),
        ("verify", "--trusted-keys", "t.json"),
        ("refresh", "--key", "k.pem"),
    ):
        answer = run("consent", words[0], "--register", "r.db", *words[1:])
        assert answer.code == 2
        assert "altered" in answer.err
    assert Path("r.db").read_bytes() == damaged


def test_a_sound_register_verifies(run: Run) -> None:
    record_id(grant(run, *GUARDIAN, "--event", "e", "--json"))
    answer = run("consent", "verify", "--register", "r.db", "--trusted-keys", "t.json", "--json")
    assert answer.code == 0
    assert json.loads(answer.out)["flaws"] == {}


def test_new_keys_are_private_and_listed(run: Run) -> None:
    assert stat.S_IMODE(Path("k.pem").stat().st_mode) == 0o600
    assert run("keys", "new", "-o", "k.pem").code == 2
    kid = SigningKey.load(Path("k.pem")).key_id
    assert kid in run("keys", "list", "t.json").out
    assert json.loads(run("keys", "list", "t.json", "--json").out)[0]["kid"] == kid
    assert run("keys", "revoke", "nobody", "--trusted-keys", "t.json").code == 2


@pytest.mark.parametrize("group", ["keys", "consent", "audit"])
def test_help_names_every_command(run: Run, group: str) -> None:
    commands = {
        "keys": ("new", "public", "list", "revoke", "rotate"),
        "consent": (
            "request",
            "grant",
            "receipt",
            "verify",
            "revoke",
            "stop",
            "refresh",
            "list",
            "uses",
            "expire",
            "export",
            "import",
        ),
        "audit": ("verify", "show", "repair"),
    }
    shown = run(group, "--help").out
    for command in commands[group]:
        assert command in shown
        assert run(group, command, "--help").code == 0

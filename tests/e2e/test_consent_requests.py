"""A guardian is asked, answers, and time passes: by the commands alone."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from consent_desk import Answer, Run, open_desk
from records import make_record

from faceguard.audit.log import AuditLog
from faceguard.policy.load import load_policy
from faceguard.policy.notice import load_notice
from faceguard.policy.register import ConsentRegister
from faceguard.policy.validity import ConsentUse
from faceguard.signing import SigningKey, TrustedKeys
from faceguard.types import ConsentFinding, Disclosure

NOTICE = Path(__file__).parents[2] / "examples" / "notice.toml"
REGISTER = ("--register", "r.db", "--key", "k.pem")
READING = ("--register", "r.db", "--trusted-keys", "t.json")
GUARDIAN = ("--born", "2019-05", "--guardian", "g-1", "--verified-by", "government_id", "--guardian-age", "20")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    return open_desk(monkeypatch, capsys, tmp_path)


def ask(run: Run, *words: str) -> str:
    answer = run("consent", "request", "--subject", "ward-7", "--guardian", "g-1", "--purpose", "in_store_safety",
                 "--event", "sports-day", "--notice", str(NOTICE), *REGISTER, "--json", *words)  # fmt: skip
    assert answer.code == 0, answer.err
    return str(json.loads(answer.out)["request_id"])


def answer(run: Run, request_id: str, *words: str) -> Answer:
    return run("consent", "grant", "--request", request_id, *GUARDIAN, "--notice", str(NOTICE), "--method",
               "signed_paper", "--best-interests", "bia-1", *REGISTER, *words)  # fmt: skip


def grant(run: Run, *words: str) -> Answer:
    return run("consent", "grant", "--subject", "ward-7", "--purpose", "in_store_safety", "--event", "sports-day",
               *GUARDIAN, "--notice", str(NOTICE), "--method", "signed_paper", *REGISTER, *words)  # fmt: skip


def findings() -> tuple[ConsentFinding, ...]:
    moment, notice = datetime.now(UTC) + timedelta(seconds=1), load_notice(NOTICE)
    register = ConsentRegister.load(Path("r.db"), TrustedKeys.load(Path("t.json")), moment=moment)
    use = ConsentUse(
        purpose="in_store_safety",
        disclosure=Disclosure.IN_PLACE,
        moment=moment,
        notice=notice.ref,
        notice_from=notice.effective_from,
        event="sports-day",
    )
    return register.findings("ward-7", use=use, policy=load_policy("jp-appi-2026"))


def states(run: Run) -> dict[str, str]:
    listed = json.loads(run("consent", "list", *READING, "--json").out)
    requests = {row["request_id"]: row["state"] for row in listed["requests"]}
    return requests | {row["record_id"]: row["state"] for row in listed["consents"]}


# ---------------------------------------------------------------------------------------------------- asking


def test_a_request_alone_shows_nobody(run: Run) -> None:
    """FG-C10: silence after a request is no consent (FG-C11)."""
    request_id = ask(run)
    assert findings() == ()
    assert states(run) == {request_id: "ConsentRequested"}
    assert request_id in run("consent", "list", *READING).out


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("ja", ("同意のお願い", "sports-day", "株式会社あおぞらマーケット", "第三者への提供: なし", "おこさまへ",
                "同意しません")),
        ("en", ("REQUEST FOR CONSENT", "sports-day", "Aozora Market", "third parties get the pictures?: No",
                "FOR THE CHILD", "free to say no")),
    ],
)  # fmt: skip
def test_the_letter_says_who_asks_what_for_and_how_to_say_no(run: Run, language: str, words: tuple[str, ...]) -> None:
    """FG-C12, FG-C05: the notice is named before anything is agreed to, and the child is told in plain words."""
    letter = run("consent", "request", "--subject", "ward-7", "--guardian", "g-1", "--purpose", "in_store_safety",
                 "--event", "sports-day", "--notice", str(NOTICE), *REGISTER, "--language", language).out  # fmt: skip
    notice = load_notice(NOTICE)
    assert [word for word in (*words, notice.notice_id, notice.sha256[:16], "g-1") if word not in letter] == []
    assert getattr(notice.child_text, language) in letter


def test_an_answer_is_held_against_its_request(run: Run) -> None:
    """FG-C07"""
    request_id = ask(run, "--requested-by", "teacher-2")
    said = answer(run, request_id)
    assert said.code == 0, said.err
    assert "holds" in said.out
    (found,) = findings()
    assert found.valid
    record = ConsentRegister.load(
        Path("r.db"), TrustedKeys.load(Path("t.json")), moment=datetime.now(UTC)
    ).consents[0].record  # fmt: skip
    assert record is not None
    assert (record.answers, record.requested_by, record.scope.event) == (request_id, "teacher-2", "sports-day")
    again = answer(run, request_id)
    assert again.code == 2
    assert "waits for no answer" in again.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--event", "another-day"), "says already"),
        (("--release",), "says already"),
        (("--requested-by", "somebody"), "says already"),
        (("--purpose", "publication"), "didn't ask for `publication`"),
        (("--given-at", "2026-01-02"), "check --given-at"),
        (("--given-at", "2099-01-02"), "it is ConsentExpired"),
    ],
)
def test_an_answer_says_no_more_than_was_asked(run: Run, words: tuple[str, ...], message: str) -> None:
    """FG-C07"""
    request_id = ask(run)
    said = answer(run, request_id, *words)
    assert said.code == 2
    assert message in said.err
    assert findings() == ()


def test_a_refused_request_can_not_be_answered(run: Run) -> None:
    request_id = ask(run)
    assert "refused" in run("consent", "revoke", request_id, *REGISTER).out
    assert states(run) == {request_id: "ConsentRefused"}
    assert answer(run, request_id).code == 2


def test_nobody_asks_themselves(run: Run) -> None:
    """FG-C05: who asks is never the guardian; also when the guardian is found out only by the answer."""
    words = ("consent", "request", "--subject", "w", "--guardian", "g-1", "--purpose", "in_store_safety", "--event",
             "e", "--notice", str(NOTICE), *REGISTER, "--requested-by", "g-1")  # fmt: skip
    assert "nobody asks themselves" in run(*words).err
    assert "consent_guardian_invalid" in grant(run, "--requested-by", "g-1").out


def test_grant_counts_the_guardians_children_across_the_register(run: Run) -> None:
    """FG-C05: the cap of the preset is six."""
    said = [grant(run, "--subject", f"child-{number}") for number in range(7)]
    assert ["consent_guardian_invalid" in each.out for each in said] == [False] * 6 + [True]


def test_a_receipt_tells_the_child_in_plain_words(run: Run) -> None:
    """FG-C05"""
    record_id = json.loads(grant(run, "--child-informed", "read to her by her teacher", "--json").out)["record_id"]
    for language, words in (("en", "Nobody will be cross"), ("ja", "おこさまへ")):
        letter = run("consent", "receipt", record_id, *READING, "--language", language).out
        assert words in letter
        assert "read to her by her teacher" in letter


# ---------------------------------------------------------------------------------------------------- ending


def test_an_emergency_ends_a_consent_at_once_whoever_asks(run: Run) -> None:
    """FG-C08: the child, its school or a court; the guardian is not asked."""
    record_id = json.loads(grant(run, "--json").out)["record_id"]
    said = run("consent", "revoke", record_id, *REGISTER, "--by", "institution", "--reason", "emergency")
    assert said.code == 0
    assert findings()[0].reasons == ("consent_revoked",)


def test_what_has_lapsed_is_marked_once_and_what_lapses_soon_is_told(run: Run) -> None:
    """FG-C09"""
    over = json.loads(grant(run, "--given-at", "2026-01-02", "--days", "30", "--json").out)["record_id"]
    soon = json.loads(grant(run, "--days", "20", "--json").out)["record_id"]
    later = json.loads(grant(run, "--days", "200", "--json").out)["record_id"]
    told = run("consent", "expire", *REGISTER, "--dry-run", "--json")
    assert [row["record_id"] for row in json.loads(told.out)["lapsed"]] == [over]
    assert json.loads(run("consent", "list", *READING, "--json").out)["consents"][0]["state"] == "ConsentExpired"
    marked = run("consent", "expire", *REGISTER)
    assert marked.code == 0, marked.err
    assert [line.split()[:2] for line in marked.out.splitlines()] == [["marked", over], ["soon", soon]]
    assert later not in marked.out
    assert over not in run("consent", "expire", *REGISTER).out
    assert states(run)[over] == "ConsentExpired"
    by_id = {found.record_id: found for found in findings()}
    assert by_id[over].reasons == ("consent_expired",)
    assert by_id[soon].valid


def test_a_guardians_word_lapses_at_the_childs_birthday(run: Run) -> None:
    """FG-C09: in the month in which the child is sixteen; then it is asked itself."""
    born = f"{datetime.now(UTC).year - 16}-{datetime.now(UTC).month:02}"
    record_id = json.loads(grant(run, "--born", born, "--json").out)["record_id"]
    told = json.loads(run("consent", "expire", *REGISTER, "--dry-run", "--json").out)
    assert [(row["record_id"], row["because"]) for row in told["lapsed"]] == [(record_id, "old_enough")]
    young = json.loads(run("consent", "expire", *REGISTER, "--dry-run", "--policy", "in-dpdp", "--json").out)
    assert young["lapsed"] == []


# ------------------------------------------------------------------------------------------------------ keys


def test_a_rotated_key_leaves_what_it_signed_and_signs_no_more(run: Run) -> None:
    """FG-C03"""
    record_id = json.loads(grant(run, "--best-interests", "b", "--json").out)["record_id"]
    rotated = run("keys", "rotate", "k.pem", "-o", "new.pem", "--trusted-keys", "t.json", "--register", "r.db")
    assert rotated.code == 0, rotated.err
    assert [(found.record_id, found.valid) for found in findings()] == [(record_id, True)]
    late = grant(run, "--trusted-keys", "t.json", "--given-at", "2026-01-02")
    assert late.code == 2
    assert "no longer valid when it signed" in late.err
    assert grant(run, "--key", "new.pem", "--trusted-keys", "t.json").code == 0
    assert [found.valid for found in findings()] == [True, True]
    assert run("keys", "rotate", "k.pem", "-o", "third.pem", "--trusted-keys", "t.json").code == 2
    assert stat.S_IMODE(Path("new.pem").stat().st_mode) == 0o600


def test_an_encrypted_key_signs_only_with_its_passphrase(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """FG-C03: and no message tells the passphrase or the key."""
    monkeypatch.setenv("FACEGUARD_KEY_PASSPHRASE", "correct horse")
    assert run("keys", "new", "-o", "e.pem", "--encrypt").code == 0
    assert run("keys", "public", "e.pem", "-o", "t.json").code == 0
    assert b"ENCRYPTED" in Path("e.pem").read_bytes()
    assert grant(run, "--key", "e.pem").code == 0
    for passphrase, message in (("wrong", "passphrase is another"), ("", "set FACEGUARD_KEY_PASSPHRASE")):
        monkeypatch.setenv("FACEGUARD_KEY_PASSPHRASE", passphrase)
        refused = grant(run, "--key", "e.pem")
        assert refused.code == 2
        assert message in refused.err
        assert "correct horse" not in refused.err
        assert not passphrase or passphrase not in refused.err.replace("passphrase", "")
    assert SigningKey.load(Path("e.pem"), passphrase="correct horse").key_id in Path("t.json").read_text()


# ------------------------------------------------------------------------------------------------- exchanging


def test_a_register_goes_out_and_comes_back(run: Run) -> None:
    grant(run, "--best-interests", "b")
    assert run("consent", "export", *READING, "-o", "out.jsonl").code == 0
    assert run("consent", "verify", "--register", "out.jsonl", "--trusted-keys", "t.json").code == 0
    assert run("consent", "import", "out.jsonl", "--register", "back.db", "--trusted-keys", "t.json").code == 0
    assert run("consent", "verify", "--register", "back.db", "--trusted-keys", "t.json").code == 0
    assert run("consent", "import", "out.jsonl", "--register", "back.db", "--trusted-keys", "t.json").code == 2
    refused = run("consent", "refresh", "--register", "out.jsonl", "--key", "k.pem")
    assert refused.code == 2
    assert "faceguard consent import" in refused.err


# ------------------------------------------------------------------------------------------------------- uses


def test_uses_are_told_in_words_and_as_json(run: Run) -> None:
    """FG-D01: where the person was named, though this consent was never asked."""
    record_id = json.loads(grant(run, "--json").out)["record_id"]
    AuditLog(Path("audit.jsonl")).append(make_record())
    words = ("consent", "uses", record_id, *READING, "--audit", "audit.jsonl")
    (use,) = json.loads(run(*words, "--json").out)["uses"]
    assert (use["effect"], use["shown"], use["by_this_consent"]) == ("redact", False, False)
    for language, said in (("en", "the face was covered"), ("ja", "顔を塗りつぶし")):
        told = run(*words, "--language", language).out
        assert said in told
        assert use["asset_salted_sha256"] in told
    log = Path("audit.jsonl")
    log.write_bytes(log.read_bytes().replace(b"ward", b"wArd").replace(b"in_store", b"in_sTore"))
    assert run(*words).code == 5
    assert run(*words).out == ""


def test_an_adult_is_asked_without_a_part_for_a_child(run: Run) -> None:
    letter = run("consent", "request", "--subject", "visitor-7", "--purpose", "in_store_safety", "--event", "e",
                 "--notice", str(NOTICE), *REGISTER, "--language", "en").out  # fmt: skip
    assert "REQUEST FOR CONSENT" in letter
    assert "child" not in letter.lower().replace("children", "")


def test_rotation_is_later_than_everything_signed_and_earlier_than_everything_to_come(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FG-C03: times are told in seconds. What was signed in the very second of a rotation still counts."""
    signed_at = datetime.now(UTC).replace(microsecond=0)
    monkeypatch.setattr("faceguard.cli.times.now", lambda: signed_at)
    assert run("keys", "rotate", "k.pem", "-o", "new.pem", "--trusted-keys", "t.json").code == 0
    retired = next(key for key in TrustedKeys.load(Path("t.json")).keys if key.valid_to is not None)
    assert retired.valid_to == signed_at + timedelta(seconds=1)
    assert datetime.now(UTC) >= retired.valid_to

"""From nothing to a printed sign, by the command alone (FG-N04)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pypdfium2
import pytest
from typer.testing import CliRunner

from faceguard.cli.app import app
from faceguard.errors import ConfigurationError
from faceguard.opencv import cv2
from faceguard.policy.gate import check_notice
from faceguard.policy.load import load_policy
from faceguard.policy.notice import load_notice
from faceguard.policy.policy_terms import NoticeItem

URL = "https://bakery.example/cameras"
ANSWERS = """
notice_id = "bakery-cameras"
functions = ["face_detection", "tracking", "age_estimation", "redaction"]
[[purposes]]
id = "safety"
text = { ja = "店内の事故の確認", en = "Looking into accidents in the shop" }
disclosure = "in_place"
[[placements]]
kind = "web"
url = "https://bakery.example/cameras"
[items]
controller_name = { ja = "むぎのほ製パン", en = "Muginoho Bakery" }
controller_address = { ja = "京都市", en = "Kyoto" }
representative = { ja = "麦野 穂", en = "Minoru Mugino" }
contact = { ja = "電話 075-000-0000", en = "+81 75 000 0000" }
capture_place_range = { ja = "売場", en = "Sales floor" }
third_parties = { ja = "提供しません", en = "None" }
security_measures = { ja = "暗号化", en = "Encryption" }
"""


def faceguard(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "faceguard.cli.app", *arguments]
    return subprocess.run(
        command,
        cwd=cwd,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env=os.environ | {"COLUMNS": "200"},
    )


def test_from_answers_to_a_sign_and_a_new_version(tmp_path: Path) -> None:
    """FG-N02, FG-N04, FG-N06: new, check, render, change, bump, render."""
    (tmp_path / "answers.toml").write_text(ANSWERS, encoding="utf-8")
    made = faceguard("notice", "new", "--answers", "answers.toml", "--suggested", "--no-ask", cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    checked = faceguard("notice", "check", "notice.toml", "--purpose", "safety", cwd=tmp_path)
    assert checked.returncode == 0, checked.stderr
    rendered = faceguard("notice", "render", "notice.toml", "-o", "signs", cwd=tmp_path)
    assert rendered.returncode == 0, rendered.stderr
    assert sorted(path.name for path in (tmp_path / "signs").iterdir()) == [
        "bakery-cameras-1.0-full-ja-en.html",
        "bakery-cameras-1.0-full-ja-en.md",
        "bakery-cameras-1.0-sign-a4-ja-en.html",
        "bakery-cameras-1.0-sign-a4-ja-en.pdf",
        "bakery-cameras-1.0-sign-a4-ja-en.png",
        "bakery-cameras-1.0-sign-label-ja-en.html",
        "bakery-cameras-1.0-sign-label-ja-en.pdf",
        "bakery-cameras-1.0-sign-label-ja-en.png",
    ]
    for name in ("a4", "label"):
        picture = cv2.imread(str(tmp_path / "signs" / f"bakery-cameras-1.0-sign-{name}-ja-en.png"))
        assert picture is not None
        assert cv2.QRCodeDetector().detectAndDecode(picture)[0] == URL
    pdf = pypdfium2.PdfDocument(tmp_path / "signs" / "bakery-cameras-1.0-sign-a4-ja-en.pdf")
    assert "むぎのほ製パン" in pdf[0].get_textpage().get_text_range()

    file = tmp_path / "notice.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("Kyoto", "Osaka"), encoding="utf-8")
    assert "faceguard notice bump" in faceguard("notice", "check", "notice.toml", cwd=tmp_path).stdout
    again = faceguard("notice", "render", "notice.toml", "-o", "one.md", cwd=tmp_path)
    assert "warning: version 1.0 was rendered before" in again.stderr
    bumped = faceguard("notice", "bump", "notice.toml", cwd=tmp_path)
    assert "bakery-cameras 1.1 replaces 1.0" in bumped.stdout, bumped.stderr
    new = faceguard("notice", "render", "notice.toml", "-o", "two.md", "--language", "en", cwd=tmp_path)
    assert new.returncode == 0
    assert new.stderr == ""
    assert "bakery-cameras 1.1" in (tmp_path / "two.md").read_text(encoding="utf-8")


def test_a_person_is_asked_for_what_the_policy_requires(tmp_path: Path) -> None:
    """FG-N02: at a terminal; an answer that can't be is asked for again, Enter takes the suggestion."""
    target = tmp_path / "shop.toml"
    said = (
        *("Corner Shop", "corner-shop"),  # the first is no id
        *("flying", "face_detection, age_estimation, redaction"),  # the first is no function
        *("", "Looking into accidents", ""),
        *("shop.example", URL),  # the first is no address
        *("Corner Shop Ltd", "", "", "", "", "Nobody", ""),
        *("", "", "", "", "", "n"),
    )
    command = ["notice", "new", "--ask", "--policy", "us-il-bipa", "-o", str(target)]
    result = CliRunner().invoke(app, command, input="\n".join([*said, ""]))
    assert result.exit_code == 0, result.output
    assert "choose from face_detection" in result.output
    assert result.output.count("does not look right") == 2
    made = load_notice(target)
    assert check_notice(made, load_policy("us-il-bipa")) == ()
    assert made.notice_id == "corner-shop"
    assert made.items[NoticeItem.CONTROLLER_NAME].en == "Corner Shop Ltd"
    assert made.items[NoticeItem.THIRD_PARTIES].en == "Nobody"
    assert NoticeItem.SECURITY_MEASURES not in made.items
    assert made.placements[0].url == URL
    assert made.purposes[0].id == "in_store_safety"


def test_what_stays_open_is_named_when_nobody_can_be_asked(tmp_path: Path) -> None:
    """FG-N02."""
    refused = faceguard("notice", "new", "--no-ask", "--suggested", cwd=tmp_path)
    assert refused.returncode == 2
    assert "`purposes.0.text.ja`" in refused.stderr
    assert "`placements.web.url`" in refused.stderr
    assert "--set" in refused.stderr
    assert not (tmp_path / "notice.toml").exists()


def test_an_incomplete_notice_is_not_rendered(tmp_path: Path) -> None:
    """FG-N02: no file is left behind."""
    (tmp_path / "answers.toml").write_text(ANSWERS, encoding="utf-8")
    assert (
        faceguard("notice", "new", "--answers", "answers.toml", "--suggested", "--no-ask", cwd=tmp_path).returncode == 0
    )
    refused = faceguard("notice", "render", "notice.toml", "-o", "signs", "--policy", "uk", cwd=tmp_path)
    assert refused.returncode == 2
    assert "`dpo_contact`" in refused.stderr
    assert not (tmp_path / "signs").exists()
    unknown = faceguard("notice", "render", "notice.toml", "-o", "sign.gif", cwd=tmp_path)
    assert unknown.returncode == 2
    assert "pdf, png, html, md" in unknown.stderr


@pytest.mark.parametrize("wrong", ["purposes = 3", 'purposes = "x"', "placements = {}", "items = []", "functions = 7"])
def test_answers_of_a_wrong_shape_are_an_error_and_no_file(wrong: str, tmp_path: Path) -> None:
    (tmp_path / "answers.toml").write_text(wrong, encoding="utf-8")
    target = tmp_path / "shop.toml"
    command = ["notice", "new", "--suggested", "--no-ask", "--policy", "us-il-bipa", "-o", str(target)]
    given = ["purposes.0.text.en", "placements.web.url", "items.controller_name.en", "items.third_parties.en"]
    settings = [part for key in given for part in ("--set", f"{key}=https://a.example")]
    result = CliRunner().invoke(app, [*command, "--answers", str(tmp_path / "answers.toml"), *settings])
    assert isinstance(result.exception, ConfigurationError), result.exception
    assert not target.exists()

"""`faceguard breach`: what a loss concerned, and who has to be told by when."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceguard.cli.language import Language
from faceguard.cli.rights_options import AsJson, Index, PolicyName, open_index
from faceguard.cli.terminal import printable
from faceguard.cli.times import now, parse_time
from faceguard.errors import ConfigurationError

if TYPE_CHECKING:
    from faceguard.rights.breach import BreachReport

_WORDS = {
    "en": {
        "head": "{assets} outputs: {shown} faces shown ({minors} of them possible minors), {covered} covered",
        "people": "at most {people} people; nobody is recognised, so one person in two outputs counts twice",
        "subjects": "{subjects} people are known by your keys (shown here as the index's hashes):",
        "unknown": "{unknown} files there are not in the index; look at them by hand:",
        "authorities": "tell: {authorities}",
        "many": "more than {limit} people: under Japan's APPI that alone has to be reported",
        "preliminary_report": "preliminary report by {due}",
        "final_report": "final report by {due}",
        "final_report_wrongful": "final report by {due} if it was, or may have been, done for a wrongful purpose",
        "individual_notice:required": "tell the people concerned",
        "individual_notice:when_high_risk": "tell the people concerned when the risk to them is high",
        "individual_notice:may_be_relaxed": "tell the people concerned; rules in the making may relax it",
    },
    "ja": {
        "head": "出力 {assets} 件：写っている顔 {shown}（うち未成年の可能性 {minors}）、塗りつぶし済み {covered}",
        "people": "最大 {people} 人（顔の照合はしないため、同じ人を重ねて数えることがあります）",
        "subjects": "事業者のキーで特定できる方 {subjects} 人（索引のハッシュで表示）：",
        "unknown": "索引にないファイル {unknown} 件。人が確認してください：",
        "authorities": "報告先：{authorities}",
        "many": "{limit} 人を超えています。個人情報保護法ではそれだけで報告の対象です",
        "preliminary_report": "速報の期限：{due}",
        "final_report": "確報の期限：{due}",
        "final_report_wrongful": "不正の目的によるおそれがあるときの確報の期限：{due}",
        "individual_notice:required": "本人への通知が必要です",
        "individual_notice:when_high_risk": "リスクが高いときは本人への通知が必要です",
        "individual_notice:may_be_relaxed": "本人への通知が必要です（今後の規則で緩和されることがあります）",
    },
}


def breach(
    index: Index,
    lost: Annotated[
        list[Path] | None,
        typer.Option("--lost", metavar="PATH", help="A lost folder or file, there or not any more; repeatable."),
    ] = None,
    since: Annotated[str | None, typer.Option("--since", metavar="TIME", help="Outputs made from then on.")] = None,
    until: Annotated[str | None, typer.Option("--until", metavar="TIME", help="Outputs made up to then.")] = None,
    noticed: Annotated[
        str | None, typer.Option("--noticed", metavar="TIME", help="When the loss became known; by default now.")
    ] = None,
    policy: PolicyName = "jp-appi-2026",
    language: Annotated[Language, typer.Option("--language", help="Of the report.")] = Language.EN,
    as_json: AsJson = False,
) -> None:
    """Says what a loss concerned: which outputs, how many people and possible minors, and the policy's deadlines.

    Name what was lost by its place (`--lost`), by when it was made (`--since`, `--until`), or both.
    """
    from faceguard.policy.load import load_policy
    from faceguard.rights.breach import report_breach

    if not lost and since is None and until is None:
        raise ConfigurationError("say what was lost: `--lost PATH`, or `--since` and `--until`", key="lost")
    report = report_breach(
        open_index(index),
        load_policy(policy),
        lost=tuple(lost or ()),
        since=None if since is None else parse_time(since),
        until=None if until is None else parse_time(until),
        noticed_at=now() if noticed is None else parse_time(noticed),
    )
    print(json.dumps(_document(report), indent=2, ensure_ascii=False) if as_json else _text(report, language.value))


def _text(report: BreachReport, language: str) -> str:
    from faceguard.rights.breach import APPI_MANY_PEOPLE

    words = _WORDS[language]
    lines = [
        words["head"].format(
            assets=len(report.assets),
            shown=report.shown,
            minors=report.possible_minors_shown,
            covered=report.covered,
        ),
        words["people"].format(people=report.people_at_most),
    ]
    lines += [f"  {printable(asset.output.path)}  {asset.output.record_id}" for asset in report.assets]
    if report.subjects:
        lines.append(words["subjects"].format(subjects=len(report.subjects)))
        lines += [f"  {subject}" for subject in report.subjects]
    if report.unknown:
        lines.append(words["unknown"].format(unknown=len(report.unknown)))
        lines += [f"  {printable(path)}" for path in report.unknown]
    lines.append(words["authorities"].format(authorities=", ".join(report.authorities)))
    if report.people_at_most > APPI_MANY_PEOPLE and "PPC" in report.authorities:
        lines.append(words["many"].format(limit=APPI_MANY_PEOPLE))
    for deadline in report.deadlines:
        due = "" if deadline.due_at is None else f"{deadline.due_at:%Y-%m-%d %H:%M} UTC"
        note = f"; {deadline.note}" if deadline.note else ""
        lines.append(f"{words[deadline.what].format(due=due)}  ({deadline.key}, {', '.join(deadline.basis)}{note})")
    return "\n".join(lines)


def _document(report: BreachReport) -> dict[str, object]:
    return {
        "noticed": report.noticed_at.isoformat(),
        "outputs": [
            {
                "path": str(asset.output.path),
                "record_id": asset.output.record_id,
                "made": asset.output.made_at.isoformat(),
                "shown": asset.shown,
                "covered": asset.covered,
                "possible_minors_shown": asset.possible_minors_shown,
                "subjects": list(asset.subjects),
            }
            for asset in report.assets
        ],
        "faces_shown": report.shown,
        "faces_covered": report.covered,
        "possible_minors_shown": report.possible_minors_shown,
        "people_at_most": report.people_at_most,
        "subjects": list(report.subjects),
        "files_not_in_index": [str(path) for path in report.unknown],
        "authorities": list(report.authorities),
        "deadlines": [
            {
                "what": deadline.what,
                "due": None if deadline.due_at is None else deadline.due_at.isoformat(),
                "key": deadline.key,
                "basis": list(deadline.basis),
                "note": deadline.note,
            }
            for deadline in report.deadlines
        ],
    }

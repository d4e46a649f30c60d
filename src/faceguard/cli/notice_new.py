"""`faceguard notice new`: asks for what a policy requires, and writes a notice that can be bound."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceguard.cli.language import Languages

if TYPE_CHECKING:
    from datetime import datetime

    from faceguard.policy.document import Policy
    from faceguard.policy.draft import Draft, Question
    from faceguard.policy.notice import HandlingNotice
    from faceguard.policy.policy_terms import Locale


def new(
    output: Annotated[Path, typer.Option("--output", "-o", help="The TOML file to write.")] = Path("notice.toml"),
    policy: Annotated[str, typer.Option(help="A preset, a file, or presets joined by `+`.")] = "jp-appi-2026",
    language: Annotated[
        Languages | None, typer.Option(help="Languages of the notice besides those that the policy requires.")
    ] = None,
    answers: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Answers so far: a TOML file in the shape of a notice.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=TEXT", help="One answer, as in items.contact.en=...; repeatable."),
    ] = None,
    suggested: Annotated[
        bool, typer.Option("--suggested", help="Take the suggested text wherever there is one; read it afterwards.")
    ] = False,
    ask: Annotated[
        bool | None, typer.Option("--ask/--no-ask", help="Ask for what is missing; by default at a terminal only.")
    ] = None,
    effective_from: Annotated[
        str | None, typer.Option(metavar="TIME", help="From when it holds, ISO 8601; by default from now.")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file if it exists.")] = False,
) -> None:
    """Asks for what the policy requires and writes the notice; with answers for everything, asks nothing."""
    from faceguard.atomic import write_atomic
    from faceguard.cli.times import now, parse_time
    from faceguard.errors import EncodeError
    from faceguard.policy.load import load_policy
    from faceguard.policy.notice_text import notice_toml

    if output.exists() and not overwrite:
        raise EncodeError(f"`{output}` exists; choose another output or pass --overwrite", path=output)
    rules = load_policy(policy)
    locales = _locales(rules, language)
    draft = _answers_so_far(answers, settings or [])
    _complete(draft, rules, locales, suggested=suggested, ask=sys.stdin.isatty() if ask is None else ask)
    notice = _notice(draft, output, parse_time(effective_from) if effective_from else now())
    comment = f"Written for {rules.policy_id} {rules.version}. Not legal advice: read it through before it is shown."
    write_atomic(output, notice_toml(notice, comment=comment).encode("utf-8"), overwrite=overwrite)
    purpose = notice.purposes[0].id
    print(f"{output}: {notice.notice_id} {notice.version}, complete for {rules.policy_id}")
    print(f"next: faceguard notice check {output} --policy {policy} --purpose {purpose}")
    print(f"      faceguard notice render {output} --policy {policy} -o signs/")


def _locales(policy: Policy, language: Languages | None) -> tuple[Locale, ...]:
    from faceguard.policy.policy_terms import Locale

    more = language.locales if language is not None else ()
    return tuple(locale for locale in Locale if locale in {*policy.notice.locales.value, *more})


def _answers_so_far(answers: Path | None, settings: list[str]) -> Draft:
    from faceguard.errors import ConfigurationError, NoticeError
    from faceguard.policy.draft import put
    from faceguard.policy.toml_file import read_toml

    draft: Draft = read_toml(answers, error=NoticeError, what="answers file").value if answers is not None else {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals:
            raise ConfigurationError(f"`{setting}` is no answer; write it as items.contact.en=TEXT", value=setting)
        put(draft, key.strip(), text)
    return draft


def _complete(draft: Draft, policy: Policy, locales: tuple[Locale, ...], *, suggested: bool, ask: bool) -> None:
    """Fills the gaps of `draft`. Raises NoticeIncomplete, naming all that stays open, when nobody can be asked."""
    from faceguard.errors import NoticeIncomplete
    from faceguard.policy.draft import next_question, put

    skipped: list[str] = []
    missing: list[str] = []
    while True:
        question = next_question(draft, policy, locales, skipped=skipped)
        if question is None:
            if ask and typer.confirm("Another purpose?", default=False):
                draft["purposes"].append({})
                continue
            break
        if suggested and question.suggestion:
            put(draft, question.key, question.suggestion)
        elif ask and (answer := _ask(question)):
            put(draft, question.key, answer)
        else:
            skipped.append(question.key)
            missing += [] if question.optional else [question.key]
    if missing:
        raise NoticeIncomplete(
            f"`{policy.policy_id}` requires answers to {', '.join(f'`{key}`' for key in missing)}; "
            "give them by `--answers` or `--set`, take suggestions by `--suggested`, or run it at a terminal",
            missing=missing,
        )


def _ask(question: Question) -> str:
    """One answer from the terminal; empty only when the question is optional."""
    from faceguard.policy.draft import LIST_OF_WORDS

    suffix = f" ({' / '.join(question.choices)})" if question.choices else ""
    suffix += " (Enter to leave it out)" if question.optional and not question.suggestion else ""
    while True:
        default = question.suggestion or ("" if question.optional else None)
        answer = str(typer.prompt(f"{question.text}{suffix}", default=default, show_default=bool(default))).strip()
        words = [word.strip() for word in answer.split(",")] if question.key in LIST_OF_WORDS else [answer]
        if question.choices and not all(word in question.choices for word in words):
            print(f"choose from {', '.join(question.choices)}")
        elif question.pattern and not re.fullmatch(question.pattern, answer):
            print("that does not look right; mind letters and signs")
        else:
            return answer


def _notice(draft: Draft, output: Path, effective_from: datetime) -> HandlingNotice:
    from faceguard.errors import NoticeError
    from faceguard.policy.notice import HandlingNotice
    from faceguard.policy.toml_file import TomlFile, parse

    whole = {"schema_version": 1, "version": "1.0", "effective_from": effective_from.isoformat(), **draft}
    return parse(HandlingNotice, whole, TomlFile(output, "", {}), error=NoticeError)

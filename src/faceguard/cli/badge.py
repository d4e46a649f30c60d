"""`faceguard badge`: badges that people wear at an event, so that a camera knows whose face is above."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from faceguard.cli.language import Languages
from faceguard.cli.times import now, parse_time
from faceguard.errors import ConfigurationError, ConsentError

if TYPE_CHECKING:
    from faceguard.policy.badge import Badge, BadgeList
    from faceguard.signing import SigningKey

app = typer.Typer(
    help="Badges worn at an event: make, print, try out, revoke. A badge names a face; consents decide the rest.",
    no_args_is_help=True,
)

DEFAULT_HOURS = 12
MAX_HOURS = 72

ListFile = Annotated[
    Path, typer.Option("--list", metavar="BADGES.json", help="The event's signed badge list; keep it to yourself.")
]
Key = Annotated[Path, typer.Option("--key", metavar="KEY.pem", help="The private key that signs the list.")]
TrustedKeysFile = Annotated[
    Path, typer.Option("--trusted-keys", metavar="FILE", help="The public keys that may sign the badge list.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Prints JSON for machines.")]


class Kind(StrEnum):
    """As `faceguard.policy.badge.BadgeKind`."""

    QR = "qr"
    ARUCO = "aruco"


@app.command("new")
def new(
    subjects: Annotated[
        list[str],
        typer.Argument(metavar="KEY...", help="Whose badges, by the keys of your consents.", show_default=False),
    ],
    event: Annotated[str, typer.Option("--event", metavar="NAME", help="The event, as the consents name it.")],
    badges: ListFile,
    key: Key,
    kind: Annotated[
        Kind, typer.Option("--kind", help="qr: signed in itself. aruco: read from farther, copied more easily.")
    ] = Kind.QR,
    valid_from: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="From when, ISO 8601; by default from now.")
    ] = None,
    hours: Annotated[int, typer.Option("--hours", min=1, max=MAX_HOURS, help="How long.")] = DEFAULT_HOURS,
    age: Annotated[
        int | None,
        typer.Option("--age", min=0, max=130, help="Their age in years: a face that can't be so young is not theirs."),
    ] = None,
) -> None:
    """Makes a badge for each KEY and adds it to the signed list, which is made if there is none."""
    from faceguard.policy.badge import BadgeKind, BadgeList, new_badge

    moment, signer = now(), _signer(key)
    known = _own_list(badges, signer, moment) if badges.exists() else BadgeList.new(event, moment=moment)
    if known.event != event:
        raise ConsentError(f"`{badges}` is for `{known.event}`; name another file for `{event}`", path=badges)
    start = parse_time(valid_from) if valid_from else moment
    made: list[Badge] = []
    for subject in subjects:
        badge = new_badge(
            known,
            subject,
            BadgeKind(kind.value),
            valid_from=start,
            valid_to=start + timedelta(hours=hours),
            moment=moment,
            declared_age=age,
        )
        made.append(badge)
        known = known.changed([badge], moment=moment)
    _write(badges, known, signer)
    for badge in made:
        print(_line(badge))
    print(f"{badges}: {len(known.badges)} badges for `{known.event}`; print them with `faceguard badge sheet`")


@app.command("sheet")
def sheet(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="OUT", help="Where to: a .pdf, or a .png for each page.")
    ],
    badges: ListFile,
    key: Key,
    badge_id: Annotated[
        list[str] | None,
        typer.Option("--badge", metavar="ID", help="Only this one; repeatable. By default all that hold."),
    ] = None,
    language: Annotated[Languages, typer.Option("--language", help="Of the words on the cards.")] = Languages.BOTH,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replaces existing files.")] = False,
) -> None:
    """Sets the badges as cards to print, cut out and wear: four on an A4 page."""
    from faceguard.atomic import make_folder, write_atomic
    from faceguard.signage.badge_sheet import CardForm, badge_sheet

    moment, signer = now(), _signer(key)
    suffix = output.suffix.lower()
    if suffix not in (".pdf", ".png"):
        raise ConfigurationError(f"`{output}` has no known format; end it in .pdf or .png", path=output)
    known = _own_list(badges, signer, moment)
    if badge_id:
        chosen = [_find(known, each, badges) for each in badge_id]
    else:
        chosen = [badge for badge in known.badges if badge.revoked_at is None and moment < badge.valid_to]
    if not chosen:
        raise ConfigurationError(
            f"`{badges}` has no badge that holds; make one with `faceguard badge new`", path=badges
        )
    form = CardForm(language.locales)
    pages = badge_sheet(known, chosen, form, signer, format="pdf" if suffix == ".pdf" else "png", moment=moment)
    targets = (
        [output]
        if len(pages) == 1
        else [output.with_name(f"{output.stem}-{number}{output.suffix}") for number in range(1, len(pages) + 1)]
    )
    make_folder(output.parent)
    for target, page in zip(targets, pages, strict=True):
        write_atomic(target, page, overwrite=overwrite)
        print(target)


@app.command("list")
def list_badges(badges: ListFile, trusted_keys: TrustedKeysFile, as_json: AsJson = False) -> None:
    """Lists the badges, whose they are, and whether they hold now."""
    from faceguard.policy.badge import read_badges
    from faceguard.signing import TrustedKeys

    moment = now()
    known = read_badges(badges, TrustedKeys.load(trusted_keys), moment=moment)
    if as_json:
        print(known.model_dump_json(indent=2, exclude_none=True))
        return
    print(f"{known.event}  (version {known.sequence} of {known.issued_at:%Y-%m-%d %H:%M} UTC)")
    for badge in known.badges:
        print(_line(badge, moment))


@app.command("revoke")
def revoke(
    badge_id: Annotated[
        str, typer.Argument(metavar="ID", help="The badge's number, or how it begins, as printed on it.")
    ],
    badges: ListFile,
    key: Key,
) -> None:
    """Ends a badge that is lost, copied or handed on: from now on it links nobody, whenever a picture was taken."""
    moment, signer = now(), _signer(key)
    known = _own_list(badges, signer, moment)
    badge = _find(known, badge_id, badges)
    _write(badges, known.changed([badge.model_copy(update={"revoked_at": moment})], moment=moment), signer)
    print(f"badge {badge.badge_id} of `{badge.subject}` is revoked")


@app.command("refresh")
def refresh(badges: ListFile, key: Key) -> None:
    """Confirms that the list's revocations are complete as of now; a list that nobody confirms links nobody in time."""
    moment, signer = now(), _signer(key)
    known = _own_list(badges, signer, moment)
    _write(badges, known.changed((), moment=moment), signer)
    print(f"{badges}: confirmed at {moment.isoformat()}")


@app.command("check")
def check(
    picture: Annotated[
        Path, typer.Argument(metavar="PICTURE", help="A photo or a scan of badges.", show_default=False)
    ],
    badges: ListFile,
    trusted_keys: TrustedKeysFile,
    captured_at: Annotated[
        str | None, typer.Option("--captured-at", metavar="TIME", help="When it was taken; by default now.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tries out printed badges: says which can be read in a photo, how large they are, and what each is worth.

    Nobody's face is looked for. Exit code 0 when at least one valid badge was read.
    """
    from faceguard.badges.reader import read_all_codes
    from faceguard.media.detector_view import detector_images
    from faceguard.media.image import read_image
    from faceguard.policy.badge import BadgeRules, BadgeStanding, read_badges
    from faceguard.signing import TrustedKeys

    moment = now()
    keys = TrustedKeys.load(trusted_keys)
    known = read_badges(badges, keys, moment=moment)
    taken = parse_time(captured_at) if captured_at else moment
    rules = BadgeRules(known, keys, moment, taken, max_list_age=timedelta.max)
    found = []
    for code in read_all_codes(detector_images(read_image(picture).frames[0])[0]):
        verdict = rules.judge_marker(code.marker) if code.marker is not None else rules.judge_text(code.text or "")
        found.append((code, verdict))
    if as_json:
        print(
            json.dumps(
                [
                    {
                        "standing": verdict.standing.value,
                        "badge_id": verdict.badge.badge_id if verdict.badge else None,
                        "subject": verdict.badge.subject if verdict.badge else None,
                        "side_px": round(code.side_px),
                    }
                    for code, verdict in found
                ],
                indent=2,
            )
        )
    else:
        for code, verdict in found:
            whose = f"{verdict.badge.badge_id}  {verdict.badge.subject}" if verdict.badge else "-"
            print(f"{verdict.standing.value}  {whose}  {code.side_px:.0f} px wide")
    if not any(verdict.standing is BadgeStanding.VALID for _, verdict in found):
        raise ConfigurationError(
            f"no valid badge can be read in `{picture}`; come nearer, use more light, or print larger", path=picture
        )


def _signer(key: Path) -> SigningKey:
    from faceguard.signing import SigningKey

    return SigningKey.load(key)


def _own_list(path: Path, signer: SigningKey, moment: datetime) -> BadgeList:
    """The list, which must be signed by the key that is to sign it again. Raises ConsentError."""
    from faceguard.policy.badge import read_badges
    from faceguard.signing import TrustedKeys

    return read_badges(path, TrustedKeys((signer.public(),)), moment=moment)


def _write(path: Path, badges: BadgeList, signer: SigningKey) -> None:
    from faceguard.atomic import make_folder
    from faceguard.policy.badge import write_badges

    make_folder(path.parent)
    write_badges(path, badges, signer)


def _find(badges: BadgeList, badge_id: str, path: Path) -> Badge:
    """The badge whose number begins so; six digits are printed on the card. Raises ConsentError."""
    found = [badge for badge in badges.badges if badge_id and badge.badge_id.startswith(badge_id.lower())]
    if len(found) != 1:
        many = "several badges" if found else "no badge"
        raise ConsentError(
            f"`{path}` has {many} with a number like `{badge_id}`; see `faceguard badge list`", key=badge_id
        )
    return found[0]


def _line(badge: Badge, moment: datetime | None = None) -> str:
    marker = f" {badge.marker}" if badge.marker is not None else ""
    parts = [
        badge.badge_id,
        badge.subject,
        f"{badge.kind}{marker}",
        f"{_utc(badge.valid_from)} to {_utc(badge.valid_to)}",
    ]
    if badge.revoked_at is not None:
        parts.append(f"REVOKED {_utc(badge.revoked_at)}")
    elif moment is not None and moment >= badge.valid_to:
        parts.append("expired")
    return "  ".join(parts)


def _utc(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%MZ}"

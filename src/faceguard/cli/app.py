"""The `faceguard` command: registers the subcommands, and turns every error into one line and a true exit code."""

from __future__ import annotations

import errno
import os
import sys
import warnings

import typer

from faceguard.cli import age, audit, badge, bench, consent, keys, models, notice, policy, retention, rights
from faceguard.cli.batch import batch
from faceguard.cli.breach import breach
from faceguard.cli.doctor import doctor
from faceguard.cli.redact import redact
from faceguard.cli.statistics import statistics
from faceguard.cli.terminal import printable, write_any_letter
from faceguard.cli.video_plan import analyze, render
from faceguard.errors import EncodeError, FaceguardError

app = typer.Typer(
    name="faceguard",
    help="Makes pictures of people safe to handle: notice, detect, estimate age, check consent, redact, record.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
_HANDLING, _DOCUMENTS = "Pictures and videos", "Documents: who may be shown, and why"
_EVIDENCE, _INSTALLATION = "Afterwards: evidence and rights", "This installation"

app.command("redact", rich_help_panel=_HANDLING)(redact)
app.command("batch", rich_help_panel=_HANDLING)(batch)
app.command("analyze", rich_help_panel=_HANDLING)(analyze)
app.command("render", rich_help_panel=_HANDLING)(render)
app.command("statistics", rich_help_panel=_HANDLING)(statistics)
app.add_typer(policy.app, name="policy", rich_help_panel=_DOCUMENTS)
app.add_typer(notice.app, name="notice", rich_help_panel=_DOCUMENTS)
app.add_typer(consent.app, name="consent", rich_help_panel=_DOCUMENTS)
app.add_typer(badge.app, name="badge", rich_help_panel=_DOCUMENTS)
app.add_typer(keys.app, name="keys", rich_help_panel=_DOCUMENTS)
app.add_typer(audit.app, name="audit", rich_help_panel=_EVIDENCE)
app.add_typer(rights.app, name="rights", rich_help_panel=_EVIDENCE)
app.add_typer(retention.app, name="retention", rich_help_panel=_EVIDENCE)
app.command("breach", rich_help_panel=_EVIDENCE)(breach)
app.command("doctor", rich_help_panel=_INSTALLATION)(doctor)
app.add_typer(models.app, name="models", rich_help_panel=_INSTALLATION)
app.add_typer(bench.app, name="bench", rich_help_panel=_INSTALLATION)
app.add_typer(age.app, name="age", rich_help_panel=_INSTALLATION)
app.command("eval-age", hidden=True)(age.evaluate_ages)


_NOT_PRINTED = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF}
"""What a full or broken place for the output answers, without a file's name."""


def main() -> None:
    """Entry point. Exit codes are those of the error tree in `faceguard.errors`; 130 after Ctrl-C.

    When nobody reads the output to its end the code is 141, as of any program that a broken pipe ends: whether all
    went well can't be told any more.
    """
    write_any_letter()
    warnings.filterwarnings("ignore", module="PIL")  # of odd metadata, which doesn't survive anyway
    try:
        _run_and_flush()
    except FaceguardError as error:
        print(f"error: {printable(error.message)}", file=sys.stderr)
        raise SystemExit(error.exit_code) from error
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        raise SystemExit(130) from None
    except BrokenPipeError:
        os._exit(141)
    except OSError as error:
        if error.filename is not None or error.errno not in _NOT_PRINTED:
            raise _unexpected(error) from error
        print(
            f"error: standard output can't be written: {error.strerror}; what was asked for may be done all the same",
            file=sys.stderr,
            flush=True,
        )
        os._exit(EncodeError.exit_code)  # what is left to print would fail again
    except Exception as error:
        raise _unexpected(error) from error


def _run_and_flush() -> None:
    """What is still buffered is written here, where a failure can be told; a command ends by SystemExit."""
    try:
        app()
    except SystemExit:
        sys.stdout.flush()
        raise


def _unexpected(error: Exception) -> BaseException:
    """What to end with: the exit code after a line in words, or the error itself for whoever asked to see it."""
    if os.environ.get("FACEGUARD_DEBUG"):
        return error
    print(
        f"error: unexpected {type(error).__name__}: {printable(error)}; outputs are whole or absent. "
        "Set FACEGUARD_DEBUG=1 for the traceback and report it",
        file=sys.stderr,
    )
    return SystemExit(1)


if __name__ == "__main__":
    main()

"""What was already told of each source, so that several answers together don't tell more than one may.

With differential privacy the epsilons of one source add up (sequential composition) to a limit that is written when the
ledger is made and never raised. Exact counts of one source are given for one question only: the difference between two
tables with other intervals or bands could tell what both suppress. The two kinds don't mix.

Sources are named by a hash with the ledger's own salt: whoever has the file can find it, nobody can read its name.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from faceguard.errors import ConfigurationError

DEFAULT_LIMIT = 1.0
"""Total epsilon for one source, if nothing is said: the order of magnitude that the literature calls strong."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS ledger (salt TEXT NOT NULL, epsilon_limit REAL NOT NULL);
CREATE TABLE IF NOT EXISTS answers (
    source TEXT NOT NULL, question TEXT NOT NULL, epsilon REAL, time_utc TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS answers_of_source ON answers (source);
"""


@contextlib.contextmanager
def account(
    path: Path,
    sources_sha256: Sequence[str],
    *,
    question: str,
    epsilon: float | None,
    limit: float | None,
    moment: datetime,
) -> Iterator[float | None]:
    """Enters an answer for all of its sources, or for none, if the block ends well.

    Yields the most epsilon spent on any of them, this answer included. `question` says which table was asked for;
    `limit` is that of a new ledger, and may be lower for an old one. Raises ConfigurationError when the budget is used
    up, or when exact counts were given for another question.
    """
    with _opened(path, limit) as ledger:
        salt, epsilon_limit = ledger.execute("SELECT salt, epsilon_limit FROM ledger").fetchone()
        most = 0.0
        for sha256 in sources_sha256:
            source = hashlib.sha256(bytes.fromhex(salt) + bytes.fromhex(sha256)).hexdigest()
            rows = ledger.execute("SELECT question, epsilon FROM answers WHERE source = ?", (source,)).fetchall()
            if epsilon is None:
                _check_exact(rows, question, path)
            else:
                allowed = epsilon_limit if limit is None else min(limit, epsilon_limit)
                most = max(most, _check_budget(rows, epsilon, allowed, path))
            ledger.execute("INSERT INTO answers VALUES (?, ?, ?, ?)", (source, question, epsilon, moment.isoformat()))
        yield None if epsilon is None else most


def _check_budget(rows: Sequence[tuple[str, float | None]], epsilon: float, limit: float, path: Path) -> float:
    if any(spent is None for _, spent in rows):
        raise ConfigurationError(
            "exact counts of this source were given before, so noise can't protect it any more; count another source",
            key="epsilon",
            path=path,
        )
    total = math.fsum([epsilon, *(spent for _, spent in rows if spent is not None)])
    if total > limit * (1 + 1e-9):
        raise ConfigurationError(
            f"the privacy budget of a source is used up: {total - epsilon:g} of {limit:g} was spent and {epsilon:g} is "
            f"asked for; ask for less, or count another source (ledger `{path}`)",
            key="epsilon",
            expected=limit,
            actual=total,
            path=path,
        )
    return total


def _check_exact(rows: Sequence[tuple[str, float | None]], question: str, path: Path) -> None:
    if any(epsilon is not None for _, epsilon in rows):
        raise ConfigurationError(
            "this source was counted with differential privacy, and exact counts would undo it; pass `--epsilon`",
            key="epsilon",
            path=path,
        )
    if any(asked != question for asked, _ in rows):
        raise ConfigurationError(
            "this source was counted before in another way, and the difference of the two tables could tell what is "
            f"suppressed; ask the same question again, with the same sources, interval and bands (ledger `{path}`)",
            key="ledger",
            path=path,
        )


@contextlib.contextmanager
def _opened(path: Path, limit: float | None) -> Iterator[sqlite3.Connection]:
    """One transaction, alone; undone when the block raises."""
    connection = None
    try:
        connection = sqlite3.connect(path, timeout=30.0, isolation_level=None)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("BEGIN IMMEDIATE")
        _prepare(connection, path, limit)
        yield connection
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        raise ConfigurationError(
            f"the ledger `{path}` can't be used ({error}); check the file, its folder and its rights", path=path
        ) from error
    finally:
        if connection is not None:
            connection.close()  # undoes what wasn't committed


def _prepare(connection: sqlite3.Connection, path: Path, limit: float | None) -> None:
    for statement in _SCHEMA.split(";"):
        connection.execute(statement)
    known = connection.execute("SELECT epsilon_limit FROM ledger").fetchall()
    if not known:
        connection.execute("INSERT INTO ledger VALUES (?, ?)", (secrets.token_hex(16), limit or DEFAULT_LIMIT))
        path.chmod(0o600)
    elif limit is not None and limit > known[0][0]:
        raise ConfigurationError(
            f"the ledger `{path}` was made with a budget of {known[0][0]:g} for each source, which is never raised",
            key="budget",
            path=path,
        )

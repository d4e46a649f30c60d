"""Answers add up: the ledger refuses what would tell too much, and the noise is what it is said to be."""

from __future__ import annotations

import math
import sqlite3
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from faceguard.errors import ConfigurationError
from faceguard.statistics.ledger import account
from faceguard.statistics.noise import check_epsilon, with_noise

A, B = "a" * 64, "b" * 64
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def ask(
    path: Path, *sources: str, question: str = "q", epsilon: float | None = None, limit: float | None = None
) -> float | None:
    with account(path, sources or (A,), question=question, epsilon=epsilon, limit=limit, moment=NOW) as spent:
        return spent


def test_what_is_spent_on_a_source_adds_up_to_the_limit_and_no_further(tmp_path: Path) -> None:
    """FG-S02: a budget."""
    ledger = tmp_path / "ledger.db"
    assert ask(ledger, epsilon=0.4, limit=1.0) == pytest.approx(0.4)
    assert ask(ledger, epsilon=0.6) == pytest.approx(1.0)
    with pytest.raises(ConfigurationError, match="used up"):
        ask(ledger, epsilon=0.001)
    assert ask(ledger, B, epsilon=1.0) == pytest.approx(1.0)


def test_an_answer_that_isn_t_given_costs_nothing(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.db"
    with (
        pytest.raises(OSError, match="disk"),
        account(ledger, (A,), question="q", epsilon=0.9, limit=None, moment=NOW),
    ):
        raise OSError("disk full")
    assert ask(ledger, epsilon=1.0) == pytest.approx(1.0)


def test_a_refusal_for_one_source_spends_on_none(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.db"
    ask(ledger, B, epsilon=0.9)
    with pytest.raises(ConfigurationError, match="used up"):
        ask(ledger, A, B, epsilon=0.5)
    assert ask(ledger, A, epsilon=1.0) == pytest.approx(1.0)


def test_the_limit_of_a_ledger_is_never_raised(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.db"
    ask(ledger, epsilon=0.5, limit=0.5)
    with pytest.raises(ConfigurationError, match="never raised"):
        ask(ledger, B, epsilon=0.1, limit=2.0)
    with pytest.raises(ConfigurationError, match="used up"):
        ask(ledger, B, epsilon=0.3, limit=0.2)


def test_exact_counts_are_given_for_one_question_only(tmp_path: Path) -> None:
    """FG-S02: the difference of two tables could tell what both suppress."""
    ledger = tmp_path / "ledger.db"
    ask(ledger, A, B, question="every 15 minutes")
    ask(ledger, A, B, question="every 15 minutes")
    with pytest.raises(ConfigurationError, match="another way"):
        ask(ledger, A, question="every hour")
    with pytest.raises(ConfigurationError, match="exact counts"):
        ask(ledger, A, epsilon=0.1)


def test_exact_counts_don_t_follow_noisy_ones(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.db"
    ask(ledger, epsilon=0.1)
    with pytest.raises(ConfigurationError, match="undo"):
        ask(ledger)


def test_sources_can_t_be_looked_up_by_their_hash(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.db"
    ask(ledger)
    assert A.encode() not in ledger.read_bytes()
    assert ledger.stat().st_mode & 0o077 == 0


def test_a_ledger_that_is_no_database_is_refused(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.db"
    ledger.write_bytes(b"not a database at all" * 100)
    with pytest.raises(ConfigurationError, match="can't be used"):
        ask(ledger, epsilon=0.1)


def _spend(path: Path) -> bool:
    try:
        ask(path, epsilon=0.25)
    except ConfigurationError:
        return False
    return True


def test_two_at_once_can_t_spend_the_same_budget_twice(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.db"
    ask(ledger, B, epsilon=0.1)
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(_spend, [ledger] * 8)) == 4
    rows = sqlite3.connect(ledger).execute("SELECT count(*) FROM answers").fetchone()
    assert rows[0] == 5


def test_the_noise_has_the_size_that_epsilon_says() -> None:
    """FG-S02: the discrete Laplace distribution of scale 1/epsilon has P(0) = tanh(epsilon / 2)."""
    noisy = with_noise(np.full((100, 100), 1000, np.int64), 0.5) - 1000
    found = Counter(noisy.ravel().tolist())
    assert found[0] / 10_000 == pytest.approx(math.tanh(0.25), abs=0.025)
    assert np.abs(noisy).mean() == pytest.approx(1 / math.sinh(0.5), rel=0.1)


def test_noise_falls_on_cells_without_people_and_never_below_zero() -> None:
    noisy = with_noise(np.zeros((50, 50), np.int64), 0.2)
    assert noisy.min() == 0
    assert noisy.max() > 3


@pytest.mark.parametrize("epsilon", [0.0, -1.0, 11.0, math.inf, math.nan])
def test_a_budget_that_protects_nobody_is_refused(epsilon: float) -> None:
    with pytest.raises(ConfigurationError, match="no privacy budget"):
        check_epsilon(epsilon)

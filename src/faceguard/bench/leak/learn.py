"""What an attacker can learn from redactions it made itself of other people: plain linear algebra, no framework."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from faceguard.bench.leak.crops import unit_rows

Matrix = NDArray[np.float64]

VALIDATION_SHARE = 0.2
PENALTIES = (1e-3, 1e-2, 1e-1, 1.0, 10.0)


@dataclass(frozen=True, slots=True, eq=False)
class Components:
    """Principal components: `mean` `(D,)`, `axes` `(D, K)`."""

    mean: Matrix
    axes: Matrix

    def __call__(self, rows: Matrix) -> Matrix:
        return (rows - self.mean) @ self.axes

    def back(self, codes: Matrix) -> Matrix:
        return codes @ self.axes.T + self.mean


def principal(rows: Matrix, count: int) -> Components:
    """The first `count` principal components, fewer if the rows have fewer."""
    mean = rows.mean(axis=0)
    centred = rows - mean
    if len(rows) < rows.shape[1]:  # fewer rows than dimensions: the small Gram matrix has the same spectrum
        squares, codes = np.linalg.eigh(centred @ centred.T)
        kept = _strongest(squares, count)
        return Components(mean, centred.T @ (codes[:, kept] / np.sqrt(squares[kept])))
    squares, axes = np.linalg.eigh(centred.T @ centred)
    return Components(mean, axes[:, _strongest(squares, count)])


def _strongest(squares: Matrix, count: int) -> NDArray[np.intp]:
    """Which of the ascending `squares` of singular values to keep: the largest, and none that is rounding error."""
    order = np.argsort(squares)[::-1][:count]
    return np.asarray(order[squares[order] > max(1e-10 * squares.max(), 1e-12)], np.intp)


def discriminant(rows: Matrix, persons: NDArray[np.str_], probes: Matrix) -> tuple[Matrix, Matrix]:
    """Both `rows` and `probes` in the space that best tells the persons of `rows` apart (PCA, then Fisher's LDA)."""
    parts = principal(rows, 120)
    codes, others = parts(rows), parts(probes)
    if not codes.shape[1]:
        return np.zeros((len(rows), 1)), np.zeros((len(probes), 1))
    names, which = np.unique(persons, return_inverse=True)
    means = np.stack([codes[which == number].mean(axis=0) for number in range(len(names))])
    within = np.cov((codes - means[which]).T).reshape(codes.shape[1], -1)
    within += np.eye(len(within)) * max(np.trace(within) / len(within), 1e-9) * 0.2
    values, vectors = np.linalg.eigh(within)
    white = vectors / np.sqrt(values)
    axes = white @ principal(means @ white, min(len(names) - 1, 60)).axes
    middle = codes.mean(axis=0)
    return (codes - middle) @ axes, (others - middle) @ axes


def ridge(inputs: Matrix, targets: Matrix, probes: Matrix) -> Matrix:
    """Targets for `probes` by ridge regression on `inputs`; the penalty is the best one on held-out rows."""
    parts = principal(inputs, 300)
    codes, asked = parts(inputs), parts(probes)
    scale = (codes.std() if codes.size else 0.0) + 1e-9
    return _fitted(lambda a, b: a @ b.T, codes / scale, targets, asked / scale)


def kernel_ridge(inputs: Matrix, targets: Matrix, probes: Matrix) -> Matrix:
    """The same with a Gaussian kernel whose width is the median distance: learns what is not linear as well."""
    parts = principal(inputs, 200)
    codes, asked = parts(inputs), parts(probes)
    width = np.median(_squares(codes[:200], codes[:200])) + 1e-9
    return _fitted(lambda a, b: np.exp(-_squares(a, b) / width), codes, targets, asked)


def _squares(a: Matrix, b: Matrix) -> Matrix:
    return np.asarray(np.maximum((a**2).sum(1)[:, None] + (b**2).sum(1)[None] - 2 * a @ b.T, 0.0))


def _fitted(kernel: Callable[[Matrix, Matrix], Matrix], inputs: Matrix, targets: Matrix, probes: Matrix) -> Matrix:
    order = np.random.default_rng(0).permutation(len(inputs))
    held = order[: max(1, int(len(order) * VALIDATION_SHARE))]
    train = order[len(held) :]
    middle = targets.mean(axis=0)
    gram = kernel(inputs, inputs)

    def weights(rows: NDArray[np.intp], penalty: float) -> Matrix:
        some = gram[np.ix_(rows, rows)]
        penalised = some + penalty * np.eye(len(rows)) * max(np.trace(some) / len(rows), 1e-9)
        return np.asarray(np.linalg.solve(penalised, targets[rows] - middle))

    def loss(penalty: float) -> float:
        return float(((gram[np.ix_(held, train)] @ weights(train, penalty) + middle - targets[held]) ** 2).mean())

    best = min(PENALTIES, key=loss)
    return np.asarray(kernel(probes, inputs) @ weights(np.arange(len(inputs)), best) + middle)


def cosine(probes: Matrix, gallery: Matrix) -> Matrix:
    """Cosine of each probe with each row of `gallery`."""
    return unit_rows(probes) @ unit_rows(gallery).T

"""The Merkle tree of RFC 9162, section 2.1: one hash that stands for all lines of a log, in their order.

    leaf  = SHA-256(0x00 || bytes of the line)        node = SHA-256(0x01 || left || right)

A tree of n leaves splits at the largest power of two below n. Whoever holds a root can be shown with a few hashes that
a line is under it (inclusion), and that a later root has all of an earlier one at its beginning (consistency).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

HASH_BYTES = 32


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree that can only grow: its size and the roots of its full subtrees, largest first, and no leaf.

    Growing by one leaf costs one hash on average and never more than log2(size).
    """

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.peaks) != self.size.bit_count():
            raise ValueError(f"a tree of {self.size} leaves does not have {len(self.peaks)} full subtrees")
        if any(len(peak) != HASH_BYTES for peak in self.peaks):
            raise ValueError("a hash of a tree has 32 bytes")

    def grown(self, leaf: bytes) -> Tree:
        """The tree with one more leaf, given by its hash."""
        peaks, node, size = list(self.peaks), leaf, self.size
        while size & 1:
            node, size = _node(peaks.pop(), node), size >> 1
        return Tree(self.size + 1, (*peaks, node))

    @property
    def root(self) -> bytes:
        """The hash of the whole tree; of an empty one that of nothing."""
        if not self.peaks:
            return hashlib.sha256(b"").digest()
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = _node(peak, root)
        return root


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes."""
    tree = Tree()
    for leaf in leaves:
        tree = tree.grown(leaf)
    return tree.root


# ----------------------------------------------------------------------------------------------------- proofs


def inclusion_path(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """PATH(index, leaves) of section 2.1.3.1: the hashes beside the way from leaf `index` to the root, lowest first."""
    if not 0 <= index < len(leaves):
        raise ValueError(f"a tree of {len(leaves)} leaves has no leaf {index}")
    if len(leaves) == 1:
        return ()
    split = _split(len(leaves))
    if index < split:
        return (*inclusion_path(leaves[:split], index), root_of(leaves[split:]))
    return (*inclusion_path(leaves[split:], index - split), root_of(leaves[:split]))


def consistency_path(leaves: Sequence[bytes], old_size: int) -> tuple[bytes, ...]:
    """PROOF(old_size, leaves) of section 2.1.4.1; empty when nothing was added, or when there was nothing."""
    if not 0 <= old_size <= len(leaves):
        raise ValueError(f"a tree of {len(leaves)} leaves never grew from {old_size}")
    return () if old_size in (0, len(leaves)) else _subproof(leaves, old_size, is_known=True)


def _subproof(leaves: Sequence[bytes], old_size: int, *, is_known: bool) -> tuple[bytes, ...]:
    if old_size == len(leaves):
        return () if is_known else (root_of(leaves),)
    split = _split(len(leaves))
    if old_size <= split:
        return (*_subproof(leaves[:split], old_size, is_known=is_known), root_of(leaves[split:]))
    return (*_subproof(leaves[split:], old_size - split, is_known=False), root_of(leaves[:split]))


def _split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


def includes(root: bytes, size: int, index: int, leaf: bytes, path: Sequence[bytes]) -> bool:
    """Whether `path` proves that `leaf` is leaf `index` of the tree of `size` under `root` (section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, node = index, size - 1, leaf
    for beside in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            node = _node(beside, node)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            node = _node(node, beside)
        place, last = place >> 1, last >> 1
    return last == 0 and node == root


def is_consistent(old_root: bytes, old_size: int, root: bytes, size: int, path: Sequence[bytes]) -> bool:
    """Whether `path` proves that the tree under `root` begins with all of that under `old_root` (section 2.1.4.2)."""
    if not 0 <= old_size <= size:
        return False
    if old_size in (0, size):
        return not path and (old_size == 0 or old_root == root)
    nodes = (old_root, *path) if old_size & (old_size - 1) == 0 else tuple(path)
    if not nodes:
        return False
    place, last = old_size - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = nodes[0]
    for beside in nodes[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = _node(beside, old), _node(beside, new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new = _node(new, beside)
        place, last = place >> 1, last >> 1
    return last == 0 and (old, new) == (old_root, root)

"""Claims about the Merkle tree: roots are those that others compute, proofs prove what is so and nothing else."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faceguard.audit.merkle import (
    Tree,
    consistency_path,
    includes,
    inclusion_path,
    is_consistent,
    leaf_hash,
    root_of,
)

INPUTS = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
"""The vectors that implementations of Certificate Transparency test themselves with (RFC 6962 and 9162 hash alike)."""
LEAVES = tuple(leaf_hash(bytes.fromhex(text)) for text in INPUTS)


def node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def test_roots_are_those_that_certificate_transparency_publishes() -> None:
    """FG-D01"""
    assert [root_of(LEAVES[: n + 1]).hex() for n in range(8)] == list(ROOTS)
    assert Tree().root.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_the_example_of_the_rfc() -> None:
    """FG-D01: RFC 9162, section 2.1.5, names the nodes of the proofs in a tree of seven leaves."""
    a, b, c, d, e, f, j = LEAVES[:7]
    g, h, i = node(a, b), node(c, d), node(e, f)
    k, l_ = node(g, h), node(i, j)
    seven = LEAVES[:7]
    assert root_of(seven) == node(k, l_)
    assert inclusion_path(seven, 0) == (b, h, l_)
    assert inclusion_path(seven, 3) == (c, g, l_)
    assert inclusion_path(seven, 4) == (f, j, k)
    assert inclusion_path(seven, 6) == (i, k)
    assert consistency_path(seven, 3) == (c, d, g, l_)
    assert consistency_path(seven, 4) == (l_,)
    assert consistency_path(seven, 6) == (i, j, k)


@given(size=st.integers(1, 70), data=st.data())
def test_every_leaf_is_proved_and_no_other_in_its_place(size: int, data: st.DataObject) -> None:
    """FG-D01"""
    leaves = [leaf_hash(bytes([n])) for n in range(size)]
    index = data.draw(st.integers(0, size - 1))
    root, path = root_of(leaves), inclusion_path(leaves, index)
    assert includes(root, size, index, leaves[index], path)
    other = data.draw(st.integers(0, size - 1).filter(lambda n: n != index or size == 1))
    if other != index:
        assert not includes(root, size, other, leaves[index], path)
        assert not includes(root, size, index, leaves[other], path)
    assert not includes(root, size, index, leaves[index], (*path, root))
    assert not path or not includes(root, size, index, leaves[index], path[:-1])
    assert not includes(leaf_hash(b"other"), size, index, leaves[index], path)


@given(size=st.integers(1, 70), data=st.data())
def test_growth_is_proved_and_rewriting_is_not(size: int, data: st.DataObject) -> None:
    """FG-D01"""
    leaves = [leaf_hash(bytes([n])) for n in range(size)]
    old = data.draw(st.integers(1, size))
    root, path = root_of(leaves), consistency_path(leaves, old)
    assert is_consistent(root_of(leaves[:old]), old, root, size, path)
    changed = data.draw(st.integers(0, old - 1))
    rewritten = [*leaves[:changed], leaf_hash(b"rewritten"), *leaves[changed + 1 :]]
    assert not is_consistent(root_of(leaves[:old]), old, root_of(rewritten), size, consistency_path(rewritten, old))
    assert not is_consistent(root_of(rewritten[:old]), old, root, size, path)
    assert not is_consistent(root_of(leaves[:old]), old, root, size, (*path, root))
    assert not path or not is_consistent(root_of(leaves[:old]), old, root, size, path[:-1])


def test_a_tree_says_when_its_parts_do_not_fit() -> None:
    for size, peaks in ((1, ()), (2, (b"x" * 32, b"x" * 32)), (1, (b"short",)), (-1, ())):
        with pytest.raises(ValueError, match="tree"):
            Tree(size, peaks)
    with pytest.raises(ValueError, match="no leaf"):
        inclusion_path(LEAVES, 8)
    with pytest.raises(ValueError, match="never grew"):
        consistency_path(LEAVES, 9)

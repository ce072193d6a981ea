"""The tree against the published vectors of RFC 6962 implementations, and against its own definition."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amana.evidence.tlog import merkle

# The reference tree of Certificate Transparency: github.com/transparency-dev/merkle, testonly.
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
A = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
B = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
C = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
D = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
E = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
F = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
INCLUSION = {
    (0, 1): [],
    (0, 8): [A, B, C],
    (5, 8): [D, E, ROOTS[4]],
    (2, 3): [ROOTS[2]],
    (1, 5): [ROOTS[1], B, D],
}
CONSISTENCY = {(1, 1): [], (1, 8): [A, B, C], (6, 8): [F, E, ROOTS[4]], (2, 5): [B, D]}

HASHES = [merkle.leaf_hash(leaf) for leaf in LEAVES]


def naive_root(leaves: list[bytes]) -> bytes:
    """MTH exactly as RFC 6962 §2.1 words it, over leaf data."""
    if len(leaves) <= 1:
        return hashlib.sha256(b"\0" + leaves[0] if leaves else b"").digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\1" + naive_root(leaves[:split]) + naive_root(leaves[split:])).digest()


def tree(size: int) -> list[bytes]:
    return [merkle.leaf_hash(number.to_bytes(4, "big")) for number in range(size)]


@pytest.mark.parametrize("size", range(9))
def test_roots_are_the_published_ones(size: int) -> None:
    assert merkle.root(HASHES[:size]).hex() == ROOTS[size]


@pytest.mark.parametrize(("place", "proof"), INCLUSION.items())
def test_inclusion_proofs_are_the_published_ones(place: tuple[int, int], proof: list[str]) -> None:
    index, size = place
    made = merkle.inclusion_proof(index, size, merkle.nodes_of(HASHES))

    assert [value.hex() for value in made] == proof
    merkle.verify_inclusion(index, size, HASHES[index], made, bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize(("sizes", "proof"), CONSISTENCY.items())
def test_consistency_proofs_are_the_published_ones(sizes: tuple[int, int], proof: list[str]) -> None:
    old, new = sizes
    made = merkle.consistency_proof(old, new, merkle.nodes_of(HASHES))

    assert [value.hex() for value in made] == proof
    merkle.verify_consistency(old, new, bytes.fromhex(ROOTS[old]), bytes.fromhex(ROOTS[new]), made)


@given(st.lists(st.binary(max_size=8), max_size=70))
def test_the_root_is_that_of_the_definition(leaves: list[bytes]) -> None:
    assert merkle.root([merkle.leaf_hash(leaf) for leaf in leaves]) == naive_root(leaves)


@given(st.data())
def test_every_inclusion_proof_verifies_and_for_nothing_else(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 300))
    index = data.draw(st.integers(0, size - 1))
    hashes = tree(size)
    root, proof = merkle.root(hashes), merkle.inclusion_proof(index, size, merkle.nodes_of(hashes))

    merkle.verify_inclusion(index, size, hashes[index], proof, root)

    other = data.draw(st.integers(0, size - 1).filter(lambda number: number != index) | st.just(size))
    with pytest.raises(ValueError, match=r"proof|leaf"):
        merkle.verify_inclusion(other, size, hashes[index], proof, root)
    with pytest.raises(ValueError, match="proof"):
        merkle.verify_inclusion(index, size, merkle.leaf_hash(b"else"), proof, root)


@given(st.data())
def test_every_consistency_proof_verifies_and_for_nothing_else(data: st.DataObject) -> None:
    new = data.draw(st.integers(1, 300))
    old = data.draw(st.integers(1, new))
    hashes = tree(new)
    before, after = merkle.root(hashes[:old]), merkle.root(hashes)
    proof = merkle.consistency_proof(old, new, merkle.nodes_of(hashes))

    merkle.verify_consistency(old, new, before, after, proof)

    forked = merkle.root([*hashes[: old - 1], merkle.leaf_hash(b"else")])
    with pytest.raises(ValueError, match="proof"):
        merkle.verify_consistency(old, new, forked, after, proof)
    with pytest.raises(ValueError, match="proof"):
        merkle.verify_consistency(old, new, before, bytes(32), proof)


@given(st.data())
def test_a_mangled_proof_never_verifies(data: st.DataObject) -> None:
    new = data.draw(st.integers(3, 200))
    old = data.draw(st.integers(2, new - 1))
    hashes = tree(new)
    before, after = merkle.root(hashes[:old]), merkle.root(hashes)
    proof = merkle.consistency_proof(old, new, merkle.nodes_of(hashes))
    place = data.draw(st.integers(0, len(proof) - 1))
    mangled = data.draw(
        st.sampled_from(
            [
                proof[:place] + proof[place + 1 :],
                [*proof[:place], bytes(32), *proof[place:]],
                [*proof[:place], bytes(32), *proof[place + 1 :]],
                [*proof, bytes(32)],
                [*proof[:place], proof[place][:31], *proof[place + 1 :]],
            ]
        )
    )

    with pytest.raises(ValueError, match=r"proof|hash"):
        merkle.verify_consistency(old, new, before, after, mangled)


def test_the_empty_tree_is_the_beginning_of_every_tree() -> None:
    merkle.verify_consistency(0, 8, merkle.EMPTY_ROOT, merkle.root(HASHES), [])

    with pytest.raises(ValueError, match="fit"):
        merkle.verify_consistency(0, 8, bytes(32), merkle.root(HASHES), [])


@pytest.mark.parametrize(("old", "new"), [(-1, 3), (4, 3)])
def test_a_tree_that_shrinks_has_no_proof(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="larger"):
        merkle.consistency_proof(old, new, merkle.nodes_of(HASHES))
    with pytest.raises(ValueError, match="larger"):
        merkle.verify_consistency(old, new, bytes(32), bytes(32), [])


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_a_leaf_outside_of_the_tree_has_no_proof(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no such leaf"):
        merkle.inclusion_proof(index, size, merkle.nodes_of(HASHES))
    with pytest.raises(ValueError, match="no such leaf"):
        merkle.verify_inclusion(index, size, bytes(32), [], bytes(32))

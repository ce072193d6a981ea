"""The chain as a pure computation: what a break is called and where it is found."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amana.evidence import CHAIN_START, Broken, Fault, Leaf, fold, leaf_bytes, verify_chain
from amana.kernel.ids import Seq

VECTOR = json.loads((Path(__file__).parents[1] / "vault" / "vectors.json").read_text(encoding="utf-8"))


def history(size: int) -> list[Leaf]:
    return [
        Leaf(10 + seq % 3, Seq(seq), 29_500_000 + seq // 4, hashlib.sha256(bytes([seq])).digest())
        for seq in range(1, size + 1)
    ]


def chains(leaves: Sequence[Leaf]) -> dict[Seq, bytes]:
    value, result = CHAIN_START, {}
    for leaf in leaves:
        value = fold(value, leaf)
        result[leaf.seq] = value
    return result


LEAVES = history(12)
CHAINS = chains(LEAVES)
HEAD = {Seq(12): CHAINS[Seq(12)]}


def test_the_vector_holds_and_is_recomputed_with_hashlib() -> None:
    chain = VECTOR["chain"]
    leaf = Leaf(chain["kind"], Seq(chain["seq"]), chain["minute"], bytes.fromhex(VECTOR["commitment"]))
    by_hand = (
        chain["kind"].to_bytes(2, "big")
        + chain["seq"].to_bytes(8, "big")
        + chain["minute"].to_bytes(8, "big")
        + bytes.fromhex(VECTOR["commitment"])
    )

    assert leaf_bytes(leaf) == by_hand == bytes.fromhex(chain["leaf"])
    assert len(by_hand) == 50
    assert fold(CHAIN_START, leaf) == hashlib.sha256(bytes(32) + by_hand).digest()
    assert fold(CHAIN_START, leaf).hex() == chain["after_zero"]


def test_a_whole_history_verifies() -> None:
    assert verify_chain(LEAVES, known=HEAD) is None
    assert verify_chain(LEAVES, known=CHAINS) is None
    assert verify_chain([], known={}) is None


def test_a_history_verifies_from_any_known_place() -> None:
    assert verify_chain(LEAVES[5:], known=HEAD, start_seq=Seq(5), start=CHAINS[Seq(5)]) is None
    assert verify_chain(LEAVES[5:], known=HEAD, start_seq=Seq(5), start=CHAINS[Seq(4)]) == Broken(
        Fault.CONTENT, Seq(6), Seq(12)
    )


def swapped(first: int, second: int) -> list[Leaf]:
    """Two entries exchange everything but their seq."""
    leaves = list(LEAVES)
    leaves[first], leaves[second] = (
        replace(leaves[second], seq=leaves[first].seq),
        replace(leaves[first], seq=leaves[second].seq),
    )
    return leaves


@pytest.mark.parametrize(
    ("leaves", "expected"),
    [
        (LEAVES[:6] + LEAVES[7:], Broken(Fault.GAP, Seq(7), Seq(7))),
        (LEAVES[1:], Broken(Fault.GAP, Seq(1), Seq(1))),
        (LEAVES[:-1], Broken(Fault.MISSING, Seq(12), Seq(12))),
        ([], Broken(Fault.MISSING, Seq(1), Seq(1))),
        (LEAVES[:4] + LEAVES[3:], Broken(Fault.ORDER, Seq(4), Seq(4))),
        ([*LEAVES[:4], LEAVES[5], LEAVES[4], *LEAVES[6:]], Broken(Fault.GAP, Seq(5), Seq(5))),
        ([*LEAVES, replace(LEAVES[-1], seq=Seq(13))], Broken(Fault.SURPLUS, Seq(13), Seq(13))),
        ([*LEAVES[:8], replace(LEAVES[8], minute=1), *LEAVES[9:]], Broken(Fault.TIME, Seq(8), Seq(9))),
        ([*LEAVES[:2], replace(LEAVES[2], commitment=b""), *LEAVES[3:]], Broken(Fault.FORM, Seq(3), Seq(3))),
        ([*LEAVES[:2], replace(LEAVES[2], kind=-1), *LEAVES[3:]], Broken(Fault.FORM, Seq(3), Seq(3))),
        ([*LEAVES[:2], replace(LEAVES[2], kind=99), *LEAVES[3:]], Broken(Fault.CONTENT, Seq(1), Seq(12))),
    ],
    ids=[
        "deleted", "first deleted", "last deleted", "all deleted", "doubled", "reordered", "appended",
        "dated back", "no commitment", "no kind", "kind changed",
    ],
)  # fmt: skip
def test_a_break_is_named_with_its_place(leaves: list[Leaf], expected: Broken) -> None:
    assert verify_chain(leaves, known=HEAD) == expected


def test_known_chain_values_narrow_the_place_of_a_changed_entry() -> None:
    changed = [*LEAVES[:6], replace(LEAVES[6], commitment=bytes(32)), *LEAVES[7:]]
    month_ends = {Seq(5): CHAINS[Seq(5)], Seq(9): CHAINS[Seq(9)], **HEAD}

    assert verify_chain(changed, known=month_ends) == Broken(Fault.CONTENT, Seq(6), Seq(9))
    assert verify_chain(changed, known=CHAINS) == Broken(Fault.CONTENT, Seq(7), Seq(7))


def test_two_exchanged_entries_are_noticed_at_the_first() -> None:
    assert verify_chain(swapped(8, 9), known=CHAINS) == Broken(Fault.CONTENT, Seq(9), Seq(9))


@given(data=st.data())
def test_no_single_change_goes_unnoticed(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(LEAVES) - 1))
    leaf = LEAVES[place]
    bit = data.draw(st.integers(0, 255))
    flipped = (int.from_bytes(leaf.commitment, "big") ^ 1 << bit).to_bytes(32, "big")
    other = data.draw(
        st.sampled_from(
            [
                replace(leaf, commitment=flipped),
                replace(leaf, kind=leaf.kind ^ 1 << bit % 16),
                replace(leaf, minute=leaf.minute ^ 1 << bit % 40),
                replace(leaf, seq=Seq(leaf.seq ^ 1 << bit % 40)),
            ]
        )
    )

    broken = verify_chain([*LEAVES[:place], other, *LEAVES[place + 1 :]], known=HEAD)

    assert broken is not None
    assert broken.first <= leaf.seq

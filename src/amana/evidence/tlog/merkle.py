"""The Merkle tree of RFC 6962 §2.1 (RFC 9162 §2.1), SHA-256. Pure.

::

    empty tree   SHA-256("")
    leaf         SHA-256(0x00 ‖ data)
    node         SHA-256(0x01 ‖ left ‖ right)       split at the largest power of two below the size

What is computed here reads the tree through ``Nodes``, a function (height, index) → hash of the
complete subtree over leaves ``[index << height, (index + 1) << height)``. So a proof costs a few
dozen hashes however large the tree is; where they come from (a list, tiles) is the caller's.
"""

import hmac
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()

Nodes = Callable[[int, int], bytes]


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf."""
    return sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return sha256(b"\1" + left + right).digest()


def root(leaf_hashes: Sequence[bytes]) -> bytes:
    """The root over leaf hashes (not leaf data)."""
    return root_at(len(leaf_hashes), nodes_of(leaf_hashes))


def nodes_of(leaf_hashes: Sequence[bytes]) -> Nodes:
    """The nodes of a tree that is held in memory; each is computed once."""
    levels: list[list[bytes]] = [list(leaf_hashes)]

    def node(height: int, index: int) -> bytes:
        while len(levels) <= height:
            below = levels[-1]
            levels.append([node_hash(*pair) for pair in zip(below[::2], below[1::2], strict=False)])
        return levels[height][index]

    return node


def root_at(size: int, nodes: Nodes) -> bytes:
    """The root of the tree of the first ``size`` leaves."""
    if size < 0:
        raise ValueError("A tree has no negative size.")
    return _range(0, size, nodes) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, nodes: Nodes) -> list[bytes]:
    """PATH of RFC 6962 §2.1.1: the hashes that lead from leaf ``index`` to the root, lowest first."""
    if not 0 <= index < size:
        raise ValueError("There is no such leaf in this tree.")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range(middle, end, nodes))
            end = middle
        else:
            path.append(_range(start, middle, nodes))
            start = middle
    return path[::-1]


def consistency_proof(old: int, new: int, nodes: Nodes) -> list[bytes]:
    """PROOF of RFC 6962 §2.1.2: that the tree of size ``old`` is the beginning of that of size ``new``."""
    if not 0 <= old <= new:
        raise ValueError("The old tree is the larger one.")
    if old in (0, new):
        return []
    path: list[bytes] = []
    start, end = 0, new
    # Go down until the old tree is exactly the range; a range that is the whole old tree needs no hash.
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(_range(middle, end, nodes))
            end = middle
        else:
            path.append(_range(start, middle, nodes))
            start = middle
    if start:
        path.append(_range(start, end, nodes))
    return path[::-1]


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root_hash: bytes) -> None:
    """Check that ``leaf`` (its hash) is at ``index`` of the tree with this root (RFC 9162 §2.1.3.2).

    Raises:
        ValueError: the proof does not show it.
    """
    if not 0 <= index < size:
        raise ValueError("There is no such leaf in this tree.")
    value = leaf
    for sibling, is_left in _climb(index, size - 1, _checked(proof)):
        value = node_hash(sibling, value) if is_left else node_hash(value, sibling)
    if not hmac.compare_digest(value, root_hash):
        raise ValueError("The inclusion proof does not lead to the root.")


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the tree ``old`` is the beginning of the tree ``new`` (RFC 9162 §2.1.4.2).

    Raises:
        ValueError: the proof does not show it.
    """
    if not 0 <= old <= new:
        raise ValueError("The old tree is the larger one.")
    if old in (0, new):
        expected = EMPTY_ROOT if old == 0 else new_root
        if proof or not hmac.compare_digest(old_root, expected):
            raise ValueError("The consistency proof does not fit.")
        return
    path = list(_checked(proof))
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        raise ValueError("The consistency proof is too short.")
    first, second = old - 1, new - 1
    while first & 1:
        first, second = first >> 1, second >> 1
    from_old = from_new = path[0]
    for sibling, is_left in _climb(first, second, path[1:]):
        if is_left:
            from_old, from_new = node_hash(sibling, from_old), node_hash(sibling, from_new)
        else:
            from_new = node_hash(from_new, sibling)
    if not (hmac.compare_digest(from_old, old_root) and hmac.compare_digest(from_new, new_root)):
        raise ValueError("The consistency proof does not lead to the roots.")


def _climb(first: int, second: int, proof: Sequence[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Each hash of a proof and whether it stands on the left: the ``fn``, ``sn`` loop of RFC 9162."""
    for sibling in proof:
        if second == 0:
            raise ValueError("The proof is too long.")
        is_left = bool(first & 1) or first == second
        if is_left:
            while first and not first & 1:
                first, second = first >> 1, second >> 1
        yield sibling, is_left
        first, second = first >> 1, second >> 1
    if second:
        raise ValueError("The proof is too short.")


def _checked(proof: Sequence[bytes]) -> Sequence[bytes]:
    if any(len(value) != HASH_BYTES for value in proof):
        raise ValueError("A hash has 32 bytes.")
    return proof


def _split(size: int) -> int:
    """The largest power of two below ``size``."""
    return 1 << (size - 1).bit_length() - 1


def _range(start: int, end: int, nodes: Nodes) -> bytes:
    """MTH of the leaves ``[start, end)``; ``start`` is a multiple of the power of two that holds them."""
    size = end - start
    if size & (size - 1) == 0:
        height = size.bit_length() - 1
        return nodes(height, start >> height)
    middle = start + _split(size)
    return node_hash(_range(start, middle, nodes), _range(middle, end, nodes))

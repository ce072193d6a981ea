"""Tiles and bundles as c2sp.org/tlog-tiles describes them."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amana.evidence.tlog import merkle, tiles
from amana.evidence.tlog.tiles import Tile


def test_the_example_of_the_specification_is_encoded_alike() -> None:
    assert tiles.index_path(1234067) == "x001/x234/067"
    assert tiles.parse_index("x001/x234/067") == 1234067


def test_a_tree_of_70000_has_the_tiles_that_the_specification_counts() -> None:
    made = list(tiles.tiles_of(70_000))

    assert sum(tile.level == 0 and tile.width == 256 for tile in made) == 273
    assert [tile for tile in made if tile.width < 256] == [Tile(0, 273, 112), Tile(1, 1, 17), Tile(2, 0, 1)]
    assert sum(tile.level == 1 and tile.width == 256 for tile in made) == 1
    assert len(made) == 277


def test_a_tree_of_256_has_one_full_tile_and_one_of_width_one() -> None:
    assert list(tiles.tiles_of(256)) == [Tile(0, 0, 256), Tile(1, 0, 1)]


@given(st.integers(0, 63) | st.none(), st.integers(0, 10**12), st.integers(1, 256))
def test_every_path_is_read_back(level: int | None, index: int, width: int) -> None:
    tile = Tile(level, index, width)

    assert tiles.parse_path(tile.path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "", "0", "0/", "0/0", "0/00", "0/0000", "00/000", "64/000", "-1/000", "x/000", "0/x000/000",
        "0/001/x234", "0/x001/x234/67", "0/000.p/0", "0/000.p/256", "0/000.p/05", "0/000.p/", "0/000.p/999",
        "0/000/", " 0/000", "0/000\n", "entries", "entries/", "entry/000", "0/١٢٣", "0/000.p/٣",
        "0/" + "x001/" * 50 + "000",
    ],
)  # fmt: skip
def test_any_other_spelling_is_no_path(path: str) -> None:
    with pytest.raises(ValueError, match=r"path|index"):
        tiles.parse_path(path)


def stored(size: int) -> tuple[list[bytes], dict[tuple[int, int], bytes]]:
    """Leaf hashes and the tiles of their tree, each hash computed from the leaves."""
    hashes = [merkle.leaf_hash(number.to_bytes(4, "big")) for number in range(size)]
    node = merkle.nodes_of(hashes)
    return hashes, {
        (tile.level or 0, tile.index): b"".join(
            node(8 * (tile.level or 0), tile.index * 256 + place) for place in range(tile.width)
        )
        for tile in tiles.tiles_of(size)
    }


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 512, 700, 66_000])
def test_tiles_give_the_same_root_and_proofs_as_the_leaves(size: int) -> None:
    hashes, held = stored(size)
    nodes = tiles.nodes_from(lambda level, index: held[level, index])
    index, old = size * 2 // 3, max(1, size // 2)

    assert merkle.root_at(size, nodes) == merkle.root(hashes)
    path = merkle.inclusion_proof(index, size, nodes)
    merkle.verify_inclusion(index, size, hashes[index], path, merkle.root(hashes))
    path = merkle.consistency_proof(old, size, nodes)
    merkle.verify_consistency(old, size, merkle.root(hashes[:old]), merkle.root(hashes), path)


def test_a_root_needs_only_the_last_tile_of_each_level() -> None:
    assert tiles.tiles_read(partial(merkle.root_at, 70_000)) == {(0, 273), (1, 1), (2, 0)}
    assert len(tiles.tiles_read(partial(merkle.inclusion_proof, 5, 70_000))) <= 6


def test_a_tile_that_is_cut_off_is_refused() -> None:
    _, held = stored(300)

    for cut in (32, 1):
        held[0, 1] = held[0, 1][:-cut]
        with pytest.raises(ValueError, match=r"short|cut off"):
            merkle.root_at(300, tiles.nodes_from(lambda level, index: held[level, index]))


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_every_bundle_is_read_back(entries: list[bytes]) -> None:
    assert tiles.decode_entries(tiles.encode_entries(entries)) == entries


def test_a_bundle_has_the_lengths_of_the_specification() -> None:
    assert tiles.encode_entries([b"", b"abc"]).hex() == "00000003616263"

    with pytest.raises(ValueError, match="65,535"):
        tiles.encode_entries([bytes(65_536)])


@pytest.mark.parametrize("cut", range(1, 5))
def test_a_bundle_that_is_cut_off_is_refused(cut: int) -> None:
    with pytest.raises(ValueError, match="cut off"):
        tiles.decode_entries(tiles.encode_entries([b"abc"])[:-cut])

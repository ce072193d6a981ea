"""What leaves commit to: the vectors of docs/api/log.md, recomputed by the independent verifier."""

import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amana.evidence.tlog import leaves, merkle
from amana.evidence.tlog.leaves import RecordRow, RoomHead
from tests.evidence import independent

PAGE = Path(__file__).parents[3] / "docs" / "api" / "log.md"
AT = datetime(2026, 11, 22, 12, 0, 30, 123456, tzinfo=UTC)
ROW = RecordRow(
    UUID("01a20320-a200-7000-8000-000000000001"),
    UUID("01a20320-a200-7000-8000-000000000002"),
    AT,
    UUID("01a20320-a200-7000-8000-000000000003"),
    "role.changed",
    None,
    bytes.fromhex("010203"),
    bytes(range(32)),
)
HEADS = [RoomHead(bytes([9]) * 16, 7, bytes([1]) * 32), RoomHead(bytes([8]) * 16, 300, bytes([2]) * 32)]


def as_dict(row: RecordRow) -> dict[str, object]:
    return {name: getattr(row, name) for name in RecordRow.__slots__}


def test_the_vectors_of_the_page_hold() -> None:
    page = PAGE.read_text(encoding="utf-8")
    entry = leaves.entry_leaf(ROW).decode()
    rooms = leaves.rooms_leaf(HEADS, AT).decode()

    assert ROW.to_bytes().hex() in page
    assert entry in page
    assert merkle.leaf_hash(entry.encode()).hex() in page
    assert rooms in page
    for head in HEADS:
        assert head.to_bytes().hex() in page


def test_both_implementations_agree_on_the_vectors() -> None:
    assert json.loads(leaves.entry_leaf(ROW))["c"] == independent.commitment_of(as_dict(ROW))
    heads = [(head.pseudonym, head.seq, head.chain) for head in HEADS]
    assert json.loads(leaves.rooms_leaf(HEADS, AT))["root"] == independent.rooms_root(heads)


rows = st.builds(
    RecordRow,
    st.uuids(),
    st.uuids(),
    st.datetimes(timezones=st.just(UTC)),
    st.uuids() | st.none(),
    st.from_regex(r"[a-z]+\.[a-z_]+", fullmatch=True),
    st.uuids() | st.none(),
    st.binary(max_size=40),
    st.binary(min_size=32, max_size=32),
)


@given(rows)
def test_both_implementations_agree_on_any_row(row: RecordRow) -> None:
    assert leaves.base64url(row.commitment) == independent.commitment_of(as_dict(row))


@given(rows, rows)
def test_two_rows_never_have_the_same_bytes(one: RecordRow, other: RecordRow) -> None:
    same = as_dict(one) | {"blind": None} == as_dict(other) | {"blind": None}

    assert (one.to_bytes() == other.to_bytes()) is same


@given(st.permutations(HEADS))
def test_the_order_of_rooms_does_not_matter(heads: list[RoomHead]) -> None:
    assert leaves.rooms_leaf(heads, AT) == leaves.rooms_leaf(HEADS, AT)


def test_a_leaf_is_read_only_in_its_one_form() -> None:
    data = leaves.entry_leaf(ROW)

    assert leaves.parse_leaf(data)["t"] == "role.changed"
    for other in (data.replace(b",", b", "), data[:-1], b"[]", b"", b"\xff", b'{"v":1,"t":"x"}'):
        with pytest.raises(ValueError):  # noqa: PT011  any way of saying that it is none
            leaves.parse_leaf(other)


def test_a_room_head_has_its_lengths() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        RoomHead(bytes(15), 1, bytes(32)).to_bytes()
    with pytest.raises(ValueError, match="16 bytes"):
        RoomHead(bytes(16), 1, bytes(31)).to_bytes()

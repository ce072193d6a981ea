"""Sealed objects: bounded memory, no other key opens them, every flipped bit is found."""

import gzip
import io
import os
import random
import threading
from collections.abc import Iterator
from pathlib import Path

import pyrage
import pytest

from amana.backup import keys
from amana.backup.envelope import as_file, open_whole, opened, seal, sealed
from amana.backup.errors import NotAnAgeKey, ObjectDamaged, WrongIdentity
from tests.support.clock import START

OFFLINE, DRILL, STRANGER = (keys.new_identity() for _ in range(3))
BOTH = [keys.recipient_of(OFFLINE), keys.recipient_of(DRILL)]


@pytest.mark.parametrize("size_bytes", [0, 1, 65_536, 3_000_000])
def test_either_key_opens_what_was_sealed_and_a_third_does_not(size_bytes: int) -> None:
    plain = os.urandom(size_bytes)
    data = seal(plain, BOTH)

    assert open_whole(data, [OFFLINE]) == plain
    assert open_whole(data, [STRANGER, DRILL]) == plain
    with pytest.raises(WrongIdentity):
        open_whole(data, [STRANGER])


def test_the_usual_tools_open_it() -> None:
    assert gzip.decompress(pyrage.decrypt(seal(b"hello", BOTH), [OFFLINE])) == b"hello"


def test_every_flipped_bit_and_every_cut_is_found(own_seed: int) -> None:
    chance = random.Random(own_seed)
    data = seal(os.urandom(200_000), BOTH)
    places = {0, 30, 100, len(data) - 1, *(chance.randrange(len(data)) for _ in range(60))}

    for place in places:
        changed = bytearray(data)
        changed[place] ^= 1 << chance.randrange(8)
        with pytest.raises((ObjectDamaged, WrongIdentity)):
            open_whole(bytes(changed), [OFFLINE])
    for end in {0, 10, *places} - {len(data)}:
        with pytest.raises(ObjectDamaged):
            open_whole(data[:end], [OFFLINE])
    with pytest.raises(ObjectDamaged):
        open_whole(data + b"x", [OFFLINE])


def test_gzip_that_was_sealed_without_its_end_is_found() -> None:
    inside = gzip.compress(b"a" * 1000)
    for wrong in (inside[:-4], inside + b"more", b"no gzip"):
        with pytest.raises(ObjectDamaged):
            open_whole(pyrage.encrypt(wrong, BOTH), [OFFLINE])


def test_what_the_source_raises_comes_out_unchanged() -> None:
    def source() -> Iterator[bytes]:
        yield os.urandom(5_000_000)
        raise RuntimeError("the database went away")

    with pytest.raises(RuntimeError, match="went away"):
        list(sealed(source(), BOTH))
    with pytest.raises(RuntimeError, match="went away"):
        list(opened(source_of_sealed(), [OFFLINE]))


def source_of_sealed() -> Iterator[bytes]:
    yield seal(os.urandom(5_000_000), BOTH)[:3_000_000]
    raise RuntimeError("the target went away")


def test_nothing_is_read_far_ahead_of_who_takes_it() -> None:
    taken = 0

    def source() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield os.urandom(1 << 20)

    stream = sealed(source(), BOTH)
    for _ in range(3):
        next(stream)
    before = taken
    stream.close()  # type: ignore[attr-defined]  # it is a generator

    assert before < 20
    for thread in threading.enumerate():
        if thread.name == "envelope":
            thread.join(timeout=10)
            assert not thread.is_alive(), "a thread goes on for nobody"


def test_a_key_file_is_private_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "safe" / "offline.key"
    recipient = keys.write_identity(path, START)

    assert path.stat().st_mode & 0o777 == 0o600
    assert f"# public key: {recipient}" in path.read_text()
    assert open_whole(seal(b"x", [recipient]), keys.read_identities(path)) == b"x"
    with pytest.raises(NotAnAgeKey, match="exists already"):
        keys.write_identity(path, START)


def test_what_is_no_key_is_named_and_a_secret_key_is_not_repeated(tmp_path: Path) -> None:
    for text in ("", "age1nonsense", "ssh-ed25519 AAAA"):
        with pytest.raises(NotAnAgeKey, match="is no age recipient"):
            keys.parse_recipient(text)
    with pytest.raises(NotAnAgeKey, match="secret key") as told:
        keys.parse_recipient(str(OFFLINE))
    assert str(OFFLINE)[20:] not in str(told.value)
    (tmp_path / "empty").write_text("# nothing\n")
    (tmp_path / "half").write_text(str(OFFLINE)[:-3])
    for name in ("empty", "half", "missing"):
        with pytest.raises(NotAnAgeKey):
            keys.read_identities(tmp_path / name)


def test_the_drill_key_is_made_once(tmp_path: Path) -> None:
    first = keys.ensure_drill_key(tmp_path, START)

    assert str(keys.ensure_drill_key(tmp_path, START)) == str(first)
    assert (tmp_path / keys.DRILL_KEY).stat().st_mode & 0o777 == 0o600


def test_an_object_in_pieces_of_any_size_opens() -> None:
    plain = os.urandom(300_000)
    data = io.BytesIO(seal(plain, BOTH))

    assert b"".join(opened(iter(lambda: data.read(7_777), b""), [DRILL])) == plain


def test_a_damaged_stream_read_as_a_file_raises_instead_of_ending() -> None:
    plain = os.urandom(3_000_000)
    data = seal(plain, BOTH)

    assert as_file(opened([data], [DRILL])).read() == plain
    with pytest.raises(ObjectDamaged):
        as_file(opened([data[:-20]], [DRILL])).read()

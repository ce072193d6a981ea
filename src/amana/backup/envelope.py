"""Sealed objects: gzip inside an age v1 file (age-encryption.org/v1) for X25519 recipients.

An administrator opens one with the usual tools, without Amana: ``age -d -i KEY x.gz.age | gunzip``.
Bodies in the database are sealed already and do not compress; the rest of it does, about five times.

Neither direction writes plaintext anywhere, and both hold a few blocks in memory, however long the
object is. Opening authenticates every 64 KiB before they are given out and the end at the end: when a
stream raises, what it gave before is genuine, but it is not the whole.
"""

import io
import queue
import threading
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, BinaryIO

import pyrage

from amana.backup.errors import ObjectDamaged, WrongIdentity
from amana.backup.keys import Identity, Recipient

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

GZIP_LEVEL = 1  # a third of the processor time of the default for nearly the same size
_GZIP = 31  # zlib's number for "with gzip's header and checksum"
_BLOCKS_AHEAD = 4
_BLOCK_BYTES = 1 << 20


def sealed(plain: Iterable[bytes], recipients: Sequence[Recipient]) -> Iterator[bytes]:
    """Compress and encrypt a stream. What ``plain`` raises is raised here, after which nothing is given."""
    source = _compressed(plain)

    def work(reader: "_Reader", writer: "_Writer") -> None:
        pyrage.encrypt_io(reader, writer, list(recipients))

    return _turned(source, work)


def opened(data: Iterable[bytes], identities: Sequence[Identity]) -> Iterator[bytes]:
    """The inverse of ``sealed``.

    Raises:
        WrongIdentity: sealed for other keys.
        ObjectDamaged: changed, or cut short. Raised at the latest where the end would be.
    """

    def work(reader: "_Reader", writer: "_Writer") -> None:
        try:
            pyrage.decrypt_io(reader, writer, list(identities))
        except (pyrage.DecryptError, OSError, EOFError) as error:
            if reader.failure is not None or writer.stopped:
                raise
            raise _told(error) from error

    return _decompressed(_turned(data, work))


def seal(plain: bytes, recipients: Sequence[Recipient]) -> bytes:
    """``sealed`` for something small."""
    return b"".join(sealed([plain], recipients))


def open_whole(data: bytes, identities: Sequence[Identity]) -> bytes:
    """``opened`` for something small."""
    return b"".join(opened([data], identities))


def as_file(chunks: Iterator[bytes]) -> BinaryIO:
    """A stream as a file to read from, for ``tarfile`` and other readers; raises what the stream raises."""
    return io.BufferedReader(_Raw(chunks), _BLOCK_BYTES)


def _told(error: Exception) -> Exception:
    if "No matching keys" in str(error):
        return WrongIdentity("This key does not open the backup: it was sealed for other keys.")
    return ObjectDamaged("The object is damaged: it was changed or cut short after it was sealed.")


def _compressed(plain: Iterable[bytes]) -> Iterator[bytes]:
    # No time and no name in the header: the same content gives the same stream.
    squeezer = zlib.compressobj(GZIP_LEVEL, wbits=_GZIP)
    for chunk in plain:
        if out := squeezer.compress(chunk):
            yield out
    yield squeezer.flush()


def _decompressed(data: Iterator[bytes]) -> Iterator[bytes]:
    opener = zlib.decompressobj(wbits=_GZIP)
    try:
        for chunk in data:
            rest = chunk
            while rest:
                if out := opener.decompress(rest, _BLOCK_BYTES):
                    yield out
                rest = opener.unconsumed_tail
        if out := opener.flush():
            yield out
    except zlib.error as error:
        raise ObjectDamaged("The object is damaged: its inside is no gzip.") from error
    if not opener.eof or opener.unused_data:
        raise ObjectDamaged("The object is damaged: its inside ends in the wrong place.")


class _Raw(io.RawIOBase):
    def __init__(self, chunks: Iterator[bytes]) -> None:
        super().__init__()
        self._chunks = chunks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        room = memoryview(buffer).cast("B")
        count = min(len(room), len(self._rest))
        room[:count], self._rest = self._rest[:count], self._rest[count:]
        return count


class _Reader:
    """What the library reads from: a file over an iterator."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = memoryview(b"")
        self.failure: BaseException | None = None

    def read(self, size_bytes: int = -1) -> bytes:
        try:
            while not self._rest:
                self._rest = memoryview(next(self._chunks))
        except StopIteration:
            return b""
        except BaseException as error:
            self.failure = error
            raise OSError("the source failed") from error
        piece = self._rest[: size_bytes if size_bytes >= 0 else len(self._rest)]
        self._rest = self._rest[len(piece) :]
        return bytes(piece)


class _Writer:
    """What the library writes to: a queue of a few blocks."""

    def __init__(self) -> None:
        self.blocks: queue.Queue[bytes | None] = queue.Queue(_BLOCKS_AHEAD)
        self._held = bytearray()
        self.stopped = False

    def write(self, data: bytes) -> int:
        self._held += data
        if len(self._held) >= _BLOCK_BYTES:
            self._pass_on()
        return len(data)

    def flush(self) -> None:
        """Nothing: blocks are passed on when they are full, the last one at the end."""

    def finish(self) -> None:
        if self._held and not self.stopped:
            self._pass_on()

    def _pass_on(self) -> None:
        block, self._held = bytes(self._held), bytearray()
        self._offer(block)

    def end(self) -> None:
        self._offer(None)

    def _offer(self, block: bytes | None) -> None:
        while not self.stopped:
            try:
                self.blocks.put(block, timeout=0.2)
            except queue.Full:
                continue
            return
        if block is not None:
            raise OSError("nobody reads any more")


def _turned(source: Iterable[bytes], work: Callable[[_Reader, _Writer], None]) -> Iterator[bytes]:
    """Give what ``work`` writes as an iterator: the library pushes, everything here pulls."""
    reader, writer = _Reader(source), _Writer()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work(reader, writer)
            writer.finish()
        except BaseException as error:  # noqa: BLE001  outermost of a thread: handed over and raised below
            failures.append(reader.failure or error)
        finally:
            # A source that is a running program ends now, and not when somebody collects garbage.
            if isinstance(source, Generator):
                source.close()
            writer.end()

    thread = threading.Thread(target=run, name="envelope", daemon=True)
    thread.start()
    try:
        while (block := writer.blocks.get()) is not None:
            yield block
        thread.join()
    finally:
        writer.stopped = True
    if failures:
        raise failures[0]

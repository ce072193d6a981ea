"""Looks for secrets of random bytes, such as wrapped keys, in everything that lies in a folder."""

from collections.abc import Mapping
from pathlib import Path

BLOCK_BYTES = 8_192
# PostgreSQL's compression puts a control byte after every eight literal ones, at an unknown place: of eight
# windows that begin one after the other at least one stays whole. By chance seven bytes are not met.
WINDOW_BYTES = 7


class RawBytes:
    """Every different block of all the files below some folders."""

    def __init__(self, *folders: Path) -> None:
        self.data = b"".join({*_blocks(*folders)})

    def holds(self, secret: bytes) -> bool:
        """Whether the secret is there, whole, cut by the end of a block, or inside compressed bytes."""
        middle = len(secret) // 2
        parts = [secret[:16], secret[middle - 8 : middle + 8], secret[-16:]]
        parts += [secret[place : place + WINDOW_BYTES] for place in range(20, 28)]
        return any(part in self.data for part in parts)

    def found(self, secrets: Mapping[str, bytes]) -> set[str]:
        """Names of the secrets that are there."""
        return {name for name, secret in secrets.items() if self.holds(secret)}


def _blocks(*folders: Path) -> set[bytes]:
    blocks = set()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            try:
                data = path.read_bytes() if path.is_file() else b""
            except FileNotFoundError:  # a running server may remove a file meanwhile
                continue
            blocks |= {data[start : start + BLOCK_BYTES] for start in range(0, len(data), BLOCK_BYTES)}
    return blocks

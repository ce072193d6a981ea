"""The root key port: what is at the top of the chain of keys, wherever it lies.

Adapters: ``keyfile`` (a file, open or sealed with a passphrase) and ``transit`` (OpenBao, Vault).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RootDescription:
    """Which root key it is, in words that are no secret.

    Attributes:
        kind: ``file`` or ``transit``.
        place: the path, or the address and name of the key.
        key_id: the same for the same key wherever it lies; says nothing about it.
    """

    kind: str
    place: str
    key_id: str


class RootKey(Protocol):
    """What holds the root key: a file or a key service."""

    @property
    def sealed(self) -> bool:
        """Whether somebody who takes this machine's disk still lacks the key."""

    @property
    def description(self) -> RootDescription:
        """Which key it is; only after ``unlock``."""

    async def unlock(self, *, may_create: bool) -> None:
        """Make the key usable; call once before anything else.

        Args:
            may_create: the database is new, so a missing key may be made.

        Raises:
            RootKeyFailure: missing, unsafe, unreadable, or the passphrase is wrong.
        """

    async def wrap(self, key: bytes, context: bytes) -> bytes:
        """Wrap 32 bytes, bound to ``context``.

        Raises:
            RootKeyUnreachable: the key service does not answer now.
        """

    async def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The inverse of ``wrap``.

        Raises:
            CannotUnwrap: another root key, another context, or changed bytes.
            RootKeyUnreachable: the key service does not answer now.
        """

    async def take_pending(self, is_right: Callable[["RootKey"], Awaitable[bool]]) -> bool:
        """Finish an interrupted move to this place, if there was one and its key is the right one."""

    async def keep(self) -> None:
        """Whatever it takes to stay usable, until cancelled; returns when it takes nothing."""

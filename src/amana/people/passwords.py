"""Passwords: argon2id away from the event loop, never more at a time than the machine has cores."""

import asyncio
import os
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from amana.kernel.limits import Limit
from amana.people.common_passwords import common_passwords
from amana.people.errors import PasswordQueueFull, PasswordTooCommon, PasswordTooLong, PasswordTooShort

MIN_PASSWORD = 10
MAX_PASSWORD = 256
# Each check takes some tens of milliseconds: more waiting than this would time out anyway.
MAX_WAITING = 200

LIMITS = (
    Limit("people.password_queue", MAX_WAITING, "checks", "More waiting than this would time out anyway."),
)

R = TypeVar("R")


class Hasher(Protocol):
    """The slow hash. A port, so that tests can count calls instead of measuring time."""

    def hash(self, password: str) -> str:
        """Hash with a fresh salt."""

    def verify(self, stored: str, password: str) -> bool:
        """Check; takes as long as ``hash`` whatever the answer."""

    def is_outdated(self, stored: str) -> bool:
        """Whether ``stored`` was made with weaker parameters than today's."""


class Argon2:
    """argon2id with 46 MiB, two passes, one lane: above OWASP's floor, tens of milliseconds."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=47_104, parallelism=1)

    def hash(self, password: str) -> str:
        return self._hasher.hash(password)

    def verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False

    def is_outdated(self, stored: str) -> bool:
        return self._hasher.check_needs_rehash(stored)


class Passwords:
    """Hashes and checks passwords in a few threads.

    Args:
        hasher: the slow hash.
        concurrency: threads; each holds the hash's memory while it works.
    """

    def __init__(self, hasher: Hasher | None = None, *, concurrency: int | None = None) -> None:
        self._hasher = hasher or Argon2()
        size = concurrency or max(1, min(4, os.cpu_count() or 1))
        self._pool = ThreadPoolExecutor(max_workers=size, thread_name_prefix="argon2")
        self._waiting = 0
        self._dummy: str | None = None

    async def hash(self, password: str) -> str:
        """Hash a new password. Check it with ``check_password`` first.

        Raises:
            PasswordQueueFull: too many are waiting; nothing was done.
        """
        return await self._run(lambda: self._hasher.hash(_normal(password)))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Check a password; with ``stored`` None it works just as long and says no.

        Raises:
            PasswordQueueFull: too many are waiting; nothing was done.
        """
        if self._dummy is None:
            self._dummy = await self._run(lambda: self._hasher.hash("amana"))
        against = stored or self._dummy
        is_right = await self._run(lambda: self._hasher.verify(against, _normal(password)))
        return is_right and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Whether ``stored`` should be made again after the next successful sign-in."""
        return self._hasher.is_outdated(stored)

    def close(self) -> None:
        """Let the threads end."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _run(self, work: Callable[[], R]) -> R:
        if self._waiting >= MAX_WAITING:
            raise PasswordQueueFull
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._waiting -= 1


def check_password(password: str, *, names: tuple[str, ...] = ()) -> None:
    """Refuse passwords that are guessed first.

    Args:
        names: the person's and the organisation's names, which are no secrets.

    Raises:
        PasswordTooShort: fewer than ``MIN_PASSWORD`` characters.
        PasswordTooLong: more than ``MAX_PASSWORD`` characters.
        PasswordTooCommon: a frequent one, also with digits around it; one repeated pattern; a name
            with a number.
    """
    normal = _normal(password)
    if len(normal) < MIN_PASSWORD:
        raise PasswordTooShort(min_characters=MIN_PASSWORD)
    if len(normal) > MAX_PASSWORD:
        raise PasswordTooLong(max_characters=MAX_PASSWORD)
    plain = normal.casefold()
    core = plain.strip("0123456789!?.,-_#*$ ")
    squeezed = plain.replace(" ", "")
    guesses = {name.casefold().replace(" ", "") for name in names if name}
    if not common_passwords().isdisjoint((plain, squeezed, core)) or _is_repeated(plain):
        raise PasswordTooCommon
    if squeezed.strip("0123456789!?.,-_#*$") in guesses or squeezed in guesses:
        raise PasswordTooCommon


def _is_repeated(text: str) -> bool:
    """``aaaaaaaaaa``, ``abcabcabcabc``: at most three characters, over and over."""
    return any(text == (text[:size] * len(text))[: len(text)] for size in (1, 2, 3))


def _normal(password: str) -> str:
    # NFKC: the same key presses give different bytes on different systems.
    return unicodedata.normalize("NFKC", password)

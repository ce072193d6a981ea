"""Randomness as a dependency, so that tests can print a seed and replay a run."""

import os
import random
from typing import Protocol


class Entropy(Protocol):
    """A source of unpredictable bytes."""

    def token_bytes(self, size_bytes: int) -> bytes:
        """Give ``size_bytes`` random bytes."""


class SystemEntropy:
    """The operating system's generator: the only source a running server uses."""

    def token_bytes(self, size_bytes: int) -> bytes:
        return os.urandom(size_bytes)


class SeededEntropy:
    """A repeatable source for tests and throw-away demo data. Never for a real organisation."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def token_bytes(self, size_bytes: int) -> bytes:
        return self._random.randbytes(size_bytes)

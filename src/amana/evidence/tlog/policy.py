"""Whose signatures a checkpoint needs: the policy text of C2SP tlog-policy (https://c2sp.org/tlog-policy).

::

    log <vkey> [<url>]
    witness <name> <vkey> [<url>]
    group <name> all|any|<k> <name>…
    quorum <name>|none

Names are opaque: a name with other bytes is another name, however alike the two look.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Self

from amana.evidence.tlog.notes import COSIGNATURE_V1, ED25519, Verifier

# The specification asks for at least 32 of each; a policy is read by people and asks every witness.
MAX_LOGS = 32
MAX_WITNESSES = 64
MAX_GROUPS = 64
MAX_POLICY_CHARACTERS = 64_000
NONE = "none"

_FORBIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
# Space and tab only: another blank, as typography knows many, is part of a name.
_BLANKS = re.compile(r"[ \t]+")
_NUMBER = re.compile(r"[1-9][0-9]{0,5}")


class PolicyError(ValueError):
    """The text is no policy.

    Attributes:
        line: number of the line that is wrong, from 1; 0 when something is missing altogether.
        reason: half a sentence in English.
    """

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}" if line else reason)
        self.line = line
        self.reason = reason


@dataclass(frozen=True, slots=True)
class PolicyLog:
    """A log whose checkpoints count."""

    verifier: Verifier
    url: str | None


@dataclass(frozen=True, slots=True)
class PolicyWitness:
    """A witness: its name inside the policy, its key, and where it is asked."""

    name: str
    verifier: Verifier
    url: str | None


@dataclass(frozen=True, slots=True)
class Group:
    """Counts as having signed when at least ``needed`` of its ``members`` have."""

    needed: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy, checked when it was parsed: every name in it is defined before it is used.

    Attributes:
        witnesses: name → witness, in the order of the text.
        groups: name → group, in the order of the text.
        quorum: a name of either, or ``none``.
    """

    logs: tuple[PolicyLog, ...]
    witnesses: Mapping[str, PolicyWitness]
    groups: Mapping[str, Group]
    quorum: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a policy.

        Raises:
            PolicyError: the text breaks a rule of the format.
        """
        if len(text) > MAX_POLICY_CHARACTERS:
            raise PolicyError(0, f"it is longer than {MAX_POLICY_CHARACTERS} characters")
        reader = _Reader()
        for number, line in enumerate(text.split("\n"), 1):
            try:
                reader.read(line)
            except ValueError as wrong:
                raise PolicyError(number, str(wrong)) from None
        if reader.quorum is None:
            raise PolicyError(0, "there is no quorum line")
        return cls(tuple(reader.logs), reader.witnesses, reader.groups, reader.quorum)

    def satisfied_by(self, names: Collection[str]) -> bool:
        """Whether cosignatures of the witnesses called ``names`` are enough.

        Names that are no witness of this policy count for nothing.
        """
        if self.quorum == NONE:
            return True
        signed = {name for name in names if name in self.witnesses}
        # Each group names only what stands before it, so one pass in order settles them all.
        for name, group in self.groups.items():
            if sum(member in signed for member in group.members) >= group.needed:
                signed.add(name)
        return self.quorum in signed


class _Reader:
    """The state between two lines."""

    def __init__(self) -> None:
        self.logs: list[PolicyLog] = []
        self.witnesses: dict[str, PolicyWitness] = {}
        self.groups: dict[str, Group] = {}
        self.quorum: str | None = None
        self._members: set[str] = set()
        self._keys: dict[str, set[bytes]] = {"log": set(), "witness": set()}
        self._kinds: Mapping[str, Callable[[list[str]], None]] = {
            "log": self._log,
            "witness": self._witness,
            "group": self._group,
            "quorum": self._quorum,
        }

    def read(self, line: str) -> None:
        """Take one line; ValueError says what is wrong with it."""
        if _FORBIDDEN.search(line):
            raise ValueError("there is a control character in it")
        words = _BLANKS.split(line.strip(" \t"))
        if words == [""] or words[0].startswith("#"):
            return
        kind = self._kinds.get(words[0])
        if kind is None:
            raise ValueError("it begins with none of log, witness, group, quorum")
        kind(words[1:])

    def _log(self, words: list[str]) -> None:
        if not 1 <= len(words) <= 2:
            raise ValueError("write: log <vkey> [<url>]")
        if len(self.logs) >= MAX_LOGS:
            raise ValueError(f"there are more than {MAX_LOGS} logs")
        verifier = self._take_key(words[0], "log", ED25519)
        self.logs.append(PolicyLog(verifier, words[1] if len(words) == 2 else None))

    def _witness(self, words: list[str]) -> None:
        if not 2 <= len(words) <= 3:
            raise ValueError("write: witness <name> <vkey> [<url>]")
        if len(self.witnesses) >= MAX_WITNESSES:
            raise ValueError(f"there are more than {MAX_WITNESSES} witnesses")
        name = words[0]
        self._take_name(name)
        verifier = self._take_key(words[1], "witness", COSIGNATURE_V1)
        self.witnesses[name] = PolicyWitness(name, verifier, words[2] if len(words) == 3 else None)

    def _group(self, words: list[str]) -> None:
        if len(words) < 3:
            raise ValueError("write: group <name> all|any|<number> <name>…")
        if len(self.groups) >= MAX_GROUPS:
            raise ValueError(f"there are more than {MAX_GROUPS} groups")
        name, rule, members = words[0], words[1], words[2:]
        self._take_name(name)
        for member in members:
            if not self._is_defined(member):
                raise ValueError(f"{member} is not defined above")
            # Else one witness could count twice on its way to the quorum.
            if member in self._members:
                raise ValueError(f"{member} is a member already")
            self._members.add(member)
        self.groups[name] = Group(_needed(rule, len(members)), tuple(members))

    def _quorum(self, words: list[str]) -> None:
        if len(words) != 1:
            raise ValueError("write: quorum <name>|none")
        if self.quorum is not None:
            raise ValueError("there is a quorum line already")
        if words[0] != NONE and not self._is_defined(words[0]):
            raise ValueError(f"{words[0]} is not defined above")
        self.quorum = words[0]

    def _is_defined(self, name: str) -> bool:
        return name in self.witnesses or name in self.groups

    def _take_name(self, name: str) -> None:
        if name == NONE:
            raise ValueError(f"{NONE} is a word of the format and no name")
        if self._is_defined(name):
            raise ValueError(f"{name} is defined twice")

    def _take_key(self, vkey: str, kind: str, signature_type: int) -> Verifier:
        verifier = Verifier.parse(vkey)
        if verifier.kind != signature_type:
            raise ValueError(f"this is a verifier key, but not that of a {kind}")
        if verifier.public_key in self._keys[kind]:
            raise ValueError(f"the key of this {kind} is in the text already")
        self._keys[kind].add(verifier.public_key)
        return verifier


def _needed(rule: str, members: int) -> int:
    if rule == "any":
        return 1
    if rule == "all":
        return members
    if not _NUMBER.fullmatch(rule) or int(rule) > members:
        raise ValueError(f"of {members} members it can be all, any, or 1 to {members} that are needed")
    return int(rule)

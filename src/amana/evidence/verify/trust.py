"""What somebody who verifies brings along: keys, checkpoints and policies from elsewhere. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from amana.evidence.tlog.notes import COSIGNATURE_V1, Checkpoint, Verifier, split_note
from amana.evidence.tlog.policy import Policy


class NotATrust(ValueError):
    """What was brought along cannot be read; the text says why, for people."""


@dataclass(frozen=True, slots=True)
class KnownCheckpoint:
    """A checkpoint that was kept somewhere else.

    Attributes:
        label: where it came from, for people: the name of a file.
        note: the whole signed note.
    """

    label: str
    checkpoint: Checkpoint
    note: str


@dataclass(frozen=True, slots=True)
class Trust:
    """What is believed without asking the source.

    Attributes:
        keys: origin → key of that log.
        policy: the policy that must be satisfied; None believes whatever the source says is its policy.
        known: checkpoints from elsewhere.
    """

    keys: Mapping[str, Verifier] = field(default_factory=dict)
    policy: Policy | None = None
    known: tuple[KnownCheckpoint, ...] = ()

    @classmethod
    def of(
        cls,
        *,
        vkeys: Iterable[str] = (),
        policy: str | None = None,
        checkpoints: Iterable[tuple[str, str]] = (),
    ) -> "Trust":
        """Read what was brought along.

        Args:
            vkeys: verifier keys of logs, as text.
            policy: a tlog policy as text; its ``log`` lines count as keys too.
            checkpoints: (where it came from, the signed note).

        Raises:
            NotATrust: one of them has another form.
        """
        keys = dict(_log_key(vkey) for vkey in vkeys)
        parsed = None
        if policy is not None:
            try:
                parsed = Policy.parse(policy)
            except ValueError as wrong:
                raise NotATrust(f"The policy cannot be read: {wrong}.") from wrong
            keys |= {log.verifier.name: log.verifier for log in parsed.logs}
        return cls(keys, parsed, tuple(_known(label, note) for label, note in checkpoints))


def _log_key(vkey: str) -> tuple[str, Verifier]:
    try:
        verifier = Verifier.parse(vkey.strip())
    except ValueError as wrong:
        raise NotATrust(f"{vkey.strip()[:80]!r} is not a verifier key: {wrong}") from wrong
    if verifier.kind == COSIGNATURE_V1:
        raise NotATrust(f"The key of {verifier.name} is that of a witness, not that of a log.")
    return verifier.name, verifier


def _known(label: str, note: str) -> KnownCheckpoint:
    try:
        return KnownCheckpoint(label, Checkpoint.parse(split_note(note).text), note)
    except ValueError as wrong:
        raise NotATrust(f"{label} is not a checkpoint: {wrong}") from wrong


def witnesses_of(policy: Policy | None) -> dict[tuple[str, bytes], tuple[str, Verifier]]:
    """(signature's name, key id) → name in the policy and key."""
    if policy is None:
        return {}
    return {
        (witness.verifier.name, witness.verifier.id): (name, witness.verifier)
        for name, witness in policy.witnesses.items()
    }

"""Checkpoints of one log: signatures, cosignatures, and what was known of it elsewhere. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from amana.evidence.tlog.notes import (
    BadSignature,
    Checkpoint,
    NotSigned,
    Signature,
    Verifier,
    open_note,
    split_note,
)
from amana.evidence.tlog.policy import Policy
from amana.evidence.verify.findings import Area, Code, Finding, Place
from amana.evidence.verify.source import CheckpointRow, CosignatureRow, LogRow
from amana.evidence.verify.trust import KnownCheckpoint, Trust, witnesses_of


@dataclass(frozen=True, slots=True)
class LogKey:
    """Whose signature the checkpoints of a log must carry.

    Attributes:
        verifier: None when the source names no key that could be one.
        pinned: whether it was brought along and not taken from the source.
    """

    verifier: Verifier | None
    pinned: bool


def log_key(log: LogRow, trust: Trust) -> LogKey:
    """The key that was brought along for this log, or the one it names itself."""
    brought = trust.keys.get(log.origin)
    if brought is not None:
        return LogKey(brought, True)
    try:
        return LogKey(Verifier(log.origin, log.public_key), False)
    except ValueError:
        return LogKey(None, False)


def at(log_no: int, leaf: int | None = None) -> Place:
    """A place in a log."""
    return Place(Area.LOG, log_no=log_no, leaf=leaf)


def check_key(log: LogRow, key: LogKey) -> Iterator[Finding]:
    """The key the source names against the one that was brought along."""
    if key.verifier is None:
        yield Finding(
            Code.KEY_REPLACED, at(log.log_no), f"Log {log.log_no} names no key that could have signed it."
        )
    elif key.pinned and key.verifier.public_key != log.public_key:
        yield Finding(
            Code.KEY_REPLACED,
            at(log.log_no),
            f"The signing key of log {log.log_no} was replaced: it is not the key you brought along "
            f"({key.verifier.vkey}).",
        )


def check_note(log: LogRow, row: CheckpointRow, key: LogKey) -> Iterator[Finding]:
    """One stored checkpoint: form, columns, signature."""
    place = at(log.log_no, row.size)
    what = f"The checkpoint of log {log.log_no} over {row.size} leaves"
    try:
        checkpoint = Checkpoint.parse(split_note(row.note).text)
    except ValueError as wrong:
        yield Finding(Code.CHECKPOINT_MALFORMED, place, f"{what} cannot be read: {wrong}")
        return
    if (checkpoint.origin, checkpoint.size, checkpoint.root) != (log.origin, row.size, row.root):
        yield Finding(
            Code.CHECKPOINT_MALFORMED,
            place,
            f"{what} was changed: the signed text names {checkpoint.origin}, {checkpoint.size} leaves and "
            "perhaps another root than the row beside it.",
        )
    if key.verifier is not None:
        yield from _check_signature(row.note, key.verifier, place, what)


def _check_signature(note: str, verifier: Verifier, place: Place, what: str) -> Iterator[Finding]:
    try:
        open_note(note, [verifier])
    except BadSignature:
        yield Finding(
            Code.SIGNATURE_WRONG,
            place,
            f"{what} was changed after it was signed: its signature does not hold.",
        )
    except NotSigned:
        yield Finding(
            Code.KEY_REPLACED,
            place,
            f"{what} is not signed by the key of this log but by another one: the signing key was replaced.",
        )
    except ValueError as wrong:
        yield Finding(Code.CHECKPOINT_MALFORMED, place, f"{what} cannot be read: {wrong}")


def check_root(log: LogRow, row: CheckpointRow, root: bytes, since: int) -> Iterator[Finding]:
    """What was signed against what the leaves give; ``since`` leaves were right before."""
    if row.root == root:
        return
    if since + 1 >= row.size:
        where = f"leaf {max(row.size - 1, 0)} was changed"
    else:
        where = f"one of the leaves {since} to {row.size - 1} was changed, or leaves were added or taken away"
    yield Finding(
        Code.TREE_CHANGED,
        # The last one it can be: what names a leaf exactly is told before.
        at(log.log_no, max(row.size - 1, 0)),
        f"The leaves of log {log.log_no} do not give the root signed over {row.size} of them: {where}.",
    )


def check_known(
    log: LogRow, known: KnownCheckpoint, root: bytes, stored: CheckpointRow | None, *, since: int
) -> Iterator[Finding]:
    """A checkpoint from elsewhere against the tree of the same size.

    Where the stored checkpoint agrees with it, the leaves were changed and ``check_root`` has said so.

    Args:
        since: so many leaves agreed with what was known.
    """
    size = known.checkpoint.size
    if known.checkpoint.root == root or (stored is not None and stored.root == known.checkpoint.root):
        return
    yield Finding(
        Code.LOG_FORKED,
        at(log.log_no, since),
        f"There are two different logs: {known.label} holds a checkpoint of log {log.log_no} over {size} "
        f"leaves with another root than the leaves here give. From leaf {since} on, what is stored here was "
        "rewritten after that checkpoint was shown, or somebody was shown another history.",
    )


def check_known_note(log: LogRow, known: KnownCheckpoint, key: LogKey) -> Iterator[Finding]:
    """Whether the checkpoint from elsewhere carries the signature of this log."""
    if key.verifier is not None:
        size = known.checkpoint.size
        what = f"The checkpoint over {size} leaves in {known.label}"
        yield from _check_signature(known.note, key.verifier, at(log.log_no, size), what)


def declared_end(log: LogRow, successor: LogRow, key: LogKey) -> int | None:
    """How large the log was by the checkpoint that the next one begins with; None when it shows nothing."""
    if successor.prior is None or key.verifier is None:
        return None
    try:
        checkpoint = Checkpoint.parse(open_note(successor.prior, [key.verifier]).text)
    except ValueError:
        return None
    return checkpoint.size if checkpoint.origin == log.origin else None


def unreached(log: LogRow, known: KnownCheckpoint, size: int, successor: LogRow | None) -> Finding:
    """A checkpoint from elsewhere that is larger than the log is here."""
    wanted = known.checkpoint.size
    lost = f"leaves {size} to {wanted - 1} are not here" if wanted - size > 1 else f"leaf {size} is not here"
    if successor is not None:
        text = (
            f"Log {log.log_no} ended with {size} leaves when log {successor.log_no} took over, but "
            f"{known.label} holds a checkpoint over {wanted}: {lost}. A restore from a backup looks like "
            "that; so does somebody who wants to get rid of something. Ask for the record of the recovery."
        )
    else:
        text = (
            f"The log was rolled back or its end was cut off: {known.label} holds a checkpoint of log "
            f"{log.log_no} over {wanted} leaves, but there are only {size}: {lost}."
        )
    return Finding(Code.LOG_ROLLED_BACK, at(log.log_no, size), text)


class Cosignatures:
    """Which witnesses signed what, for one log and one policy."""

    def __init__(self, log: LogRow, policy: Policy | None) -> None:
        self._log = log
        self._policy = policy
        self._witnesses = witnesses_of(policy)
        self._signed: set[str] = set()
        self._size = -1
        self.checked = 0
        self.unknown = 0
        self.covered: int | None = None

    def check(self, row: CosignatureRow, checkpoint: CheckpointRow | None) -> Iterator[Finding]:
        """One cosignature over the checkpoint of its size."""
        place = at(self._log.log_no, row.size)
        what = f"The cosignature of {row.witness} over {row.size} leaves of log {self._log.log_no}"
        try:
            signature = Signature.parse(row.line)
        except ValueError:
            yield Finding(Code.COSIGNATURE_WRONG, place, f"{what} cannot be read.")
            return
        found = self._witnesses.get((signature.name, signature.key_id))
        if found is None:
            self.unknown += 1
            return
        self.checked += 1
        name, verifier = found
        text = _text_of(checkpoint)
        if text is None:
            yield Finding(
                Code.COSIGNATURE_WRONG, place, f"{what} has no checkpoint: the checkpoint was deleted."
            )
        elif not verifier.holds(text, signature.signature):
            yield Finding(
                Code.COSIGNATURE_WRONG,
                place,
                f"{what} does not fit the checkpoint that is stored here: the witness signed another state "
                "of the log. The log was rewritten, or the cosignature was changed.",
            )
        else:
            self._note(row.size, name)

    def _note(self, size: int, name: str) -> None:
        if size != self._size:
            self._size, self._signed = size, set()
        self._signed.add(name)
        if self._policy is not None and self._policy.satisfied_by(self._signed):
            self.covered = max(size, self.covered or 0)


def _text_of(checkpoint: CheckpointRow | None) -> str | None:
    if checkpoint is None:
        return None
    try:
        return split_note(checkpoint.note).text
    except ValueError:
        return None

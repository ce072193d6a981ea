"""What a witness decides: sign, or say why not (C2SP tlog-witness, "add-checkpoint")."""

from dataclasses import dataclass, field

from amana.evidence.tlog.merkle import verify_consistency
from amana.evidence.tlog.notes import BadSignature, NotSigned, Signer, open_note
from amana.evidence.witness.request import AddCheckpoint, parse_request
from amana.evidence.witness.store import Decision, Latest, Store
from amana.kernel.clock import Clock

TEXT = "text/plain; charset=utf-8"
SIZE = "text/x.tlog.size"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to one request, and what the log says of it.

    Attributes:
        outcome: stable word for the log: ``cosigned``, ``malformed``, ``unknown_log`` …
        about: further key=value pairs; nothing secret is in a checkpoint.
    """

    status: int
    body: str
    media_type: str
    outcome: str
    about: dict[str, str | int] = field(default_factory=dict)


class Cosigner:
    """Signs trees that only ever grow, one request after the other."""

    def __init__(self, store: Store, signer: Signer, clock: Clock) -> None:
        self._store = store
        self._signer = signer
        self._clock = clock

    def add_checkpoint(self, body: bytes) -> Verdict:
        """Decide one request. Blocks on the disk: when this returns a signature, the tree is remembered."""
        try:
            request = parse_request(body)
        except ValueError as wrong:
            return Verdict(400, f"{wrong}\n", TEXT, "malformed")
        about: dict[str, str | int] = {"origin": request.checkpoint.origin, "size": request.checkpoint.size}
        refused = self._refused_signature(request) or _refused_size(request)
        if refused is not None:
            return Verdict(refused[0], refused[1], TEXT, refused[2], about)
        with self._store.deciding(request.checkpoint.origin) as decision:
            return self._decide(decision, request, about)

    def _refused_signature(self, request: AddCheckpoint) -> tuple[int, str, str] | None:
        verifiers = self._store.verifiers(request.checkpoint.origin)
        if not verifiers:
            return 404, "This witness does not follow this log.\n", "unknown_log"
        try:
            open_note(request.note, verifiers)
        except (BadSignature, NotSigned):
            return 403, "The log's own signature is missing or does not hold.\n", "unsigned"
        return None

    def _decide(self, decision: Decision, request: AddCheckpoint, about: dict[str, str | int]) -> Verdict:
        latest, checkpoint = decision.latest, request.checkpoint
        # Never before what was said last, should this machine's clock have been set back.
        now = max(int(self._clock.now().timestamp()), latest.cosigned_at)
        about = {**about, "known_size": latest.size}
        if request.old != latest.size:
            return Verdict(409, f"{latest.size}\n", SIZE, "other_size", about)
        if checkpoint.size == latest.size and checkpoint.root != latest.root:
            decision.keep_contradiction(checkpoint, request.note, "other_root", now)
            return Verdict(409, f"{latest.size}\n", SIZE, "other_root", about)
        if not self._continues(latest, request):
            decision.keep_contradiction(checkpoint, request.note, "inconsistent", now)
            return Verdict(422, "The consistency proof does not hold.\n", TEXT, "inconsistent", about)
        decision.remember(checkpoint, request.note, now)
        line = self._signer.cosign(request.text, now).line
        return Verdict(200, line, TEXT, "cosigned", {**about, "at": now})

    def _continues(self, latest: Latest, request: AddCheckpoint) -> bool:
        """Whether the proof shows that the new tree begins with the one that was seen last."""
        new = request.checkpoint
        try:
            verify_consistency(latest.size, new.size, latest.root, new.root, request.proof)
        except ValueError:
            return False
        return True


def _refused_size(request: AddCheckpoint) -> tuple[int, str, str] | None:
    if request.old > request.checkpoint.size:
        return 400, "The old size is larger than the checkpoint's.\n", "malformed"
    return None

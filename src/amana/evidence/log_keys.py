"""The signing keys of the logs: Ed25519, sealed under the organisation key."""

from amana.evidence.log_queries import LogRow
from amana.evidence.tlog.notes import Signer
from amana.kernel.entropy import Entropy
from amana.kernel.ids import OrgId
from amana.storage.database import Tx
from amana.vault import Unreadable, Vault

SEED_BYTES = 32


def origin_of(host: str, log_no: int) -> str:
    """The origin of a log: the address where it is served, without scheme."""
    return f"{host}/log/{log_no}"


class LogKeys:
    """Makes and opens signing keys."""

    def __init__(self, vault: Vault, entropy: Entropy) -> None:
        self._vault = vault
        self._entropy = entropy

    async def new(self, tx: Tx, org_id: OrgId, log_no: int) -> tuple[bytes, bytes]:
        """Make a key; gives the public one and the private one sealed.

        Raises:
            KeyUnavailable: the organisation has no usable key.
        """
        seed = self._entropy.token_bytes(SEED_BYTES)
        public = Signer("new", seed).verifier.public_key
        purpose = _purpose(log_no, public)
        return public, await self._vault.seal_text(tx, org_id, purpose, org_id, seed.hex())

    async def signer(self, tx: Tx, org_id: OrgId, log: LogRow) -> Signer | None:
        """The key of a log; None when what is stored does not open or is another one."""
        purpose = _purpose(log.log_no, log.public_key)
        seed = await self._vault.open_text(tx, org_id, purpose, org_id, log.private_key)
        if isinstance(seed, Unreadable):
            return None
        try:
            signer = Signer(log.origin, bytes.fromhex(seed))
            return signer if signer.verifier == log.verifier else None
        except ValueError:
            return None


def _purpose(log_no: int, public: bytes) -> str:
    """What a sealed key is bound to beside the organisation."""
    return f"evidence-log-key\0{log_no}\0{public.hex()}"

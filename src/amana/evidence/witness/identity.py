"""The witness's own key: made once, kept wrapped under a key file of mode 0600, never shown.

The key file has the form of the server's root key file (``vault/rootkey.py``), with or without a
passphrase. The Ed25519 key lies wrapped under it in the witness's file, bound to the witness's name.
"""

from pathlib import Path

from amana.evidence.tlog.notes import COSIGNATURE_V1, Signer, check_name
from amana.evidence.witness.store import Identity, Store
from amana.kernel.entropy import Entropy
from amana.kernel.errors import StartFailure
from amana.vault import KeyFile
from amana.vault.errors import CannotUnwrap
from amana.vault.keyfile import Words

KEY_FILE = "witness.key"
SEED_BYTES = 32
PASSPHRASE_SETTING = "AMANA_WITNESS_PASSPHRASE"  # noqa: S105  the name of the setting

_CONTEXT = b"amana/witness-key/v1\0"
_WORDS = Words(
    called="witness key",
    lost="and without it the witness cannot sign any more",
    setting=PASSPHRASE_SETTING,
)


async def create(folder: Path, name: str, passphrase: str | None, entropy: Entropy) -> Store:
    """Make a new witness.

    Args:
        name: what its signatures are called, a URL without scheme: ``witness.example.org/council``.
        passphrase: seals the key file; needed at every start from then on.

    Raises:
        StartFailure: there is one already, the name cannot be used, or the folder cannot be written.
    """
    try:
        check_name(name)
        name.encode("ascii")
    except ValueError:
        raise StartFailure(
            f"{name!r} cannot be the name of a witness. Take an address without spaces, such as "
            "witness.example.org/council."
        ) from None
    Store.require_none(folder)
    key = _key_file(folder, passphrase, entropy)
    await key.unlock(may_create=True)
    seed = entropy.token_bytes(SEED_BYTES)
    signer = Signer(name, seed, COSIGNATURE_V1)
    wrapped = await key.wrap(seed, _CONTEXT + name.encode())
    return Store.create(folder, Identity(name, signer.verifier.public_key, wrapped))


async def unlock(folder: Path, store: Store, passphrase: str | None, entropy: Entropy) -> Signer:
    """Open the witness's key.

    Raises:
        StartFailure: the key file is missing, unsafe, sealed otherwise, or another one's.
    """
    key = _key_file(folder, passphrase, entropy)
    await key.unlock(may_create=False)
    identity = store.identity
    try:
        seed = await key.unwrap(identity.wrapped_key, _CONTEXT + identity.name.encode())
    except CannotUnwrap:
        raise StartFailure(f"the key file {folder / KEY_FILE} belongs to another witness.") from None
    signer = Signer(identity.name, seed, COSIGNATURE_V1)
    if signer.verifier.public_key != identity.public_key:
        raise StartFailure(f"the witness in {folder} has another key than it says. Put the folder back.")
    return signer


def _key_file(folder: Path, passphrase: str | None, entropy: Entropy) -> KeyFile:
    return KeyFile(folder / KEY_FILE, passphrase, entropy=entropy, words=_WORDS)

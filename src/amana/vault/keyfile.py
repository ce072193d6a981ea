"""The root key in a file.

File format (one JSON object, UTF-8, mode 0600)::

    {"format": "amana/root-key/v1", "key": base64(32 bytes)}
    {"format": "amana/root-key/v1",
     "kdf": {"name": "argon2id", "version": 19, "memory_kib": …, "passes": …, "lanes": …, "salt": base64(16)},
     "sealed": base64(nonce 12 ‖ AES-256-GCM(argon2id(passphrase), nonce, 32 bytes,
                      "amana/root-key/v1" 0x00 ‖ memory_kib u32 ‖ passes u32 ‖ lanes u32 ‖ salt))}

The key itself is never used: HKDF-SHA-256(key, "amana/root-wrap/v1") wraps organisation keys and
the check value, as ``0x01 ‖ nonce 12 ‖ AES-256-GCM(…, context)``. The first four bytes of
HKDF-SHA-256(key, "amana/root-id/v1") in hex are its name.
"""

import base64
import binascii
import json
import os
import unicodedata
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from struct import Struct

from argon2.low_level import ARGON2_VERSION, Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from amana.kernel.entropy import Entropy, SystemEntropy
from amana.vault.errors import CannotUnwrap, RootKeyFailure, RootKeyLost
from amana.vault.formats import KEY_BYTES, NONCE_BYTES, VERSION
from amana.vault.private_files import find_private
from amana.vault.rootkey import RootDescription, RootKey

FORMAT = "amana/root-key/v1"
# RFC 9106's choice for memory-constrained machines, with more passes: about 0.2 s, once per start.
ARGON2_MEMORY_KIB = 65_536
ARGON2_PASSES = 4
ARGON2_LANES = 4
SALT_BYTES = 16
KEY_ID_BYTES = 4
PENDING = ".next"
"""Ending of a key that a move made: the file takes its place once the database hangs on it."""

_PARAMETERS = Struct(">III").pack


@dataclass(frozen=True, slots=True)
class Words:
    """What a key file is called where it fails, and how its passphrase is given."""

    called: str = "root key"
    lost: str = "but this database was sealed with one"
    setting: str = "AMANA_ROOT_PASSPHRASE"


class KeyFile:
    """A root key in a file that only the server's own account can read.

    Args:
        path: the file; its folder is made with mode 0700 when it is missing.
        passphrase: seals the file; None stores the key open. Compared in Unicode NFKC.
        database_directory: the data directory of the database. The key file must lie outside,
            or a copy of the one would be a copy of the other.
        words: what messages call it.
    """

    def __init__(
        self,
        path: Path,
        passphrase: str | None = None,
        *,
        database_directory: Path | None = None,
        entropy: Entropy | None = None,
        words: Words | None = None,
    ) -> None:
        self._path = path
        self._words = words or Words()
        self._file = f"{self._words.called} file {path}"
        self._passphrase = passphrase
        self._database_directory = database_directory
        self._entropy = entropy or SystemEntropy()
        self._cipher: AESGCM | None = None
        self._key_id = ""

    @property
    def path(self) -> Path:
        """Where the file is."""
        return self._path

    @property
    def description(self) -> RootDescription:
        return RootDescription("file", str(self._path.absolute()), self._key_id)

    @property
    def sealed(self) -> bool:
        """Whether a passphrase protects the file."""
        return self._passphrase is not None

    async def unlock(self, *, may_create: bool) -> None:
        self._check_place()
        text = find_private(self._path, f"{self._words.called} file")
        if text is None:
            if not may_create:
                raise RootKeyLost(
                    f"The {self._file} is missing, {self._words.lost}.",
                    look_for="Put the file back from your backup; without it nothing can be read.",
                )
            self._create()
            text = find_private(self._path, f"{self._words.called} file")
        if text is None:
            raise RootKeyFailure(f"The {self._file} vanished while it was being made.")
        self._use(self._parse(text))

    async def take_pending(self, is_right: Callable[[RootKey], Awaitable[bool]]) -> bool:
        pending = self.pending()
        if not pending.path.exists():
            return False
        await pending.unlock(may_create=False)
        if not await is_right(pending):
            return False
        # This file was left behind by the move: it opens nothing of this database any more.
        pending.settle(self)
        self._cipher, self._key_id = pending._cipher, pending._key_id
        return True

    async def keep(self) -> None:
        """Nothing: a key that was read stays."""

    def pending(self) -> "KeyFile":
        """The key that a move is about to put here."""
        return KeyFile(
            self._path.with_name(f"{self._path.name}{PENDING}"),
            self._passphrase,
            database_directory=self._database_directory,
            entropy=self._entropy,
            words=self._words,
        )

    def create(self) -> None:
        """Make a new key in this file, whatever lay in it.

        Raises:
            RootKeyFailure: the folder cannot be written.
        """
        self._check_place()
        self._path.unlink(missing_ok=True)
        self._create()

    def settle(self, here: "KeyFile") -> None:
        """Put this file, made by ``create``, in the place of ``here``: whole or not at all."""
        self._path.replace(here.path)
        _sync_folder(here.path.parent)

    def retire(self, name: str, *, keep_place: bool) -> Path:
        """Set the file aside under another name in its folder, for older backups; gives its path.

        Args:
            keep_place: it also stays where it is until another one replaces it there.
        """
        retired = self._path.with_name(name)
        retired.unlink(missing_ok=True)
        retired.hardlink_to(self._path)
        if not keep_place:
            self._path.unlink()
        _sync_folder(self._path.parent)
        return retired

    async def wrap(self, key: bytes, context: bytes) -> bytes:
        nonce = self._entropy.token_bytes(NONCE_BYTES)
        return VERSION + nonce + self._unlocked().encrypt(nonce, key, context)

    async def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        if wrapped[:1] != VERSION:
            raise CannotUnwrap("unknown form")
        try:
            return self._unlocked().decrypt(wrapped[1:13], wrapped[13:], context)
        except (InvalidTag, ValueError) as wrong:
            raise CannotUnwrap("another root key, or changed bytes") from wrong

    def _use(self, key: bytes) -> None:
        self._cipher = AESGCM(_derive(key, b"amana/root-wrap/v1"))
        self._key_id = _derive(key, b"amana/root-id/v1")[:KEY_ID_BYTES].hex()

    def _unlocked(self) -> AESGCM:
        if self._cipher is None:
            raise RootKeyFailure(f"The {self._words.called} was used before it was unlocked.")
        return self._cipher

    def _check_place(self) -> None:
        if self._database_directory is None:
            return
        if self._path.resolve().is_relative_to(self._database_directory.resolve()):
            raise RootKeyFailure(
                f"The {self._file} lies inside the database directory "
                f"{self._database_directory}. Move it elsewhere: a copy of the one must not hold the other."
            )

    def _create(self) -> None:
        """Write a new key under another name and link it into place: whole or not at all, never over one."""
        key = self._entropy.token_bytes(KEY_BYTES)
        draft = self._path.with_name(f".{self._path.name}.{self._entropy.token_bytes(6).hex()}")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(self._encode(key))
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                os.link(draft, self._path)
            draft.unlink()
            _sync_folder(self._path.parent)
        except OSError as failure:
            raise RootKeyFailure(f"The {self._file} cannot be made: {failure.strerror}.") from failure

    def _encode(self, key: bytes) -> bytes:
        content: dict[str, object] = {"format": FORMAT}
        if self._passphrase is None:
            content["key"] = _base64(key)
        else:
            salt = self._entropy.token_bytes(SALT_BYTES)
            nonce = self._entropy.token_bytes(NONCE_BYTES)
            settings = (ARGON2_MEMORY_KIB, ARGON2_PASSES, ARGON2_LANES)
            cipher = _passphrase_cipher(self._passphrase, salt, settings)
            content["kdf"] = {
                "name": "argon2id",
                "version": ARGON2_VERSION,
                "memory_kib": ARGON2_MEMORY_KIB,
                "passes": ARGON2_PASSES,
                "lanes": ARGON2_LANES,
                "salt": _base64(salt),
            }
            content["sealed"] = _base64(nonce + cipher.encrypt(nonce, key, _binding(settings, salt)))
        return json.dumps(content, indent=1).encode() + b"\n"

    def _parse(self, text: bytes) -> bytes:
        try:
            content = json.loads(text)
            if not isinstance(content, dict) or content.get("format") != FORMAT:
                raise ValueError("format")
            key = self._unseal(content) if "sealed" in content else self._plain(content)
            if len(key) != KEY_BYTES:
                raise ValueError("length")
        except (ValueError, KeyError, TypeError, binascii.Error) as failure:
            raise RootKeyLost(
                f"The {self._file} is damaged or is no Amana {self._words.called}.",
                look_for="Put it back from your backup.",
            ) from failure
        return key

    def _plain(self, content: Mapping[str, object]) -> bytes:
        if self._passphrase is not None:
            raise RootKeyFailure(
                f"A passphrase was given, but the {self._file} is not sealed with one. "
                "Start without the passphrase."
            )
        return _from_base64(content["key"])

    def _unseal(self, content: Mapping[str, object]) -> bytes:
        if self._passphrase is None:
            raise RootKeyFailure(f"The {self._file} is sealed with a passphrase. Set {self._words.setting}.")
        kdf = content["kdf"]
        if not isinstance(kdf, dict) or kdf["name"] != "argon2id" or kdf["version"] != ARGON2_VERSION:
            raise ValueError("kdf")
        settings = (int(kdf["memory_kib"]), int(kdf["passes"]), int(kdf["lanes"]))
        salt = _from_base64(kdf["salt"])
        sealed = _from_base64(content["sealed"])
        cipher = _passphrase_cipher(self._passphrase, salt, settings)
        try:
            return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _binding(settings, salt))
        except InvalidTag as wrong:
            raise RootKeyLost(
                f"The passphrase does not open the {self._file}.", look_for=f"Check {self._words.setting}."
            ) from wrong


def is_sealed(path: Path) -> bool:
    """Whether there is a key file that needs a passphrase; False for whatever cannot be read."""
    try:
        content = json.loads(find_private(path, "root key file") or b"{}")
    except (ValueError, RootKeyFailure):
        return False
    return isinstance(content, dict) and "sealed" in content


def _passphrase_cipher(passphrase: str, salt: bytes, settings: tuple[int, int, int]) -> AESGCM:
    memory_kib, passes, lanes = settings
    secret = unicodedata.normalize("NFKC", passphrase).encode()
    return AESGCM(
        hash_secret_raw(
            secret,
            salt,
            time_cost=passes,
            memory_cost=memory_kib,
            parallelism=lanes,
            hash_len=KEY_BYTES,
            type=Type.ID,
        )
    )


def _binding(settings: tuple[int, int, int], salt: bytes) -> bytes:
    return FORMAT.encode() + b"\0" + _PARAMETERS(*settings) + salt


def _derive(key: bytes, label: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=label).derive(key)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _from_base64(value: object) -> bytes:
    return base64.b64decode(str(value), validate=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

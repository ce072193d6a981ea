"""The root key in a key service: the transit engine of OpenBao or HashiCorp Vault.

The key never leaves the service. What it wraps is stored as ``0x02 ‖ the service's own text`` ("vault:v1:…"),
with the context as associated data, so that no wrap can stand in for another one. The service is asked when
the server starts and when an organisation's key is made, not for messages: it may be away for a while.
"""

import asyncio
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import structlog

from amana.kernel.errors import StartFailure
from amana.vault.errors import CannotUnwrap, RootKeyFailure, RootKeyLost, RootKeyUnreachable
from amana.vault.formats import KEY_BYTES
from amana.vault.private_files import read_private
from amana.vault.rootkey import RootDescription, RootKey

if TYPE_CHECKING:
    from hvac import Client

T = TypeVar("T")
log = structlog.get_logger("amana.root_key")

VERSION = b"\x02"
MOUNT = "transit"
CALL_TIMEOUT_S = 10
START_PATIENCE_S = 60.0
RETRY_S = 2.0
RENEW_SHARE = 3
"""A token is renewed when a third of its life is over, so two failures in a row do not end it."""
RENEW_AGAIN_S = 10.0
NEVER_EXPIRES_S = 3600.0
_PROBE = b"amana/root-probe/v1\0"
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class TransitPlace:
    """Where the key is and what opens the way to it.

    Attributes:
        url: address of the service, https.
        key: name of the key in the transit engine.
        token_file: file of mode 0600 with a token that may encrypt and decrypt with that key.
        ca: PEM certificate authority of the service; None takes the system's.
    """

    url: str
    key: str
    token_file: Path
    ca: Path | None = None


class _Down(Exception):
    """Nobody answers, or the service is sealed: time may mend it."""


class _Refused(Exception):
    """The service answers and says no: somebody has to mend it."""

    def __init__(self, reason: str, look_for: str) -> None:
        super().__init__(reason)
        self.look_for = look_for


class TransitKey:
    """A root key that OpenBao or Vault keeps.

    Args:
        patience_s: how long a start waits for a service that does not answer yet.
        retry_s: how often it asks meanwhile.
    """

    def __init__(
        self, place: TransitPlace, *, patience_s: float = START_PATIENCE_S, retry_s: float = RETRY_S
    ) -> None:
        self._place = place
        self._patience_s = patience_s
        self._retry_s = retry_s
        self._client: Client | None = None
        self._one_at_a_time = asyncio.Lock()

    @property
    def sealed(self) -> bool:
        """A copy of this machine's disk does not hold the key."""
        return True

    @property
    def description(self) -> RootDescription:
        return RootDescription("transit", f"{self._place.url} {MOUNT}/{self._place.key}", self._place.key)

    async def unlock(self, *, may_create: bool) -> None:
        _require_hvac()
        self._require_tls()
        self._read_token()
        waited_s = 0.0
        while True:
            try:
                await self._probe()
                return
            except _Refused as refused:
                raise RootKeyLost(str(refused), look_for=refused.look_for) from None
            except _Down as down:
                if waited_s >= self._patience_s:
                    raise RootKeyLost(
                        f"The key service {self._place.url} {down}, for {waited_s:.0f} s now.",
                        look_for="Start and unseal it, or check AMANA_TRANSIT_URL and AMANA_TRANSIT_CA.",
                    ) from None
                log.warning("root_key.waiting", url=self._place.url, reason=str(down))
            await asyncio.sleep(self._retry_s)
            waited_s += self._retry_s

    async def wrap(self, key: bytes, context: bytes) -> bytes:
        return await self._answered(self._encrypt, key, context)

    async def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        if wrapped[:1] != VERSION:
            raise CannotUnwrap("not wrapped by a key service")
        return await self._answered(self._decrypt, wrapped, context)

    async def take_pending(self, is_right: Callable[[RootKey], Awaitable[bool]]) -> bool:
        """Nothing waits here: the key lies in the service before a move begins."""
        return False

    async def keep(self) -> None:
        """Renew the token for as long as this runs; a new token in the file is taken up."""
        while True:
            try:
                pause_s = await self._call(self._renew)
            except (_Down, _Refused, StartFailure) as failure:
                log.error("root_key.token_not_renewed", url=self._place.url, reason=str(failure))
                self._client = None  # the file is read again
                pause_s = RENEW_AGAIN_S
            await asyncio.sleep(pause_s)

    async def _probe(self) -> None:
        """Prove both rights on the key, as later work will need them."""
        secret = bytes(KEY_BYTES)
        try:
            wrapped = await self._call(self._encrypt, secret, _PROBE)
        except _Refused:
            # To a token that may not make keys, a key that is gone looks forbidden. Opening tells them apart.
            with suppress(CannotUnwrap):
                await self._call(self._decrypt, VERSION + b"vault:v1:", _PROBE)
            raise
        if await self._call(self._decrypt, wrapped, _PROBE) != secret:
            raise _Refused("The key service gave back other bytes than it was given.", "Ask who runs it.")

    async def _answered(self, work: Callable[..., bytes], *args: bytes) -> bytes:
        try:
            return await self._call(work, *args)
        except (_Down, _Refused, StartFailure) as failure:
            log.error("root_key.unreachable", url=self._place.url, reason=str(failure))
            raise RootKeyUnreachable from failure

    async def _call(self, work: Callable[..., T], *args: bytes) -> T:
        """Run a blocking call beside the loop, with the token of the file; once more if it was replaced."""
        async with self._one_at_a_time:
            try:
                return await asyncio.to_thread(self._translated, work, *args)
            except _Refused:
                if self._client is None or self._read_token() == self._client.token:
                    raise
                self._client = None
            return await asyncio.to_thread(self._translated, work, *args)

    def _translated(self, work: Callable[..., T], *args: bytes) -> T:
        import hvac.exceptions
        import requests

        place = self._place
        try:
            return work(*args)
        except hvac.exceptions.Forbidden:
            raise _Refused(
                f"The key service {place.url} refuses the token in {place.token_file}.",
                f"Put a token there that may use {MOUNT}/encrypt/ and {MOUNT}/decrypt/{place.key}.",
            ) from None
        except hvac.exceptions.InvalidPath:
            raise _Refused(
                f"The key service {place.url} has no engine at {MOUNT}/.", "Restore its storage or enable it."
            ) from None
        except hvac.exceptions.InvalidRequest as answer:
            if "not found" in str(answer):
                raise _Refused(
                    f"The key service {place.url} has no key {place.key}: it was deleted or never made.",
                    "Restore the key or the service's storage from its backup, or check AMANA_TRANSIT_KEY.",
                ) from None
            raise CannotUnwrap("another root key, or changed bytes") from None
        except hvac.exceptions.VaultDown:
            raise _Down("is sealed") from None
        except requests.exceptions.SSLError:
            raise _Down("has a certificate that is not trusted") from None
        except (hvac.exceptions.VaultError, requests.exceptions.RequestException) as failure:
            raise _Down(f"does not answer ({type(failure).__name__})") from None

    def _encrypt(self, key: bytes, context: bytes) -> bytes:
        answer = self._connected().secrets.transit.encrypt_data(
            name=self._place.key, plaintext=_text(key), associated_data=_text(context), mount_point=MOUNT
        )
        return VERSION + str(_data(answer)["ciphertext"]).encode("ascii")

    def _decrypt(self, wrapped: bytes, context: bytes) -> bytes:
        answer = self._connected().secrets.transit.decrypt_data(
            name=self._place.key,
            ciphertext=wrapped[1:].decode("ascii", "replace"),
            associated_data=_text(context),
            mount_point=MOUNT,
        )
        return b64decode(str(_data(answer)["plaintext"]))

    def _renew(self) -> float:
        """Renew the token where it can be renewed; gives the seconds until the next time."""
        token = self._connected().auth.token
        found = _data(token.lookup_self())
        ttl_s = float(found["ttl"])
        if ttl_s == 0:
            return NEVER_EXPIRES_S
        if found["renewable"]:
            ttl_s = float(token.renew_self()["auth"]["lease_duration"])
        return max(1.0, min(ttl_s / RENEW_SHARE, NEVER_EXPIRES_S))

    def _connected(self) -> "Client":
        if self._client is None:
            import hvac

            verify = True if self._place.ca is None else str(self._place.ca)
            self._client = hvac.Client(
                url=self._place.url, token=self._read_token(), verify=verify, timeout=CALL_TIMEOUT_S
            )
        return self._client

    def _read_token(self) -> str:
        return read_private(self._place.token_file, "token file").decode("ascii", "replace").strip()

    def _require_tls(self) -> None:
        parts = urlsplit(self._place.url)
        if parts.scheme != "https" and parts.hostname not in _LOCAL:
            raise RootKeyFailure(
                f"AMANA_TRANSIT_URL is {self._place.url}: keys travel over https only. Give an https address."
            )


def _require_hvac() -> None:
    try:
        import hvac  # noqa: F401
    except ImportError:
        raise RootKeyFailure(
            "AMANA_ROOT_KEY=transit needs the package hvac. Install it: pip install 'amana[openbao]'"
        ) from None


def _text(data: bytes) -> str:
    return b64encode(data).decode()


def _data(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    found = answer["data"]
    if not isinstance(found, Mapping):
        raise _Down("gave an answer without data")
    return found

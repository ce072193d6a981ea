"""From one wrap to the content: every authentication on the way, in one place. Pure."""

from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from amana.vault import formats, queries
from amana.vault.model import DamagedPart, Stored


@dataclass(frozen=True, slots=True)
class Opened:
    """A wrap that held: what it protects and which one it was."""

    data_key: bytes
    content: bytes
    wrap: queries.WrapRow


def open_wrap(cipher: AESGCM | None, item: Stored, wrap: queries.WrapRow) -> Opened | DamagedPart:
    """Open a row through one of its wraps, or say which piece does not hold.

    Args:
        cipher: of the conversation key that ``wrap.key_ref`` names; None when there is none.
    """
    if cipher is None:
        return DamagedPart.KEY
    try:
        place = formats.address_bytes(item.address)
        data_key = formats.unwrap_key(cipher, place, wrap.wrapped, ground=wrap.ground, key_ref=wrap.key_ref)
    except formats.Damaged:
        return DamagedPart.WRAP
    try:
        opening, content = formats.open_body(place, data_key, item.body)
    except formats.Damaged:
        return DamagedPart.BODY
    if not formats.commitment_holds(opening, item.body, item.commitment):
        return DamagedPart.COMMITMENT
    return Opened(data_key, content, wrap)

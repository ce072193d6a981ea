"""age keys: who may open a backup.

Two keys open every object. The **offline identity** is made once and carried away; only its recipient
(``age1…``) is on the server. The **drill key** lies in the data folder, so that the server can try
every week whether what it wrote can be restored.
"""

import os
from datetime import datetime
from pathlib import Path
from typing import NewType, cast

from pyrage import IdentityError, RecipientError, x25519

from amana.backup.errors import NotAnAgeKey

# The library has no types; these keep the two halves apart.
Recipient = NewType("Recipient", object)
Identity = NewType("Identity", object)

DRILL_KEY = Path("keys", "backup-drill.key")
_SECRET = "AGE-SECRET-KEY-1"  # noqa: S105  how every identity begins
MAX_FILE_BYTES = 65_536


def parse_recipient(text: str) -> Recipient:
    """Read ``age1…``.

    Raises:
        NotAnAgeKey: says what was given instead.
    """
    text = text.strip()
    if text.upper().startswith(_SECRET):
        raise NotAnAgeKey(
            "AMANA_BACKUP_RECIPIENT holds a secret key. Give the recipient that begins with age1; "
            "the secret key does not belong on this machine."
        )
    try:
        return Recipient(x25519.Recipient.from_str(text))
    except RecipientError as error:
        raise NotAnAgeKey(
            f"{text[:80]!r} is no age recipient. It begins with age1 and is printed by: "
            "amana backup keygen FILE"
        ) from error


def write_identity(path: Path, now: datetime) -> Recipient:
    """Make a new identity in a file of mode 0600, in age's own format; give its recipient.

    Raises:
        NotAnAgeKey: there is a file already, which is never overwritten, or none can be made.
    """
    identity = new_identity()
    recipient = recipient_of(identity)
    text = f"# created: {now:%Y-%m-%dT%H:%M:%SZ}\n# public key: {recipient}\n{identity}\n"
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError as error:
        raise NotAnAgeKey(f"{path} exists already. A key is never overwritten: name another file.") from error
    except OSError as error:
        raise NotAnAgeKey(f"The key file {path} cannot be made: {error.strerror}.") from error
    return recipient


def read_identities(path: Path) -> list[Identity]:
    """Every identity in a file: lines ``AGE-SECRET-KEY-1…``, and comments.

    Raises:
        NotAnAgeKey: the file cannot be read or holds none.
    """
    try:
        with path.open("rb") as file:
            text = file.read(MAX_FILE_BYTES).decode(errors="replace")
    except OSError as error:
        raise NotAnAgeKey(f"The key file {path} cannot be read: {error.strerror}.") from error
    found = []
    for line in text.splitlines():
        if line.strip().startswith(_SECRET):
            try:
                found.append(Identity(x25519.Identity.from_str(line.strip())))
            except IdentityError as error:
                raise NotAnAgeKey(f"The key in {path} is damaged: copy the file again.") from error
    if not found:
        raise NotAnAgeKey(
            f"{path} holds no age key: a line of it begins with {_SECRET}. "
            "Give the file that amana backup keygen made."
        )
    return found


def ensure_drill_key(data_dir: Path, now: datetime) -> Identity:
    """The server's own key for the weekly drill, made on first use.

    Raises:
        NotAnAgeKey: the file is there but is not a key, or cannot be made.
    """
    path = data_dir / DRILL_KEY
    if not path.exists():
        try:
            write_identity(path, now)
        except NotAnAgeKey:
            # Two processes at once: the other one's key counts.
            if not path.exists():
                raise
    return read_identities(path)[0]


def new_identity() -> Identity:
    return Identity(x25519.Identity.generate())


def recipient_of(identity: Identity) -> Recipient:
    return Recipient(cast("x25519.Identity", identity).to_public())

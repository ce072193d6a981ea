"""Where the root key is, as the settings say."""

from amana.app.settings import Settings
from amana.kernel.entropy import Entropy
from amana.vault import KeyFile


def root_key(settings: Settings, entropy: Entropy) -> KeyFile:
    """The holder of the root key; not unlocked yet."""
    passphrase = settings.root_passphrase
    return KeyFile(
        settings.key_file,
        passphrase.get_secret_value() if passphrase is not None else None,
        database_directory=settings.data_dir / "postgres",
        entropy=entropy,
    )

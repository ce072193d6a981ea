"""Where the root key is, as the settings say."""

from amana.app.settings import RootPlace, Settings
from amana.kernel.entropy import Entropy
from amana.kernel.errors import StartFailure
from amana.vault import KeyFile, RootKey
from amana.vault.transit import TransitKey, TransitPlace


def root_key(settings: Settings, entropy: Entropy) -> RootKey:
    """The holder of the root key; not unlocked yet.

    Raises:
        StartFailure: a key service is asked for and not named.
    """
    if settings.root_key is RootPlace.TRANSIT:
        return transit_key(settings)
    passphrase = settings.root_passphrase
    return key_file(settings, entropy, passphrase.get_secret_value() if passphrase is not None else None)


def key_file(settings: Settings, entropy: Entropy, passphrase: str | None) -> KeyFile:
    """The key file of these settings under this passphrase."""
    return KeyFile(
        settings.key_file,
        passphrase,
        database_directory=settings.data_dir / "postgres",
        entropy=entropy,
    )


def transit_key(settings: Settings) -> TransitKey:
    """The key in the key service of these settings.

    Raises:
        StartFailure: the service is not named.
    """
    if settings.transit_url is None or settings.transit_token_file is None:
        raise StartFailure(
            "a root key in OpenBao or Vault needs AMANA_TRANSIT_URL and AMANA_TRANSIT_TOKEN_FILE."
        )
    return TransitKey(
        TransitPlace(
            settings.transit_url.rstrip("/"),
            settings.transit_key,
            settings.transit_token_file,
            settings.transit_ca,
        )
    )

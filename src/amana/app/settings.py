"""Every setting, read from ``AMANA_*`` in the environment; command-line flags win over it."""

from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
DEFAULT_PORT = 8080


class TlsMode(StrEnum):
    """The ways to a secure context; ``off`` serves ``http://localhost`` or stands behind a proxy."""

    OFF = "off"
    ACME = "acme"
    FILES = "files"
    INTERNAL = "internal"


class RootPlace(StrEnum):
    """Where the root key is kept."""

    FILE = "file"
    TRANSIT = "transit"


class LogLevel(StrEnum):
    """The least important thing that is still logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Settings(BaseSettings):
    """What an operator can choose. Nothing here is needed to try Amana out."""

    model_config = SettingsConfigDict(env_prefix="AMANA_", extra="forbid", frozen=True)

    data_dir: Path = Field(
        Path("var/amana"), description="Folder of everything Amana keeps: database, keys, logs."
    )
    public_url: str | None = Field(
        None,
        description="The one address people use, scheme and host. Permanent: passkeys and links hang on it.",
    )
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(DEFAULT_PORT, ge=1, le=65535, description="Port to listen on; a busy one → the next.")
    workers: int = Field(
        1, ge=1, le=64, description="Processes that serve people behind the one port; one for each core."
    )
    nats_url: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        (),
        description="NATS servers for the doorbell between several hosts, comma-separated: "
        "tls://user:password@host:4222. Default: one of Amana's own on loopback.",
    )
    nats_ca: Path | None = Field(
        None, description="PEM authority of the NATS servers' certificates, if the system does not know it."
    )
    tls: TlsMode = Field(TlsMode.OFF, description="Where TLS ends: off, acme, files or internal.")
    tls_certificate: Path | None = Field(None, description="PEM certificate chain for `files`.")
    tls_key: Path | None = Field(None, description="PEM private key for `files`.")
    install_port: int = Field(
        8880, ge=1, le=65535, description="Plain http port of the install pages of `internal`."
    )
    acme_directory: str | None = Field(None, description="ACME directory of another certificate authority.")
    acme_root: Path | None = Field(None, description="PEM root that the ACME directory's own TLS hangs on.")
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], NoDecode] = Field(
        (), description="Networks whose X-Forwarded-* headers are believed, comma-separated. Default none."
    )
    database_url: SecretStr | None = Field(
        None, description="Your own PostgreSQL (15 or newer) instead of the embedded one."
    )
    database_pool_url: SecretStr | None = Field(
        None,
        description="The same database through a pooler in transaction mode (PgBouncer): for everything "
        "short. AMANA_DATABASE_URL stays the direct way, for what needs a session.",
    )
    database_user: str | None = Field(
        None, description="System account that runs the embedded PostgreSQL when Amana is started as root."
    )
    root_passphrase: SecretStr | None = Field(
        None, description="Passphrase that seals the root key file. Without it the key lies open on the disk."
    )
    root_passphrase_file: Path | None = Field(
        None, description="File with that passphrase instead: a systemd credential, a container's secret."
    )
    root_key_file: Path | None = Field(
        None, description="Place of the root key file. Default: keys/root.key in the data folder."
    )
    root_key: RootPlace = Field(
        RootPlace.FILE, description="Where the root key is: file, or transit (OpenBao or HashiCorp Vault)."
    )
    transit_url: str | None = Field(None, description="Address of the key service for `transit`.")
    transit_key: str = Field("amana", description="Name of the key in the service's transit engine.")
    transit_token_file: Path | None = Field(
        None, description="File of mode 0600 with a token that may encrypt and decrypt with that key."
    )
    transit_ca: Path | None = Field(None, description="PEM authority of the service's certificate.")
    backup_target: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Where backups go: folders or s3://bucket/prefix, comma-separated. Default nowhere."
    )
    backup_recipient: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="age recipients (age1…) of the offline keys that open backups, comma-separated."
    )
    backup_keep_days: int = Field(
        14,
        ge=1,
        le=14,
        description="How long a copy of the database is kept; erased is gone from it after that.",
    )
    backup_drill: bool = Field(
        default=True, description="Whether a key on the server tries a restore every week (on or off)."
    )
    backup_s3_endpoint: str | None = Field(
        None, description="Address of an S3 that is not Amazon's. Keys and region: AWS_* as everywhere."
    )
    metrics_port: int | None = Field(
        None, ge=1, le=65535, description="Port of the metrics for Prometheus. Default: no metrics."
    )
    metrics_host: str = Field("127.0.0.1", description="Address the metrics listen on.")
    metrics_token_file: Path | None = Field(
        None, description="File with the token that readers of the metrics must send as Bearer."
    )
    disk_reserve_mb: int | None = Field(
        None,
        ge=1,
        description="Free MB below which nothing new is taken. Default: 5 % of the disk, at least 1024.",
    )
    witness_ca: Path | None = Field(
        None, description="PEM authority of witnesses whose certificate the system does not know."
    )
    erase_within_hours: float = Field(
        24.0,
        gt=0,
        le=24,
        description="Hours after which what was erased is out of the database's files, at the latest.",
    )
    timestamp_url: str | None = Field(
        None, description="Time stamping authority (RFC 3161) that stamps the log once a day."
    )
    timestamp_ca: Path | None = Field(None, description="PEM certificate by which the authority is known.")
    log_level: LogLevel = Field(LogLevel.INFO, description="debug, info, warning or error.")

    @model_validator(mode="before")
    @classmethod
    def _read_passphrase(cls, values: object) -> object:
        """One place for the secret, wherever it came from; the variable wins over the file."""
        if not isinstance(values, dict) or not values.get("root_passphrase_file"):
            return values
        path = Path(values["root_passphrase_file"])
        try:
            text = path.read_text(encoding="utf-8").rstrip("\r\n")
        except (OSError, UnicodeDecodeError):
            raise ValueError(f"the file {path} with the root key's passphrase cannot be read") from None
        if not text:
            raise ValueError(f"the file {path} with the root key's passphrase is empty")
        return {"root_passphrase": text, **values}

    @field_validator("log_level", mode="before")
    @classmethod
    def _in_any_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("backup_target", "backup_recipient", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("nats_url", mode="before")
    @classmethod
    def _split_secrets(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(SecretStr(part.strip()) for part in value.split(",") if part.strip())
        return value

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _split_networks(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(ip_network(part.strip()) for part in value.split(",") if part.strip())
        return value

    @field_validator("public_url")
    @classmethod
    def _only_an_origin(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path not in {"", "/"}:
            raise ValueError("give scheme and host only, such as https://chat.example.org")
        if parts.scheme == "http" and parts.hostname not in LOCAL_HOSTS:
            raise ValueError("browsers give passkeys and offline use to https only (or http://localhost)")
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def key_file(self) -> Path:
        return self.root_key_file or self.data_dir / "keys" / "root.key"

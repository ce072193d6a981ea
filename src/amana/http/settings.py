"""What the edge must know about where it is reached and how much it takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from urllib.parse import urlsplit

from amana.kernel.limits import Limit

Network = IPv4Network | IPv6Network

BODY_BYTES = Limit(
    "http.body_bytes", 256 * 1024, "bytes", "Largest JSON body; the longest message is far below it."
)
REQUEST_SECONDS = Limit(
    "http.request_seconds", 30, "seconds", "A request that has not begun to answer by then is given up."
)
NETWORK_BURST = Limit(
    "http.network_burst", 1000, "requests", "A whole office behind one address opens the client at nine."
)
NETWORK_RATE = Limit(
    "http.network_rate", 50, "requests per second", "Requests without a session.", per="a client network"
)
SESSION_BURST = Limit(
    "http.session_burst", 300, "requests", "A client that comes back after a week loads its rooms at once."
)
SESSION_RATE = Limit(
    "http.session_rate",
    30,
    "requests per second",
    "Far above what a person causes.",
    per="a session or an API token",
)
STRANGER_BURST = Limit(
    "http.unknown_tokens_burst", 100, "tokens", "Devices whose session ended ask a few times more."
)
STRANGER_RATE = Limit(
    "http.unknown_tokens_rate",
    5,
    "tokens per second",
    "Each costs a look-up in the database; right ones are not counted at all.",
    per="a client network",
)
LIMITS = (
    BODY_BYTES,
    REQUEST_SECONDS,
    NETWORK_BURST,
    NETWORK_RATE,
    SESSION_BURST,
    SESSION_RATE,
    STRANGER_BURST,
    STRANGER_RATE,
)


@dataclass(frozen=True, slots=True)
class EdgeSettings:
    """Where the installation is reached and how much the edge takes.

    Attributes:
        public_url: the one origin (``AMANA_PUBLIC_URL``), without a path.
        trusted_proxies: networks whose ``X-Forwarded-For`` is believed; nobody's by default.
    """

    public_url: str
    trusted_proxies: Sequence[Network] = ()
    body_bytes: int = BODY_BYTES.default
    request_seconds: float = REQUEST_SECONDS.default
    network_burst: int = NETWORK_BURST.default
    network_rate: float = NETWORK_RATE.default
    session_burst: int = SESSION_BURST.default
    session_rate: float = SESSION_RATE.default
    stranger_burst: int = STRANGER_BURST.default
    stranger_rate: float = STRANGER_RATE.default

    @property
    def origin(self) -> str:
        """Scheme, host and port as browsers write them in ``Origin``."""
        parts = urlsplit(self.public_url)
        default_port = {"http": 80, "https": 443}.get(parts.scheme)
        port = "" if parts.port in (None, default_port) else f":{parts.port}"
        return f"{parts.scheme}://{_bracketed(parts.hostname or '')}{port}"

    @property
    def host(self) -> str:
        """Host name without port: the WebAuthn relying party id."""
        return urlsplit(self.public_url).hostname or ""

    @property
    def is_https(self) -> bool:
        return self.public_url.startswith("https://")


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host

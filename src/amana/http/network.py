"""Who is at the other end of the line: the caller's address, believed only from trusted proxies."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from amana.http.asgi import Scope
from amana.http.settings import Network

# A server behind a unix socket has no peer address: whoever may open it is on this machine.
UNKNOWN = "127.0.0.1"
# One household or office usually holds a whole /64; single IPv6 addresses cost nothing to change.
IPV6_NETWORK_BITS = 64


def client_ip(scope: Scope, trusted_proxies: Sequence[Network]) -> str:
    """The caller's address.

    ``X-Forwarded-For`` is read from the right and only as long as the one who wrote the entry is
    a trusted proxy: everything further left is what a stranger claimed.
    """
    peer = scope.get("client")
    current = _address(str(peer[0])) if peer else None
    if current is None:
        return UNKNOWN
    for part in reversed(_forwarded(scope) if trusted_proxies else []):
        if not _is_trusted(current, trusted_proxies):
            break
        claimed = _address(part.strip())
        if claimed is None:
            break
        current = claimed
    return str(current)


def network_of(address: str) -> str:
    """The network that shares one rate limit: the address itself for IPv4, the /64 for IPv6."""
    parsed = ip_address(address)
    if parsed.version == 4:
        return address
    return str(ip_network(f"{address}/{IPV6_NETWORK_BITS}", strict=False))


def _forwarded(scope: Scope) -> list[str]:
    """Every entry of every line: a proxy may add a line of its own below the stranger's."""
    lines = [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return ",".join(lines).split(",") if lines else []


def _is_trusted(address: IPv4Address | IPv6Address, trusted: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in trusted)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        parsed = ip_address(text.strip("[]"))
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        return parsed.ipv4_mapped
    return parsed

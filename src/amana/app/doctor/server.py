"""Checks of what the server is part of: its address, backups, log, witnesses, database."""

from datetime import timedelta
from urllib.parse import urlsplit

from amana.app.doctor.model import CertificateFacts, Finding, Level, Probe, age
from amana.app.settings import LOCAL_HOSTS, TlsMode

BASE_LIMIT = timedelta(days=8)
WAL_LIMIT = timedelta(minutes=10)
KEYRING_LIMIT = timedelta(minutes=30)
LIMITS = {"base": BASE_LIMIT, "wal": WAL_LIMIT, "keyring": KEYRING_LIMIT}
WITNESS_WARN, WITNESS_BAD = timedelta(hours=1), timedelta(days=1)
CERTIFICATE_WARN = timedelta(days=14)
RSA_FLOOR_BITS, CURVE_FLOOR_BITS = 2_048, 256
WEAK_HASHES = frozenset({"md5", "sha1"})
# A network larger than these holds strangers.
WIDEST_TRUST = {4: 8, 6: 16}

_BACKUP_HELP = "amana backup --help   # and docs/operating/backup.md"


def backup(probe: Probe) -> Finding:
    """Everything young enough, everywhere it is meant to be."""
    name, facts = "backup", probe.backup
    if facts is None or not facts.targets:
        return Finding(
            name, Level.BAD, "There is no backup: when this disk dies, everything is gone.", _BACKUP_HELP
        )
    if not facts.recipients:
        return Finding(
            name, Level.BAD, "Backups have no offline key that could open them.", "set AMANA_BACKUP_RECIPIENT"
        )
    if facts.error is not None:
        return Finding(name, Level.BAD, f"The backups cannot be looked at: {facts.error}", _BACKUP_HELP)
    for part, limit in LIMITS.items():
        at = facts.newest.get(part)
        if at is None:
            return Finding(name, Level.BAD, f"A target holds no {part} yet.", _BACKUP_HELP)
        # A server that stands still writes no changes and no keys.
        if probe.now - at > limit and (probe.is_serving or part == "base"):
            return Finding(
                name,
                Level.BAD,
                f"The newest {part} is {age(at, probe.now)} old.",
                "look into the log for backup",
            )
    return Finding(name, Level.OK, f"The newest base is {age(facts.newest['base'], probe.now)} old.")


def witness(probe: Probe) -> Finding:
    """Somebody else watches that nothing is altered."""
    name, log = "witness", probe.log
    if log is None:
        return Finding(name, Level.UNKNOWN, "The log could not be looked at.")
    if not log.witnesses:
        return Finding(
            name,
            Level.WARN,
            "Nobody outside watches the log: who runs this machine could rewrite its history unseen.",
            "amana witness --help   # to be run by the works council, an auditor or a partner",
        )
    late = max(log.witnesses, key=lambda one: one.delay(probe.now))
    delay = late.delay(probe.now)
    if delay > WITNESS_WARN:
        level = Level.BAD if delay > WITNESS_BAD else Level.WARN
        reason = f" ({late.last_error})" if late.last_error else ""
        says = f"The witness {late.name} has not followed for {age(probe.now - delay, probe.now)}{reason}."
        return Finding(name, level, says, f"is {late.url or 'it'} running and reachable from here?")
    return Finding(name, Level.OK, f"{len(log.witnesses)} witnesses follow the log.")


def fork(probe: Probe) -> Finding:
    """No witness has seen another past than the one that is stored here."""
    name, log = "log", probe.log
    if log is None or log.size is None:
        return Finding(name, Level.UNKNOWN, "There is no log yet, or it could not be looked at.")
    for one in log.witnesses:
        if one.alarm is not None:
            seen = "more than" if one.alarm == "rolled_back" else "something else than"
            return Finding(
                name,
                Level.BAD,
                f"The witness {one.name} has seen {seen} this log holds: it was rolled back or altered.",
                "amana verify   # and docs/operating/verify.md before anything else is changed",
            )
    return Finding(name, Level.OK, f"The log has {log.size} entries, and no witness knows another past.")


def tls(probe: Probe) -> Finding:
    """A certificate that browsers take, today and next week."""
    name = "tls"
    if probe.tls is TlsMode.ACME:
        return Finding(name, Level.OK, "Certificates come and are renewed by ACME.")
    if probe.certificate is None:
        if (probe.public_url or "").startswith("https://"):
            return Finding(
                name, Level.OK, "TLS ends at the proxy in front; `public_url` looks at it from outside."
            )
        return Finding(name, Level.OK, "Served on this machine only, without TLS.")
    return _certificate(name, probe, probe.certificate)


def _certificate(name: str, probe: Probe, facts: CertificateFacts) -> Finding:
    todo = f"put a new certificate at {facts.path}; it is taken up within seconds"
    host = urlsplit(probe.public_url or "").hostname or ""
    floor = CURVE_FLOOR_BITS if facts.is_elliptic else RSA_FLOOR_BITS
    if facts.error is not None or facts.not_after is None:
        return Finding(name, Level.BAD, f"The certificate {facts.path} cannot be read: {facts.error}.", todo)
    if facts.not_after <= probe.now:
        return Finding(
            name, Level.BAD, f"The certificate expired {age(facts.not_after, probe.now)} ago.", todo
        )
    if host and not any(_covers(pattern, host) for pattern in facts.names):
        return Finding(name, Level.BAD, f"The certificate is not for {host}.", todo)
    if facts.key_bits < floor or facts.signature_hash in WEAK_HASHES:
        weak = f"{facts.key_bits} bits" if facts.key_bits < floor else facts.signature_hash
        return Finding(name, Level.BAD, f"The certificate is weak ({weak}).", todo)
    if facts.not_after - probe.now < CERTIFICATE_WARN and probe.tls is TlsMode.FILES:
        return Finding(name, Level.WARN, f"The certificate expires on {facts.not_after:%Y-%m-%d}.", todo)
    return Finding(name, Level.OK, f"The certificate is good until {facts.not_after:%Y-%m-%d}.")


def _covers(pattern: str, host: str) -> bool:
    if pattern.startswith("*."):
        return host.partition(".")[2] == pattern[2:]
    return pattern == host


def public_url(probe: Probe) -> Finding:
    """The one address leads here, and is seen as itself when it does."""
    name, url, facts = "public_url", probe.public_url, probe.address
    if url is None:
        if probe.host in LOCAL_HOSTS:
            return Finding(name, Level.OK, "For this machine only: no public address is set.")
        return Finding(
            name, Level.BAD, "It listens on a network, but has no address.", "set AMANA_PUBLIC_URL"
        )
    if not probe.is_serving or facts is None:
        return Finding(name, Level.UNKNOWN, f"{url} was not tried: the server does not run.")
    if facts.error is not None:
        return Finding(
            name,
            Level.BAD,
            f"{url} cannot be reached from this machine: {facts.error}.",
            f"curl -v {url}/healthz   # name, route, firewall, certificate, proxy",
        )
    if facts.is_refused_origin:
        return Finding(
            name,
            Level.BAD,
            f"{url} leads here, but what the proxy says about it is not believed.",
            "set AMANA_TRUSTED_PROXIES to the proxy's address; it must send X-Forwarded-Proto and -Host",
        )
    if not facts.is_ours:
        return Finding(
            name, Level.BAD, f"Something else answers at {url} (status {facts.status}).", f"curl -v {url}"
        )
    return Finding(name, Level.OK, f"{url} leads here.")


def proxies(probe: Probe) -> Finding:
    """Who may say where a request comes from: the proxy and nobody else."""
    name = "proxies"
    for network in probe.trusted_proxies:
        if network.prefixlen < WIDEST_TRUST[network.version]:
            return Finding(
                name,
                Level.BAD,
                f"Everybody in {network} may claim any address: rate limits and records mean nothing.",
                "set AMANA_TRUSTED_PROXIES to the proxy's own address",
            )
    https = (probe.public_url or "").startswith("https://")
    if probe.tls is TlsMode.OFF and https and not probe.trusted_proxies:
        return Finding(
            name,
            Level.BAD,
            "The address is https, nothing here ends TLS, and no proxy is trusted.",
            "set AMANA_TRUSTED_PROXIES to the proxy's address, or choose --tls",
        )
    return Finding(name, Level.OK, "What proxies say is believed from them alone.")


# Setting → values that keep the promises of durability and erasure.
_OWN_SERVER = {
    "fsync": ("on",),
    "full_page_writes": ("on",),
    "synchronous_commit": ("on", "remote_write", "remote_apply"),
    "wal_recycle": ("off",),
    "log_statement": ("none",),
    "log_min_error_statement": ("panic", "fatal"),
    "log_parameter_max_length_on_error": ("0",),
    "data_checksums": ("on",),
}
_VITAL = frozenset({"fsync", "full_page_writes", "synchronous_commit"})


def database(probe: Probe) -> Finding:
    """Amana's own database is set right; one of the operator's is looked at."""
    name = "database"
    if probe.database_error is not None:
        return Finding(name, Level.BAD, probe.database_error, "docs/operating/database.md")
    if not probe.has_own_database:
        return Finding(name, Level.OK, "Amana's own PostgreSQL; its settings are fixed.")
    if probe.database is None:
        return Finding(name, Level.UNKNOWN, "The settings of the database could not be read.")
    wrong = [
        (setting, probe.database[setting], good[0])
        for setting, good in _OWN_SERVER.items()
        if setting in probe.database and probe.database[setting] not in good
    ]
    if not wrong:
        return Finding(name, Level.OK, "Your PostgreSQL is set as Amana needs it.")
    is_vital = any(setting in _VITAL for setting, _, _ in wrong)
    says = ", ".join(f"{setting} is {value}" for setting, value, _ in wrong)
    why = (
        "acknowledged messages can be lost" if is_vital else "erased content stays longer, or reaches its log"
    )
    todo = "; ".join(f"ALTER SYSTEM SET {setting} = '{good}'" for setting, _, good in wrong)
    return Finding(name, Level.BAD if is_vital else Level.WARN, f"Your PostgreSQL: {says}: {why}.", todo)

"""TLS for one host: certificate files that reload in place, and a company's own authority.

The authority may sign for its one host name only (X.509 name constraints, RFC 5280 §4.2.1.10),
so that installing it on a device gives nobody power over other names.
"""

import ssl
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from amana.kernel.entropy import Entropy

AUTHORITY_LIFETIME = timedelta(days=3650)
LEAF_LIFETIME = timedelta(days=90)
RENEW_BEFORE = timedelta(days=30)
# Devices whose clock is a little behind must not refuse a fresh certificate.
BACKDATE = timedelta(hours=1)


class ReloadingContext:
    """A server TLS context that takes up changed files without dropping a socket.

    New handshakes use the new certificate; open connections keep the one they began with.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        self._certificate = certificate
        self._key = key
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.set_alpn_protocols(["http/1.1"])
        self._loaded = self._stamp()
        self.context.load_cert_chain(certificate, key)

    def reload_if_changed(self) -> bool:
        """Load the files again when they changed; a half-written pair raises and the old one stays."""
        stamp = self._stamp()
        if stamp == self._loaded:
            return False
        # Tried on a context of its own first: a failed load would leave the live one half changed.
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(self._certificate, self._key)
        self.context.load_cert_chain(self._certificate, self._key)
        self._loaded = stamp
        return True

    def _stamp(self) -> tuple[int, int]:
        return self._certificate.stat().st_mtime_ns, self._key.stat().st_mtime_ns


class CompanyAuthority:
    """A root certificate and a leaf for ``host``, kept below ``folder`` (keys 0600)."""

    def __init__(self, folder: Path, host: str, entropy: Entropy) -> None:
        self._host = host
        self._entropy = entropy
        self.root = folder / "authority.crt"
        self._root_key = folder / "authority.key"
        self.certificate = folder / "server.crt"
        self.key = folder / "server.key"
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def ensure(self, now: datetime) -> bool:
        """Create what is missing and renew a leaf near its end; True when something was written."""
        if not self.root.exists():
            self._create_root(now)
        if self.certificate.exists():
            leaf = x509.load_pem_x509_certificate(self.certificate.read_bytes())
            names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
            fits = self._host in names.get_values_for_type(x509.DNSName)
            if fits and leaf.not_valid_after_utc - RENEW_BEFORE > now:
                return False
        self._create_leaf(now)
        return True

    def fingerprint(self) -> str:
        """SHA-256 of the root as colon-separated hex, to compare on the device."""
        root = x509.load_pem_x509_certificate(self.root.read_bytes())
        return root.fingerprint(hashes.SHA256()).hex(":").upper()

    def root_der(self) -> bytes:
        root = x509.load_pem_x509_certificate(self.root.read_bytes())
        return root.public_bytes(serialization.Encoding.DER)

    def _create_root(self, now: datetime) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Amana authority for {self._host}")])
        certificate = (
            self._builder(name, name, key.public_key(), now, AUTHORITY_LIFETIME)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(signs_certificates=True), critical=True)
            .add_extension(x509.NameConstraints([x509.DNSName(self._host)], None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        _write_private(self._root_key, _pem(key))
        self.root.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def _create_leaf(self, now: datetime) -> None:
        root = x509.load_pem_x509_certificate(self.root.read_bytes())
        root_key = serialization.load_pem_private_key(self._root_key.read_bytes(), password=None)
        if not isinstance(root_key, ec.EllipticCurvePrivateKey):
            raise TypeError("the authority's key is not an elliptic-curve key")
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self._host)])
        issuer_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
        certificate = (
            self._builder(subject, root.subject, key.public_key(), now, LEAF_LIFETIME)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(self._host)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(issuer_id, critical=False)
            .sign(root_key, hashes.SHA256())
        )
        _write_private(self.key, _pem(key))
        self.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def _builder(
        self,
        subject: x509.Name,
        issuer: x509.Name,
        public_key: ec.EllipticCurvePublicKey,
        now: datetime,
        lifetime: timedelta,
    ) -> x509.CertificateBuilder:
        # 63 bits keep the serial positive, as RFC 5280 §4.1.2.2 wants it.
        serial = int.from_bytes(self._entropy.token_bytes(8), "big") >> 1 or 1
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(public_key)
            .serial_number(serial)
            .not_valid_before(now - BACKDATE)
            .not_valid_after(now + lifetime)
        )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write_private(path: Path, data: bytes) -> None:
    path.touch(mode=0o600, exist_ok=True)
    path.chmod(0o600)
    path.write_bytes(data)

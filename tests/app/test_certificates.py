"""TLS by files and by a company's own authority, tried with real handshakes and host names."""

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme
from cryptography import x509

from amana.app.certificates import LEAF_LIFETIME, RENEW_BEFORE, CompanyAuthority, ReloadingContext
from amana.kernel.entropy import SystemEntropy

HOST = "chat.company.test"
NOW = datetime.now(UTC)


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, host: str = HOST) -> str:
    """One real handshake over a socket pair; gives the serial number of the certificate seen."""
    near, far = socket.socketpair()
    failures: list[Exception] = []

    def answer() -> None:
        try:
            with server.wrap_socket(far, server_side=True):
                pass
        except (ssl.SSLError, OSError) as error:
            failures.append(error)

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        with client.wrap_socket(near, server_hostname=host) as secured:
            return str((secured.getpeercert() or {})["serialNumber"])
    finally:
        near.close()
        thread.join()


def trusting(root: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(root))


def write_pair(folder: Path, authority: trustme.CA) -> tuple[Path, Path]:
    leaf = authority.issue_cert(HOST)
    certificate, key = folder / "cert.pem", folder / "key.pem"
    certificate.write_bytes(b"".join(part.bytes() for part in leaf.cert_chain_pems))
    key.write_bytes(leaf.private_key_pem.bytes())
    return certificate, key


def test_new_files_are_taken_up_without_a_new_context(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "root.pem")
    context = ReloadingContext(*write_pair(tmp_path, authority))
    before = handshake(context.context, trusting(tmp_path / "root.pem"))

    write_pair(tmp_path, authority)
    changed = context.reload_if_changed()

    assert changed
    assert handshake(context.context, trusting(tmp_path / "root.pem")) != before
    assert not context.reload_if_changed()


def test_a_half_written_pair_leaves_the_old_one_at_work(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "root.pem")
    certificate, key = write_pair(tmp_path, authority)
    context = ReloadingContext(certificate, key)
    before = handshake(context.context, trusting(tmp_path / "root.pem"))

    certificate.write_text("-----BEGIN CERTIFICATE-----\nnonsense")

    with pytest.raises(ssl.SSLError):
        context.reload_if_changed()
    assert handshake(context.context, trusting(tmp_path / "root.pem")) == before


def test_a_device_with_the_companys_root_trusts_the_server_by_name(tmp_path: Path) -> None:
    authority = CompanyAuthority(tmp_path, HOST, SystemEntropy())
    authority.ensure(NOW)
    server = ReloadingContext(authority.certificate, authority.key)

    assert handshake(server.context, trusting(authority.root))
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(server.context, ssl.create_default_context())
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(server.context, trusting(authority.root), host="other.company.test")


def test_the_authority_cannot_vouch_for_another_name(tmp_path: Path) -> None:
    ours = CompanyAuthority(tmp_path, HOST, SystemEntropy())
    ours.ensure(NOW)
    ours._host = "bank.example"
    ours.ensure(NOW)
    server = ReloadingContext(ours.certificate, ours.key)

    with pytest.raises(ssl.SSLCertVerificationError, match=r"permitted subtree|name constraints"):
        handshake(server.context, trusting(ours.root), host="bank.example")


def test_a_leaf_near_its_end_is_renewed_under_the_same_root(tmp_path: Path) -> None:
    authority = CompanyAuthority(tmp_path, HOST, SystemEntropy())
    authority.ensure(NOW)
    root, leaf = authority.root.read_bytes(), authority.certificate.read_bytes()

    assert not authority.ensure(NOW + LEAF_LIFETIME - RENEW_BEFORE - timedelta(days=1))
    assert authority.ensure(NOW + LEAF_LIFETIME - RENEW_BEFORE + timedelta(days=1))

    assert authority.root.read_bytes() == root
    assert authority.certificate.read_bytes() != leaf
    renewed = x509.load_pem_x509_certificate(authority.certificate.read_bytes())
    assert renewed.not_valid_after_utc > NOW + LEAF_LIFETIME


def test_private_keys_are_readable_by_their_owner_only(tmp_path: Path) -> None:
    CompanyAuthority(tmp_path, HOST, SystemEntropy()).ensure(NOW)

    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.glob("*.key")}

    assert modes == {"authority.key": 0o600, "server.key": 0o600}

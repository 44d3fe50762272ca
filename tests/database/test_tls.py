"""TLS to the database: the certificate is verified, by Amazon's authorities unless told otherwise (design §4.7)."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from billing import settings
from billing.database import session as database
from billing.database.session import ALL_COMPANIES, transaction
from billing.errors import DatabaseUnavailable
from tests.world import World

AMAZON_TRUST_SERVICES = {
    "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
    "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
    "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
    "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
    "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
}
"""SHA-256 fingerprints of its roots, as published."""


class Tls:
    """A server that ends TLS before the real Postgres, with a certificate for `localhost`, signed by itself."""

    def __init__(self, server: tuple[str, int], folder: Path) -> None:
        self.server = server
        self.certificate = folder / "certificate.pem"
        key = ec.generate_private_key(ec.SECP256R1())
        (folder / "key.pem").write_bytes(
            key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
        self.certificate.write_bytes(self_signed(key).public_bytes(serialization.Encoding.PEM))
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.certificate, folder / "key.pem")
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client: socket.socket) -> None:
        # A client that does not trust the certificate hangs up in the middle.
        with client, suppress(OSError), socket.create_connection(self.server) as postgres:
            client.recv(8)
            client.sendall(b"S")
            with self.context.wrap_socket(client, server_side=True) as tls:
                threading.Thread(target=copy, args=(postgres, tls), daemon=True).start()
                copy(tls, postgres)


def copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)


def self_signed(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Test")])
    usage = {"key_encipherment": False, "data_encipherment": False, "key_agreement": False, "content_commitment": False}
    return (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True, key_cert_sign=True, crl_sign=False, encipher_only=False, decipher_only=False, **usage
            ),
            critical=True,
        )
        .sign(key, hashes.SHA256())
    )


@pytest.fixture
def tls(world: World, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tls]:
    parts = urlsplit(database_url)
    tls = Tls((parts.hostname or "127.0.0.1", parts.port or 5432), tmp_path)
    connect_to(monkeypatch, database_url, f"localhost:{tls.port}")
    database._tls_context.cache_clear()
    yield tls
    database.disconnect()
    database._tls_context.cache_clear()
    tls.listener.close()


def connect_to(monkeypatch: pytest.MonkeyPatch, database_url: str, server: str) -> None:
    parts = urlsplit(database_url)
    login = parts.netloc.rpartition("@")[0]
    monkeypatch.setenv("DATABASE_URL", urlunsplit(parts._replace(netloc=f"{login}@{server}", query="sslmode=verify-full")))


def test_a_database_with_a_trusted_certificate_is_spoken_to_over_tls(tls: Tls, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_CA_BUNDLE", str(tls.certificate))

    with transaction(ALL_COMPANIES) as db:
        assert db.value("SELECT count(*) FROM companies") == 0


def test_a_certificate_that_nobody_vouches_for_is_refused(tls: Tls) -> None:
    with pytest.raises(DatabaseUnavailable) as refusal, transaction(ALL_COMPANIES):
        pass

    assert isinstance(refusal.value.__cause__, ssl.SSLCertVerificationError)


def test_a_certificate_of_another_host_is_refused(tls: Tls, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_CA_BUNDLE", str(tls.certificate))
    connect_to(monkeypatch, database_url, f"127.0.0.1:{tls.port}")

    with pytest.raises(DatabaseUnavailable) as refusal, transaction(ALL_COMPANIES):
        pass

    assert isinstance(refusal.value.__cause__, ssl.SSLCertVerificationError)


@pytest.mark.parametrize("mode", ["allow", "prefer", "require", "verify-ca", "verify-full"])
def test_no_mode_of_tls_falls_back_to_a_connection_without_it(
    database_url: str, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    # The test's own server has no TLS.
    monkeypatch.setenv("DATABASE_URL", urlunsplit(urlsplit(database_url)._replace(query=f"sslmode={mode}")))

    with pytest.raises(DatabaseUnavailable), transaction(ALL_COMPANIES):
        pass

    database.disconnect()


@pytest.fixture
def trusted() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=settings.ca_bundle())


def test_the_bundle_holds_amazons_authorities_and_nobody_elses(trusted: ssl.SSLContext) -> None:
    fingerprints = {sha256(certificate).hexdigest() for certificate in trusted.get_ca_certs(binary_form=True)}
    others = [c for c in trusted.get_ca_certs() if (("organizationalUnitName", "Amazon RDS"),) not in c["subject"]]

    assert len(others) == len(AMAZON_TRUST_SERVICES)
    assert fingerprints >= AMAZON_TRUST_SERVICES
    assert len(fingerprints) > 80
    assert all(certificate["subject"] == certificate["issuer"] for certificate in trusted.get_ca_certs())


def test_no_certificate_of_the_bundle_ends_within_two_years(trusted: ssl.SSLContext) -> None:
    ends = [ssl.cert_time_to_seconds(str(certificate["notAfter"])) for certificate in trusted.get_ca_certs()]

    assert datetime.fromtimestamp(min(ends), UTC) > datetime.now(UTC) + timedelta(days=730)

"""A certificate authority of a test's own, for engines and clients that want TLS."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
import ssl
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = timedelta(days=1)
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """A certificate and its key, as PEM."""

    certificate: str
    key: str

    def write(self, folder: Path, name: str) -> tuple[Path, Path]:
        """Write both into files, and return their paths."""
        folder.mkdir(parents=True, exist_ok=True)
        certificate, key = folder / f"{name}.pem", folder / f"{name}-key.pem"
        certificate.write_text(self.certificate)
        key.write_text(self.key)
        return certificate, key

    def load(self, context: ssl.SSLContext) -> None:
        """Let a TLS context show it."""
        with tempfile.TemporaryDirectory() as folder:
            context.load_cert_chain(*self.write(Path(folder), "own"))


class Authority:
    """One that everybody in a test trusts, or that nobody knows."""

    def __init__(self) -> None:
        """Draw a key and sign for itself."""
        self._key = generate_private_key(SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test CA")])
        usage = x509.KeyUsage(
            digital_signature=True,
            key_cert_sign=True,
            crl_sign=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )
        now = datetime.now(UTC)
        signed = (
            x509.CertificateBuilder()
            .subject_name(self._name)
            .issuer_name(self._name)
            .public_key(self._key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - DAY)
            .not_valid_after(now + DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .sign(self._key, SHA256())
        )
        self.certificate = signed.public_bytes(Encoding.PEM).decode()

    def server(self, address: str = LOOPBACK, *, expired: bool = False) -> Pair:
        """Sign for a server at an address of the network."""
        purpose = ExtendedKeyUsageOID.SERVER_AUTH
        return self._sign(address, purpose, expired=expired)

    def client(self, *, expired: bool = False, passphrase: str = "") -> Pair:
        """Sign for a client."""
        purpose = ExtendedKeyUsageOID.CLIENT_AUTH
        return self._sign("client", purpose, expired=expired, passphrase=passphrase)

    def server_context(
        self, own: Pair | None = None, *, clients: bool = True
    ) -> ssl.SSLContext:
        """Return what a server listens with; it wants to see its clients' certificates."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        (own or self.server()).load(context)
        if clients:
            context.load_verify_locations(cadata=self.certificate)
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def client_context(self, own: Pair | None = None) -> ssl.SSLContext:
        """Return what a client calls with that trusts nobody else."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=self.certificate)
        if own:
            own.load(context)
        return context

    def _sign(
        self,
        name: str,
        purpose: x509.ObjectIdentifier,
        *,
        expired: bool,
        passphrase: str = "",
    ) -> Pair:
        key = generate_private_key(SECP256R1())
        now = datetime.now(UTC) - (3 * DAY if expired else 0 * DAY)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - DAY)
            .not_valid_after(now + DAY)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        )
        if purpose == ExtendedKeyUsageOID.SERVER_AUTH:
            names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(name))])
            builder = builder.add_extension(names, critical=False)
        signed = builder.sign(self._key, SHA256())
        return Pair(
            certificate=signed.public_bytes(Encoding.PEM).decode(),
            key=_text(key, passphrase),
        )


def _text(key: EllipticCurvePrivateKey, passphrase: str) -> str:
    lock = (
        BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    )
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock).decode()

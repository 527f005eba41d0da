"""Certificates for the endpoint and its clients: a small authority of one's own, made in a moment."""

import datetime as dt
import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_UPN = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2.3")
_UTF8_STRING = 0x0C  # the tag of ASN.1
_SHORT_FORM = 128  # ASN.1 lengths below this are one byte
_DAY = dt.timedelta(days=1)
LOOPBACK = ("localhost", "127.0.0.1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate with its key, as PEM files. ``client_authority`` signs the clients that may log in by theirs."""

    certificate: Path
    key: Path
    client_authority: Path | None = None


class Authority:
    """A certificate authority; ``pem`` is what clients have to trust.

    What it issues lies in ``folder`` by its number: ``1.pem`` with ``1.key``, and so on.
    """

    def __init__(self, folder: Path, name: str = "Lab authority") -> None:
        self._folder, self._subject = folder, x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._count = 0
        folder.mkdir(parents=True, exist_ok=True)
        self.pem = folder / "authority.pem"
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        builder = self._builder(self._subject, self._key, days=(-1, 30)).add_extension(constraints, critical=True)
        self.pem.write_bytes(builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def server(self, names: Sequence[str] = LOOPBACK, *, client_authority: Path | None = None) -> Certificate:
        """A good certificate for those names and addresses; for other names it is one for the wrong host."""
        return self._issue(names[0], [_general(name) for name in names], (-1, 30), client_authority)

    def expired_server(self, names: Sequence[str] = LOOPBACK) -> Certificate:
        """One that was good until yesterday."""
        return self._issue(names[0], [_general(name) for name in names], (-30, -1), None)

    def client(self, upn: str) -> Certificate:
        """A client certificate with a user principal name, such as ``azureuser@localhost``."""
        data = upn.encode()
        if len(data) >= _SHORT_FORM:
            raise ValueError(f"The user principal name is too long for a test certificate: {upn}")
        return self._issue(upn, [x509.OtherName(_UPN, bytes([_UTF8_STRING, len(data)]) + data)], (-1, 30), None)

    def _issue(
        self, name: str, names: list[x509.GeneralName], days: tuple[int, int], client_authority: Path | None
    ) -> Certificate:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
        builder = (
            self._builder(subject, key, days=days)
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(usage, critical=False)
        )
        self._count += 1
        place = self._folder / f"{self._count}.pem"
        place.write_bytes(builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        return Certificate(
            certificate=place, key=_save(key, place.with_suffix(".key")), client_authority=client_authority
        )

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, days: tuple[int, int]
    ) -> x509.CertificateBuilder:
        now = dt.datetime.now(dt.UTC)
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + days[0] * _DAY)
            .not_valid_after(now + days[1] * _DAY)
            .add_extension(identifier, critical=False)
            .add_extension(issuer, critical=False)
        )


def upn_of(der: bytes | None) -> str:
    """The user principal name in a client's certificate, or empty."""
    if der is None:
        return ""
    certificate = x509.load_der_x509_certificate(der)
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ""
    values = [name.value[2:].decode() for name in names.get_values_for_type(x509.OtherName) if name.type_id == _UPN]
    return next(iter(values), "")


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _save(key: ec.EllipticCurvePrivateKey, place: Path) -> Path:
    place.touch(mode=0o600)
    place.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return place

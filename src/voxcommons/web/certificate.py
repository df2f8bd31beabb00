"""A certificate for the own network, made on this machine: browsers give no microphone to pages that come without one.

Nobody vouches for it, so a browser warns once; the fingerprint that `vox serve` prints says whether it is this one. The key never
leaves the folder of user data and is good for this server alone.
"""

from __future__ import annotations

import ipaddress
import secrets
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from voxcommons.base.files import atomic_path

if TYPE_CHECKING:
    from cryptography.x509 import GeneralName

FOLDER: Final = "https"
_DAYS: Final = 397  # what browsers accept at most
_RENEW_DAYS: Final = 30
_OWNER_ONLY: Final = 0o600


@dataclass(frozen=True)
class Certificate:
    """A certificate and its key.

    Attributes:
        certificate: PEM file.
        key: PEM file that only its owner may read.
        fingerprint: SHA-256 of the certificate, as browsers show it.
    """

    certificate: Path
    key: Path
    fingerprint: str


def now() -> datetime:
    """The time in UTC."""
    return datetime.now(UTC)


def local_certificate(home: Path, addresses: Sequence[str], *, clock: Callable[[], datetime] = now) -> Certificate:
    """The certificate of this installation; made anew when it ends soon or an address is missing in it.

    Args:
        home: the folder for all user data.
        addresses: under which the machine is reached, besides its names and localhost.
        clock: the clock.

    Raises:
        StorageError: the place cannot be written.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    place, key_place = home / FOLDER / "certificate.pem", home / FOLDER / "key.pem"
    names = _names(addresses)
    if place.is_file() and key_place.is_file():
        found = x509.load_pem_x509_certificate(place.read_bytes())
        known = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        lasting = found.not_valid_after_utc - clock() > timedelta(days=_RENEW_DAYS)
        if lasting and {str(name.value) for name in known} >= set(names):
            return Certificate(place, key_place, _shown(found.fingerprint(hashes.SHA256())))
    return _make(place, key_place, names, clock())


def local_token(home: Path) -> str:
    """A token of this installation, made once, for a server that is reached by phones; only its owner may read the file.

    Raises:
        StorageError: the place cannot be written.
    """
    place = home / FOLDER / "token"
    if not place.is_file():
        with atomic_path(place) as temporary:
            temporary.touch(mode=_OWNER_ONLY)
            temporary.write_text(secrets.token_urlsafe(24) + "\n", encoding="ascii")
    return place.read_text("ascii").strip()


def _make(place: Path, key_place: Path, names: Sequence[str], at: datetime) -> Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    title = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "VoxCommons on this network")])
    others = x509.SubjectAlternativeName([_general_name(name) for name in names])
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    made = (
        x509.CertificateBuilder().subject_name(title).issuer_name(title).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(at - timedelta(hours=1)).not_valid_after(at + timedelta(days=_DAYS))
        .add_extension(others, critical=False).add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=False).sign(key, hashes.SHA256())
    )  # fmt: skip
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    for path, content in ((key_place, secret), (place, made.public_bytes(serialization.Encoding.PEM))):
        with atomic_path(path) as temporary:
            temporary.touch(mode=_OWNER_ONLY)
            temporary.write_bytes(content)
    return Certificate(place, key_place, _shown(made.fingerprint(hashes.SHA256())))


def _names(addresses: Sequence[str]) -> list[str]:
    host = socket.gethostname().lower()
    own = [host, f"{host}.local"] if host.replace("-", "").replace(".", "").isalnum() and host.isascii() else []
    return list(dict.fromkeys(["localhost", "127.0.0.1", "::1", *own, *addresses]))


def _general_name(name: str) -> GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _shown(digest: bytes) -> str:
    return digest.hex(":").upper()

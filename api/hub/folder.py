"""The folder of a hub: its key, which never leaves it, its database, its certificate, the code for staff."""

import datetime as dt
import ipaddress
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from kernel.clock import SystemClock
from kernel.ids import IdSource
from kernel.settings import Settings
from kernel.signing import KEY_BYTES, SigningKey

_CLOCK = SystemClock()
_IDS = IdSource(_CLOCK)
_CODE_LENGTH = 8
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's."""
_UNFINISHED = "unfinished.db"
_CERTIFICATE_DAYS = 397
"""Longer ones are refused by browsers of Apple."""


@dataclass(frozen=True, slots=True)
class Folder:
    """Where a hub lives. Only its user may read what is in it."""

    path: Path

    @property
    def is_used(self) -> bool:
        """Whether a hub lives here already."""
        return (self.path / "hub.db").exists()

    def key(self) -> SigningKey:
        """Return the hub's key; it is made the first time."""
        return SigningKey.from_text(self._kept("hub.key", lambda: _IDS.random_bytes(KEY_BYTES).hex()))

    def staff_code(self) -> str:
        """Return what staff type on the hub's page; it is made the first time."""
        return self._kept("staff.code", _new_code)

    def settings(self, database: str = "hub.db") -> Settings:
        """Return the settings of the application on this machine."""
        return Settings(
            database_url=f"sqlite:///{self.path.resolve() / database}",
            secret_key=SecretStr(self._kept("hub.secret", lambda: _IDS.token(48))),
            data_directory=self.path,
        )

    def certificate(self, names: Iterable[str]) -> tuple[Path, Path, str]:
        """Return certificate and key for TLS on the venue's network, and the SHA-256 of the certificate.

        They are made the first time, for these names and addresses. No browser knows who signed it.
        """
        at, key_at = self.path / "hub.crt", self.path / "hub.crt.key"
        if not at.exists():
            key = ec.generate_private_key(ec.SECP256R1())
            private = key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            self._write(key_at, private)
            self._write(at, _self_signed(key, names).public_bytes(serialization.Encoding.PEM))
        found = x509.load_pem_x509_certificate(at.read_bytes())
        return at, key_at, found.fingerprint(hashes.SHA256()).hex(":").upper()

    def begin(self) -> Settings:
        """Return the settings of a database that becomes the hub's by `finish`."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in self.path.glob(f"{_UNFINISHED}*"):
            left.unlink()
        self._write(self.path / _UNFINISHED, b"")
        return self.settings(_UNFINISHED)

    def finish(self) -> None:
        """Let the database that was begun be the hub's."""
        (self.path / _UNFINISHED).rename(self.path / "hub.db")

    def _kept(self, name: str, make: Callable[[], str]) -> str:
        at = self.path / name
        if not at.exists():
            self._write(at, make().encode())
        return at.read_text().strip()

    def _write(self, at: Path, data: bytes) -> None:
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        opened = os.open(at, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(opened, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())


def _new_code() -> str:
    """Return a code that hands can type: 40 bits, behind a limit of attempts."""
    bits = int.from_bytes(_IDS.random_bytes(_CODE_LENGTH * 5 // 8))
    return "".join(_ALPHABET[bits >> 5 * place & 31] for place in range(_CODE_LENGTH))


def _self_signed(key: ec.EllipticCurvePrivateKey, names: Iterable[str]) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Duiscoin hub")])
    now = _CLOCK.now()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=_CERTIFICATE_DAYS - 1))
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)

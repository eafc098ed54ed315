"""Passes of Apple Wallet: a ZIP with pass.json, pictures, a manifest of hashes and its PKCS #7 signature.

Reference: Apple, Wallet Passes, "Creating the Source for a Pass" and "Building a Pass".
"""

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key, pkcs7

from web.passes.faces import Face, Line, Style

MEDIA_TYPE: Final = "application/vnd.apple.pkpass"
_STYLES: Final = {Style.EVENT: "eventTicket", Style.COUPON: "coupon", Style.GENERIC: "generic"}


@dataclass(frozen=True, slots=True)
class Signer:
    """What signs a city's passes: its certificate from Apple, the key to it, and Apple's own certificate."""

    pass_type: str
    team: str
    certificate: x509.Certificate
    key: RSAPrivateKey | EllipticCurvePrivateKey
    intermediate: x509.Certificate


def load(
    pass_type: str, team: str, certificate: Path, key: Path, intermediate: Path, password: str | None
) -> Signer:
    """Return the signer from files in PEM. Raises OSError, ValueError, TypeError for what is no such file."""
    private = load_pem_private_key(key.read_bytes(), password.encode() if password else None)
    if not isinstance(private, RSAPrivateKey | EllipticCurvePrivateKey):
        msg = "the key of an Apple pass is an RSA or EC key"
        raise TypeError(msg)
    return Signer(
        pass_type,
        team,
        x509.load_pem_x509_certificate(certificate.read_bytes()),
        private,
        x509.load_pem_x509_certificate(intermediate.read_bytes()),
    )


def build(face: Face, signer: Signer) -> bytes:
    """Return the pass as a file that a phone opens in its wallet."""
    files = {"pass.json": _json(content(face, signer.pass_type, signer.team))}
    for path in sorted((resources.files("web") / "passes" / "icons").iterdir(), key=lambda one: one.name):
        files[path.name] = path.read_bytes()
    # SHA-1 is what the format wants here; the signature over the manifest has SHA-256.
    digests = {name: hashlib.sha1(data, usedforsecurity=False).hexdigest() for name, data in files.items()}
    files["manifest.json"] = _json(digests)
    files["signature"] = _signature(files["manifest.json"], signer)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def content(face: Face, pass_type: str, team: str) -> dict[str, Any]:
    """Return pass.json."""
    first, *others = face.lines
    code = {
        "format": "PKBarcodeFormatQR",
        "message": face.code_text,
        "messageEncoding": "iso-8859-1",
        "altText": face.code_label,
    }
    return {
        "formatVersion": 1,
        "passTypeIdentifier": pass_type,
        "teamIdentifier": team,
        "serialNumber": face.serial,
        "organizationName": face.issuer,
        "description": face.title,
        "logoText": face.issuer,
        "foregroundColor": "rgb(255, 255, 255)",
        "labelColor": "rgb(255, 255, 255)",
        "backgroundColor": _rgb(face.colour),
        "expirationDate": face.valid_until.isoformat(timespec="seconds"),
        "sharingProhibited": True,
        "barcodes": [code],
        _STYLES[face.style]: {
            "primaryFields": [{"key": "title", "label": "", "value": face.title}],
            "secondaryFields": [_field(first)],
            "auxiliaryFields": [_field(line) for line in others],
            "backFields": [_field(line) for line in face.back],
        },
    }


def _field(line: Line) -> dict[str, str]:
    return {"key": line.key, "label": line.label, "value": line.value}


def _rgb(colour: str) -> str:
    return f"rgb({int(colour[1:3], 16)}, {int(colour[3:5], 16)}, {int(colour[5:7], 16)})"


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True).encode()


def _signature(manifest: bytes, signer: Signer) -> bytes:
    builder = pkcs7.PKCS7SignatureBuilder().set_data(manifest)
    builder = builder.add_signer(signer.certificate, signer.key, hashes.SHA256())
    options = [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Binary]
    return builder.add_certificate(signer.intermediate).sign(Encoding.DER, options)

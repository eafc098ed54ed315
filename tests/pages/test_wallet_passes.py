"""Vouchers in the wallets of phones: signed as the wallets want it, and silent about their owner."""

import datetime as dt
import hashlib
import io
import json
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.x509.oid import NameOID

from tests.api.edge import Edge
from web.passes.google import SAVE

ISSUER, TEAM, TYPE = "3388000000012345678", "ABCDE12345", "pass.de.duisburg.duiscoin"
LINK_MAX = 1800
"""Longer links are cut off by some browsers and by Google's own advice."""


def _pem(key: RSAPrivateKey, password: bytes | None = None) -> bytes:
    locked = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked)


def _certificate(name: str, key: RSAPrivateKey, issuer: str, issuer_key: RSAPrivateKey) -> bytes:
    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    begin = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    builder = x509.CertificateBuilder().subject_name(named(name)).issuer_name(named(issuer))
    builder = builder.public_key(key.public_key()).serial_number(len(name))
    builder = builder.not_valid_before(begin).not_valid_after(begin + dt.timedelta(days=3650))
    builder = builder.add_extension(x509.BasicConstraints(ca=name == issuer, path_length=None), critical=True)
    return builder.sign(issuer_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give self-made certificates of Apple's kind and an account of Google's kind."""
    folder = tmp_path_factory.mktemp("wallets")
    root, mine, google = (rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(3))
    (folder / "root.pem").write_bytes(_certificate("WWDR", root, "WWDR", root))
    (folder / "pass.pem").write_bytes(_certificate(f"Pass Type ID: {TYPE}", mine, "WWDR", root))
    (folder / "key.pem").write_bytes(_pem(mine, b"a word"))
    account = {"client_email": "duiscoin@example.test", "private_key": _pem(google).decode()}
    (folder / "account.json").write_text(json.dumps(account))
    (folder / "google.pem").write_bytes(
        google.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return folder


@pytest.fixture
def configured(edge: Edge, folder: Path) -> Edge:
    """Give a city with both wallets."""
    services = edge.app.state.services
    settings = services.settings.model_copy(
        update={
            "apple_pass_type": TYPE, "apple_team": TEAM, "apple_pass_certificate": folder / "pass.pem",
            "apple_pass_key": folder / "key.pem", "apple_intermediate_certificate": folder / "root.pem",
            "apple_pass_key_password": type(services.settings.secret_key)("a word"),
            "google_wallet_issuer": ISSUER, "google_wallet_account": folder / "account.json",
        }
    )  # fmt: skip
    edge.app.state.services = replace(services, settings=settings)
    return edge


def _bought(edge: Edge) -> tuple[str, dict[str, Any], str]:
    person, token = edge.person()
    edge.give(person, 500)
    voucher = edge.call("POST", "/api/v1/vouchers", token, json={"offer_id": edge.swim.offer_id}).json()
    return token, voucher, f"/api/v1/vouchers/{voucher['voucher_id']}"


def test_apples_wallet_gets_a_signed_pass(configured: Edge, folder: Path, tmp_path: Path) -> None:
    """The manifest has the hash of every file, and openssl verifies its signature with the city's certificate."""
    token, voucher, path = _bought(configured)
    answer = configured.call("GET", f"{path}/apple.pkpass", token)
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(files["manifest.json"])
    shown = json.loads(files["pass.json"])
    for name in ("manifest.json", "signature"):
        (tmp_path / name).write_bytes(files[name])
    command = [
        "openssl",
        "smime",
        "-verify",
        "-inform",
        "DER",
        "-in",
        "signature",
        "-content",
        "manifest.json",
    ]
    command += ["-CAfile", str(folder / "root.pem"), "-purpose", "any", "-out", "verified"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)

    assert "application/vnd.apple.pkpass" == answer.headers["content-type"]
    assert files["manifest.json"] == (tmp_path / "verified").read_bytes()
    assert set(files) - {"manifest.json", "signature"} == set(manifest)
    assert {"pass.json", "icon.png", "icon@2x.png", "icon@3x.png", "logo.png"} <= set(manifest)
    for name, digest in manifest.items():
        assert digest == hashlib.sha1(files[name], usedforsecurity=False).hexdigest()
    assert (1, TYPE, TEAM, voucher["voucher_id"]) == (
        shown["formatVersion"], shown["passTypeIdentifier"], shown["teamIdentifier"], shown["serialNumber"],
    )  # fmt: skip
    (code,) = shown["barcodes"]
    assert ("PKBarcodeFormatQR", "HTTPS://") == (code["format"], code["message"][:8])
    assert voucher["titles"]["de"] == shown["generic"]["primaryFields"][0]["value"]
    scan = configured.call("POST", "/api/v1/scans", configured.device(), json={"text": code["message"]})
    assert "accepted" == scan.json()["code"]


def test_googles_wallet_gets_a_signed_link(configured: Edge, folder: Path) -> None:
    """A JWT with class and pass, signed by the service account, short enough for a link; the page leads there."""
    token, voucher, path = _bought(configured)
    link = configured.call("GET", f"{path}/google-wallet", token).json()["link"]
    claims = jwt.decode(
        link.removeprefix(SAVE), (folder / "google.pem").read_text(), algorithms=["RS256"], audience="google",
        options={"verify_iat": False},
    )  # fmt: skip
    (made,), (shared,) = (claims["payload"][f"generic{one}"] for one in ("Objects", "Classes"))
    configured.browse(token)
    led = configured.client.get(f"/vouchers/{voucher['voucher_id']}/google-wallet")

    assert link.startswith(SAVE)
    assert len(link) <= LINK_MAX + len(SAVE)
    assert ("duiscoin@example.test", "savetowallet") == (claims["iss"], claims["typ"])
    assert (f"{ISSUER}.{voucher['voucher_id']}", shared["id"]) == (made["id"], made["classId"])
    assert ("QR_CODE", voucher["manual_code"]) == (made["barcode"]["type"], made["barcode"]["alternateText"])
    assert (303, link) == (led.status_code, led.headers["location"])


def test_a_pass_is_silent_about_its_owner(configured: Edge) -> None:
    """Neither name nor address nor the owner's number stands in what the wallets get."""
    person, token = configured.person()
    configured.call("PATCH", "/api/v1/me", token, json={"name": "Anna Unverwechselbar"})
    _, _, path = _bought(configured)
    packed = configured.call("GET", f"{path}/apple.pkpass", token).content
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        told = archive.read("pass.json").decode()
    link = configured.call("GET", f"{path}/google-wallet", token).json()["link"]
    told += json.dumps(jwt.decode(link.removeprefix(SAVE), options={"verify_signature": False}))

    for trace in ("Unverwechselbar", "example.org", person.owner, str(person.person_id)):
        assert trace not in told


def test_buttons_are_there_where_a_wallet_is_configured(edge: Edge, folder: Path) -> None:
    """Without certificates there is no button, and who asks all the same is told so."""
    token, voucher, path = _bought(edge)
    edge.browse(token)
    address = f"/vouchers/{voucher['voucher_id']}"
    without = edge.client.get(address).text
    services = edge.app.state.services
    update = {"google_wallet_issuer": ISSUER, "google_wallet_account": folder / "account.json"}
    edge.app.state.services = replace(services, settings=services.settings.model_copy(update=update))
    with_google = edge.client.get(address).text

    assert (False, False) == ("apple.pkpass" in without, "google-wallet" in without)
    assert (False, True) == ("apple.pkpass" in with_google, "google-wallet" in with_google)
    assert (404, "wallet-not-configured") == edge.refused(edge.call("GET", f"{path}/apple.pkpass", token))


def test_a_voucher_that_is_over_goes_into_no_wallet(configured: Edge) -> None:
    """Given back, it is refused; somebody else's is not found."""
    token, voucher, path = _bought(configured)
    _, other = configured.person("eve@example.org")
    assert 404 == configured.call("GET", f"{path}/apple.pkpass", other).status_code
    configured.call("POST", f"{path}/cancellation", token)

    for wallet in ("apple.pkpass", "google-wallet"):
        assert (409, "voucher-not-usable") == configured.refused(
            configured.call("GET", f"{path}/{wallet}", token)
        )
    assert voucher["voucher_id"] in path

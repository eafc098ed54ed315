"""Everything of a person as a ZIP: data, papers and photos, sent while it is made."""

import io
import json
import random
import zipfile

import pytest

from api import export_files
from api.letters import Reader
from kernel.clock import FixedClock
from redemption import vouchers
from tests.api.edge import Edge
from tests.erasure.lives import Citizen, Town


@pytest.fixture
def anna(edge: Edge, clock: FixedClock) -> Citizen:
    """Give somebody with a used and an unused voucher, a paid fine, a photo and a message."""
    town = Town(edge, clock, random.Random(5))
    one = town.move_in("Anna")
    town.buy(one)
    town.use(one)
    town.buy(one)
    town.pay(one)
    town.report(one)
    town.be_told(one)
    town.become_a_venue(one)
    return one


def test_it_has_data_papers_and_photos(edge: Edge, anna: Citizen) -> None:
    """One PDF for each receipt and each voucher that can be used, each photo, and all data as before."""
    edge.browse(anna.token)
    packed = edge.client.get("/account/export.zip")
    by_api = edge.call("GET", "/api/v1/me/export.zip", anna.token)
    with zipfile.ZipFile(io.BytesIO(packed.content)) as archive:
        assert archive.testzip() is None
        files = {name: archive.read(name) for name in archive.namelist()}
    data = json.loads(files["duiscoin.json"])
    kept = {name.partition("/")[0] for name in files}

    assert "application/zip" == packed.headers["content-type"] == by_api.headers["content-type"]
    assert {"README.txt", "duiscoin.json", "receipts", "vouchers", "photos", "proofs"} == kept
    assert len(data["receipts"]) == sum(name.startswith("receipts/") for name in files)
    assert 1 == sum(one["status"] == "usable" for one in data["vouchers"])
    assert 1 == sum(name.startswith("vouchers/") for name in files)
    assert all(content.startswith(b"%PDF") for name, content in files.items() if name.endswith(".pdf"))
    assert all(content.startswith(b"\xff\xd8") for name, content in files.items() if name.endswith(".jpg"))
    assert "Duiscoin Duisburg" in files["README.txt"].decode()
    assert data["postbox"]


def test_it_is_sent_in_pieces(edge: Edge, anna: Citizen) -> None:
    """Each file goes out before the next is made, so that nothing piles up."""
    given = edge.app.state.services
    reader = Reader("de", given.translations["de"], edge.city)
    pieces = list(export_files.stream(given, anna.person, reader))

    with zipfile.ZipFile(io.BytesIO(b"".join(pieces))) as archive:
        names = archive.namelist()
        sizes = [one.compress_size for one in archive.infolist()]

    assert len(names) + 1 == len(pieces)
    assert all(size <= len(piece) < size + 1024 for size, piece in zip(sizes, pieces, strict=False))


def test_what_happened_at_the_doors_is_in_it(edge: Edge, clock: FixedClock) -> None:
    """Reservations, passages, questions with answers and decisions; who decided is the city's business."""
    town = Town(edge, clock, random.Random(6))
    one = town.move_in("Bela")
    town.go_swimming(one)
    town.speak_up(one)

    kept = edge.call("GET", "/api/v1/me/export", one.token).json()

    (voucher,) = kept["vouchers"]
    assert (1, ["in", "out", "in"]) == (
        len(voucher["reservations"]), [passed["direction"] for passed in voucher["passages"]],
    )  # fmt: skip
    (asked,) = kept["questions"]
    assert ("no", "city") == (asked["answer"], asked["decision"]["outcome"])
    assert not {"token", "decided_by"} & (voucher["reservations"][0].keys() | asked["decision"].keys())
    assert [] == kept["contested_lines"]


def test_no_page_is_left_out(edge: Edge, anna: Citizen, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where more is kept than one page takes."""
    whole = edge.call("GET", "/api/v1/me/export", anna.token).json()
    monkeypatch.setattr(vouchers, "PAGE_MAX", 1)
    paged = edge.call("GET", "/api/v1/me/export", anna.token).json()

    assert 2 == len(whole["vouchers"])
    assert whole["vouchers"] == paged["vouchers"]

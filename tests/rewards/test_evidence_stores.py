"""Photos lie in a folder or in a bucket; both keep, give back, forget and list them alike."""

import datetime as dt
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from api import photo_keeping, services
from kernel.clock import FixedClock
from kernel.errors import NotFound
from kernel.settings import Settings
from rewards import bucket_signing, evidence, evidence_bucket
from rewards.bucket_signing import Access, Question
from rewards.evidence import EvidenceStore, FolderStore, PhotosUnavailable
from rewards.evidence_bucket import BucketStore
from tests.api.conftest import edge
from tests.api.edge import Edge
from tests.fixtures import bucket as buckets
from tests.fixtures.bucket import KEY_ID, REGION, SECRET, Bucket
from tests.rewards import photos

__all__ = ["edge"]

ACCESS = Access(KEY_ID, SECRET, REGION)
KEYS = [evidence.new_key(bytes([number]) * 24) for number in range(5)]
EXAMPLE = "IOSFODNN7EXAMPLE"
"""The rest of Amazon's published example; whole it would look like somebody's key."""
OLD = dt.datetime(2026, 4, 1, 10, tzinfo=dt.UTC)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    """Serve a store that speaks S3."""
    monkeypatch.setattr(evidence_bucket, "PAUSE_SECONDS", 0)
    with buckets.running(Bucket()) as running:
        yield running


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path, bucket: Bucket, clock: FixedClock) -> EvidenceStore:
    """Give each store in turn."""
    if request.param == "folder":
        return FolderStore(tmp_path / "photos")
    return BucketStore(bucket.url, "duisburg/photos/", ACCESS, clock)


def test_a_store_keeps_gives_back_lists_and_forgets(store: EvidenceStore) -> None:
    """Under its key only; twice forgotten is forgotten; what is no key reaches nothing."""
    assert [] == list(store.every())
    for number, key in enumerate(KEYS):
        store.write(key, bytes([number]) * 1000)
    assert sorted(KEYS) == sorted(one.key for one in store.every())
    assert b"\3" * 1000 == store.read(KEYS[3])
    store.write(KEYS[3], b"anew")
    assert b"anew" == store.read(KEYS[3])

    store.delete(KEYS[3])
    store.delete(KEYS[3])

    assert KEYS[3] not in {one.key for one in store.every()}
    with pytest.raises(NotFound, match="picture-not-found"):
        store.read(KEYS[3])
    for wrong in ("../secret", "ab/../../etc/passwd", "", "ab/" + "0" * 30 + ".png"):
        with pytest.raises(NotFound, match="picture-not-found"):
            store.read(wrong)


def test_cities_do_not_see_each_others_photos(bucket: Bucket, clock: FixedClock) -> None:
    """Each lists and reads below its own prefix; they are pictures for who looks into the bucket."""
    duisburg, moers = (
        BucketStore(bucket.url, f"{slug}/photos/", ACCESS, clock) for slug in ("duisburg", "moers")
    )
    duisburg.write(KEYS[0], b"ours")
    assert {f"duisburg/photos/{KEYS[0]}": "image/jpeg"} == bucket.types
    assert [] == list(moers.every())
    with pytest.raises(NotFound):
        moers.read(KEYS[0])


@pytest.mark.parametrize("failure", ["busy", "cut", "silent"])
def test_what_a_store_can_t_do_at_once_is_tried_again(
    bucket: Bucket, clock: FixedClock, failure: str
) -> None:
    """Three times in all; then it is said to be out of reach, without a word of the store's own."""
    store = BucketStore(bucket.url, "duisburg/photos/", ACCESS, clock)
    bucket.failures = [failure] * 2
    store.write(KEYS[0], b"a")
    assert ["PUT"] * 3 == bucket.asked
    assert b"a" == store.read(KEYS[0])

    bucket.failures = [failure] * 3
    with pytest.raises(PhotosUnavailable) as refused:
        store.read(KEYS[0])
    assert ("photos-unavailable", {}) == (refused.value.code, refused.value.details)


def test_a_wrong_secret_or_bucket_is_no_missing_photo(bucket: Bucket, clock: FixedClock) -> None:
    """It is refused at once, and deleting does not take it for done."""
    wrong = BucketStore(bucket.url, "x/", Access(KEY_ID, "guessed", REGION), clock)
    elsewhere = BucketStore(bucket.url + "-other", "x/", ACCESS, clock)
    for store in (wrong, elsewhere):
        for refused in (
            partial(store.write, KEYS[0], b"a"),
            partial(store.read, KEYS[0]),
            partial(store.delete, KEYS[0]),
            partial(next, store.every()),
        ):
            bucket.asked.clear()
            with pytest.raises(PhotosUnavailable):
                refused()
            assert 1 == len(bucket.asked)
    assert {} == bucket.objects


def test_a_listing_that_is_none_is_a_failure(bucket: Bucket, clock: FixedClock) -> None:
    """Not an empty bucket."""
    bucket.failures = ["nonsense"]
    with pytest.raises(PhotosUnavailable):
        list(BucketStore(bucket.url, "x/", ACCESS, clock).every())


def test_a_full_or_broken_folder_is_a_store_out_of_reach(tmp_path: Path) -> None:
    """Not an error of the program."""
    (tmp_path / "photos").write_text("a file where the folder should be")
    with pytest.raises(PhotosUnavailable):
        FolderStore(tmp_path / "photos").write(KEYS[0], b"a")


@pytest.mark.parametrize(
    ("question", "signature"),
    [
        (
            Question("GET", "", "/test.txt", headers={"range": "bytes=0-9"}),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            Question(
                "PUT",
                "",
                "/test$file.text",
                content=b"Welcome to Amazon S3.",
                headers={
                    "date": "Fri, 24 May 2013 00:00:00 GMT",
                    "x-amz-storage-class": "REDUCED_REDUNDANCY",
                },
            ),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        (
            Question("GET", "", "/", {"lifecycle": ""}),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            Question("GET", "", "/", {"prefix": "J", "max-keys": "2"}),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ],
)
def test_signatures_are_those_that_amazon_published(question: Question, signature: str) -> None:
    """The four examples of "Signature Calculations for the Authorization Header", Amazon S3 API Reference."""
    access = Access(f"AKIA{EXAMPLE}", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1")
    asked = Question(
        question.method,
        "examplebucket.s3.amazonaws.com",
        question.path,
        question.query,
        question.content,
        question.headers,
    )
    signed = bucket_signing.headers(asked, access, dt.datetime(2013, 5, 24, tzinfo=dt.UTC))
    assert signature == signed["authorization"].rpartition("Signature=")[2]
    assert "wJalr" not in repr(access)


def _with_bucket(edge: Edge, bucket: Bucket) -> services.Services:
    given: services.Services = edge.app.state.services
    changed = given.settings.model_copy(
        update={
            "photos_bucket_url": bucket.url,
            "photos_bucket_region": REGION,
            "photos_bucket_key_id": KEY_ID,
            "photos_bucket_secret": SecretStr(SECRET),
        }
    )
    object.__setattr__(given, "settings", changed)
    return given


def _hand_in(edge: Edge, token: str, number: int, **more: str) -> tuple[int, dict[str, object]]:
    data = {"action": "litter-report", "category": "litter", "description": "Matratze", "address": "Weg 1"}
    files = {"photos": ("a.jpg", photos.jpeg(number), "image/jpeg")}
    answer = edge.call("POST", "/api/v1/submissions/with-photos", token, data=data | more, files=files)
    return answer.status_code, answer.json()


def test_by_setting_photos_go_to_the_bucket(edge: Edge, bucket: Bucket) -> None:
    """From the form to the page of who handed in; if the bucket is out of reach the answer says so, and
    nothing was taken in.
    """
    given = _with_bucket(edge, bucket)
    _, token = edge.person()
    status, handed_in = _hand_in(edge, token, 7)
    assert 201 == status
    ((name, content),) = bucket.objects.items()
    assert name.startswith(f"{edge.city.slug}/photos/")
    with edge.database.reading(edge.city.city_id) as reading:
        ((_, key),) = evidence.keys_of(reading, int(str(handed_in["submission_id"])))
    assert content == given.evidence(edge.city).read(key)
    assert not (services.folder_of(given.settings, edge.city) / "photos").exists()

    bucket.secret = "changed"
    status, problem = _hand_in(edge, token, 8)
    assert (503, "photos-unavailable") == (status, problem["code"])


def test_a_bucket_is_set_with_its_key_or_not_at_all(edge: Edge) -> None:
    """An address without key and secret is refused when the program starts."""
    whole = edge.app.state.services.settings.model_dump() | {
        "photos_bucket_url": "https://store.example/town"
    }
    with pytest.raises(ValidationError, match="photos_bucket_secret"):
        Settings(**whole)
    accepted = Settings(**whole | {"photos_bucket_key_id": "a", "photos_bucket_secret": SecretStr("b")})
    assert "https://store.example/town" == accepted.photos_bucket_url


@pytest.mark.parametrize("kind", ["folder", "bucket"])
def test_files_that_nothing_names_go_after_a_day(edge: Edge, bucket: Bucket, kind: str) -> None:
    """Refused and half-written ones; what is named and what is young stays."""
    given = _with_bucket(edge, bucket) if kind == "bucket" else edge.app.state.services
    _, token = edge.person()
    assert 201 == _hand_in(edge, token, 7)[0]
    assert 422 == _hand_in(edge, token, 8, category="no-such")[0]
    store: EvidenceStore = given.evidence(edge.city)
    assert 2 == len(list(store.every()))
    if kind == "folder":
        folder = services.folder_of(given.settings, edge.city) / "photos"
        (folder / "aa").mkdir()
        (folder / "aa" / ("0" * 46 + ".part")).write_bytes(b"half")
        for file in folder.glob("*/*"):
            os.utime(file, (OLD.timestamp(), OLD.timestamp()))

    clock = edge.database.clock
    assert OLD + dt.timedelta(days=1) < clock.now()
    assert {"folder": 2, "bucket": 1}[kind] == photo_keeping.expire(given, edge.city)
    (left,) = store.every()
    assert store.read(left.key)
    if kind == "folder":
        young = evidence.new_key(b"y" * 24)
        store.write(young, b"a")
        assert 0 == photo_keeping.expire(given, edge.city)
        assert b"a" == store.read(young)

"""Reading Open311 GeoReport v2: every entry ends as a report or as a stated refusal."""

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewards import open311, open311_services
from rewards.open311 import Open311Report, Refusal, ReportFileRefused, ReportStatus
from rewards.open311_fields import Bounds

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def entry(**changes: Any) -> dict[str, Any]:
    """Return an entry in the form that Cologne published in 2016; `...` as a value leaves a key out."""
    whole = {
        "service_request_id": "A-1616",
        "status": "open",
        "service_code": "011",
        "service_name": "Wilder Müll",
        "description": "Alte Matratze unter der Brücke",
        "agency_responsible": None,
        "requested_datetime": "2016-02-16T11:30:41+01:00",
        "updated_datetime": "2016-02-16T11:38:00+01:00",
        "address": "Musterufer 54, 50968 Köln - Bayenthal",
        "zipcode": None,
        "lat": 50.9164727636,
        "long": 6.97036964929,
        "media_url": "https://example.org/photo.jpg?itok=1",
    }
    return {name: value for name, value in (whole | changes).items() if value is not ...}


def parse(*entries: object) -> list[Open311Report | Refusal]:
    """Return the results of a file with these entries."""
    return open311.parse(json.dumps(entries).encode())


def report(**changes: Any) -> Open311Report:
    """Return the report that a changed entry gives."""
    (result,) = parse(entry(**changes))
    assert isinstance(result, Open311Report), result
    return result


def refusal(**changes: Any) -> Refusal:
    """Return the refusal that a changed entry gives."""
    (result,) = parse(entry(**changes))
    assert isinstance(result, Refusal), result
    return result


def test_a_plain_entry_becomes_a_report() -> None:
    """All fields arrive, instants in UTC."""
    found = report()

    assert "A-1616" == found.service_request_id
    assert ReportStatus.OPEN is found.status
    assert ("dumping", "litter-report") == (found.category, found.action)
    assert "Alte Matratze unter der Brücke" == found.description
    assert dt.datetime(2016, 2, 16, 10, 30, 41, tzinfo=dt.UTC) == found.requested_at
    assert dt.datetime(2016, 2, 16, 10, 38, tzinfo=dt.UTC) == found.updated_at
    assert (50.9164727636, 6.97036964929) == (found.latitude, found.longitude)
    assert "https://example.org/photo.jpg?itok=1" == found.media_url
    assert () == found.reasons


@pytest.mark.parametrize("wrapper", ["requests", "service_requests"])
def test_a_wrapped_array_is_read(wrapper: str) -> None:
    """Endpoints that wrap the array in an object are understood."""
    content = json.dumps({wrapper: [entry()]}).encode()

    assert ["A-1616"] == [result.service_request_id for result in open311.parse(content)]


def test_a_byte_order_mark_is_no_obstacle() -> None:
    """Files saved on Windows are read."""
    assert 1 == len(open311.parse(b"\xef\xbb\xbf" + json.dumps([entry()]).encode()))


def test_an_empty_list_is_an_empty_result() -> None:
    """A quiet day is no error."""
    assert [] == open311.parse(b"[]")


@pytest.mark.parametrize(
    ("content", "code", "details"),
    [
        (b'[\n  {"status": open}\n]', "file-not-json", {"line": 2, "column": 14}),
        (b"", "file-not-json", {"line": 1, "column": 1}),
        (b'["M\xfcll"]', "file-not-utf-8", {"offset": 3}),
        ("[]".encode("utf-16"), "file-not-utf-8", {"offset": 0}),
        (b'{"error": "no such service"}', "file-without-reports", {}),
        (b'{"requests": [], "service_requests": []}', "file-without-reports", {}),
        (b'"text"', "file-without-reports", {}),
        (b"[" * 200_000, "file-nested-too-deep", {}),
    ],
)
def test_an_unreadable_file_is_refused_as_a_whole(content: bytes, code: str, details: dict[str, Any]) -> None:
    """The refusal says where the file is wrong."""
    with pytest.raises(ReportFileRefused) as refused:
        open311.parse(content)

    assert code == refused.value.code
    assert details == {name: refused.value.details[name] for name in details}


def test_a_file_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read of it."""
    monkeypatch.setattr(open311, "SIZE_MAX", 10)

    with pytest.raises(ReportFileRefused, match="file-too-large"):
        open311.parse(json.dumps([entry()]).encode())


@pytest.mark.parametrize(
    ("changes", "reason", "details"),
    [
        ({"service_request_id": ...}, "field-missing", {"field": "service_request_id"}),
        ({"service_request_id": None}, "field-missing", {"field": "service_request_id"}),
        ({"service_request_id": "  "}, "field-missing", {"field": "service_request_id"}),
        ({"service_request_id": True}, "field-of-wrong-type", {"field": "service_request_id"}),
        ({"service_request_id": ["A-1"]}, "field-of-wrong-type", {"field": "service_request_id"}),
        ({"service_request_id": "A" * 81}, "field-too-long", {"length": 81}),
        ({"service_request_id": "A\u0000B"}, "field-not-printable", {"field": "service_request_id"}),
        ({"service_code": ...}, "field-missing", {"field": "service_code"}),
        ({"service_name": {"de": "Müll"}}, "field-of-wrong-type", {"field": "service_name"}),
        ({"status": ...}, "field-missing", {"field": "status"}),
        ({"status": "in progress"}, "status-unknown", {"status": "in progress"}),
        ({"requested_datetime": ...}, "field-missing", {"field": "requested_datetime"}),
        ({"requested_datetime": ""}, "field-missing", {"field": "requested_datetime"}),
        ({"requested_datetime": 1455618641}, "field-of-wrong-type", {"field": "requested_datetime"}),
        ({"requested_datetime": "2016-02-30T11:30:41+01:00"}, "datetime-invalid", {}),
        ({"requested_datetime": "yesterday"}, "datetime-invalid", {}),
        ({"requested_datetime": "2016-02-16T11:30:41"}, "datetime-without-zone", {}),
        ({"requested_datetime": "2016-02-16"}, "datetime-without-zone", {}),
        ({"requested_datetime": "0001-01-01T00:00:00+01:00"}, "datetime-invalid", {}),
        ({"updated_datetime": "2016-02-16 11:38"}, "datetime-without-zone", {"field": "updated_datetime"}),
        ({"description": 42}, "field-of-wrong-type", {"field": "description"}),
        ({"description": "x" * 4001}, "description-too-long", {"length": 4001, "maximum": 4000}),
        ({"description": "half a pair \ud83d"}, "field-not-printable", {"field": "description"}),
        ({"lat": 90.01}, "location-invalid", {"field": "lat"}),
        ({"long": -180.5}, "location-invalid", {"field": "long"}),
        ({"lat": float("nan")}, "location-invalid", {"field": "lat"}),
        ({"lat": 10**400}, "location-invalid", {"field": "lat"}),
        ({"lat": "north"}, "location-invalid", {"field": "lat"}),
        ({"lat": True}, "field-of-wrong-type", {"field": "lat"}),
        ({"lat": [50.9]}, "field-of-wrong-type", {"field": "lat"}),
        ({"lat": None}, "location-incomplete", {"field": "lat"}),
        ({"long": ...}, "location-incomplete", {"field": "long"}),
        ({"lat": 0, "long": 0.0}, "location-zero", {}),
        ({"lat": 6.97, "long": 50.91}, "location-swapped", {"lat": 6.97, "long": 50.91}),
    ],
)
def test_what_cannot_be_understood_is_refused(
    changes: dict[str, Any], reason: str, details: dict[str, Any]
) -> None:
    """The refusal names the entry, the reason and the field."""
    found = refusal(**changes)

    assert reason == found.reason
    assert details == {name: found.details[name] for name in details}
    if "service_request_id" not in changes:
        assert "A-1616" == found.service_request_id


@pytest.mark.parametrize("stranger", [None, 7, "A-1616", ["A-1616"], True])
def test_an_entry_that_is_no_object_is_refused(stranger: object) -> None:
    """It keeps its place in the results."""
    results = parse(entry(), stranger)

    assert Refusal(1, None, "entry-not-an-object") == results[1]


@pytest.mark.parametrize(
    ("changes", "attribute", "value", "reasons"),
    [
        ({"service_request_id": 1616}, "service_request_id", "1616", ()),
        ({"status": "CLOSED"}, "status", ReportStatus.CLOSED, ()),
        ({"description": ...}, "description", None, ()),
        ({"description": "  "}, "description", None, ()),
        ({"description": "x" * 4000}, "description", "x" * 4000, ()),
        ({"description": "Zwei\r\nZeilen "}, "description", "Zwei\nZeilen", ()),
        ({"description": "Preis < 3 & > 2"}, "description", "Preis < 3 & > 2", ()),
        ({"description": "a\u0007b\u202ec"}, "description", "abc", ("control-characters-removed",)),
        ({"description": "<b>Müll</b>"}, "description", "<b>Müll</b>", ("html-in-description",)),
        ({"description": "&lt;script&gt;"}, "description", "&lt;script&gt;", ("html-in-description",)),
        ({"lat": "50.93", "long": "6.95"}, "latitude", 50.93, ()),
        ({"lat": None, "long": None}, "latitude", None, ()),
        ({"lat": None, "long": None, "address": None}, "address", None, ("without-place",)),
        ({"lat": 41.9, "long": 12.5}, "latitude", 41.9, ("outside-area",)),
        ({"address": "Lange Straße " * 20}, "address", ("Lange Straße " * 20)[:200].rstrip(), ("address-shortened",)),
        ({"media_url": ""}, "media_url", None, ()),
        ({"media_url": "javascript:alert(1)"}, "media_url", None, ("media-url-ignored",)),
        ({"media_url": 'https://example.org/"onload="x'}, "media_url", None, ("media-url-ignored",)),
        ({"updated_datetime": None}, "updated_at", None, ()),
        ({"updated_datetime": "2016-02-15T00:00:00Z"}, "status", ReportStatus.OPEN, ("updated-before-requested",)),
    ],
)  # fmt: skip
def test_what_can_be_understood_is_taken_and_noted(
    changes: dict[str, Any], attribute: str, value: object, reasons: tuple[str, ...]
) -> None:
    """Harmless deviations cost nobody a report."""
    found = report(**changes)

    assert value == getattr(found, attribute)
    assert reasons == found.reasons


@pytest.mark.parametrize(
    ("changes", "category", "action", "reasons"),
    [
        ({"service_name": "  wilder  MÜLL "}, "dumping", "litter-report", ()),
        ({"service_name": "Schrottfahrzeuge/Fahrräder"}, "scrap-vehicle", "litter-report", ()),
        ({"service_name": "Straßenlaterne defekt"}, "defect-light", None, ()),
        ({"service_name": "Altkleidercontainer"}, "other", None, ()),
        ({"service_name": ...}, "dumping", "litter-report", ()),
        ({"service_name": "UFO gelandet"}, "other", None, ("service-unknown",)),
        ({"service_name": ..., "service_code": "999"}, "other", None, ("service-unknown",)),
    ],
)
def test_the_name_of_a_service_decides_its_category(
    changes: dict[str, Any], category: str, action: str | None, reasons: tuple[str, ...]
) -> None:
    """A code counts only where there is no name; what the table does not know goes to a person."""
    found = report(**changes)

    assert (category, action, reasons) == (found.category, found.action, found.reasons)


def test_where_reports_are_expected_can_be_said() -> None:
    """A city passes its own rectangle."""
    duisburg = Bounds(51.3, 6.6, 51.6, 6.9)

    (found,) = open311.parse(json.dumps([entry()]).encode(), bounds=duisburg)

    assert isinstance(found, Open311Report)
    assert ("outside-area",) == found.reasons


def test_a_repeated_entry_is_refused_once_more() -> None:
    """The first one counts; the order of keys does not matter."""
    again = dict(reversed(entry().items()))

    results = parse(entry(), entry(service_request_id="A-2"), again, entry(status="closed"))

    assert ["A-1616", "A-2", "A-1616", "A-1616"] == [result.service_request_id for result in results]
    assert Refusal(2, "A-1616", "duplicate-in-file", {"first_index": 0}) == results[2]
    assert Refusal(3, "A-1616", "id-used-twice", {"first_index": 0}) == results[3]


def test_the_digest_stands_for_the_content() -> None:
    """It changes with any field, also with one that is not read."""
    assert report().digest == report().digest
    assert report().digest != report(zipcode="50968").digest


@given(st.lists(JSON_VALUES | st.dictionaries(st.sampled_from(sorted(entry())), JSON_VALUES), max_size=5))
def test_no_entry_is_lost(entries: list[Any]) -> None:
    """Whatever a file holds, there is one result for each entry, in order."""
    results = parse(*entries)

    assert list(range(len(entries))) == [result.index for result in results]


def test_a_table_with_an_unexplained_category_is_refused() -> None:
    """A slip in the data is found when it is loaded."""
    table = {"categories": {"other": {"action": None}}, "sources": [], "names": {"müll": "litter"}}

    with pytest.raises(ValueError, match="litter"):
        open311_services.from_table(table)

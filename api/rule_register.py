"""The public register of rules: every version that ever was or will be in force, for people and programs.

Nobody is named: the register says in which role somebody wrote and approved a version.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from gettext import NullTranslations
from itertools import groupby
from typing import Any

from identity.roles import Role
from kernel.cities import City, LocalizedText
from kernel.db import Reading
from rewards import action_types, describing, naming, programme
from rewards.programme import StoredRule
from rewards.validity import Span
from web.marking import N_

_EU = "http://publications.europa.eu/resource/authority"
_DE = "http://dcat-ap.de/def"
LICENCE = f"{_DE}/licenses/dl-zero-de/2.0"
"""Datenlizenz Deutschland Zero 2.0: free to use without conditions. Said on the page, too."""


_TITLE = N_("Duiscoin %(city)s: rules")
_ABOUT = N_("All rules by which the city gives or gave points, with their validity and approval.")
_AS_JSON = N_("Rules as JSON")


@dataclass(frozen=True, slots=True)
class Entry:
    """A version in the register: in plain words by language, with its times in force, the latest last."""

    stored: StoredRule
    words: Mapping[str, Sequence[str]]
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule with all its versions, the latest first."""

    code: str
    title: LocalizedText
    versions: tuple[Entry, ...]


def rules(reading: Reading, translations: Mapping[str, NullTranslations]) -> list[Rule]:
    """Return the register: rules in force first, then by code."""
    actions = action_types.by_code(reading)
    names = {language: naming.names(reading, language) for language in translations}
    entries = []
    for stored in programme.every(reading):
        # What was replaced or taken back in the same instant never was in force.
        spans = tuple(span for span in stored.spans if span.end is None or span.start < span.end)
        if spans:
            words = {
                language: describing.describe(
                    stored.version,
                    actions[stored.version.action],
                    translation.gettext,
                    language,
                    names[language],
                )
                for language, translation in translations.items()
            }
            entries.append(Entry(stored, words, spans))
    found = [_rule(list(group)) for _, group in groupby(entries, lambda one: one.stored.version.code)]
    return sorted(found, key=lambda one: (not _in_force(one.versions), one.code))


def entry(found: Iterable[Rule], version_hash: str) -> Entry | None:
    """Return a version of the register."""
    versions = (one for rule in found for one in rule.versions)
    return next((one for one in versions if one.stored.version_hash == version_hash), None)


def changed_at(found: Iterable[Rule], now: dt.datetime) -> dt.datetime | None:
    """Return when the register last changed by itself or by somebody: the latest instant in it so far."""
    instants = (at for rule in found for one in rule.versions for at in _instants(one))
    return max((at for at in instants if at <= now), default=None)


def document(city: City, found: Iterable[Rule], url: str) -> dict[str, Any]:
    """Return the register as plain JSON values; `url` is the address of the installation."""
    return {
        "city": {"slug": city.slug, "name": city.name},
        "licence": LICENCE,
        "rules": [
            {
                "code": rule.code,
                "title": rule.title,
                "versions": [plain(one, url) for one in rule.versions],
            }
            for rule in found
        ],
    }


def plain(one: Entry, url: str) -> dict[str, Any]:
    """Return a version as plain JSON values."""
    return {
        "version_hash": one.stored.version_hash,
        "status": one.stored.status.value,
        "description": {language: list(lines) for language, lines in one.words.items()},
        "in_force": [{"from": _instant(span.start), "until": _instant(span.end)} for span in one.spans],
        "written_by": Role.RULE_EDITOR.value,
        "approved_by": Role.APPROVER.value,
        "approved_at": _instant(one.stored.approved_at),
        "url": f"{url}/rules/{one.stored.version_hash}",
        "document": one.stored.version.document(),
    }


def dataset(
    city: City,
    found: Sequence[Rule],
    url: str,
    translations: Mapping[str, NullTranslations],
    now: dt.datetime,
) -> dict[str, Any]:
    """Return the description of the register as a dataset: DCAT-AP.de 2.0 in JSON-LD.

    What only the city can say (its contributor id at GovData, its regional key) is left for it to add.
    """
    issued = min((one.spans[0].start for rule in found for one in rule.versions), default=None)
    dates = {"dct:issued": issued, "dct:modified": changed_at(found, now)}

    def said(sentence: str) -> list[dict[str, str]]:
        return [
            {"@language": language, "@value": translation.gettext(sentence) % {"city": city.name}}
            for language, translation in translations.items()
        ]

    return {
        "@context": {
            "dcat": "http://www.w3.org/ns/dcat#",
            "dcatde": f"{_DE}/dcatde/",
            "dct": "http://purl.org/dc/terms/",
            "foaf": "http://xmlns.com/foaf/0.1/",
            "xsd": "http://www.w3.org/2001/XMLSchema#",
        },
        "@id": f"{url}/rules#dataset",
        "@type": "dcat:Dataset",
        "dct:title": said(_TITLE),
        "dct:description": said(_ABOUT),
        "dct:identifier": f"{url}/rules",
        "dct:publisher": {"@type": "foaf:Agent", "foaf:name": city.name},
        "dcat:theme": _of(f"{_EU}/data-theme/GOVE"),
        "dct:accrualPeriodicity": _of(f"{_EU}/frequency/IRREG"),
        "dct:language": [_of(f"{_EU}/language/DEU"), _of(f"{_EU}/language/ENG")],
        "dcatde:politicalGeocodingLevelURI": _of(f"{_DE}/politicalGeocoding/Level/municipality"),
        "dcat:landingPage": _of(f"{url}/rules"),
        **{name: {"@type": "xsd:dateTime", "@value": at.isoformat()} for name, at in dates.items() if at},
        "dcat:distribution": {
            "@id": f"{url}/rules.json",
            "@type": "dcat:Distribution",
            "dct:title": said(_AS_JSON),
            "dcat:accessURL": _of(f"{url}/rules"),
            "dcat:downloadURL": _of(f"{url}/rules.json"),
            "dct:format": _of(f"{_EU}/file-type/JSON"),
            "dcat:mediaType": _of("https://www.iana.org/assignments/media-types/application/json"),
            "dct:license": _of(LICENCE),
        },
    }


def _rule(versions: Sequence[Entry]) -> Rule:
    latest_first = tuple(sorted(versions, key=lambda one: one.spans[-1].start, reverse=True))
    shown = _in_force(latest_first) or latest_first[0]
    title = {str(language): text for language, text in shown.stored.version.title.items()}
    return Rule(shown.stored.version.code, title, latest_first)


def _in_force(versions: Iterable[Entry]) -> Entry | None:
    return next((one for one in versions if one.stored.status is programme.RuleStatus.ACTIVE), None)


def _instants(one: Entry) -> list[dt.datetime]:
    begins_and_ends = (at for span in one.spans for at in (span.start, span.end))
    return [at for at in (one.stored.approved_at, *begins_and_ends) if at is not None]


def _of(uri: str) -> dict[str, str]:
    return {"@id": uri}


def _instant(at: dt.datetime | None) -> str | None:
    return at.isoformat().replace("+00:00", "Z") if at else None

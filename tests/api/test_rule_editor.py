"""The rule editor works by round trips alone: a form that grows, says what is missing, and makes a rule."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from api.pages import rule_drafts
from identity.roles import Role
from rewards import action_types, programme, rules
from tests.api.edge import Edge
from tests.rewards import made

REPORT = action_types.built_ins()["litter-report"]


class Form(HTMLParser):
    """Reads the fields of the editor's form as a browser would send them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: list[tuple[str, str]] = []
        self._select: str | None = None
        self._first: str | None = None
        self._chosen: str | None = None
        self._area: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take an input, or the options of a list."""
        given = dict(attrs)
        name = given.get("name")
        if tag == "input" and name and (given.get("type") != "checkbox" or "checked" in given):
            self.fields.append((name, given.get("value") or ""))
        elif tag == "select":
            self._select, self._first, self._chosen = name, None, None
        elif tag == "option" and self._select:
            value = given.get("value") or ""
            self._first = value if self._first is None else self._first
            self._chosen = value if "selected" in given else self._chosen
        elif tag == "textarea":
            self._area = name
            self.fields.append((name or "", ""))

    def handle_data(self, data: str) -> None:
        """Take the text of a text area."""
        if self._area:
            self.fields[-1] = (self._area, self.fields[-1][1] + data)

    def handle_endtag(self, tag: str) -> None:
        """Take what a list has chosen."""
        if tag == "select" and self._select:
            self.fields.append((self._select, self._chosen or self._first or ""))
            self._select = None
        elif tag == "textarea":
            self._area = None


class Visitor:
    """An administrator at the form."""

    def __init__(self, edge: Edge, path: str) -> None:
        _, token = edge.person("rita@example.org", Role.RULE_EDITOR)
        self.edge = edge
        self.hidden = edge.browse(token)
        self.page = edge.client.get(path, headers={"Accept-Language": "de"}).text

    def press(self, do: str | None = None, **typed: Any) -> int:
        """Type, press a button and read the page that comes; return its status."""
        fields = [
            (name, value) for name, value in Form(self.page).fields if name not in {*typed, *self.hidden}
        ]
        for name, value in typed.items():
            fields += [(name, one) for one in (value if isinstance(value, list) else [value])]
        data: dict[str, list[str]] = {}
        for name, value in [*fields, *self.hidden.items(), *([("do", do)] if do else [])]:
            data.setdefault(name, []).append(value)
        path = "/office/rules/new" if do else "/office/rules"
        answer = self.edge.client.post(path, data=data, headers={"Accept-Language": "de"})
        self.page, self.location = answer.text, answer.headers.get("location", "")
        return answer.status_code

    @property
    def errors(self) -> list[str]:
        """What the page says is wrong."""
        return re.findall(r'<li><a class="kern-link" href="#([^"]+)">', self.page.partition("</h1>")[2])


def test_a_rule_is_made_without_reading_anything(edge: Edge) -> None:
    """From the choice of an action to the saved draft, with a condition, an alternative, a table and a bonus."""
    start = Visitor(edge, "/office/rules/new")
    assert 'href="/office/rules/new?action=litter-report"' in start.page

    rita = Visitor(edge, "/office/rules/new?action=litter-report")
    assert 200 == rita.press("add", add="weekday")
    assert 200 == rita.press("add", **{"lines.1.0.f.days": ["6", "7"]}, add="count", add_where="and")
    assert 200 == rita.press("add", add="fact:source", add_where="0")
    assert 200 == rita.press("table", **{"lines.0.1.f.values": "desk, open311"})
    assert 200 == rita.press("check", title_de="Müll am Wochenende")
    assert "Bitte ausfüllen." in rita.page
    points = {f"rows.{at}.points": str(10 * at + 10) for at in range(4)}
    assert 200 == rita.press("check", **points, streak_points="5", streak_length="3")
    assert "Das kann gespeichert werden." in rita.page
    assert "der Wochentag ist einer von: Samstag, Sonntag" in rita.page
    assert 303 == rita.press()

    with edge.database.reading(edge.city.city_id) as reading:
        version = programme.get(reading, rita.location.split("/")[-1].partition("?")[0]).version
    assert "muell-am-wochenende" == version.code
    assert {"op": "all", "of": [
        {"op": "any", "of": [
            {"op": "compare", "fact": "photo", "comparison": "==", "value": True},
            {"op": "in", "fact": "source", "values": ["desk", "open311"]},
        ]},
        {"op": "weekday", "days": [6, 7]},
        {"op": "count", "of": "action", "who": "person", "comparison": "==", "value": 0},
    ]} == version.document()["when"]  # fmt: skip
    assert [10, 20, 30, 40] == [row["points"] for row in version.document()["effect"]["rows"]]  # type: ignore[index] # JSON
    assert "rule-drafted" in edge.audited()


WRONG: list[tuple[dict[str, str], str, str]] = [
        ({"points": ""}, "points", "Bitte ausfüllen."),
        ({"points": "-5"}, "points", "Mindestens 1."),
        ({"points": "5.5"}, "points", "Bitte eine ganze Zahl angeben."),
        ({"points": "900"}, "points", "900 Punkte auf einmal"),
        ({"title_de": ""}, "title_de", "Ein Titel auf Deutsch wird gebraucht."),
        ({"awards_per_day": "0"}, "awards_per_day", "Mindestens 1."),
        ({"awards_per_month": ""}, "awards_per_month", "Bitte ausfüllen."),
        ({"budget": ""}, "budget", "Bitte ausfüllen."),
        ({"code": "Über"}, "code", "Nur Kleinbuchstaben"),
        ({"now_percent": "101"}, "now_percent", "Höchstens 100."),
        ({"valid_until": "2020-01-01"}, "valid_until", "Die Regel ist schon abgelaufen"),
        ({"lines.0.0.f.value": "", "lines.0.0.kind": "fact:description_length"}, "lines.0.0.f.value", "ausfüllen"),
        ({"lines.0.0.kind": "season", "lines.0.0.f.first": "31.31.", "lines.0.0.f.last": "01.04."},
         "lines.0.0.f.first", "Bitte einen Tag des Jahres angeben."),
        ({"lines.0.0.kind": "near", "lines.0.0.f.where": "hier"}, "lines.0", "Bitte"),
        ({"lines.0.0.kind": "fact:colour"}, "lines.0", "Diese Aktion kennt"),
]  # fmt: skip


def test_what_is_wrong_stands_beside_its_field(edge: Edge) -> None:
    """In German, with a link to the field, and what was typed is still there."""
    begun = Visitor(edge, "/office/rules/new?action=litter-report").page
    for typed, place, sentence in WRONG:
        rita = Visitor(edge, "/office/rules")
        rita.page = begun

        status = rita.press(**typed)

        assert (422, True, True) == (status, place in rita.errors, sentence in rita.page), typed
        assert f'id="{place}"' in rita.page


def test_buttons_that_nobody_made_do_no_harm(edge: Edge) -> None:
    """Whatever a form says is asked for, the answer is the editor with what was there."""
    begun = Visitor(edge, "/office/rules/new?action=litter-report").page
    for do, typed in (
        ("remove:7.7", {}),
        ("remove:²", {}),
        ("remove-factor:", {}),
        ("row-up:0", {}),
        ("explode", {}),
        ("add", {"add": "fact:colour"}),
        ("add", {"add": "weekday", "add_where": "²"}),
        ("add", {"add": "weekday", "add_where": "99"}),
        ("table", {"columns": ["colour", "category"]}),
        ("check", {"lines.0.0.kind": "nothing", "factors.3.times": "x"}),
    ):
        rita = Visitor(edge, "/office/rules")
        rita.page = begun

        assert 200 == rita.press(do, **typed), do
        assert "2. Wann gibt es Punkte?" in rita.page


def test_the_preview_follows(edge: Edge) -> None:
    """The preview alone is returned for a script, with what is odd about the rule."""
    rita = Visitor(edge, "/office/rules/new?action=litter-report")
    data = dict(Form(rita.page).fields) | rita.hidden | {"budget": "other", "points": "12"}

    answer = edge.client.post("/office/rules/preview", data=data, headers={"Accept-Language": "de"})

    assert 200 == answer.status_code
    assert "<html" not in answer.text
    assert "12 Punkte" in answer.text
    assert "„other“" in answer.text


def test_a_version_to_start_from(edge: Edge) -> None:
    """What the form makes, it shows again; what it can't show is edited as data."""
    with edge.database.reading(edge.city.city_id) as reading:
        known = {one.version.code: one for one in programme.active(reading)}
    rita = Visitor(edge, f"/office/rules/new?source={known['litter-report'].version_hash}")
    assert "oder" in rita.page
    assert 303 == rita.press(points_per_month="900")
    with edge.database.reading(edge.city.city_id) as reading:
        changed = programme.get(reading, rita.location.split("/")[-1].partition("?")[0]).version
    assert known["litter-report"].version.model_copy(update={"caps": changed.caps}) == changed

    deep = made.rule(when={"op": "not", "of": {"op": "any", "of": [made.IS_LITTER, made.IS_LITTER]}})
    assert rule_drafts.of_document(deep.document(), REPORT) is None


def test_data_is_refused_in_words(edge: Edge) -> None:
    """Faults of a document that somebody writes by hand are said in German, with their place."""
    rita = Visitor(edge, "/office/rules/data")
    for document, sentence in (
        ("{", "Das ist nicht lesbar"),
        ('{"code": "a"}', "title: Bitte ausfüllen."),
        (rules.read(made.document(action="nothing")).canonical().decode(), "gibt es nicht"),
        (made.rule(when={"op": "known", "fact": "colour"}).canonical().decode(), "Diese Aktion kennt"),
    ):
        answer = edge.client.post(
            "/office/rules", data=rita.hidden | {"document": document}, headers={"Accept-Language": "de"}
        )
        assert (422, True) == (answer.status_code, sentence in answer.text)


@pytest.mark.parametrize("version", action_types.starter_rules(), ids=lambda one: one.code)
def test_the_starter_rules_survive_the_form(version: rules.RuleVersion) -> None:
    """Read into the form and out again, they are the rules that they were."""
    action = action_types.built_ins()[version.action]
    draft = rule_drafts.of_document(version.document(), action)

    assert draft is not None
    again = rules.read(draft.document())
    # The form has one way to say what a document may say in two: `== x` and `in [x]`, a list of one and the one.
    assert draft == rule_drafts.of_document(again.document(), action)
    assert version.model_copy(update={"when": again.when}) == again


DISTRICTS = """{"features": [{"properties": {"name": "Mitte"}, "geometry": {"type": "Polygon", "coordinates":
    [[[6.7, 51.4], [6.8, 51.4], [6.8, 51.5], [6.7, 51.4]]]}}]}"""


def test_what_rules_refer_to(edge: Edge) -> None:
    """Combinations take two people; a campaign and districts are there for rules and persons once they are saved."""
    _, rita = edge.person("rita@example.org", Role.RULE_EDITOR, Role.APPROVER)
    _, paul = edge.person("paul@example.org", Role.APPROVER)
    settings = "/office/rules/settings"

    def send(token: str, path: str, **form: Any) -> tuple[int, str]:
        files = form.pop("files", None)
        data = {**edge.browse(token), **form}
        answer = edge.client.post(path, data=data, files=files, headers={"Accept-Language": "de"})
        return answer.status_code, answer.text

    assert 303 == send(rita, f"{settings}/combination", combination="sum")[0]
    assert 422 == send(rita, f"{settings}/combination", combination="most")[0]
    edge.browse(rita)
    (path,) = re.findall(rf"{settings}/combination/\d+/approve", edge.client.get(settings).text)
    assert (422, True) == (
        send(rita, path)[0],
        "anderer" in send(rita, path)[1] or "jemand" in send(rita, path)[1],
    )
    assert 303 == send(paul, path)[0]

    season = {
        "code": "spring",
        "name_de": "Frühjahrsputz",
        "first_day": "2026-03-01",
        "last_day": "2026-05-31",
    }
    assert 303 == send(paul, f"{settings}/campaign", **season)[0]
    refused = send(paul, f"{settings}/campaign", **season | {"last_day": ""})
    assert (422, True) == (refused[0], "Bitte geben Sie einen Tag an." in refused[1])
    assert 303 == send(paul, f"{settings}/districts", files={"file": ("d.json", DISTRICTS)})[0]
    refused = send(paul, f"{settings}/districts", files={"file": ("d.json", "{}")})
    assert (422, True) == (refused[0], "kein" in refused[1])

    edge.browse(paul)
    page = edge.client.get(settings, headers={"Accept-Language": "de"}).text
    assert [True] * 3 == [word in page for word in ("Alle passenden Regeln", "Frühjahrsputz", "Mitte")]
    offered = Visitor(edge, "/office/rules/new?action=litter-report").page
    assert [True] * 3 == [f'value="{kind}"' in offered for kind in ("campaign", "district", "home")]

    assert 303 == send(paul, "/account/about-me", age_group="27-64", home_district="mitte")[0]
    assert 422 == send(paul, "/account/about-me", age_group="27-64", home_district="nowhere")[0]
    assert 422 == send(paul, "/account/about-me", age_group="young")[0]
    exported = edge.call("GET", "/api/v1/me/export", paul).json()["account"]
    assert ("27-64", "mitte") == (exported["age_group"], exported["home_district"])
    assert {"combination-proposed", "combination-approved", "campaign-saved", "districts-saved"} <= set(
        edge.audited()
    )

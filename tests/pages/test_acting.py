"""Pages for what people can do: action types without code, the desk, occasions."""

import datetime as dt
import re

from identity import cards
from identity.roles import Role
from rewards import action_types, occasions, submissions
from rewards.submissions import Status
from tests.api.edge import Edge
from tests.api.test_acting import announce, shown, wallet

SHARING = {
    "active": "yes",
    "name_de": "Bücher teilen", "name_en": "Share books",
    "description_de": "Bücher in den Schrank stellen.", "description_en": "Put books onto the public shelf.",
    "outcome_de": "die Bücher im Schrank stehen", "outcome_en": "the books are on the shelf",
    "other_route_de": "In der Bibliothek abgeben.", "other_route_en": "Hand them in at the library.",
    "pictogram": "book", "evidence_key": "submission", "photo": "none", "needs_description": "yes",
    "category_de_0": "Roman", "category_en_0": "Novel", "category_de_2": "Kinderbuch", "category_en_2": "Children's book",
    "question_de_0": "Wie viele Bücher?", "question_en_0": "How many books?", "fact_name_0": "books",
    "fact_type_0": "number",
}  # fmt: skip


def post(edge: Edge, path: str, token: str, **fields: str) -> str:
    """Send a form; return the page that comes, or where it leads to."""
    data = {**fields, **edge.browse(token)}
    answer = edge.client.post(path, data=data, headers={"Accept-Language": "de"})
    return answer.headers["location"] if answer.status_code == 303 else answer.text


def test_an_administrator_adds_an_action_without_code(edge: Edge) -> None:
    """What is typed becomes an action that citizens hand in, with its kinds and its question; rules may use the facts."""
    _, boss = edge.person("boss@example.org", Role.ADMINISTRATOR)
    _, anna = edge.person()

    assert "/office/actions?notice=action-saved" == post(edge, "/office/actions", boss, **SHARING)
    with edge.database.reading(edge.city.city_id) as reading:
        action = action_types.get(reading, "share-books")
    assert {"novel", "children-s-book"} == action.category_codes
    assert {
        "books",
        "category",
        "description_length",
        "source",
        "trust_level",
        "district",
    } == action.facts.keys()
    assert "share-books.confirmed" == action.outcome_event
    edge.browse(anna)
    form = edge.client.get("/actions/share-books", headers={"Accept-Language": "de"}).text
    assert "Wie viele Bücher?" in form
    assert "Kinderbuch" in form
    told = {"category": "novel", "description": "Drei Krimis.", "fact_books": "3"}
    wrong = post(edge, "/actions/share-books", anna, **told | {"fact_books": "viele"})
    assert "Bitte geben Sie eine ganze Zahl ein" in wrong
    made = post(edge, "/actions/share-books", anna, **told)
    with edge.database.reading(edge.city.city_id) as reading:
        submission = submissions.get(reading, int(re.findall(r"\d+", made)[0]))
    assert (3, "novel") == (submission.facts["books"], submission.facts["category"])
    assert "action-type-saved" in edge.audited()


def test_an_action_is_changed_and_switched_off(edge: Edge) -> None:
    """Words and kinds change; what rules rely on stays; what is off is not handed in; a built-in one likewise."""
    _, boss = edge.person("boss@example.org", Role.RULE_EDITOR)
    post(edge, "/office/actions", boss, **SHARING)
    edge.browse(boss)
    assert "Bücher teilen" in edge.client.get("/office/actions/share-books").text

    changed = {name: text for name, text in SHARING.items() if "fact" not in name and "question" not in name}
    del changed["active"]
    done = post(
        edge,
        "/office/actions/share-books",
        boss,
        **changed | {"name_de": "Bücher schenken", "evidence_key": "case"},
    )
    assert "/office/actions?notice=action-saved-off" == done
    with edge.database.reading(edge.city.city_id) as reading:
        action = action_types.get(reading, "share-books")
        assert ("Bücher schenken", False) == (action.names["de"], action.active)
        assert action_types.EvidenceKey.SUBMISSION is action.evidence_key
        assert "books" in action.facts
    _, anna = edge.person()
    body = {"action": "share-books", "category": "novel", "description": "Drei."}
    assert (422, "action-inactive") == edge.refused(edge.call("POST", "/api/v1/submissions", anna, json=body))
    form = edge.client.get("/office/actions/litter-report").status_code
    assert 200 == form


SLIPS: list[tuple[dict[str, str], str]] = [
    ({"name_en": ""}, "auf Deutsch und auf Englisch"),
    ({"name_de": "x" * 201}, "höchstens 200 Zeichen"),
    ({"code": "Bücher!"}, "am Anfang ein Buchstabe"),
    ({"code": "suggestion"}, "Eine Aktion mit diesem Namen gibt es schon"),
    ({"pictogram": "unicorn"}, "Bitte wählen Sie eines aus"),
    ({"evidence_key": "rumour"}, "Bitte wählen Sie eines aus"),
    ({"evidence_key": "tag"}, "lässt sich so nicht nachweisen"),
    ({"outcome_event": "closed"}, "Zwei Wörter mit einem Punkt"),
    ({"link": "http://x.example"}, "beginnt mit https"),
    ({"category_en_0": ""}, "auf Deutsch und auf Englisch"),
    ({"category_code_0": "a", "category_code_2": "a"}, "Diese Art steht hier zweimal"),
    ({"fact_name_0": "Zahl der Bücher"}, "Unterstriche"),
    ({"fact_name_0": "income"}, "nicht erlaubt"),
    ({"fact_name_0": "trust_level"}, "ohnehin festgestellt"),
    ({"fact_name_1": "books"}, "Diese Angabe steht hier zweimal"),
    ({"fact_type_0": "colour"}, "Bitte wählen Sie eines aus"),
    ({"question_en_0": ""}, "auf Deutsch und auf Englisch"),
]


def test_slips_in_an_action_are_named(edge: Edge) -> None:
    """Each in words beside its field, what was typed stays, and nothing is kept."""
    _, boss = edge.person("boss@example.org", Role.ADMINISTRATOR)

    for change, sentence in SLIPS:
        page = post(edge, "/office/actions", boss, **SHARING | change)
        assert sentence in page, change
        assert "Wie viele Bücher?" in page, change
    with edge.database.reading(edge.city.city_id) as reading:
        assert action_types.built_in() == action_types.every(reading)


def test_an_action_type_over_the_api(edge: Edge) -> None:
    """The same document goes through the API; a fault is named; facts that rules rely on stay."""
    _, boss = edge.person("boss@example.org", Role.ADMINISTRATOR)
    document = action_types.built_ins()["suggestion"].model_dump(mode="json")
    path = "/api/v1/action-types/share-books"

    assert 200 == edge.call("PUT", path, boss, json={"document": document}).status_code
    assert "share-books" in edge.call("GET", "/api/v1/action-types").text
    for change, code in (
        ({"names": {"de": "x"}}, "action-type-invalid"),
        ({"facts": {"district": "number"}}, "action-needs-facts"),
        ({"outcome_event": "other.event"}, "action-fixed"),
        (
            {"categories": [{"code": f"c{n}", "names": {"de": "x", "en": "x"}} for n in range(31)]},
            "too-many-categories",
        ),
        ({"facts": {f"f{n}": "text" for n in range(31)}}, "too-many-facts"),
    ):
        answer = edge.call("PUT", path, boss, json={"document": document | change})
        assert (422, code) == edge.refused(answer)


def test_the_desk_finds_a_citizen_and_enters_for_them(edge: Edge) -> None:
    """By a card or an address; nobody and a slip are named; what was entered belongs to the citizen."""
    anna, _ = edge.person()
    _, clerk = edge.person("clara@example.org", Role.CASE_WORKER)
    card = edge.database.run(edge.city.city_id, lambda work: cards.card_of(work, anna.person_id))

    assert "Darunter ist niemand bekannt" in post(edge, "/office/desk", clerk, who="XXXX-XXXX")
    assert "Das ist keine E-Mail-Adresse" in post(edge, "/office/desk", clerk, who="@@")
    where = post(edge, "/office/desk", clerk, who=cards.shown(card), channel="telephone")
    assert f"/office/desk/{anna.person_id}?channel=telephone&by=card" == where
    assert "Am Telefon" in edge.client.get(where, headers={"Accept-Language": "de"}).text
    form = f"/office/desk/{anna.person_id}/actions/suggestion"
    assert "Mehr Bänke" in post(edge, form, clerk, description="Mehr Bänke", channel="telephone", by="card")
    told = {"description": "Mehr Bänke im Schatten, auf denen man ausruhen kann.", "category": "green"}
    assert "/office/desk?notice=entered" == post(edge, form, clerk, **told, channel="telephone", by="card")
    with edge.database.reading(edge.city.city_id) as reading:
        (mine,) = submissions.of_owner(reading, anna.owner)
    assert (Status.ACCEPTED, "desk") == (mine.status, mine.source)


def test_somebody_without_an_address_gets_a_card(edge: Edge) -> None:
    """A name is enough; the card shows the code, a new one replaces it, and points wait for its owner."""
    _, clerk = edge.person("clara@example.org", Role.CASE_WORKER)

    assert "Bitte geben Sie den Namen ein" in post(edge, "/office/desk/cards", clerk, name=" ")
    where = post(edge, "/office/desk/cards", clerk, name="Rosa Kern")
    first = re.findall(r"[0-9A-Z]{4}-[0-9A-Z]{4}", edge.client.get(where).text)[0]
    post(edge, where, clerk)
    second = re.findall(r"[0-9A-Z]{4}-[0-9A-Z]{4}", edge.client.get(where).text)[0]
    assert first != second
    assert "niemand bekannt" in post(edge, "/office/desk", clerk, who=first)
    assert "by=card" in post(edge, "/office/desk", clerk, who=second)


def test_a_citizen_makes_their_own_card(edge: Edge) -> None:
    """It can be printed, and replaced if it is lost."""
    _, anna = edge.person()
    edge.browse(anna)

    assert "Noch keine Karte" in edge.client.get("/account/card", headers={"Accept-Language": "de"}).text
    assert "/account/card?notice=saved" == post(edge, "/account/card", anna)
    assert re.search(r"[0-9A-Z]{4}-[0-9A-Z]{4}", edge.client.get("/account/card").text)


def test_an_occasion_is_announced_in_the_browser(edge: Edge) -> None:
    """With its times in the city's zone; slips are named; the page shows the code; the list at the desk counts too."""
    anna, token = edge.person()
    _, host = edge.person("clara@example.org", Role.CASE_WORKER)
    local = edge.database.clock.now().astimezone(edge.city.zone)
    form = {
        "kind": "city-shaping/workshop", "title_de": "Werkstatt", "title_en": "Workshop", "description_de": "Reden.",
        "description_en": "Talk.", "opens_at": local.strftime("%Y-%m-%dT%H:%M"), "expected": "30",
        "closes_at": (local + dt.timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M"),
    }  # fmt: skip

    for change, sentence in (
        ({"closes_at": form["opens_at"]}, "Das Ende muss nach dem Beginn"),
        ({"opens_at": "morgen"}, "Das Ende muss nach dem Beginn"),
        ({"expected": "viele"}, "mindestens einen"),
        ({"kind": ""}, "Diese Aktion gibt es nicht"),
        ({"option_de_0": "Ja", "option_en_0": "Yes"}, "zwei bis 8 Antworten"),
    ):
        answer = edge.client.post(
            "/office/occasions", data=form | change | edge.browse(host), headers={"Accept-Language": "de"}
        )
        assert (sentence in answer.text) or answer.status_code == 404, change
    where = post(edge, "/office/occasions", host, **form)
    number = re.findall(r"\d+", where)[0]
    code = shown(edge, number)
    assert f"{code[:3]}-{code[3:]}" in edge.client.get(where).text
    presence = f"/office/desk/{anna.person_id}/occasions/{number}"
    assert "/office/desk?notice=entered" == post(edge, presence, host, channel="paper", by="card")
    assert (60, 0) == wallet(edge, token)
    assert "notice=called-off" in post(edge, f"/office/occasions/{number}/cancel", host)


def test_taking_part_in_the_browser(edge: Edge) -> None:
    """A wrong code is named, the right one thanks; a poll is answered once and its result shown when it is over."""
    _, anna = edge.person()
    _, host = edge.person("clara@example.org", Role.CASE_WORKER)
    workshop = announce(edge, host).json()["occasion_id"]
    options = [{"de": "Bäume", "en": "Trees"}, {"de": "Bänke", "en": "Benches"}]
    poll = announce(edge, host, kind="poll", options=options).json()["occasion_id"]

    edge.browse(anna)
    assert (
        "Werkstatt Innenhafen"
        in edge.client.get("/actions/city-shaping", headers={"Accept-Language": "de"}).text
    )
    assert "Der Code stimmt nicht" in post(
        edge, f"/actions/occasions/{workshop}/attendance", anna, code="AAAAAA"
    )
    there = post(edge, f"/actions/occasions/{workshop}/attendance", anna, code=shown(edge, workshop))
    assert f"/actions/occasions/{workshop}?notice=taken-part" == there
    assert "Bitte wählen Sie eine Antwort" in post(edge, f"/actions/occasions/{poll}/answer", anna, option="")
    post(edge, f"/actions/occasions/{poll}/answer", anna, option="a2")
    assert (
        "Sie haben teilgenommen"
        in edge.client.get(f"/actions/occasions/{poll}", headers={"Accept-Language": "de"}).text
    )
    assert (70, 0) == wallet(edge, anna)
    with edge.database.reading(edge.city.city_id) as reading:
        assert {"a1": 0, "a2": 1} == occasions.tally(reading, int(poll))


def test_a_system_with_a_key_is_admitted(edge: Edge) -> None:
    """The key is entered with the name; one that can't be read is named."""
    _, boss = edge.person("boss@example.org", Role.ADMINISTRATOR)

    assert "nicht lesbar" in post(
        edge, "/office/people/clients", boss, name="Portal", public_key="kein Schlüssel"
    )
    assert "unterschreibt seine Ereignisse" in post(
        edge, "/office/people/clients", boss, name="Portal", public_key="ab" * 32
    )

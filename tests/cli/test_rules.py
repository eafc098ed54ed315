"""`duiscoin rules`: drafts tried on the past, on a database of each kind."""

import json
from pathlib import Path

from kernel import cities
from kernel.db import Database
from rewards import awarding, programme, rules
from rewards.programme import RuleStatus
from tests.cli.test_commands import DATA, Shell, city, shell
from tests.rewards import made

__all__ = ["city", "shell"]
DRAFT = made.document(code="litter-report", effect={"kind": "fixed", "points": 70})


def test_simulate(city: Shell, database: Database, tmp_path: Path) -> None:
    """A file or a stored draft is tried on the past or on a file; a stored one is marked; the books agree."""
    city("import", "reports", str(DATA / "reports.json"), "--reporters", "12")
    draft = tmp_path / "draft.json"
    draft.write_text(json.dumps(DRAFT))
    table = tmp_path / "out.csv"

    report = city.json("rules", "simulate", str(draft), "--csv", str(table))

    assert report["deeds"] > 0
    assert ("past", "litter-report") == (report["source"], report["rule"])
    assert table.read_text(encoding="utf-8-sig").startswith("part;name;")
    told = city("rules", "simulate", str(draft), "--from", "2015-01-01").stdout
    assert all(word in told for word in ("euros", "in force", "winners"))
    assert city.json("rules", "simulate") == {"ok": True, "differences": []}
    assert "as booked" in city("rules", "simulate").stdout

    deeds = tmp_path / "deeds.csv"
    deeds.write_text("person;action;at;category\n1;litter-report;2026-05-04;litter\n1;flying;2026-05-04;\n")
    [chosen] = cities.every(database)
    stored = database.run(
        chosen.city_id, lambda work: programme.draft(work, chosen, rules.read(DRAFT), author_id=1)
    )
    output = city("rules", "simulate", stored.version_hash[:8], "--file", str(deeds)).stdout
    assert "line 3: left out, action-unknown action flying" in output
    with database.reading(chosen.city_id) as reading:
        assert RuleStatus.SIMULATED is programme.get(reading, stored.version_hash).status

    assert "rule-not-found" in str(city("rules", "simulate", "abcdef", code=1).exception)
    deeds.write_text("name\n")
    assert "file-columns-missing" in str(
        city("rules", "simulate", str(draft), "--file", str(deeds), code=1).exception
    )
    draft.write_text("{}")
    assert "rule-invalid" in str(city("rules", "simulate", str(draft), code=1).exception)


def test_replay(city: Shell, database: Database) -> None:
    """All awards come out again; one does by its number; one or all has to be said."""
    city("import", "reports", str(DATA / "reports.json"), "--reporters", "3")
    [chosen] = cities.every(database)

    found = city.json("rules", "replay", "--all")

    assert (True, []) == (found["ok"], found["replayed"])
    with database.reading(chosen.city_id) as reading:
        known = awarding.after(reading, 0, 500)
    assert len(known) == found["awards"]
    assert f"{found['awards']} awards decided again, 0" in city("rules", "replay", "--all").stdout
    city("rules", "replay", code=2)
    city("rules", "replay", "1", "--all", code=2)
    assert "award-not-found" in str(city("rules", "replay", "1", code=1).exception)
    for one in known[:1]:
        assert ": same" in city("rules", "replay", str(one.award_id)).stdout

"""`duiscoin bundle`: rules go from one city to another by the command line."""

from pathlib import Path

import pytest

from identity import auditing, persons, roles
from identity.roles import Role
from kernel import cities
from kernel.db import Database, Work
from ledger import chart
from rewards import action_types, programme
from tests.cli.test_commands import Shell, shell

__all__ = ["shell"]
EDDI = "eddi@duisburg.example"


@pytest.fixture
def towns(shell: Shell, database: Database) -> Shell:
    """Give a test city with a rule in force and a city whose rule editor is Eddi."""
    shell("city", "create", "testburg", "Testburg", "--host", "testburg.test")
    shell("city", "create", "duisburg", "Duisburg", "--host", "duisburg.test")
    first, second = cities.every(database)

    def rule(work: Work) -> None:
        version = action_types.starter_rules()[0]
        chart.fund_budget(
            work, version.budget, 5, effective=work.now.date(), reference="DS 1", transfer_id=work.ids.uuid()
        )
        stored = programme.draft(work, first, version, 1)
        programme.approve(work, stored.version_hash, 2)
        programme.activate(work, stored.version_hash)

    def staff(work: Work) -> None:
        editor = persons.register(work, EDDI).person_id
        roles.grant(work, editor, Role.RULE_EDITOR, granter_id=None)
        persons.register(work, "anna@duisburg.example")

    database.run(first.city_id, rule)
    database.run(second.city_id, staff)
    return shell


def test_rules_travel(towns: Shell, database: Database, tmp_path: Path) -> None:
    """Believed only once the key is pinned; a dry run writes nothing; drafts of a rule editor only; once."""
    file = tmp_path / "rules.json"
    key = towns("bundle", "key", "--city", "testburg").stdout.strip()
    assert f"1 rules, signed with {key}" in towns("bundle", "export", str(file), "--city", "testburg").stdout
    arrive = ("bundle", "import", str(file), "--city", "duisburg")

    assert "bundle-sender-unknown" in str(towns(*arrive, code=1).exception)
    assert "as drafts" in towns("bundle", "trust", "Testburg", key, "--city", "duisburg").stdout
    (row,) = towns.json(*arrive)["rules"]
    assert ("new-rule", None, ["budget-not-funded"]) == (row["effect"], row["instead_of"], row["findings"])
    assert "new-rule" in towns(*arrive).stdout
    for email, code in (("anna@duisburg.example", "role-missing"), ("nobody@x.example", "person-not-found")):
        assert code in str(towns(*arrive, "--as-drafts-of", email, code=1).exception)
    duisburg = cities.every(database)[1]
    with database.reading(duisburg.city_id) as reading:
        assert [] == programme.every(reading)

    assert "1 drafts" in towns(*arrive, "--as-drafts-of", EDDI).stdout
    assert "0 drafts" in towns(*arrive, "--as-drafts-of", EDDI).stdout
    with database.reading(duisburg.city_id) as reading:
        assert [row["version_hash"]] == [one.version_hash for one in programme.every(reading)]
        acts = [one.action for one in auditing.page(reading)]
    assert ["rules-imported", "rules-imported", "city-trusted"] == acts[:3]

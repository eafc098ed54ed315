"""`duiscoin bundle`: rules from and to other cities, in signed files."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from api import services
from api.cli import opening
from api.cli.books import CityOption, JsonOption
from identity import auditing, persons, roles
from identity.roles import Held, Role
from kernel.db import Work
from kernel.errors import Forbidden, NotFound
from rewards import bundles, bundling, programme
from rewards.bundling import Item

app = typer.Typer(help="Rules from and to other cities, in signed files.", no_args_is_help=True)
_File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]


@app.command()
def export(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="Where to write")],
    rule: Annotated[
        list[str] | None, typer.Option(help="Hash of a version; all in force if left out")
    ] = None,
    city: CityOption = None,
) -> None:
    """Write versions of rules into a file that this city signs."""
    settings = opening.settings()
    database = opening.database(settings)
    chosen = opening.city(database, city)
    sealer = services.sealer(settings)

    def command(work: Work) -> bytes:
        hashes = sorted(set(rule or programme.active_hashes(work)))
        text = bundling.export(work, chosen, sealer, hashes)
        subject = f"bundle/{bundles.read(text).digest}"
        auditing.record(work, "command-line", "rules-exported", subject, {"rules": hashes})
        return text

    text = database.run(chosen.city_id, command)
    file.write_bytes(text)
    bundle = bundles.read(text)
    typer.echo(f"{len(bundle.versions)} rules, signed with {bundle.key.public_key.hex()}")


@app.command(name="import")
def take(
    file: _File,
    city: CityOption = None,
    as_drafts_of: Annotated[
        str | None, typer.Option(help="E-mail of the rule editor whose drafts they become; without: dry run")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a file would change; with --as-drafts-of, take it over as drafts that need approval."""
    database = opening.database(opening.settings())
    chosen = opening.city(database, city)
    bundle = bundles.read(file.read_bytes())
    with database.reading(chosen.city_id) as reading:
        sender, items = bundling.plan(reading, chosen, bundle)
    _say(sender.name, items, as_json=as_json)
    if as_drafts_of is None:
        return

    def command(work: Work) -> int:
        author = _editor(work, as_drafts_of)
        taken = bundling.take(work, chosen, bundle, author)
        details = {"key": sender.key, "rules": [one.version_hash for one in taken]}
        auditing.record(work, f"person/{author}", "rules-imported", f"bundle/{bundle.digest}", details)
        return len(taken)

    count = database.run(chosen.city_id, command)
    if not as_json:
        typer.echo(f"{count} drafts; each needs the approval of a second person.")


@app.command()
def key(city: CityOption = None) -> None:
    """Print the public key with which this city signs; other cities pin it."""
    settings = opening.settings()
    database = opening.database(settings)
    chosen = opening.city(database, city)
    sealer = services.sealer(settings)
    typer.echo(database.run(chosen.city_id, lambda work: bundling.begin(work, sealer)))


@app.command()
def trust(name: str, public_key: str, city: CityOption = None) -> None:
    """Pin the key of a city, so that its files are believed here."""
    database = opening.database(opening.settings())
    chosen = opening.city(database, city)

    def command(work: Work) -> str:
        pinned = bundling.trust(work, name, public_key, None)
        auditing.record(work, "command-line", "city-trusted", f"key/{pinned.key}", {"name": pinned.name})
        return pinned.name

    typer.echo(f"Rules of {database.run(chosen.city_id, command)} can be taken over, as drafts.")


def _editor(work: Work, email: str) -> int:
    person = persons.by_email(work, email)
    if person is None:
        raise NotFound("person-not-found")
    if Held(Role.RULE_EDITOR) not in roles.of(work, person.person_id):
        raise Forbidden("role-missing", roles=[Role.RULE_EDITOR.value])
    return person.person_id


def _say(sender: str, items: list[Item], *, as_json: bool) -> None:
    rows: list[dict[str, Any]] = [
        {
            "version_hash": one.version.version_hash,
            "code": one.version.code,
            "effect": one.effect.value,
            "instead_of": one.against.version_hash if one.against else None,
            "findings": [finding.code for finding in one.findings],
        }
        for one in items
    ]
    if as_json:
        typer.echo(json.dumps({"sender": sender, "rules": rows}))
        return
    typer.echo(f"Signed by {sender}:")
    for row in rows:
        found = f" ({', '.join(row['findings'])})" if row["findings"] else ""
        typer.echo(f"{row['effect']:<12} {row['code']:<30} {row['version_hash'][:16]}{found}")

"""`duiscoin reconcile`: books, banks, payment services and registers compared, and the regulatory meter."""

import json
from dataclasses import asdict

import typer

from api import paying, reconciling, services
from api.cli import opening
from api.cli.books import CityOption, JsonOption


def reconcile(city: CityOption = None, as_json: JsonOption = False) -> None:
    """Compare everything; ends with 1 if anything differs. Lists each difference with its cause."""
    chosen_settings = opening.settings()
    database = opening.database(chosen_settings)
    chosen = opening.city(database, city)
    given = services.build(chosen_settings, database)
    made = reconciling.run(given, chosen, paying.providers(given, chosen))
    if as_json:
        document = {
            "finished_at": made.finished_at.isoformat(),
            "compared": [asdict(one) for one in made.compared],
            "differences": [{**asdict(one), "trouble": one.trouble.value} for one in made.differences],
            "volumes": [
                {**asdict(one), "network": one.network.value, "percent": one.percent} for one in made.volumes
            ],
        }
        typer.echo(json.dumps(document, indent=2))
    else:
        for pair in made.compared:
            sign = "=" if pair.agrees else "≠"
            typer.echo(f"{pair.subject}: {_euros(pair.ours_cents)} {sign} {_euros(pair.theirs_cents)}")
        for one in made.differences:
            typer.echo(f"{one.trouble.value}: {one.subject} {_euros(one.cents)}")
        for volume in made.volumes:
            typer.echo(f"volume/{volume.network.value}: {_euros(volume.cents)}, {volume.percent} %")
    if not made.is_clean:
        raise typer.Exit(1)


def _euros(cents: int) -> str:
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02} EUR"

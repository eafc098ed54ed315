"""`duiscoin city`: the cities of this installation."""

import json
from typing import Annotated

import typer

from api import founding, services
from api.cli import opening
from kernel import cities
from kernel.cities import NewCity

app = typer.Typer(help="The cities of this installation.", no_args_is_help=True)


@app.command()
def create(
    slug: Annotated[str, typer.Argument(help="Short name: lower-case letters, digits, hyphens")],
    name: Annotated[str, typer.Argument(help="Name as citizens know it")],
    host: Annotated[str | None, typer.Option(help="Host name that leads to this city")] = None,
    timezone: Annotated[str, typer.Option(help="IANA time zone")] = "Europe/Berlin",
    admin_email: Annotated[
        str | None, typer.Option(help="First administrator; grants all other roles")
    ] = None,
) -> None:
    """Found a city: its accounts, its signing key, its first administrator."""
    settings = opening.settings()
    database = opening.database(settings)
    new = NewCity(slug=slug, name=name, host=host, timezone=timezone)
    city = founding.found(database, services.sealer(settings), new, admin_email=admin_email)
    typer.echo(f"{city.name} is city {city.city_id}.")
    if admin_email is None:
        typer.echo("It has no administrator: nobody can sign in to set it up.", err=True)


@app.command("list")
def list_cities(as_json: Annotated[bool, typer.Option("--json", help="For machines")] = False) -> None:
    """List the cities."""
    database = opening.database(opening.settings())
    known = cities.every(database)
    if as_json:
        rows = [{"city_id": c.city_id, "slug": c.slug, "name": c.name, "host": c.host} for c in known]
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    for city in known:
        typer.echo(f"{city.city_id:>4}  {city.slug:<20} {city.name:<30} {city.host or ''}")
    if not known:
        typer.echo("No city yet: run `duiscoin city create`.")

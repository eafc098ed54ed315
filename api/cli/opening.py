"""What most commands begin with: settings, the database at this version's schema, the city meant."""

from contextlib import ExitStack
from contextvars import ContextVar

import typer
from pydantic import ValidationError

from api import migrating
from kernel import cities, logs
from kernel.cities import City
from kernel.db import Database
from kernel.settings import Settings

closing: ContextVar[ExitStack] = ContextVar("closing")
"""What is closed when the command ends; `api.cli.main` opens it."""


def settings() -> Settings:
    """Read the settings; say which are missing or wrong and exit with code 2."""
    try:
        loaded = Settings()
    except ValidationError as error:
        for problem in error.errors(include_input=False):
            name = "DUISCOIN_" + "_".join(str(part) for part in problem["loc"]).upper()
            typer.echo(f"{name}: {problem['msg']}", err=True)
        typer.echo("See docs/operations.md for all settings; scripts/demo makes its own.", err=True)
        raise typer.Exit(2) from None
    logs.configure(json_lines=loaded.json_logs)
    return loaded


def database(loaded: Settings) -> Database:
    """Open the database; exit with code 2 if its schema is not this version's."""
    opened = Database(loaded.database_url)
    closing.get().callback(opened.close)
    if migrating.pending(opened.engine):
        typer.echo("The database is not at this version's schema: run `duiscoin db upgrade`.", err=True)
        raise typer.Exit(2)
    return opened


def city(opened: Database, slug: str | None) -> City:
    """Return the named city, or the only one; exit with code 2 if that is not clear."""
    known = {one.slug: one for one in cities.every(opened)}
    if slug is None and len(known) == 1:
        return next(iter(known.values()))
    if slug in known:
        return known[slug]
    names = ", ".join(sorted(known)) or "none yet: run `duiscoin city create`"
    typer.echo(f"Say which city with --city. Known: {names}", err=True)
    raise typer.Exit(2)

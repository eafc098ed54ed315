"""`duiscoin db`: the schema."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from api import migrating
from api.cli import opening
from kernel.db import Database

app = typer.Typer(help="The database's schema.", no_args_is_help=True)


@app.command()
def upgrade() -> None:
    """Bring the database to this version's schema."""
    database = Database(opening.settings().database_url)
    migrating.upgrade(database.engine)
    database.close()
    typer.echo("The schema is up to date.")


@app.command()
def check(
    url: Annotated[str | None, typer.Option(help="An empty database; a temporary SQLite if left out")] = None,
) -> None:
    """Check that the migrations make exactly the tables that the code describes."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(url or f"sqlite:///{Path(folder) / 'check.db'}")
        migrating.upgrade(database.engine)
        differences = migrating.differences(database.engine)
        database.close()
    for difference in differences:
        typer.echo(f"differs: {difference}", err=True)
    if differences:
        raise typer.Exit(1)
    typer.echo("Models and migrations agree.")


@app.command()
def revise(message: str) -> None:
    """Write a new migration for what the code describes and the migrations don't make yet."""
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'revise.db'}")
        migrating.upgrade(database.engine)
        migrating.revise(database.engine, message)
        database.close()

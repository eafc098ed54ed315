"""`duiscoin ledger archive` and `check-archive`: old ranges of the book on cheap storage."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from api.cli import opening
from api.cli.books import CityOption
from kernel.errors import DomainError, Invalid
from ledger import archiving, queries
from ledger.notes import Verifier

REFUSED = 1
"""Exit code of `check-archive` for a file that shows nothing."""


def archive(
    out: Annotated[Path | None, typer.Option(help="File to write")] = None,
    tablespace: Annotated[
        str | None, typer.Option(help="PostgreSQL: move full partitions to this tablespace")
    ] = None,
    upto: Annotated[int | None, typer.Option(min=1, help="Last transfer; the newest if left out")] = None,
    city: CityOption = None,
) -> None:
    """Write what is sealed to a file that can be verified by itself, or move old partitions.

    Nothing leaves the book: moved partitions are read as before, a file is a copy.
    """
    if (out is None) == (tablespace is None):
        raise Invalid("archive-needs-one-target")
    database = opening.database(opening.settings())
    chosen = opening.city(database, city)
    with database.reading(chosen.city_id) as reading:
        last = upto or queries.head_sequence(reading)
        if out is not None:
            with Progress(console=Console(stderr=True), transient=True) as bar:
                task = bar.add_task("transfers", total=None)
                made = archiving.write(
                    reading, out, last, lambda done, total: bar.update(task, completed=done, total=total)
                )
            typer.echo(f"{out}: {made.size} transfers, root {made.root.hex()}")
    if tablespace is not None:
        moved = database.run(chosen.city_id, lambda work: archiving.move(work, tablespace, last))
        typer.echo(f"Moved to {tablespace}: {', '.join(moved) or 'nothing: no partition is full yet'}")


def check_archive(
    file: Path, key: Annotated[str | None, typer.Option(help="The log's public key, name+id+base64")] = None
) -> None:
    """Check an archive without any database; exit code 1 if it is not whole, in order and as sealed."""
    try:
        found = archiving.verify(file, Verifier.from_text(key) if key else None)
    except DomainError as error:
        typer.echo(f"{file}: {error}", err=True)
        raise typer.Exit(REFUSED) from None
    signed = "and signed by the given key" if key else "(give --key to check who signed it)"
    typer.echo(f"{file}: {found.size} transfers, whole, in order, as sealed {signed}.")

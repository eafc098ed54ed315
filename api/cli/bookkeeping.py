"""`duiscoin ledger export`, `close-period`, `periods`: what treasurers and auditors do with the books."""

import datetime as dt
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from api import closing
from api.cli import opening
from api.cli.books import CityOption, JsonOption
from ledger import exporting, periods
from ledger.journals import Form


def export(
    form: Annotated[Form, typer.Option("--format", help="Which tool reads it")],
    city: CityOption = None,
    first: Annotated[
        dt.datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First effective day")
    ] = None,
    last: Annotated[
        dt.datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last effective day")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(dir_okay=False, help="File; standard output if left out")
    ] = None,
) -> None:
    """Write the city's book for hledger, Beancount or as CSV (docs/exports.md)."""
    database = opening.database(opening.settings())
    chosen = opening.city(database, city)
    with (
        Progress(console=Console(stderr=True), transient=True) as bar,
        database.reading(chosen.city_id) as reading,
    ):
        task = bar.add_task("transfers", total=None)
        pieces = exporting.export(
            reading,
            form,
            f"{chosen.name}: {_span(first, last)}",
            first=first.date() if first else None,
            last=last.date() if last else None,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
        _write(pieces, out)


def close_period(
    last_day: Annotated[dt.datetime, typer.Argument(formats=["%Y-%m-%d"], help="Last day of the period")],
    city: CityOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask")] = False,
) -> None:
    """Close a period: the book takes no effective date up to that day any more. Can't be undone."""
    database = opening.database(opening.settings())
    chosen = opening.city(database, city)
    day = last_day.date()
    if not yes:
        typer.confirm(f"Close the books of {chosen.name} up to {day}? This can't be undone.", abort=True)
    made = database.run(chosen.city_id, lambda work: closing.close(work, day, "command-line"))
    typer.echo(f"Closed up to {day} at transfer {made.sequence}, trial balance {made.trial_balance.hex()}.")


def list_periods(city: CityOption = None, as_json: JsonOption = False) -> None:
    """List the closed periods: until when, closed when, by whom, at which transfer."""
    database = opening.database(opening.settings())
    chosen = opening.city(database, city)
    with database.reading(chosen.city_id) as reading:
        known = periods.every(reading)
    rows = [
        {
            "closed_until": one.closed_until.isoformat(),
            "closed_at": one.closed_at.isoformat(),
            "closed_by": one.closed_by,
            "sequence": one.sequence,
            "trial_balance": one.trial_balance.hex(),
        }
        for one in known
    ]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        typer.echo(
            f"until {row['closed_until']}  at {row['closed_at']}  by {row['closed_by']}  "
            f"transfer {row['sequence']}"
        )
    if not rows:
        typer.echo("No period is closed yet.")


def _span(first: dt.datetime | None, last: dt.datetime | None) -> str:
    if first is None and last is None:
        return "whole book"
    return f"{first.date() if first else '...'} to {last.date() if last else '...'}"


def _write(pieces: Iterable[str], out: Path | None) -> None:
    """Write the pieces as UTF-8; a file gets its name when it is complete."""
    if out is None:
        stream = typer.get_binary_stream("stdout")
        for piece in pieces:
            stream.write(piece.encode())
        stream.flush()
        return
    part = out.with_name(f"{out.name}.part")
    try:
        with part.open("wb") as file:
            for piece in pieces:
                file.write(piece.encode())
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)

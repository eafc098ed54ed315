"""`duiscoin ledger export`, `close-period`, `periods`, `supply`: for treasurers and auditors."""

import base64
import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from api import closing, services, settlements_due, supply_due
from api.cli import opening
from api.cli.books import CityOption, JsonOption
from ledger import exporting, periods, supply, supply_statements
from ledger.journals import Form
from ledger.supply_lines import FIGURES, Line
from ledger.supply_statements import Statement


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
    with database.reading(chosen.city_id) as reading:
        due = settlements_due.count(reading, chosen)
    if due:
        typer.echo(f"Not settled yet: {due} finished periods of venues (`duiscoin settle`).", err=True)
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


def show_supply(
    month: Annotated[
        dt.datetime | None, typer.Option(formats=["%Y-%m"], help="A month that is over; else the supply now")
    ] = None,
    city: CityOption = None,
    as_json: JsonOption = False,
) -> None:
    """State the months that are over; show where the points of each campaign are (docs/supply.md)."""
    settings = opening.settings()
    database = opening.database(settings)
    chosen = opening.city(database, city)
    made = supply_due.state(services.log_of(settings, database, chosen), chosen)
    with database.reading(chosen.city_id) as reading:
        shown = supply_statements.get(reading, month.date()) if month else supply.current(reading)
    if as_json:
        typer.echo(json.dumps(_as_json(shown), ensure_ascii=False))
        return
    for one in made:
        typer.echo(f"Stated {one.month:%Y-%m}.", err=True)
    when = f"at the end of {shown.month:%Y-%m}" if month else "now"
    typer.echo(f"{chosen.name}, points {when}, up to transfer {shown.sequence}")
    columns = ("campaign", *FIGURES)
    rows = [columns, *([str(getattr(line, column)) for column in columns] for line in _with_total(shown))]
    widths = [max(len(row[index]) for row in rows) for index in range(len(columns))]
    for row in rows:
        cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        typer.echo("  ".join([row[0].ljust(widths[0]), *cells]))


def _with_total(statement: Statement) -> list[Line]:
    return [*statement.lines, replace(statement.total, campaign="total")]


def _as_json(statement: Statement) -> dict[str, Any]:
    columns = ("campaign", *FIGURES, "recipients")
    root = statement.checkpoint_root
    return {
        "month": f"{statement.month:%Y-%m}",
        "sequence": statement.sequence,
        "checkpoint_size": statement.checkpoint_size,
        "checkpoint_root": base64.b64encode(root).decode() if root else None,
        "computed_at": statement.computed_at.isoformat() if statement.computed_at else None,
        "digest": statement.digest.hex() or None,
        "lines": [{column: getattr(line, column) for column in columns} for line in _with_total(statement)],
    }


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

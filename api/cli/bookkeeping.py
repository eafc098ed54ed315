"""`duiscoin ledger export`: what treasurers and auditors do with the books."""

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from api.cli import opening
from api.cli.books import CityOption
from ledger import exporting
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

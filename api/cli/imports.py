"""`duiscoin import`: files of other systems."""

import collections
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from api import importing, services
from api.cli import opening
from api.cli.books import CityOption, JsonOption
from kernel.cities import City
from redemption.city_files import Refusal
from redemption.file_register import Added, FileFineRegister
from rewards.importing import Ending

app = typer.Typer(help="Files of other systems.", no_args_is_help=True)
_TakeIn = Callable[[FileFineRegister, City, bytes], tuple[Added, list[Refusal]]]
_File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]


@app.command()
def reports(
    file: _File,
    city: CityOption = None,
    reporters: Annotated[int, typer.Option(min=1, max=255, help="Spread over so many citizens")] = 1,
    seed: Annotated[int, typer.Option(help="Which of them reported what")] = 1,
    origin: Annotated[str, typer.Option(help="Name of the system that the reports come from")] = "open311",
    as_json: JsonOption = False,
) -> None:
    """Take in reports from Open311 GeoReport v2 JSON; each ends as award, review or refusal."""
    settings = opening.settings()
    database = opening.database(settings)
    chosen = opening.city(database, city)
    results = importing.reports(
        database, chosen, file.read_bytes(), origin=origin, reporters=reporters, seed=seed
    )
    if as_json:
        for one in results:
            typer.echo(json.dumps(asdict(one), ensure_ascii=False))
        return
    for one in results:
        points = f" {one.points} points" if one.points else ""
        again = " (known before)" if one.known_before else ""
        typer.echo(f"{one.index:>5} {one.request_id or '-':<20} {one.ending:<8} {one.reason}{points}{again}")
    counts = collections.Counter(one.ending for one in results)
    known = sum(one.known_before for one in results)
    summary = ", ".join(f"{counts[ending]} {ending}" for ending in Ending)
    typer.echo(f"{len(results)} entries: {summary}; {known} known before, which get nothing again.")


@app.command()
def fines(file: _File, city: CityOption = None, as_json: JsonOption = False) -> None:
    """Fill the register of fines from a CSV as cities publish it; importing again adds nothing."""
    _fill("fines", importing.fines, file, city, as_json=as_json)


@app.command()
def fees(file: _File, city: CityOption = None, as_json: JsonOption = False) -> None:
    """Add fees to the register from a CSV (columns in docs/offers.md); importing again adds nothing."""
    _fill("fees", importing.fees, file, city, as_json=as_json)


def _fill(what: str, take_in: _TakeIn, file: Path, city: str | None, *, as_json: bool) -> None:
    settings = opening.settings()
    database = opening.database(settings)
    chosen = opening.city(database, city)
    register = FileFineRegister(services.folder_of(settings, chosen) / "fines")
    added, refusals = take_in(register, chosen, file.read_bytes())
    if as_json:
        rows = [{"line": r.line, "reason": r.reason, "details": dict(r.details)} for r in refusals]
        typer.echo(json.dumps({"added": added.added, "known": added.known, "refused": rows}))
        return
    for refusal in refusals:
        details = ", ".join(f"{name} {value}" for name, value in refusal.details.items())
        typer.echo(f"line {refusal.line}: skipped, {refusal.reason} {details}", err=True)
    typer.echo(f"{added.added} {what} added, {added.known} known before, {len(refusals)} skipped.")

"""`duiscoin ledger` and `duiscoin settle`: the books."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from api import settlements_due
from api.cli import opening
from kernel.cities import City
from kernel.db import Database
from ledger import invariants, surveying, verifying
from merchants import settlements, settling
from merchants.settlements import Settlement

app = typer.Typer(help="The ledger.", no_args_is_help=True)
CityOption = Annotated[str | None, typer.Option("--city", help="Slug of the city, if there are several")]
JsonOption = Annotated[bool, typer.Option("--json", help="For machines")]


@app.command()
def verify(
    city: CityOption = None,
    as_json: JsonOption = False,
    resume_from: Annotated[int, typer.Option("--from", min=1, help="First transfer to look at")] = 1,
    processes: Annotated[int | None, typer.Option(min=1, help="Default: one per processor")] = None,
    resume: Annotated[
        bool, typer.Option(help="Go on after the last verification that found nothing")
    ] = False,
) -> None:
    """Check every invariant of the city's book; exit code 1 if one does not hold.

    What was verified stays in the database's list of verifications. Seals are compared with the book only
    from its beginning on.
    """
    database = opening.database(opening.settings())
    chosen = opening.city(database, city)
    if resume:
        with database.reading(chosen.city_id) as reading:
            resume_from = verifying.resume_at(reading)
    report = _verify(database, chosen, resume_from, processes)
    if as_json:
        typer.echo(json.dumps({"ok": report.ok, **asdict(report)}, ensure_ascii=False))
    else:
        for finding in report.findings:
            typer.echo(f"{finding.check} at {finding.sequence or '-'}: {finding.message}", err=True)
        verdict = "all hold" if report.ok else f"{len(report.findings)} findings"
        typer.echo(
            f"{chosen.name}: {report.transfers} transfers, {report.accounts} accounts, "
            f"{len(report.checks)} checks from transfer {report.from_sequence} on: {verdict}."
        )
    if not report.ok:
        raise typer.Exit(1)


def _verify(database: Database, city: City, resume_from: int, processes: int | None) -> invariants.Report:
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("transfers", total=None)
        started_at = database.clock.now()
        report = surveying.verify(
            database,
            city.city_id,
            lambda done, total: bar.update(task, completed=done, total=total),
            resume_from=resume_from,
            processes=processes,
        )
    database.run(city.city_id, lambda work: verifying.keep(work, started_at, report))
    return report


def settle(
    city: CityOption = None,
    as_json: JsonOption = False,
    check: Annotated[
        bool,
        typer.Option("--check", help="Make nothing; make all statements anew from the ledger and compare"),
    ] = False,
) -> None:
    """Settle all finished periods with all venues; running it again changes nothing."""
    database = opening.database(opening.settings())
    chosen = opening.city(database, city)
    if check:
        _check_statements(database, chosen)
        return
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("statements", total=None)
        made = settlements_due.settle(
            database,
            chosen,
            "command-line",
            lambda done, total: bar.update(task, completed=done, total=total),
        )
    if as_json:
        typer.echo(json.dumps([_statement_as_json(one) for one in _statements(database, chosen, made)]))
        return
    for one in _statements(database, chosen, made):
        euros = f"{one.settled_cents / 100:.2f} EUR"
        if one.collected_cents:
            euros += f", {one.collected_cents / 100:.2f} EUR of guests"
        typer.echo(f"{one.number}: venue {one.venue_id}, {one.settled_points} points, {euros}")
    typer.echo(f"{len(made)} statements made." if made else "Nothing to settle.")


def _statements(database: Database, city: City, made: Sequence[int]) -> Iterator[Settlement]:
    for start in range(0, len(made), settlements.PAGE_MAX):
        wanted = made[start : start + settlements.PAGE_MAX]
        with database.reading(city.city_id) as reading:
            found = settlements.by_id(reading, wanted)
        yield from (found[one] for one in wanted)


def _statement_as_json(one: Settlement) -> dict[str, Any]:
    return {
        "number": one.number,
        "venue_id": one.venue_id,
        "points": one.settled_points,
        "amount_cents": one.settled_cents,
        "collected_cents": one.collected_cents,
        "payout_cents": one.payout_cents,
    }


def _check_statements(database: Database, city: City) -> None:
    """Compare every statement with what the ledger says today; exit with 1 if one differs."""
    checked = 0
    differing: list[str] = []
    before = None
    with database.reading(city.city_id) as reading:
        while found := settlements.page(reading, before=before, limit=settlements.PAGE_MAX):
            for one in found:
                checked += 1
                if settling.reproduce(reading, one) != one.document:
                    differing.append(one.number)
            before = found[-1].settlement_id
    for number in differing:
        typer.echo(f"{number}: is not what the ledger says.", err=True)
    typer.echo(f"{checked} statements checked, {len(differing)} differ.")
    if differing:
        raise typer.Exit(1)

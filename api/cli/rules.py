"""`duiscoin rules`: drafts tried on the past."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from api.cli import opening
from api.cli.books import CityOption, JsonOption
from kernel.cities import City
from kernel.db import Database
from kernel.errors import Conflict, NotFound
from rewards import programme, rehearsing, replaying, simulation_csv, simulations
from rewards.rehearsing import Window
from rewards.replaying import Verdict
from rewards.rules import RuleVersion

app = typer.Typer(help="Rules: tried on the past, decided again.", no_args_is_help=True)
_DAYS = ["%Y-%m-%d"]
_SHORTEST_HASH = 6


@app.command()
def simulate(
    rule: Annotated[
        str | None, typer.Argument(help="Draft: a file, or the hash of a stored version, or how it begins")
    ] = None,
    city: CityOption = None,
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=_DAYS, help="First day that counts; default: a year ago"),
    ] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=_DAYS, help="Last day that counts")] = None,
    file: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Deeds in CSV or JSON lines")
    ] = None,
    csv: Annotated[Path | None, typer.Option(dir_okay=False, help="Write the tables there, too")] = None,
    as_json: JsonOption = False,
) -> None:
    """Replay the past, or a file, through a draft beside the rules in force.

    A stored draft is then marked as simulated. Without a draft: compares what the rules give, each at its
    time, with what was booked; exit code 1 if anything differs.
    """
    database = opening.database(opening.settings())
    chosen = opening.city(database, city)
    if rule is None:
        _compare(database, chosen, as_json=as_json)
        return
    version, stored = _version(database, chosen, rule)
    with _progress("deeds") as progress:
        if file is None:
            window = Window(first and first.date(), last and last.date())
            report = rehearsing.rehearse(database, chosen, version, window, progress)
        else:
            with file.open("rb") as lines:
                report = rehearsing.rehearse_file(database, chosen, version, lines, progress)
    if stored:
        window = Window(date.fromisoformat(report["first"]), date.fromisoformat(report["last"]))
        database.run(
            chosen.city_id,
            lambda work: simulations.keep(work, version.version_hash, window, report),
        )
    if csv is not None:
        csv.write_text(simulation_csv.written(report), encoding="utf-8-sig")
    if as_json:
        typer.echo(json.dumps(report, ensure_ascii=False))
    else:
        for line in _lines(report):
            typer.echo(line)


@app.command()
def replay(
    award: Annotated[int | None, typer.Argument(help="Number of an award")] = None,
    every: Annotated[bool, typer.Option("--all", help="All awards of the city")] = False,
    city: CityOption = None,
    as_json: JsonOption = False,
) -> None:
    """Decide awards again from what their receipts kept; exit code 1 if anything comes out otherwise."""
    if (award is None) is not every:
        msg = "Say the number of an award, or --all."
        raise typer.BadParameter(msg)
    database = opening.database(opening.settings())
    chosen = opening.city(database, city)
    if award is not None:
        with database.reading(chosen.city_id) as reading:
            found = [replaying.replay(reading, award)]
        count = 1
    else:
        with _progress("awards") as progress:
            count, found = replaying.every(database, chosen.city_id, progress)
    different = [one for one in found if one.verdict is not Verdict.SAME]
    if as_json:
        rows = [asdict(one) for one in found]
        typer.echo(json.dumps({"ok": not different, "awards": count, "replayed": rows}, ensure_ascii=False))
    else:
        for one in found:
            typer.echo(f"award {one.award_id}, rule {one.rule} {one.version_hash[:10]}: {one.verdict}")
            for change in one.changes:
                typer.echo(f"  {change.name}: {change.stored} stored, {change.now} now")
        typer.echo(f"{count} awards decided again, {len(different)} come out otherwise.")
    if different:
        raise typer.Exit(1)


def _compare(database: Database, city: City, *, as_json: bool) -> None:
    with _progress("deeds") as progress:
        found = rehearsing.differences(database, city, progress)
    if as_json:
        typer.echo(json.dumps({"ok": not found, "differences": [asdict(one) for one in found]}))
    else:
        for one in found:
            typer.echo(f"submission {one.submission_id}: {one.expected} now, {one.booked} booked", err=True)
        typer.echo(f"{city.name}: {f'{len(found)} differences' if found else 'as booked'}.")
    if found:
        raise typer.Exit(1)


def _version(database: Database, city: City, named: str) -> tuple[RuleVersion, bool]:
    """Return the draft and whether it is stored. Raises NotFound, Conflict, programme.RuleRefused."""
    if Path(named).is_file():
        return programme.parse(Path(named).read_bytes()), False
    with database.reading(city.city_id) as reading:
        found = [one.version for one in programme.every(reading) if one.version_hash.startswith(named)]
    if not found or len(named) < _SHORTEST_HASH:
        raise NotFound("rule-not-found")
    if len(found) > 1:
        raise Conflict("rule-ambiguous", hashes=[one.version_hash[:16] for one in found])
    return found[0], True


@contextlib.contextmanager
def _progress(what: str) -> Iterator[rehearsing.Progress]:
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _lines(report: dict[str, Any]) -> Iterator[str]:
    """Return a report for the terminal."""
    active, draft = report["active"], report["draft"]
    yield f"{report['first']} to {report['last']}: {report['deeds']} deeds, {_shown(report['people'])} people"
    yield f"{'':<28}{'in force':>14}{'draft':>14}{'change':>14}"
    for label, key in (
        ("points", "points"),
        ("rewarded", "award"),
        ("not rewarded", "no-award"),
        ("to a person", "review"),
    ):
        yield _row(label, active[key], draft[key])
    yield (
        f"{'euros':<28}{active['cents'] / 100:>14.2f}{draft['cents'] / 100:>14.2f}"
        f"{(draft['cents'] - active['cents']) / 100:>+14.2f}"
    )
    for one in report["rules"]:
        yield _row(f"points of {one['rule']}"[:27], one["active"], one["draft"])
    for one in report["caps"]:
        yield _row(f"{one['rule']} {one['reason']}"[:27], one["active"], one["draft"])
    for one in report["budgets"]:
        until = " -> ".join(one[side]["dry_on"] or "for years" for side in ("active", "draft"))
        yield f"budget {one['budget']}: {one['available']} points left, until {until}"
    change = report["change"]
    yield ", ".join(f"{name} {_shown(change[name])}" for name in ("winners", "losers", "unchanged"))
    for name, rows in report["groups"].items():
        yield f"by {name}: people, winners, losers, points in force, points of the draft"
        for row in rows:
            counts = "".join(f"{_shown(row[key]):>7}" for key in ("people", "winners", "losers"))
            yield f"  {row['value'] or '-':<26}{counts}{row['active']:>12}{row['draft']:>12}"
    singles = report["singles"]
    if singles:
        largest = ", ".join(f"{one['draft']} ({one['permille'] / 10} %)" for one in singles["largest"])
        yield f"most for single people: {largest}; {singles['suspicious']} gains far above the others"
    for fault in report.get("faults", []):
        details = ", ".join(f"{name} {value}" for name, value in fault["details"].items())
        yield f"line {fault['line']}: left out, {fault['code']} {details}".rstrip()


def _row(label: str, active: int, draft: int) -> str:
    return f"{label:<28}{active:>14}{draft:>14}{draft - active:>+14}"


def _shown(count: int | None) -> str:
    return "<10" if count is None else str(count)

"""`duiscoin serve`, `worker`, `demo`, `status`, `keys`: running an installation."""

import json
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from api import judging, services, standings, voucher_keeping, working
from api.app import create_app
from api.cli import opening
from api.cli.books import CityOption, JsonOption
from api.demo import staging
from api.standings import Standing
from identity import auditing
from kernel import cities, logs
from kernel.db import Database, Work
from kernel.settings import Settings
from redemption import blocking, reissuing
from redemption import keys as issuing_keys
from redemption.reissuing import Reissue

keys = typer.Typer(help="The keys that sign vouchers.", no_args_is_help=True)
_Port = Annotated[int, typer.Option(help="TCP port")]
_Host = Annotated[str, typer.Option(help="Address to listen on")]


def serve(
    host: _Host = "127.0.0.1",
    port: _Port = 8000,
    with_worker: Annotated[bool, typer.Option("--worker/--no-worker", help="Deliver messages, too")] = True,
) -> None:
    """Serve the pages and the API."""
    settings = opening.settings()
    database = opening.database(settings)
    _serve(settings, database, host, port, with_worker=with_worker)


def worker() -> None:
    """Deliver messages and run what is due, until stopped."""
    settings = opening.settings()
    built = services.build(settings, opening.database(settings))
    working.run_forever(built)


def demo(
    folder: Annotated[Path, typer.Option(help="Where the demo city lives")] = Path("var/demo"),
    host: _Host = "127.0.0.1",
    port: _Port = 8000,
    fresh: Annotated[bool, typer.Option(help="Begin anew")] = False,
    prepare_only: Annotated[bool, typer.Option(help="Make the city but do not serve it")] = False,
) -> None:
    """Make a demo city on SQLite with weeks of history, and serve it."""
    logs.configure(json_lines=False)
    settings = staging.settings(folder, port, fresh=fresh)
    database = staging.prepare(settings, typer.echo)
    for line in staging.addresses(settings, database):
        typer.echo(line)
    if not prepare_only:
        _serve(settings, database, host, port, with_worker=True)


def status(as_json: JsonOption = False) -> None:
    """Show how each city's ledger stands, as `/status.json` does, and whether its audit log is whole."""
    settings = opening.settings()
    database = opening.database(settings)
    rows = []
    for city in cities.every(database):
        with database.reading(city.city_id) as reading:
            found = judging.standing(reading, city)
            broken_at = auditing.verify(reading)
        rows.append({**standings.plain(found), "audit_log_broken_at": broken_at})
        if not as_json:
            typer.echo(_told(found))
            if broken_at is not None:
                typer.echo(f"  {'red':<6} audit log: entry {broken_at} is not what was written")
    if as_json:
        typer.echo(json.dumps(rows))


def _told(found: Standing) -> str:
    """Return a line for each part."""
    book, sealed, verified, waiting = found.book, found.seal, found.verification, found.outbox
    pace = f"{book.per_second_last_minute}/s last minute, {book.per_second_last_hour}/s last hour"
    lines = [f"{found.city}: {found.light}, {book.sequence} transfers, {pace} ({found.build.database})"]
    parts = [
        (sealed.judged, f"seal: {sealed.size} sealed, {sealed.unsealed} not yet"),
        (verified.judged, f"verification: up to {verified.to_sequence or 0}"),
        *((one.judged, f"witness {one.name}: up to {one.size}") for one in found.witnesses.items),
        (waiting.judged, f"outbox: {waiting.waiting} waiting, {waiting.given_up} given up"),
        (found.voucher_keys.judged, f"voucher keys: {len(found.voucher_keys.keys)}"),
    ]
    lines += [f"  {judged.light:<6} {text}: {judged.code}" for judged, text in parts]
    return "\n".join(lines)


@keys.command()
def rotate(city: CityOption = None) -> None:
    """Make a new signing key; vouchers signed with the one before stay valid."""
    settings = opening.settings()
    database = opening.database(settings)
    chosen = opening.city(database, city)
    key = database.run(chosen.city_id, lambda work: issuing_keys.rotate(work, services.sealer(settings)))
    typer.echo(f"{chosen.name} now signs with key {key.kid}.")


@keys.command("list")
def list_keys(city: CityOption = None) -> None:
    """List the signing keys with how many vouchers each signed and how many of those were accepted."""
    database = opening.database(opening.settings())
    chosen = opening.city(database, city)
    with database.reading(chosen.city_id) as reading:
        for key in issuing_keys.every(reading):
            counts = f"issued {key.issued} accepted {key.accepted} foreign {key.foreign_seen}"
            alarm = "  SOMEBODY ELSE SIGNS WITH IT" if key.is_suspicious else ""
            typer.echo(f"{key.kid}  {key.status:<8} {counts}{alarm}")


@keys.command()
def block(
    kid: Annotated[str, typer.Argument(help="The key, as `keys list` shows it")],
    reason: Annotated[str, typer.Option(help="Goes into the audit log")],
    city: CityOption = None,
) -> None:
    """Block a key without a second person: for who operates the installation when nobody else is there."""
    settings = opening.settings()
    database = opening.database(settings)
    chosen = opening.city(database, city)

    def command(work: Work) -> None:
        blocking.block_now(work, services.sealer(settings), kid)
        auditing.record(work, "command-line", "key-blocked", f"key/{kid}", {"reason": reason})

    database.run(chosen.city_id, command)
    typer.echo(f"{kid} is blocked. Run `duiscoin keys reissue`, or let the worker do it.")


@keys.command()
def reissue(city: CityOption = None) -> None:
    """Give the open vouchers of blocked keys new codes, from where it was interrupted."""
    settings = opening.settings()
    database = opening.database(settings)
    chosen = opening.city(database, city)
    built = services.build(settings, database)
    with database.reading(chosen.city_id) as reading:
        unfinished = reissuing.unfinished(reading)
    for one in unfinished:
        voucher_keeping.reissue(built, chosen, one.kid, _tell)
    typer.echo(f"{len(unfinished)} keys done.")


def _tell(done: Reissue) -> None:
    typer.echo(f"{done.kid}: {done.percent} %, {done.reissued} of {done.total} have a new code")


def _serve(settings: Settings, database: Database, host: str, port: int, *, with_worker: bool) -> None:
    app = create_app(settings, database)
    with working.background(app.state.services, enabled=with_worker):
        uvicorn.run(
            app,
            host=host,
            port=port,
            log_config=None,
            proxy_headers=True,
            forwarded_allow_ips=settings.trusted_proxies,
        )

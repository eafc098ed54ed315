"""`duiscoin ledger checkpoint`, `prove`, `check-proof`, `witness`: the transparency log and its receipts."""

import json
import sys
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import Progress

from api import sentences, services
from api.cli import opening
from api.cli.books import CityOption, JsonOption
from kernel.cities import City
from kernel.db import Database
from kernel.errors import DomainError, Invalid
from ledger import leaves, log_checks, log_keys, proofs, proving, sealing, witnesses
from ledger.leaves import Opening
from ledger.log_parts import Log
from ledger.log_seals import Seal
from ledger.notes import Verifier
from ledger.proofs import Checked
from web import catalogues

witness = typer.Typer(help="Who confirms that the log only grows.", no_args_is_help=True)
NOT_SHOWN = 1
"""Exit code of `check-proof` for a receipt that proves nothing."""
UNREADABLE = 2
"""Exit code of `check-proof` for a file or key that can't be read."""


def checkpoint(city: CityOption = None, as_json: JsonOption = False) -> None:
    """Seal everything booked in the log now, and have it confirmed by all witnesses."""
    settings = opening.settings()
    database = opening.database(settings)
    chosen = opening.city(database, city)
    log = services.log_of(settings, database, chosen)
    seal = _seal(log)
    with database.reading(chosen.city_id) as reading:
        known = log_keys.verifier(reading) if seal else None
        confirmed = [one.name for one in witnesses.every(reading) if seal and one.size == seal.size]
    if as_json:
        typer.echo(json.dumps(_described(seal, known, confirmed)))
    elif seal is None or known is None:
        typer.echo(f"{chosen.name}: nothing is booked yet.")
    else:
        typer.echo(f"{chosen.name}: {seal.size} transfers sealed.")
        typer.echo(f"Root: {seal.root.hex()}")
        typer.echo(f"Key: {known.vkey}")
        typer.echo(f"Confirmed by: {', '.join(confirmed) or 'nobody'}")


def check_log(city: CityOption = None, as_json: JsonOption = False) -> None:
    """Compare the whole log with the book: every seal, signature and file; exit code 1 if not equal."""
    settings = opening.settings()
    database = opening.database(settings)
    chosen = opening.city(database, city)
    log = services.log_of(settings, database, chosen)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("transfers", total=None)
        flaws = log_checks.check(log, lambda done, total: bar.update(task, completed=done, total=total))
    if as_json:
        typer.echo(json.dumps({"ok": not flaws, "flaws": [one._asdict() for one in flaws]}))
    else:
        for one in flaws:
            typer.echo(f"{one.check} at {one.sequence or '-'}: {one.message}", err=True)
        typer.echo(f"{chosen.name}: {f'{len(flaws)} flaws' if flaws else 'the log is whole'}.")
    if flaws:
        raise typer.Exit(1)


def prove(
    transfer_id: Annotated[UUID, typer.Argument(help="Id of the transfer")],
    out: Annotated[Path | None, typer.Option(help="File to write; without it the receipt is printed")] = None,
    city: CityOption = None,
) -> None:
    """Write the receipt of a transfer, which anybody can check without this system."""
    settings = opening.settings()
    database = opening.database(settings)
    chosen = opening.city(database, city)
    log = services.log_of(settings, database, chosen)
    with database.reading(chosen.city_id) as reading:
        receipt = proving.prove(reading, log.store, transfer_id)
    if out is None:
        typer.echo(receipt, nl=False)
    else:
        out.write_text(receipt, encoding="utf-8")
        typer.echo(f"{out} ({len(receipt)} bytes)")


def check_proof(
    file: Annotated[Path, typer.Argument(help="The receipt; - reads standard input")],
    key: Annotated[str | None, typer.Option(help="Public key of the log; else that of the city here")] = None,
    witness_keys: Annotated[
        list[str] | None,
        typer.Option("--witness", help="Key of a witness that must have confirmed it"),
    ] = None,
    city: CityOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say what a receipt proves. Exit code 0: proven, 1: not, 2: unreadable.

    With --key nothing is asked of any database: a receipt can be checked anywhere.
    """
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
        log = Verifier.from_text(key) if key else _own_key(city)
        wanted = [Verifier.from_text(one) for one in witness_keys or ()]
    except (OSError, UnicodeDecodeError, Invalid) as error:
        typer.echo(f"Not readable: {error}", err=True)
        raise typer.Exit(UNREADABLE) from None
    try:
        checked = proofs.check(text, log, wanted)
        said = leaves.read_opening(checked.opening)
        missing = [one.name for one in wanted if all(signed.verifier != one for signed in checked.signatures)]
        if missing:
            raise Invalid("proof-unconfirmed", witness=missing[0])  # noqa: TRY301 -- reported like the others
    except Invalid as error:
        sentence = sentences.of(error, catalogues.load()["en"])
        if as_json:
            typer.echo(json.dumps({"ok": False, "code": error.code, "message": sentence}))
        else:
            typer.echo(f"NOT PROVEN: {sentence} ({error.code})", err=True)
        raise typer.Exit(UNREADABLE if error.code == "proof-unreadable" else NOT_SHOWN) from None
    if as_json:
        typer.echo(json.dumps({"ok": True, **_as_data(checked, said)}, ensure_ascii=False))
    else:
        for line in _in_words(checked, said):
            typer.echo(line)


@witness.command()
def add(name: str, url: str, public_key: str, city: CityOption = None) -> None:
    """Have the log confirmed by a witness (c2sp.org/tlog-witness) from now on.

    PUBLIC_KEY is its verifier key (name+id+key), or the 32 bytes in hex or base64.
    """
    database = opening.database(opening.settings())
    chosen = opening.city(database, city)
    database.run(chosen.city_id, lambda work: witnesses.add(work, name, url, public_key))
    typer.echo(f"{chosen.name}'s log will be shown to {name}.")


@witness.command()
def remove(name: str, city: CityOption = None) -> None:
    """Ask a witness no more; what it confirmed stays."""
    database = opening.database(opening.settings())
    chosen = opening.city(database, city)
    database.run(chosen.city_id, lambda work: witnesses.remove(work, name))
    typer.echo(f"{chosen.name}'s log is no longer shown to {name}.")


@witness.command("list")
def list_witnesses(city: CityOption = None, as_json: JsonOption = False) -> None:
    """List the witnesses with what each confirmed last, and why the last try failed."""
    database = opening.database(opening.settings())
    chosen = opening.city(database, city)
    with database.reading(chosen.city_id) as reading:
        rows = [
            {
                "name": one.name,
                "url": one.url,
                "key": one.verifier.vkey,
                "size": one.size,
                "cosigned_at": one.cosigned_at.isoformat() if one.cosigned_at else None,
                "last_error": one.last_error,
            }
            for one in witnesses.every(reading)
        ]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        trouble = f"  FAILED: {row['last_error']}" if row["last_error"] else ""
        typer.echo(f"{row['name']}  {row['url']}  {row['size']} at {row['cosigned_at'] or 'never'}{trouble}")
    if not rows:
        typer.echo("No witness yet: `duiscoin ledger witness add NAME URL PUBLIC_KEY`.")


def _seal(log: Log) -> Seal | None:
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("transfers", total=None)
        return sealing.seal(
            log,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
            ask_all=True,
        )


def _described(seal: Seal | None, known: Verifier | None, confirmed: list[str]) -> dict[str, object]:
    if seal is None or known is None:
        return {"size": 0}
    return {
        "size": seal.size,
        "root": seal.root.hex(),
        "sealed_at": seal.sealed_at.isoformat(),
        "key": known.vkey,
        "confirmed_by": confirmed,
    }


def _own_key(slug: str | None) -> Verifier:
    database: Database = opening.database(opening.settings())
    chosen: City = opening.city(database, slug)
    try:
        with database.reading(chosen.city_id) as reading:
            return log_keys.verifier(reading)
    except DomainError as error:
        raise Invalid("verifier-key-invalid") from error


def _as_data(checked: Checked, said: Opening) -> dict[str, object]:
    transfer = {
        name: value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in said._asdict().items()
        if name not in {"salt", "counters_digest"}
    }
    ids = {name: str(value) for name, value in transfer.items() if isinstance(value, UUID)}
    return {
        "origin": checked.checkpoint.origin,
        "size": checked.checkpoint.size,
        "index": checked.index,
        "signed_by": [signed.verifier.name for signed in checked.signatures],
        "transfer": transfer | ids,
    }


def _in_words(checked: Checked, said: Opening) -> list[str]:
    verbs = {
        "post": "moved",
        "hold": "reserved",
        "capture": "moved, as reserved before,",
        "release": "given back, unused,",
        "reverse": "moved back",
    }
    unit = {"DUC": "points", "EUR": "cents"}.get(said.asset, f"of {said.asset}")
    witnessed = [signed.verifier.name for signed in checked.signatures[1:]]
    lines = [
        f"PROVEN: {said.amount} {unit} {verbs[said.kind]} from {said.debit} to {said.credit}.",
        f"  Date: {said.effective}; recorded {said.booked_at:%Y-%m-%d %H:%M:%S} UTC",
        f"  Purpose: {said.purpose}" + (f" ({said.subject})" if said.subject else ""),
        f"  Transfer {said.transfer_id}, number {said.sequence}",
        f"  In the log {checked.checkpoint.origin} at place {checked.index} of {checked.checkpoint.size}",
        f"  Confirmed by: {', '.join(witnessed) or 'no witness that was asked for'}",
    ]
    if said.refers_to:
        lines.insert(4, f"  Refers to transfer {said.refers_to}")
    if said.expires_at:
        lines.insert(4, f"  Until {said.expires_at:%Y-%m-%d %H:%M:%S} UTC")
    return lines

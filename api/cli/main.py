"""`duiscoin`: every command of the installation, one module for each topic."""

import sys
from contextlib import ExitStack

import typer

from api.cli import (
    archive,
    bookkeeping,
    books,
    bundles,
    cities,
    databases,
    hub,
    imports,
    log,
    opening,
    reconciling,
    rules,
    running,
)
from kernel.errors import DomainError

app = typer.Typer(
    name="duiscoin",
    help="One ledger for a city that says thank you.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback()
def begin(context: typer.Context) -> None:
    """One ledger for a city that says thank you."""
    stack = ExitStack()
    opening.closing.set(stack)
    context.call_on_close(stack.close)


app.add_typer(databases.app, name="db")
app.add_typer(cities.app, name="city")
app.add_typer(books.app, name="ledger")
books.app.command("export")(bookkeeping.export)
books.app.command("close-period")(bookkeeping.close_period)
books.app.command("periods")(bookkeeping.list_periods)
books.app.command()(archive.archive)
books.app.command("check-archive")(archive.check_archive)
books.app.command("supply")(bookkeeping.show_supply)
books.app.command()(log.checkpoint)
books.app.command()(log.prove)
books.app.command("check-proof")(log.check_proof)
books.app.command("check-log")(log.check_log)
books.app.add_typer(log.witness, name="witness")
app.add_typer(imports.app, name="import")
app.add_typer(bundles.app, name="bundle")
app.add_typer(rules.app, name="rules")
app.add_typer(hub.app, name="hub")
app.command()(running.serve)
app.command()(running.worker)
app.command()(running.demo)
app.command()(running.status)
app.command()(books.settle)
app.command()(reconciling.reconcile)
app.add_typer(running.keys, name="keys")


def run() -> None:
    """Run the command line; a refusal becomes one line on standard error and exit code 1."""
    try:
        app()
    except DomainError as error:
        typer.echo(f"duiscoin: {error}", err=True)
        sys.exit(1)

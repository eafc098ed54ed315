"""`duiscoin hub`: a machine of a venue that decides for all its gates, without the internet."""

import datetime as dt
import json
import socket
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, TypeVar

import typer
import uvicorn

from api.cli import opening
from api.cli.books import JsonOption
from api.hub import joining, page, syncing
from api.hub.app import create_app
from api.hub.folder import Folder
from api.hub.link import Refused, Unreachable
from api.hub.machine import Hub
from api.hub.standing import standing
from kernel import logs
from redemption import hub_logs

T = TypeVar("T")
app = typer.Typer(help="A venue's hub: all its gates, without the internet.", no_args_is_help=True)
_Data = Annotated[Path, typer.Option("--data", help="The hub's own folder")]
_HERE = Path("hub")


@app.command()
def enrol(
    server: Annotated[str, typer.Option(help="Address of the city's server: https://...")],
    secret: Annotated[str, typer.Option(help="The 16 characters of the invitation")],
    data: _Data = _HERE,
) -> None:
    """Make this machine a venue's hub, by an invitation of kind hub."""
    state = _reached(lambda: joining.enrol(Folder(data), server, secret))
    typer.echo(
        f"{state.name} is a hub now (device {state.device_id}). Next: duiscoin hub serve --data {data}"
    )
    typer.echo(f"Code for staff: {Folder(data).staff_code()}")


@app.command()
def serve(
    data: _Data = _HERE,
    host: Annotated[str, typer.Option(help="Address to listen on")] = "0.0.0.0",  # noqa: S104 -- the venue's own network
    port: Annotated[int, typer.Option(help="TCP port")] = 8443,
    plain: Annotated[
        bool, typer.Option("--plain", help="Without TLS: for this machine and hand scanners")
    ] = False,
    certificate: Annotated[Path | None, typer.Option(help="A certificate of your own, PEM")] = None,
    certificate_key: Annotated[Path | None, typer.Option(help="Its key, PEM")] = None,
) -> None:
    """Serve the gates, and talk with the city whenever there is a network."""
    logs.configure(json_lines=False)
    hub = _open(data)
    names = _names()
    keys: dict[str, str] = {}
    if not plain:
        at, key_at = certificate, certificate_key
        if at is None or key_at is None:
            at, key_at, fingerprint = hub.folder.certificate(names)
            typer.echo(f"SHA-256 of the hub's certificate: {fingerprint}")
        keys = {"ssl_certfile": str(at), "ssl_keyfile": str(key_at)}
    scheme = "http" if plain else "https"
    for name in dict.fromkeys(names if host == "0.0.0.0" else [host]):  # noqa: S104 -- as above
        typer.echo(f"{scheme}://{name}:{port}/hub")
    typer.echo(f"Code for staff: {hub.folder.staff_code()}")
    uvicorn.run(create_app(hub), host=host, port=port, log_config=None, proxy_headers=False, **keys)  # type: ignore[arg-type]  # by name


@app.command("open")
def open_(
    until: Annotated[str, typer.Option(help="Time of the clock, like 22:00")], data: _Data = _HERE
) -> None:
    """Have the venue's vouchers left to the hub until a time, and fetch them."""
    hub = _open(data)
    # The city says what time it is.
    _reached(lambda: syncing.once(hub))
    at = page.next_time(hub, until)
    _reached(lambda: syncing.open_until(hub, at))
    _tell(hub)


@app.command()
def close(data: _Data = _HERE) -> None:
    """Give all vouchers back, and hand in the log."""
    hub = _open(data)
    syncing.close(hub)
    _reached(lambda: syncing.once(hub))
    _tell(hub)


@app.command()
def sync(data: _Data = _HERE) -> None:
    """Hand in the log and take over what is new, once."""
    hub = _open(data)
    _reached(lambda: syncing.once(hub))
    _tell(hub)


@app.command()
def status(data: _Data = _HERE, as_json: JsonOption = False) -> None:
    """Show what the hub has, until when, and what waits to be handed in."""
    _tell(_open(data), as_json=as_json)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="To be handed in on the page of devices")], data: _Data = _HERE
) -> None:
    """Write the log to a file (.dscl), for a hub that gets to no network any more."""
    hub = _open(data)
    with hub.database.reading(hub.city.city_id) as reading:
        file.write_bytes(hub_logs.export(reading))
    typer.echo(f"{file}: hand it in on the page of devices, “Handed in later”.")


def _open(data: Path) -> Hub:
    hub = Hub(Folder(data))
    stack: ExitStack = opening.closing.get()
    stack.callback(hub.close)
    return hub


def _reached(act: Callable[[], T]) -> T:
    """Do something that needs the city; say so in one line and exit with code 1 if it can't be reached."""
    try:
        return act()
    except Unreachable:
        typer.echo("The city can't be reached: no network.", err=True)
        raise typer.Exit(1) from None
    except Refused as refused:
        typer.echo(f"The city refuses ({refused.code}): {refused.details.get('sentence', '')}", err=True)
        raise typer.Exit(1) from None


def _tell(hub: Hub, *, as_json: bool = False) -> None:
    with hub.database.reading(hub.city.city_id) as reading:
        at = standing(reading, online=hub.online)
    if as_json:
        values = {
            name: value.isoformat() if isinstance(value, dt.datetime) else value
            for name, value in asdict(at).items()
        }
        typer.echo(json.dumps({**values, "device_id": str(at.device_id)}))
        return
    until = at.until.astimezone(hub.city.zone).strftime("%d.%m. %H:%M") if at.until else ""
    typer.echo(f"{at.name}: {f'open until {until}' if at.is_open else 'closed'}, {at.state}")
    typer.echo(f"  vouchers {at.vouchers}, list {at.list_version}, gates {at.gates}")
    typer.echo(f"  log {at.written}, of which {at.waiting} wait to be handed in")


def _names() -> list[str]:
    """Return by which names and addresses this machine can be reached."""
    found = [socket.gethostname()]
    with suppress(OSError):
        found += [str(one[4][0]) for one in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)]
    # A packet is never sent: the system says which address it would go out from.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, suppress(OSError):
        probe.connect(("192.0.2.1", 9))
        found.append(str(probe.getsockname()[0]))
    return list(dict.fromkeys([*found, "localhost", "127.0.0.1"]))

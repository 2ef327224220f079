"""`python -m deploy.local run`: Soundstage on this machine."""

import asyncio
import importlib
import os
import sys
from typing import Annotated

import typer
from rich.console import Console

from deploy.local import status, tenant
from deploy.local.backing import Backing
from deploy.local.errors import LocalError, explain
from deploy.local.home import Home
from deploy.local.launcher import launch
from deploy.local.part import Part
from deploy.local.ports import SERVICES, Ports
from deploy.local.progress import Progress
from deploy.local.services import Services

ANY_ARGUMENTS = {"allow_extra_args": True, "ignore_unknown_options": True}
app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
console = Console()


def _home() -> Home:
    return Home.open(os.environ.get("SOUNDSTAGE_HOME") or ".soundstage")


@app.command()
def run(
    backing_only: Annotated[bool, typer.Option(help="Start only Postgres, Valkey, MongoDB and Kafka.")] = False,
    durable: Annotated[bool, typer.Option(help="Survive power cuts, not only kills.")] = True,
    split_roles: Annotated[bool, typer.Option(help="Run each role of a service as its own process.")] = False,
) -> None:
    """Starts everything and keeps it running until Ctrl-C or SIGTERM."""
    home, ports = _home(), Ports.read(os.environ)
    with home.lock():
        backing = Backing.choose(home, ports, os.environ, durable=durable)
        parts = list(backing.parts)
        if not backing_only:
            parts += Services(home, ports, backing, os.environ, split=split_roles).parts()
        asyncio.run(_run(home, ports, backing, parts))


async def _run(home: Home, ports: Ports, backing: Backing, parts: list[Part]) -> None:
    with Progress(console, [part.name for part in parts]) as progress:

        def ready() -> None:
            seconds = progress.finish()
            console.print(
                f"[bold green]Ready[/] in {seconds:.1f} s. Data: {home.root}  Ctrl-C stops it.", highlight=False
            )
            if any(part.name == "gateway" for part in parts):
                _what_next(home, ports)

        await launch(home, parts, backing.addresses, progress, ready)
    console.print("Everything has stopped.")


def _what_next(home: Home, ports: Ports) -> None:
    base = f"http://127.0.0.1:{ports.gateway}"
    lines = [
        f"  Gateway      {base}",
        "  make demo    the core workflow, end to end (in a second terminal)",
        "  make status  processes, ports and memory",
        f"  curl {base}/health_check",
        "  README.md    the core workflow by hand, with curl",
    ]
    found = tenant.credentials(home)
    if found:
        lines.append(f"  Tenant {tenant.NAME!r} of the partner contract:")
        lines += [f"    {name:13}  {text}" for name, text in found.items()]
    console.print("\n".join(lines), highlight=False, markup=False, soft_wrap=True)


@app.command("status")
def show_status() -> None:
    """Lists every process with its pid, ports and share of memory."""
    if not status.show(_home(), console):
        raise typer.Exit(1)


@app.command(context_settings=ANY_ARGUMENTS)
def service(context: typer.Context, name: str) -> None:
    """Runs a service's command while the system is running: `service auth admins add ada`."""
    if name not in SERVICES:
        raise LocalError(f"unknown service {name}; known are {', '.join(SERVICES)}")
    home, ports = _home(), Ports.read(os.environ)
    backing = Backing.choose(home, ports, os.environ)
    environ = Services(home, ports, backing, os.environ).environ(name)
    environ[f"{name.upper()}_METRICS_PORT"] = "0"  # the running service has that port
    os.execve(sys.executable, [sys.executable, "-m", f"services.{name}", *context.args], environ)


@app.command(context_settings=ANY_ARGUMENTS)
def demo(context: typer.Context) -> None:
    """Walks through the core workflow on the running gateway."""
    importlib.import_module("deploy.local.demo").main(context.args)


def entry() -> None:
    try:
        app()
    except LocalError as error:
        sys.exit(f"soundstage: {error}")
    except OSError as error:
        sys.exit(f"soundstage: {explain(error)}")


if __name__ == "__main__":
    entry()

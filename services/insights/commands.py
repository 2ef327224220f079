"""Commands of insights beside its roles."""

import asyncio
from contextlib import AsyncExitStack

import typer

from chassis import process
from chassis.errors import Error
from services.insights import wiring
from services.insights.config import Settings
from services.insights.rebuild.domain import Report

app = typer.Typer()


apps = typer.Typer(help="Apps that call the discovery contract.")
app.add_typer(apps, name="apps")


@app.command()
def rebuild() -> None:
    """Count everything anew from the owners' rows, say what was wrong, and swap it in."""
    _run(swaps=True)


@app.command()
def verify() -> None:
    """Count everything anew and compare; changes nothing. Exit code 1 when something differs."""
    _run(swaps=False)


@apps.command()
def add(
    name: str,
    owner: int = typer.Option(..., help="The owner's account number."),
    description: str | None = typer.Option(None, help="What it does."),
) -> None:
    """Register an app, and print its address."""
    settings = Settings()

    async def work(_: process.Roles, stop: asyncio.Event) -> None:
        async with AsyncExitStack() as stack:
            added = await wiring.build_apps(settings, stack).add(name, owner, description)
            typer.echo(added.address)

    process.run("insights", settings.model_copy(update={"metrics_port": 0}), wiring.build, work)


def _run(*, swaps: bool) -> None:
    settings = Settings()

    async def work(_: process.Roles, stop: asyncio.Event) -> None:
        async with AsyncExitStack() as stack:
            running = asyncio.create_task(wiring.build_rebuild(settings, stack).run(swaps=swaps))
            stopped = asyncio.create_task(stop.wait())
            await asyncio.wait([running, stopped], return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            if not running.done():
                running.cancel()
                await asyncio.wait([running])
                raise Error("Stopped; nothing was changed")
            _tell(running.result(), swaps)

    # The metrics port is that of the process that serves.
    process.run("insights", settings.model_copy(update={"metrics_port": 0}), wiring.build, work)


def _tell(report: Report, swaps: bool) -> None:
    rate = (report.plays + report.states) / max(report.seconds, 0.001)
    typer.echo(
        f"{report.plays} plays, {report.likes} likes, {report.follows} follows, {report.reposts} reposts, "
        f"{report.playlist_likes} likes of playlists, {report.tracks} tracks in {report.seconds:.1f} s "
        f"({rate:.0f} events/s)"
    )
    if not report.differing:
        typer.echo("The live tables agree.")
        return
    differing = ", ".join(f"{table} {rows}" for table, rows in report.differing.items())
    if not swaps:
        raise Error(f"Rows that differ: {differing}")
    typer.echo(f"Mended rows: {differing}")

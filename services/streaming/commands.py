"""Commands of streaming beside its roles."""

from contextlib import AsyncExitStack

import typer

from chassis import process
from services.streaming import wiring
from services.streaming.config import Settings

app = typer.Typer()


@app.command("make-covers", help="Resize covers that were stored before there were sizes.")
def make_covers() -> None:
    settings = Settings()

    async def work(stack: AsyncExitStack) -> int:
        return await wiring.artwork(settings, stack).make_all()

    typer.echo(f"{process.command('streaming', settings, work)} covers are made.")

"""`python -m services.streaming serve|consume|relay|work|migrate|all`, and the command that makes covers anew."""

from contextlib import AsyncExitStack

import typer
import uvloop

from chassis import process, telemetry
from chassis.errors import Error
from services.streaming import wiring
from services.streaming.config import Settings

commands = typer.Typer()


@commands.command("make-covers", help="Make the sizes of covers that were stored before there were sizes.")
def make_covers() -> None:
    settings = Settings()
    telemetry.start("streaming", settings.model_copy(update={"metrics_port": 0}))

    async def made() -> int:
        async with AsyncExitStack() as stack:
            return await wiring.artwork(settings, stack).make_all()

    try:
        typer.echo(f"{uvloop.run(made())} covers are made.")
    except Error as error:
        raise SystemExit(f"streaming: {error.message}") from None


if __name__ == "__main__":
    process.main("streaming", Settings, wiring.build, commands)

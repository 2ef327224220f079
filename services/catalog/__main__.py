"""`python -m services.catalog serve|consume|relay|migrate|all`, and the commands that make Postgres anew."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import typer
import uvloop

from chassis import process, telemetry
from chassis.errors import Error
from services.catalog import wiring
from services.catalog.config import Settings

rebuilds = typer.Typer()


@rebuilds.command("rebuild-search", help="Make the search rows anew from MongoDB, while the old ones serve.")
def rebuild_search() -> None:
    count = _with(lambda parts: parts.search.rebuild())
    typer.echo(f"{count} tracks are in the new search rows.")


@rebuilds.command("rebuild-people", help="Fill the copy of accounts from auth's own.")
def rebuild_people() -> None:
    async def rebuild(parts: wiring.Parts) -> int:
        count = 0
        async for accounts in parts.accounts.export():
            for account in accounts:
                await parts.people.apply(account)
            count += len(accounts)
        return count

    typer.echo(f"{_with(rebuild)} accounts are in the copy.")


def _with(work: Callable[[wiring.Parts], Awaitable[int]]) -> int:
    """What `work` gives with catalog's parts; ends with one line on an Error."""
    settings = Settings()
    telemetry.start("catalog", settings.model_copy(update={"metrics_port": 0}))

    async def done() -> int:
        async with AsyncExitStack() as stack:
            return await work(wiring.parts(settings, stack))

    try:
        return uvloop.run(done())
    except Error as error:
        raise SystemExit(f"catalog: {error.message}") from None


if __name__ == "__main__":
    process.main("catalog", Settings, wiring.build, rebuilds)

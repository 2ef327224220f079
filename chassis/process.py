"""The command line of a service: one image, several roles."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import typer
import uvloop

from chassis import clock, dead_letters, telemetry
from chassis.config import Settings
from chassis.errors import Error, Unavailable
from chassis.inbox import Consumer
from chassis.migrate import Migration

_Settings = TypeVar("_Settings", bound=Settings)
_Result = TypeVar("_Result")
log = telemetry.logger(__name__)


class Role(Protocol):
    async def run(self, stop: asyncio.Event) -> None:
        """Runs until `stop` is set, then finishes work in hand. Survives the loss of any backing server."""


@dataclass(frozen=True, slots=True)
class Every:
    """A role that does one thing periodically. A failure is retried at the next turn and affects nothing else."""

    seconds: float
    name: str
    do: Callable[[], Awaitable[object]]

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await self._turn()
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self.seconds)

    async def _turn(self) -> None:
        try:
            await self.do()
        except Unavailable as fault:
            log.warning("turn.skipped", name=self.name, fault=repr(fault.__cause__ or fault))
        except Exception:
            log.exception("turn.failed", name=self.name)


@dataclass(frozen=True)
class Roles:
    """The roles of one service. A role that it does not have is empty."""

    migrate: Migration
    serve: Sequence[Role] = ()
    consume: Sequence[Role] = ()
    relay: Sequence[Role] = ()
    work: Sequence[Role] = ()

    @property
    def consumers(self) -> list[Consumer]:
        return [role for role in self.consume if isinstance(role, Consumer)]

    def named(self, name: str) -> list[Role]:
        """The parts of a role; `all` means every role in one process, for a laptop."""
        if name == "all":
            return [*self.serve, *self.consume, *self.relay, *self.work]
        return list(getattr(self, name))


Build = Callable[[_Settings, AsyncExitStack], Roles]


def main(service: str, settings_class: type[_Settings], build: Build[_Settings], *more: typer.Typer) -> None:
    """Runs the command line of `service`; `more` are its own commands."""
    app(service, settings_class, build, *more)()


def app(service: str, settings_class: type[_Settings], build: Build[_Settings], *more: typer.Typer) -> typer.Typer:
    cli = typer.Typer(no_args_is_help=True, add_completion=False, help=f"The {service} service of Soundstage.")

    def role(name: str, text: str) -> None:
        def command() -> None:
            run(service, settings_class(), build, lambda roles, stop: together(roles.named(name), stop))

        cli.command(name, help=text)(command)

    role("serve", "Answer gRPC calls.")
    role("consume", "Apply other services' events.")
    role("relay", "Publish the outbox to Kafka.")
    role("work", "Run jobs and housekeeping.")
    role("all", "Run all roles in one process, for a laptop.")

    @cli.command(help="Bring databases and topics up to date.")
    def migrate(
        phase: str = typer.Option("", help="Only files of this phase: pre or post."),
        wait: bool = typer.Option(False, help="Change nothing; wait until another run has applied it."),
    ) -> None:
        def work(roles: Roles, stop: asyncio.Event) -> Awaitable[None]:
            return roles.migrate.awaited(stop) if wait else roles.migrate.run(phase)

        run(service, settings_class(), build, work)

    @cli.command(help="Send dead letters back to their topics, once what kept them from being applied is mended.")
    def resend_dead_letters(
        topic: str = typer.Option("", help="Only those of this topic, such as soundstage.plays.v1."),
    ) -> None:
        async def work(roles: Roles, stop: asyncio.Event) -> None:
            consumers = roles.consumers
            known = {name for consumer in consumers for name in consumer.topics}
            if topic and topic not in known:
                raise Error(f"{service} does not consume {topic}; it consumes {', '.join(sorted(known)) or 'nothing'}")
            for consumer in consumers:
                topics = [name for name in consumer.topics if topic in ("", name)]
                for name, count in (await dead_letters.resend(consumer.bootstrap, consumer.group, topics)).items():
                    print(f"{consumer.group}: {count} dead letters are back in {name}.")  # noqa: T201

        run(service, settings_class(), build, work)

    @cli.command(help="Let a consumer go on that stopped for too many dead letters: the data is bad, not the deploy.")
    def forgive_dead_letters() -> None:
        async def work(roles: Roles, stop: asyncio.Event) -> None:
            for consumer in roles.consumers:
                is_forgiven = await dead_letters.forgive(consumer.bootstrap, consumer.group)
                print(f"{consumer.group}: {'forgiven' if is_forgiven else 'is running, so left alone'}.")  # noqa: T201

        run(service, settings_class(), build, work)

    for commands in more:
        cli.add_typer(commands)
    return cli


def run(
    service: str,
    settings: _Settings,
    build: Build[_Settings],
    work: Callable[[Roles, asyncio.Event], Awaitable[Any]],
) -> None:
    """Builds the service's parts and runs `work`, which SIGTERM or SIGINT stops; on an Error it exits with one line."""
    telemetry.start(service, settings)
    clock.shift(settings.clock_offset_seconds)

    async def started() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with AsyncExitStack() as stack:
            await work(build(settings, stack), stop)

    try:
        uvloop.run(started())
    except Error as error:
        sys.exit(f"{service}: {error.message}")


def command(service: str, settings: Settings, work: Callable[[AsyncExitStack], Awaitable[_Result]]) -> _Result:
    """Runs an operator's command and returns the result of `work`; on an Error it exits with one line.

    `work` builds the parts it needs and registers them with the stack, which closes them.
    """
    # The metrics port belongs to the process that serves.
    telemetry.start(service, settings.model_copy(update={"metrics_port": 0}))
    clock.shift(settings.clock_offset_seconds)

    async def done() -> _Result:
        async with AsyncExitStack() as stack:
            return await work(stack)

    try:
        return uvloop.run(done())
    except Unavailable as error:
        if error.message != Unavailable.default_message:
            sys.exit(f"{service}: {error.message}")
        sys.exit(f"{service}: the database does not answer; check {service.upper()}_DATABASE_URL")
    except Error as error:
        sys.exit(f"{service}: {error.message}")


async def together(parts: Sequence[Role], stop: asyncio.Event) -> None:
    """Runs parts side by side. If one ends by itself, all stop: the process is restarted as a whole."""
    tasks = [asyncio.create_task(part.run(stop)) for part in parts]
    if not tasks:
        raise Error("This service does not have that role")
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    for failure in ended:
        if isinstance(failure, BaseException):
            raise failure

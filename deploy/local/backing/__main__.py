"""One backing server as its own process, for a pod: `python -m deploy.local.backing postgres`.

It prepares as for a local run and then becomes the server itself, which therefore gets the signals.
"""

import argparse
import asyncio
import os
import sys
from urllib.parse import quote

from deploy.local.backing.config import Settings
from deploy.local.backing.kafka import Kafka, Node
from deploy.local.backing.mongo import Mongo
from deploy.local.backing.postgres import Postgres
from deploy.local.backing.valkey import Valkey
from deploy.local.errors import LocalError, explain
from deploy.local.home import Home
from deploy.local.part import Part
from deploy.local.ports import SERVICES
from deploy.local.provision import provision

PORTS = {"postgres": 5432, "valkey": 6379, "mongo": 27017, "kafka": 9092}
PATIENCE_SECONDS = 120.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m deploy.local.backing", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for kind in PORTS:
        commands.add_parser(kind, help=f"prepare the data folder and run {kind}")
    commands.add_parser("check", help="check a server's health in its own protocol").add_argument("kind", choices=PORTS)
    commands.add_parser("databases", help="create a role and a database for each service, once Postgres answers")
    commands.add_parser("jars", help="fetch Kafka's jars and build their AOT cache in this Python environment")
    chosen, settings = parser.parse_args(), Settings()
    try:
        run(chosen.command, getattr(chosen, "kind", ""), settings)
    except LocalError as error:
        sys.exit(f"soundstage: {error}")
    except OSError as error:
        sys.exit(f"soundstage: {explain(error)}")


def run(command: str, kind: str, settings: Settings) -> None:
    if command == "check":
        asyncio.run(check(part(kind, Home(settings.data_dir), settings)))
    elif command == "databases":
        asyncio.run(make_databases(settings))
    elif command == "jars":
        asyncio.run(prepared(part("kafka", Home.open(settings.data_dir), settings)))
    else:
        serve(command, settings)


def part(kind: str, home: Home, settings: Settings) -> Part:
    port, host = settings.port or PORTS[kind], settings.host
    if kind == "postgres":
        return Postgres(home, port, host=host).part()
    if kind == "valkey":
        return Valkey(home, port, host=host).part()
    if kind == "mongo":
        return Mongo(home, port, host=host).part()
    return Kafka(home, [Node(1, port, port + 1, host)], via=settings.kafka_advertised).parts()[0]


def serve(kind: str, settings: Settings) -> None:
    home = Home.open(settings.data_dir)
    for name, password in (("postgres", settings.postgres_password), ("valkey", settings.valkey_password)):
        if password:
            home.write_secret(name, password)
    server = part(kind, home, settings)
    command = asyncio.run(prepared(server))
    os.chdir(server.cwd or home.root)
    os.execve(command[0], command, server.env or os.environ)


async def prepared(server: Part) -> list[str]:
    """Prepares everything and returns the command line."""
    assert server.prepare is not None and server.command is not None
    await server.prepare()
    return server.command()


async def check(server: Part) -> None:
    assert server.healthy is not None
    try:
        await server.healthy()
    except Exception as error:  # each protocol has its own
        raise LocalError(f"{server.name} does not answer: {error}") from error


async def make_databases(settings: Settings) -> None:
    passwords = {service: getattr(settings, f"{service}_database_password") for service in SERVICES}
    if missing := [service for service, password in passwords.items() if not password]:
        raise LocalError(f"{missing[0].upper()}_DATABASE_PASSWORD is not set")
    password = quote(settings.postgres_password, safe="")
    url = f"postgresql://postgres:{password}@{settings.postgres_host}:{settings.port or PORTS['postgres']}/postgres"
    give_up = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while True:
        try:
            return await provision(url, passwords)
        except LocalError:
            if asyncio.get_running_loop().time() > give_up:
                raise
        await asyncio.sleep(1)


if __name__ == "__main__":
    main()

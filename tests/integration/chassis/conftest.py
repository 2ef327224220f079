"""A service that exists for these tests alone: outbox, inbox and answers kept, in a database of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from chassis import migrate
from chassis.events import Topic
from chassis.ids import new_id
from chassis.postgres import Database
from tests.support import databases
from tests.support.servers import Servers

SCHEMA = Path(__file__).parents[3] / "chassis" / "schema.sql"


@pytest.fixture
async def db(backing: Servers) -> AsyncIterator[Database]:
    url = await databases.make_empty(backing.database_url, "chassis")
    conn = await asyncpg.connect(url)
    await conn.execute(SCHEMA.read_text())
    await conn.execute("CREATE TABLE counted (id uuid PRIMARY KEY, key text NOT NULL)")
    await conn.close()
    database = Database(url)
    yield database
    await database.close()
    await databases.drop(backing.database_url, url)


@pytest.fixture
async def topic(backing: Servers) -> Topic:
    topic = Topic(f"test.{new_id().hex}.v1", partitions=2)
    await migrate.make_topics(backing.kafka_bootstrap, [topic], backing.kafka_replication)
    return topic


@pytest.fixture
async def group(backing: Servers) -> str:
    name = f"test-{new_id().hex}"
    dead = Topic(f"soundstage.dead.{name}.v1", partitions=1)
    await migrate.make_topics(backing.kafka_bootstrap, [dead], backing.kafka_replication)
    return name

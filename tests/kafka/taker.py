"""A consumer in a process of its own: `python -m tests.kafka.taker DATABASE_URL BOOTSTRAP GROUP TOPIC`, until SIGTERM.

It keeps a row for every record each time that it is applied, without a key that would hide a second time.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence

from chassis.events import Record
from chassis.inbox import Consumer
from chassis.postgres import Connection, Database
from chassis.sinks import ExactlyOnceSink

TABLE = "CREATE TABLE taken (partition int, place bigint, id uuid, taker int)"
TAKE = "INSERT INTO taken SELECT p, o, i, $4 FROM unnest($1::int[], $2::bigint[], $3::uuid[]) AS t (p, o, i)"


async def take(conn: Connection, records: Sequence[Record]) -> None:
    columns = zip(*((r.partition, r.offset, r.event.id) for r in records), strict=True)
    await conn.execute(TAKE, *map(list, columns), os.getpid())


async def main(url: str, bootstrap: str, group: str, topic: str) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    database = Database(url)
    await Consumer(bootstrap, group, [topic], ExactlyOnceSink(database, group, take)).run(stop)
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

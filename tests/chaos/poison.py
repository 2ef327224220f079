"""Records that can never be applied, each malformed in a way of its own."""

import asyncio
import itertools
import uuid
from datetime import UTC, datetime

from aiokafka import AIOKafkaProducer
from soundstage.audience.v1.plays_pb2 import PlayRecorded

from tests.chaos.checker import Place

TOPIC = "soundstage.plays.v1"
Headers = list[tuple[str, bytes]]


def produce(bootstrap: str, count: int, *, partition: int | None = None) -> set[Place]:
    """Puts them into the topic of plays; answers where they lie."""
    return asyncio.run(_produce(bootstrap, count, partition))


async def _produce(bootstrap: str, count: int, partition: int | None) -> set[Place]:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
    try:
        await producer.start()
        malformed = itertools.islice(itertools.cycle(_KINDS), count)
        sent = [
            await producer.send(TOPIC, value, key=uuid.uuid4().hex.encode(), partition=partition, headers=headers())
            for value, headers in malformed
        ]
        return {(it.topic, it.partition, it.offset) for it in await asyncio.gather(*sent)}
    finally:
        await producer.stop()


def _envelope() -> Headers:
    texts = {"id": str(uuid.uuid4()), "type": "PlayRecorded", "occurred-at": datetime.now(UTC).isoformat()}
    return [(name, text.encode()) for name, text in texts.items()]


_KINDS = (
    (b"\xff\xff\xff not protobuf", _envelope),
    (b"no envelope at all", list[tuple[str, bytes]]),
    (PlayRecorded(id="no id", track_id="no track").SerializeToString(), _envelope),
    (PlayRecorded(id=str(uuid.uuid4()), seconds=-1).SerializeToString(), _envelope),
    (b"", _envelope),
)

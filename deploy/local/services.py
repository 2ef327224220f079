"""The six services and the gateway as parts: what each waits for, and which settings it gets."""

import sys
from collections.abc import Mapping
from pathlib import Path

import imageio_ffmpeg

from deploy.local import health
from deploy.local.backing import VIA, Backing
from deploy.local.errors import LocalError
from deploy.local.home import Home
from deploy.local.mongo_check import mongo_is_replica_set
from deploy.local.part import Part
from deploy.local.ports import SERVICES, Ports
from deploy.local.provision import provision, service_url
from deploy.local.tenant import ensure_demo_tenant

ROOT = Path(__file__).parents[2]
# The roles of each service; in production every role is its own process.
ROLES = {
    "auth": ("serve", "relay", "work"),
    "catalog": ("serve", "consume", "relay"),
    "streaming": ("serve", "consume", "relay", "work"),
    "audience": ("serve", "consume", "relay"),
    "marketplace": ("serve", "consume", "relay", "work"),
    "insights": ("serve", "consume", "relay", "work"),
}
# The launcher's own settings, which its children must not get, such as the administrator's address.
OWN_SETTINGS = {"DATABASE_URL", "REDIS_URL", "MONGODB_URL", "KAFKA_BOOTSTRAP", "PORT", "METRICS_PORT", *VIA}


class Services:
    def __init__(
        self, home: Home, ports: Ports, backing: Backing, environ: Mapping[str, str], *, split: bool = False
    ) -> None:
        """`split`: run each role as its own process (`audience-relay` and so on), as in production."""
        self._split = split
        self._home = home
        self._ports = ports
        self._backing = backing
        self._common = {name: value for name, value in environ.items() if name not in OWN_SETTINGS} | self._shared(
            environ
        )
        postgres = backing.postgres
        self._admin_url = postgres.services_url() if postgres else backing.addresses["DATABASE_URL"]

    def parts(self) -> list[Part]:
        databases = Part(name="databases", after=("postgres",), prepare=self._provision)
        mongo = Part(name="mongo-check", after=("mongo",), prepare=self._check_mongo)
        migrations = [self._migration(service) for service in SERVICES]
        tenant = Part(name="demo-tenant", after=("auth-migrate",), prepare=self._add_demo_tenant)
        services = [part for name in SERVICES for part in self._processes(name)]
        return [databases, mongo, *migrations, tenant, *services, self._gateway()]

    def environ(self, name: str) -> dict[str, str]:
        """The environment of one deployable: with its own database or Redis, and no other."""
        prefix, addresses = name.upper(), self._backing.addresses
        own = {f"{prefix}_METRICS_PORT": str(self._ports.metrics(name))}
        if offset := self._common.get(f"{prefix}_CLOCK_OFFSET_SECONDS"):  # one wrong clock, for fault tests
            own["CLOCK_OFFSET_SECONDS"] = offset
        if name == "gateway":
            return self._common | own | {"PORT": str(self._ports.gateway), "GATEWAY_REDIS_URL": addresses["REDIS_URL"]}
        own |= {
            f"{prefix}_DATABASE_URL": service_url(self._admin_url, name, self._password(name)),
            f"{prefix}_PORT": str(self._ports.grpc(name)),
            "KAFKA_BOOTSTRAP": addresses["KAFKA_BOOTSTRAP"],
        }
        if name == "catalog":
            own["CATALOG_MONGODB_URL"] = addresses["MONGODB_URL"]
        if name == "auth":
            own["AUTH_SIGNING_KEYS_DIR"] = str(self._home.folder("keys"))
        return self._common | own

    def _shared(self, environ: Mapping[str, str]) -> dict[str, str]:
        storage = environ.get("STORAGE_URL") or self._home.folder("objects").as_uri()
        return {
            **{f"{name.upper()}_ADDRESS": f"127.0.0.1:{self._ports.grpc(name)}" for name in SERVICES},
            "STORAGE_URL": storage,
            "FFMPEG": environ.get("FFMPEG") or embedded_ffmpeg(),
            "MEDIA_SIGNING_KEY": environ.get("MEDIA_SIGNING_KEY") or self._home.secret("media-signing-key"),
            "SOUNDSTAGE_HOME": str(self._home.root),
            "LOG_FORMAT": environ.get("LOG_FORMAT") or "json",
            "ENVIRONMENT": environ.get("ENVIRONMENT") or "development",
        }

    def _password(self, service: str) -> str:
        return self._home.secret(f"postgres-{service}")

    async def _provision(self) -> None:
        await provision(self._admin_url, {service: self._password(service) for service in SERVICES})

    async def _add_demo_tenant(self) -> None:
        await ensure_demo_tenant(self._home, self.environ("auth"), str(ROOT))

    async def _check_mongo(self) -> None:
        """The embedded one is a replica set of one; an external one may not be."""
        url = self._backing.addresses["MONGODB_URL"]
        if not any(part.name == "mongo" for part in self._backing.parts):
            await mongo_is_replica_set(url)

    def _migration(self, service: str) -> Part:
        stores = ("databases", "mongo-check", "kafka") if service == "catalog" else ("databases", "kafka")
        return Part(
            name=f"{service}-migrate",
            after=stores,
            command=lambda: [sys.executable, "-m", f"services.{service}", "migrate"],
            env=self.environ(service),
            cwd=ROOT,
            is_step=True,
        )

    def _processes(self, name: str) -> list[Part]:
        if not self._split:
            return [self._serving(name, name, "all")]
        first, *others = ROLES[name]
        return [self._serving(name, f"{name}-{first}", first), *(self._working(name, role) for role in others)]

    def _serving(self, name: str, part: str, role: str) -> Part:
        return Part(
            name=part,
            after=self._before,
            command=lambda: [sys.executable, "-m", f"services.{name}", role],
            env=self.environ(name),
            cwd=ROOT,
            healthy=lambda: health.grpc_service(self._ports.grpc(name)),
            ports=(self._ports.grpc(name), self._ports.metrics(name)),
        )

    def _working(self, name: str, role: str) -> Part:
        """A role that nobody calls: ready as soon as it runs. The metrics port belongs to `serve`."""
        return Part(
            name=f"{name}-{role}",
            after=self._before,
            command=lambda: [sys.executable, "-m", f"services.{name}", role],
            env=self.environ(name) | {f"{name.upper()}_METRICS_PORT": "0"},
            cwd=ROOT,
            healthy=health.alive,
        )

    @property
    def _before(self) -> tuple[str, ...]:
        """The migrations of all services, because each consumes topics that others create."""
        return (*(f"{service}-migrate" for service in SERVICES), "valkey")

    def _gateway(self) -> Part:
        return Part(
            name="gateway",
            after=tuple(part.name for name in SERVICES for part in self._processes(name)[:1]),
            command=lambda: [sys.executable, "-m", "gateway"],
            env=self.environ("gateway"),
            cwd=ROOT,
            healthy=lambda: health.http(self._ports.metrics("gateway"), "/healthz"),
            ports=(self._ports.gateway, self._ports.metrics("gateway")),
        )


def embedded_ffmpeg() -> str:
    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise LocalError(f"no ffmpeg for this machine: set FFMPEG to the path of one ({error})") from error

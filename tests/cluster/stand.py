"""A system in a cluster: its pods, the people who use it, and what was measured of it."""

import time
import uuid
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console

from deploy.k8s import readiness
from deploy.k8s.cluster import Cluster
from deploy.k8s.readiness import Seen, is_ready, name, restarts
from deploy.local import ports
from tests.chaos.ledger import Ledger, Outcome
from tests.chaos.writers import WRITERS, Listener
from tests.cluster.load import Load, Read
from tests.support.people import Person, Stage, ok
from tests.support.system import Elsewhere
from tests.support.waiting import eventually

JSON = dict[str, Any]
ROLES = ("serve", "consume", "relay", "work")
SERVICES = (*ports.SERVICES, "gateway")
SETTLED_SECONDS = 180.0
# From the end of a single fault to every figure being right.
HEALED_SECONDS = 30.0
TRACKS = 3


@dataclass(repr=False)
class Cast:
    """Whoever reads and plays in one test, and what."""

    artist: Person
    track_ids: list[str]
    reads: list[Read]
    listeners: list[Listener]


@dataclass(repr=False)
class Stand:
    cluster: Cluster
    console: Console
    stage: Stage
    tune: Path
    figures: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.kubectl = self.cluster.kubectl
        self.system = Elsewhere(self.stage.url, Path("/dev/null"), Elsewhere.at("").ports, dict(self.cluster.environ))

    def measured(self, figure: str) -> None:
        self.figures.append(figure)
        self.console.print(f"  {figure}", style="bold", soft_wrap=True)

    # -- pods

    def deployments(self, service: str = "") -> list[str]:
        """Of one service, or of all; the backing servers are not ours to restart without a loss."""
        found = [item for item in self.kubectl.items("deployments") if _label(item, "component") in ROLES]
        return [name(item) for item in found if not service or _label(item, "name") == service]

    def pods(self, service: str, role: str = "") -> list[JSON]:
        selector = f"app.kubernetes.io/name={service}" + (f",app.kubernetes.io/component={role}" if role else "")
        found = self.kubectl.items("pods", "--selector", selector)
        return [pod for pod in found if _label(pod, "component") in ROLES and not _is_ending(pod)]

    def settle(self, only: Collection[str] = (), seconds: float = SETTLED_SECONDS) -> float:
        return readiness.wait(self.kubectl, self.console, seconds=seconds, only=only, is_quiet=True)

    def lives(self) -> dict[str, int]:
        """Restarts by pod, of all that are not ending."""
        pods = Seen.now(self.kubectl).pods
        return {name(pod): restarts(pod) for pod in pods if is_ready(pod) and not _is_ending(pod)}

    def work_done(self, pod: str, metric: str) -> float:
        """How many requests or calls a pod has answered, by its own metrics."""
        families = text_string_to_metric_families(self.kubectl.metrics(pod))
        return sum(s.value for family in families for s in family.samples if s.name == f"{metric}_count")

    # -- people

    def cast(self) -> Cast:
        artist = self.stage.person("artist")
        track_ids = [self._release(artist) for _ in range(TRACKS)]
        people = [self.stage.person("writer") for _ in range(WRITERS)]
        listeners = [Listener(person.id, str(person.token["access_token"])) for person in people]
        return Cast(artist, track_ids, _reads(artist, track_ids[0]), listeners)

    def load(self, cast: Cast) -> Load:
        return Load(self.stage.url, cast.reads, cast.listeners, cast.track_ids)

    def _release(self, artist: Person) -> str:
        return str(artist.release(self.tune, title=f"Tune {uuid.uuid4().hex[:6]}")["id"])

    # -- the promise

    def check_plays(self, cast: Cast, ledger: Ledger) -> float:
        """No acknowledged play is lost and none counted that was not sent; answers the seconds until it showed."""
        refused = [f"{a.statuses} {a.said}" for a in ledger.attempts if a.outcome is Outcome.FAILED]
        assert not refused, refused[:3]
        began = time.monotonic()
        for track_id in cast.track_ids:
            mine = [attempt for attempt in ledger.attempts if attempt.track_id == track_id]
            acknowledged = sum(attempt.outcome is Outcome.OK for attempt in mine)
            counted = eventually(lambda: self._counted(cast, track_id, acknowledged), HEALED_SECONDS)  # noqa: B023
            assert acknowledged <= counted <= len(mine)
        healed = time.monotonic() - began
        self.system.command("deploy.local", "service", "insights", "verify", timeout_seconds=180)
        return healed

    def _counted(self, cast: Cast, track_id: str, at_least: int) -> int | None:
        """As its creator reads it; None while it is less, or the two places where it is told differ."""
        stats, track = (ok(cast.artist.get(f"/tracks/{track_id}{of}")) for of in ("/stats", ""))
        plays = int(stats["stats"]["total_plays"])
        return plays if plays >= at_least and plays == track["track"]["play_count"] else None


def serving(service: str) -> str:
    """The Deployment that answers calls."""
    return service if service == "gateway" else f"{service}-serve"


def _is_ending(pod: JSON) -> bool:
    return "deletionTimestamp" in pod["metadata"]


def _label(item: JSON, what: str) -> str:
    return str(item["metadata"].get("labels", {}).get(f"app.kubernetes.io/{what}", ""))


def _reads(artist: Person, track_id: str) -> list[Read]:
    """One that needs each service."""
    token, base = str(artist.token["access_token"]), "/api/v1"
    paths = {
        "track": f"{base}/tracks/{track_id}",
        "me": f"{base}/auth/me",
        "search": f"{base}/tracks/search?q=tune",
        "progress": f"{base}/tracks/{track_id}/status",
        "likes": f"{base}/tracks/{track_id}/likes",
        "stats": f"{base}/tracks/{track_id}/stats",
        "products": f"{base}/marketplace/products",
    }
    return [Read.of(what, path, token) for what, path in paths.items()]

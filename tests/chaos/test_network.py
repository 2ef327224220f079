"""The network between the services and Postgres, and between them and the broker, through a proxy that does harm."""

import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from deploy.local.ports import Ports, free_base
from tests.chaos.conftest import MakeStand
from tests.chaos.stand import Stand
from tests.support.proxy import Proxy

HARM_SECONDS = 10.0
LATENCY_SECONDS = 0.5


@pytest.fixture(scope="module")
def proxies() -> Iterator[dict[str, Proxy]]:
    ports = Ports(free_base())
    with Proxy(("127.0.0.1", ports.postgres)) as postgres, Proxy(("127.0.0.1", ports.kafka)) as kafka:
        yield {"Postgres": postgres, "Kafka": kafka}


@pytest.fixture(scope="module")
def stand(make_stand: MakeStand, proxies: dict[str, Proxy]) -> Iterator[Stand]:
    base = proxies["Postgres"].target[1] - Ports(0).postgres
    via = {"POSTGRES_VIA": proxies["Postgres"].address, "KAFKA_VIA": proxies["Kafka"].address}
    with make_stand(base=base, **via) as stand:
        yield stand


@pytest.mark.parametrize("server", ["Postgres", "Kafka"])
@pytest.mark.parametrize("harm", ["cut", "half_open", "slow"])
def test_the_network_fails(stand: Stand, proxies: dict[str, Proxy], server: str, harm: str) -> None:
    proxy = proxies[server]
    with stand.run(f"{server} {harm}") as writers, ExitStack() as stack:
        writers.until(0.3)
        stack.enter_context(proxy.slow(LATENCY_SECONDS) if harm == "slow" else getattr(proxy, harm)())
        time.sleep(HARM_SECONDS)  # the fault itself is this long

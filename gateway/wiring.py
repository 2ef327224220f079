"""Every part of the gateway, by constructor."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

from soundstage.auth.v1.sessions_pb2 import GetKeysRequest

from chassis.principal import SERVICE
from gateway.app import create_app
from gateway.app_names import AppNames
from gateway.border import Border
from gateway.calls.batched import Batched
from gateway.calls.services import Services
from gateway.calls.wire import ask
from gateway.config import Settings
from gateway.contracts import CONTRACTS
from gateway.identity import Identity
from gateway.joins import Joins
from gateway.keys import Keys
from gateway.limits import Limits, RedisStore
from gateway.media import Media
from gateway.objects import Objects
from gateway.parts import Parts
from gateway.revocations import Revocations
from gateway.streams import Streams


@dataclass(frozen=True, slots=True)
class Built:
    app: Border
    parts: Parts
    revocations: Revocations
    app_names: AppNames

    @property
    def is_ready(self) -> bool:
        """Whether tokens can be checked."""
        return self.revocations.is_ready and self.parts.keys.is_ready


def build(settings: Settings, stack: AsyncExitStack) -> Built:
    """Calls nobody: the gateway starts even while everything else is down."""
    services = Services(settings)
    stack.push_async_callback(services.close)
    batched = Batched(services)
    store = RedisStore(settings.redis_url)
    stack.push_async_callback(store.close)
    keys = Keys(lambda: _key_set(services))
    revocations = Revocations(lambda request: ask(services.sessions.ListRevocations, request, caller=SERVICE))
    parts = Parts(
        settings=settings,
        limits=Limits(store, factor=settings.rate_limit_factor),
        identity=Identity(keys, revocations, issuer=settings.token_issuer),
        keys=keys,
        media=Media(
            settings.media_keys,
            Objects(settings.storage_url, Streams(settings.max_streams, settings.max_streams_each)),
        ),
        services=services,
        batched=batched,
        joins=Joins(services, batched),
    )
    app_names = AppNames(lambda request: ask(services.apps.Record, request, caller=SERVICE))
    contracts = [contract(settings) for contract in CONTRACTS]
    app = Border(create_app(contracts[0]), parts, contracts, app_names)
    return Built(app, parts, revocations, app_names)


async def _key_set(services: Services) -> str:
    """The JSON Web Key Set, as text."""
    return (await ask(services.sessions.GetKeys, GetKeysRequest(), caller=SERVICE)).jwks_json

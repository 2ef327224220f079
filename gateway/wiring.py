"""Every part of the gateway, by constructor."""

from contextlib import AsyncExitStack
from dataclasses import dataclass

from gateway.app import Gateway
from gateway.app_names import AppNames
from gateway.calls import Calls
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


@dataclass(frozen=True, slots=True)
class Built:
    app: Gateway
    parts: Parts
    revocations: Revocations
    app_names: AppNames

    @property
    def is_ready(self) -> bool:
        """Whether tokens can be checked."""
        return self.revocations.is_ready and self.parts.keys.is_ready


def build(settings: Settings, stack: AsyncExitStack) -> Built:
    """Nothing is asked of anyone here: the gateway starts while everything else is away."""
    calls = Calls.open(settings)
    stack.push_async_callback(calls.close)
    store = RedisStore(settings.redis_url)
    stack.push_async_callback(store.close)
    keys = Keys(calls.auth.get_keys)
    revocations = Revocations(calls.auth.list_revocations)
    parts = Parts(
        settings=settings,
        limits=Limits(store, factor=settings.rate_limit_factor),
        identity=Identity(keys, revocations, issuer=settings.token_issuer),
        keys=keys,
        media=Media(settings.media_keys, Objects(settings.storage_url)),
        calls=calls,
        joins=Joins(calls),
    )
    app_names = AppNames(calls.insights.record_apps)
    app = Gateway(parts, [contract() for contract in CONTRACTS], app_names)
    return Built(app, parts, revocations, app_names)

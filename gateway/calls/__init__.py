"""The services as the gateway calls them: one typed function an RPC, the same verb; the caller is the request's."""

from dataclasses import dataclass

from gateway.calls.audience import Audience
from gateway.calls.auth import Auth
from gateway.calls.catalog import Catalog
from gateway.calls.insights import Insights
from gateway.calls.marketplace import Marketplace
from gateway.calls.streaming import Streaming
from gateway.config import Settings


@dataclass(frozen=True, slots=True)
class Calls:
    auth: Auth
    catalog: Catalog
    streaming: Streaming
    audience: Audience
    marketplace: Marketplace
    insights: Insights

    @classmethod
    def open(cls, settings: Settings) -> "Calls":
        """Channels to all services; they connect when first used and find a service that comes back."""
        return cls(
            Auth(settings.auth_address),
            Catalog(settings.catalog_address),
            Streaming(settings.streaming_address),
            Audience(settings.audience_address),
            Marketplace(settings.marketplace_address),
            Insights(settings.insights_address),
        )

    async def close(self) -> None:
        for service in (self.auth, self.catalog, self.streaming, self.audience, self.marketplace, self.insights):
            await service.close()

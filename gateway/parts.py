"""What every handler gets, built once at the start."""

from dataclasses import dataclass

from gateway.calls.batched import Batched
from gateway.calls.services import Services
from gateway.config import Settings
from gateway.identity import Identity
from gateway.joins import Joins
from gateway.keys import Keys
from gateway.limits import Limits
from gateway.media import Media
from gateway.web.requests import Request


@dataclass(frozen=True, slots=True)
class Parts:
    settings: Settings
    limits: Limits
    identity: Identity
    keys: Keys
    media: Media
    services: Services
    batched: Batched
    joins: Joins

    def origin(self, request: Request) -> str:
        """Scheme and host of absolute links in an answer to `request`."""
        return self.settings.public_url or request.origin or f"http://{self.settings.host}:{self.settings.port}"

"""Discovery's operations, by operationId; what is not here answers 501."""

from gateway.contract import Handlers
from gateway.contracts.discovery.routes import apps, host, playlists, resolve, search, social, streams, tracks, users

HANDLERS = Handlers()
for part in (apps, host, playlists, resolve, search, social, streams, tracks, users):
    HANDLERS.update(part.HANDLERS)

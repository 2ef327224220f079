"""The platform's operations, by operationId; what is not here answers 501."""

from gateway.contract import Handlers
from gateway.contracts.platform.routes import accounts, documents, market, playlists, search, social, tracks, uploads

HANDLERS = Handlers()
for part in (accounts, documents, market, playlists, search, social, tracks, uploads):
    HANDLERS.update(part.HANDLERS)

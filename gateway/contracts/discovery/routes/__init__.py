"""Discovery's operations, by operationId; what is not here answers 501."""

from gateway.contract import Handlers
from gateway.contracts.discovery.routes import catalogue, host, streams

HANDLERS = Handlers()
for part in (catalogue, host, streams):
    HANDLERS.update(part.HANDLERS)

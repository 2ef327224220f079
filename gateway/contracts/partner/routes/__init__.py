"""The partner's operations, by operationId; what is not here answers 501."""

from gateway.contract import Handlers
from gateway.contracts.partner.routes import status, streams, users

HANDLERS = Handlers()
for part in (status, streams, users):
    HANDLERS.update(part.HANDLERS)

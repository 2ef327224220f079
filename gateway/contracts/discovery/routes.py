from gateway.contract import Handlers

HANDLERS = Handlers()

"""The discovery contract: players, bots and third-party clients, under /v1; compatible with the Audius REST API."""

from gateway.contract import Contract, Handlers
from gateway.contracts.discovery.errors import render


def contract() -> Contract:
    return Contract(name="discovery", handlers=Handlers.of(__name__), render=render)

"""The discovery contract: players, bots and third-party clients, under /v1; compatible with the Audius REST API."""

from gateway.config import Settings
from gateway.contract import Contract, Handlers
from gateway.contracts.discovery import limits
from gateway.contracts.discovery.errors import render


def contract(settings: Settings) -> Contract:
    return Contract(name="discovery", handlers=Handlers.of(__name__), render=render, limits=(limits.reads(settings),))
